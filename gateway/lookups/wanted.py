"""Keys that one caller wants, and what comes of them: landed once, read whenever the caller has waited long enough."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import msgspec

from gateway.lookups.boundary import Boundary
from gateway.lookups.cache import Kept
from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Failed, Outcome


class Wait(msgspec.Struct, eq=False):
    """Is done when so many have all their outcomes, or when it ends."""

    left: int
    done: asyncio.Future[None]

    def one_settled(self) -> None:
        self.left -= 1
        if not self.left:
            self.end()

    def end(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


class Wanted(msgspec.Struct, eq=False):
    """The keys of a question that a caller wants, the latest deadline of those who wait for them, and what came of each.

    Outcomes come for its keys and for those of others that were in the same call; the first one of a key counts. What is `kept`
    stands in for a failure. `followers` have keys in common with it, and are told what it is told.
    """

    boundary: Boundary
    keys: Sequence[str]
    deadline: Deadline
    kept: dict[str, Kept] = {}
    outcomes: Mapping[str, Outcome] = {}
    is_settled: bool = False
    followers: tuple["Wanted", ...] = ()
    watches: tuple[Callable[[], None], ...] = ()

    def land(self, outcomes: Mapping[str, Outcome]) -> None:
        """Take outcomes. Those who watch are told when all are there."""
        if self.is_settled:
            return
        self.outcomes = {**outcomes, **self.outcomes} if self.outcomes else outcomes
        if self.kept:
            instead = {key: self._or_kept(key, self.outcomes[key]) for key in self.kept if key in self.outcomes}
            self.outcomes = {**self.outcomes, **instead}
        self.is_settled = all(map(self.outcomes.__contains__, self.keys))
        for follower in self.followers:
            follower.land(self.outcomes)
        if self.is_settled:
            for watch in self.watches:
                watch()

    def follow(self, other: "Wanted") -> None:
        """Wait for what another caller waits for."""
        self.kept = {**other.kept, **self.kept}
        if self.deadline.ends > other.deadline.ends:
            other.deadline = self.deadline
        if other.outcomes:
            self.land(other.outcomes)
        other.followers += (self,)

    def read(self, waited_s: float) -> list[Outcome]:
        """An outcome per key, in order: that it is late where there is none for a caller who has waited so long."""
        outcomes = self.outcomes
        if self.is_settled:
            return [*map(outcomes.__getitem__, self.keys)]
        late = self.boundary.late(waited_s)
        return [outcomes.get(key) or self._or_kept(key, late) for key in self.keys]

    def _or_kept(self, key: str, outcome: Outcome) -> Outcome:
        kept = self.kept.get(key) if isinstance(outcome, Failed) else None
        return outcome if kept is None else kept.instead_of(outcome)  # type: ignore[arg-type]


async def settled(parts: Sequence[Wanted | Failed], deadline: Deadline) -> list[Sequence[Outcome]]:
    """The outcomes of each part, in order, within the deadline; what failed before it could be asked stays as it is."""
    flying = [part for part in parts if type(part) is Wanted and not part.is_settled]
    left_s = 0.0
    if flying:
        left_s = deadline.remaining_s()
        wait, timer = _wait(flying, left_s)
        try:
            await wait.done
        finally:
            timer.cancel()
    return [part.read(left_s) if isinstance(part, Wanted) else (part,) for part in parts]


async def outcomes_of(wanted: Wanted, deadline: Deadline) -> list[Outcome]:
    """One outcome per key, in order, within the deadline."""
    left_s = 0.0
    if not wanted.is_settled:
        left_s = deadline.remaining_s()
        wait, timer = _wait((wanted,), left_s)
        try:
            await wait.done
        finally:
            timer.cancel()
    return wanted.read(left_s)


def _wait(flying: Sequence[Wanted], left_s: float) -> tuple[Wait, asyncio.TimerHandle]:
    """A wait for all of them, and the timer that ends it."""
    loop = asyncio.get_running_loop()
    wait = Wait(len(flying), loop.create_future())
    watches = (wait.one_settled,)
    for wanted in flying:
        wanted.watches += watches
    return wait, loop.call_later(left_s, wait.end)
