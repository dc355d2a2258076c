"""Follow the references between tables: declared foreign keys, and those that names and data show."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from connectors.catalogue import Catalogue, CatalogueColumn, CatalogueReader, CatalogueTable, ColumnKind, split_words
from connectors.errors import SourceError
from gateway.onboarding.proposal import Evidence
from gateway.onboarding.table_words import ROLES, singular, table_roles, table_words

MIN_CONTAINED = 0.98
"""The share of sampled values that the other table must have."""
FEW_ROWS = 20
"""A table of fewer rows that lacks a value shows nothing by that: it is a part of one."""
MAX_TRIED = 200
"""How many distinct values are looked for in another table."""
_ENDS = ("id", "no", "nr", "number", "key", "code", "uuid", "guid", "ref", "fk", "num")
_PEOPLE_WORDS = frozenset(
    (
        "requester",
        "submitter",
        "buyer",
        "purchaser",
        "user",
        "owner",
        "who",
        "customer",
        "client",
        "account",
        "holder",
        "member",
        "patient",
    )
)
_ASKERS = frozenset(("requester", "customer", "client", "buyer", "purchaser"))
_PEOPLE = ("customer", "person")


class Reference(msgspec.Struct, frozen=True):
    """A column whose values are those of a unique column of another table.

    One `by_name` alone is neither declared nor shown by data: the other table has too few rows to show anything.
    """

    table: str
    column: str
    target: str
    target_column: str
    is_declared: bool
    by_name: bool = False

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Say what speaks for it."""
        return (Evidence.NAME,) if self.by_name else (Evidence.DECLARED if self.is_declared else Evidence.DATA, Evidence.NAME)


class TableGraph:
    """The tables of a catalogue, and the references between them."""

    def __init__(self, catalogue: Catalogue, references: Sequence[Reference]) -> None:
        self.catalogue = catalogue
        self.references = references

    def table(self, name: str) -> CatalogueTable:
        """Find a table that is there."""
        table = self.catalogue.table(name)
        assert table is not None
        return table

    def from_table(self, name: str) -> list[Reference]:
        """List the references that a table has."""
        return [own for own in self.references if own.table == name]

    def to_table(self, name: str) -> list[Reference]:
        """List the references to a table from others."""
        return [own for own in self.references if own.target == name and own.table != name]

    def between(self, name: str, target: str) -> list[Reference]:
        """List the references of a table to another one."""
        return [own for own in self.references if own.table == name and own.target == target]

    def id_column(self, name: str) -> CatalogueColumn | None:
        """Find the one column that identifies a table's rows, by its keys, or in a view or file by its name and data."""
        table = self.table(name)
        if len(table.primary_key) == 1:
            return table.column(table.primary_key[0])
        if table.primary_key or table.embedded_in:
            return None
        named = sorted(
            (column for column in table.columns if _names_id(table.name, column.name)), key=lambda own: len(own.name)
        )
        declared = [column for column in named if table.is_unique(column.name)]
        first = [column for column in table.columns[:1] if self._is_own_id(table, column)]
        unique = [column for column in (*named, *first) if looks_unique(column)]
        return next(iter([*declared, *unique]), None)

    def _is_own_id(self, table: CatalogueTable, column: CatalogueColumn) -> bool:
        """Tell whether a table's first column is its id: it is called one, and is not called as another table."""
        words = split_words(column.name)
        others = (own.name for own in self.catalogue.tables if own.name != table.name)
        return words[-1:] in (("id",), ("uuid",)) and not any(_matched_words(words, name, "id") for name in others)


def _names_id(table: str, column: str) -> bool:
    words = split_words(column)
    own = [singular(word) for word in table_words(table)]
    return words in (("id",), ("uuid",)) or (words[-1] in _ENDS and [singular(word) for word in words[:-1]] in (own, own[-1:]))


def looks_unique(column: CatalogueColumn) -> bool:
    """Tell whether all samples of a column are there and differ."""
    return bool(column.samples) and len(column.values) == len(column.samples) == len(set(map(str, column.values)))


async def find_references(catalogue: Catalogue, reader: CatalogueReader) -> list[Reference]:
    """List declared references, then those that names suggest and data confirm."""
    names = {table.name for table in catalogue.tables}
    found = [
        Reference(table.name, key.columns[0], key.target, key.target_columns[0], is_declared=True)
        for table in catalogue.tables
        for key in table.foreign_keys
        if len(key.columns) == 1 and key.target in names
    ]
    graph = TableGraph(catalogue, found)
    declared = {(own.table, own.column) for own in found}
    in_key = {(table.name, name) for table in catalogue.tables for key in table.foreign_keys for name in key.columns}
    for table in catalogue.tables:
        for column in table.columns:
            if (table.name, column.name) in declared | in_key or not column.values or column.is_list:
                continue
            suggested = _suggested(graph, table, column)
            targets = await _confirmed(reader, column, suggested)
            if len(targets) == 1:
                target, target_column = targets[0]
                found.append(Reference(table.name, column.name, target.name, target_column.name, is_declared=False))
            elif not targets:
                found += _by_name(table, column, [(target, own) for _, target, own in suggested])
    return found


