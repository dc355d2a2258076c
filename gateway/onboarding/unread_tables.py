"""Name the tables that no record reads, with the reason where there is one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connectors.catalogue import CatalogueTable
from gateway.onboarding.proposal import Confidence, FieldProposal, RecordProposal
from gateway.onboarding.table_graph import TableGraph


def name_unread(graph: TableGraph, records: Sequence[RecordProposal]) -> list[str]:
    """List the tables that nothing which may run reads, by their names, each with why it can be no record."""
    read = set(_read_tables(records))
    return [_told(table) for table in sorted(graph.catalogue.tables, key=lambda own: own.name) if table.name not in read]


def _read_tables(records: Sequence[RecordProposal]) -> Iterable[str]:
    for record in records:
        if record.confidence is Confidence.UNSURE:
            continue
        yield record.table
        yield from _joined_tables(record.fields)
        for own in record.lists:
            if own.confidence is not Confidence.UNSURE:
                yield own.table
                yield from _joined_tables(own.fields)


def _joined_tables(fields: Iterable[FieldProposal]) -> Iterable[str]:
    for field in fields:
        if field.confidence is not Confidence.UNSURE and field.reached is not None:
            yield from (join.table for join in field.reached.joins)


def _told(table: CatalogueTable) -> str:
    if len(table.primary_key) > 1:
        return (
            f"{table.name} (its key has {len(table.primary_key)} columns, {', '.join(table.primary_key)}: a record needs one)"
        )
    return table.name
