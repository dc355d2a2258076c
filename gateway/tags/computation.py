"""Compute tags: measure the facts at the sources, then evaluate the rules."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from connectors.errors import SourceTimeoutError
from gateway.clock import Clock
from gateway.lookups.outcome import Failed
from gateway.scores.refusal import UNSCORED
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.measurements import PendingMeasurements
from gateway.stitching.source_reports import SourceState
from gateway.tags import rules
from gateway.tags.change_times import STEP, find_change
from gateway.tags.computed_tag import NOT_GIVEN, ComputedTag, FactValue
from gateway.tags.definitions import Pack, TagDefinition
from gateway.tags.measured_facts import KnownFacts, MeasuredFacts, measure_facts
from gateway.tags.score_evidence import add_scores
from gateway.tags.tag_counts import TagCounts
from gateway.tags.tag_facts import NO_VALUE, tag_fact

Wanted = tuple[StitchedCustomer, str]
"""A customer and a tag's key."""

Pair = tuple[str, str]
"""A customer's id and a tag's key."""

Tags = dict[Pair, ComputedTag]

Late = Mapping[PendingMeasurements, Sequence[Failed]]
"""The failures of sources that have not answered in time."""


class Computation:
    """Tags of some customers under way. They are as of when it began, whenever the sources answered.

    So a clock that is set meanwhile makes no tag that is newer than its windows.
    """

    def __init__(self, pack: Pack, clock: Clock, counts: TagCounts, wanted: Iterable[Wanted]) -> None:
        self._pack = pack
        self._counts = counts
        self._began = clock.now()
        self._reference = clock.reference()
        self._keys: dict[StitchedCustomer, list[str]] = {}
        for customer, key in wanted:
            self._keys.setdefault(customer, []).append(key)
        if pack.segments:
            for keys in self._keys.values():
                keys += find_companions(pack, keys)
        # The facts of all wanted tags are asked for every customer, so that each source gets one fetch.
        names = {name for keys in self._keys.values() for key in keys for name in pack.tags[key].fact_names}
        customers = [*self._keys]
        self._pending = measure_facts([pack.facts[name] for name in sorted(names)], customers, self._reference)
        self._by_id = {customer.id: customer for customer in self._keys}

    @property
    def pairs(self) -> list[Pair]:
        """List what is computed: the wanted tags, and the segments that their facts tell as well."""
        return [(customer.id, key) for customer, keys in self._keys.items() for key in keys]

    async def run(self) -> Tags:
        """Compute the wanted tags. Never raises for a source: what is missing stands in the evidence."""
        await asyncio.gather(*(own.pending.run() for own in self._pending))
        tags = {
            (customer.id, key): tag
            for customer, keys in self._keys.items()
            for key, tag in self._evaluated(customer, keys, {}).items()
        }
        for tag in tags.values():
            self._counts.add_outcome(tag)
        return tags

    def so_far(self, customer: StitchedCustomer, keys: Sequence[str], waited_s: float) -> dict[str, ComputedTag]:
        """Tags of a customer for a caller who cannot wait any longer. What has not come is missing, and reported as late."""
        shared = self._by_id[customer.id]
        late = {own.pending: own.pending.late(shared, waited_s) for own in self._needed(keys)}
        for pending, failures in late.items():
            for failure in failures:
                customer.reports.add(pending.request.record, failure)
        return self._evaluated(shared, keys, late)

    def report(self, customer: StitchedCustomer, keys: Sequence[str]) -> None:
        """Report the contributions of sources to a caller who shares this computation."""
        shared = self._by_id[customer.id]
        if shared is not customer:
            records = {own.pending.request.record for own in self._needed(keys)}
            shared.reports.copy_to(customer.reports, records)

    def _needed(self, keys: Sequence[str]) -> list[MeasuredFacts]:
        """List the measurements for these tags, with their facts. Others may be computed with them."""
        names = {name for key in keys for name in self._pack.tags[key].fact_names}
        return [own for own in self._pending if not names.isdisjoint(own.facts)]

    def _evaluated(self, customer: StitchedCustomer, keys: Sequence[str], late: Late) -> dict[str, ComputedTag]:
        known = KnownFacts({}, set())
        for own in self._needed(keys):
            own.add_facts(known, own.pending.so_far(customer, late.get(own.pending, ())))
        if self._pack.scores:
            names = dict.fromkeys(name for key in keys for name in _score_names(self._pack, self._pack.tags[key]))
            add_scores(known.facts, known.stale, [self._pack.scores[name] for name in names])
        done: dict[str, ComputedTag] = {}
        for key in sorted(keys, key=lambda key: bool(self._pack.tags[key].tag_names)):  # segments read other tags
            done[key] = self._evaluate(self._pack.tags[key], known, done)
        return done

    def _evaluate(self, definition: TagDefinition, known: KnownFacts, done: Mapping[str, ComputedTag]) -> ComputedTag:
        if definition.tag_names:
            return self._evaluate_segment(definition, known, done)
        tag = rules.evaluate(definition, known.facts, self._began, stale=known.stale)
        changes_at = find_change(definition, self._pack, known.facts, self._began, self._reference, known.unplanned)
        return tag if changes_at is None else msgspec.structs.replace(tag, changes_at=changes_at)

    def _evaluate_segment(self, definition: TagDefinition, known: KnownFacts, done: Mapping[str, ComputedTag]) -> ComputedTag:
        """Evaluate the tags that a segment reads, then its condition, all from the same facts."""
        own = {name: self._pack.tags[name] for name in definition.tag_names}
        tags = {name: done.get(name) or self._evaluate(tag, known, done) for name, tag in own.items()}
        facts = known.facts | {name: tag_fact(own[name], tag) for name, tag in tags.items()}
        segment = rules.evaluate(definition, facts, self._began, stale=known.stale)
        moments = [tag.changes_at for tag in tags.values()]
        moments.append(find_change(definition, self._pack, known.facts, self._began, self._reference, known.unplanned))
        changes_at = min((at for at in moments if at is not None), default=None)
        return segment if changes_at is None else msgspec.structs.replace(segment, changes_at=changes_at)


