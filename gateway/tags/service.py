"""Serve tags: fresh ones from the store, absent ones computed, stale ones renewed behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from itertools import islice

import msgspec
import structlog

from gateway.clock import CLOCK_TOLERANCE, Clock
from gateway.errors import StoreError
from gateway.lookups.deadline import Deadline
from gateway.lookups.store_reads import StoreBatch, StoreReads
from gateway.lru_cache import SharedList
from gateway.settings.settings import TagSettings
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.purpose_rule import PurposeRule
from gateway.stitching.stitcher import Stitcher
from gateway.tags.background import BackgroundTasks
from gateway.tags.computation import Pair, Tags, Wanted, is_missing_for_now
from gateway.tags.computed_tag import Tag
from gateway.tags.computing_room import ComputingRoom
from gateway.tags.definitions import Pack, TagDefinition
from gateway.tags.kept_customers import outdate_kept
from gateway.tags.purpose_check import PurposeCheck
from gateway.tags.renewal import Renewals
from gateway.tags.scheduler import TagScheduler
from gateway.tags.shared_computations import Marks, SharedComputations, Sharing
from gateway.tags.tag_counts import TagCounts
from gateway.tags.tag_history import TagChange
from gateway.tags.tag_store import KEEP, NOTHING, StoredTags, TagStore

RENEW_AHEAD = 0.1
"""A tag is renewed in the background when this share of its time to live is left."""

MAX_LISTS = 8
"""How many selections of a customer's tags are remembered."""

MAX_UNREAD = 200
"""For how many customers at a time tags are computed because the store could not be read in time."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_FAR_AWAY = datetime.max.replace(tzinfo=UTC)

Keys = tuple[str, ...]

log = structlog.get_logger()


class Freshness(StrEnum):
    FRESH = "FRESH"
    STALE = "STALE"


class TagAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A tag of one customer as it is given out. `customer` is the id that it is stored by."""

    customer: str
    definition: TagDefinition
    tag: Tag
    freshness: Freshness

    @property
    def is_given(self) -> bool:
        """Tell whether the rule gives the tag, or may: what it lacked was a source."""
        return self.tag.value is not None or self.tag.partial


class CachedTags(msgspec.Struct, frozen=True):
    """The stored tags of a customer, by key: all fresh until `calm_until`, when one is to be renewed.

    Before `calm_from` the clock was set back since. `marks` is how often the customer was marked stale.
    """

    customer: str
    tags: dict[str, Tag]
    marks: int
    calm_from: datetime
    calm_until: datetime
    lists: dict[tuple[Keys, bool], SharedList[TagAnswer]] = {}

    def given(self, pack: Pack, keys: Keys, now: datetime, *, given_only: bool) -> SharedList[TagAnswer] | None:
        """Give the answers for keys. None when there is anything to be done before."""
        if not self.calm_from <= now < self.calm_until:
            return None
        name = keys, given_only
        shared = self.lists.get(name)
        if shared is None and all(key in self.tags for key in keys):
            answers = [
                TagAnswer(customer=self.customer, definition=pack.tags[key], tag=self.tags[key], freshness=Freshness.FRESH)
                for key in keys
            ]
            shared = SharedList(_chosen(answers, given_only=given_only))
            if len(self.lists) < MAX_LISTS:
                self.lists[name] = shared
        return shared


class Expected(msgspec.Struct, frozen=True):
    """Hold reads under way and the computations before them. Their results may be missing in what is read."""

    computing: Sharing
    batches: dict[str, StoreBatch[CachedTags]]


