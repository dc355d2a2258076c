"""Join the records of one order in several systems. Pure: the order of records and sources never matters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from connectors.record_fields import Fields, narrow
from connectors.records import ExternalOrderId
from gateway.stitching.order_sources import MONEY_FIELDS, OrderId, OrderSources
from gateway.stitching.origins import is_empty
from gateway.stitching.position import OwnedRecord

_Name = tuple[str | None, str]
"""By what two records are seen to be one order: an id, or a number without a source."""


class JoinedOrders(msgspec.Struct, frozen=True):
    """Orders with the sources that they are of, and the records that each is made of.

    `is_doubtful` says that numbers do not tell which records are one.
    """

    owned: list[OwnedRecord]
    parts: list[Sequence[OwnedRecord]]
    is_doubtful: bool


def join_orders(
    owned: Sequence[OwnedRecord], sources: OrderSources, fields: Fields, unknown: Collection[str] = ()
) -> JoinedOrders:
    """Join records that name the same order. All have the `fields`.

    Of the records of one order the source that ranks first says how many orders there are: each of its records is one. Where it
    has one, the others fill what it leaves empty; where it has several, the others say nothing of either.
    `unknown` are sources whose orders are not all here. An order that is stated to be theirs has their id.
    """
    shared = _shared_numbers(owned, sources)
    merge = _Merge(sources, fields, unknown)
    joined: list[OwnedRecord] = []
    parts: list[Sequence[OwnedRecord]] = []
    is_doubtful = False
    for group in _groups(owned, sources):
        group.sort(key=lambda own: (sources.rank[own[1]], own[0].id))
        tops = [own for own in group if own[1] == group[0][1]]
        if len(tops) < len(group):
            is_doubtful |= bool(shared) and any(sources.number(source, record) in shared for record, source in group)
        if len(tops) == 1:
            joined.append(merge.merge(group))
            parts.append(group)
        else:
            joined += tops
            parts += [[own] for own in tops]
    return JoinedOrders(joined, parts, is_doubtful)


def choose_record(name: str, records: Sequence[Any]) -> Any:
    """Choose the record whose value of a field counts: the first that has one. Of amounts it is one record for all.

    Of update times it is the newest, or none where a record has none: that order may have changed.

    Of several records each has all amounts, whichever are selected.
    """
    if len(records) == 1:
        return records[0]
    if name in MONEY_FIELDS:
        return _paying(records)
    if name == "updated_at":
        return _updated(records)
    return next((record for record in records if not is_empty(getattr(record, name))), records[0])


def _groups(owned: Sequence[OwnedRecord], sources: OrderSources) -> list[list[OwnedRecord]]:
    """Group records that have a name in common, over others too."""
    group_of: dict[_Name, list[OwnedRecord]] = {}
    names_of: dict[int, list[_Name]] = {}
    for record, source in owned:
        number = sources.number(source, record)
        names: list[_Name] = [*sources.ids(source, record), *([] if number is None else [(None, number)])]
        groups = {id(group): group for name in names if (group := group_of.get(name)) is not None}
        group = max(groups.values(), key=len, default=[])
        for other in groups.values():
            if other is not group:
                group += other
                names += names_of.pop(id(other))
        group.append((record, source))
        names_of.setdefault(id(group), []).extend(names)
        group_of.update(dict.fromkeys(names, group))
    return [*{id(group): group for group in group_of.values()}.values()]


def _shared_numbers(owned: Sequence[OwnedRecord], sources: OrderSources) -> set[str | None]:
    """Find the numbers that one source gives to several orders."""
    counts = Counter((source, sources.number(source, record)) for record, source in owned)
    return {number for (_, number), count in counts.items() if count > 1 and number is not None}


class _Merge:
    """Merges the records of an order that have the `fields`."""

    def __init__(self, sources: OrderSources, fields: Fields, unknown: Collection[str]) -> None:
        names = [name for name, _ in fields if name not in ("id", "external_ids")]
        self._sources = sources
        self._unknown = unknown
        self._amounts = [name for name in names if name in MONEY_FIELDS]
        self._others = [name for name in names if name not in MONEY_FIELDS]
        self._stated = narrow(ExternalOrderId, next(inner for name, inner in fields if name == "external_ids"))

    def merge(self, group: Sequence[OwnedRecord]) -> OwnedRecord:
        """Merge records that come in order of rank: empty never wins, and amounts are those of one record."""
        record, source = group[0]
        ids = dict.fromkeys(name for own, owner in group for name in self._sources.ids(owner, own))
        values: dict[str, Any] = {}
        if len(group) > 1:
            records = [own for own, _ in group]
            values = {name: getattr(choose_record(name, records), name) for name in self._others}
            if self._amounts:
                paying = _paying(records)
                values |= {name: getattr(paying, name) for name in self._amounts}
        chosen = _id_of((source, record.id), ids, self._sources, self._unknown)
        others = [self._stated(source=system, id=own_id) for system, own_id in ids if (system, own_id) != chosen]
        return msgspec.structs.replace(record, **values, id=chosen[1], external_ids=others), chosen[0]


def _id_of(own: OrderId, ids: Collection[OrderId], sources: OrderSources, unknown: Collection[str]) -> OrderId:
    """Choose the id of an order: its first record's, or that which it has at a source before it that is not known."""
    for name in sources.rank if unknown else ():
        if name == own[0]:
            break
        stated = [other for other in ids if other[0] == name]
        if name in unknown and len(stated) == 1:
            return stated[0]
    return own


def _updated(records: Sequence[Any]) -> Any:
    """Choose the record that changed last. One without a time may have."""
    untimed = next((record for record in records if record.updated_at is None), None)
    return untimed or max(records, key=lambda record: record.updated_at)


def _paying(records: Sequence[Any]) -> Any:
    """Choose the record whose amounts count: the first with a total, else the first with any."""
    with_total = next((record for record in records if record.total is not None), None)
    any_amount = (record for record in records if any(getattr(record, name) is not None for name in MONEY_FIELDS))
    return with_total or next(any_amount, records[0])
