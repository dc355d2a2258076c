"""Find sources whose orders are the same, and those that are said to have orders and have none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import combinations
from typing import Any

from connectors.contract import CUSTOMER_KEYS, Ask, Connector
from connectors.record_fields import Fields
from connectors.records import Order
from gateway.check.problems import Problem
from gateway.check.sampler import LookupSample, Sampler, find_strongest
from gateway.lookups.outcome import Found
from gateway.settings.validation import SettingProblem

MIN_SHARED, MIN_SHARE = 2, 0.1
"""So many orders that look the same, and so large a share of the orders that were compared, are no chance."""

MAX_APART = timedelta(days=2)
"""Two records of one order may say so different times. Numbers that only happen to be the same are further apart."""

_FIELDS = Fields.from_paths("id", "number", "placed_at")


def find_without_orders(priority: Sequence[str], connectors: Iterable[Connector[Any]]) -> Iterator[SettingProblem]:
    """Say which sources in `order.priority` find no orders. `connectors` are those that are sound."""
    finds = {own.name: any(one.record is Order and one.by in CUSTOMER_KEYS for one in own.lookups()) for own in connectors}
    for place, name in enumerate(priority):
        if finds.get(name) is False:
            message = f"{name} finds no orders; give it records of orders, or leave it out"
            yield SettingProblem(("order", "priority", place), message)


async def find_same_orders(samples: Sequence[LookupSample], sampler: Sampler, joined: Collection[str]) -> list[Problem]:
    """Say which sources seem to have the same orders, though the settings do not join them. No number is shown."""
    problems = []
    strongest = [own for own in samples if own.lookup.record is Order and find_strongest(samples, own.source, Order) is own]
    for first, second in combinations(strongest, 2):
        if {first.source, second.source} <= set(joined):
            continue
        others = [*second.records, *await _orders_of(second, first, sampler)]
        shared, compared = _count_shared(first.records, others)
        if shared >= MIN_SHARED and shared >= MIN_SHARE * compared:
            message = (
                f"{shared} of {compared} orders have the number or id of one of {first.source} of the same days, "
                "so they may be counted twice"
            )
            fix = f"if they are the same orders, join them: [order] priority, with {first.source} and {second.source}"
            problems.append(Problem(None, None, second.setting, message, fix))
    return problems


async def _orders_of(asked: LookupSample, other: LookupSample, sampler: Sampler) -> list[Any]:
    """Read the orders of another source's customers, where both are asked by the same kind of key."""
    if asked.lookup.by is not other.lookup.by or not other.read:
        return []
    outcomes = await sampler.fetch(asked.lookup, [*other.read], Ask(fields=_FIELDS, first=sampler.rows, more=False))
    return [record for outcome in outcomes.values() if isinstance(outcome, Found) for record in outcome.records]


def _count_shared(orders: Iterable[Any], others: Iterable[Any]) -> tuple[int, int]:
    """Count the others that have a name and about the time of an order, and all that were compared."""
    times: dict[str, list[Any]] = {}
    for order in orders:
        for name in _names(order):
            times.setdefault(name, []).append(order.placed_at)
    compared: Mapping[str, Any] = {order.id: order for order in others}
    shared = [
        order for order in compared.values() if any(_is_near(order.placed_at, times.get(name, ())) for name in _names(order))
    ]
    return len(shared), len(compared)


def _names(order: Any) -> set[str]:
    return {order.id, *([order.number.strip()] if order.number and order.number.strip() else [])}


def _is_near(time: Any, times: Iterable[Any]) -> bool:
    return any(abs(time - other) <= MAX_APART for other in times)
