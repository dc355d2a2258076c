"""Write the chain of a process to the spool."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Sequence

from gateway.audit.entry import AuditEntry, Person
from gateway.audit.link import AuditLink, ChainHead, LinkKind, cut_to_milliseconds
from gateway.audit.spool import CLOSED, OPEN, SegmentWriter, Spool, encode_line, sync_folder
from gateway.clock import Clock

MAX_SEGMENT_BYTES = 256 * 1024

SEGMENT_S = 1.0
"""A segment is closed after so long, so that MongoDB gets it. While the one before it still waits, it grows."""

MEASURE_S = 1.0
"""How often the size of the spool is measured, in seconds."""


class Chain:
    """The chain of this process. A link that could not be written is written first the next time, so there is no gap.

    Methods raise `OSError`.
    """

    def __init__(self, spool: Spool, key: bytes, max_bytes: int, clock: Clock) -> None:
        self.id = secrets.token_hex(16)
        self.head: ChainHead | None = None
        """The last link that was written."""
        self.entries = 0
        """How many were written."""
        self._spool = spool
        self._key = key
        self._max_bytes = max_bytes
        self._clock = clock
        self._seq = 0
        self._previous = ""
        self._unwritten: tuple[AuditLink, bytes] | None = None
        self._lock: int | None = None
        self._segment: SegmentWriter | None = None
        self._number = 0
        self._opened_at = 0.0
        self._measured_at: float | None = None
        self._spool_bytes = 0

    @property
    def is_begun(self) -> bool:
        return self._seq > 0

    def add(self, kind: LinkKind, entries: Sequence[AuditEntry] = (), people: Sequence[Person] = (), lost: int = 0) -> None:
        """Seal a link. There must be none that waits; `flush` writes it."""
        assert self._unwritten is None
        link, encoded = AuditLink(
            chain=self.id,
            seq=self._seq,
            at=cut_to_milliseconds(self._clock.now()),
            kind=kind,
            entries=tuple(entries),
            lost=lost,
            previous=self._previous,
        ).seal(self._key)
        self._unwritten = link, encode_line(encoded, people)
        self._seq, self._previous = self._seq + 1, link.mac

    def flush(self) -> None:
        """Write the link that waits, if there is one."""
        if self._unwritten is None:
            return
        link, line = self._unwritten
        self._require_room(len(line))
        segment = self._segment or self._open_segment()
        try:
            segment.append(line)
        except OSError:
            self.close_segment()
            raise
        self._spool_bytes += len(line)
        self.entries += len(link.entries)
        self.head = ChainHead(link.chain, link.seq, link.mac)
        self._unwritten = None

    def count_unwritten(self) -> int:
        """Count the entries of the link that waits, and those that it says were lost."""
        waiting = self._unwritten
        return 0 if waiting is None else len(waiting[0].entries) + waiting[0].lost

    def close_segment_if_due(self) -> None:
        """Close the segment when it is large, or has waited for a while."""
        segment = self._segment
        if segment is None:
            return
        is_old = self._clock.monotonic() - self._opened_at >= SEGMENT_S
        before = self._spool.segment_path(self.id, self._number - 1, CLOSED)
        if segment.size_bytes >= MAX_SEGMENT_BYTES or (is_old and not before.exists()):
            self.close_segment()

    def close_segment(self) -> None:
        """Have others take the segment from now on."""
        segment, self._segment = self._segment, None
        if segment is None:
            return
        segment.close()
        if segment.size_bytes:
            segment.path.rename(segment.path.with_suffix(CLOSED))
        else:
            segment.path.unlink()

    def release(self) -> None:
        """Give up the lock: the process of the chain has ended."""
        self.close_segment()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _open_segment(self) -> SegmentWriter:
        if self._lock is None:
            self._lock = self._spool.lock_chain(self.id)
        self._number += 1  # first: a file that was made by half has its name for good
        self._segment = segment = SegmentWriter(self._spool.segment_path(self.id, self._number, OPEN))
        self._opened_at = self._clock.monotonic()
        sync_folder(self._spool.folder)
        return segment

    def _require_room(self, size_bytes: int) -> None:
        now = self._clock.monotonic()
        if self._measured_at is None or now - self._measured_at >= MEASURE_S:
            self._spool_bytes, self._measured_at = self._spool.measure_bytes(), now
        if self._spool_bytes + size_bytes > self._max_bytes:
            raise OSError(errno.ENOSPC, "audit.max_spool_bytes is reached")
