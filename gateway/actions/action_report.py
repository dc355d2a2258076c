"""Report what a rule brought about: who was told of, beside who was held out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from gateway.actions.proportions import Interval, newcombe_interval
from gateway.actions.webhook_delivery import ExperimentGroup

MIN_PEOPLE = 30
"""Of fewer customers in either part nothing is concluded."""


class GroupReport(msgspec.Struct, frozen=True):
    """A part of the experiment: how many customers, and how many of them converted afterwards."""

    customers: int = 0
    converted: int = 0


class ActionReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a rule. `left` are customers who were several of both parts. `interval` is that of 95 %.

    `difference` and `interval` are None where there are too few customers.
    """

    treated: GroupReport
    holdout: GroupReport
    left: int
    difference: float | None
    interval: Interval | None


class _Person(msgspec.Struct, eq=False):
    """A customer: the parts that his records had, and since when."""

    groups: set[ExperimentGroup]
    since: datetime
    is_converted: bool = False


async def report_action(
    parts: AsyncIterator[Mapping[str, Any]], conversions: Iterable[tuple[Sequence[str], datetime]]
) -> ActionReport:
    """Compare customers who were told of with those held out. Who has a record of two customers is one of them."""
    people = _People()
    async for own in parts:
        people.add(own["records"], ExperimentGroup(own["group"]), own["decidedAt"])
    for records, at in conversions:
        people.convert(records, at)
    counts = {group: [0, 0] for group in ExperimentGroup}
    left = 0
    for person in people.all():
        if len(person.groups) > 1:
            left += 1
            continue
        (group,) = person.groups
        counts[group][0] += 1
        counts[group][1] += person.is_converted
    treated, holdout = (GroupReport(*counts[group]) for group in (ExperimentGroup.TREATED, ExperimentGroup.HOLDOUT))
    difference = interval = None
    if min(treated.customers, holdout.customers) >= MIN_PEOPLE:
        first, second = (treated.converted, treated.customers), (holdout.converted, holdout.customers)
        difference = first[0] / first[1] - second[0] / second[1]
        interval = newcombe_interval(first, second)
    return ActionReport(treated=treated, holdout=holdout, left=left, difference=difference, interval=interval)


class _People:
    """Customers by their records. Those who share a record are one."""

    def __init__(self) -> None:
        self._by_record: dict[str, _Person] = {}
        self._joined: dict[int, list[str]] = {}

    def add(self, records: Sequence[str], group: ExperimentGroup, at: datetime) -> None:
        person = _Person({group}, at)
        names = list(records)
        for other in {id(own): own for name in records if (own := self._by_record.get(name)) is not None}.values():
            person.groups |= other.groups
            person.since = min(person.since, other.since)
            names += self._joined.pop(id(other))
        self._joined[id(person)] = names = list(dict.fromkeys(names))
        for name in names:
            self._by_record[name] = person

    def convert(self, records: Sequence[str], at: datetime) -> None:
        for name in records:
            person = self._by_record.get(name)
            if person is not None and at >= person.since:
                person.is_converted = True

    def all(self) -> Iterable[_Person]:
        return {id(own): own for own in self._by_record.values()}.values()
