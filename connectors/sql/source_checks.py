"""Check the settings of a record against the database. Each problem names the setting and the fix."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from connectors.contract import Ask, KeyKind
from connectors.errors import SourceError, SourceProtocolError
from connectors.record_fields import LEAF, OBJECT, all_fields, fields_of
from connectors.records import RECORDS, Customer, Record
from connectors.sql.columns import PARENT, POSITION, VALUE, columns_of, deciding_columns, lists_of
from connectors.sql.database import SqlDatabase
from connectors.sql.query_failures import QueryFailure, explain_statement, find_name
from connectors.sql.settings import KeySettings
from connectors.sql.subqueries import Columns, known
from connectors.sql.table import RecordTable
from connectors.suggestions import nearest, suggest

TYPES_DIFFER = "set type to the column's (text, integer, uuid) and give parent and the pairs' id the type of the record's id"
_TRIAL_KEYS = {"text": "-", "integer": "0", "uuid": "00000000-0000-0000-0000-000000000000"}


async def problems_of_table(where: str, database: SqlDatabase, table: RecordTable) -> list[str]:
    """List problems of a record's queries and keys. A trial lookup by each key follows when there are none so far."""
    record, settings = RECORDS[table.name], table.settings
    columns = await _columns(database, settings.query)
    others = _key_columns(settings.keys.values(), columns) | ({settings.changed.lower()} if settings.changed else set())
    problems = _problems_of_query(f"{where}.query", database.written(settings.query), columns, record, (), others)
    problems += _problems_of_changed(where, record, settings.changed, columns)
    for name, own in settings.lists.items():
        struct = lists_of(record)[name].struct
        needed = (PARENT,) if struct else (PARENT, VALUE)
        listed = await _columns(database, own.query)
        query = database.written(own.query)
        problems += _problems_of_query(f"{where}.lists.{name}.query", query, listed, struct, needed, {POSITION})
    for kind, key in settings.keys.items():
        problems += await _problems_of_key(f"{where}.keys.{kind.value}", database, columns, key)
    return problems or [problem for kind, key in settings.keys.items() for problem in await _trial(where, table, kind, key)]


def _problems_of_changed(where: str, record: type[Record], changed: str | None, columns: Columns | QueryFailure) -> list[str]:
    """List what is wrong with the column of changes: it is not there, or nothing says whose row has changed."""
    if changed is None or isinstance(columns, QueryFailure):
        return []
    have = {name.lower() for name in columns}
    if changed.lower() not in have:
        fix = suggest(changed, sorted(columns), "add it there")
        return [f"{where}.changed: the record's query has no column {changed}{fix}"]
    if record is not Customer and have.isdisjoint({"customer_id", "customer_email"}):
        return [f"{where}.changed: no column says whose row has changed; add customer_id or customer_email to the query"]
    return []


def _key_columns(keys: Iterable[KeySettings], columns: Columns | QueryFailure) -> set[str]:
    """Name the columns that keys use; for one that the query does not have, also that which was meant."""
    asked = {name for key in keys for name in (key.column, *key.columns) if name}
    have = {} if isinstance(columns, QueryFailure) else columns
    meant = {nearest(name, have) or name for name in asked if name not in have and name.lower() not in have}
    return {name.lower() for name in asked} | meant


async def _columns(database: SqlDatabase, query: str) -> Columns | QueryFailure:
    """Read the columns of a query, or explain why it does not run."""
    try:
        columns = await database.columns(query)
        return {known(name, columns): code for name, code in columns.items()}
    except SourceError as error:
        return database.explain(error, query)


def _problems_of_query(
    where: str,
    query: str,
    columns: Columns | QueryFailure,
    struct: type[msgspec.Struct] | None,
    needed: Collection[str],
    others: Collection[str],
) -> list[str]:
    """List what is wrong with the columns of a query. A needed one whose name is misspelt is told by that name."""
    if isinstance(columns, QueryFailure):
        return [f"{where}{columns.place}: does not run: {columns.words}; {columns.fix}"]
    fields = columns_of(struct) if struct else {}
    known = {*fields, *needed, *others}
    meant = {name: nearest(name, sorted(known - {*columns})) for name in columns if name not in known}
    wanted = [*needed, *(_required(struct, columns) if struct else ())]
    missing = [name for name in wanted if name not in columns and name not in meant.values()]
    return [
        *(f"{where}: there is no column {name}, which every row needs; add it to the query" for name in missing),
        *(_unknown(where, query, name, known - {*columns}) for name in meant),
    ]


def _required(struct: type[msgspec.Struct], columns: Collection[str], prefix: str = "") -> Iterable[str]:
    """The columns that must be there: of an object, where any column of it is."""
    for field in fields_of(struct).values():
        if field.form == OBJECT and field.struct is not None:
            inside = f"{prefix}{field.name}_"
            if any(name in columns for name in deciding_columns(field.struct, inside)[1]):
                yield from _required(field.struct, columns, inside)
        elif field.form == LEAF and field.required:
            yield prefix + field.name


def _unknown(where: str, query: str, name: str, missing: Collection[str]) -> str:
    fix = suggest(name, missing, "rename it with AS or leave it out")
    return f"{where}{find_name(query, name)}: the column {name} is no field{fix}"


async def _problems_of_key(where: str, database: SqlDatabase, columns: Columns | QueryFailure, key: KeySettings) -> list[str]:
    if key.query is not None:
        pairs = await _columns(database, key.query)
        return _problems_of_query(f"{where}.query", database.written(key.query), pairs, None, ("id", "key"), ())
    if isinstance(columns, QueryFailure):
        return []
    asked = key.columns or (key.column or "",)
    absent = [name for name in asked if name not in columns and name.lower() not in columns]
    return [f"{where}: the record's query has no column {name}{suggest(name, columns, 'add it there')}" for name in absent]


async def _trial(where: str, table: RecordTable, kind: KeyKind, key: KeySettings) -> list[str]:
    """Try a whole statement, for problems that parts do not show. Ids of two types that do not compare are one."""
    try:
        await table.fetch(kind, [_TRIAL_KEYS[key.type]], Ask(fields=all_fields(RECORDS[table.name]), first=1))
    except SourceProtocolError as error:
        words = error.note or explain_statement(error)
        fix = "correct the queries, or what they read" if error.note else TYPES_DIFFER
        return [f"{where}.keys.{kind.value}: a lookup does not run{f': {words}' if words else ''}; {fix}"]
    except SourceError as error:
        return [f"{where}.keys.{kind.value}: {error}; run the check again"]
    return []
