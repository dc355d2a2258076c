"""The connector of the `graphql` kind: one endpoint, and the lookups that its configuration has."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from yarl import URL

from connectors.contract import Connector, Lister, Lookup, PoolUsage
from connectors.errors import SourceError
from connectors.graphql.client import ACCEPT, GraphQLClient
from connectors.graphql.lister import listers_of
from connectors.graphql.lookup import lookups_of
from connectors.graphql.selection import absent_fields_of
from connectors.graphql.settings import GraphQLSettings
from connectors.graphql.source_checks import problems_of
from connectors.records import RECORDS, Record
from connectors.toolkit.http_client import HttpClient
from connectors.toolkit.record_settings import list_links

_CHECK_TIMEOUT_S = 5.0


class GraphQLConnector(Connector[GraphQLSettings]):
    """A GraphQL API, described by configuration."""

    kind = "graphql"
    settings_type = GraphQLSettings

    def __init__(self, name: str, settings: GraphQLSettings) -> None:
        super().__init__(name, settings)
        self._asking = GraphQLClient(self._post)
        self._transport = HttpClient(settings, self._asking.refusal, propagate_traces=settings.propagate_traces)
        self._lookups = lookups_of(settings)
        self._absent = {RECORDS[name]: absent_fields_of(RECORDS[name], own) for name, own in settings.records.items()}
        self._listers = listers_of(settings, self._post)

    async def open(self) -> None:
        await self._transport.open(self.settings.headers | ACCEPT)

    async def aclose(self) -> None:
        await self._transport.aclose()

    def pool_usage(self) -> PoolUsage | None:
        return self._transport.pool_usage

    async def check(self) -> list[str]:
        try:
            await self._transport.reach(URL(self.settings.base_url), _CHECK_TIMEOUT_S)
        except SourceError as error:
            return [f"sources.{self.name}.base_url: {error}; check the address and the network"]
        fetches = [(lookup, partial(self._asking.fetch, lookup)) for lookup in self._lookups]
        answers = await asyncio.gather(*(problems_of(lookup, fetch, _CHECK_TIMEOUT_S) for lookup, fetch in fetches))
        return [f"sources.{self.name}.{problem}" for problems in answers for problem in problems]

    def absent_fields(self, record: type[Record]) -> frozenset[str]:
        """Name the fields without an expression, which are not asked for."""
        return self._absent.get(record, frozenset())

    def has_update_times(self, record: type[Record]) -> bool:
        return record in self._absent and "updated_at" not in self._absent[record]

    def links(self) -> Mapping[str, str]:
        return list_links(self.settings.records)

    def lookups(self) -> Sequence[Lookup]:
        return [
            Lookup(
                record=lookup.record,
                by=lookup.by,
                fetch=partial(self._asking.fetch, lookup),
                max_batch=lookup.max_batch,
                pushdown=lookup.pushdown,
            )
            for lookup in self._lookups
        ]

    def listings(self) -> Sequence[Lister]:
        return self._listers

    async def _post(self, body: Any, until: float | None) -> bytes | None:
        return await self._transport.call("POST", URL(self.settings.base_url), body, one_key=False, until=until)
