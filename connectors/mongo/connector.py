"""The connector of the `mongo` kind: lookups and aggregates of the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from connectors.contract import CUSTOMER_KEYS, SOURCE_OPS, Aggregate, Connector, ConnectorSettings, Lister, Lookup, Push
from connectors.inspection import MissingIndex
from connectors.mongo.collection import Collection
from connectors.mongo.database import MongoDatabase
from connectors.mongo.sample import sample_keys
from connectors.mongo.settings import MongoSourceSettings
from connectors.mongo.source_checks import indexes_missing, problems_of_collection
from connectors.mongo.word_search import search_gaps
from connectors.records import RECORD_NAMES, RECORDS, Record
from connectors.toolkit.record_settings import list_links


class MongoConnector(Connector[MongoSourceSettings]):
    """Collections of the user's own."""

    kind = "mongo"
    settings_type: ClassVar[type[ConnectorSettings]] = MongoSourceSettings

    def __init__(self, name: str, settings: MongoSourceSettings) -> None:
        super().__init__(name, settings)
        self._database = MongoDatabase(settings)
        self._collections = {record: Collection(self._database, record, own) for record, own in settings.records.items()}

    async def open(self) -> None:
        self._database.open()

    async def aclose(self) -> None:
        for collection in self._collections.values():
            await collection.search_ways.aclose()
        await self._database.aclose()

    async def check(self) -> list[str]:
        """List the settings' problems as the database sees them. Each names the setting and the fix."""
        self._database.open()
        unreachable = await self._database.unreachable()
        if unreachable is not None:
            return [f"sources.{self.name}.url: {unreachable}"]
        problems: list[str] = []
        for record, collection in self._collections.items():
            problems += await problems_of_collection(f"sources.{self.name}.records.{record}", self._database, collection)
        return problems

    async def missing_indexes(self) -> Sequence[MissingIndex]:
        """List the large collections that lookups read whole."""
        return [
            missing
            for record, collection in self._collections.items()
            for missing in await indexes_missing(f"records.{record}", self._database, collection)
        ]

    def search_gaps(self) -> Sequence[str]:
        """Say in which paths words are not found, or only some, for want of an index."""
        return [
            gap
            for name, collection in self._collections.items()
            for gap in search_gaps(
                f"sources.{self.name}.records.{name}", collection.settings.collection, collection.search_ways.found
            )
        ]

    def has_update_times(self, record: type[Record]) -> bool:
        """Tell whether the settings name their path. One that is a convention may be in no document."""
        rules = self.settings.records.get(RECORD_NAMES[record])
        return rules is not None and "updated_at" in rules.fields

    def links(self) -> Mapping[str, str]:
        return list_links(self.settings.records)

    def lookups(self) -> Sequence[Lookup]:
        shared: dict[str, Any] = dict(max_batch=self.settings.max_batch, pushdown=frozenset(Push) - {Push.UPDATED_SINCE})
        return [
            Lookup(
                record=RECORDS[name],
                by=kind,
                fetch=partial(self._collections[name].fetch, kind),
                # What is searched for inside words cannot be listed.
                sample=None if key.paths else partial(sample_keys, self._database, self._collections[name], key),
                finds_words=bool(key.paths),
                **shared,
            )
            for name, record in self.settings.records.items()
            for kind, key in record.keys.items()
        ]

    def aggregates(self) -> Sequence[Aggregate]:
        batch = self.settings.max_batch
        return [
            Aggregate(
                record=RECORDS[name],
                by=kind,
                measure=partial(self._collections[name].measure, kind),
                max_batch=batch,
                ops=SOURCE_OPS,
            )
            for name, record in self.settings.records.items()
            for kind in record.keys
            if kind in CUSTOMER_KEYS
        ]

    def listings(self) -> Sequence[Lister]:
        own = [name for name in self._collections if name == "customer"]
        return [Lister(record=RECORDS[name], fetch=self._collections[name].list_page) for name in own]
