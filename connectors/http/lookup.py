"""Compile a lookup of the configuration: write its requests, read its responses."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any

import msgspec
from yarl import URL

from connectors.contract import Ask, KeyKind, Page, Push
from connectors.errors import SourceError, SourceProtocolError
from connectors.http.response_reader import KeysOf, ResponseReader
from connectors.http.settings import HttpSettings, LookupSettings, RecordSettings
from connectors.record_fields import Fields, has_decimals
from connectors.records import RECORDS
from connectors.toolkit.converters import converter, has_odd_decimals, to_list, to_text
from connectors.toolkit.key_forms import form_of, has_alike, keys_by_form
from connectors.toolkit.list_pushdown import ListPushdown
from connectors.toolkit.mapping.jmespath_expressions import Get, getter, misses_name
from connectors.toolkit.mapping.row_layout import SlowPathNeededError
from connectors.toolkit.mapping.row_lists import RowLists, id_reader
from connectors.toolkit.mapping.row_mapping import RowMapping
from connectors.toolkit.request_templates import Values, placeholders_of, render_body, render_path, values_of, with_parameter

MAX_ADDRESS = 4096
"""How long a path with its query may be that holds several keys: many servers take 8 KB, and some 4."""
MAX_BYTES_OF_A_CHARACTER = 12
"""Four bytes of UTF-8, each as `%F0`."""
_to_whole = converter(int)
_READY_TO_SEND = re.compile(r"[!-~]+")
_NOTHING: tuple[Any, ...] = (None, "", [], {})
Rows = dict[str, list[Any] | SourceError]
"""Rows by key, as the source wrote them; an error for a key whose rows cannot be read."""


class HttpLookup:
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
        self._list_pushdown = ListPushdown(self.record, rules.order, lookup.placeholders, counts=lookup.total is not None)
        self._keys_in_path = "keys" in placeholders_of(lookup.path)
        self._rules = rules
        self._readers = lru_cache(maxsize=256)(self._new_readers)
        self._mapping = RowMapping(self.record, rules)
        self._id_of = id_reader(self._mapping)
        self._list = getter(rules.list)
        self._key, self._records, self._total, self._next, self._next_cursor = (
            getter(expression) if expression is not None else None
            for expression in (lookup.key, lookup.records, lookup.total, lookup.next, lookup.next_cursor)
        )
        self.pushdown = self._list_pushdown.pushdown

    def sends_first(self, ask: Ask) -> bool:
        """Tell whether the source can cut the page: it applies the rest of the ask as well."""
        return self._list_pushdown.first(ask) is not None

    def values(self, keys: Sequence[str], ask: Ask) -> Values:
        return values_of(keys, ask, with_first=self.sends_first(ask))

    def url(self, values: Values, cursor: str | None = None) -> URL:
        path = render_path(self.lookup.path, values)
        if cursor is not None:
            path = with_parameter(path, self.lookup.cursor_parameter or "", cursor)
        path, _, query = path.partition("?")
        return self._build(path=self._base_path + path, query_string=query)

    def parts(self, keys: Sequence[str], ask: Ask) -> Sequence[Sequence[str]]:
        """Split keys so that each address fits the limit of servers."""
        if not self._keys_in_path or MAX_BYTES_OF_A_CHARACTER * sum(map(len, keys)) < MAX_ADDRESS - len(self.lookup.path):
            return [keys]
        if len(keys) == 1 or len(self.url(self.values(keys, ask)).raw_path_qs) <= MAX_ADDRESS:
            return [keys]
        middle = (len(keys) + 1) // 2
        return [*self.parts(keys[:middle], ask), *self.parts(keys[middle:], ask)]

    def body(self, values: Values) -> Any:
        return None if self.lookup.body is None else render_body(self.lookup.body, values)

    def next_url(self, answer: Any, values: Values, page: URL) -> URL | None:
        """Find the next page, None after the last."""
        if self._next_cursor is not None:
            given = self._next_cursor(answer)
            if is_nothing(given):
                return None
            cursor = None if given is True else to_text(given)
            if not isinstance(cursor, str):
                raise SourceProtocolError("no cursor where `next_cursor` points")
            return self.url(values, cursor)
        return follow_link(self._next(answer) if self._next is not None else None, page, self._base)

    def read(self, content: bytes, keys: Sequence[str], ask: Ask) -> dict[str, Page] | None:
        """Read a whole answer the fast way. None where it has to be mapped row by row."""
        sorts = Push.ORDER in self.pushdown
        first = ask.first if sorts and self._list_pushdown.is_complete(ask) and ask.after is None else None
        newest_first = not ask.oldest_first if sorts else None
        needs_rows = self._list_pushdown.bounds_here(ask) or has_alike(self.by, keys)
        readers = () if needs_rows else self._readers(ask.fields, ask.shown)
        if readers and not ask.shown and has_decimals(self.record, ask.fields) and has_odd_decimals(content):
            return None
        for reader in readers:
            try:
                return reader.read(content, keys, first=first, newest_first=newest_first)
            except SlowPathNeededError:
                continue
        return None

    def _new_readers(self, fields: Fields, shown: bool) -> list[ResponseReader]:
        """Those that can read answers, the quickest first. Lists as they come save 10 % of Q3 (decision 39)."""
        with suppress(SlowPathNeededError):
            new = partial(ResponseReader, self.record, self._rules, self.lookup, fields, self._asked, shown=shown)
            quickest = new(as_they_come=True)
            return [quickest, new(as_they_come=False)] if quickest.as_they_come else [quickest]
        return []

    def new_rows(self, keys: Sequence[str]) -> RowLists:
        """Begin without rows."""
        return RowLists(self._id_of, may_repeat=has_alike(self.by, keys))

    def add_rows(self, answer: Any, keys: Sequence[str], rows_by_key: Rows) -> None:
        """Put the rows of an answer with their keys. A row of no key, or of one that was not asked for, is nobody's."""
        rows = list_at(answer, self._list, self._rules.list)
        if self.lookup.one_key and isinstance(rows, dict):
            rows = [rows]
        if not isinstance(rows, list):
            raise SourceProtocolError("no list where `list` points")
        for key, row in self._keyed(rows, keys):
            own = rows_by_key.setdefault(key, [])
            records = [row] if self._records is None else list_at(row, self._records, self.lookup.records or "@")
            if not isinstance(records, list):
                rows_by_key[key] = SourceProtocolError("no list where `records` points")
            elif isinstance(own, list):
                own += [record for record in records if record is not None]

    def _keyed(self, rows: list[Any], keys: Sequence[str]) -> Iterator[tuple[str, Any]]:
        asked = self._asked(keys)
        for row in rows:
            if row is None:
                continue
            text = None if self._key is None else to_text(self._key(row))
            if self._key is None or isinstance(text, str):
                yield from ((key, row) for key in asked(text))

    def _asked(self, keys: Sequence[str]) -> KeysOf:
        """Match a row's key to the asked ones: an address to all that differ from it in no more than their case."""
        if self._key is None:
            return lambda _text: keys[:1]
        asked = keys_by_form(self.by, keys)
        return lambda text: () if text is None else asked.get(form_of(self.by, text), ())

    def is_in_order(self, ask: Ask) -> bool:
        return self._list_pushdown.is_in_order(ask)

    def page(self, rows: list[Any], ask: Ask, total: int | None, *, partial: bool = False) -> Page:
        """Write the records of one key as canonical JSON."""
        mapped = self._mapping.mapper(self._list_pushdown.fields(ask))
        page = self._list_pushdown.page([mapped(row) for row in rows], ask, total)
        return msgspec.structs.replace(page, partial=True) if partial else page

    def total(self, answer: Any, ask: Ask) -> int | None:
        """Read how many records match. None where the source did not count just those."""
        if self._total is None or not ask.count or not self._list_pushdown.at_source(ask):
            return None
        total = _to_whole(self._total(answer))
        if total is None and not misses_name(self.lookup.total or "@", answer):
            return None
        if not isinstance(total, int) or isinstance(total, bool):
            raise SourceProtocolError("no number where `total` points")
        return total


def is_nothing(given: Any) -> bool:
    """Tell whether JMESPath takes a value for false."""
    return given is False or given in _NOTHING


def follow_link(link: Any, page: URL, base: URL) -> URL | None:
    """Find the page that a link leads to, None where there is none.

    Another origin is refused: it would be sent our credentials. A link is relative to the address of its page (RFC 3986, 5.1).
    What JMESPath takes for false is none.
    """
    if is_nothing(link):
        return None
    if not isinstance(link, str):
        raise SourceProtocolError("no link where `next` points")
    try:
        # A link that is ready to be sent stays as it is: decoding %2C would split a key that holds a comma.
        url = page.join(URL(link, encoded=_READY_TO_SEND.fullmatch(link) is not None))
        same = url.origin() == base.origin()
    except ValueError as error:
        raise SourceProtocolError("the link to the next page cannot be read") from error
    if not same:
        raise SourceProtocolError("the next page is at another origin")
    return base.origin().join(url.relative())


def list_at(value: Any, get: Get, expression: str) -> Any:
    """Evaluate an expression of a list. It is empty where there is nothing, None where a name is missing."""
    rows = get(value)
    return [] if to_list(rows) is None and (rows is not None or not misses_name(expression, value)) else rows
