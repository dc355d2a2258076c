"""One lookup of the configuration, compiled: what to send for an ask, and how to read what comes back."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any

from yarl import URL

from connectors.contract import Ask, KeyKind, Page, Push
from connectors.errors import SourceError, SourceProtocolError
from connectors.http.answers import AnswerReader, KeyOf
from connectors.http.settings import HttpSettings, LookupSettings, RecordSettings
from connectors.mapping.expressions import getter
from connectors.mapping.places import MisfitError
from connectors.mapping.rows import RowMapping
from connectors.records import RECORDS
from connectors.shapes import Fields
from connectors.templates import Values, render_body, render_path, values_of, with_parameter
from connectors.values import to_text
from connectors.window import Window

_READY_TO_SEND = re.compile(r"[!-~]+")
Rows = dict[str, list[Any] | SourceError]
"""Rows by key, as the source wrote them; an error for a key whose rows cannot be read."""


class Route:
    def __init__(
        self, record_name: str, rules: RecordSettings, by: KeyKind, lookup: LookupSettings, settings: HttpSettings
    ) -> None:
        self.record = RECORDS[record_name]
        self.by = by
        self.lookup = lookup
        self.max_batch = lookup.max_batch or (1 if lookup.one_key else settings.max_batch)
        self._base = base = URL(settings.base_url)
        self._build = partial(URL.build, scheme=base.scheme, authority=base.raw_authority, encoded=True)
        self._base_path = base.raw_path.rstrip("/")
        self._window = Window(self.record, rules.order, lookup.placeholders, counts=lookup.total is not None)
        self._rules = rules
        self._readers = lru_cache(maxsize=256)(self._new_readers)
        self._mapping = RowMapping(self.record, rules)
        self._list = getter(rules.list)
        self._key, self._records, self._total, self._next, self._next_cursor = (
            getter(expression) if expression is not None else None
            for expression in (lookup.key, lookup.records, lookup.total, lookup.next, lookup.next_cursor)
        )
        self.pushdown = self._window.pushdown

    def sends_first(self, ask: Ask) -> bool:
        """Whether cutting at the source cuts what the ask wants cut: everything else that was asked is applied there."""
        return self._window.first(ask) is not None

    def values(self, keys: Sequence[str], ask: Ask) -> Values:
        return values_of(keys, ask, with_first=self.sends_first(ask))

    def url(self, values: Values, cursor: str | None = None) -> URL:
        path = render_path(self.lookup.path, values)
        if cursor is not None:
            path = with_parameter(path, self.lookup.cursor_parameter or "", cursor)
        path, _, query = path.partition("?")
        return self._build(path=self._base_path + path, query_string=query)

    def body(self, values: Values) -> Any:
        return None if self.lookup.body is None else render_body(self.lookup.body, values)

    def next_url(self, answer: Any, values: Values) -> URL | None:
        """Where the next page is, None after the last. Another origin is refused: it would be sent our credentials."""
        if self._next_cursor is not None:
            cursor = self._next_cursor(answer)
            return None if cursor is None or cursor == "" else self.url(values, str(cursor))
        link = self._next(answer) if self._next is not None else None
        if link is None or link == "":
            return None
        if not isinstance(link, str):
            raise SourceProtocolError("no link where `next` points")
        try:
            # A link that is ready to be sent stays as it is: decoding %2C would split a key that holds a comma.
            url = self._base.join(URL(link, encoded=_READY_TO_SEND.fullmatch(link) is not None))
            same = url.origin() == self._base.origin()
        except ValueError as error:
            raise SourceProtocolError("the link to the next page cannot be read") from error
        if not same:
            raise SourceProtocolError("the next page is at another origin")
        return self._base.origin().join(url.relative())

    def read(self, content: bytes, keys: Sequence[str], ask: Ask) -> dict[str, Page] | None:
        """A whole answer read the fast way; None where it has to be mapped row by row."""
        sorts = Push.ORDER in self.pushdown
        first = ask.first if sorts and self._window.is_complete(ask) and ask.after is None else None
        newest_first = not ask.oldest_first if sorts else None
        for reader in () if self._window.bounds_here(ask) else self._readers(ask.fields, ask.shown):
            try:
                return reader.read(content, keys, first=first, newest_first=newest_first)
            except MisfitError:
                continue
        return None

    def _new_readers(self, fields: Fields, shown: bool) -> list[AnswerReader]:
        """Those that can read answers, the quickest first."""
        with suppress(MisfitError):
            new = partial(AnswerReader, self.record, self._rules, self.lookup, fields, self._asked, shown=shown)
            quickest = new(as_they_come=True)
            return [quickest, new(as_they_come=False)] if quickest.as_they_come else [quickest]
        return []

    def add_rows(self, answer: Any, keys: Sequence[str], found: Rows) -> None:
        """Put the rows of an answer with their keys. A row of no key, or of one that was not asked for, is nobody's."""
        rows = self._list(answer)
        if self.lookup.one_key and isinstance(rows, dict):
            rows = [rows]
        if not isinstance(rows, list):
            raise SourceProtocolError("no list where `list` points")
        for key, row in self._keyed(rows, keys):
            own = found.setdefault(key, [])
            records = [row] if self._records is None else self._records(row)
            if not isinstance(records, list):
                found[key] = SourceProtocolError("no list where `records` points")
            elif isinstance(own, list):
                own += [record for record in records if record is not None]

    def _keyed(self, rows: list[Any], keys: Sequence[str]) -> Iterator[tuple[str, Any]]:
        asked = self._asked(keys)
        for row in rows:
            if row is None:
                continue
            text = None if self._key is None else to_text(self._key(row))
            key = asked(text) if self._key is None or isinstance(text, str) else None
            if key is not None:
                yield key, row

    def _asked(self, keys: Sequence[str]) -> KeyOf:
        """Which of the asked keys a row means; addresses are written in any case."""
        if self._key is None:
            return lambda _text: keys[0]
        exact = {key: key for key in keys}
        if self.by is not KeyKind.EMAIL:
            return exact.get
        any_case = {key.lower(): key for key in keys}
        return lambda text: exact.get(text) or (None if text is None else any_case.get(text.lower()))

    def page(self, rows: list[Any], ask: Ask, total: int | None) -> Page:
        """The records of one key as canonical JSON."""
        mapped = self._mapping.mapper(self._window.fields(ask))
        return self._window.page([mapped(row) for row in rows], ask, total)

    def total(self, answer: Any, ask: Ask) -> int | None:
        """How many records match, None where the source did not count just those."""
        if self._total is None or not ask.count or not self._window.at_source(ask):
            return None
        total = self._total(answer)
        if not isinstance(total, int) or isinstance(total, bool):
            raise SourceProtocolError("no number where `total` points")
        return total
