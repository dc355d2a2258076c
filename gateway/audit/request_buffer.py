"""Hold what requests leave until it is written: as lines in one buffer, for small objects that stay slow others down."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from typing import Final

import msgspec
import structlog

from gateway.audit.link import AuditKeys

MAX_HELD_BYTES = 64 * 1024 * 1024
"""So much waits where nothing takes it, as a thread may hang in a volume that does not answer. More is lost, and counted."""

MAX_READ_BYTES = 512 * 1024
"""So much is read at once, but for one line that is longer. It must fit into a spool that is nearly full."""

RecordedRequest = tuple[
    float,
    str,
    str,
    str | None,
    str | None,
    str | None,
    str,
    tuple[str, ...],
    tuple[str, ...],
    str | Collection[str],
    Collection[tuple[str, str]],
]
"""The fields of an `AuditEntry` in their order: a time in seconds, ids of customers in plain text, one without a list.

Those that are added have users and keys in plain text, those that are read have HMACs of them.
"""

log = structlog.get_logger()

USER: Final = 3
CUSTOMERS: Final = 9
ATTEMPTS: Final = 10
"""The places of those who are named."""

_DECODER = msgspec.json.Decoder(RecordedRequest)


class RequestBuffer:
    """The lines that wait. The loop adds and another thread takes: each does so in calls that the other cannot interrupt."""

    def __init__(self, keys: AuditKeys) -> None:
        self.dropped = 0
        """How many were lost since there was no room."""
        self._room_bytes = MAX_HELD_BYTES
        self._lines = bytearray()
        self._keys = keys
        self._encode_into = msgspec.json.Encoder().encode_into

    def add(self, request: RecordedRequest) -> None:
        """Add a request. Of users and keys HMACs are held."""
        lines = self._lines
        end = len(lines)
        if end > self._room_bytes:
            self._drop()
            return
        if request[USER] is not None or request[ATTEMPTS]:
            request = self._hash_keys(request)
        try:
            self._encode_into(request, lines, -1)
        except Exception as error:
            del lines[end:]  # behind the half of a line is memory that nobody has written, where there may be ends of lines
            if not isinstance(error, UnicodeEncodeError):
                raise
            self._encode_into(_escape_texts(request), lines, -1)  # half a surrogate pair can be in JSON, not in UTF-8
        lines += b"\n"

    def close(self) -> None:
        """Take no more requests: nothing writes them. The log tells of each that comes."""
        self._room_bytes = -1

    def _drop(self) -> None:
        self.dropped += 1
        if self._room_bytes < 0:
            log.error("audit_lost", entries=1)

    @property
    def size_bytes(self) -> int:
        return len(self._lines)

    def count_lines(self) -> int:
        return self._lines.count(b"\n")

    def read_first(self) -> bytes:
        """Read the lines that have waited longest, which stay until they are removed."""
        lines = self._lines
        if len(lines) <= MAX_READ_BYTES:
            end = lines.rfind(b"\n") + 1
        else:
            end = (lines.rfind(b"\n", 0, MAX_READ_BYTES) + 1) or (lines.find(b"\n") + 1)
        return bytes(lines[:end])

    def remove_first(self, size_bytes: int) -> None:
        """Remove lines that were read."""
        del self._lines[:size_bytes]

    def drop_first(self, limit: int) -> None:
        """Lose so many of the lines that have waited longest, which must be there."""
        end = 0
        for _ in range(limit):
            end = self._lines.find(b"\n", end) + 1
        del self._lines[:end]

    def _hash_keys(self, request: RecordedRequest) -> RecordedRequest:
        at, id_, caller, user, purpose, operation, answer, fields, sources, customers, attempts = request
        hashed = None if user is None else _digest(self._keys.user, user)
        tried = [(kind, _digest(self._keys.attempt, text)) for kind, text in attempts]
        return at, id_, caller, hashed, purpose, operation, answer, fields, sources, customers, tried


def decode_requests(lines: bytes) -> list[RecordedRequest]:
    """Read lines. Raises `msgspec.MsgspecError` for what is none."""
    return [*_DECODER.decode_lines(lines)]


def _escape_texts(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return [*map(_escape_texts, value)] if isinstance(value, Collection) else value


def _digest(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256").hex()
