"""The connector of the `http` kind: call a route for a batch of keys and merge its responses."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from yarl import URL

from connectors.contract import Answer, Ask, Connector, Found, Keys, Lister, Lookup, Page, PoolUsage, nobody
from connectors.errors import (
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceRejectedError,
)
from connectors.http.lister import listers_of
from connectors.http.lookup import HttpLookup, Rows
from connectors.http.settings import HttpSettings
from connectors.record_fields import all_fields
from connectors.records import RECORD_NAMES, Record
from connectors.toolkit.batches import ask_in_halves, ask_in_parts
from connectors.toolkit.http_client import HttpClient, ask_each, decoded
from connectors.toolkit.mapping.row_lists import RowLists
from connectors.toolkit.record_settings import list_links

_CHECK_TIMEOUT_S = 5.0
_NO_KEYS = {"", ".", ".."}
"""As a step of a path these lead to another resource than that of a key."""


class HttpConnector(Connector[HttpSettings]):
    """A JSON API over HTTP, described by configuration."""

    kind = "http"
    settings_type = HttpSettings

    def __init__(self, name: str, settings: HttpSettings) -> None:
        super().__init__(name, settings)
        self._transport = HttpClient(settings, propagate_traces=settings.propagate_traces)
        self._routes = [
            HttpLookup(record_name, rules, by, lookup, settings)
            for record_name, rules in settings.records.items()
            for by, lookup in rules.keys.items()
        ]
        self._listers = listers_of(settings, self._get)

    async def open(self) -> None:
        await self._transport.open(self.settings.headers)

    async def aclose(self) -> None:
        await self._transport.aclose()

    def pool_usage(self) -> PoolUsage | None:
        return self._transport.pool_usage

    async def check(self) -> list[str]:
        try:
            await self._transport.reach(URL(self.settings.base_url), _CHECK_TIMEOUT_S)
        except SourceError as error:
            return [f"sources.{self.name}.base_url: {error}; check the address and the network"]
        trials = await asyncio.gather(*map(self._trial, self._routes))
        return [problem for problem in trials if problem is not None]

    async def _trial(self, route: HttpLookup) -> str | None:
        """Try a lookup with a key of nobody, and report its problem. None when nobody is an answer."""
        where = f"sources.{self.name}.records.{RECORD_NAMES[route.record]}.keys.{route.by.value}"
        ask = Ask(fields=all_fields(route.record), first=1, remaining_s=_CHECK_TIMEOUT_S)
        try:
            answer = await self._fetch(route, [nobody(route.by)], ask)
        except SourceAuthError as error:
            return f"{where}: {error}; correct the token in headers"
        except SourceProtocolError as error:
            return f"{where}: {error}; compare path, list, key and records with what the source answers"
        except SourceError as error:
            return f"{where}: {error}; try the path by hand"
        if any(isinstance(page, Page) and page.records not in ([], b"[]") for page in answer.values()):
            return f"{where}: it gives records for a key that nobody has; set key to where a row says whose it is"
        return None

    def has_update_times(self, record: type[Record]) -> bool:
        rules = self.settings.records.get(RECORD_NAMES[record])
        return rules is not None and "updated_at" in rules.fields

    def links(self) -> Mapping[str, str]:
        return list_links(self.settings.records)

    def lookups(self) -> Sequence[Lookup]:
        return [
            Lookup(
                record=route.record,
                by=route.by,
                fetch=partial(self._fetch, route),
                max_batch=route.max_batch,
                pushdown=route.pushdown,
            )
            for route in self._routes
        ]

    def listings(self) -> Sequence[Lister]:
        return self._listers

    async def _get(self, url: URL, until: float | None) -> bytes | None:
        return await self._transport.call("GET", url, None, one_key=True, until=until)

    async def _fetch(self, route: HttpLookup, keys: Keys, ask: Ask) -> Answer:
        until = None if ask.remaining_s is None else asyncio.get_running_loop().time() + ask.remaining_s
        if _can_all_be_sent(keys):
            return await self._answer(route, keys, ask, until)
        good = [key for key in keys if _can_be_sent(key)]
        refused: Answer = {key: SourceRejectedError() for key in keys if key not in good}
        return {**refused, **await self._answer(route, good, ask, until)} if good else refused

    async def _answer(self, route: HttpLookup, keys: Keys, ask: Ask, until: float | None) -> Answer:
        if route.lookup.one_key:
            return await ask_each(keys, lambda key: self._ask_one(route, key, ask, until))

        async def ask_some(some: Keys) -> Answer:
            return await self._ask(route, some, ask, until)

        return await ask_in_parts(route.parts(keys, ask), lambda part: ask_in_halves(part, ask_some))

    async def _ask_one(self, route: HttpLookup, key: str, ask: Ask, until: float | None) -> Found | SourceError | None:
        try:
            return (await self._ask(route, [key], ask, until)).get(key)
        except SourceRejectedError:
            if route.lookup.refuses_unknown:
                return None
            raise

    async def _ask(self, route: HttpLookup, keys: Keys, ask: Ask, until: float | None) -> Mapping[str, Found | SourceError]:
        """One question, in as many calls as its answer has pages."""
        values = route.values(keys, ask)
        body = route.body(values)
        rows_by_key = route.new_rows(keys)
        total: int | None = None
        url = route.url(values)
        asked: set[URL] = set()
        is_cut = False
        for page_number in range(route.lookup.max_pages):
            content = await self._transport.call(route.lookup.method, url, body, one_key=route.lookup.one_key, until=until)
            if content is not None and page_number == 0 and (pages := route.read(content, keys, ask)) is not None:
                return pages
            answer = None if content is None else decoded(content)
            if answer is None and content is not None and not route.lookup.one_key:
                raise SourceProtocolError("null for a batch of keys")
            if answer is None and page_number == 0:
                return {}
            if answer is None:
                raise SourceProtocolError("a page is missing")
            if page_number == 0:
                total = route.total(answer, ask)
            page: Rows = {}
            route.add_rows(answer, keys, page)
            rows_by_key.add_page(page)
            further = route.next_url(answer, values, url)
            if further is None or self._is_enough(route, keys, ask, rows_by_key):
                break
            asked.add(url)
            if further in asked:
                raise SourceProtocolError("the next page is one that was read already")
            url = further
        else:
            if not route.is_in_order(ask):
                raise SourceProtocolError("more pages than max_pages, of a list without an order")
            is_cut = True
        rows_of = {key: [] for key in keys} | rows_by_key.by_key if is_cut else rows_by_key.by_key
        return {key: route.page(rows, ask, total, partial=is_cut) for key, rows in rows_of.items()} | rows_by_key.failures

    def _is_enough(self, route: HttpLookup, keys: Keys, ask: Ask, rows_by_key: RowLists) -> bool:
        if not route.lookup.one_key or ask.first is None or not route.sends_first(ask):
            return False
        return keys[0] in rows_by_key.failures or len(rows_by_key.by_key.get(keys[0], ())) >= ask.first


def _can_all_be_sent(keys: Keys) -> bool:
    """Tell whether that is seen at once."""
    return "".join(keys).isascii() and _NO_KEYS.isdisjoint(keys)


def _can_be_sent(key: str) -> bool:
    if key.isascii():
        return key not in _NO_KEYS
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True
