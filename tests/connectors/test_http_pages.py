"""Where the next page of an `http` source is, and what its pages add up to."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import pytest
from aiohttp import web

from connectors.contract import Ask, Page
from connectors.errors import SourceError, SourceProtocolError
from connectors.http import HttpSettings
from connectors.record_fields import Fields
from connectors.testing.fetches import json_of
from tests.support.http_source import opened, serving

pytestmark = pytest.mark.cases

LINKED = {"path": "/customers/{key}/orders", "next": "next"}
CURSOR = {"path": "/orders?of={key}", "next_cursor": "has_more && orders[-1].id", "cursor_parameter": "after"}
ID = Fields.from_paths("id")


def order(number: int) -> dict[str, Any]:
    return {"id": number, "placedAt": f"2026-06-{number % 28 + 1:02}T12:00:00Z"}


async def walk(
    answer: Callable[[web.Request], Any],
    lookup: Mapping[str, Any],
    keys: Sequence[str] = ("1",),
    fields: Fields = ID,
    **rules: Any,
) -> tuple[dict[str, Any], list[str]]:
    """What keys find, ids or the note of an error, and the paths that were asked."""
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.raw_path)
        return web.json_response(answer(request))

    own = {"list": "orders", "keys": {"customer_id": {"max_batch": 9} | dict(lookup)}} | rules
    async with serving(handler) as base_url:
        settings = HttpSettings.model_validate({"base_url": f"{base_url}/api", "records": {"order": own}})
        async with opened(settings) as connector:
            (one,) = connector.lookups()
            try:
                found = await one.fetch(list(keys), Ask(fields=fields))
            except SourceError as error:
                return dict.fromkeys(keys, error.note), asked
    return {key: ids(page) if isinstance(page, Page) else str(page) for key, page in found.items()}, asked


def ids(page: Page) -> list[str]:
    return [one["id"] for one in msgspec.json.decode(json_of(page))]


@pytest.mark.parametrize(
    ("link", "asked"),
    [
        ("?page=2", "/api/customers/1/orders?page=2"),
        ("orders?page=2", "/api/customers/1/orders?page=2"),
        ("./orders/2", "/api/customers/1/orders/2"),
        ("../1/more", "/api/customers/1/more"),
        ("/api/customers/1/orders?page=2", "/api/customers/1/orders?page=2"),
        ("/elsewhere?page=2", "/elsewhere?page=2"),
    ],
)
async def test_a_link_is_relative_to_its_page(link: str, asked: str) -> None:
    """RFC 3986, 5.1: to the address that the page was had from, not to `base_url`."""
    pages = iter([{"orders": [order(1)], "next": link}, {"orders": [order(2)], "next": None}])
    found, paths = await walk(lambda _: next(pages), LINKED)
    assert found == {"1": ["1", "2"]}
    assert paths == ["/api/customers/1/orders", asked]


async def test_a_link_of_a_link_is_relative_to_that() -> None:
    """A third page in the folder of the second."""
    pages = iter([{"orders": [], "next": "pages/2"}, {"orders": [], "next": "3"}, {"orders": [order(1)]}])
    found, paths = await walk(lambda _: next(pages), LINKED)
    assert found == {"1": ["1"]}
    assert paths[1:] == ["/api/customers/1/pages/2", "/api/customers/1/pages/3"]


@pytest.mark.parametrize("end", [False, None, "", [], {}])
@pytest.mark.parametrize("lookup", [LINKED, {"path": "/{key}", "next_cursor": "next", "cursor_parameter": "after"}])
async def test_what_is_false_to_jmespath_ends_a_walk(lookup: Mapping[str, Any], end: Any) -> None:
    """It is neither a link nor a cursor."""
    found, paths = await walk(lambda _: {"orders": [order(1)], "next": end}, lookup)
    assert found == {"1": ["1"]}
    assert len(paths) == 1


async def test_a_cursor_behind_a_condition_ends_where_the_condition_is_false() -> None:
    """`has_more && orders[-1].id` gives `false` on the last page."""

    def answer(request: web.Request) -> Any:
        start = int(request.query.get("after", 0))
        return {"orders": [order(start + 1), order(start + 2)], "has_more": start < 4}

    found, paths = await walk(answer, CURSOR)
    assert found == {"1": ["1", "2", "3", "4", "5", "6"]}
    assert paths == ["/api/orders?of=1", "/api/orders?of=1&after=2", "/api/orders?of=1&after=4"]


@pytest.mark.parametrize(
    ("lookup", "steps"),
    [
        (LINKED, ["/api/customers/1/orders"]),
        (LINKED, ["?page=2", "?page=2"]),
        (LINKED, ["?page=2", "?page=3", "?page=2"]),
        ({"path": "/{key}", "next_cursor": "next", "cursor_parameter": "after"}, ["a", "a"]),
        ({"path": "/{key}", "next_cursor": "next", "cursor_parameter": "after"}, [7, 8, 7]),
    ],
)
async def test_a_page_that_was_read_already_ends_the_walk_at_once(lookup: Mapping[str, Any], steps: list[Any]) -> None:
    """With an error of its own, after no further call."""
    given = iter(steps)
    found, paths = await walk(lambda _: {"orders": [], "next": next(given)}, lookup)
    assert found == {"1": "the next page is one that was read already"}
    assert len(paths) == len(steps)


@pytest.mark.parametrize("value", [True, {"a": 1}, [1]])
async def test_what_is_no_cursor_is_none(value: Any) -> None:
    """It is not sent as text."""
    lookup = {"path": "/{key}", "next_cursor": "next", "cursor_parameter": "after"}
    found, paths = await walk(lambda _: {"orders": [], "next": value}, lookup)
    assert found == {"1": "no cursor where `next_cursor` points"}
    assert len(paths) == 1


@pytest.mark.parametrize("lookup", [LINKED, {"path": "/{key}", "next_cursor": "next", "cursor_parameter": "after"}])
async def test_a_row_on_two_pages_is_one(lookup: Mapping[str, Any]) -> None:
    """An order that came in meanwhile moves the others on by one. Rows whose id cannot be read stay, and those that differ."""
    pages = iter(
        [
            {"orders": [order(9), order(8), {"id": {}}], "next": "b"},
            {"orders": [order(8), order(7), {"id": {}}], "next": "c"},
            {"orders": [order(7) | {"id": "7"}, order(9), order(6)], "next": None},
        ]
    )
    found, _ = await walk(lambda _: next(pages), lookup)
    assert found == {"1": ["9", "8", {}, "7", {}, "7", "6"]}


async def test_rows_of_other_keys_do_not_count_as_the_same() -> None:
    """An order of two customers is one of each."""
    pages = iter(
        [
            {"orders": [order(1) | {"of": "a"}, order(2) | {"of": "b"}], "next": "?p=2"},
            {"orders": [order(1) | {"of": "b"}, order(1) | {"of": "a"}], "next": ""},
        ]
    )
    found, _ = await walk(lambda _: next(pages), {"path": "/o?of={keys}", "key": "of", "next": "next"}, ["a", "b"])
    assert found == {"a": ["1"], "b": ["2", "1"]}


@pytest.mark.parametrize("nothing", [None, [], {}, "", False])
@pytest.mark.parametrize("path", ["orders", "data.orders", "orders[*]", "data.orders || orders"])
async def test_no_list_is_an_empty_one(path: str, nothing: Any) -> None:
    """`null` and what languages without lists write for one: nothing found, without an error."""
    found, _ = await walk(lambda _: {"orders": nothing, "data": {"orders": nothing}}, {"path": "/{key}"}, list=path)
    assert found in ({}, {"1": []})


@pytest.mark.parametrize("whole", [None, {"customer": None}])
async def test_nobody_is_an_answer(whole: Any) -> None:
    """A search that gives one object, or `null`."""
    found, _ = await walk(lambda _: whole, {"path": "/?of={key}"}, list="customer" if whole else "@")
    assert found == {}


@pytest.mark.parametrize("path", ["rows", "data.rows", "data.rows[*]", "orders.rows"])
async def test_a_missing_name_stays_an_error(path: str) -> None:
    """A wrong setting is not taken for customers without orders."""
    found, _ = await walk(lambda _: {"orders": [], "data": {}}, {"path": "/{key}"}, list=path)
    assert found == {"1": "no list where `list` points"}


async def test_records_inside_a_row_may_be_null() -> None:
    """For one key of a batch; a missing name is an error of that key."""
    groups = [{"of": "a", "rows": None}, {"of": "b", "rows": {}}, {"of": "c"}, {"of": "d", "rows": [order(1)]}]
    lookup = {"path": "/o?of={keys}", "key": "of", "records": "rows"}
    found, _ = await walk(lambda _: {"orders": groups}, lookup, ["a", "b", "c", "d"])
    assert found["a"] == found["b"] == []
    assert found["c"] == str(SourceProtocolError("no list where `records` points"))
    assert found["d"] == ["1"]


@pytest.mark.parametrize("nothing", [None, {}, "", False])
async def test_items_inside_a_row_may_be_none(nothing: Any) -> None:
    """The order is served, without items."""
    answer = {"orders": [order(1) | {"items": nothing, "total": [] if nothing == {} else nothing}]}
    found, _ = await walk(lambda _: answer, {"path": "/{key}"}, fields=Fields.from_paths("id", "items.sku", "total.amount"))
    assert found == {"1": ["1"]}


@pytest.mark.parametrize(("total", "counted"), [(3, 3), ("3", 3), (3.0, 3), (None, None)])
async def test_a_total_is_a_whole_number_in_any_form(total: Any, counted: int | None) -> None:
    """Where the source does not count, the gateway does."""

    async def handler(_request: web.Request) -> web.Response:
        return web.json_response({"orders": [order(1)], "count": total})

    own = {"list": "orders", "keys": {"customer_id": {"path": "/{key}", "total": "count"}}}
    async with serving(handler) as base_url, opened(HttpSettings(base_url=base_url, records={"order": own})) as connector:
        (lookup,) = connector.lookups()
        page = (await lookup.fetch(["1"], Ask(fields=ID, count=True)))["1"]
    assert isinstance(page, Page)
    assert page.total == counted
