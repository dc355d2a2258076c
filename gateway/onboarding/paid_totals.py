"""Propose what was paid for the total of an order that has none, where the items confirm it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from connectors.catalogue import CatalogueReader
from connectors.errors import SourceError
from gateway.onboarding.column_reach import reachable_columns
from gateway.onboarding.field_matches import match_fields
from gateway.onboarding.proposal import Confidence, Evidence, FieldProposal, ListProposal, RecordProposal, ValueForm
from gateway.onboarding.table_graph import TableGraph
from gateway.onboarding.value_shapes import as_number

MAX_COMPARED = 50
MIN_COMPARED = 5
MIN_EQUAL = 0.95
"""How many orders are paid as the items and their shipping add up to, within one part in a hundred."""


async def add_paid_total(graph: TableGraph, reader: CatalogueReader, order: RecordProposal) -> RecordProposal:
    """Propose the sum of the payments. What nothing confirms stays as it was."""
    total = order.field("total_amount")
    if total is not None and total.confidence is not Confidence.UNSURE:
        return order
    items, payments = _list(order, "items"), _list(order, "payments")
    id_field, paid = order.fields[0].reached, None if payments is None else _plain(payments, "amount_amount")
    currency = None if payments is None else next((own for own in payments.fields if own.field == "amount_currency"), None)
    if (
        items is None
        or payments is None
        or id_field is None
        or paid is None
        or currency is None
        or currency.reached is not None
    ):
        return order
    asked = [id_ for id_ in id_field.column.samples if id_ is not None][:MAX_COMPARED]
    try:
        found = _sums(await reader.read_rows(payments.table, [payments.parent, paid], payments.parent, asked))
        due = await _due(graph, reader, items, asked)
    except SourceError:
        return order
    compared = [(found[id_], due[id_]) for id_ in found.keys() & due.keys()]
    equal = sum(1 for one, other in compared if abs(one - other) <= max(abs(one), Decimal(1)) / 100)
    if len(compared) < MIN_COMPARED or equal < MIN_EQUAL * len(compared):
        return order
    note = f"what was paid; the items of {equal} in {len(compared)} orders confirm it"
    own = FieldProposal(
        field="total_amount", form=ValueForm.PAYMENT_SUM, confidence=Confidence.LIKELY, evidence=(Evidence.DATA,), note=note
    )
    others = [field for field in order.fields if field.field not in ("total_amount", "total_currency")]
    return msgspec.structs.replace(
        order, fields=[*others, own, msgspec.structs.replace(currency, field="total_currency", confidence=Confidence.LIKELY)]
    )


def _list(order: RecordProposal, name: str) -> ListProposal | None:
    return next((own for own in order.lists if own.name == name and own.confidence is not Confidence.UNSURE), None)


def _plain(own: ListProposal, name: str) -> str | None:
    """Name the column of a list's own table that a field is, as it is."""
    field = next((field for field in own.fields if field.field == name and field.confidence is not Confidence.UNSURE), None)
    is_plain = field is not None and field.form is ValueForm.PLAIN and field.reached is not None and not field.reached.joins
    return field.reached.column.name if field is not None and field.reached is not None and is_plain else None


async def _due(graph: TableGraph, reader: CatalogueReader, items: ListProposal, ids: list[object]) -> dict[str, Decimal]:
    """Add up quantity times price, and the shipping of each item where it has one."""
    price, quantity = _plain(items, "unit_price_amount"), _plain(items, "quantity")
    if price is None:
        return {}
    own = [reached for reached in reachable_columns(graph, items.table) if not reached.joins]
    shipping = match_fields("order", items.table, own, [items.parent, price]).get("shipping_amount")
    freight = shipping.reached.column.name if shipping is not None and shipping.reached is not None else None
    columns = [items.parent, price, *([quantity] if quantity else []), *([freight] if freight else [])]
    rows = await reader.read_rows(items.table, columns, items.parent, ids)
    return _sums(
        (
            row[0],
            (as_number(row[1]) or Decimal(0)) * (_number(row[2]) if quantity else 1) + (_number(row[-1]) if freight else 0),
        )
        for row in rows
    )


def _number(value: object) -> Decimal:
    return as_number(value) or Decimal(0)


def _sums(rows: Iterable[tuple[object, ...]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for id_, amount, *_ in rows:
        sums[str(id_)] = sums.get(str(id_), Decimal(0)) + _number(amount)
    return sums
