"""Connect to SQL; serve as base of kinds that query records."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, TypeVar

from connectors.contract import (
    CUSTOMER_KEYS,
    SOURCE_OPS,
    Aggregate,
    Connector,
    ConnectorSettings,
    KeyKind,
    Lister,
    Lookup,
    PoolUsage,
    Push,
)
from connectors.inspection import MissingIndex
from connectors.listings import ChangeLister
from connectors.records import RECORD_NAMES, RECORDS, Record
from connectors.sql.database import SqlDatabase
from connectors.sql.dialect import Dialect
from connectors.sql.engine import Engine
from connectors.sql.index_checks import indexes_missing
from connectors.sql.mysql import Mysql
from connectors.sql.postgresql import Postgresql
from connectors.sql.settings import RecordSettings, SqlSettings
from connectors.sql.source_checks import problems_of_table
from connectors.sql.sqlite import Sqlite
from connectors.sql.table import RecordTable
from connectors.sql.word_search import search_gaps
from connectors.toolkit.record_settings import list_links

DIALECTS: dict[str, Dialect] = {"sqlite": Sqlite(), "postgresql": Postgresql(), "mysql": Mysql()}

S = TypeVar("S", bound=ConnectorSettings)


class QueriesConnector(Connector[S]):
    """Look up and measure records by a query for each."""

    def __init__(
        self,
        name: str,
        settings: S,
        database: SqlDatabase,
        dialect: Dialect,
        records: Mapping[str, RecordSettings],
        max_batch: int,
    ) -> None:
        super().__init__(name, settings)
        self.database = database
        self._records = records
        self._max_batch = max_batch
        self._tables = {record: RecordTable(database, dialect, record, own) for record, own in records.items()}

    async def open(self) -> None:
        self.database.open()
        for table in self._tables.values():
            table.prepare_soon()

    async def aclose(self) -> None:
        for table in self._tables.values():
            await table.aclose()
        await self.database.aclose()

    async def check(self) -> list[str]:
        """List the settings' problems as the database sees them. Each names the setting and the fix."""
        unreachable = await self.database.unreachable()
        if unreachable is not None:
            return [f"sources.{self.name}.{self.database.setting}: {unreachable}"]
        return await self.check_records(self._tables)

    async def check_records(self, names: Collection[str]) -> list[str]:
        """List the problems of some records' queries and keys."""
        problems: list[str] = []
        for name in names:
            problems += await problems_of_table(f"sources.{self.name}.records.{name}", self.database, self._tables[name])
        return problems

    async def missing_indexes(self) -> Sequence[MissingIndex]:
        """List the large tables that lookups read whole. Of queries that do not run it says nothing."""
        return [
            missing for name, table in self._tables.items() for missing in await indexes_missing(self.database, name, table)
        ]

    def absent_fields(self, record: type[Record]) -> frozenset[str]:
        """Name the fields without a column. None is known before the columns are."""
        table = self._tables.get(RECORD_NAMES[record])
        return frozenset() if table is None else table.absent_fields

    def has_update_times(self, record: type[Record]) -> bool:
        """Tell whether the query has a column for them. Before the columns are known it may."""
        return RECORD_NAMES[record] in self._tables and "updated_at" not in self.absent_fields(record)

    def search_gaps(self) -> Sequence[str]:
        """Say in which columns words are not found, or only some, for want of an index."""
        has_trigrams = self.database.has_trigrams
        return [
            gap
            for name, table in self._tables.items()
            for gap in search_gaps(f"sources.{self.name}.records.{name}", table.search_ways, has_trigrams=has_trigrams)
        ]

    def links(self) -> Mapping[str, str]:
        return list_links(self._records)

    def lookups(self) -> Sequence[Lookup]:
        shared: dict[str, Any] = dict(max_batch=self._max_batch, pushdown=frozenset(Push))
        return [
            Lookup(
                record=RECORDS[name],
                by=kind,
                fetch=partial(self._tables[name].fetch, kind),
                # What is searched for inside words cannot be listed.
                sample=None if kind is KeyKind.TEXT else partial(self._tables[name].sample, kind),
                finds_words=kind is KeyKind.TEXT,
                **shared,
            )
            for name, record in self._records.items()
            for kind in record.keys
        ]

    def aggregates(self) -> Sequence[Aggregate]:
        return [
            Aggregate(
                record=RECORDS[name],
                by=kind,
                measure=partial(self._tables[name].measure, kind),
                max_batch=self._max_batch,
                ops=SOURCE_OPS,
                keys_share_nothing=key.column is not None,
            )
            for name, record in self._records.items()
            for kind, key in record.keys.items()
            if kind in CUSTOMER_KEYS
        ]

    def listings(self) -> Sequence[Lister]:
        return [
            Lister(record=RECORDS[name], fetch=self._tables[name].list_page) for name in self._records if name == "customer"
        ]

    def change_listings(self) -> Sequence[ChangeLister]:
        return [
            ChangeLister(record=RECORDS[name], fetch=self._tables[name].list_changes)
            for name, record in self._records.items()
            if record.changed is not None
        ]


class SqlConnector(QueriesConnector[SqlSettings]):
    """A database of the user's own. `engine` is public, for those who run statements of their own."""

    kind = "sql"
    settings_type: ClassVar[type[ConnectorSettings]] = SqlSettings

    def __init__(self, name: str, settings: SqlSettings) -> None:
        database = Engine(settings)
        self.engine = database.engine
        self._pool = database.pool
        super().__init__(name, settings, database, DIALECTS[database.backend], settings.records, settings.max_batch)

    def pool_usage(self) -> PoolUsage | None:
        return self._pool.usage
