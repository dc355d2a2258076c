"""Read the catalogue of a database: tables, keys, indexes, and sampled rows. Nothing is written, nothing is counted whole."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Dialect, Inspector, bindparam, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from connectors.catalogue import (
    MAX_SAMPLED_LENGTH,
    MAX_SAMPLED_ROWS,
    STATEMENT_S,
    Catalogue,
    CatalogueColumn,
    CatalogueIndex,
    CatalogueTable,
    ColumnKind,
    ForeignKey,
    has_secret_shape,
    is_secret_name,
    skip_reason,
)
from connectors.errors import SourceError, SourceProtocolError, SourceTimeoutError
from connectors.sql import sample_slices
from connectors.sql.catalogue_types import column_kind
from connectors.sql.failures import FOREIGN, source_error
from connectors.sql.sessions import CONNECT_S, Sessions
from connectors.sql.settings import SqlSettings
from connectors.sql.subqueries import escaped

MAX_TABLES = 500
GRACE_S = 0.5
"""For how much longer a server is waited for, which itself ends a statement in time."""
CATALOGUE_S = 30
"""How long reading the names of all tables and columns may take, in seconds: many short statements."""
_READ_ONLY = {
    "postgresql": (
        "SET default_transaction_read_only = on",
        f"SET statement_timeout = {STATEMENT_S * 1000}",
        "SET lock_timeout = 500",
    ),
    "mysql": (
        f"SET SESSION /*!80000 max_execution_time = {STATEMENT_S}000 */ /*M!100600 max_statement_time = {STATEMENT_S} */",
    ),
    "sqlite": (),
}
_UNSAMPLED = (ColumnKind.BINARY, ColumnKind.OTHER)


class SqlCatalogueReader:
    """Read PostgreSQL, MySQL, MariaDB or SQLite at an URL of SQLAlchemy."""

    def __init__(self, url: str) -> None:
        self._sessions = Sessions(SqlSettings.model_construct(url=url, records={}))
        self._backend = self._sessions.backend
        self._connection: AsyncConnection | None = None
        self._tables: dict[str, CatalogueTable] = {}

    async def aclose(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()
        await self._sessions.aclose()

    async def read_catalogue(self) -> Catalogue:
        """Read tables, columns, keys, indexes and samples."""
        connection = await self._connected()
        skipped: dict[str, list[str]] = {}
        try:
            async with asyncio.timeout(CATALOGUE_S):
                tables = await connection.run_sync(self._inspect, skipped)
        except FOREIGN as error:
            raise source_error(error) from error
        estimates = await self._estimates()
        sampled = []
        for table in tables:
            own = msgspec.structs.replace(table, rows=estimates.get(table.name))
            sampled.append(await self._sampled(own))
        self._tables = {table.name: table for table in sampled}
        name = self._sessions.engine.url.database or self._backend
        stem = name.rpartition("/")[2].rpartition(".")[0] or name.rpartition("/")[2]
        return Catalogue(
            kind="sql", dialect=self._backend, name=stem if self._backend == "sqlite" else name, tables=sampled, skipped=skipped
        )

    async def read_rows(
        self, table: str, columns: Sequence[str], by: str, values: Sequence[Any], limit: int = MAX_SAMPLED_ROWS
    ) -> Sequence[tuple[Any, ...]]:
        """Read columns of at most `limit` rows whose column `by` has one of the values."""
        names = ", ".join(self._quote(name) for name in columns)
        head = f"SELECT {names} FROM {self._tables[table].quoted}"  # noqa: S608  names that were read
        return await self._run_by(head, by, values, f"LIMIT {limit}")

    async def count_rows(self, table: str, by: str, values: Sequence[Any]) -> Mapping[Any, int]:
        """Count the rows for each of the values that the column `by` has."""
        column = self._quote(by)
        head = f"SELECT {column}, count(*) FROM {self._tables[table].quoted}"  # noqa: S608  names that were read
        return {row[0]: row[1] for row in await self._run_by(head, by, values, f"GROUP BY {column}")}

    async def _run_by(self, head: str, by: str, values: Sequence[Any], tail: str) -> list[tuple[Any, ...]]:
        if not values:
            return []
        own = text(f"{escaped(head)} WHERE {escaped(self._quote(by))} IN :found {tail}").bindparams(
            bindparam("found", expanding=True)
        )
        return await self._run(own, {"found": list(values)})

    async def _run(self, statement: Any, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Run one statement in the time that it has. A connection whose statement failed is made anew."""
        connection = await self._connected()
        try:
            async with asyncio.timeout(STATEMENT_S + GRACE_S):
                return [tuple(row) for row in await connection.execute(statement, parameters or {})]
        except BaseException as error:
            self._connection = None
            cause = error.__cause__ if isinstance(error, TimeoutError) else error
            await connection.invalidate(cause or error)
            await connection.close()
            if isinstance(error, FOREIGN):
                raise source_error(error) from error
            raise

    async def _connected(self) -> AsyncConnection:
        if self._connection is None:
            try:
                async with asyncio.timeout(CONNECT_S):
                    self._connection = await self._sessions.engine.connect()
                for statement in _READ_ONLY[self._backend]:
                    await self._connection.exec_driver_sql(statement)
            except FOREIGN as error:
                raise source_error(error) from error
        return self._connection

    def _inspect(self, connection: Connection, skipped: dict[str, list[str]]) -> list[CatalogueTable]:
        own = inspect(connection)
        found: list[CatalogueTable] = []
        parts = self._partitions(connection)
        for schema in self._schemas(own):
            tables = [(name, False) for name in own.get_table_names(schema)]
            views = [(name, True) for name in own.get_view_names(schema)]
            if self._backend == "postgresql":
                views += [(name, True) for name in own.get_materialized_view_names(schema)]
            for name, is_view in sorted({*tables, *views}):
                reason = "part of a partitioned table" if (schema or "", name) in parts else skip_reason(name)
                if reason is None and len(found) == MAX_TABLES:
                    reason = f"more than {MAX_TABLES} tables"
                if reason is None:
                    found.append(self._table(own, schema, name, is_view=is_view))
                else:
                    skipped.setdefault(reason, []).append(name)
        return found

    def _schemas(self, own: Inspector) -> list[str | None]:
        if self._backend != "postgresql":
            return [None]
        names = [name for name in own.get_schema_names() if name != "information_schema" and not name.startswith("pg_")]
        own_names = [name for name in names if name != own.default_schema_name]
        return [*([None] if own.default_schema_name in names else []), *own_names]

    def _partitions(self, connection: Connection) -> set[tuple[str, str]]:
        if self._backend != "postgresql":
            return set()
        rows = connection.exec_driver_sql(
            "SELECT CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname END, c.relname"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_inherits i ON i.inhrelid = c.oid"
        )
        return {(str(schema), str(name)) for schema, name in rows}

    def _table(self, own: Inspector, schema: str | None, name: str, *, is_view: bool) -> CatalogueTable:
        full = name if schema is None else f"{schema}.{name}"
        columns = [_column(column, self._sessions.engine.dialect) for column in own.get_columns(name, schema)]
        keys = [] if is_view else own.get_foreign_keys(name, schema)
        indexes = [] if is_view and self._backend != "postgresql" else own.get_indexes(name, schema)
        uniques = [] if is_view else own.get_unique_constraints(name, schema)
        primary = () if is_view else tuple(own.get_pk_constraint(name, schema).get("constrained_columns") or ())
        return CatalogueTable(
            name=full,
            quoted=name_in(self._sessions.engine.dialect, schema, name),
            columns=columns,
            primary_key=primary,
            foreign_keys=[key for key in (_foreign_key(key, own, schema) for key in keys) if key is not None],
            indexes=[
                *(_index(index) for index in indexes if not _is_partial(index)),
                *(CatalogueIndex(columns=tuple(unique["column_names"]), is_unique=True) for unique in uniques),
            ],
            comment=_comment(own, name, schema),
            is_view=is_view,
        )

    async def _estimates(self) -> dict[str, int]:
        """Read how many rows the database believes there are. Of partitioned tables: in all parts."""
        statement = sample_slices.ESTIMATES.get(self._backend)
        if statement is None:
            return {}
        try:
            return {str(name): int(rows) for name, rows in await self._run(text(statement)) if rows is not None and rows >= 0}
        except SourceError:
            return {}

    async def _sampled(self, table: CatalogueTable) -> CatalogueTable:
        """Put samples into the columns of a table, but for those of secrets."""
        asked = [own for own in table.columns if not own.is_secret and own.kind not in _UNSAMPLED]
        if not asked:
            return table
        names = [self._sample_column(own) for own in asked]
        found: list[tuple[Any, ...]] | None = None
        for statement in await self._statements(table, names):
            try:
                found = await self._run(text(escaped(statement)))
                break
            except (SourceTimeoutError, SourceProtocolError):
                continue
        rows = found or []
        is_whole = (
            found is not None and len(rows) < MAX_SAMPLED_ROWS and (table.rows is None or table.rows < MAX_SAMPLED_ROWS * 2)
        )
        samples = {own.name: [row[place] for row in rows] for place, own in enumerate(asked)}
        columns = [_with_samples(own, samples.get(own.name, ())) for own in table.columns]
        count = len(rows) if is_whole else table.rows
        return msgspec.structs.replace(table, columns=columns, rows=count, is_whole=is_whole)

    async def _statements(self, table: CatalogueTable, names: Sequence[str]) -> list[str]:
        """Write the statements that sample a table: one that reads from all of it, then one that reads its beginning."""
        plain = f"SELECT {', '.join(names)} FROM {table.quoted} LIMIT {MAX_SAMPLED_ROWS}"  # noqa: S608
        if table.is_view:
            return [plain]
        if self._backend == "postgresql" and (table.rows or 0) > MAX_SAMPLED_ROWS * 10:
            return [sample_slices.tablesample(table, names), plain]
        key = self._slice_key(table)
        if self._backend != "postgresql" and key is not None:
            try:
                ((low, high),) = await self._run(text(f"SELECT min({key}), max({key}) FROM {table.quoted}"))  # noqa: S608
            except SourceError:
                return [plain]
            if isinstance(low, int) and isinstance(high, int) and high - low > MAX_SAMPLED_ROWS * 2:
                return [sample_slices.slices(table, names, key, low, high), plain]
        return [plain]

    def _slice_key(self, table: CatalogueTable) -> str | None:
        if self._backend == "sqlite" and not table.is_view:
            return "rowid"
        own = table.column(table.primary_key[0]) if len(table.primary_key) == 1 else None
        return None if own is None or own.kind is not ColumnKind.INTEGER else self._quote(own.name)

    def _sample_column(self, column: CatalogueColumn) -> str:
        """Write a column of a sample: long text is cut, what drivers have no type for is text."""
        name = self._quote(column.name)
        if column.kind is not ColumnKind.TEXT:
            return name
        is_cast = self._backend == "postgresql"
        return f"left({name}::text, {MAX_SAMPLED_LENGTH})" if is_cast else f"substr({name}, 1, {MAX_SAMPLED_LENGTH})"

    def _quote(self, name: str) -> str:
        return str(self._sessions.engine.dialect.identifier_preparer.quote(name))


