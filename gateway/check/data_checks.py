"""Look at the data of sources: sample each lookup, and find what is lost, slow or never asked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AsyncExitStack
from typing import Any

import msgspec

from connectors.contract import Connector
from connectors.records import RECORD_NAMES
from gateway.check.fact_fields import find_empty_fields
from gateway.check.indexes import find_missing_indexes
from gateway.check.key_matches import find_misspelt_systems, find_never_matching, find_unlinked, find_weaker_keys
from gateway.check.order_checks import find_same_orders
from gateway.check.problems import Problem
from gateway.check.reachability import Reach, Reachability
from gateway.check.sample_findings import find_in_records, find_unusual_keys
from gateway.check.sampler import Advance, LookupSample, Sampler
from gateway.check.tag_conditions import find_unmet_conditions
from gateway.stitching.customer_sources import CustomerSources
from gateway.tags.definitions import Pack


class SampleSummary(msgspec.Struct, frozen=True):
    """How many keys and records of a lookup were looked at. Both are None where the source cannot list keys."""

    source: str
    record: str
    key: str
    keys: int | None
    records: int | None


class DataReport(msgspec.Struct, frozen=True):
    """What the data of sources show. `problems` lose records or values; `warnings` are slow, or look wrong."""

    problems: Sequence[Problem]
    warnings: Sequence[Problem]
    samples: Sequence[SampleSummary]
    reach: Sequence[Reach] = ()


async def check_data(
    connectors: Sequence[Connector[Any]],
    pack: Pack,
    file: str | None,
    sampler: Sampler,
    customers: CustomerSources | None = None,
    *,
    advance: Advance = lambda _: None,
    joined: Collection[str] = (),
) -> DataReport:
    """Open connectors, sample their lookups, and close them. `file` is that of the tags.

    Sources are compared with each other where `customers` says how they come together. The orders of the sources `joined`
    are told to be the same.
    """
    reach: list[Reach] = []
    async with AsyncExitStack() as stack:
        for connector in connectors:
            stack.push_async_callback(connector.aclose)
            await connector.open()
        samples = await sampler.sample(connectors, advance)
        found = find_in_records(samples)
        warnings = [
            *found.warnings,
            *await find_unusual_keys(samples, sampler),
            *await find_missing_indexes(connectors),
            *await find_unmet_conditions(samples, pack, file, sampler),
            *find_empty_fields(samples, pack.facts.values() if file else (), file),
        ]
        if customers is not None:
            warnings += find_weaker_keys(samples)
            warnings += await find_never_matching(samples, customers, sampler)
            warnings += await find_unlinked(samples, customers, sampler)
            warnings += find_misspelt_systems(samples, customers)
            warnings += await find_same_orders(samples, sampler, joined)
            reach = Reachability(samples, customers).find_all()
    return DataReport(found.problems, warnings, [_summary(sample) for sample in samples], reach)


def _summary(sample: LookupSample) -> SampleSummary:
    own = (sample.source, RECORD_NAMES[sample.lookup.record], sample.lookup.by.value)
    return SampleSummary(*own, *((len(sample.read), sample.count) if sample.is_sampled else (None, None)))


def sample_lines(samples: Sequence[SampleSummary]) -> list[str]:
    """Say how much was looked at, a line for each lookup."""
    return [
        f"{own.source}: {own.record} by {own.key}: "
        + ("not sampled, for it lists no keys" if own.keys is None else f"{own.records} records of {own.keys} keys")
        for own in samples
    ]
