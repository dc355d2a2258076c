"""The connector of the `sql` kind: what the settings say can be looked up and measured."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from connectors.contract import Aggregate, Connector, ConnectorSettings, KeyKind, Lookup, Push
from connectors.records import RECORDS
from connectors.sql.checks import problems_of_table
from connectors.sql.dialect import Dialect
from connectors.sql.engine import Database
from connectors.sql.mysql import Mysql
from connectors.sql.postgresql import Postgresql
from connectors.sql.settings import SqlSettings
from connectors.sql.sqlite import Sqlite
from connectors.sql.table import Table

DIALECTS: dict[str, Dialect] = {"sqlite": Sqlite(), "postgresql": Postgresql(), "mysql": Mysql()}


class SqlConnector(Connector[SqlSettings]):
    """A database of the user's own. `engine` is public, for those who count or time statements."""

    kind = "sql"
    settings_type: ClassVar[type[ConnectorSettings]] = SqlSettings

    def __init__(self, name: str, settings: SqlSettings) -> None:
        super().__init__(name, settings)
        self._database = Database(settings)
        self.engine = self._database.engine
        dialect = DIALECTS[self._database.backend]
        self._tables = {record: Table(self._database, dialect, record, own) for record, own in settings.records.items()}

    async def open(self) -> None:
        self._database.open()

    async def aclose(self) -> None:
        for table in self._tables.values():
            await table.aclose()
        await self._database.aclose()

    async def check(self) -> list[str]:
        """Problems of the settings as the database sees them, each naming the setting and the fix."""
        unreachable = await self._database.unreachable()
        if unreachable is not None:
            return [f"sources.{self.name}.url: {unreachable}"]
        found: list[str] = []
        for record, table in self._tables.items():
            found += await problems_of_table(f"sources.{self.name}.records.{record}", self._database, table)
        return found

    def lookups(self) -> Sequence[Lookup]:
        shared: dict[str, Any] = dict(max_batch=self.settings.max_batch, pushdown=frozenset(Push))
        return [
            Lookup(record=RECORDS[name], by=kind, fetch=partial(self._tables[name].fetch, kind), **shared)
            for name, record in self.settings.records.items()
            for kind in record.keys
        ]

    def aggregates(self) -> Sequence[Aggregate]:
        batch = self.settings.max_batch
        return [
            Aggregate(record=RECORDS[name], by=kind, measure=partial(self._tables[name].measure, kind), max_batch=batch)
            for name, record in self.settings.records.items()
            for kind in record.keys
            if kind is not KeyKind.TEXT
        ]