class TagService:
    """Gives tags for any number of customers at once. `new_stitcher` opens one for work outside a request.

    What the store gave is given again for `cache_s` seconds, unless this worker wrote something else meanwhile.
    """

    def __init__(
        self, pack: Pack, store: TagStore | None, clock: Clock, new_stitcher: Callable[[], Stitcher], cache_s: float = 0.0
    ) -> None:
        self.pack = pack
        self.own_keys: Keys = tuple(pack.own_tags)
        """Of the tags that customers are shown as such: those of segments are not."""
        self.counts = TagCounts(pack, clock)
        self._store = store
        self._clock = clock
        self._in_force = {
            key: (definition.fingerprint, RENEW_AHEAD * definition.ttl, definition.ttl) for key, definition in pack.tags.items()
        }
        self._tasks = BackgroundTasks()
        self._shared = SharedComputations(pack, clock, self.counts, new_stitcher, self._write, self._tasks)
        self._reads: StoreReads[CachedTags] | None = None
        self._renewals: Renewals | None = None
        self._room = ComputingRoom(MAX_UNREAD)
        self.scheduler: TagScheduler | None = None
        """Renews what nobody asks for, where there is a store and the settings say so."""
        if store is not None:
            self._reads = StoreReads(partial(self._read_cached, store), clock, cache_s, self._is_calm)
            self._renewals = Renewals(pack, store, clock, self.counts, new_stitcher, self._due, self._write, self._tasks)

    def schedule(self, settings: TagSettings, rules: Mapping[str, PurposeRule | None]) -> None:
        """Have tags renewed when time alone has changed them, from when `scheduler` is started. `rules` are of the purposes."""
        if self._store is not None and self._renewals is not None and settings.schedule_s:
            purposes = PurposeCheck(self.pack, rules)
            self.scheduler = TagScheduler(self.pack, self._store, self._clock, self._renewals, purposes, settings)

    async def load(self, wanted: Sequence[Wanted]) -> list[TagAnswer]:
        """Load one answer per pair of customer and key, in order. All need one read of the store."""
        keys = {key for _, key in wanted}
        expected = self.expect({customer.id for customer, _ in wanted}, keys)
        cached = await self._read(expected, [customer for customer, _ in wanted])
        return await self._compute_missing(wanted, cached, expected)

    def expect(self, customers: Collection[str], keys: Collection[str] = ()) -> Expected:
        """Start reading the store before the customers are fully known. Nothing is waited for.

        Customers of whom all `keys` are being computed are not read.
        """
        computing = self._shared.under_way(customers)
        if self._reads is None:
            return Expected(computing, {})
        unread = (
            [customer for customer in customers if customer not in computing or not computing[customer].keys() >= set(keys)]
            if computing and keys
            else customers
        )
        return Expected(computing, self._reads.enqueue(unread))

    def at_hand(
        self, customers: Sequence[StitchedCustomer], keys: Keys, expected: Expected | None, *, given_only: bool
    ) -> list[SharedList[TagAnswer]] | None:
        """Answer as `load_all` without waiting. None where something has to be waited for, computed or renewed."""
        if expected is None:
            return None
        now, batches = self._clock.now(), expected.batches
        tags_at_hand = []
        for customer in customers:
            batch = batches.get(customer.id)
            cached = None if batch is None else batch.values.get(customer.id)
            answers = None if cached is None else cached.given(self.pack, keys, now, given_only=given_only)
            if answers is None:
                return None
            tags_at_hand.append(answers)
        self.counts.add_fresh(keys, len(tags_at_hand))
        return tags_at_hand

    async def load_all(
        self, customers: Sequence[StitchedCustomer], keys: Keys, expected: Expected | None = None, *, given_only: bool = False
    ) -> list[list[TagAnswer]]:
        """Load as `load`, the same tags for each of the customers: a list of them per customer, in order."""
        if not keys:
            return [[] for _ in customers]
        if expected is None or any(customer.id not in expected.batches for customer in customers):
            expected = self.expect([customer.id for customer in customers], keys)
        cached = await self._read(expected, customers)
        now = self._clock.now()
        known = [
            None if (tags := cached.get(customer.id)) is None else tags.given(self.pack, keys, now, given_only=given_only)
            for customer in customers
        ]
        self.counts.add_fresh(keys, sum(answers is not None for answers in known))
        rest = [(customer, key) for customer, answers in zip(customers, known, strict=True) if answers is None for key in keys]
        computed = iter(await self._compute_missing(rest, cached, expected) if rest else ())
        return [
            _chosen(islice(computed, len(keys)), given_only=given_only) if answers is None else answers for answers in known
        ]

    async def read_history(self, pairs: Sequence[Pair]) -> list[Sequence[TagChange]]:
        """Read how tags changed, each with its customer, the newest change first. Raises `StoreError`."""
        if self._store is None:
            return [()] * len(pairs)
        found = await self._store.tags.read_history(pairs)
        return [found[pair] for pair in pairs]

    async def outdate(self, customers: Collection[str]) -> None:
        """Have the tags of customers renewed, who have changed: what is being computed is of before. Raises `StoreError`."""
        self._shared.forget(customers)
        if self._store is not None and self._reads is not None and self._renewals is not None:
            self._renewals.outdate(customers)
            await self._store.tags.mark_stale(sorted(customers))
            self._reads.outdate(customers)

    def outdate_where(self, concerns: Callable[[str], bool]) -> None:
        """Have the tags of those customers read again whom another worker has marked stale."""
        outdate_kept(self._shared, self._reads, self._renewals, concerns)

    async def aclose(self) -> None:
        """Finish storing and end the rest. What was being renewed gives its leases back."""
        if self.scheduler is not None:
            await self.scheduler.aclose()
        self._shared.cancel()
        if self._renewals is not None:
            self._renewals.cancel()
        await self._tasks.join()
        if self._reads is not None:
            await self._reads.aclose()

    async def _compute_missing(
        self, wanted: Sequence[Wanted], cached: Mapping[str, CachedTags], expected: Expected
    ) -> list[TagAnswer]:
        """Answer with stored tags, and compute the rest: of customers who could not be read, only so many at a time."""
        unread = {
            customer.id: batch
            for customer, _ in wanted
            if customer.id not in cached and (batch := expected.batches.get(customer.id))
        }
        for customer in self._shared.under_way(unread):
            del unread[customer]
        if not unread or self._reads is None:
            return await self._given(wanted, cached, expected.computing)
        deadline, known = wanted[0][0].loaders.deadline, dict(cached)
        with self._room.wanted(len(unread)) as turn:
            if not turn.done():
                await self._wait_for_turn(turn, unread, known, deadline)
            return await self._given(wanted, known, expected.computing)

    async def _wait_for_turn(
        self,
        turn: asyncio.Future[None],
        unread: dict[str, StoreBatch[CachedTags]],
        known: dict[str, CachedTags],
        deadline: Deadline,
    ) -> None:
        """Wait for room to compute, for reads, or until the deadline."""
        assert self._store is not None
        assert self._reads is not None
        while unread and not turn.done() and (left_s := deadline.remaining_s()):
            flying = {batch.done for batch in unread.values() if not batch.done.done()}
            await asyncio.wait({turn, *flying}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            known |= await self._reads.wait_for(unread, 0)
            unread = {customer: batch for customer, batch in unread.items() if customer not in known}
        if unread and deadline.remaining_s():
            # It may be heard again by now.
            again = self._reads.enqueue(unread)
            known |= await self._reads.wait_for(again, min(self._store.timeout_s, deadline.remaining_s()))

    async def _given(self, wanted: Sequence[Wanted], cached: Mapping[str, CachedTags], computing: Sharing) -> list[TagAnswer]:
        """Compute tags that are neither stored nor under way. Due ones are renewed."""
        credible_until = self._clock.now() + CLOCK_TOLERANCE
        stored = {
            (customer, key): tag
            for customer, key in {_pair(entry) for entry in wanted}
            if customer in cached
            and (tag := cached[customer].tags.get(key)) is not None
            and tag.computed_at <= credible_until
            and key not in computing.get(customer, ())
        }
        marks = {customer: entry.marks for customer, entry in cached.items()}
        absent = [entry for entry in wanted if _pair(entry) not in stored]
        computed = await self._shared.compute(absent, computing, marks)
        tags: Mapping[Pair, Tag] = computed | stored
        # What was computed just now is due when it is of stale answers, which a renewal would find as well.
        due = [
            pair for pair, tag in tags.items() if self._due(tag) and (pair in stored or not is_missing_for_now(computed[pair]))
        ]
        if due and self._renewals is not None:
            self._renewals.start(due)
        return [self._answer(pair[0], tags[pair], is_stored=pair in stored) for pair in map(_pair, wanted)]

    def _answer(self, customer: str, tag: Tag, *, is_stored: bool) -> TagAnswer:
        freshness = Freshness.FRESH if self._fresh(tag) else Freshness.STALE
        if not is_stored:
            self.counts.computed[tag.key] += 1
        elif freshness is Freshness.FRESH:
            self.counts.fresh[tag.key] += 1
        else:
            self.counts.stale[tag.key] += 1
        return TagAnswer(customer=customer, definition=self.pack.tags[tag.key], tag=tag, freshness=freshness)

    def _fresh(self, tag: Tag) -> bool:
        return tag.fingerprint == self.pack.tags[tag.key].fingerprint and self._clock.now() < tag.expires_at

    def _due(self, tag: Tag) -> bool:
        return self._clock.now() > self._due_at(tag)

    def _due_at(self, tag: Tag) -> datetime:
        fingerprint, ahead, ttl = self._in_force[tag.key]
        if tag.fingerprint != fingerprint:
            return _LONG_AGO
        due_at = min(tag.expires_at, tag.computed_at + ttl) - ahead
        return due_at if tag.changes_at is None else min(due_at, tag.changes_at)

    async def clear_cache(self) -> None:
        """Forget what was read, and share no computation under way. Waits for what is being written."""
        self._shared.forget_all()
        if self._reads is not None:
            self._reads.clear()
        if self._store is not None:
            await self._store.tags.wait_written()

    async def _read(self, expected: Expected, customers: Sequence[StitchedCustomer]) -> dict[str, CachedTags]:
        if self._store is None or self._reads is None or not customers:
            return {}
        deadline = customers[0].loaders.deadline
        # An operation of the store has its own bound. Behind many others it may take longer, but computing would still more.
        patience_s = max(self._store.timeout_s, deadline.leading().remaining_s())
        # A caller without any time left has nothing but what is stored, so he waits for one operation.
        left_s = deadline.remaining_s() or self._store.timeout_s
        return await self._reads.wait_for(expected.batches, min(patience_s, left_s))

    async def _read_cached(self, store: TagStore, customers: Sequence[str]) -> dict[str, CachedTags]:
        """Read the stored tags once for all callers. There are none when they cannot be read."""
        try:
            stored = await store.tags.read(customers, self.pack.tags)
        except StoreError:
            return {}
        oldest = self._clock.now() - KEEP
        return {customer: self._known(customer, stored.get(customer, NOTHING), oldest) for customer in customers}

    def _known(self, customer: str, stored: StoredTags, oldest: datetime) -> CachedTags:
        tags: dict[str, Tag] = {}
        newest, due_at = _LONG_AGO + CLOCK_TOLERANCE, _FAR_AWAY
        for key, tag in stored.items():
            fingerprint, ahead, ttl = self._in_force[key]
            computed_at, expires_at = tag.computed_at, tag.expires_at
            if (limit := computed_at + ttl) < expires_at:
                # It was stored by a longer time to live.
                tag, expires_at = msgspec.structs.replace(tag, expires_at=limit), limit
            if expires_at <= oldest:
                continue
            tags[key] = tag
            if computed_at > newest:
                newest = computed_at
            due = expires_at - ahead if tag.fingerprint == fingerprint else _LONG_AGO
            if due < due_at:
                due_at = due
            if (changes_at := tag.changes_at) is not None and changes_at < due_at:
                due_at = changes_at
        return CachedTags(customer, tags, stored.marks, newest - CLOCK_TOLERANCE, due_at if tags else _LONG_AGO)

    def _is_calm(self, cached: CachedTags) -> bool:
        return cached.calm_from <= self._clock.now() < cached.calm_until

    async def _write(self, computed: Tags, marks: Marks) -> bool:
        """Store tags that are whole. Tells whether they are stored."""
        whole = [(customer, tag) for (customer, _), tag in computed.items() if not is_missing_for_now(tag)]
        if self._store is None or not whole:
            return self._store is not None
        is_stored = True
        try:
            await self._store.tags.write(whole, marks)
        except StoreError:
            is_stored = False
            for _, tag in whole:
                self.counts.not_stored[tag.key] += 1
            if self._store.available:  # an outage is logged once, where it is noticed
                log.warning("tags_not_stored", tags=len(whole))
        if self._reads is not None:
            self._reads.outdate({customer for customer, _ in whole})
        return is_stored


def _chosen(answers: Iterable[TagAnswer], *, given_only: bool) -> list[TagAnswer]:
    return [answer for answer in answers if not given_only or answer.is_given]


def _pair(entry: Wanted) -> Pair:
    customer, key = entry
    return customer.id, key
