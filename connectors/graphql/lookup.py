"""Compile a lookup of the configuration: write its documents, read its responses."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import msgspec

from connectors.contract import Ask, Found, KeyKind, nobody
from connectors.errors import SourceError, SourceProtocolError
from connectors.graphql.query import Query
from connectors.graphql.record_reader import RecordReader
from connectors.graphql.response import ABSENT, REFUSED, Errors, code_of, of_a_key, path_of
from connectors.graphql.response_paths import found_at, number_at, object_on
from connectors.graphql.selection import SourceSelection
from connectors.graphql.settings import GraphQLSettings, LookupSettings, RecordSettings
from connectors.record_fields import Fields
from connectors.records import RECORDS
from connectors.toolkit.converters import to_text
from connectors.toolkit.evaluation import as_text
from connectors.toolkit.key_forms import form_of, has_alike, keys_by_form
from connectors.toolkit.list_pushdown import ListPushdown
from connectors.toolkit.mapping.row_lists import IdOf, RowLists, id_reader
from connectors.toolkit.mapping.row_mapping import RowMapping
from connectors.toolkit.request_templates import placeholders_of, render_body

_ALIASED = 10
"""Many servers bound how often one document may ask for a field."""
_NUMBER = re.compile("0|-?[1-9][0-9]{0,9}")


class LookupQuery:
    """Hold a query of a document, and its results so far. It is for one key or for all.

    `asked` are the keys by the form in which they are compared. Where rows need care, they are read one by one.
    """

    def __init__(self, by: KeyKind, keys: Sequence[str], variables: Mapping[str, Any], id_of: IdOf) -> None:
        self.keys = keys
        self.asked = keys_by_form(by, keys)
        self.variables = dict(variables)
        self.rows = RowLists(id_of, may_repeat=has_alike(by, keys))
        self.cursors: set[str] = set()
        self.totals: dict[str, int] = {}
        self.failures: dict[str, SourceError] = {}
        self.is_cut = self.needs_care = False

    def fail(self, error: SourceError) -> None:
        self.failures = dict.fromkeys(self.keys, error)


class GraphQLLookup:
    def __init__(
        self, record_name: str, rules: RecordSettings, by: KeyKind, settings: LookupSettings, source: GraphQLSettings
    ) -> None:
        self.record = RECORDS[record_name]
        self.by = by
        self.max_pages = settings.max_pages
        self._page_size = settings.page_size
        self._query = query = Query(settings.query, settings.variables)
        self._absent = {ABSENT, REFUSED} if settings.refuses_unknown else {ABSENT}
        self.max_batch = settings.max_batch or (min(_ALIASED, source.max_batch) if query.one_key else source.max_batch)
        sends = query.sends - {"first"} if query.cuts_all else query.sends
        self._list_pushdown = ListPushdown(self.record, rules.order, sends, counts=query.total is not None)
        self.pushdown = self._list_pushdown.pushdown
        self._selection = SourceSelection(rules)
        self._reader = RecordReader(self.record, self._selection.rules)
        self._id_of = id_reader(RowMapping(self.record, self._selection.rules))
        self._takes_numbers = query.types.get("keys" if not query.one_key else "key", "").strip("[]!") == "Int"
        self.mapped = _settings_of(rules)
        self._selected = lru_cache(maxsize=256)(partial(self._selection.select, self.record))
        self._document = lru_cache(maxsize=256)(self._new_document)

    @property
    def nobody(self) -> str:
        """A key that finds nothing."""
        return "2147483647" if self._takes_numbers else nobody(self.by)

    def build_queries(self, keys: Sequence[str], ask: Ask) -> list[LookupQuery]:
        """Build one query for all keys, or one for each.

        A key that cannot be of the type that the source has finds nothing.
        """
        if self._takes_numbers:
            keys = [key for key in keys if _is_number(key)]
        if not keys:
            return []
        if not self._query.one_key:
            return [LookupQuery(self.by, keys, {"keys": [self._typed(key) for key in keys]}, self._id_of)]
        return [LookupQuery(self.by, [key], self._own(ask, key), self._id_of) for key in keys]

    def body(self, queries: Sequence[LookupQuery], ask: Ask) -> dict[str, Any]:
        """Write the body for these queries."""
        shared = {"first": self._first(ask)} | self._bounds(ask) | self._templates(ask, None)
        shared = {name: value for name, value in shared.items() if value is not None and name in self._query.types}
        return {
            "query": self._document(self._list_pushdown.fields(ask), self._counts(ask), len(queries)),
            "variables": self._query.values(shared, [lookup_query.variables for lookup_query in queries]),
        }

    def read_response(
        self, queries: Sequence[LookupQuery], data: Mapping[str, Any], errors: Errors, ask: Ask, wait_s: float | None
    ) -> list[LookupQuery]:
        """Read a response into its queries; return those that need another page."""
        further = []
        for lookup_query, name in zip(queries, self._query.root_names(len(queries)), strict=True):
            own = [error for error in errors if path_of(error)[0] == name]
            try:
                if self._read_page(lookup_query, data.get(name), own, ask, wait_s):
                    further.append(lookup_query)
            except SourceError as error:
                lookup_query.fail(error)
            except RecursionError:
                lookup_query.fail(SourceProtocolError("nested too deep"))
        return further

    def cut(self, lookup_query: LookupQuery, ask: Ask) -> None:
        """End a query that has more pages than are read.

        In the order of the ask, what was read is the part to give.
        """
        if self._list_pushdown.is_in_order(ask):
            lookup_query.is_cut = True
        else:
            lookup_query.fail(SourceProtocolError("more pages than max_pages, of a list without an order"))

    def collect_records(self, lookup_query: LookupQuery, ask: Ask) -> dict[str, Found | SourceError]:
        """Collect the records of a query by key."""
        known, _ = self._selected(self._list_pushdown.fields(ask))
        rows_of = {key: [] for key in lookup_query.keys if lookup_query.is_cut} | lookup_query.rows.by_key
        pages = {
            key: self._list_pushdown.page(
                self._reader.records(rows, known, lookup_query.needs_care), ask, lookup_query.totals.get(key)
            )
            for key, rows in rows_of.items()
        }
        if lookup_query.is_cut:
            pages = {key: msgspec.structs.replace(page, partial=True) for key, page in pages.items()}
        return {**pages, **lookup_query.failures}

    def _read_page(self, lookup_query: LookupQuery, value: Any, errors: Errors, ask: Ask, wait_s: float | None) -> bool:
        if self._query.one_key and errors:
            if not (value is None and all(code_of(error) in self._absent for error in errors)):
                raise of_a_key(errors, wait_s, one_key=True)
            return False
        query = self._query
        page: dict[str, list[Any]] = {}
        for holder in found_at(value, query.spine[1 : query.holder]):
            for key in self._keys(lookup_query, holder):
                page.setdefault(key, []).extend(found_at(holder, query.spine[query.holder :]))
                if self._counts(ask):
                    lookup_query.totals[key] = number_at(holder, query.total or ())
        for key, rows in page.items():
            lookup_query.rows.add(key, rows)
        if errors:
            self._place(lookup_query, value, errors, wait_s)
        return self._goes_on(lookup_query, value, ask)

    def _keys(self, lookup_query: LookupQuery, holder: Any) -> Sequence[str]:
        """Match a key of an answer to the asked ones: an address to all that differ in no more than their case."""
        if self._query.key is None:
            return lookup_query.keys[:1]
        text = to_text(next(found_at(holder, self._query.key), None))
        return lookup_query.asked.get(form_of(self.by, text), ()) if isinstance(text, str) else ()

    def _place(self, lookup_query: LookupQuery, value: Any, errors: Errors, wait_s: float | None) -> None:
        """Errors cost the keys that they are about."""
        for error in errors:
            holder = object_on(value, path_of(error)[1:], self._query.spine[1 : self._query.holder])
            own = () if holder is None else self._keys(lookup_query, holder)
            meant = of_a_key([error], wait_s, one_key=False)
            if own:
                lookup_query.failures |= dict.fromkeys(own, meant)
            elif self._query.holder == len(self._query.spine):
                raise meant  # a record is missing, and nobody knows whose
            elif code_of(error) != ABSENT:
                lookup_query.failures |= {key: meant for key in lookup_query.keys if key not in lookup_query.rows.by_key}

    def _goes_on(self, lookup_query: LookupQuery, value: Any, ask: Ask) -> bool:
        if self._query.paged is None or self._is_enough(lookup_query, ask):
            return False
        infos = list(found_at(value, (*self._query.spine[1 : self._query.paged + 1], "pageInfo")))
        if not any(isinstance(info, dict) and info.get("hasNextPage") for info in infos):
            return False
        if "after" not in self._query.sends:
            raise SourceProtocolError("more pages, and the query has no $after")
        cursor = infos[0].get("endCursor") if len(infos) == 1 else None
        if not isinstance(cursor, str) or not cursor:
            raise SourceProtocolError("no cursor of the next page")
        if cursor in lookup_query.cursors:
            raise SourceProtocolError("the next page is one that was read already")
        lookup_query.cursors.add(cursor)
        lookup_query.variables["after"] = cursor
        return True

    def _is_enough(self, lookup_query: LookupQuery, ask: Ask) -> bool:
        first = self._list_pushdown.first(ask)
        return (
            self._query.one_key and first is not None and len(lookup_query.rows.by_key.get(lookup_query.keys[0], ())) >= first
        )

    def _first(self, ask: Ask) -> int | None:
        """How many records a page has: what is wanted, in pages of the same size where one does not hold it."""
        wanted = self._list_pushdown.first(ask)
        if self._page_size is None or wanted is None:
            return self._page_size or wanted
        pages = -(-wanted // self._page_size)
        return -(-wanted // pages) if pages else wanted

    def _counts(self, ask: Ask) -> bool:
        return ask.count and self._query.total is not None and self._list_pushdown.at_source(ask)

    def _bounds(self, ask: Ask) -> dict[str, str]:
        bounds = {"since": ask.since, "until": ask.until, "updatedSince": ask.updated_since}
        return {name: as_text(time) for name, time in bounds.items() if time is not None}

    def _own(self, ask: Ask, key: str) -> dict[str, Any]:
        own = {"key": self._typed(key)} if "key" in self._query.types else {}
        return own | self._templates(ask, key)

    def _templates(self, ask: Ask, key: str | None) -> dict[str, Any]:
        """The variables of one's own: those of a key, or those that are the same for all keys."""
        bounds = self._bounds(ask)
        if "updatedSince" in bounds:
            bounds["updated_since"] = bounds.pop("updatedSince")
        values = bounds | ({} if key is None else {"key": key})
        own = {name: text for name, text in self._query.own.items() if ("key" in placeholders_of(text)) == (key is not None)}
        rendered: dict[str, Any] = render_body(own, values)
        return rendered

    def _typed(self, key: str) -> str | int:
        return int(key) if self._takes_numbers else key

    def _new_document(self, fields: Fields, counts: bool, queries: int) -> str:
        _, selection = self._selected(fields)
        return self._query.document(selection, counts=counts, queries=queries)


def lookups_of(settings: GraphQLSettings) -> list[GraphQLLookup]:
    """List all lookups of a source."""
    return [
        GraphQLLookup(record_name, rules, by, lookup, settings)
        for record_name, rules in settings.records.items()
        for by, lookup in rules.keys.items()
    ]


def _settings_of(rules: RecordSettings) -> dict[str, Fields]:
    """List the fields that each setting of a mapping alone needs."""
    own = {f"fields.{path}": Fields.from_paths("id", path) for path in rules.fields}
    inner = ((path, name) for path, part in rules.lists.items() for name in (*part.fields, *part.outer))
    return own | {f"lists.{path}.fields.{name}": Fields.from_paths("id", f"{path}.{name}") for path, name in inner}


def _is_number(key: str) -> bool:
    """Tell whether a key is a number as the source writes it."""
    return _NUMBER.fullmatch(key) is not None and -(2**31) <= int(key) < 2**31
