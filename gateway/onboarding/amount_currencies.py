"""Give amounts their currency: from a column, from a column that has one value, or from what people say. Never by a guess."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from connectors.catalogue import CatalogueReader, CatalogueTable, split_words
from connectors.errors import SourceError
from gateway.onboarding.field_matches import BUYER_WORDS
from gateway.onboarding.proposal import (
    Confidence,
    Evidence,
    FieldProposal,
    ListProposal,
    ReachedColumn,
    RecordProposal,
    TableJoin,
    ValueForm,
    weakest,
)
from gateway.onboarding.table_graph import TableGraph
from gateway.onboarding.value_shapes import ENOUGH, as_number, is_currency, share_of

MAX_PROVED_ORDERS = 50
NO_CURRENCY = "no currency is known: say --currency"
_WHOLE_CURRENCIES = ("JPY", "KRW", "VND", "CLP", "ISK", "PYG", "UGX", "XAF", "XOF", "XPF")


def price_records(
    graph: TableGraph, records: Sequence[RecordProposal], currency: str | None
) -> tuple[list[RecordProposal], bool]:
    """Give each amount a currency. Says also whether some have none: these are comments."""
    common = _constant(currency, Confidence.SURE) if currency else _single_currency(graph)
    priced = [_price_record(graph, record, common) for record in records]
    lacks = any(field.note == NO_CURRENCY for record in priced for field in _all_fields(record))
    return priced, lacks


def _all_fields(record: RecordProposal) -> list[FieldProposal]:
    return [*record.fields, *(field for own in record.lists for field in own.fields)]


def _constant(currency: str, confidence: Confidence) -> FieldProposal:
    return FieldProposal(
        field="currency", form=ValueForm.CONSTANT, constant=currency, confidence=confidence, evidence=(Evidence.DATA,)
    )


def _single_currency(graph: TableGraph) -> FieldProposal | None:
    """Find the one currency that the columns called so have, where all of them have the same."""
    codes = {
        str(value).strip().upper()
        for table in graph.catalogue.tables
        for column in table.columns
        if "currency" in split_words(column.name) and share_of(column.values, is_currency) == 1.0
        for value in column.values
    }
    return _constant(codes.pop(), Confidence.LIKELY) if len(codes) == 1 else None


def _price_record(graph: TableGraph, record: RecordProposal, common: FieldProposal | None) -> RecordProposal:
    column = next((own for own in record.fields if own.field.endswith("_currency")), None)
    id_column = record.fields[0].reached
    lists = []
    for own in record.lists:
        joined = None
        if column is not None and column.reached is not None and id_column is not None and not column.reached.joins:
            join = TableJoin(own.parent, record.table, id_column.column.name)
            joined = msgspec.structs.replace(
                column, reached=ReachedColumn(column.reached.column, column.reached.words, (join,))
            )
        lists.append(_price_list(graph.table(own.table), own, joined or common))
    table = graph.table(record.table)
    return msgspec.structs.replace(record, fields=_priced(table, record.fields, column or common), lists=lists)


def _price_list(table: CatalogueTable, own: ListProposal, currency: FieldProposal | None) -> ListProposal:
    column = next((field for field in own.fields if field.field.endswith("_currency")), None)
    return msgspec.structs.replace(own, fields=_priced(table, own.fields, column or currency))


def _currency_beside(table: CatalogueTable, field: FieldProposal) -> FieldProposal | None:
    """Find the currency of one amount: `total_currency_code` beside `total_amount`."""
    if field.reached is None or field.reached.joins:
        return None
    *stem, end = split_words(field.reached.column.name)
    if end != "amount" or not stem:
        return None
    for column in table.columns:
        words = split_words(column.name)
        if words in ((*stem, "currency"), (*stem, "currency", "code")) and share_of(column.values, is_currency) >= ENOUGH:
            evidence = (Evidence.NAME, Evidence.DATA)
            reached = ReachedColumn(column, words)
            return FieldProposal(field="currency", reached=reached, confidence=Confidence.SURE, evidence=evidence)
    return None


def _is_of_buyer(field: FieldProposal) -> bool:
    """Tell whether an amount is in the currency that the buyer was shown, and so in none of the order's."""
    return field.reached is not None and not BUYER_WORDS.isdisjoint(split_words(field.reached.column.name))


