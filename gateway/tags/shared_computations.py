"""Compute a tag once for all requests that want it now.

The work has the usual deadline of a request, whoever began it, and goes on when he goes away. Each who waits for it goes by his
own deadline: he then has what has come by that time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from gateway.clock import CLOCK_TOLERANCE, Clock
from gateway.lookups.deadline import Deadline
from gateway.lookups.loaders import Loaders
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.stitcher import Stitcher
from gateway.tags.background import BackgroundTasks
from gateway.tags.computation import Computation, Pair, Tags, Wanted, compute, is_late, is_missing_for_now
from gateway.tags.computed_tag import ComputedTag
from gateway.tags.definitions import Pack
from gateway.tags.tag_counts import TagCounts

MAX_SHARED = 1_000
"""For how many customers at a time a worker computes tags that outlive a request. Requests beyond them compute their own."""

Marks = Mapping[str, int]
"""How often customers had been marked stale, by customer, when that was read before their tags were computed."""

Keep = Callable[[Tags, Marks], Coroutine[Any, Any, bool]]
"""Stores tags. Tells whether they are."""


class SharedComputation(msgspec.Struct, eq=False):
    """Work that requests share."""

    computation: Computation
    task: asyncio.Task[Tags]


Sharing = Mapping[str, Mapping[str, SharedComputation]]
"""What is being computed, by customer and by key."""


class SharedComputations:
    """The tags that a worker is computing. `keep` stores them; until they can be read, they are shared from memory."""

    def __init__(
        self,
        pack: Pack,
        clock: Clock,
        counts: TagCounts,
        new_stitcher: Callable[[], Stitcher],
        keep: Keep,
        tasks: BackgroundTasks,
    ) -> None:
        self._pack = pack
        self._clock = clock
        self._counts = counts
        self._new_stitcher = new_stitcher
        self._keep = keep
        self._tasks = tasks
        self._under_way: dict[str, dict[str, SharedComputation]] = {}
        self._running: set[asyncio.Task[Tags]] = set()
        self._customers = 0

    def under_way(self, customers: Iterable[str]) -> Sharing:
        """List the tags of customers that are being computed."""
        known = self._under_way
        return {customer: {**known[customer]} for customer in customers if customer in known} if known else {}

    @property
    def customers(self) -> set[str]:
        """List the customers of whom tags are being computed."""
        return {*self._under_way}

    def forget(self, customers: Iterable[str]) -> None:
        """Share and store computations of customers no more: they are of before a change."""
        for customer in customers:
            self._under_way.pop(customer, None)

    def forget_all(self) -> None:
        """Share and store no computation under way."""
        self._under_way.clear()

    def cancel(self) -> None:
        for task in self._running:
            task.cancel()

    async def compute(self, wanted: Sequence[Wanted], sharing: Sharing, marks: Marks) -> Tags:
        """Compute a request's tags, together with requests already at it. It keeps its own deadline."""
        if not wanted:
            return {}
        deadline, began = wanted[0][0].loaders.deadline, self._clock.monotonic()
        joined = {entry: shared for entry in wanted if (shared := self._shared(entry, sharing)) is not None}
        alone, own = [entry for entry in wanted if entry not in joined], None
        if alone and deadline.remaining_s() > 0:
            fit, alone = self._fitting(alone)
            own = self._start(fit, marks) if fit else None
            joined |= {entry: own for entry in fit if own is not None}
        computed, _ = await asyncio.gather(self._alone(alone, marks), _wait(joined.values(), deadline))
        again: list[Wanted] = []
        credible_until = self._clock.now() + CLOCK_TOLERANCE
        for (shared, customer), keys in _groups(joined).items():
            tags = self._tags_of(shared, customer, keys, self._clock.monotonic() - began)
            weak = [key for key in keys if key not in tags]
            if deadline.remaining_s() > 0:
                # What another request could not get is asked again: only who asks a source reports on it.
                is_weak = is_late if shared is own else is_missing_for_now
                weak += [key for key, tag in tags.items() if tag.partial and is_weak(tag)]
                weak += [key for key, tag in tags.items() if tag.computed_at > credible_until]
            again += [(customer, key) for key in weak]
            if not weak:
                shared.computation.report(customer, keys)
            computed |= {(customer.id, key): tag for key, tag in tags.items()}
        return computed | await self._alone(again, marks)

    def _shared(self, entry: Wanted, sharing: Sharing) -> SharedComputation | None:
        customer, key = entry
        return sharing.get(customer.id, {}).get(key) or self._under_way.get(customer.id, {}).get(key)

    def _fitting(self, wanted: Sequence[Wanted]) -> tuple[list[Wanted], list[Wanted]]:
        """Split tags by whether other requests may share them.

        A caller who could not have a customer's record by his own deadline would make the tags of all poor.
        """
        whole = {customer for customer in {customer for customer, _ in wanted} if customer.is_whole}
        if self._customers + len(whole) > MAX_SHARED:
            return [], [*wanted]
        return [entry for entry in wanted if entry[0] in whole], [entry for entry in wanted if entry[0] not in whole]

    def _start(self, wanted: Sequence[Wanted], marks: Marks) -> SharedComputation:
        asking = wanted[0][0].loaders
        loaders = Loaders(self._new_stitcher().loaders.deadline, asking.trace, asking.span, max_age_s=asking.max_age_s)
        customers: dict[str, StitchedCustomer] = {}
        for customer, _ in wanted:
            if customer.id not in customers:
                customers[customer.id] = customer.on(loaders)
        pairs = dict.fromkeys((customer.id, key) for customer, key in wanted)
        computation = Computation(
            self._pack, self._clock, self._counts, [(customers[customer], key) for customer, key in pairs]
        )
        # A task of its own, for others share it, and one caller that goes away must not end it.
        shared = SharedComputation(computation, self._tasks.start(computation.run()))
        self._running.add(shared.task)
        self._customers += len(customers)
        pairs = dict.fromkeys(computation.pairs)
        for customer_id, key in pairs:
            self._under_way.setdefault(customer_id, {})[key] = shared
        # The first to be told, so that storing begins before the answer is given out.
        done = asyncio.Event()
        shared.task.add_done_callback(lambda task: self._end(task, len(customers), done))
        self._tasks.start(
            self._store(shared, done, list(pairs), {customer: marks[customer] for customer in customers if customer in marks})
        )
        return shared

    def _end(self, task: asyncio.Task[Tags], customers: int, done: asyncio.Event) -> None:
        self._running.discard(task)
        self._customers -= customers
        done.set()

    async def _store(self, shared: SharedComputation, done: asyncio.Event, pairs: Sequence[Pair], marks: Marks) -> None:
        """Store computed tags beside giving them out. Until they can be read, they are shared from memory."""
        try:
            await done.wait()
            if not shared.task.cancelled() and shared.task.exception() is None:
                computed = shared.task.result()
                await self._keep({pair: computed[pair] for pair in pairs if self._is_shared(pair, shared)}, marks)
        finally:
            for customer, key in pairs:
                if self._is_shared((customer, key), shared):
                    own = self._under_way[customer]
                    del own[key]
                    if not own:
                        del self._under_way[customer]

    def _is_shared(self, pair: Pair, shared: SharedComputation) -> bool:
        customer, key = pair
        return self._under_way.get(customer, {}).get(key) is shared

    async def _alone(self, wanted: Sequence[Wanted], marks: Marks) -> Tags:
        """Compute tags for one request. Whoever asks later reads those that are whole."""
        if not wanted:
            return {}
        computed = await compute(self._pack, self._clock, self._counts, wanted)
        if not all(map(is_missing_for_now, computed.values())):
            self._tasks.start(self._keep(computed, marks))
        return computed

    def _tags_of(
        self, shared: SharedComputation, customer: StitchedCustomer, keys: Sequence[str], waited_s: float
    ) -> dict[str, ComputedTag]:
        task = shared.task
        if not task.done():
            return shared.computation.so_far(customer, keys, waited_s)
        return {} if task.cancelled() else {key: task.result()[customer.id, key] for key in keys}


def _groups(joined: Mapping[Wanted, SharedComputation]) -> dict[tuple[SharedComputation, StitchedCustomer], list[str]]:
    groups: dict[tuple[SharedComputation, StitchedCustomer], list[str]] = {}
    for (customer, key), shared in joined.items():
        groups.setdefault((shared, customer), []).append(key)
    return groups


async def _wait(joined: Iterable[SharedComputation], deadline: Deadline) -> None:
    tasks = {shared.task for shared in joined if not shared.task.done()}
    if tasks:
        # Waiting leaves the tasks alone when the caller is cancelled.
        await asyncio.wait(tasks, timeout=deadline.remaining_s())
