"""Find who a person is where the table of customers has a new row, with a new id, for each order."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from connectors.catalogue import CatalogueColumn, CatalogueReader, CatalogueTable
from connectors.errors import SourceError
from gateway.onboarding.column_reach import name_words
from gateway.onboarding.proposal import (
    Confidence,
    Evidence,
    FieldProposal,
    FilterProposal,
    KeyProposal,
    ReachedColumn,
    RecordProposal,
    TableJoin,
)
from gateway.onboarding.record_parts import id_field, key_type, leftovers_of
from gateway.onboarding.table_graph import TableGraph
from gateway.onboarding.table_words import singular, table_words

MAX_TRIED = 500
"""For how many sampled ids rows are counted."""
_PERSON_WORDS = frozenset(("unique", "person", "individual", "global", "master", "universal", "human"))


async def find_persons(graph: TableGraph, reader: CatalogueReader, customers: RecordProposal) -> RecordProposal:
    """Take another column for the id, where each id has one order at most and the other column's values are in several rows."""
    table = graph.table(customers.table)
    own = graph.id_column(table.name)
    if own is None:
        return customers
    for column in table.columns:
        if column.name == own.name or column.kind is not own.kind or not _is_called_person(column, table):
            continue
        if await _has_repeated(reader, table.name, column) and await _has_one_order_each(graph, reader, table, own):
            return _identified_by(customers, table, column, own)
    return customers


def _is_called_person(column: CatalogueColumn, table: CatalogueTable) -> bool:
    """Tell whether a column is called as the person of the table: `customer_unique_id`."""
    words = [singular(word) for word in name_words(column.name)]
    stem = {singular(word) for word in table_words(table.name)}
    return words[-1:] == ["id"] and bool(_PERSON_WORDS & set(words)) and set(words[:-1]) <= _PERSON_WORDS | stem


async def _has_repeated(reader: CatalogueReader, table: str, column: CatalogueColumn) -> bool:
    counts = await _counts(reader, table, column)
    return any(count > 1 for count in counts)


async def _has_one_order_each(graph: TableGraph, reader: CatalogueReader, table: CatalogueTable, own: CatalogueColumn) -> bool:
    """Tell whether other tables have the ids of customers, and none has one of them twice."""
    references = [reference for reference in graph.to_table(table.name) if reference.target_column == own.name]
    for reference in references:
        column = graph.table(reference.table).column(reference.column)
        if column is None or any(count > 1 for count in await _counts(reader, reference.table, column)):
            return False
    return bool(references)


async def _counts(reader: CatalogueReader, table: str, column: CatalogueColumn) -> Sequence[int]:
    """Count the rows of sampled values. One that cannot be counted in time has many."""
    try:
        return list((await reader.count_rows(table, column.name, list(dict.fromkeys(column.values))[:MAX_TRIED])).values())
    except SourceError:
        return [MAX_TRIED] if column.values else []


def _identified_by(
    customers: RecordProposal, table: CatalogueTable, person: CatalogueColumn, own: CatalogueColumn
) -> RecordProposal:
    note = f"a {own.name} has one order at most, a {person.name} several"
    field = msgspec.structs.replace(id_field(table, person, evidence=(Evidence.DATA, Evidence.NAME)), note=note)
    fields = [field, *(other for other in customers.fields if other.field != "id")]
    key = KeyProposal(kind="customer_id", column="id", type=key_type(person), confidence=field.confidence)
    keys = [key, *(other for other in customers.keys if other.kind != "customer_id")]
    told = "one row for each person"
    last = FilterProposal(column=own.name, test="last", of=person.name, confidence=field.confidence, note=told)
    return msgspec.structs.replace(
        customers,
        filters=[*customers.filters, last],
        fields=fields,
        keys=keys,
        leftovers=leftovers_of(table, fields),
        confidence=customers.confidence if customers.confidence is Confidence.UNSURE else Confidence.LIKELY,
    )


def refer_to_persons(graph: TableGraph, records: Sequence[RecordProposal], customers: RecordProposal) -> list[RecordProposal]:
    """Have records say whose they are by the id that the customers have, which is in their table alone."""
    own, person = graph.id_column(customers.table), customers.fields[0].reached
    if own is None or person is None or person.column.name == own.name:
        return list(records)
    return [_referring(record, customers.table, own, person.column) for record in records]


def _referring(record: RecordProposal, customers: str, own: CatalogueColumn, person: CatalogueColumn) -> RecordProposal:
    fields: list[FieldProposal] = []
    for field in record.fields:
        if field.field == "customer_id" and field.reached is not None and record.table != customers:
            join = TableJoin(field.reached.column.name, customers, own.name)
            reached = ReachedColumn(person, name_words(person.name), (*field.reached.joins, join))
            fields.append(msgspec.structs.replace(field, reached=reached))
        else:
            fields.append(field)
    keys = [msgspec.structs.replace(key, type=key_type(person)) if key.kind == "customer_id" else key for key in record.keys]
    return msgspec.structs.replace(record, fields=fields, keys=keys) if record.table != customers else record
