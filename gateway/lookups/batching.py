"""Batch while busy: keys of all requests on their way to one source.

A source answers a bounded number of calls at a time. While one is free, keys leave at once (in the same turn of the loop);
while all are taken, keys of the same question gather and leave together in the next call. A key that is already on its way
to the same question is not asked for again. Callers wait for their own deadlines: one that gives up, is cancelled or came
late changes nothing for the others.
"""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Protocol

import msgspec
import structlog

from connectors.contract import Aggregate, Ask, Lookup, Measure
from gateway.lookups.boundary import Boundary
from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Outcome

log = structlog.get_logger()

JOINING_SHARE = 0.5
"""A call is joined while it has at least this share of the time that the caller has."""


class Question(Protocol):
    """What is asked about keys. Equal questions share calls, so a question says nothing of who asks."""

    @property
    def max_batch(self) -> int: ...

    async def put(self, boundary: Boundary, keys: Sequence[str], deadline: Deadline) -> list[Outcome]: ...

    def __hash__(self) -> int: ...


class RecordsQuestion(msgspec.Struct, frozen=True):
    """Records by a lookup."""

    lookup: Lookup
    ask: Ask

    @property
    def max_batch(self) -> int:
        return self.lookup.max_batch

    async def put(self, boundary: Boundary, keys: Sequence[str], deadline: Deadline) -> list[Outcome]:
        return await boundary.fetch(self.lookup, keys, self.ask, deadline)


class MeasuresQuestion(msgspec.Struct, frozen=True):
    """Measures by an aggregate."""

    aggregate: Aggregate
    measures: tuple[Measure, ...]

    @property
    def max_batch(self) -> int:
        return self.aggregate.max_batch

    async def put(self, boundary: Boundary, keys: Sequence[str], deadline: Deadline) -> list[Outcome]:
        return await boundary.measure(self.aggregate, keys, self.measures, deadline)


class _Key(msgspec.Struct, eq=False):
    """A key that somebody waits for, and the latest deadline of those who do."""

    answer: "asyncio.Future[Outcome]"
    deadline: Deadline


class Batching:
    """The way to one source, for all requests of a worker."""

    def __init__(self, boundary: Boundary, calls: int) -> None:
        self._boundary = boundary
        self._free = calls
        self._waiting: dict[Question, dict[str, _Key]] = {}
        self._flying: dict[Question, dict[str, _Key]] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._dispatching = False
        self._closed = False

    async def ask(self, question: Question, keys: Sequence[str], deadline: Deadline) -> list[Outcome]:
        """One outcome per key, in the order of `keys`, within the deadline."""
        asked = [self._enter(question, key, deadline) for key in keys]
        left = deadline.remaining_s()
        await asyncio.wait({key.answer for key in asked}, timeout=left)
        return [key.answer.result() if key.answer.done() else self._boundary.late(left) for key in asked]

    async def aclose(self) -> None:
        """End the calls under way and start no more; who still waits gets a failure."""
        self._closed = True
        for waiting in self._waiting.values():
            self._give_up(waiting.values())
        self._waiting.clear()
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    def _enter(self, question: Question, key: str, deadline: Deadline) -> _Key:
        flying = self._flying.get(question, {}).get(key)
        # One that has hung for long may not be waited for by a caller who still has time for a call of his own.
        if flying is not None and flying.deadline.remaining_s() >= JOINING_SHARE * deadline.remaining_s():
            return flying
        waiting = self._waiting.setdefault(question, {})
        entered = waiting.get(key)
        if entered is None:
            entered = waiting[key] = _Key(asyncio.get_running_loop().create_future(), deadline)
            self._dispatch_soon()
        entered.deadline = Deadline.latest([entered.deadline, deadline])
        return entered

    def _dispatch_soon(self) -> None:
        if self._free and not (self._dispatching or self._closed):
            self._dispatching = True
            asyncio.get_running_loop().call_soon(self._dispatch)

    def _dispatch(self) -> None:
        self._dispatching = False
        while self._free and self._waiting:
            question, waiting = next(iter(self._waiting.items()))
            del self._waiting[question]
            # Nobody waits for these any more: asking would only keep a source busy that already is.
            self._give_up(waiting.pop(name) for name, key in list(waiting.items()) if not key.deadline.remaining_s())
            batch = {key: waiting.pop(key) for key in list(waiting)[: question.max_batch]}
            if waiting:
                self._waiting[question] = waiting  # behind the others, so that none of them starves
            if batch:
                self._start(question, batch)

    def _start(self, question: Question, batch: dict[str, _Key]) -> None:
        self._free -= 1
        self._flying.setdefault(question, {}).update(batch)
        call = asyncio.create_task(self._call(question, batch))
        self._calls.add(call)
        # Not in the call itself, which does not run at all when it is cancelled in the turn in which it was made.
        call.add_done_callback(partial(self._land, question, batch))

    async def _call(self, question: Question, batch: dict[str, _Key]) -> None:
        deadline = Deadline.latest([key.deadline for key in batch.values()])
        outcomes = await question.put(self._boundary, list(batch), deadline)
        for key, outcome in zip(batch.values(), outcomes, strict=True):
            key.answer.set_result(outcome)

    def _land(self, question: Question, batch: dict[str, _Key], call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        if not call.cancelled() and (error := call.exception()) is not None:
            log.error("call_failed", source=self._boundary.source, error=type(error).__name__)
        # A call of its own for a key that hung elsewhere may have taken the key's place, and landed before.
        flying = self._flying.get(question, {})
        for name, key in batch.items():
            if flying.get(name) is key:
                del flying[name]
        self._give_up(batch.values())
        if not flying:
            self._flying.pop(question, None)
        self._free += 1
        self._dispatch_soon()

    def _give_up(self, keys: Iterable[_Key]) -> None:
        for key in keys:
            if not key.answer.done():
                key.answer.set_result(self._boundary.late(0))
