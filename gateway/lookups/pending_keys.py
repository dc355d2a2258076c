"""Hold the keys of a caller, and the outcomes that have arrived."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Failed, Outcome
from gateway.lookups.read_cache import CachedAnswer
from gateway.lookups.source_call import LAG_GRACE_S, MAX_LAG_S, SourceCaller


class Wait(msgspec.Struct, eq=False):
    """Wait until so many have all outcomes, or until it ends. It shares its `tick` of the timers with others.

    `is_busy` says that the loop was late, not the sources.
    """

    left: int
    done: asyncio.Future[None]
    due: float
    is_busy: bool = False
    tick: set[Any] = set()

    def count_complete(self) -> None:
        self.left -= 1
        if not self.left:
            self.end()

    def end(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def end_late(self) -> None:
        """End after reading arrivals of the time when the loop was blocked."""
        loop = asyncio.get_running_loop()
        if loop.time() - self.due > MAX_LAG_S:
            self.is_busy = True
            loop.call_later(LAG_GRACE_S, self.end)
        else:
            self.end()


class PendingKeys(msgspec.Struct, eq=False):
    """Hold a caller's keys, his deadline, and the outcomes that arrived.

    Outcomes come for its keys and for others of the same call; the first one of a key counts. What is `cached` stands in for a
    failure. What is made of `parts` waits for those of the same request that asked for its keys before. `span` is that of a
    request that is traced.
    """

    caller: SourceCaller
    keys: Sequence[str]
    deadline: Deadline
    cached: dict[str, CachedAnswer] = {}
    outcomes: Mapping[str, Outcome] = {}
    is_complete: bool = False
    watches: tuple[Callable[[], None], ...] = ()
    parts: Sequence["PendingKeys"] = ()
    span: Any = None

    def land(self, outcomes: Mapping[str, Outcome]) -> None:
        """Take outcomes. Those who watch are told when all are there."""
        if self.is_complete:
            return
        before = self.outcomes
        if before:
            new = {key: outcomes[key] for key in self.keys if key in outcomes and key not in before}
            outcomes = {**before, **new}
        if self.cached:
            instead = {key: self.or_cached(key, outcomes[key]) for key in self.cached if key in outcomes}
            outcomes = {**outcomes, **instead}
        self.outcomes = outcomes
        self.is_complete = all(map(outcomes.__contains__, self.keys))
        if self.is_complete:
            for watch in self.watches:
                watch()

    def extend(self, deadline: Deadline) -> None:
        """Want the keys for as long as whoever waits longest."""
        if deadline.ends > self.deadline.ends:
            self.deadline = deadline

    @staticmethod
    def of_parts(keys: Sequence[str], deadline: Deadline, parts: Sequence["PendingKeys"]) -> "PendingKeys":
        """Wait for keys that parts of the same request have asked for."""
        whole = PendingKeys(parts[0].caller, keys, deadline, parts=parts)
        for part in parts:
            part.extend(deadline)
            if not part.is_complete:
                part.watches += (whole.collect,)
        whole.collect()
        return whole

    def collect(self) -> None:
        """Collect the outcomes of the parts once all are complete."""
        if all(part.is_complete for part in self.parts):
            self.land({key: part.outcomes[key] for part in self.parts for key in part.keys})

    def read(self, waited_s: float, is_busy: bool = False) -> list[Outcome]:
        """Read an outcome per key, in order: that it is late where there is none for a caller who has waited so long."""
        outcomes = self.outcomes
        if self.is_complete:
            return [*map(outcomes.__getitem__, self.keys)]
        late = self.caller.late(waited_s, is_busy=is_busy)
        if not self.parts:
            return [outcomes.get(key) or self.or_cached(key, late) for key in self.keys]
        of_key = {key: part for part in self.parts for key in part.keys}
        return [of_key[key].outcomes.get(key) or of_key[key].or_cached(key, late) for key in self.keys]

    def or_cached(self, key: str, outcome: Outcome) -> Outcome:
        """Give the cached answer in place of a failure, if any."""
        cached = self.cached.get(key) if isinstance(outcome, Failed) else None
        if cached is None:
            return outcome
        self.caller.statistics.stale_answers += 1
        return cached.instead_of(outcome)  # type: ignore[arg-type]


async def wait_all(
    parts: Sequence[PendingKeys | Failed], deadline: Deadline, beside: asyncio.Future[None] | None = None
) -> list[Sequence[Outcome]]:
    """Wait for the outcomes of each part within the deadline. Parts that failed before they could be asked stay as they are.

    While there are such to wait for, `beside` is waited for as well: a wait of its own takes 10 microseconds.
    """
    flying = [part for part in parts if type(part) is PendingKeys and not part.is_complete]
    left_s, is_busy = 0.0, False
    if flying:
        left_s = deadline.remaining_s()
        wait = _start_wait(flying, left_s)
        if beside is not None and not beside.done():
            wait.left += 1
            beside.add_done_callback(lambda _: wait.count_complete())
        try:
            await wait.done
        finally:
            wait.tick.discard(wait)
        is_busy = wait.is_busy
    return [part.read(left_s, is_busy) if isinstance(part, PendingKeys) else (part,) for part in parts]


async def wait_for(wanted: PendingKeys, deadline: Deadline) -> list[Outcome]:
    """One outcome per key, in order, within the deadline."""
    left_s, is_busy = 0.0, False
    if not wanted.is_complete:
        left_s = deadline.remaining_s()
        wait = _start_wait((wanted,), left_s)
        try:
            await wait.done
        finally:
            wait.tick.discard(wait)
        is_busy = wait.is_busy
    return wanted.read(left_s, is_busy)


def _start_wait(flying: Sequence[PendingKeys], left_s: float) -> Wait:
    """Start a wait for all of them. It ends when it is due."""
    loop = asyncio.get_running_loop()
    wait = Wait(len(flying), loop.create_future(), loop.time() + left_s)
    watches = (wait.count_complete,)
    for wanted in flying:
        wanted.watches += watches
    wait.tick = flying[0].caller.timers.tick(wait.due)
    wait.tick.add(wait)
    return wait
