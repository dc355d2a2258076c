"""Batch while busy: keys of all requests on their way to one source.

A source answers a bounded number of calls at a time. While one is free, keys leave at once (in the same turn of the loop);
while all are taken, keys of the same question gather and leave together in the next call. So they do for a moment after a
call of their question has left: a source that answers quickly is asked by few large calls, a slow one by several. A key that
is already on its way to the same question is not asked for again. Callers wait for their own deadlines: one that gives up,
is cancelled or came late changes nothing for the others.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, Protocol

import msgspec
import structlog

from gateway.lookups.boundary import Boundary
from gateway.lookups.cache import Keeping, Kept, ReadCache
from gateway.lookups.calls import Calls, Putting
from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Failed, Outcome

log = structlog.get_logger()

SPACING_S = 0.002
"""How long keys gather after a call of their question has left, unless it lands before or they fill a call."""

JOINING_SHARE = 0.5
"""A call is joined while it has at least this share of the time that the caller has."""


NOTHING: Mapping[str, "Entry"] = {}


class Question(Putting, Protocol):
    """What is asked about keys, whoever asks. It is compared by identity: who asks the same shares the question."""

    @property
    def max_batch(self) -> int: ...

    @property
    def keeping(self) -> Keeping | None: ...


class Watch(msgspec.Struct, eq=False):
    """Tells once that all of some entries have landed. It looks from one that has not to the next, and so meets few of them."""

    _entries: Iterator["Entry"]
    _then: Callable[[], None]

    def look(self) -> None:
        for entry in self._entries:
            if entry.outcome is None:
                entry.watches += (self,)
                return
        self._then()


class Entry(msgspec.Struct, eq=False):
    """A key that is asked for, the latest deadline of those who wait for it, and what came of it.

    `kept` stands in for a failure. What `is_outdated` comes from before a change, and is not kept.
    """

    _boundary: Boundary
    deadline: Deadline
    outcome: Outcome | None = None
    kept: Kept | None = None
    is_outdated: bool = False
    watches: tuple[Watch, ...] = ()

    def give_up(self) -> None:
        land([self], [self._boundary.late(0)])

    def by(self, waited_s: float) -> Outcome:
        """The outcome, or that it is late for a caller who waited as long."""
        return self.outcome or self.or_kept(self._boundary.late(waited_s))

    def or_kept(self, outcome: Outcome) -> Outcome:
        return self.kept.instead_of(outcome) if self.kept is not None and isinstance(outcome, Failed) else outcome


def land(entries: Iterable[Entry], outcomes: Iterable[Outcome]) -> None:
    """Give each entry its outcome; the first one counts. Who waits is told when all are there, and so looks once."""
    watches: list[Watch] = []
    for entry, outcome in zip(entries, outcomes, strict=True):
        if entry.outcome is None:
            entry.outcome = outcome if entry.kept is None else entry.or_kept(outcome)
            if entry.watches:
                watches += entry.watches
                entry.watches = ()
    for watch in watches:
        watch.look()


async def settled(entries: Sequence[Entry | Failed], deadline: Deadline) -> list[Outcome]:
    """One outcome per entry, in order, within the deadline; what failed before it could be asked stays as it is."""
    flying = [entry for entry in entries if type(entry) is Entry and entry.outcome is None]
    left = 0.0
    if flying:
        left = deadline.remaining_s()
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        end = partial(_end, done)
        Watch(iter(flying), end).look()
        timer = loop.call_later(left, end)
        try:
            await done
        finally:
            timer.cancel()
    return [(entry.outcome or entry.by(left)) if isinstance(entry, Entry) else entry for entry in entries]


def _end(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def _taken(waiting: dict[str, Entry], most: int) -> dict[str, Entry]:
    """Take keys out of those that wait, in their order, as many as a call may carry."""
    taken: dict[str, Entry] = {}
    alive: Deadline | None = None
    for key in list(islice(waiting, most)):
        entry = waiting.pop(key)
        if entry.deadline is alive or entry.deadline.remaining_s():
            alive = entry.deadline
            taken[key] = entry
        else:  # nobody waits for it any more: asking would only keep a source busy that already is
            entry.give_up()
    return taken


class Batching:
    """The way to one source, for all requests of a worker."""

    def __init__(
        self, calls: Calls, most_at_once: int, *, cache: ReadCache | None = None, spacing_s: float = SPACING_S
    ) -> None:
        self._calls = calls
        self._boundary = calls.boundary
        self._cache = cache
        self._free = most_at_once
        self._spacing_s = spacing_s
        self._left_at: dict[Question, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: dict[Question, dict[str, Entry]] = {}
        self._flying: dict[Question, dict[str, Entry]] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._dispatching = False
        self._closed = False

    @property
    def is_busy(self) -> bool:
        """Whether a call is under way, or a key waits for one."""
        return bool(self._under_way or self._waiting)

    async def ask(self, question: Question, keys: Sequence[str], deadline: Deadline) -> list[Outcome]:
        """One outcome per key, in the order of `keys`, within the deadline."""
        return await settled(self.enter(question, keys, deadline), deadline)

    def enter(self, question: Question, keys: Sequence[str], deadline: Deadline) -> list[Entry]:
        """Have keys asked for. Nothing is waited for."""
        flying = self._flying.get(question, NOTHING)
        waiting = self._waiting.setdefault(question, {})
        cache = None if question.keeping is None else self._cache
        refused = self._calls.refusal(deadline)
        if refused is None and cache is None and flying.keys().isdisjoint(keys) and waiting.keys().isdisjoint(keys):
            for key in keys:
                waiting[key] = Entry(self._boundary, deadline)
            entered = [*map(waiting.__getitem__, keys)]
        else:
            entered = self._entered(question, keys, deadline, cache, refused)
        if not waiting:
            del self._waiting[question]
        elif self._closed:
            self._give_up_waiting()
        else:
            self._dispatch_soon()
        return entered

    def _entered(
        self, question: Question, keys: Sequence[str], deadline: Deadline, cache: ReadCache | None, refused: Failed | None
    ) -> list[Entry]:
        """An entry per key, of which some may be kept, on their way or waiting already."""
        flying, waiting = self._flying.get(question, NOTHING), self._waiting[question]
        entered = []
        for key in keys:
            if cache is not None and (kept := cache.get(question, key)) is not None:
                entered.append(Entry(self._boundary, deadline, kept.found(self._boundary.now())))
                continue
            entry = flying.get(key)
            # One that has hung for long may not be waited for by a caller who still has time for a call of his own.
            if entry is None or entry.deadline.remaining_s() < JOINING_SHARE * deadline.remaining_s():
                entry = waiting.get(key)
                if entry is None:
                    entry = Entry(self._boundary, deadline, kept=None if cache is None else cache.stale(question, key))
                    if refused is None:
                        waiting[key] = entry
                    else:
                        land([entry], [refused])
                elif deadline.ends > entry.deadline.ends:
                    entry.deadline = deadline
            entered.append(entry)
        return entered

    def outdate(self, key: str, concerns: Callable[[Any], bool]) -> None:
        """A key has changed: what is kept for the questions that it concerns is no longer fresh, nor is what is on its way.

        Who asks from now on waits for a new call. Those who wait already have what they asked for.
        """
        for question, flying in self._flying.items():
            if key in flying and concerns(question):
                flying.pop(key).is_outdated = True
        if self._cache is not None:
            self._cache.outdate(self._boundary.source, key, concerns)

    async def aclose(self) -> None:
        """End the calls under way and start no more; who still waits gets a failure."""
        self._closed = True
        self._give_up_waiting()
        if self._timer is not None:
            self._timer.cancel()
        for call in self._under_way:
            call.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _give_up_waiting(self) -> None:
        for waiting in self._waiting.values():
            for entry in waiting.values():
                entry.give_up()
        self._waiting.clear()

    def _dispatch_soon(self) -> None:
        if self._free and not (self._dispatching or self._closed):
            self._dispatching = True
            asyncio.get_running_loop().call_soon(self._dispatch)

    def _dispatch(self) -> None:
        self._dispatching = False
        now, questions = asyncio.get_running_loop().time(), deque(self._waiting)
        while self._free and questions:
            if self._calls.are_held:
                self._refuse_waiting()
                break
            if wait_s := self._calls.wait_s():
                self._wake_at(now + wait_s)
                break
            question = questions.popleft()
            ripe_at = self._left_at.get(question, now)
            if ripe_at > now and len(self._waiting[question]) < question.max_batch:
                self._wake_at(ripe_at)
                continue
            waiting = self._waiting.pop(question)
            batch = _taken(waiting, question.max_batch)
            if waiting:
                self._waiting[question] = waiting  # behind the others, so that none of them starves
                questions.append(question)
            if batch:
                self._left_at[question] = now + self._spacing_s
                self._start(question, batch)

    def _wake_at(self, time_s: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(time_s, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._dispatch_soon()

    def _refuse_waiting(self) -> None:
        """Those who cannot wait until the source is asked again need not wait at all."""
        for question, waiting in list(self._waiting.items()):
            for key, entry in list(waiting.items()):
                if (refused := self._calls.refusal(entry.deadline)) is not None:
                    land([entry], [refused])
                    del waiting[key]
            if not waiting:
                del self._waiting[question]
        if self._waiting:
            self._wake_at(asyncio.get_running_loop().time() + self._calls.wait_s())

    def _start(self, question: Question, batch: dict[str, Entry]) -> None:
        self._free -= 1
        self._calls.leave()
        self._flying.setdefault(question, {}).update(batch)
        call = asyncio.create_task(self._call(question, batch))
        self._under_way.add(call)
        # Not in the call itself, which does not run at all when it is cancelled in the turn in which it was made.
        call.add_done_callback(partial(self._land, question, batch))

    async def _call(self, question: Question, batch: dict[str, Entry]) -> None:
        deadline = Deadline.latest([entry.deadline for entry in batch.values()])
        await self._calls.put(question, list(batch), deadline, partial(self._settle, question, batch))

    def _settle(self, question: Question, batch: dict[str, Entry], keys: Sequence[str], outcomes: Sequence[Outcome]) -> None:
        land(map(batch.__getitem__, keys), outcomes)
        if self._cache is not None and question.keeping is not None:
            for key, outcome in zip(keys, outcomes, strict=True):
                if not batch[key].is_outdated:
                    self._cache.put(question, key, outcome, question.keeping)

    def _land(self, question: Question, batch: dict[str, Entry], call: asyncio.Task[None]) -> None:
        self._under_way.discard(call)
        if not call.cancelled() and (error := call.exception()) is not None:
            log.error("call_failed", source=self._boundary.source, error=type(error).__name__)
        # A call of its own for a key that hung elsewhere may have taken the key's place, and landed before.
        flying = self._flying.get(question, {})
        for key, entry in batch.items():
            if flying.get(key) is entry:
                del flying[key]
            if entry.outcome is None:
                entry.give_up()
        if not flying:
            self._flying.pop(question, None)
            self._left_at.pop(question, None)
        self._free += 1
        self._dispatch_soon()
