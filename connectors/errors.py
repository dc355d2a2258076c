"""Errors of sources, grouped by who must act.

    ProfileGatewayError
    |-- ConfigurationError          operator: at start only, all problems at once
    |-- SourceError
    |   |-- SourceUnavailableError  nobody: wait, retried inside the deadline
    |   |-- SourceTimeoutError      nobody: wait, retried inside the deadline
    |   |-- GatewayBusyError        operator when it lasts: more workers
    |   |-- SourceThrottledError    nobody: wait for `retry_after_s`
    |   |-- SourceAuthError         operator: credentials are missing, expired or too weak
    |   |-- SourceProtocolError     connector's author: the answer is not what was agreed
    |   `-- SourceRejectedError     caller: the source refuses this key
    |       `-- ListingCursorError  caller: begin the listing anew
    `-- WebhookError
        |-- NoWebhookError          operator: nothing is taken from this source
        |-- WebhookSignatureError   operator: the secret is another one, or somebody else has sent it
        `-- WebhookBodyError        operator: the settings or the subscription at the source do not fit

A message is written by us and safe to show. What the source said (bodies, headers, addresses, keys) never enters one.
"""

from collections.abc import Sequence
from typing import ClassVar, TypeVar

E = TypeVar("E", bound=BaseException)


UNTIL_IT_FITS = 1_000
"""How often a batch may be halved that is too large."""


class ProfileGatewayError(Exception):
    """Root of every error that the gateway raises on purpose."""

    code: ClassVar[str] = "INTERNAL"
    retryable: ClassVar[bool] = False


def without_frames(error: E) -> E:
    """Remove the tracebacks of an error and its causes.

    Frames hold what was under way in them, mostly the error itself as well: that is freed by the garbage collector alone, and a
    source that is down makes many.
    """
    link: BaseException | None = error
    while link is not None:
        link.__traceback__ = None
        link = link.__cause__ or link.__context__
    return error


class ConfigurationError(ProfileGatewayError):
    """The configuration cannot be served. `problems` lists all of them, each naming the setting and the fix."""

    code = "CONFIGURATION"

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class SettingsError(ValueError):
    """Report several problems from one validator of settings. Each text begins with the path below what is validated."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class SourceError(ProfileGatewayError):
    """A source failed. `summary` is what a caller reads.

    `retry_after_s` is how long the source asks to be left alone, in seconds; None when it does not say. `halvings` is how often
    in a row a batch that failed so may be halved and asked again before any of it is answered. It `refuses_keys` where it is
    about what was asked: a key that fails so alone is refused.
    """

    code = "SOURCE_ERROR"
    summary: ClassVar[str] = "the source failed"
    halvings: int = 0
    refuses_keys: bool = False

    def __init__(self, note: str = "", retry_after_s: float | None = None) -> None:
        self.note = note
        self.retry_after_s = retry_after_s
        super().__init__(f"{self.summary} ({note})" if note else self.summary)


class SourceUnavailableError(SourceError):
    """Report a source that is out of reach or of service."""

    code = "SOURCE_UNAVAILABLE"
    retryable = True
    summary = "the source is unavailable"


class SourceTimeoutError(SourceError):
    """The source did not answer before the deadline."""

    code = "SOURCE_TIMEOUT"
    retryable = True
    summary = "the source did not answer in time"


class GatewayBusyError(SourceError):
    """The gateway was too busy to read the source's answer in time."""

    code = "GATEWAY_BUSY"
    retryable = True
    summary = "the gateway was too busy to read the source's answer in time"


class SourceThrottledError(SourceError):
    """The source asks for fewer calls."""

    code = "SOURCE_THROTTLED"
    retryable = True
    summary = "the source limits the rate of calls"


class SourceAuthError(SourceError):
    """The source does not accept the gateway's credentials."""

    code = "SOURCE_AUTH"
    summary = "the source does not accept the gateway's credentials"


class SourceProtocolError(SourceError):
    """The source broke the format that the connector expects."""

    code = "SOURCE_PROTOCOL"
    summary = "the source gave an answer that cannot be read"


class SourceRejectedError(SourceError):
    """The source refuses this key or this question."""

    code = "SOURCE_REJECTED"
    summary = "the source refuses this key"


class ListingCursorError(SourceRejectedError):
    """The cursor is none of this listing's, or the source no longer knows it."""

    summary = "the cursor is none of this listing; begin it anew"


class NoUpdateTimesError(SourceRejectedError):
    """The source cannot tell which of its records have changed."""

    summary = "the source has no update times of these records; leave the argument updatedSince out"


SOURCE_ERRORS: dict[str, type[SourceError]] = {
    kind.code: kind
    for kind in (
        SourceError,
        SourceUnavailableError,
        SourceTimeoutError,
        SourceThrottledError,
        SourceAuthError,
        SourceProtocolError,
        SourceRejectedError,
    )
}
"""Errors of sources by their codes."""


class WebhookError(ProfileGatewayError):
    """A webhook is refused. Nothing of it enters the message."""


class NoWebhookError(WebhookError):
    """The source has no webhook, or none is configured."""

    code = "WEBHOOK_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("there is no such webhook")


class WebhookSignatureError(WebhookError):
    """The signature is missing, too old, or not made with the secret."""

    code = "WEBHOOK_SIGNATURE"


class WebhookBodyError(WebhookError):
    """The body cannot be read; the message names the place."""

    code = "WEBHOOK_BODY"
