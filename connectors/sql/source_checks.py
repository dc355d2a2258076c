"""Check the settings of a record against the database. Each problem names the setting and the fix."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

import msgspec

from connectors.contract import Ask, KeyKind
from connectors.errors import SourceError, SourceProtocolError
from connectors.record_fields import LEAF, OBJECT, all_fields, fields_of
from connectors.records import RECORDS
from connectors.sql.columns import PARENT, POSITION, VALUE, columns_of, deciding_columns, lists_of
from connectors.sql.database import SqlDatabase
from connectors.sql.record_query import Columns, known
from connectors.sql.settings import KeySettings
from connectors.sql.table import RecordTable

TYPES_DIFFER = "set type to the column's (text, integer, uuid) and give parent and the pairs' id the type of the record's id"
_TRIAL_KEYS = {"text": "-", "integer": "0", "uuid": "00000000-0000-0000-0000-000000000000"}


async def problems_of_table(where: str, database: SqlDatabase, table: RecordTable) -> list[str]:
    """List problems of a record's queries and keys. A trial lookup by each key follows when there are none so far."""
    record, settings = RECORDS[table.name], table.settings
    columns = await _columns(database, settings.query)
    key_columns = {name.lower() for key in settings.keys.values() for name in (key.column, *key.columns) if name}
    problems = _problems_of_query(f"{where}.query", columns, record, (), key_columns)
    for name, own in settings.lists.items():
        struct = lists_of(record)[name].struct
        needed = (PARENT,) if struct else (PARENT, VALUE)
        problems += _problems_of_query(
            f"{where}.lists.{name}.query", await _columns(database, own.query), struct, needed, {POSITION}
        )
    for kind, key in settings.keys.items():
        problems += await _problems_of_key(f"{where}.keys.{kind.value}", database, columns, key)
    return problems or [problem for kind, key in settings.keys.items() for problem in await _trial(where, table, kind, key)]


async def _columns(database: SqlDatabase, query: str) -> Columns | str:
    """Read the columns of a query, or report its problem."""
    try:
        columns = await database.columns(query)
        return {known(name, columns): code for name, code in columns.items()}
    except SourceError as error:
        return database.advice(error)


def _problems_of_query(
    where: str,
    columns: Columns | str,
    struct: type[msgspec.Struct] | None,
    needed: Collection[str],
    others: Collection[str],
) -> list[str]:
    if isinstance(columns, str):
        return [f"{where}: {columns}"]
    fields = columns_of(struct) if struct else {}
    known = {*fields, *needed, *others}
    wanted = [*needed, *(_required(struct, columns) if struct else ())]
    missing = [f"{where}: there is no column {name}, which every row needs" for name in wanted if name not in columns]
    return missing + [_unknown(where, name, known - {*columns}) for name in columns if name not in known]


def _required(struct: type[msgspec.Struct], columns: Collection[str], prefix: str = "") -> Iterable[str]:
    """The columns that must be there: of an object, where any column of it is."""
    for field in fields_of(struct).values():
        if field.form == OBJECT and field.struct is not None:
            inside = f"{prefix}{field.name}_"
            if any(name in columns for name in deciding_columns(field.struct, inside)[1]):
                yield from _required(field.struct, columns, inside)
        elif field.form == LEAF and field.required:
            yield prefix + field.name


def _unknown(where: str, name: str, missing: Collection[str]) -> str:
    near = get_close_matches(name, sorted(missing), n=1)
    fix = f"did you mean {near[0]}?" if near else "rename it with AS or leave it out"
    return f"{where}: the column {name} is no field; {fix}"


async def _problems_of_key(where: str, database: SqlDatabase, columns: Columns | str, key: KeySettings) -> list[str]:
    if key.query is not None:
        return _problems_of_query(f"{where}.query", await _columns(database, key.query), None, ("id", "key"), ())
    if isinstance(columns, str):
        return []
    asked = key.columns or (key.column or "",)
    return [
        f"{where}: the record's query has no column {name}; add it there"
        for name in asked
        if name not in columns and name.lower() not in columns
    ]


async def _trial(where: str, table: RecordTable, kind: KeyKind, key: KeySettings) -> list[str]:
    """Try a whole statement, for problems that parts do not show. Ids of two types that do not compare are one."""
    try:
        await table.fetch(kind, [_TRIAL_KEYS[key.type]], Ask(fields=all_fields(RECORDS[table.name]), first=1))
    except SourceProtocolError as error:
        fix = f": {error.note}" if error.note else f"; {TYPES_DIFFER}"
        return [f"{where}.keys.{kind.value}: a lookup does not run{fix}"]
    except SourceError as error:
        return [f"{where}.keys.{kind.value}: {error}; run the check again"]
    return []
