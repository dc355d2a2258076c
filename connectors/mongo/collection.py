"""One record of the configuration: its places, worked out once, and the calls."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from bson.datetime_ms import DatetimeMS

from connectors.contract import Answer, Ask, Found, KeyKind, Keys, Listing, Measure, Measured, Page, WordSearch
from connectors.errors import SourceError
from connectors.mongo.database import MongoDatabase
from connectors.mongo.document_reader import Read, reader, values_at
from connectors.mongo.field_paths import projection, record_paths
from connectors.mongo.filters import Match
from connectors.mongo.keys import Asked, asked_for, match_of, owners
from connectors.mongo.list_pipeline import page_stages, read_place, same_stages, write_cursor
from connectors.mongo.lookup_pipeline import SortKeys, counted, lookup_stages, match_documents, undated
from connectors.mongo.measure_pipeline import answers, measure_stages, nothing_of
from connectors.mongo.record_settings import KeySettings, RecordSettings
from connectors.mongo.values import encoded, to_text
from connectors.mongo.word_search import WordWays, matches_of_words
from connectors.record_fields import Fields
from connectors.records import RECORDS, Customer
from connectors.toolkit.search_words import SEARCHED_FIELDS

MAX_DOCUMENTS = 1_000
"""How many documents a search for words reads where nobody says."""


class Collection:
    """Fetches and measures the records of one name."""

    def __init__(self, database: MongoDatabase, name: str, settings: RecordSettings) -> None:
        self._database = database
        self.settings = settings
        self.record = RECORDS[name]
        self.places = record_paths(name, settings)
        self.order = SortKeys.for_record(self.places, self.record, settings.integer_ids)
        self._plan = lru_cache(maxsize=256)(self._planned)
        text = settings.keys.get(KeyKind.TEXT)
        self.search_ways = WordWays(database, settings.collection, () if text is None else text.paths)
        searched = SEARCHED_FIELDS if text is not None and self.record is Customer else {}
        self._fields_by_path = {str(self.places.spot(path).path): name for name, path in searched.items()}

    async def fetch(self, kind: KeyKind, keys: Keys, ask: Ask) -> Answer:
        """Fetch the pages of the keys that find something.

        Without a cut by one call. With one by a call for each key, side by side: each reads so many documents and no more,
        where one for all would have the server read every document of every key.
        """
        key = self.settings.keys[kind]
        asked = asked_for(key, keys)
        if not asked:
            return {}
        if ask.words is not None:
            with self._database.within(ask.remaining_s):
                return {text: await self._with_words(text, ask, ask.words) for texts in asked.values() for text in texts}
        with self._database.within(ask.remaining_s):
            if len(asked) == 1 or (key.path is not None and ask.first is None and not (ask.count and ask.after)):
                return await self._page(key, asked, ask)
            calls = (self._own_page(key, {value: own}, ask) for value, own in asked.items())
            answers = await asyncio.gather(*calls)
        failures = [answer for answer in answers if isinstance(answer, SourceError)]
        if len(failures) == len(answers):
            raise failures[0]  # the source failed, not a key: whoever counts failures should see it
        answer: dict[str, Found | SourceError] = {}
        for own, documents in zip(asked.values(), answers, strict=True):
            answer |= dict.fromkeys(own, documents) if isinstance(documents, SourceError) else documents
        return answer

    async def list_page(self, fields: Fields, after: str | None, first: int, remaining_s: float | None = None) -> Listing:
        """List the documents after a cursor by their id, by one call or two.

        Documents whose ids are the same to the collection are in one page, so that none is skipped.
        """
        path, place = self.order.id, None if after is None else read_place(after)
        read, paths = self._plan(fields)
        with self._database.within(remaining_s):
            documents = await self._database.aggregate(self.settings.collection, page_stages(path, place, first, paths))
            last = values_at(documents[-1], path) if len(documents) == first else None
            if last is not None and path != "_id":
                documents += await self._database.aggregate(self.settings.collection, same_stages(path, last, paths))
        records: dict[Any, Any] = {}
        for document in documents:
            id_ = values_at(document, path)
            records.setdefault((isinstance(id_, str), to_text(id_) or len(records)), read(document, document))
        return Listing(encoded(list(records.values())), None if last is None else write_cursor(last))

    async def measure(
        self, kind: KeyKind, keys: Keys, measures: Sequence[Measure], remaining_s: float | None = None
    ) -> Measured:
        """Measure every key, by one call."""
        key = self.settings.keys[kind]
        asked = asked_for(key, keys)
        nothing = [nothing_of(self.places, measure) for measure in measures]
        if not asked:
            return {own: list(nothing) for own in keys}
        stages = measure_stages(self.places, self.record, self.order, key, asked, measures)
        with self._database.within(remaining_s):
            documents = await self._database.aggregate(self.settings.collection, stages)
        return answers(self.places, measures, documents[0] if documents else {}, nothing, keys, asked)

    async def _with_words(self, text: str, ask: Ask, search: WordSearch) -> Page:
        """Find the documents with the words of a text, those that are likeliest first."""
        read, paths = self._plan(ask.fields)
        found: dict[Any, Any] = {}
        for match in matches_of_words(text, search, await self.search_ways.find(), self._fields_by_path):
            most = (ask.first or MAX_DOCUMENTS) - len(found)
            if most > 0:
                shown = projection((*paths, self.order.id))
                stages: list[dict[str, Any]] = [{"$match": match}, {"$limit": most + len(found)}, {"$project": shown}]
                for document in await self._database.aggregate(self.settings.collection, stages):
                    id_ = to_text(values_at(document, self.order.id)) or len(found)
                    found.setdefault(id_, read(document, document))
        return Page(encoded([*found.values()][: ask.first]))

    async def _own_page(self, key: KeySettings, asked: Asked, ask: Ask) -> dict[str, Page] | SourceError:
        try:
            return await self._page(key, asked, ask)
        except SourceError as error:
            return error

    async def _page(self, key: KeySettings, asked: Asked, ask: Ask) -> dict[str, Page]:
        read, paths = self._plan(ask.fields)
        if len(asked) > 1 and key.path is not None:
            paths = (*paths, key.path)
        match = match_documents(self.places, self.record, match_of(key, asked), ask)
        paths = (*paths, *([self.order.id] if ask.count else ()), *([self.order.time] if self.order.time else ()))
        tells_time = self.record.time_field is not None and self.record.time_field in ask.fields
        documents: dict[str, list[Any]] = {own: [] for keys in asked.values() for own in keys}
        counts = dict.fromkeys(documents, 0)
        if ask.first != 0:
            stages = lookup_stages(self.order, match, ask, paths)
            for document in await self._database.aggregate(self.settings.collection, stages):
                has_time = self._has_time(document)
                # Nobody knows when it was, so it is dropped: the decoder says why where the time is asked for.
                record = read(document, document) if has_time or tells_time else None
                is_record = has_time and ask.count and self._has_id(document)
                for own in owners(key, document, asked):
                    documents[own].append(record)
                    counts[own] += is_record
        partial = await self._leaves_out(match, ask)
        pages: dict[str, Page] = {}
        for own, records in documents.items():
            total = await self._total(match, ask, len(records), counts[own]) if ask.count else None
            if records or total or partial:
                pages[own] = Page(encoded(records), total, partial)
        return pages

    async def _leaves_out(self, match: Match, ask: Ask) -> bool:
        """Tell whether documents without a date are left out.

        They would come before the oldest ones and are not given there.
        """
        if not ask.oldest_first or self.order.time is None:
            return False
        return await self._database.count(self.settings.collection, undated(self.order, match)) > 0

    async def _total(self, match: Match, ask: Ask, given: int, count: int) -> int:
        """Count all records of a key. What was not cut was counted when it came."""
        if ask.after is None and (ask.first is None or given < ask.first):
            return count
        return await self._database.count(self.settings.collection, counted(self.order, match))

    def _has_id(self, document: dict[str, Any]) -> bool:
        """As `counted` says."""
        id_ = values_at(document, self.order.id)
        return str("" if id_ is None else id_).strip() != ""

    def _has_time(self, document: dict[str, Any]) -> bool:
        """Tell whether a document has the date that sorts it, if there is one."""
        time = self.order.time
        return time is None or isinstance(values_at(document, time), datetime | DatetimeMS)

    def _planned(self, fields: Fields) -> tuple[Read, tuple[str, ...]]:
        return reader(self.places, fields), tuple(self.places.paths(fields))
