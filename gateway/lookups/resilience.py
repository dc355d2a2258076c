"""Retry, hedge and limit calls; stop while the source is broken.

All of it is about calls, none of it in connectors. What a call costs extra has a budget; what it takes ends at its deadline.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter

import msgspec

from connectors.errors import GatewayBusyError, SourceError, SourceThrottledError, SourceTimeoutError, SourceUnavailableError
from gateway.clock import Clock
from gateway.lookups.call_statistics import CANCELLED, OK
from gateway.lookups.call_tracer import CallTracer, waiters_of_call
from gateway.lookups.circuit_breaker import CircuitBreaker
from gateway.lookups.deadline import Deadline
from gateway.lookups.fetches import Fetch
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.lookups.rate_limiter import RateLimiter
from gateway.lookups.retry_budget import RetryBudget
from gateway.lookups.source_call import SourceCaller
from gateway.settings import CallSettings

RETRY_SHARE = 0.1
RETRY_RESERVE = 10
HEDGE_SHARE = 0.05
HEDGE_RESERVE = 1
"""Extra calls by all calls of a source, and how many of them a quiet source may have saved up."""

BACKOFF_S = 0.05
MAX_BACKOFF_S = 1.0
"""What grows twice as long with each try, and where that ends."""

FAIR_SHARE = 0.9
"""A call that was given less than this share of its usual time says nothing about the source when it is late."""

HEDGED_QUANTILE = 0.95
MAX_LATENCIES = 200
MIN_LATENCIES = 20
"""Calls whose latencies say after how long one is late."""

_IS_SHORT = attrgetter("is_short")

Settle = Callable[[Sequence[str], Sequence[Outcome]], None]
"""Told of keys and what came of each; every key once."""


class ResilientCaller:
    """All calls to one source. `usual_s` is the deadline of callers who do not say another one."""

    def __init__(self, caller: SourceCaller, settings: CallSettings, clock: Clock, usual_s: float) -> None:
        self.caller = caller
        self.breaker = CircuitBreaker(caller.source, settings.breaker, clock)
        self._settings = settings
        self._clock = clock
        self.set_usual_deadline(usual_s)
        self._pace = RateLimiter(clock, settings.calls_per_s)
        self._retries = RetryBudget(RETRY_SHARE, RETRY_RESERVE)
        self._hedges = RetryBudget(HEDGE_SHARE, HEDGE_RESERVE)
        self._latencies: deque[float] = deque(maxlen=MAX_LATENCIES)
        self._asked_to_wait: type[SourceError] = SourceThrottledError
        self.tracer: CallTracer | None = None

    def set_usual_deadline(self, usual_s: float) -> None:
        """Set the deadline of callers who do not say another one."""
        timeout_s = self._settings.timeout_s
        self._usual_s = usual_s
        self._fair_s = FAIR_SHARE * (usual_s if timeout_s is None else min(usual_s, timeout_s))

    def refusal(self, deadline: Deadline) -> Failed | None:
        """Refuse a lookup whose source takes no calls by the deadline."""
        if self.breaker.paused_until is None and self._pace.held_until is None:
            return None
        if self.breaker.refuses:
            return self.caller.not_asked(SourceUnavailableError("it is left alone for a while, because it kept failing"))
        held_s = self._pace.held_s()
        if held_s and held_s >= deadline.remaining_s():
            return self.caller.not_asked(self._asked_to_wait(retry_after_s=held_s))
        return None

    def deadline(self, ends: Iterable[float]) -> Deadline:
        """Set the deadline of a call: it has the usual time, and more where one of those who wait has, until these times.

        However little time a caller has, his call goes on for the others, and for the next one who asks.
        """
        usual = self._clock.monotonic() + self._usual_s
        return Deadline(clock=self._clock, ends=max(usual, *ends))

    @property
    def refusal_reason(self) -> object:
        """Give the reason why the source is not asked now. It is equal while it lasts."""
        return self.breaker.paused_until, self.breaker.health, self._pace.held_until

    @property
    def are_held(self) -> bool:
        """Tell whether the source is not asked, for some callers or all."""
        return self.breaker.refuses or self._pace.held_s() > 0

    @property
    def held_s(self) -> float:
        """Seconds until the source wants calls again."""
        return self._pace.held_s()

    @property
    def calls_left(self) -> int | None:
        """Count the calls that may leave now. None where their rate has no limit."""
        return self._pace.calls_left()

    def wait_s(self) -> float:
        """Seconds until the next call may leave, 0 for now."""
        return self._pace.wait_s()

    def leave(self) -> None:
        """Note that a call leaves now; `call` makes it."""
        self._pace.call_left()
        self.breaker.call_left()

    async def call(
        self,
        fetch: Fetch,
        keys: Sequence[str],
        deadline: Deadline,
        settle: Settle,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """Settle every key with its outcome.

        Those whose failure may pass are asked for again while budget, time and those who wait last; nobody else waits for them.
        """
        self._retries.earn()
        outcomes = await self._hedged(fetch, keys, deadline)
        for attempt in range(1, self._settings.retries + 1):
            if Failed not in map(type, outcomes):
                break
            again = [place for place, outcome in enumerate(outcomes) if type(outcome) is Failed and outcome.error.retryable]
            if not again:
                break
            # On top of what the source asked for: all who were told the same would come back at the same moment.
            pause_s = self._pace.wait_s() + random.uniform(0, min(MAX_BACKOFF_S, BACKOFF_S * 2**attempt))  # noqa: S311
            if pause_s >= deadline.remaining_s() or self.breaker.refuses or not is_wanted() or not self._retries.spend():
                break
            if len(again) < len(keys):
                done = sorted(set(range(len(keys))).difference(again))
                settle([keys[place] for place in done], [outcomes[place] for place in done])
                keys, outcomes = [keys[place] for place in again], [outcomes[place] for place in again]
            await self._clock.sleep(pause_s)
            while 0 < (pause_s := self._pace.wait_s()) < deadline.remaining_s():  # others may have left meanwhile
                await self._clock.sleep(pause_s)
            if pause_s > 0 or self.breaker.refuses or not is_wanted():
                break
            self.leave()
            self.caller.statistics.retries += 1
            second = await self._one(fetch, keys, deadline)
            outcomes = [msgspec.structs.replace(outcome, attempts=attempt + 1) for outcome in second]
        if any(map(_IS_SHORT, outcomes)):
            keys, outcomes = await self._filled(fetch, keys, outcomes, deadline, settle, is_wanted)
        settle(keys, outcomes)

    async def _filled(
        self,
        fetch: Fetch,
        keys: Sequence[str],
        outcomes: list[Outcome],
        deadline: Deadline,
        settle: Settle,
        is_wanted: Callable[[], bool],
    ) -> tuple[Sequence[str], list[Outcome]]:
        """Ask for more rows where too few records can be read. The rest is settled."""
        for wider in fetch.wider():
            short = [place for place, outcome in enumerate(outcomes) if outcome.is_short]
            pause_s = self._pace.wait_s()
            if not short or pause_s >= deadline.remaining_s() or self.breaker.refuses or not is_wanted():
                break
            done = sorted(set(range(len(keys))).difference(short))
            settle([keys[place] for place in done], [outcomes[place] for place in done])
            keys, outcomes = [keys[place] for place in short], [outcomes[place] for place in short]
            if pause_s:
                await self._clock.sleep(pause_s)
            self.leave()
            more = await self._one(wider, keys, deadline)
            outcomes = [new if type(new) is Found else old for old, new in zip(outcomes, more, strict=True)]
        return keys, outcomes

    async def _hedged(self, fetch: Fetch, keys: Sequence[str], deadline: Deadline) -> list[Outcome]:
        """Race a second call against one that is unusually late."""
        if not self._settings.hedge:
            return await self._one(fetch, keys, deadline)
        self._hedges.earn()
        late_s = self._late_s()
        first = asyncio.ensure_future(self._one(fetch, keys, deadline))
        calls = {first}
        try:
            done, _ = await asyncio.wait(calls, timeout=late_s)
            if done or self.breaker.refuses or self._pace.wait_s() or not self._hedges.spend():
                return await first
            calls.add(asyncio.ensure_future(self._second(fetch, keys, deadline)))
            done, late = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            answer = done.pop().result()
            if late and any(isinstance(outcome, Failed) for outcome in answer):
                answer = await late.pop()
            return [msgspec.structs.replace(outcome, hedged=True) for outcome in answer]
        finally:
            for call in calls:
                call.cancel()

    async def _second(self, fetch: Fetch, keys: Sequence[str], deadline: Deadline) -> list[Outcome]:
        self.leave()  # here, so that a call that is cancelled before it begins never left
        self.caller.statistics.hedges += 1
        return await self._one(fetch, keys, deadline)

    def _late_s(self) -> float | None:
        if len(self._latencies) < MIN_LATENCIES:
            return None
        return sorted(self._latencies)[int(len(self._latencies) * HEDGED_QUANTILE)]

    async def _one(self, fetch: Fetch, keys: Sequence[str], deadline: Deadline) -> list[Outcome]:
        """Make one call, and note how it went."""
        own = deadline.of_call(self._settings.timeout_s)
        fair = own.remaining_s() >= self._fair_s
        started = self._clock.monotonic()
        failed: bool | None = None
        errors: list[SourceError] = []
        code, tracer, waiters = CANCELLED, self.tracer, waiters_of_call.get()
        span = None if tracer is None else tracer.start_call(self.caller.source, fetch, len(keys), waiters)
        try:
            outcomes = await fetch.call(self.caller, keys, own)
            if Failed in map(type, outcomes):
                errors = [outcome.error for outcome in outcomes if type(outcome) is Failed]
            failed = len(errors) == len(keys) and _is_away(errors[0], fair=fair)
            code = errors[0].code if errors else OK
        except Exception as raised:  # noqa: BLE001  whatever a call raises is an outcome of its keys
            failed = False
            failure = self.caller.unreadable(raised)
            code, outcomes = failure.error.code, [failure] * len(keys)
        finally:  # a call that left ends at the breaker, however it ends
            self.breaker.call_ended(failed=failed)
            ended = self._clock.monotonic()
            seconds = ended - started
            self.caller.statistics.add_call(code, len(keys), seconds, ended)
            if tracer is not None:
                tracer.end_call(span, self.caller.source, fetch, len(keys), waiters, code, seconds)
        for error in errors:
            if isinstance(error, SourceThrottledError) or error.retry_after_s is not None:
                self._asked_to_wait = type(error)
                self._pace.pause(error.retry_after_s)
        if self._settings.hedge and not errors:
            self._latencies.append(seconds)
        return outcomes


def _is_away(error: SourceError, *, fair: bool) -> bool | None:
    """None for a call that was late and had little time."""
    if isinstance(error, GatewayBusyError):
        return None
    if isinstance(error, SourceTimeoutError):
        return True if fair else None
    return isinstance(error, SourceUnavailableError)
