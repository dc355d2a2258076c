"""Tags with their store: read while fresh, computed when absent, served stale while one worker of the fleet renews them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import msgspec
import structlog

from connectors.contract import KeyKind
from connectors.shapes import Fields
from gateway.clock import Clock
from gateway.errors import CallerError, SourceFailure, StoreError
from gateway.kept import Lasting
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.selection import Selection
from gateway.stitching.stitcher import Stitcher
from gateway.store.store import Store
from gateway.tags.computing import Pair, Tags, Wanted, compute, is_missing_for_now
from gateway.tags.definitions import Pack, TagDefinition
from gateway.tags.model import ComputedTag, Tag
from gateway.tags.reads import Batch, Reads

RENEW_AHEAD = 0.1
"""A tag is renewed in the background when this share of its time to live is left."""

LEASE = timedelta(seconds=30)
"""How long a worker may take to renew a customer's tags before another one may."""

MOST_RENEWALS = 16
"""How many renewals a worker has under way. What is stale beyond that waits for the next request that asks for it."""

MOST_LISTS = 8
"""How many selections of a customer's tags are remembered."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)

Keys = tuple[str, ...]

T = TypeVar("T")
log = structlog.get_logger()


class Freshness(StrEnum):
    FRESH = "FRESH"
    STALE = "STALE"


class TagAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A tag of one customer as it is given out. Reading another attribute reads it of the tag or of its definition."""

    definition: TagDefinition
    tag: Tag
    freshness: Freshness

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.tag if name in ComputedTag.__struct_fields__ else self.definition, name)

    @property
    def is_given(self) -> bool:
        """Whether the rule gives the tag, or may: what it lacked was a source."""
        return self.tag.value is not None or self.tag.partial


class Kept(msgspec.Struct, frozen=True):
    """What the store has of a customer, by key: all fresh until `calm_until`, when one of the tags is to be renewed."""

    tags: dict[str, Tag]
    calm_until: datetime
    lists: dict[tuple[Keys, bool], Lasting[TagAnswer]] = {}

    def given(self, pack: Pack, keys: Keys, now: datetime, *, given_only: bool) -> Lasting[TagAnswer] | None:
        """The answers for keys; None when there is anything to be done before."""
        if now >= self.calm_until:
            return None
        name = keys, given_only
        found = self.lists.get(name)
        if found is None and all(key in self.tags for key in keys):
            answers = [TagAnswer(definition=pack.tags[key], tag=self.tags[key], freshness=Freshness.FRESH) for key in keys]
            found = Lasting(_chosen(answers, given_only=given_only))
            if len(self.lists) < MOST_LISTS:
                self.lists[name] = found
        return found


class Renewal(msgspec.Struct, eq=False):
    """Work in the background. What it computes of customers who have `changed` meanwhile may be of before."""

    customers: set[str]
    changed: set[str] = set()


class Expected(msgspec.Struct, frozen=True):
    """A read under way, by customer, and what was being computed before it: it may miss what is being stored meanwhile."""

    computing: dict[Pair, asyncio.Task[Tags]]
    batches: dict[str, Batch[Kept]]