async def compute(pack: Pack, clock: Clock, counts: TagCounts, wanted: Iterable[Wanted]) -> Tags:
    """Compute the wanted tags. Never raises for a source: what is missing stands in the evidence."""
    return await Computation(pack, clock, counts, wanted).run()


async def compute_facts(
    pack: Pack,
    names: Collection[str],
    customers: Sequence[StitchedCustomer],
    clock: Clock,
    *,
    reference: datetime | None = None,
) -> dict[str, dict[str, FactValue]]:
    """Compute facts of the pack, by customer id and name of the fact. The customers are of one request.

    With a `reference` windows end there and nothing after it counts, also for facts without a window: what was known then,
    but for what of a record has changed since. Never raises for a source: what is missing stands in the fact. Raises
    `KeyError` for a name that the pack does not have. What nobody can say of a fact's next change is said by its earliest: the
    next reference time.
    """
    at = clock.reference() if reference is None else reference
    asked = [pack.facts[name] for name in sorted(set(names))]
    if not customers:
        return {}
    measured = measure_facts(asked, customers, at, ends=reference is not None)
    answers = await asyncio.gather(*(own.pending.run() for own in measured))
    known = {customer.id: KnownFacts({}, set()) for customer in customers}
    for own, measurements in zip(measured, answers, strict=True):
        for customer, answer in zip(customers, measurements, strict=True):
            own.add_facts(known[customer.id], answer)
    for own_facts in known.values():
        for name in own_facts.unplanned:
            value = own_facts.facts[name]
            own_facts.facts[name] = msgspec.structs.replace(value, changes_at=min(value.changes_at or at + STEP, at + STEP))
    return {customer: own.facts for customer, own in known.items()}


def find_companions(pack: Pack, keys: Collection[str]) -> list[str]:
    """List what can be told by the facts of these tags as well, so that it is stored with them: segments, and their tags.

    Segments for some purposes alone are computed for these.
    """
    read = dict.fromkeys(name for key in keys for name in pack.tags[key].tag_names if name not in keys)
    facts = {name for key in keys for name in pack.tags[key].fact_names}
    return [
        *read,
        *(
            own.tag_key
            for own in pack.segments.values()
            if not own.is_list and own.tag_key not in keys and not own.definition.purposes
            if facts.issuperset(own.definition.fact_names)
        ),
    ]


def _score_names(pack: Pack, definition: TagDefinition) -> list[str]:
    """List the scores of a tag, and of those that it reads."""
    return [*definition.score_names, *(name for tag in definition.tag_names for name in pack.tags[tag].score_names)]


_LASTING = (None, SourceState.NOT_CONFIGURED.value, NOT_GIVEN, *UNSCORED, *NO_VALUE)
"""What changes with the settings alone."""


def is_missing_for_now(tag: ComputedTag) -> bool:
    """Tell whether asking again may give more: a source was down, in contrast to one that is not there or has no such field."""
    return any(fact.missing not in _LASTING for fact in tag.evidence)


def is_late(tag: ComputedTag) -> bool:
    """Tell whether more time may give more."""
    return any(fact.missing == SourceTimeoutError.code for fact in tag.evidence)
