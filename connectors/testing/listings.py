"""Test listings of all records against the contract."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from connectors.contract import Connector, Lister, Listing
from connectors.errors import ListingCursorError
from connectors.record_fields import Fields, all_fields
from connectors.testing.fetches import decoded, fetch_records, page_of, strays
from connectors.testing.samples import Sampled

MAX_PAGES = 10_000
"""A listing of more pages has no end."""

SMALL_PAGES = 12
"""So many pages are read at each small size, before the rest is read at once."""

NO_CURSORS = ("", "0", "nothing", "bm90aGluZw==", "WyJvdGhlciIsIjEiXQ==", "é", "\0", "x" * 10_000)
"""Texts that are no cursor of any listing."""


async def walk(
    lister: Lister, first: int, after: str | None = None, fields: Fields | None = None
) -> AsyncIterator[tuple[str | None, list[Any]]]:
    """Read the pages of a listing from a cursor on: each with the cursor that it was asked with, and its rows."""
    selected = all_fields(lister.record) if fields is None else fields
    for _ in range(MAX_PAGES):
        page = await lister.fetch(selected, after, first)
        assert isinstance(page, Listing)
        rows = msgspec.json.decode(page.records) if isinstance(page.records, bytes) else msgspec.to_builtins(page.records)
        assert len(rows) <= first
        yield after, rows
        if page.next is None:
            return
        assert page.next != after
        after = page.next
    raise AssertionError("the listing has no end")


async def list_ids(lister: Lister, first: int, after: str | None = None) -> list[str]:
    """List the ids of all records from a cursor on."""
    fields = Fields.from_paths("id")
    return [row["id"] async for _, rows in walk(lister, first, after, fields) for row in rows if is_record(row)]


def is_record(row: Any) -> bool:
    """Tell whether a row has an id. The gateway drops and counts the others."""
    return isinstance(row, dict) and bool(str(row.get("id") or "").strip())


class ListingPromises(Sampled):
    """Test that each record is listed once, from any cursor on."""

    async def test_each_record_type_is_listed_one_way(self, connector: Connector[Any]) -> None:
        """Record types are listed once, in pages of one record at least."""
        records = [lister.record for lister in connector.listings()]
        assert len(records) == len(set(records))
        assert all(lister.max_first >= 1 for lister in connector.listings())

    async def test_a_listing_has_each_record_once(self, connector: Connector[Any]) -> None:
        """All pages together have no id twice, and every record that a sample finds."""
        for lister in connector.listings():
            ids = await list_ids(lister, lister.max_first)
            assert len(ids) == len(set(ids))
            for lookup, keys in self.sampled(connector):
                if lookup.record is lister.record:
                    fetched = await fetch_records(lookup, keys)
                    assert {record.id for records in fetched.values() for record in records} <= set(ids)

    async def test_the_size_of_pages_changes_nothing(self, connector: Connector[Any]) -> None:
        """Pages of one record, of a few and of many give the same records in the same order."""
        for lister in connector.listings():
            expected = await list_ids(lister, lister.max_first)
            for first in (1, 2, 7):
                ids: list[str] = []
                pages = 0
                async for after, rows in walk(lister, first, fields=Fields.from_paths("id")):
                    if pages == SMALL_PAGES:
                        ids += await list_ids(lister, lister.max_first, after)
                        break
                    ids += [row["id"] for row in rows if is_record(row)]
                    pages += 1
                assert ids == expected

    async def test_a_listing_goes_on_from_each_cursor(self, connector: Connector[Any]) -> None:
        """Whoever has a cursor gets what comes after it, as often as he asks."""
        for lister in connector.listings():
            expected = await list_ids(lister, lister.max_first)
            pages = [page async for page in walk(lister, max(1, len(expected) // 5), fields=Fields.from_paths("id"))]
            done = 0
            for after, rows in pages:
                assert await list_ids(lister, lister.max_first, after) == expected[done:]
                done += len([row for row in rows if is_record(row)])

    async def test_listed_records_are_those_of_lookups(self, connector: Connector[Any]) -> None:
        """Records are canonical JSON, and have the values that a lookup gives."""
        for lister in connector.listings():
            rows = [row async for _, page in walk(lister, lister.max_first) for row in page if is_record(row)]
            assert [stray for row in rows for stray in strays(lister.record, row, lister.record.__name__)] == []
            content = page_of(msgspec.json.encode(rows))
            listed = {row["id"]: row for row in decoded(lister.record, content, all_fields(lister.record))}
            for lookup, keys in self.sampled(connector):
                if lookup.record is lister.record:
                    fetched = await fetch_records(lookup, keys)
                    found = {record.id: record for records in fetched.values() for record in records}
                    assert {id_: msgspec.to_builtins(record) for id_, record in found.items()} == {
                        id_: msgspec.to_builtins(listed[id_]) for id_ in found
                    }

    async def test_what_is_no_cursor_is_refused(self, connector: Connector[Any]) -> None:
        """Any other text is an error of its own, never a page."""
        for lister in connector.listings():
            for text in NO_CURSORS:
                with pytest.raises(ListingCursorError):
                    await lister.fetch(Fields.from_paths("id"), text, 1)