class TagService:
    """Gives tags for any number of customers at once. `new_stitcher` opens one for work outside a request.

    What the store gave is given again for `cache_s` seconds, unless this worker wrote something else meanwhile.
    """

    def __init__(
        self, pack: Pack, store: Store | None, clock: Clock, new_stitcher: Callable[[], Stitcher], cache_s: float = 0.0
    ) -> None:
        self.pack = pack
        self._store = store
        self._clock = clock
        self._new_stitcher = new_stitcher
        self._reads = None if store is None else Reads(partial(self._kept, store), clock, cache_s, self._is_calm)
        self._in_force = {key: (one.fingerprint, RENEW_AHEAD * one.ttl) for key, one in pack.tags.items()}
        self._computing: dict[Pair, asyncio.Task[Tags]] = {}
        self._renewals: dict[asyncio.Task[None], Renewal] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def load(self, wanted: Sequence[Wanted]) -> list[TagAnswer]:
        """One answer per pair of customer and tag key, in order; one read of the store for all of them."""
        expected = self.expect({customer.id for customer, key in wanted if (customer.id, key) not in self._computing})
        kept = await self._read(expected, [customer for customer, _ in wanted])
        return await self._settled(wanted, kept, expected.computing)

    def expect(self, customers: Iterable[str]) -> Expected:
        """Have the store read before the customers are known well enough to be asked about. Nothing is waited for."""
        batches = {} if self._reads is None else self._reads.enter(customers)
        return Expected(dict(self._computing), batches)

    def at_hand(
        self, customers: Sequence[StitchedCustomer], keys: Keys, expected: Expected | None, *, given_only: bool
    ) -> list[Lasting[TagAnswer]] | None:
        """As `load_all`, where nothing has to be waited for, computed or renewed; None where something has."""
        if expected is None:
            return None
        now, batches = self._clock.now(), expected.batches
        found = []
        for customer in customers:
            batch = batches.get(customer.id)
            kept = None if batch is None else batch.found.get(customer.id)
            answers = None if kept is None else kept.given(self.pack, keys, now, given_only=given_only)
            if answers is None:
                return None
            found.append(answers)
        return found

    async def load_all(
        self, customers: Sequence[StitchedCustomer], keys: Keys, expected: Expected | None = None, *, given_only: bool = False
    ) -> list[list[TagAnswer]]:
        """As `load`, the same tags for each of the customers: a list of them per customer, in order."""
        if not keys:
            return [[] for _ in customers]
        if expected is None or any(one.id not in expected.batches for one in customers):
            computing = self._computing
            expected = self.expect(
                [one.id for one in customers if not computing or any((one.id, key) not in computing for key in keys)]
            )
        kept, computing = await self._read(expected, customers), expected.computing
        now = self._clock.now()
        known = [
            None if (found := kept.get(one.id)) is None else found.given(self.pack, keys, now, given_only=given_only)
            for one in customers
        ]
        rest = [(one, key) for one, answers in zip(customers, known, strict=True) if answers is None for key in keys]
        settled = iter(await self._settled(rest, kept, computing) if rest else ())
        return [_chosen(islice(settled, len(keys)), given_only=given_only) if answers is None else answers for answers in known]

    async def outdate(self, customers: Collection[str]) -> None:
        """Have the tags of customers renewed: they have changed. What is being computed of them is shared and stored no more.

        Raises `StoreError`.
        """
        for pair in [pair for pair in self._computing if pair[0] in customers]:
            del self._computing[pair]
        for renewal in self._renewals.values():
            renewal.changed.update(customers)
        if self._store is not None and self._reads is not None:
            await self._store.tags.mark_stale(sorted(customers))
            self._reads.outdate(customers)

    async def aclose(self) -> None:
        """Finish storing and end the rest. What was being renewed gives its leases back."""
        for task in {*self._computing.values(), *self._renewals}:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._reads is not None:
            await self._reads.aclose()

    async def _settled(
        self, wanted: Sequence[Wanted], kept: Mapping[str, Kept], computing: Mapping[Pair, asyncio.Task[Tags]]
    ) -> list[TagAnswer]:
        """Compute what was neither read nor is being computed; have renewed what is due."""
        pairs = {_pair(one) for one in wanted}
        shared = {pair: task for pair, task in computing.items() if pair in pairs}
        stored = {
            (customer, key): tag
            for customer, key in pairs - shared.keys()
            if customer in kept and (tag := kept[customer].tags.get(key)) is not None
        }
        computed = await self._computed([one for one in wanted if _pair(one) not in stored], shared)
        tags = computed | stored
        self._renew_soon([pair for pair in pairs if self._due(tags[pair])])
        return [self._answer(tags[_pair(one)]) for one in wanted]

    def _answer(self, tag: Tag) -> TagAnswer:
        freshness = Freshness.FRESH if self._fresh(tag) else Freshness.STALE
        return TagAnswer(definition=self.pack.tags[tag.key], tag=tag, freshness=freshness)

    def _fresh(self, tag: Tag) -> bool:
        return tag.fingerprint == self.pack.tags[tag.key].fingerprint and self._clock.now() < tag.expires_at

    def _due(self, tag: Tag) -> bool:
        return self._clock.now() > self._due_at(tag)

    def _due_at(self, tag: Tag) -> datetime:
        fingerprint, ahead = self._in_force[tag.key]
        return tag.expires_at - ahead if tag.fingerprint == fingerprint else _LONG_AGO

    async def _read(self, expected: Expected, customers: Sequence[StitchedCustomer]) -> dict[str, Kept]:
        if self._store is None or self._reads is None or not customers:
            return {}
        # An operation of the store has its own bound. Behind many others it may take longer, but computing would still more.
        patience_s = max(self._store.mongo.timeout_s, customers[0].loaders.deadline.leading().remaining_s())
        return await self._reads.settled(expected.batches, patience_s)

    async def _kept(self, store: Store, customers: Sequence[str]) -> dict[str, Kept]:
        """What is stored, read once for all who want it; nothing when it cannot be read."""
        try:
            found = await store.tags.read(customers, self.pack.tags)
        except StoreError:
            return {}
        return {
            customer: Kept(tags, min(map(self._due_at, tags.values()), default=_LONG_AGO)) for customer, tags in found.items()
        }

    def _is_calm(self, kept: Kept) -> bool:
        return self._clock.now() < kept.calm_until

    async def _write(self, computed: Mapping[Pair, ComputedTag]) -> None:
        whole = [(customer, tag) for (customer, _), tag in computed.items() if not is_missing_for_now(tag)]
        if self._store is None or not whole:
            return
        try:
            await self._store.tags.write(whole)
        except StoreError:
            _warn("tags_not_stored", self._store, len(whole))
        if self._reads is not None:
            self._reads.outdate({customer for customer, _ in whole})

    async def _computed(self, wanted: Sequence[Wanted], shared: Mapping[Pair, asyncio.Task[Tags]]) -> Tags:
        """Compute what is absent, together with the requests that are already at it."""
        shared = {**self._computing, **shared}
        new = {_pair(one) for one in wanted} - shared.keys()
        tasks = {shared[_pair(one)] for one in wanted if _pair(one) in shared}
        if new:
            tasks.add(self._start_computing([one for one in wanted if _pair(one) in new], new))
        if tasks:
            await asyncio.wait(tasks)
        found = {pair: tag for task in tasks if not task.cancelled() for pair, tag in task.result().items()}
        # What another request could not get is asked again: it had less time left, and only who asks a source reports on it.
        poor = {pair for pair, tag in found.items() if pair not in new and is_missing_for_now(tag)}
        again = [one for one in wanted if _pair(one) in poor or _pair(one) not in found]
        return found | await compute(self.pack, self._clock, again) if again else found

    def _start_computing(self, wanted: Sequence[Wanted], pairs: Collection[Pair]) -> asyncio.Task[Tags]:
        # A task of its own, for others share it, and one caller that goes away must not end it.
        task = self._own(compute(self.pack, self._clock, wanted))
        self._computing.update(dict.fromkeys(pairs, task))
        # The first to be told, so that storing begins before the answer is given out.
        done = asyncio.Event()
        task.add_done_callback(lambda _: done.set())
        self._own(self._keep(task, done, pairs))
        return task

    async def _keep(self, computing: asyncio.Task[Tags], done: asyncio.Event, pairs: Iterable[Pair]) -> None:
        """Store what was computed, beside giving it out; until it can be read, it is shared from memory."""
        try:
            await done.wait()
            if not computing.cancelled() and computing.exception() is None:
                found = computing.result()
                await self._write({pair: found[pair] for pair in pairs if self._computing.get(pair) is computing})
        finally:
            for pair in pairs:
                if self._computing.get(pair) is computing:
                    del self._computing[pair]

    def _renew_soon(self, pairs: Iterable[Pair]) -> None:
        # A worker renews a customer once at a time, so that a lease that it holds is of one task only.
        busy = set[str]().union(*(one.customers for one in self._renewals.values()))
        pairs = [pair for pair in pairs if pair[0] not in busy]
        if not pairs or self._store is None or len(self._renewals) >= MOST_RENEWALS:
            return
        renewal = Renewal({customer for customer, _ in pairs})
        task = self._own(self._renew(self._store, pairs, renewal.changed))
        self._renewals[task] = renewal
        task.add_done_callback(self._renewals.pop)

    async def _renew(self, store: Store, pairs: Sequence[Pair], changed: Collection[str]) -> None:
        held = {customer for customer, _ in pairs}  # any of them, until it is known which
        try:
            held = await store.leases.take(sorted(held), hold=LEASE)
            # Another worker may have renewed them between our read and our lease.
            stored = await store.tags.read(sorted(held), sorted({key for _, key in pairs}))
            due = [
                (customer, key)
                for customer, key in pairs
                if customer in held and ((tag := stored.get(customer, {}).get(key)) is None or self._due(tag))
            ]
            computed = await compute(self.pack, self._clock, await self._stitched(due))
            await self._write({pair: tag for pair, tag in computed.items() if pair[0] not in changed})
        except StoreError:
            _warn("tags_not_renewed", store, len(pairs))
        finally:
            if held:
                with suppress(StoreError):
                    await store.leases.release(sorted(held))

    async def _stitched(self, pairs: Sequence[Pair]) -> list[Wanted]:
        records = frozenset(self.pack.facts[name].record for _, key in pairs for name in self.pack.tags[key].fact_names)
        selection = Selection(fields=Fields.of("id"), stitches=records)
        stitcher = self._new_stitcher()
        ids = sorted({customer for customer, _ in pairs})
        found = await asyncio.gather(*(_customer(stitcher, one, selection) for one in ids))
        by_id = dict(zip(ids, found, strict=True))
        return [(customer, key) for one, key in pairs if (customer := by_id[one]) is not None]

    def _own(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("tags_failed", error=type(error).__name__)


def _chosen(answers: Iterable[TagAnswer], *, given_only: bool) -> list[TagAnswer]:
    return [answer for answer in answers if not given_only or answer.is_given]


def _pair(one: Wanted) -> Pair:
    customer, key = one
    return customer.id, key


async def _customer(stitcher: Stitcher, customer_id: str, selection: Selection) -> StitchedCustomer | None:
    """None also for one that cannot be told any more: the others are renewed without it."""
    try:
        return await stitcher.customer(KeyKind.CUSTOMER_ID, customer_id, selection)
    except (CallerError, SourceFailure):
        return None


def _warn(event: str, store: Store, tags: int) -> None:
    if store.mongo.available:  # an outage is logged once, where it is noticed
        log.warning(event, tags=tags)