def _priced(table: CatalogueTable, fields: Sequence[FieldProposal], others: FieldProposal | None) -> list[FieldProposal]:
    """Put a currency behind each amount: the one beside it, or that of the others."""
    priced: list[FieldProposal] = []
    for field in fields:
        currency = _currency_beside(table, field) or (None if _is_of_buyer(field) else others)
        if field.field.endswith("_currency"):
            continue
        if not field.field.endswith("_amount"):
            priced.append(field)
            continue
        if currency is None:
            priced.append(msgspec.structs.replace(field, confidence=Confidence.UNSURE, note=NO_CURRENCY))
            continue
        confidence, note = weakest(field.confidence, currency.confidence), field.note
        if field.form is ValueForm.CENTS and currency.constant in _WHOLE_CURRENCIES:
            confidence, note = Confidence.UNSURE, f"{currency.constant} has no smaller unit: whole or hundredths?"
        name = f"{field.field.removesuffix('_amount')}_currency"
        priced.append(msgspec.structs.replace(field, confidence=confidence, note=note))
        priced.append(msgspec.structs.replace(currency, field=name, confidence=confidence))
    return priced


async def prove_totals(reader: CatalogueReader, order: RecordProposal) -> RecordProposal:
    """Compare totals with the sums of the items, of at most fifty orders, within one part in a hundred."""
    total, items = order.field("total_amount"), next((own for own in order.lists if own.name == "items"), None)
    if items is None or order.fields[0].reached is None:
        return order
    names = {field.field: field.reached.column.name for field in items.fields if field.reached and not field.reached.joins}
    if not {"quantity", "unit_price_amount"} <= names.keys():
        return order
    if total is None or total.reached is None or total.reached.joins:
        return order if total is not None else _with_item_sum(order)
    ids = order.fields[0].reached.column.samples
    given = {
        _form(id_): as_number(value) for id_, value in zip(ids, total.reached.column.samples, strict=False) if id_ is not None
    }
    asked = [id_ for id_ in ids if id_ is not None][:MAX_PROVED_ORDERS]
    try:
        rows = await reader.read_rows(
            items.table, [items.parent, names["quantity"], names["unit_price_amount"]], items.parent, asked
        )
    except SourceError:
        return order
    sums: dict[str, Decimal] = {}
    for parent, quantity, price in rows:
        amount = (as_number(quantity) or Decimal(0)) * (as_number(price) or Decimal(0))
        sums[_form(parent)] = sums.get(_form(parent), Decimal(0)) + amount
    compared = [(total, sums[id_]) for id_, total in given.items() if total is not None and id_ in sums]
    return _with_verdict(order, compared)


def _form(value: object) -> str:
    return str(value)


def _with_verdict(order: RecordProposal, compared: Sequence[tuple[Decimal, Decimal]]) -> RecordProposal:
    if not compared:
        return order
    equal = sum(1 for total, amount in compared if abs(total - amount) <= max(abs(total), Decimal(1)) / 100)
    less = sum(1 for total, amount in compared if total < amount / 2)
    fields = []
    for field in order.fields:
        own = field
        if field.field == "total_amount" and field.confidence is not Confidence.UNSURE:
            if equal >= 0.95 * len(compared):
                evidence = tuple(dict.fromkeys((*field.evidence, Evidence.DATA)))
                own = msgspec.structs.replace(field, confidence=Confidence.SURE, evidence=evidence)
            elif less * 2 > len(compared):
                note = "less than half of what the items add up to"
                own = msgspec.structs.replace(field, confidence=Confidence.UNSURE, note=note)
        fields.append(own)
    return msgspec.structs.replace(order, fields=fields)


def _with_item_sum(order: RecordProposal) -> RecordProposal:
    """Propose the sum of the items as a comment, where there is no total: nothing confirms it."""
    note = "no total is stored: the sum of the items, before what is added or taken off?"
    own = FieldProposal(field="total_amount", form=ValueForm.ITEM_SUM, confidence=Confidence.UNSURE, note=note)
    return msgspec.structs.replace(order, fields=[*order.fields, own])
