"""Say of an order which records it is made of: whose values it has, and what its sources contributed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from connectors.record_fields import Fields
from connectors.records import ExternalOrderId, Order
from gateway.identity.node_ids import node_id
from gateway.identity.records import RecordId
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.stitching.joined_orders import OrderAnswers
from gateway.stitching.order_join import choose_record
from gateway.stitching.order_sources import OrderId, OrderSources
from gateway.stitching.origins import MemberRecord, Origin, OriginRule, origins_of
from gateway.stitching.position import OwnedRecord
from gateway.stitching.source_reports import SourceReport, reports_of

MAX_TYPES = 1_000


class OrderTrace(msgspec.Struct, frozen=True):
    """Know of one order its id, the records that it is made of in order of rank, and what its sources answered.

    `selected` are the fields that the caller sees, `orders` the sources that know it together. `partial` says that other
    records of it may be missing.
    """

    id: OrderId
    members: Sequence[MemberRecord]
    outcomes: Sequence[Outcome]
    selected: Fields
    orders: OrderSources | None = None
    partial: bool = False

    @property
    def current_id(self) -> str:
        """The id under which the order is best asked for."""
        return node_id(*self.id)

    @property
    def ids(self) -> set[OrderId]:
        """List the ids that find the order: its own, and those of its records."""
        return {self.id, *(member.id for member in self.members)}

    def origins(self) -> list[Origin]:
        """Say whose value each selected field is."""
        members = self.members
        if self.orders is not None and "external_ids" in self.selected:
            ids = self.orders.ids
            members = [self._with_ids(member, ids(member.source, member.record)) for member in members]
        return origins_of(Order, members, self.selected, _choose)

    def sources(self) -> list[SourceReport]:
        """Report what each source contributed."""
        return reports_of((Order, outcome) for outcome in self.outcomes)

    def _with_ids(self, member: MemberRecord, ids: Iterable[OrderId]) -> MemberRecord:
        """Give a record all ids that it brings to the order, beside the order's own."""
        others = [ExternalOrderId(source=system, id=own_id) for system, own_id in ids if (system, own_id) != self.id]
        return msgspec.structs.replace(member, record=msgspec.structs.replace(member.record, external_ids=others))


def trace_orders(
    owned: Sequence[OwnedRecord],
    outcomes: Sequence[Outcome],
    selected: Fields,
    orders: OrderSources | None = None,
    joined: OrderAnswers | None = None,
    *,
    is_short: bool = False,
) -> list[Any]:
    """Copy narrowed orders with their traces. `joined` has those that `orders` know together."""
    answers = {(own.source, record.id): own for own in outcomes if isinstance(own, Found) for record in own.records}
    parts_of: dict[OrderId, Sequence[OwnedRecord]] = {}
    of_orders, is_partial = list[Outcome](), False
    if orders is not None and joined is not None:
        parts_of = {(source, own.id): parts for (own, source), parts in zip(joined.owned, joined.parts, strict=True)}
        rank = orders.rank
        of_orders = [own for own in outcomes if own.source in rank or isinstance(own, Failed)]
        of_orders.sort(key=lambda own: rank.get(own.source, len(rank)))
        is_partial = joined.is_cut or is_short
    traced: list[Any] = []
    for record, source in owned:
        id_ = (source, record.id)
        parts = parts_of.get(id_, [(record, source)])
        members = [MemberRecord(RecordId(name, own.id), own, answers[name, own.id]) for own, name in parts]
        if id_ in parts_of:
            trace = OrderTrace(id_, members, of_orders, selected, orders, is_partial)
        else:
            trace = OrderTrace(id_, members, [own for own in outcomes if own.source == source], selected)
        traced.append(_with_trace(record, trace))
    return traced


def _with_trace(record: Any, trace: OrderTrace) -> Any:
    kind: Any = type(record)
    return _traced(kind)(**{name: getattr(record, name) for name in record.__struct_fields__}, trace=trace)


def _choose(name: str, members: Sequence[MemberRecord]) -> tuple[MemberRecord, OriginRule]:
    chosen = choose_record(name, [member.record for member in members])
    return next(member for member in members if member.record is chosen), OriginRule.PRIORITY


@lru_cache(maxsize=MAX_TYPES)
def _traced(kind: Any) -> Any:
    """Make the type of a narrowed order with its trace."""
    return msgspec.defstruct(kind.__name__, [("trace", OrderTrace)], bases=(kind,), frozen=True, kw_only=True, gc=False)
