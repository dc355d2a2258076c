"""The metrics of a worker."""


def snapshot() -> bytes:
    """Encode all samples of this process."""
    return b""
