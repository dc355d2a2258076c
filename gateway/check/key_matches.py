"""Find keys that are never asked for, and sources whose keys are none of the customers'."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.contract import CUSTOMER_KEYS, LINKING_KINDS, KeyKind
from connectors.records import RECORD_NAMES, Account, Customer
from gateway.check.problems import Problem
from gateway.check.sampler import LookupSample, Sampler, find_customers, find_strongest
from gateway.identity.keys import asked_keys, keys_of, words
from gateway.stitching.customer_sources import CustomerSources


class CustomerSamples:
    """The sampled records of the sources of customers, one sample of each."""

    def __init__(self, samples: Sequence[LookupSample], customers: CustomerSources) -> None:
        self._customers = customers
        own = [sample for sample in samples if sample.lookup.record is Customer and sample.records]
        by_source = {sample.source: sample for sample in reversed(own)}
        self.all = [by_source[source.name] for source in customers.all if source.name in by_source]

    def asked_for(self, sample: LookupSample) -> list[LookupSample]:
        """List those by whose keys a lookup is asked."""
        if sample.lookup.by is not KeyKind.CUSTOMER_ID:
            return self.all
        id_space = self._customers.id_space
        return [own for own in self.all if id_space(sample.source) in (own.source, id_space(own.source))]


def find_weaker_keys(samples: Sequence[LookupSample]) -> list[Problem]:
    """Say which lookups no query reaches, since a stronger kind of key of the same source comes first.

    Where there are accounts, their records are asked for by these.
    """
    problems, has_accounts = [], any(sample.lookup.record is Account for sample in samples)
    for sample in samples:
        record, kind = sample.lookup.record, sample.lookup.by
        if record is Customer or kind not in CUSTOMER_KEYS or (has_accounts and kind is KeyKind.ACCOUNT):
            continue
        strongest = find_strongest(samples, sample.source, record)
        if strongest is not None and strongest is not sample:
            message = f"it is never asked for: this source is asked by {words(strongest.lookup.by)}, which is stronger"
            problems.append(Problem(None, None, sample.key_setting, message, "remove it"))
    return problems


async def find_never_matching(samples: Sequence[LookupSample], customers: CustomerSources, sampler: Sampler) -> list[Problem]:
    """Say of which sources the keys and those of the customers do not meet. Both are counted, and none is shown."""
    problems, known = [], CustomerSamples(samples, customers)
    for sample in samples:
        record, asking = sample.lookup.record, known.asked_for(sample)
        is_asked = find_strongest(samples, sample.source, record) is sample
        if record is Customer or not asking or not is_asked or not any(own.rows for own in sample.keys):
            continue
        asked = _keys_of(asking, sample, customers, sampler)
        if not asked:
            problems.append(_without_keys(sample, asking))
        elif not await sampler.finds_any(sample.lookup, asked) and not await _finds_customers(sample, samples, sampler):
            problems.append(_unmatched(sample, asking, len(asked)))
    return problems


def find_misspelt_systems(samples: Sequence[LookupSample], customers: CustomerSources) -> list[Problem]:
    """Say which customers state ids of a source whose name they write in other letters: these link nothing."""
    problems = []
    names = {name.lower(): name for name in customers.rank}
    for own in CustomerSamples(samples, customers).all if customers.are_several else ():
        stated = {key.partition(":")[0] for record in own.records for key in keys_of(record, KeyKind.EXTERNAL_ID)}
        for system in sorted(stated - customers.rank.keys()):
            if (name := names.get(system.lower())) is not None:
                message = f"customers here state ids of '{system}', which link nothing: the source is '{name}'"
                problems.append(Problem(None, None, own.setting, message, f"write the system of external_ids as '{name}'"))
    return problems


async def find_unlinked(samples: Sequence[LookupSample], customers: CustomerSources, sampler: Sampler) -> list[Problem]:
    """Say of which sources of customers no record has a key in common with those of another source."""
    known = CustomerSamples(samples, customers).all
    if len(known) < 2:
        return []
    kinds = {KeyKind.CUSTOMER_ID, *LINKING_KINDS}
    lookups = [sample for sample in samples if sample.lookup.record is Customer and sample.lookup.by in kinds]
    joined: set[str] = set()
    for sample in lookups:
        kind = sample.lookup.by
        for own in known:
            if own.source != sample.source and not {own.source, sample.source} <= joined:
                if kind is KeyKind.CUSTOMER_ID:
                    keys = _stated(own, sample.source)
                else:
                    keys = _keys_of([own], sample, customers, sampler)
                if keys and await sampler.finds_any(sample.lookup, keys):
                    joined |= {own.source, sample.source}
    return [_unlinked(own) for own in known if own.source not in joined]


def _keys_of(known: Sequence[LookupSample], sample: LookupSample, customers: CustomerSources, sampler: Sampler) -> list[str]:
    """List keys of sampled customers by which a lookup is asked."""
    as_written, kind = not sample.connector.any_case, sample.lookup.by
    records = [(record, customers.phone_regions[own.source]) for own in known for record in own.records]
    keys = [key for record, region in records for key in asked_keys(record, kind, region, as_written=as_written)]
    return list(dict.fromkeys(keys))[: sampler.rows]


def _stated(customers: LookupSample, source: str) -> list[str]:
    """List the ids of a source that sampled customers of another one state."""
    ids = [key.partition(":") for record in customers.records for key in keys_of(record, KeyKind.EXTERNAL_ID)]
    return [own for system, _, own in ids if system == source]


async def _finds_customers(sample: LookupSample, samples: Sequence[LookupSample], sampler: Sampler) -> bool:
    """Tell whether a key of a source finds a customer. It does not where customers are not found by its kind."""
    finder = find_customers(samples, sample.lookup.by)
    if finder is None:
        return False
    forms = [form for own in sample.keys if own.rows for form in sampler.forms(sample, own.key)]
    return await sampler.finds_any(finder.lookup, list(dict.fromkeys(forms))[: sampler.rows])


def _without_keys(sample: LookupSample, customers: Sequence[LookupSample]) -> Problem:
    kind, count = words(sample.lookup.by), sum(len(own.records) for own in customers)
    message = f"none of {count} customers of {_names(customers)} has a {kind}, so it is never asked"
    fix = f"let {_names(customers)} give each customer's {kind}, or choose another kind of key"
    return Problem(None, None, sample.key_setting, message, fix)


def _unmatched(sample: LookupSample, customers: Sequence[LookupSample], asked: int) -> Problem:
    record, kind = RECORD_NAMES[sample.lookup.record], words(sample.lookup.by)
    message = (
        f"none of {asked} {kind} keys of customers of {_names(customers)} finds a record here, "
        f"and none of {len(sample.keys)} keys here finds a customer"
    )
    form = ", in E.164, or set phone_region of each source" if sample.lookup.by is KeyKind.PHONE else ""
    fix = f"give {record} records the {kind} that {_names(customers)} has{form}"
    return Problem(None, None, sample.key_setting, message, fix)


def _unlinked(customers: LookupSample) -> Problem:
    count = len(customers.records)
    message = f"none of {count} customers here has a key that finds one in another source of customers, so none is linked"
    return Problem(None, None, customers.setting, message, "give both the same keys, such as the id at the other source")


def _names(customers: Sequence[LookupSample]) -> str:
    return ", ".join(own.source for own in customers)
