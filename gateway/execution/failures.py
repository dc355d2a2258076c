"""A source's failure as GraphQL shows it: a safe message and `extensions {code, source, retryable}`."""

from connectors.errors import SourceError


class SourceFailure(Exception):  # noqa: N818  it is a failure that a field reports, next to the values of others
    """A source could not give what a field needs."""

    def __init__(self, source: str, error: SourceError) -> None:
        super().__init__(f"{source}: {error.summary}")
        self.source = source
        self.extensions = {"code": error.code, "source": source, "retryable": error.retryable}
