"""One record of the configuration: its columns, learnt once, its statements, built once, and the calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, TypeVar

from sqlalchemy import Executable

from connectors.contract import Answer, Ask, KeyKind, Keys, Listing, Measure, Measured, WordSearch
from connectors.errors import SourceProtocolError
from connectors.inspection import Sample, SampledKey
from connectors.record_fields import Fields, absent_paths
from connectors.records import RECORDS
from connectors.sql.columns import PARENT
from connectors.sql.database import SqlDatabase
from connectors.sql.dialect import Dialect
from connectors.sql.keys import KEYS, asked_for, can_be_sent, parameter
from connectors.sql.list_statement import FIRST, PLACE, SINCE, list_statement, listing, read_place, same_place
from connectors.sql.lookup_statement import ask_parameters, lookup_ids, lookup_statement, pages, shape_of
from connectors.sql.measure_statement import (
    MeasureShape,
    answers,
    measure_ids,
    measure_parameters,
    measure_parts,
    measure_shape,
    measure_statement,
    nothing_of,
)
from connectors.sql.record_query import IDS, LearntColumns, RecordQuery
from connectors.sql.sample_statement import ROWS_FOR_A_KEY, counted_rows, sampled_keys
from connectors.sql.settings import KeySettings, RecordSettings
from connectors.sql.subqueries import Columns, known
from connectors.sql.word_search import WAYS_LAST_S, Ways, find_ways, word_query
from connectors.toolkit.learnt_value import LearntValue

T = TypeVar("T")
MAX_IDS = 30_000
"""A statement of SQLite has so many parameters at least. More records are a large part of a table in any case."""


class RecordTable:
    """Fetches and measures the records of one name. Learning the columns is shared by the calls that wait for it."""

    def __init__(self, database: SqlDatabase, dialect: Dialect, name: str, settings: RecordSettings) -> None:
        self._database = database
        self._dialect = dialect
        self.name = name
        self.settings = settings
        self._learning: asyncio.Task[RecordStatements] | None = None
        self.absent_fields: frozenset[str] = frozenset()
        """The paths of fields without a column, once the columns are known."""
        self._ways = LearntValue(partial(find_ways, database, settings), WAYS_LAST_S)
        self.search_ways: Ways = {}
        """How each column that is searched in is looked in, once that is known."""

    async def fetch(self, kind: KeyKind, keys: Keys, ask: Ask) -> Answer:
        """Fetch the pages of the keys that find something, by one statement. Words are looked for by one for each text."""
        if ask.words is not None:
            return await self._fetch_words(kind, keys, ask, ask.words)
        key = self.settings.keys[kind]
        asked = asked_for(key, keys, self._dialect.integers)
        if not asked:
            return {}
        field = shape_of(ask)

        async def find(statements: RecordStatements) -> Answer:
            values = ask_parameters(ask, self._dialect) | {KEYS: parameter(key, asked)}
            statements = await self._with_ids(statements, statements.lookup_ids(kind, field), values)
            return pages(await self._database.run(statements.lookup(kind, field), values), asked)

        return await self._run(find)

    async def _fetch_words(self, kind: KeyKind, keys: Keys, ask: Ask, search: WordSearch) -> Answer:
        self.search_ways = await self._ways.find()
        queries = {text: word_query(text, search, self.search_ways) for text in keys if can_be_sent(text)}

        async def find(statements: RecordStatements) -> Answer:
            found: dict[str, Any] = {}
            for text, query in queries.items():
                if query is not None:
                    shape = shape_of(ask, query.shape)
                    values = {**ask_parameters(ask, self._dialect), **query.parameters}
                    own = await self._with_ids(statements, statements.lookup_ids(kind, shape), values)
                    found |= pages(await self._database.run_by_index(own.lookup(kind, shape), values), {text: [text]})
            return found

        return await self._run(find)

    async def measure(
        self,
        kind: KeyKind,
        keys: Keys,
        measures: Sequence[Measure],
        remaining_s: float | None = None,  # noqa: ARG002  a call that is cancelled ends at the database, too
    ) -> Measured:
        """Measure every key, by one statement."""
        key = self.settings.keys[kind]
        asked = asked_for(key, keys, self._dialect.integers)
        shapes = tuple(map(measure_shape, measures))

        async def compute(statements: RecordStatements) -> Measured:
            parts = statements.parts(kind, shapes)
            rows: Sequence[Any] = []
            if parts and asked:
                values = measure_parameters(measures, self._dialect) | {KEYS: parameter(key, asked)}
                statements = await self._with_ids(statements, statements.measure_ids(kind, shapes), values)
                rows = await self._database.run(statements.measures(kind, shapes), values)
            return answers(rows, parts, [nothing_of(statements.rows, field) for field in shapes], keys, asked)

        return await self._run(compute)

    async def list_page(
        self,
        fields: Fields,
        after: str | None,
        first: int,
        remaining_s: float | None = None,  # noqa: ARG002  as above
        since: datetime | None = None,
    ) -> Listing:
        """List the records after a cursor by their id, by one statement or two. With `since` those that changed from then on.

        A column's collation may take several ids for the same: they are in one page, so that none is skipped.
        """
        place = None if after is None else read_place(after)

        async def read(statements: RecordStatements) -> Listing:
            statements = statements.unconfined or statements
            values: dict[str, Any] = {FIRST: first} | ({} if after is None else {PLACE: place})
            if since is not None:
                values[SINCE] = self._dialect.time_value(since)
            changed = None if since is None else self.settings.changed
            rows = await self._database.run(statements.listed(fields, after is not None, changed), values)
            if len(rows) == first and isinstance(rows[-1][0], str):
                rows = [*rows, *await self._database.run(statements.listed_same(fields), {PLACE: rows[-1][0]})]
            return listing(rows, first)

        return await self._run(read)

    async def list_changes(
        self, fields: Fields, since: datetime, after: str | None, first: int, remaining_s: float | None = None
    ) -> Listing:
        """List the records that changed since a time, as `list_page`."""
        return await self.list_page(fields, after, first, remaining_s, since)

    async def sample(self, kind: KeyKind, count: int) -> Sample:
        """Sample so many keys, by two statements."""
        key, rows = self.settings.keys[kind], (await self.statements()).rows
        found = await self._database.run(sampled_keys(rows, kind), {"first": count, "looked_at": count * ROWS_FOR_A_KEY})
        written = [text for (text,) in found if text.strip()]
        asked = asked_for(key, written, self._dialect.integers)
        if not asked:  # None can be a key of this type.
            return Sample([SampledKey(own, 0, 0) for own in written])
        counted = await self._database.run(counted_rows(rows, kind), {KEYS: parameter(key, asked)})
        counts = {text: (found, ids) for text, found, ids in counted}
        return Sample([SampledKey(own, *counts.get(text, (0, 0))) for text, keys in asked.items() for own in keys])

    async def statements(self) -> RecordStatements:
        """Learn the columns of the queries and build the statements."""
        if self._learning is None or (self._learning.done() and _failed(self._learning)):
            self._learn_soon(None)
        assert self._learning is not None
        return await asyncio.shield(self._learning)

    async def _run(self, work: Callable[[RecordStatements], Awaitable[T]]) -> T:
        """Work with the statements. Where the database refuses one, and its columns have changed, once more with new ones."""
        statements = await self.statements()
        try:
            return await work(statements)
        except SourceProtocolError as error:
            if error.__cause__ is None or (changed := await self._statements_after(statements)) is statements:
                raise
        return await work(changed)

    async def _statements_after(self, refused: RecordStatements) -> RecordStatements:
        """Learn the columns again. Gives the same statements where nothing has changed."""
        if self._learning is not None and _gave(self._learning, refused):
            self._learn_soon(refused)
        return await self.statements()

    def _learn_soon(self, known: RecordStatements | None) -> None:
        self._learning = asyncio.create_task(self._learn(known))
        # Who waits may be gone when it fails; a failure that nobody has looked at would be logged with the query.
        self._learning.add_done_callback(_failed)

    def prepare_soon(self) -> None:
        """Begin to learn what a search needs: who searches first would wait for it longer than he may."""
        if KeyKind.TEXT in self.settings.keys:
            if self._learning is None:
                self._learn_soon(None)
            self._ways.learn_soon()

    async def aclose(self) -> None:
        await self._ways.aclose()
        if self._learning is not None:
            self._learning.cancel()
            await asyncio.wait([self._learning])

    async def _learn(self, known: RecordStatements | None) -> RecordStatements:
        """Learn the columns, and build statements where they are not the known ones."""
        columns = await self._database.columns(self.settings.query)
        lists = {name: await self._database.columns(own.query) for name, own in self.settings.lists.items()}
        if known is not None and known.rows.learnt[:2] == (columns, lists):
            return known
        looked_up = (
            [(self.name, self.settings.query, "id", columns)] if any(map(_of_pairs, self.settings.keys.values())) else []
        )
        looked_up += [(name, self.settings.lists[name].query, PARENT, own) for name, own in lists.items()]
        read_whole = [
            name
            for name, query, column, own in looked_up
            if column in map(str.lower, own) and await self._database.reads_whole(query, column)
        ]
        learnt = LearntColumns(columns, lists, by_index=await self._by_index(columns))
        plain = RecordStatements(RecordQuery(self._dialect, self.name, self.settings, learnt))
        self.absent_fields = absent_paths(RECORDS[self.name], plain.rows.has_column)
        if not read_whole:
            return plain
        confined = learnt._replace(read_whole=frozenset(read_whole))
        return RecordStatements(RecordQuery(self._dialect, self.name, self.settings, confined), plain)

    async def _by_index(self, columns: Columns) -> frozenset[str]:
        """The columns of keys whose rows an index finds. Rows without an order are not paged through."""
        if not RECORDS[self.name].time_field:
            return frozenset()
        query, keys = self.settings.query, self.settings.keys.values()
        asked = [(name, key.type) for name in columns for key in keys if key.column and key.column in (name, name.lower())]
        return frozenset(
            [known(name, columns) for name, type_ in asked if await self._database.finds_by_index(query, name, type_)]
        )

    async def _with_ids(
        self, statements: RecordStatements, find: Executable | None, values: dict[str, Any]
    ) -> RecordStatements:
        """Add the ids that statements need as constants. Returns statements without them where they cannot be given."""
        if find is None:
            return statements
        ids = [row[0] for row in await self._database.run(find, values)]
        # An id that is no UTF-8 does not go back as it came.
        if statements.unconfined is not None and (len(ids) > MAX_IDS or any(map(_is_broken, ids))):
            return statements.unconfined
        values[IDS] = ids or [None]
        return statements


class RecordStatements:
    """The statements about one record, cached by their shape."""

    def __init__(self, rows: RecordQuery, unconfined: RecordStatements | None = None) -> None:
        self.rows = rows
        self.unconfined = unconfined
        self.lookup_ids = lru_cache(maxsize=256)(partial(lookup_ids, rows))
        self.measure_ids = lru_cache(maxsize=64)(partial(measure_ids, rows))
        self.lookup = lru_cache(maxsize=256)(partial(lookup_statement, rows))
        self.parts = lru_cache(maxsize=64)(partial(measure_parts, rows))
        self.measures = lru_cache(maxsize=64)(self._measures)
        self.listed = lru_cache(maxsize=16)(partial(list_statement, rows))
        self.listed_same = lru_cache(maxsize=16)(partial(same_place, rows))

    def _measures(self, kind: KeyKind, shapes: tuple[MeasureShape, ...]) -> Executable:
        return measure_statement(self.parts(kind, shapes))


def _is_broken(id_: Any) -> bool:
    return isinstance(id_, str) and "\ufffd" in id_


def _of_pairs(key: KeySettings) -> bool:
    return key.query is not None


def _gave(learning: asyncio.Task[RecordStatements], statements: RecordStatements) -> bool:
    return learning.done() and not _failed(learning) and learning.result() is statements


def _failed(learning: asyncio.Task[Any]) -> bool:
    return learning.cancelled() or learning.exception() is not None