def name_in(dialect: Dialect, schema: str | None, name: str) -> str:
    """Write the name of a table as a query has it, with quotes where it needs them."""
    preparer = dialect.identifier_preparer
    return preparer.quote(name) if schema is None else f"{preparer.quote(schema)}.{preparer.quote(name)}"


def _column(found: Any, dialect: Dialect) -> CatalogueColumn:
    try:
        name = str(found["type"].compile(dialect))
    except Exception:  # noqa: BLE001  a type that SQLAlchemy does not know has no text
        name = "unknown"
    return CatalogueColumn(
        name=found["name"],
        type_name=name,
        kind=column_kind(found["type"], name),
        nullable=bool(found.get("nullable", True)),
        comment=found.get("comment"),
        is_secret=is_secret_name(found["name"]),
    )


def _with_samples(column: CatalogueColumn, samples: Sequence[Any]) -> CatalogueColumn:
    if has_secret_shape(samples):
        return msgspec.structs.replace(column, is_secret=True)
    return msgspec.structs.replace(column, samples=samples)


def _foreign_key(found: Any, own: Inspector, schema: str | None) -> ForeignKey | None:
    target_schema = found.get("referred_schema") or schema
    is_default = target_schema in (None, own.default_schema_name)
    target = found["referred_table"] if is_default else f"{target_schema}.{found['referred_table']}"
    columns = tuple(found["referred_columns"]) or _primary_key(own, found)
    if len(columns) != len(found["constrained_columns"]):
        return None
    return ForeignKey(columns=tuple(found["constrained_columns"]), target=target, target_columns=columns)


def _primary_key(own: Inspector, found: Any) -> tuple[str, ...]:
    """Find the columns that SQLite's `REFERENCES customers` means."""
    try:
        return tuple(own.get_pk_constraint(found["referred_table"], found.get("referred_schema"))["constrained_columns"])
    except Exception:  # noqa: BLE001  SQLite lets keys refer to what is not there
        return ()


def _index(found: Any) -> CatalogueIndex:
    columns = [name or "" for name in found.get("expressions") or found["column_names"]]
    return CatalogueIndex(columns=tuple(columns), is_unique=bool(found.get("unique")))


def _is_partial(found: Any) -> bool:
    """Tell whether an index has some rows only: what is unique among these may not be unique."""
    return any(name.endswith("_where") and value for name, value in (found.get("dialect_options") or {}).items())


def _comment(own: Inspector, name: str, schema: str | None) -> str | None:
    try:
        return own.get_table_comment(name, schema).get("text")
    except NotImplementedError:
        return None
