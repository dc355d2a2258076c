"""Recognise the lists inside records: the items and payments of an order, the messages of a ticket."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connectors.catalogue import CatalogueTable
from gateway.onboarding.column_reach import name_words, product_references, reachable_columns
from gateway.onboarding.field_matches import match_fields
from gateway.onboarding.proposal import Confidence, FieldProposal, ListProposal, ReachedColumn
from gateway.onboarding.table_graph import TableGraph
from gateway.onboarding.table_words import has_role

Fields = Mapping[str, FieldProposal]


def find_items(graph: TableGraph, orders: str) -> ListProposal | None:
    """Find the lines of orders: a child with a quantity or a price, that points to one order and mostly to a product."""

    def rank(table: CatalogueTable, fields: Fields) -> int:
        has_price = bool({"unit_price_amount", "total_amount"} & fields.keys())
        has_product = any(has_role(own.target, "product") for own in graph.from_table(table.name))
        if not ("quantity" in fields or (has_price and (has_product or has_role(table.name, "item")))):
            return 0
        if has_role(table.name, "payment") or has_role(table.name, "rental"):
            return 0
        return 1 + ("quantity" in fields) + has_price + 2 * has_role(table.name, "item") + has_product

    return _best_child(graph, orders, "items", rank, ("product",))


def find_payments(graph: TableGraph, orders: str) -> ListProposal | None:
    """Find the payments of orders: a child called so, with an amount."""

    def rank(table: CatalogueTable, fields: Fields) -> int:
        return 2 if has_role(table.name, "payment") and "amount_amount" in fields else 0

    return _best_child(graph, orders, "payments", rank)


def find_messages(graph: TableGraph, tickets: str) -> ListProposal | None:
    """Find the messages of tickets: a child with text."""

    def rank(table: CatalogueTable, fields: Fields) -> int:
        if "body" not in fields:
            return 0
        return (
            1 + 2 * has_role(table.name, "message") + ("at" in fields)
            if "at" in fields or has_role(table.name, "message")
            else 0
        )

    return _best_child(graph, tickets, "messages", rank)


def _best_child(
    graph: TableGraph, parent: str, name: str, rank: Callable[[CatalogueTable, Fields], int], through: tuple[str, ...] = ()
) -> ListProposal | None:
    found = []
    for table in graph.catalogue.tables:
        references = graph.between(table.name, parent)
        if len(references) != 1 or table.is_view or table.name == parent:
            continue
        columns = reachable_columns(graph, table.name, through)
        fields = match_fields(name, table.name, columns, [references[0].column])
        points = rank(table, fields)
        if points:
            found.append((points, table.name, references[0], fields))
    if not found:
        return None
    found.sort(key=lambda entry: (-entry[0], entry[1]))
    _, table_name, reference, fields = found[0]
    is_rivalled = len(found) > 1 and found[1][0] == found[0][0]
    return ListProposal(
        name=name,
        table=table_name,
        parent=reference.column,
        fields=[*fields.values(), *(_product_id(graph, table_name) if name == "items" else [])],
        confidence=Confidence.UNSURE if is_rivalled else Confidence.SURE if reference.is_declared else Confidence.LIKELY,
        note=f"or {found[1][1]}?" if is_rivalled else None,
    )


def _product_id(graph: TableGraph, table: str) -> list[FieldProposal]:
    references = product_references(graph, table)
    column = graph.table(table).column(references[0].column) if len(references) == 1 else None
    if column is None:
        return []
    evidence = references[0].evidence
    confidence = Confidence.SURE if references[0].is_declared else Confidence.LIKELY
    reached = ReachedColumn(column, name_words(column.name))
    return [FieldProposal(field="product_id", reached=reached, confidence=confidence, evidence=evidence)]