async def _confirmed(
    reader: CatalogueReader, column: CatalogueColumn, suggested: Sequence[tuple[int, CatalogueTable, CatalogueColumn]]
) -> list[tuple[CatalogueTable, CatalogueColumn]]:
    """List the tables that have a column's values, of those whose name says most. Where there are several, none is meant."""
    found: list[tuple[int, CatalogueTable, CatalogueColumn]] = []
    for length, target, own in suggested:
        if found and length < found[0][0]:
            break
        if await _is_contained(reader, column, target, own):
            found.append((length, target, own))
    return [(target, own) for _, target, own in found]


def _by_name(
    table: CatalogueTable, column: CatalogueColumn, suggested: Sequence[tuple[CatalogueTable, CatalogueColumn]]
) -> list[Reference]:
    """Refer by name alone, where the other table has so few rows that it could not show more, as in samples of exports."""
    words = split_words(column.name)
    if _ASKERS.isdisjoint(words):  # a user or an owner may be one of the staff
        suggested = [(target, own) for target, own in suggested if _matched_words(words, target.name, own.name)]
    small = [(target, own) for target, own in suggested if target.is_whole and 0 < (target.rows or 0) <= FEW_ROWS]
    if not small or len(small) < len(suggested):
        return []
    target, own = small[0]
    return [Reference(table.name, column.name, target.name, own.name, is_declared=False, by_name=True)]


def _suggested(
    graph: TableGraph, table: CatalogueTable, column: CatalogueColumn
) -> list[tuple[int, CatalogueTable, CatalogueColumn]]:
    """List the tables that a column may refer to by its name, those first of whose name it has the most words."""
    if table.primary_key == (column.name,):
        return []
    words = split_words(column.name)
    found = []
    for target in graph.catalogue.tables:
        own = graph.id_column(target.name)
        if target.name == table.name or own is None or target.is_view or not _comparable(column, own):
            continue
        length = _matched_words(words, target.name, own.name)
        if length == 0 and _is_role_of_person(words, target.name) and has_wide_values(column):
            length = 1
        if length:
            found.append((length, target, own))
    return sorted(found, key=lambda entry: -entry[0])


def _matched_words(words: tuple[str, ...], target: str, target_id: str) -> int:
    """Count how many words of a column are the name of a table: `customer_id` and `customers`. 0 where it is not called so."""
    id_words = split_words(target_id)
    if words == id_words and len(words) > 1:
        return len(words) + 1
    if words[-1] not in _ENDS or len(words) < 2:
        return 0
    stem = [singular(word) for word in words[:-1]]
    own = [singular(word) for word in table_words(target)]
    if stem == own or (len(own) < len(stem) and stem[-len(own) :] == own):
        return len(own) + (stem == own)
    return 1 if stem == own[-1:] else 0


def _is_role_of_person(words: tuple[str, ...], target: str) -> bool:
    is_person = any(role in _PEOPLE for role in table_roles(target)[:1])
    return is_person and len(words) > 1 and words[-1] in _ENDS and any(word in _PEOPLE_WORDS for word in words[:-1])


def has_wide_values(column: CatalogueColumn) -> bool:
    """Tell whether values are such that they are in another table by no accident: texts, or large numbers."""
    return all(not isinstance(value, int) or value > 1_000_000 for value in column.values)


_TEXTS = (ColumnKind.TEXT, ColumnKind.UUID, ColumnKind.OBJECT_ID)


def _comparable(column: CatalogueColumn, target: CatalogueColumn) -> bool:
    return column.kind is target.kind and column.kind in (*_TEXTS, ColumnKind.INTEGER)


async def _is_contained(
    reader: CatalogueReader, column: CatalogueColumn, target: CatalogueTable, target_column: CatalogueColumn
) -> bool:
    """Tell whether the other table has the sampled values, each once."""
    values = list(dict.fromkeys(column.values))[:MAX_TRIED]
    try:
        counts = await reader.count_rows(target.name, target_column.name, values)
    except SourceError:
        return False
    is_unique = target.is_unique(target_column.name) or all(count == 1 for count in counts.values())
    return is_unique and len(counts) >= MIN_CONTAINED * len(values)


def is_staff(name: str) -> bool:
    """Tell whether a table holds those who work for the company, or sell to it, by its name."""
    return any(word in ROLES["staff"] for word in table_words(name))
