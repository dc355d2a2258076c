"""Record in the audit what requests were told, and write it behind them."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import structlog

from gateway.audit.delivery import Delivery
from gateway.audit.journal import Block, Journal, list_naming
from gateway.audit.link import AuditKeys
from gateway.audit.request_buffer import RequestBuffer
from gateway.audit.spool import Spool
from gateway.audit.stores import LinkStore, PeopleStore
from gateway.audit.told_callers import Withholding
from gateway.audit.volume_thread import VolumeThread
from gateway.clock import Clock
from gateway.errors import AuditUnavailableError, StoreError
from gateway.log import SeldomLog, frames_of
from gateway.settings.audit_settings import AuditSettings

FLUSH_S = 0.2
"""How often entries are written, in seconds."""

SILENCE_S = 60.0
"""After so many seconds in which nothing was asked it is written that the process lives."""

MAX_WAITING = 100_000
"""So many entries wait in memory at most. The oldest of more are lost, and counted."""

STUCK_S = 5.0
"""After so many seconds in which nothing was written the volume does not answer."""

END_S = 4.0
"""How long the end of a process waits for the last entries to be written. A worker has 5 seconds for all."""

FORGET_S = 20.0
"""How long an erasure waits for the spool, in seconds. Until then a worker takes up no other one, nor says that it lives."""

log = structlog.get_logger()


class AuditTrail:
    """What this process is asked, from `record` to MongoDB. Its chain begins with the first entry.

    A thread of its own writes it to the spool; the loop only adds to `requests`. Whoever delivers seals it.
    """

    def __init__(self, settings: AuditSettings, links: LinkStore, people: PeopleStore, clock: Clock) -> None:
        self.settings = settings
        self._clock = clock
        self._keys = AuditKeys.from_settings(settings)
        self._spool = Spool(settings.spool)
        self._journal = Journal(self._spool, settings.max_spool_bytes, clock)
        self._delivery = Delivery(settings, links, people, clock)
        self.refused = 0
        """How many requests were refused since nothing could be written."""
        self._overflowed = 0
        self.requests = RequestBuffer(self._keys)
        """What requests are added to when they end."""
        self.answers_until = math.inf
        """Who asks later than this, by the monotonic clock, is refused. It moves on for as long as it can be written."""
        self._lost = 0
        self._dropped_before = 0  # as many as the thread has counted as lost
        self._is_failing = self._is_ended = False
        self._turned_at: float | None = None
        self._seldom = SeldomLog(clock)
        self._writing = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._volume = VolumeThread()

    def record(
        self,
        *,
        at: datetime,
        request: str,
        caller: str,
        user: str | None,
        purpose: str | None,
        operation: str | None,
        answer: str,
        fields: tuple[str, ...],
        sources: Collection[str],
        customers: Collection[str],
        attempts: Collection[tuple[str, str]],
    ) -> None:
        """Record a request, with plain texts of customers, users and keys. What is handed over must not change any more."""
        asked = tuple(sorted(sources))
        self.requests.add(
            (at.timestamp(), request, caller, user, purpose, operation, answer, fields, asked, customers, attempts)
        )  # fmt: skip

    def check(self) -> None:
        """Raise `AuditUnavailableError` where nothing can be written, and requests are to be refused for it."""
        if self._clock.monotonic() > self.answers_until:
            self.refuse()

    def refuse(self) -> NoReturn:
        """Count a request that is refused, and raise `AuditUnavailableError`."""
        self.refused += 1
        raise AuditUnavailableError

    @property
    def written(self) -> int:
        """How many entries are in the spool or left it."""
        return self._journal.requests

    @property
    def waiting(self) -> int:
        """How many entries wait in memory."""
        return self.requests.count_lines()

    @property
    def lost(self) -> int:
        """How many entries there was no room for in memory."""
        return self._overflowed + self.requests.dropped

    @property
    def delivery(self) -> Delivery:
        return self._delivery

    def _note_state(self) -> None:
        """Have requests answered while nothing fails, and the thread comes back: it may hang in a volume that is away."""
        if self.settings.on_failure == "refuse":
            until = math.inf if self._turned_at is None else self._turned_at + STUCK_S
            self.answers_until = -math.inf if self._is_failing else until

    async def open(self) -> None:
        """Begin to write and to deliver."""
        try:
            self._is_failing = not await self._volume.run(lambda: self._spool.is_writable, STUCK_S)
        except TimeoutError:
            self._is_failing = True
        self._thread = threading.Thread(target=self._write_on, name="audit", daemon=True)
        self._turned_at = self._clock.monotonic()
        self._note_state()
        self._thread.start()
        self._delivery.start()

    async def aclose(self) -> None:
        """Write what waits and the end of the chain, and deliver it. What cannot be written in time is lost, and counted."""
        self._stopping.set()
        with suppress(TimeoutError):
            await self._volume.run(self._end, END_S)
        self.requests.close()
        if lost := self._count_unwritten():
            log.error("audit_lost", entries=lost)
        await self._delivery.aclose(is_stuck=not self._is_ended)
        self._volume.close()

    async def write_all(self) -> None:
        """Write what waits, and see whether it is written. Raises `AuditUnavailableError`, as `check`."""
        try:
            await self._volume.run(self.flush, STUCK_S)
        except TimeoutError:
            self._is_failing = True
            self._note_state()
        self.check()

    async def forget(self, customers: Collection[str]) -> int:
        """Erase customers from what this process has written, and from MongoDB. Gives how often they were there.

        Raises `StoreError` and `OSError`.
        """
        try:
            async with asyncio.timeout(FORGET_S):
                await self._volume.run(self._close_segment)
                return await self._delivery.forget(customers)
        except TimeoutError:
            raise StoreError("the spool of the audit does not answer, or is in use") from None

    def list_open(self, customers: Collection[str]) -> list[Path]:
        """List the segments of living processes that name customers. They are closed within seconds. Raises `OSError`."""
        return list_naming(self._spool, customers)

    def withhold(self, withholding: Withholding) -> None:
        """Have nobody named to MongoDB who is erased by then."""
        self._delivery.withholding = withholding

    async def deliver(self) -> None:
        """Take what can leave the spool to MongoDB. Raises `StoreError` and `OSError`."""
        await self._delivery.deliver()

    def flush(self) -> None:
        """Write the entries that wait, and close segments. What fails is tried again the next time."""
        with self._writing:
            try:
                left_bytes = self.requests.size_bytes  # not what comes meanwhile, which would go on for as long as the load
                while left_bytes > 0 and (lines := self.requests.read_first()):
                    self._write_block(lines)
                    left_bytes -= len(lines)
                if self._is_silent():
                    self._write_block()
                self._journal.close_segment_if_due()
            except OSError as error:
                self._note_failure(error)
            else:
                self._is_failing = self._is_failing and not self._spool.is_writable
            self._note_state()

    def _write_block(self, lines: bytes = b"") -> None:
        dropped = self.requests.dropped
        self._lost, self._dropped_before = self._lost + dropped - self._dropped_before, dropped
        self._journal.append(Block(self._clock.timestamp(), lost=self._lost), lines)
        self._lost = 0
        self.requests.remove_first(len(lines))

    def _is_silent(self) -> bool:
        written_at = self._journal.written_at
        return written_at is not None and self._clock.monotonic() - written_at >= SILENCE_S

    def _note_failure(self, error: OSError) -> None:
        self._is_failing = True
        waiting = self.requests.count_lines()
        if waiting > MAX_WAITING:
            self.requests.drop_first(waiting - MAX_WAITING)
            self._lost += waiting - MAX_WAITING
            self._overflowed += waiting - MAX_WAITING
        if self._seldom.is_due("audit_not_written"):
            log.error("audit_not_written", reason=error.strerror, waiting=min(waiting, MAX_WAITING), lost=self._lost)

    def _write_on(self) -> None:
        while not self._stopping.wait(FLUSH_S):
            self._turned_at = self._clock.monotonic()
            self._note_state()
            try:
                self.flush()
            except Exception as error:  # noqa: BLE001  a mistake here must neither end the thread nor pass unseen
                log.error("audit_failed", error=type(error).__name__, frames=frames_of(error))

    def _end(self) -> None:
        if self._thread is not None:
            self._thread.join()
        self.flush()
        with self._writing, suppress(OSError):
            if self._journal.written_at is not None and not self._is_failing:
                self._journal.append(Block(self._clock.timestamp(), "end"))
            self._journal.release()
        self._is_ended = True

    def _count_unwritten(self) -> int:
        """Count the entries that are in memory alone, and those that were lost since the last link."""
        dropped = self.requests.dropped - self._dropped_before
        return self.requests.count_lines() + self._lost + dropped

    def _close_segment(self) -> None:
        self.flush()
        with self._writing:
            self._journal.close_segment()
