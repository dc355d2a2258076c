"""Seal cursors for callers who do not see the ids and times in them: AES-SIV (RFC 5297), so the same place is the same text."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hmac import digest
from importlib.util import find_spec

from gateway.errors import InvalidArgumentError

CURSOR = "cursor"
"""The name that stands for cursors among those of hashed fields."""

NOT_SEALED = "after: this is not a cursor that was given to this caller; take one from the pageInfo.endCursor of this list"
MAX_LENGTH = 8_000
_STEP = 64


def can_seal() -> bool:
    """Tell whether the library that seals is installed."""
    return find_spec("cryptography") is not None


class CursorSeal:
    """Seals cursors for callers of a group, who alone can show them again."""

    def __init__(self, secret: str, group: str) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV

        self._cipher = AESSIV(digest(secret.encode(), f"cursors:{group}".encode(), "sha512"))

    def seal(self, cursor: str) -> str:
        """Seal a cursor, which has no `=`. Its length tells that of an id by steps alone."""
        return _as_text(self._cipher.encrypt((cursor + "=" * (-len(cursor) % _STEP)).encode(), None))

    def open(self, sealed: str) -> str:
        """Give the cursor that was sealed. Raises `InvalidArgumentError` for any other text."""
        from cryptography.exceptions import InvalidTag

        if not sealed or len(sealed) > MAX_LENGTH:
            raise InvalidArgumentError(NOT_SEALED)
        try:
            data = urlsafe_b64decode(sealed.encode() + b"=" * (-len(sealed) % 4))
            if _as_text(data) != sealed:  # the decoder passes over what is no letter of it
                raise ValueError
            return self._cipher.decrypt(data, None).decode().rstrip("=")
        except (InvalidTag, ValueError):
            raise InvalidArgumentError(NOT_SEALED) from None


def _as_text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
