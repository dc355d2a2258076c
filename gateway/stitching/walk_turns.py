"""Walk in turns, for all customers of a request at once.

In each turn a source is called once for each kind of key, with the keys of all customers. What people decided about the
records is read beside the calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from connectors.errors import SourceTimeoutError
from connectors.record_fields import Fields
from gateway.lookups.deadline import Deadline
from gateway.lookups.loaders import Loaders
from gateway.lookups.outcome import Failed, Outcome
from gateway.lookups.pending_keys import PendingKeys
from gateway.lookups.sources import Source
from gateway.stitching.customer_identity import IncompleteReason
from gateway.stitching.customer_sources import CustomerSources
from gateway.stitching.customer_walk import CustomerWalk, Place
from gateway.stitching.log_reader import LogReader

Asking = Mapping[Place, Mapping[str, None]]
"""The forms of keys to ask for, each once."""


class Memory(Protocol):
    """What is stored of customers."""

    def enqueue(self, walks: Sequence[CustomerWalk]) -> Any:
        """Read what is stored of those whom walks begin with. Nothing is waited for."""
        ...

    def is_here(self, batches: Any) -> bool:
        """Tell whether it has been read."""
        ...

    async def wait_for(self, batches: Any, patience_s: float) -> None:
        """Wait for it, so long at most."""
        ...

    def remind(self, walks: Sequence[CustomerWalk], batches: Any) -> None:
        """Have walks go on with what has been read."""
        ...


async def walk_all(
    walks: Sequence[CustomerWalk],
    customers: CustomerSources,
    fields: Fields,
    loaders: Loaders,
    log: LogReader,
    candidates: int = 0,
    memory: Memory | None = None,
) -> None:
    """Walk until there are no more keys, or the turns or half of the time are over.

    A key is asked for with one record more than may share it; in the first turn with at least so many `candidates`. A turn
    takes half of the time that is left to the walk, the last one all of it; who was late is not asked again. Where links of
    people lead on, the turns are counted anew, as many times as there are turns.
    What is in `memory` is asked for in the first turn, behind the keys that are known: they are not held up by it.
    """
    deadline = loaders.deadline.leading()
    first = max(candidates, customers.max_sharers + 1)
    late: set[Source] = set()
    turn, last, restarts = 0, customers.max_turns, customers.max_turns
    while turn <= last:
        until = deadline if turn == last else deadline.leading()
        ask = partial(_enqueue, customers=customers, fields=fields, loaders=loaders, first=first, until=until)
        if memory is not None:
            await _begin(walks, memory, ask, until)
            memory = None
        for walk in walks if late else ():
            walk.leave_out(late)
        asking = _forms_to_ask(walks)
        if not asking and not log.is_due:
            return
        parts = ask(asking)
        reading = log.begin()
        beside = None if reading is None else reading.done
        outcomes = await loaders.wait_all(parts, until, beside) if parts else []
        if reading is not None:
            await log.end(reading, until)
        answers = {
            place: dict(zip(forms, own, strict=True)) for (place, forms), own in zip(asking.items(), outcomes, strict=True)
        }
        late |= {source for (source, _), own in answers.items() if any(map(_is_late, own.values()))}
        has_led = False
        for walk in walks:
            walk.land(answers)
            has_led |= walk.follow_links()
        first = customers.max_sharers + 1
        turn += 1
        if has_led and restarts:
            turn, restarts = 0, restarts - 1
    if (reading := log.begin()) is not None:  # about the records of the last turn
        await log.end(reading, deadline)
    reason = IncompleteReason.OUT_OF_TURNS if deadline.remaining_s() else IncompleteReason.OUT_OF_TIME
    for walk in walks:
        walk.follow_links()
        walk.stop(reason)


async def _begin(
    walks: Sequence[CustomerWalk], memory: Memory, ask: Callable[[Asking], Sequence[PendingKeys]], until: Deadline
) -> None:
    """Have walks go on with what is stored. Unless it is here, what they begin with leaves first."""
    reading = memory.enqueue(walks)
    if not memory.is_here(reading):
        ask(_forms_to_ask(walks))
        await memory.wait_for(reading, until.remaining_s())
    memory.remind(walks, reading)


def _forms_to_ask(walks: Sequence[CustomerWalk]) -> Asking:
    asking: dict[Place, dict[str, None]] = {}
    for walk in walks:
        for place, keys in walk.frontier.items():
            asking.setdefault(place, {}).update(dict.fromkeys(form for forms in keys.values() for form in forms))
    return asking


def _enqueue(
    asking: Asking,
    *,
    customers: CustomerSources,
    fields: Fields,
    loaders: Loaders,
    first: int,
    until: Deadline,
) -> list[PendingKeys]:
    return [
        loaders.enqueue(source, customers.fetch(source, kind, fields, first), [*forms], until)
        for (source, kind), forms in asking.items()
    ]


def _is_late(outcome: Outcome) -> bool:
    return isinstance(outcome, Failed) and isinstance(outcome.error, SourceTimeoutError)
