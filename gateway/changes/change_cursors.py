"""Seal positions in the log of changes, so that callers can neither read nor make them: encrypt, then authenticate.

    cursor = base64url(nonce 8 | position 8, encrypted | HMAC-SHA-256 of both for the caller, 16)

The key is derived from the name of the log, which is drawn at random and which no caller sees. So a cursor holds for as long as
the log goes on, in all workers, and for no other log and no other caller.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hmac import compare_digest, digest
from secrets import token_bytes

from gateway.changes.customer_change import ChangesMissedError, LogPosition
from gateway.errors import InvalidArgumentError

_NONCE, _POSITION, _MARK = 8, 8, 16
_LENGTH = _NONCE + _POSITION + _MARK


def seal_position(position: LogPosition, caller: str) -> str:
    """Seal a position for a caller."""
    nonce = token_bytes(_NONCE)
    sealed = nonce + _encrypt(position.position.to_bytes(_POSITION), nonce, position.log)
    return urlsafe_b64encode(sealed + _mark(sealed, position.log, caller)).decode().rstrip("=")


def open_cursor(cursor: str, log: str, caller: str) -> LogPosition:
    """Read the position in a log that was sealed for a caller.

    Raises `InvalidArgumentError` for what is no cursor, and `ChangesMissedError` for one of another log or caller.
    """
    try:
        data = urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)) if len(cursor) < 2 * _LENGTH else b""
    except ValueError:
        data = b""
    if len(data) != _LENGTH:
        raise InvalidArgumentError("since: this is no cursor of changes; take one from cursor, or leave it out to begin")
    sealed, mark = data[:-_MARK], data[-_MARK:]
    if not compare_digest(mark, _mark(sealed, log, caller)):
        raise ChangesMissedError
    return LogPosition(log, int.from_bytes(_encrypt(sealed[_NONCE:], sealed[:_NONCE], log)))


def _encrypt(position: bytes, nonce: bytes, log: str) -> bytes:
    """Encrypt, and decrypt, by a stream that the nonce draws."""
    stream = digest(_key(log, "stream"), nonce, "sha256")[:_POSITION]
    return bytes(one ^ other for one, other in zip(position, stream, strict=True))


def _mark(sealed: bytes, log: str, caller: str) -> bytes:
    return digest(_key(log, "mark"), sealed + caller.encode(), "sha256")[:_MARK]


def _key(log: str, use: str) -> bytes:
    return digest(log.encode(), f"changes:{use}".encode(), "sha256")
