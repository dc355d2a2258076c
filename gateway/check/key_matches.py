"""Find sources that are never asked, and sources whose keys are none of the customers'."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.contract import KeyKind
from connectors.records import RECORD_NAMES, Customer
from gateway.check.problems import Problem
from gateway.check.sampler import LookupSample, Sampler, find_customers, find_strongest
from gateway.identity.keys import asked_keys, words


def find_never_asked(samples: Sequence[LookupSample]) -> list[Problem]:
    """Say which lookups no query reaches, since another source or another kind of key comes first."""
    return [*_other_customers(samples), *_weaker_keys(samples)]


async def find_never_matching(samples: Sequence[LookupSample], sampler: Sampler) -> list[Problem]:
    """Say of which sources the keys and those of the customers do not meet. Both are counted, and none is shown."""
    customers = next((own for own in samples if own.lookup.record is Customer and own.records), None)
    if customers is None:
        return []
    problems = []
    for sample in samples:
        record, kind = sample.lookup.record, sample.lookup.by
        is_asked = find_strongest(samples, sample.source, record) is sample
        if record is Customer or not is_asked or not any(own.rows for own in sample.keys):
            continue
        as_written = not sample.connector.any_case
        keys = [
            key for customer in customers.records for key in asked_keys(customer, kind, sampler.region, as_written=as_written)
        ]
        asked = list(dict.fromkeys(keys))[: sampler.rows]
        if not asked:
            problems.append(_without_keys(sample, customers))
        elif not await sampler.finds_any(sample.lookup, asked) and not await _finds_customers(sample, samples, sampler):
            problems.append(_unmatched(sample, customers, len(asked)))
    return problems


async def _finds_customers(sample: LookupSample, samples: Sequence[LookupSample], sampler: Sampler) -> bool:
    """Tell whether a key of a source finds a customer. It does not where customers are not found by its kind."""
    finder = find_customers(samples, sample.lookup.by)
    if finder is None:
        return False
    forms = [form for own in sample.keys if own.rows for form in sampler.forms(sample.lookup.by, own.key)]
    return await sampler.finds_any(finder.lookup, list(dict.fromkeys(forms))[: sampler.rows])


def _without_keys(sample: LookupSample, customers: LookupSample) -> Problem:
    kind = words(sample.lookup.by)
    message = f"none of {len(customers.records)} customers of {customers.source} has a {kind}, so it is never asked"
    fix = f"let {customers.source} give each customer's {kind}, or choose another kind of key"
    return Problem(None, None, sample.key_setting, message, fix)


def _unmatched(sample: LookupSample, customers: LookupSample, asked: int) -> Problem:
    record, kind = RECORD_NAMES[sample.lookup.record], words(sample.lookup.by)
    message = (
        f"none of {asked} {kind} keys of customers of {customers.source} finds a record here, "
        f"and none of {len(sample.keys)} keys here finds a customer"
    )
    return Problem(None, None, sample.key_setting, message, f"give {record} records the {kind} that {customers.source} has")


def _other_customers(samples: Sequence[LookupSample]) -> Iterator[Problem]:
    """Say which sources of customers come too late for a kind of key."""
    for sample in samples:
        first = find_customers(samples, sample.lookup.by)
        if sample.lookup.record is Customer and first is not None and first is not sample:
            message = f"customers are never asked for here by {words(sample.lookup.by)}: {first.source} comes first in the file"
            fix = "a customer comes from one source; put the better one first, and remove this"
            yield Problem(None, None, sample.key_setting, message, fix)


def _weaker_keys(samples: Sequence[LookupSample]) -> Iterator[Problem]:
    """Say which keys of a record come after a stronger kind of the same source."""
    for sample in samples:
        record, kind = sample.lookup.record, sample.lookup.by
        if record is Customer or kind is KeyKind.TEXT:
            continue
        strongest = find_strongest(samples, sample.source, record)
        if strongest is not None and strongest is not sample:
            message = f"it is never asked for: this source is asked by {words(strongest.lookup.by)}, which is stronger"
            yield Problem(None, None, sample.key_setting, message, "remove it")
