"""Clocks that tests move on by hand."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from connectors.contract import Aggregate, Answer, Ask, Connector, Keys, Lookup, Measure, Measured
from gateway.clock import Clock
from gateway.replay.connector_wrapper import ConnectorWrapper

START = datetime(2026, 7, 1, tzinfo=UTC)
DEADLINE_S = 2.0
HURRIED = {"x-deadline-ms": f"{DEADLINE_S * 1000:.0f}"}
"""Headers of a caller who has this deadline, where others of the test are patient."""
MARGIN_S = 0.1
PATIENCE_S = 30.0
"""Of real time, until a test fails whose answer does not come."""

T = TypeVar("T")


class SteppedClock(Clock):
    """Time passes when somebody sleeps, or when a test says so. `slept` are the seconds of each sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.passed_s = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        return 1000.0 + self.passed_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed_s += seconds


class StoppedClock(Clock):
    """Both runs happen at the same moment and take no time."""

    def now(self) -> datetime:
        return datetime(2026, 6, 30, 12, tzinfo=UTC)

    def timestamp(self) -> float:
        return self.now().timestamp()

    def monotonic(self) -> float:
        return 0.0


class LoopClock(Clock):
    """The time by which the timers of the running loop go off."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


class HeldTime:
    """The time of a loop that stands still until the test moves it on: no machine is too slow for it."""

    def __init__(self, now_s: float) -> None:
        self.now_s = now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds

    async def flow(self, seconds: float) -> None:
        """Move on in steps so small that no timer goes off late, and let all happen in between."""
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.now_s = min(until_s, self.now_s + 0.05)
            await turns()


@contextmanager
def held_time() -> Iterator[HeldTime]:
    """Hold the time of the running loop, and of every `LoopClock`. Timers go off when the test has moved it beyond them.

    Afterwards it goes on from where the test has left it.
    """
    loop = asyncio.get_running_loop()
    flowing = loop.time
    held = HeldTime(flowing())
    loop.time = lambda: held.now_s
    try:
        yield held
    finally:
        ahead_s = max(0.0, held.now_s - flowing())
        loop.time = lambda: flowing() + ahead_s


async def after(seconds: float, asked: Awaitable[T], begun: Callable[[], bool]) -> T:
    """What comes of it when so much time passes once it has begun, in no time."""
    asking = asyncio.ensure_future(asked)
    while not begun():
        await asyncio.sleep(0)
    with held_time() as held:
        held.advance(seconds)
    return await asking


async def turns(number: int = 20) -> None:
    """Let all happen that needs no time."""
    for _ in range(number):
        await asyncio.sleep(0)


class _Watched(ConnectorWrapper):
    def __init__(self, inner: Connector[Any], calls: "WatchedCalls") -> None:
        super().__init__(inner)
        self._calls, self.kind = calls, inner.kind

    async def fetched(self, lookup: Lookup, keys: Keys, ask: Ask) -> Answer:
        with self._calls.one(keys):
            return await super().fetched(lookup, keys, ask)

    async def measured(self, aggregate: Aggregate, keys: Keys, measures: Sequence[Measure]) -> Measured:
        with self._calls.one(keys):
            return await super().measured(aggregate, keys, measures)


class WatchedCalls:
    """The calls to some sources: how often each key was asked for, and whether a call is under way."""

    def __init__(self, connectors: Iterable[Connector[Any]]) -> None:
        self.connectors: list[Connector[Any]] = [_Watched(connector, self) for connector in connectors]
        self.asked: Counter[str] = Counter()
        self._under_way = 0
        self._none = asyncio.Event()
        self._none.set()

    @contextmanager
    def one(self, keys: Keys) -> Iterator[None]:
        self.asked.update(keys)
        self._under_way += 1
        self._none.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._none.set()

    async def ended(self, held: HeldTime) -> None:
        """Wait until all have ended, and those that follow from them: keys gather for two milliseconds of the held time."""
        for _ in range(10):
            await self._none.wait()
            await turns()
            held.advance(0.005)
            await turns()


async def ended_in_no_time(asking: "asyncio.Future[T]") -> T:
    """What comes while the time is held, of sockets and threads alone. What waits for a timer would never come."""
    give_up_s = time.monotonic() + PATIENCE_S
    while not asking.done():
        assert time.monotonic() < give_up_s, "it waits for more time to pass"
        await asyncio.sleep(0)
    return asking.result()


async def answer_at_deadline(
    asked: Awaitable[T],
    key: str,
    calls: WatchedCalls,
    deadline_s: float = DEADLINE_S,
    *,
    begun: Awaitable[object] | None = None,
) -> T:
    """What is asked for, which must come by its deadline and not much sooner, after the watched sources have answered.

    Time is held once one of these is asked for the key; what says that all else has `begun` is waited for. The margin covers
    what a deadline keeps back for the answer itself.
    """
    started_s, before = asyncio.get_running_loop().time(), calls.asked[key]
    asking = asyncio.ensure_future(asked)
    while calls.asked[key] == before and not asking.done():
        await asyncio.sleep(0)
    with held_time() as held:
        held_at_s = held.now_s
        if begun is not None:
            await begun
        await calls.ended(held)
        held.advance(max(0.0, started_s + deadline_s - MARGIN_S - held.now_s))
        await turns()
        assert not asking.done(), "it did not wait for its deadline"
        await held.flow(held_at_s + deadline_s - held.now_s)
        return await ended_in_no_time(asking)
