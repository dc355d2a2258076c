"""Write to the spool what a process was asked, as it is: whoever delivers seals it."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from gateway.audit.request_buffer import CUSTOMERS, RecordedRequest, decode_requests
from gateway.audit.spool import CLOSED, OPEN, SEALED, UNREADABLE, SegmentWriter, Spool, is_sealed, read_lines, sync_folder
from gateway.clock import Clock

MAX_SEGMENT_BYTES = 2 * 1024 * 1024

SEGMENT_S = 1.0
"""A segment is closed after so long, so that MongoDB gets it. While the one before it still waits, it grows."""

MEASURE_S = 1.0
"""How often the size of the spool is measured, in seconds."""


class Block(msgspec.Struct, frozen=True):
    """What was written at once. `lost` are requests that could not be held until they could be written.

    It is a line in front of those of its requests. One without requests says that the process lived.
    """

    at: float
    kind: Literal["entries", "end"] = "entries"
    lost: int = 0


class Journal:
    """The segments of this process, which have the name of its chain. Methods raise `OSError`."""

    def __init__(self, spool: Spool, max_bytes: int, clock: Clock) -> None:
        self.chain = secrets.token_hex(16)
        self.written_at: float | None = None
        """When a block was written last, by the monotonic clock."""
        self.requests = 0
        """How many were written."""
        self._spool = spool
        self._max_bytes = max_bytes
        self._clock = clock
        self._lock: int | None = None
        self._segment: SegmentWriter | None = None
        self._closing: SegmentWriter | None = None
        self._number = 0
        self._opened_at = 0.0
        self._measured_at: float | None = None
        self._spool_bytes = 0

    def append(self, block: Block, requests: bytes = b"") -> None:
        """Write a block with the lines of its requests: all of it, or nothing."""
        written = msgspec.json.encode(block) + b"\n" + requests
        self._require_room(len(written))
        segment = self._segment or self._open_segment()
        try:
            segment.append(written)
        except OSError:
            self.close_segment()
            raise
        self._spool_bytes += len(written)
        self.written_at = self._clock.monotonic()
        self.requests += requests.count(b"\n")

    def close_segment_if_due(self) -> None:
        """Close the segment when it is large, or has waited for a while."""
        self._finish_closing()
        segment = self._segment
        if segment is None:
            return
        if segment.size_bytes >= MAX_SEGMENT_BYTES:
            self.close_segment()
        elif self._clock.monotonic() - self._opened_at >= SEGMENT_S:
            before = self._number - 1
            if not any(self._spool.segment_path(self.chain, before, own).exists() for own in (CLOSED, SEALED)):
                self.close_segment()

    def close_segment(self) -> None:
        """Have others take the segment from now on."""
        segment, self._segment = self._segment, None
        if segment is not None:
            self._closing = segment
            segment.close()
        self._finish_closing()

    def release(self) -> None:
        """Give up the lock: the process of the chain has ended."""
        try:
            self.close_segment()
        finally:
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def _finish_closing(self) -> None:
        """Name the last segment as closed. One with a later number, once sealed, tells that those before it are."""
        segment = self._closing
        if segment is None:
            return
        with suppress(FileNotFoundError):
            if segment.size_bytes:
                segment.path.rename(segment.path.with_suffix(CLOSED))
            else:
                segment.path.unlink()
        self._closing = None

    def _open_segment(self) -> SegmentWriter:
        self._finish_closing()
        if self._lock is None:
            self._lock = self._spool.lock_chain(self.chain)
        self._number += 1  # first: a file that was made by half has its name for good
        self._segment = segment = SegmentWriter(self._spool.segment_path(self.chain, self._number, OPEN))
        self._opened_at = self._clock.monotonic()
        sync_folder(self._spool.folder)
        return segment

    def _require_room(self, size_bytes: int) -> None:
        now = self._clock.monotonic()
        if self._measured_at is None or now - self._measured_at >= MEASURE_S:
            self._spool_bytes, self._measured_at = self._spool.measure_bytes(), now
        if self._spool_bytes + size_bytes > self._max_bytes:
            raise OSError(errno.ENOSPC, "audit.max_spool_bytes is reached")


def read_blocks(lines: bytes) -> Iterator[tuple[Block, list[RecordedRequest]]]:
    """Read the whole lines of a segment as blocks with their requests. Raises `msgspec.MsgspecError` for what is none."""
    whole = lines[: lines.rfind(b"\n") + 1]  # what a process was writing when it died has no end of line
    starts = whole.split(b"\n{")  # a line of a request begins with a bracket
    for number, block in enumerate(starts):
        head, _, requests = (block if number == 0 else b"{" + block).partition(b"\n")
        if head:
            yield msgspec.json.decode(head, type=Block), decode_requests(requests)


def read_request_ids(lines: bytes) -> list[str]:
    """Read the ids of the requests of a segment."""
    return [request[1] for _, requests in read_blocks(lines) for request in requests]


def list_naming(spool: Spool, customers: Collection[str]) -> list[Path]:
    """List the segments that are written now and name one of these customers. What cannot be read names nobody."""
    naming = []
    for path in spool.list_segments(OPEN):
        with suppress(FileNotFoundError, *UNREADABLE):
            content = spool.read_requests(path)
            if is_sealed(content):
                is_naming = any(own.customer in customers for line in read_lines(content) for own in line.people)
            else:
                is_naming = any(_names(request, customers) for _, requests in read_blocks(content) for request in requests)
            if is_naming:
                naming.append(path)
    return naming


def _names(request: RecordedRequest, customers: Collection[str]) -> bool:
    named = request[CUSTOMERS]
    return named in customers if isinstance(named, str) else not set(named).isdisjoint(customers)
