"""Tags with their store: read while fresh, computed when absent, served stale while one worker of the fleet renews them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

import msgspec
import structlog

from connectors.contract import KeyKind
from connectors.records import Record
from connectors.shapes import Fields
from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.execution.selection import Selection
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.measuring import Measurement, Question, measured
from gateway.stitching.reports import SourceState
from gateway.stitching.stitcher import Stitcher
from gateway.store.store import Store
from gateway.tags import facts, rules
from gateway.tags.definitions import Fact, Pack, TagDefinition
from gateway.tags.model import ComputedTag, FactValue

RENEW_AHEAD = 0.1
"""A tag is renewed in the background when this share of its time to live is left."""

LEASE = timedelta(seconds=30)
"""How long a worker may take to renew a customer's tags before another one may."""

Wanted = tuple[StitchedCustomer, str]
log = structlog.get_logger()


class Freshness(StrEnum):
    FRESH = "FRESH"
    STALE = "STALE"


class TagAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A tag of one customer as it is given out."""

    definition: TagDefinition
    tag: ComputedTag
    freshness: Freshness


class TagService:
    """Gives tags for any number of customers at once. `new_stitcher` opens one for work outside a request."""

    def __init__(self, pack: Pack, store: Store | None, clock: Clock, new_stitcher: Callable[[], Stitcher]) -> None:
        self.pack = pack
        self._store = store
        self._clock = clock
        self._new_stitcher = new_stitcher
        self._renewing: set[tuple[str, str]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def load(self, wanted: Sequence[Wanted]) -> list[TagAnswer]:
        """One answer per pair of customer and tag key, in order; one read of the store for all of them."""
        stored = await self._read({(customer.id, key) for customer, key in wanted})
        absent = [(customer, key) for customer, key in wanted if (customer.id, key) not in stored]
        computed = await self._compute(absent)
        await self._write(computed)
        self._renew_soon([pair for pair, tag in stored.items() if self._due(tag)])
        return [self._answer(key, {**computed, **stored}[customer.id, key]) for customer, key in wanted]

    async def aclose(self) -> None:
        """End what is being renewed; its leases run out by themselves."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _answer(self, key: str, tag: ComputedTag) -> TagAnswer:
        freshness = Freshness.FRESH if self._fresh(tag) else Freshness.STALE
        return TagAnswer(definition=self.pack.tags[key], tag=tag, freshness=freshness)

    def _fresh(self, tag: ComputedTag) -> bool:
        return tag.fingerprint == self.pack.tags[tag.key].fingerprint and self._clock.now() < tag.expires_at

    def _due(self, tag: ComputedTag) -> bool:
        left = tag.expires_at - self._clock.now()
        return not self._fresh(tag) or left < RENEW_AHEAD * self.pack.tags[tag.key].ttl

    async def _read(self, pairs: set[tuple[str, str]]) -> dict[tuple[str, str], ComputedTag]:
        if self._store is None:
            return {}
        customers = sorted({customer for customer, _ in pairs})
        keys = sorted({key for _, key in pairs})
        try:
            return await self._store.tags.read(customers, keys)
        except StoreError:
            return {}

    async def _write(self, computed: Mapping[tuple[str, str], ComputedTag]) -> None:
        whole = [(customer, tag) for (customer, _), tag in computed.items() if not _missing_for_now(tag)]
        if self._store is None or not whole:
            return
        try:
            await self._store.tags.write(whole)
        except StoreError:
            log.warning("tags_not_stored", tags=len(whole))

    async def _compute(self, wanted: Iterable[Wanted]) -> dict[tuple[str, str], ComputedTag]:
        by_customer: dict[StitchedCustomer, list[str]] = {}
        for customer, key in wanted:
            by_customer.setdefault(customer, []).append(key)
        # The facts of all wanted tags are asked for every customer, so that each source gets one question.
        names = {name for keys in by_customer.values() for key in keys for name in self.pack.tags[key].fact_names}
        questions = self._questions([self.pack.facts[name] for name in sorted(names)])
        seen = await asyncio.gather(*(self._facts(customer, questions) for customer in by_customer))
        now = self._clock.now()
        return {
            (customer.id, key): rules.evaluate(self.pack.tags[key], known, now)
            for (customer, keys), known in zip(by_customer.items(), seen, strict=True)
            for key in keys
        }

    def _questions(self, asked: Sequence[Fact]) -> list[tuple[Question, list[Fact]]]:
        reference = self._clock.reference()
        fields = facts.needed_fields(asked)
        groups: dict[type[Record], list[Fact]] = {}
        for fact in asked:
            groups.setdefault(fact.record, []).append(fact)
        return [
            (
                Question(
                    record=record,
                    measures=tuple(facts.measure_of(fact, reference) for fact in group),
                    fields=fields[record],
                ),
                group,
            )
            for record, group in groups.items()
        ]

    async def _facts(
        self, customer: StitchedCustomer, questions: Sequence[tuple[Question, list[Fact]]]
    ) -> dict[str, FactValue]:
        answers = await asyncio.gather(*(measured(customer, question) for question, _ in questions))
        return {
            value.name: value
            for (question, group), answer in zip(questions, answers, strict=True)
            for value in self._fact_values(question, group, answer)
        }

    def _fact_values(self, question: Question, group: Sequence[Fact], answer: Measurement) -> Iterable[FactValue]:
        for place, (fact, measure) in enumerate(zip(group, question.measures, strict=True)):
            value = facts.fact_value(
                fact,
                measure,
                [row[place] for row in answer.rows],
                reference=self._clock.reference(),
                sources=answer.sources,
                as_of=answer.as_of,
                missing=answer.missing,
            )
            yield msgspec.structs.replace(value, partial=value.partial or answer.cut)

    def _renew_soon(self, pairs: Sequence[tuple[str, str]]) -> None:
        pairs = [pair for pair in pairs if pair not in self._renewing]
        if not pairs or self._store is None:
            return
        self._renewing.update(pairs)
        task = asyncio.create_task(self._renew(self._store, pairs))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: self._renewing.difference_update(pairs))

    async def _renew(self, store: Store, pairs: Sequence[tuple[str, str]]) -> None:
        customers = sorted({customer for customer, _ in pairs})
        try:
            won = await store.leases.take(customers, hold=LEASE)
            if not won:
                return
            # Another worker may have renewed them between our read and our lease.
            stored = await store.tags.read(sorted(won), sorted({key for _, key in pairs}))
            due = [pair for pair in pairs if pair[0] in won and (pair not in stored or self._due(stored[pair]))]
            await self._write(await self._compute(await self._stitch(due)))
            await store.leases.release(sorted(won))
        except StoreError:
            log.warning("tags_not_renewed", tags=len(pairs))

    async def _stitch(self, pairs: Sequence[tuple[str, str]]) -> list[Wanted]:
        records = frozenset(self.pack.facts[name].record for _, key in pairs for name in self.pack.tags[key].fact_names)
        selection = Selection(fields=Fields.of("id"), stitches=records)
        stitcher = self._new_stitcher()
        ids = sorted({customer for customer, _ in pairs})
        found = await _together(stitcher.customer(KeyKind.CUSTOMER_ID, one, selection) for one in ids)
        by_id = dict(zip(ids, found, strict=True))
        return [(customer, key) for one, key in pairs if (customer := by_id[one]) is not None]


async def _together(calls: Iterable[Coroutine[Any, Any, StitchedCustomer | None]]) -> list[StitchedCustomer | None]:
    return await asyncio.gather(*calls)


def _missing_for_now(tag: ComputedTag) -> bool:
    """Whether asking again may give more: what a source that was down left out is not worth keeping."""
    return any(fact.missing not in (None, SourceState.NOT_CONFIGURED.value) for fact in tag.evidence)
