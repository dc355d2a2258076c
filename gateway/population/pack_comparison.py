"""Compare the tags of another file with those in force, on a sample of customers."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import msgspec

from connectors.contract import KeyKind
from connectors.record_fields import Fields
from gateway.app import create_services, opened
from gateway.clock import Clock
from gateway.identity.records import Key
from gateway.population.batch_refresh import MAX_MISSING, MIN_JUDGED, SourcesAwayError
from gateway.population.permitted_tags import PermittedTags
from gateway.population.walk import BATCH, find_patiently, is_unheard, walk_customers
from gateway.services import Services
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.merged_customer import SET_SEPARATOR
from gateway.stitching.selection import Selection
from gateway.store.tag_pages import sample_sets
from gateway.tags.computation import Tags, compute, is_missing_for_now
from gateway.tags.definitions import Pack
from gateway.tags.tag_counts import TagCounts

MAX_SAMPLE = 100_000

Change = tuple[str | None, str | None]
"""The value of before, and that of the other file; None where the tag is not given."""


class TagDifference(msgspec.Struct, kw_only=True):
    """How a tag changes. `only_in` says that one file alone has it; `examples` are ids of customers."""

    key: str
    same: int = 0
    unknown: int = 0
    only_in: str | None = None
    changes: Counter[Change] = msgspec.field(default_factory=Counter)
    examples: dict[Change, list[str]] = {}


class PackComparison(msgspec.Struct, kw_only=True):
    """The differences of all tags, of so many customers. `is_by_chance` says that these were chosen so."""

    customers: int
    missing: int
    is_by_chance: bool
    tags: list[TagDifference]


async def compare_packs(
    services: Services, path: Path, sample: int, examples: int, progress: Callable[[int], None]
) -> PackComparison:
    """Compute the tags of a sample of customers by the rules in force and by those of a file, from the same records.

    A tag for purposes is computed of those alone who may be shown for one of them. Nothing is stored.

    Raises `ConfigurationError` for the file, `SourceFailure`, `SourcesAwayError`, `StoreError`.
    """
    settings = services.settings.model_copy(update={"tags": services.settings.tags.model_copy(update={"file": path})})
    old, new = services.tags.pack, create_services(settings, previous=services, checks_documents=False).tags.pack
    keys = [*dict.fromkeys([*old.tags, *new.tags])]
    tags = {key: TagDifference(key=key, only_in=_only_in(key, old, new)) for key in keys}
    records = services.router.measured | {fact.record for fact in new.facts.values()}
    permitted = PermittedTags(services, old), PermittedTags(services, new)
    fields = Fields.from_paths("id") | permitted[0].selection.fields | permitted[1].selection.fields
    selection = Selection(fields=fields, stitches=frozenset(records))
    customers = missing = 0
    is_by_chance = False
    async with opened(services):
        chosen: Sequence[str] = [] if services.store is None else await sample_sets(services.store.mongo, sample)
        is_by_chance = bool(chosen)
        batches = _chosen(services, chosen, selection) if chosen else _first(services, sample, selection)
        async for batch in batches:
            whole = [customer.tagged for customer in batch if not is_unheard(customer)]
            before, after = await _compute_both(services, old, new, whole, permitted)
            weak = {pair[0] for own in (before, after) for pair, tag in own.items() if is_missing_for_now(tag)}
            customers += len(batch)
            missing += len(batch) - len(whole) + len(weak)
            if customers >= MIN_JUDGED and missing > MAX_MISSING * customers:
                raise SourcesAwayError(f"sources did not answer about {missing} of {customers} customers")
            for customer in whole:
                for key in keys:
                    _note(tags[key], customer, before, after, examples)
            progress(customers)
    return PackComparison(customers=customers, missing=missing, is_by_chance=is_by_chance, tags=[*tags.values()])


async def _compute_both(
    services: Services,
    old: Pack,
    new: Pack,
    customers: Sequence[StitchedCustomer],
    permitted: tuple[PermittedTags, PermittedTags],
) -> tuple[Tags, Tags]:
    """Compute by both files, with windows that end at the same moment."""
    clock = Clock(services.clock.reference())
    of_old, of_new = ([(own, key) for own in customers for key in each.keys_of(own)] for each in permitted)
    before = await compute(old, clock, services.tags.counts, of_old)
    after = await compute(new, clock, TagCounts(new, clock), of_new)
    return before, after


def _note(tag: TagDifference, customer: StitchedCustomer, before: Tags, after: Tags, examples: int) -> None:
    """Note what becomes of a tag of a customer. What lacks a fact, or is of nobody who permits it, is not compared."""
    pair = customer.id, tag.key
    known = [own[pair] for own in (before, after) if pair in own]
    if not known:
        return  # he permits it by neither file
    if any(is_missing_for_now(own) for own in known):
        tag.unknown += 1
        return
    change = before[pair].value if pair in before else None, after[pair].value if pair in after else None
    if change[0] == change[1]:
        tag.same += 1
        return
    tag.changes[change] += 1
    ids = tag.examples.setdefault(change, [])
    if len(ids) < examples:
        ids.append(customer.current_id)


def _only_in(key: str, old: Pack, new: Pack) -> str | None:
    if key in old.tags and key in new.tags:
        return None
    return "new" if key in new.tags else "old"


async def _chosen(services: Services, sets: Sequence[str], selection: Selection) -> AsyncIterator[Sequence[StitchedCustomer]]:
    """Find chosen customers by the first id of what is stored of them. Those who are linked by now come once."""
    known: set[str] = set()
    for start in range(0, len(sets), BATCH):
        keys = dict.fromkeys(Key(KeyKind.CUSTOMER_ID, own.partition(SET_SEPARATOR)[0]) for own in sets[start : start + BATCH])
        found = [own for own in await find_patiently(services, [*keys], selection) if isinstance(own, StitchedCustomer)]
        new = {own.current_id: own for own in found if own.current_id not in known}
        known.update(new)
        yield [*new.values()]


async def _first(services: Services, count: int, selection: Selection) -> AsyncIterator[Sequence[StitchedCustomer]]:
    """Walk over the first customers."""
    left = count
    async for batch in walk_customers(services, batch=min(BATCH, count), selection=selection):
        some = batch.customers[:left]
        left -= len(some)
        yield some
        if not left:
            return
