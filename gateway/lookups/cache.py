"""Answers of sources that are kept for a while, for all requests of a worker.

They are kept as canonical bytes, whose size is known and which take no part in garbage collection, and are decoded when they
are wanted again. That nothing was found is kept as well; failures are not.
"""

from collections import OrderedDict
from datetime import datetime

import msgspec

from gateway.clock import Clock
from gateway.lookups.boundary import decoder
from gateway.lookups.outcome import Found, Outcome

ENTRY_BYTES = 500
"""What an entry takes beside its records, about."""

_encode = msgspec.json.Encoder().encode


class _Kept(msgspec.Struct, frozen=True, gc=False):
    records: bytes
    kind: type[msgspec.Struct] | None
    total: int | None
    has_more: bool
    dropped: int
    source: str
    as_of: datetime
    expires: float

    @property
    def size(self) -> int:
        return len(self.records) + ENTRY_BYTES


class ReadCache:
    """Keeps at most `max_bytes`; what was not wanted for longest goes first."""

    def __init__(self, clock: Clock, max_bytes: int) -> None:
        self._clock = clock
        self._max_bytes = max_bytes
        self._kept: OrderedDict[tuple[object, str], _Kept] = OrderedDict()
        self.size_bytes = 0

    def get(self, question: object, key: str) -> Found | None:
        """What the source said about a key, as old as it is; None when nothing is kept. It took no call: its latency is 0."""
        kept = self._kept.get((question, key))
        if kept is None:
            return None
        if kept.expires <= self._clock.monotonic():
            self._drop((question, key))
            return None
        self._kept.move_to_end((question, key))
        records = [] if kept.kind is None else decoder(kept.kind).decode(kept.records)
        return Found(
            records=records,
            total=kept.total,
            has_more=kept.has_more,
            dropped=kept.dropped,
            source=kept.source,
            as_of=kept.as_of,
            latency_ms=0.0,
        )

    def put(self, question: object, key: str, outcome: Outcome, ttl_s: float) -> None:
        """Keep what was found, or that nothing was, for some seconds. What is larger than all the room is not kept."""
        if not isinstance(outcome, Found):
            return
        records = outcome.records
        kept = _Kept(
            records=_encode(records),
            kind=type(records[0]) if records else None,
            total=outcome.total,
            has_more=outcome.has_more,
            dropped=outcome.dropped,
            source=outcome.source,
            as_of=outcome.as_of,
            expires=self._clock.monotonic() + ttl_s,
        )
        self._drop((question, key))
        if kept.size > self._max_bytes:
            return
        self._kept[question, key] = kept
        self.size_bytes += kept.size
        while self.size_bytes > self._max_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, name: tuple[object, str]) -> None:
        kept = self._kept.pop(name, None)
        if kept is not None:
            self.size_bytes -= kept.size
