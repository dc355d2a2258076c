"""Leave out tables and columns whose names no settings can hold: a new line in one would end a comment and begin a setting."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import msgspec

from connectors.catalogue import Catalogue, CatalogueTable

UNWRITABLE = "the name has control characters or ${...}"
_CONTROL = frozenset(("Cc", "Cs", "Zl", "Zp"))


def is_writable(text: str) -> bool:
    """Tell whether settings hold a text as it is: in one line, and without what begins a variable."""
    return "${" not in text and not any(unicodedata.category(character) in _CONTROL for character in text)


def leave_unwritable(catalogue: Catalogue) -> Catalogue:
    """Leave out what cannot be written, and the keys and indexes that name it. `skipped` shows it, without its signs."""
    named = [(table.name, table.name) for table in catalogue.tables]
    named += [(f"{table.name}.{column.name}", column.name) for table in catalogue.tables for column in table.columns]
    lost = [_shown(full) for full, own in named if not is_writable(own)]
    if not lost:
        return catalogue
    tables = [_writable_table(table) for table in catalogue.tables if is_writable(table.name)]
    return msgspec.structs.replace(catalogue, tables=tables, skipped={**catalogue.skipped, UNWRITABLE: lost})


def _shown(name: str) -> str:
    plain = "".join("?" if unicodedata.category(own) in _CONTROL else own for own in name)
    return plain.replace("${", "?{")


def _writable_table(table: CatalogueTable) -> CatalogueTable:
    return msgspec.structs.replace(
        table,
        columns=[column for column in table.columns if is_writable(column.name)],
        primary_key=table.primary_key if _all_writable(table.primary_key) else (),
        foreign_keys=[key for key in table.foreign_keys if _all_writable((*key.columns, key.target, *key.target_columns))],
        indexes=[index for index in table.indexes if _all_writable(index.columns)],
    )


def _all_writable(names: Iterable[str]) -> bool:
    return all(map(is_writable, names))
