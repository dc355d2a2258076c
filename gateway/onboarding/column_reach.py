"""Find the columns that a record can have: those of its table, of look-up tables, of addresses and of products."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.catalogue import CatalogueColumn, CatalogueTable, ColumnKind, split_words
from gateway.onboarding.proposal import ReachedColumn, TableJoin
from gateway.onboarding.table_graph import Reference, TableGraph
from gateway.onboarding.table_words import has_role, singular, table_words

MAX_LOOKUP_COLUMNS = 8
MAX_STEPS = 3
_LABELS = ("name", "title", "label", "bezeichnung", "nome", "nombre", "description", "code")
_BOOKKEEPING = (ColumnKind.TIMESTAMP, ColumnKind.ZONED_TIMESTAMP, ColumnKind.BINARY, ColumnKind.OTHER)

_PRODUCT_WORDS = {"article", "code", "id", "item", "no", "number", "product", "sku"}
"""What the product of a line is called, where it refers to others as well, such as its variant or a gift."""


def name_words(name: str) -> tuple[str, ...]:
    """Split the name of a column into words; digits at the end of one are a word of their own."""
    return split_words(re.sub(r"(?<=[A-Za-z])(?=\d)", "_", name))


def reachable_columns(graph: TableGraph, table: str, through: tuple[str, ...] = ()) -> list[ReachedColumn]:
    """List the columns of a table, then those of tables that it refers to. `through` are roles of tables to follow whole."""
    own = graph.table(table)
    found = [ReachedColumn(column, name_words(column.name)) for column in own.columns if _is_usable(column)]
    products = product_references(graph, table)
    for reference in graph.from_table(table):
        is_another = has_role(reference.target, "product") and reference not in products
        if reference.target != table and not is_another:
            found += _through(graph, reference, (), through, 1)
    return found


def product_references(graph: TableGraph, table: str) -> list[Reference]:
    """List the references of a table to a product. Of several only those called so are: others are variants, or gifts."""
    references = [own for own in graph.from_table(table) if has_role(own.target, "product")]
    return references if len(references) < 2 else [own for own in references if {*name_words(own.column)} <= _PRODUCT_WORDS]


def _is_usable(column: CatalogueColumn) -> bool:
    return not column.is_secret and not column.is_list and column.kind not in (ColumnKind.BINARY, ColumnKind.OTHER)


def _through(
    graph: TableGraph, reference: Reference, before: tuple[TableJoin, ...], through: tuple[str, ...], step: int
) -> Iterator[ReachedColumn]:
    """Follow one reference: into a look-up table for its label, into a table of a role for its columns."""
    target = graph.table(reference.target)
    joins = (*before, TableJoin(reference.column, target.name, reference.target_column))
    is_whole = any(has_role(target.name, role) for role in through)
    label = label_column(graph, target)
    if is_whole:
        prefix = tuple(singular(word) for word in table_words(target.name))
        for column in target.columns:
            if _is_usable(column) and column.name != reference.target_column:
                words = name_words(column.name)
                yield ReachedColumn(column, words, joins)
                if "product" in through and len(words) == 1:
                    yield ReachedColumn(column, ("product", *words) if prefix else words, joins)
    elif label is not None:
        stem = name_words(reference.column)
        stem = stem[:-1] if len(stem) > 1 and stem[-1] in ("id", "code", "no", "key", "fk", "ref") else stem
        yield ReachedColumn(label, stem, joins, is_label=True)
        if (own := tuple(singular(word) for word in table_words(target.name))) != stem:
            yield ReachedColumn(label, own, joins, is_label=True)
    if step < MAX_STEPS and (is_whole or label is not None):
        for further in graph.from_table(target.name):
            if further.target not in (reference.table, target.name):
                yield from _through(graph, further, joins, (), step + 1)


def label_column(graph: TableGraph, table: CatalogueTable) -> CatalogueColumn | None:
    """Find the column that names the rows of a look-up table. None for a table that holds more than names."""
    own = [column for column in table.columns if column.kind not in _BOOKKEEPING]
    if len(own) > MAX_LOOKUP_COLUMNS or graph.id_column(table.name) is None or has_role(table.name, "staff"):
        return None
    if any(has_role(table.name, role) for role in ("customer", "person", "order", "invoice", "ticket", "account")):
        return None
    id_column = graph.id_column(table.name)
    texts = [column for column in own if column.kind is ColumnKind.TEXT and column != id_column and not column.is_secret]
    stem = tuple(singular(word) for word in table_words(table.name))
    for label in (stem, *((word,) for word in _LABELS)):
        for column in texts:
            words = tuple(singular(word) for word in split_words(column.name))
            if words in (label, (*stem, *label), (*stem[-1:], *label)):
                return column
    return texts[0] if len(texts) == 1 and len(own) <= 3 else None
