"""Questions whose calls answer as a test says."""

import asyncio

import msgspec

from connectors.errors import SourceThrottledError, SourceTimeoutError, SourceUnavailableError
from gateway.clock import Clock
from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Failed, Found
from gateway.lookups.read_cache import CachePolicy
from gateway.lookups.resilience import ResilientCaller
from gateway.lookups.source_call import SourceCaller
from gateway.settings import CallSettings
from tests.support.clocks import SteppedClock

AWAY, SLOW, THROTTLED = SourceUnavailableError(), SourceTimeoutError(), SourceThrottledError()


class Scripted(msgspec.Struct, eq=False):
    """A question whose calls answer as the script says: an error, an error by key, or None for records. Then: records."""

    clock: SteppedClock
    script: list = []
    takes_s: list = []
    max_batch: int = 100
    cache_policy: CachePolicy | None = None
    calls: list[list[str]] = []

    async def call(self, caller, keys, deadline):
        self.calls.append(list(keys))
        self.clock.passed_s += self.takes_s.pop(0) if self.takes_s else 0
        said = self.script.pop(0) if self.script else None
        said = said if isinstance(said, dict) else dict.fromkeys(keys, said)
        stamp = {"source": caller.source, "as_of": self.clock.now(), "latency_ms": 1.0}
        return [Found(records=[key], **stamp) if said.get(key) is None else Failed(error=said[key], **stamp) for key in keys]


def calls_of(clock, **settings):
    return ResilientCaller(SourceCaller("orders", clock), CallSettings(**settings), clock, 2.0)


async def put(calls, question, keys=("a", "b"), seconds=2.0):
    calls.leave()
    found = {}

    def settle(settled, outcomes):
        found.update(zip(settled, outcomes, strict=True))

    await calls.call(question, list(keys), Deadline.within(calls._clock, seconds), settle)
    return [found[key] for key in keys]


class Hanging(msgspec.Struct, eq=False):
    """Its calls end when their event is set, each with its number; a cancelled one is noted."""

    clock: SteppedClock
    events: list[asyncio.Event]
    fails: bool = False
    max_batch: int = 100
    cache_policy: CachePolicy | None = None
    calls: int = 0
    cancelled: list[int] = []

    async def call(self, caller, keys, deadline):
        number = self.calls
        self.calls += 1
        try:
            await self.events[number].wait()
        except asyncio.CancelledError:
            self.cancelled.append(number)
            raise
        stamp = {"source": caller.source, "as_of": self.clock.now(), "latency_ms": 1.0}
        return [Failed(error=AWAY, **stamp) if self.fails else Found(records=[number], **stamp) for _ in keys]


class Timed(msgspec.Struct, eq=False):
    """A question that notes when its call left."""

    clock: Clock
    max_batch: int = 100
    cache_policy: None = None
    left: float = 0.0

    async def call(self, caller, keys, deadline):
        self.left = self.clock.monotonic()
        return [Found(records=[], source=caller.source, as_of=self.clock.now(), latency_ms=0.0) for _ in keys]


async def landed(source):
    while source.is_busy:
        await asyncio.sleep(0)
