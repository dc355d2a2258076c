"""What an `http` source is asked, and what its answers become."""

import json
from datetime import UTC, datetime

import msgspec
import pytest
from aiohttp import web

from connectors.contract import Ask, Condition, KeyKind, Page, Position
from connectors.errors import SourceProtocolError, SourceRejectedError
from connectors.http import HttpSettings
from connectors.record_fields import Fields
from connectors.records import Customer, Event, Order, Ticket
from tests.support.http_source import SupportApi, opened, serving, support_settings

ID = Fields.from_paths("id")
MAY_2 = datetime(2024, 5, 2, 10, tzinfo=UTC)


@pytest.fixture
async def api():
    return SupportApi()


@pytest.fixture
async def source(api):
    async with serving(api.answer) as base_url, opened(support_settings(base_url)) as connector:
        yield connector


async def fetch(connector, record, by, keys, fields=ID, **ask):
    (lookup,) = [one for one in connector.lookups() if (one.record, one.by) == (record, by)]
    return await lookup.fetch(keys, Ask(fields=fields, **ask))


def ids(page):
    return [one["id"] for one in msgspec.json.decode(page.records)]


async def test_one_call_serves_a_batch_of_keys(api, source):
    """Rows go to the key that they name, in any case of an e-mail; a key without rows is absent."""
    keys = ["bob@example.com", "ann@example.com", "eve@example.com"]
    answer = await fetch(source, Ticket, KeyKind.EMAIL, keys)
    assert {key: ids(page) for key, page in answer.items()} == {
        "ann@example.com": ["4", "3", "2", "1"],
        "bob@example.com": ["5"],
    }
    assert api.requests == ["GET /api/tickets?emails=bob%40example.com,ann%40example.com,eve%40example.com"]


async def test_addresses_that_differ_in_more_than_their_case_are_two(source):
    """A ticket of straße@ is not given to who asks for strasse@."""
    (route,) = [route for route in source._routes if (route.record, route.by) == (Ticket, KeyKind.EMAIL)]
    asked = route._asked(["strasse@x.de", "ann@example.com"])
    assert [asked(text) for text in ("straße@x.de", "Strasse@X.de", "ANN@example.com")] == [
        (),
        ["strasse@x.de"],
        ["ann@example.com"],
    ]


@pytest.mark.parametrize(("first", "expected"), [(None, ["4", "3", "2", "1"]), (3, ["4", "3", "2"])])
async def test_an_address_in_two_spellings_finds_the_same_by_both(source, first, expected):
    """Nobody misses anything because another caller of the batch writes it otherwise; rows that come for either come once."""
    keys = ["ANN@example.com", "ann@example.com", "Ann@Example.com", "bob@example.com"]
    answer = await fetch(source, Ticket, KeyKind.EMAIL, keys, first=first)
    assert {key: ids(page) for key, page in answer.items()} == dict.fromkeys(keys[:3], expected) | {"bob@example.com": ["5"]}


async def test_what_can_be_pushed_down_is_sent(api, source):
    """`first` and `since` are parameters when the ask has them."""
    answer = await fetch(source, Ticket, KeyKind.EMAIL, ["ann@example.com"], first=2, since=MAY_2)
    assert ids(answer["ann@example.com"]) == ["4", "3"]
    assert api.requests == ["GET /api/tickets?emails=ann%40example.com&limit=2&since=2024-05-02T10%3A00%3A00Z"]


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        ({"oldest_first": True}, ["1"]),
        ({"until": MAY_2.replace(day=9)}, ["3"]),
        ({"until": MAY_2}, ["1"]),
        ({"after": Position(MAY_2, "3")}, ["4", "3", "2", "1"]),
        ({"where": (Condition("status", ("OPEN",)),)}, ["4", "3", "2", "1"]),
    ],
)
async def test_first_is_not_sent_with_what_the_source_does_not_apply(api, source, ask, expected):
    """The source would cut the wrong records; what can be put right is cut here, the rest is left to the gateway."""
    answer = await fetch(source, Ticket, KeyKind.EMAIL, ["ann@example.com"], first=1, **ask)
    assert ids(answer["ann@example.com"]) == expected
    assert api.requests == ["GET /api/tickets?emails=ann%40example.com"]


async def test_a_record_is_canonical_json(source):
    """All that the configuration maps arrives under its canonical name."""
    fields = Fields.from_paths("id", "created_at", "status", "messages.body", "messages.at", "messages.author")
    answer = await fetch(source, Ticket, KeyKind.EMAIL, ["bob@example.com"], fields)
    assert msgspec.json.decode(answer["bob@example.com"].records) == [
        {
            "id": "5",
            "createdAt": "2024-05-03T10:00:00Z",
            "status": "PENDING",
            "messages": [{"body": "Hello from 5", "at": "2024-05-01T10:00:05Z", "author": "CUSTOMER"}],
        }
    ]


async def test_one_object_is_one_record_and_404_is_absence(api, source):
    """An answer that is an object is the record; a key that is not there costs nothing."""
    assert await fetch(source, Customer, KeyKind.CUSTOMER_ID, ["c1", "c9"], Fields.from_paths("id", "name")) == {
        "c1": Page(b'[{"id":"c1","name":"Customer c1"}]')
    }
    assert sorted(api.requests) == ["GET /api/customers/c1", "GET /api/customers/c9"]


async def test_linked_pages_are_followed_to_the_end(api, source):
    """All pages of all keys, with the number that the source counted when it is asked for."""
    answer = await fetch(source, Order, KeyKind.CUSTOMER_ID, ["c1", "c2", "c9"], count=True)
    assert {key: (ids(page), page.total) for key, page in answer.items()} == {
        "c1": (["76", "75", "74", "73", "71"], 5),
        "c2": (["90"], 1),
    }
    assert len(api.requests) == 5
    assert "GET /api/customers/c1/orders?start=4&limit=2" in api.requests


async def test_pages_stop_when_there_is_enough(api, source):
    """With `first` no page is fetched that the ask does not need."""
    answer = await fetch(source, Order, KeyKind.CUSTOMER_ID, ["c1"], first=2)
    assert ids(answer["c1"]) == ["76", "75"]
    assert api.requests == ["GET /api/customers/c1/orders?limit=2"]


async def test_a_count_over_a_bound_that_the_source_ignores_is_not_given(source):
    """A number of something else is worse than none."""
    answer = await fetch(source, Order, KeyKind.CUSTOMER_ID, ["c1"], count=True, since=MAY_2)
    assert (len(ids(answer["c1"])), answer["c1"].total) == (5, None)


async def test_a_post_asks_by_its_body_and_pages_by_cursor(api, source):
    """Groups of records by key, over two pages."""
    answer = await fetch(source, Event, KeyKind.DEVICE_ID, ["d1", "d2", "d9"], Fields.from_paths("id", "at"))
    assert ids(answer["d1"]) == ["e0", "e1", "e2", "e3", "e4"]
    assert answer["d2"].records == b'[{"id":"e9","at":"2024-05-01T10:00:09.500000Z"}]'
    assert api.requests == ["POST /api/events", "POST /api/events?page%5Bafter%5D=3"]
    assert api.bodies == [{"devices": ["d1", "d2", "d9"]}] * 2


async def ask_server(answer, keys, lookup, *, record="ticket", rules=None, **ask):
    """What a lookup gives when the server answers every request with this JSON, and the paths that it saw."""
    paths = []

    async def handler(request):
        paths.append(request.raw_path)
        return web.json_response(answer(len(paths)) if callable(answer) else answer)

    async with serving(handler) as base_url:
        records = {record: {"keys": {"email": lookup}} | (rules or {})}
        async with opened(HttpSettings(base_url=base_url, records=records)) as connector:
            (only,) = connector.lookups()
            return await only.fetch(keys, Ask(fields=ID, **ask)), paths


BATCH = {"path": "/t?e={keys}", "key": "e"}


async def test_rows_aligned_with_keys_may_be_null():
    """A null, a row without a key, a key that was not asked for and a row that is none are nobody's."""
    rows = [{"e": "a@x.de", "id": 1}, None, {"id": 2}, {"e": "z@x.de", "id": 3}, 5, {"e": ["a@x.de"]}]
    answer, _ = await ask_server(rows, ["a@x.de", "b@x.de"], BATCH)
    assert answer == {"a@x.de": Page(b'[{"id":"1"}]')}


async def test_with_one_key_a_key_expression_still_guards():
    """A source that searches loosely does not give a customer the records of another."""
    lookup = {"path": "/t?search={key}", "key": "e"}
    answer, _ = await ask_server([{"e": "a@x.de", "id": 1}, {"e": "aa@x.de", "id": 2}], ["a@x.de"], lookup)
    assert answer == {"a@x.de": Page(b'[{"id":"1"}]')}


async def test_a_malformed_row_is_passed_on():
    """It is for the gateway to drop it alone."""
    answer, _ = await ask_server([{"e": "a@x.de"}, {"e": "a@x.de", "id": {}}, {"e": "a@x.de", "id": 3}], ["a@x.de"], BATCH)
    assert answer["a@x.de"].records == b'[{},{"id":{}},{"id":"3"}]'


async def test_a_malformed_group_costs_its_key_alone():
    """Records that are no list are an error for that key."""
    groups = [{"e": "a@x.de", "rows": 5}, {"e": "b@x.de", "rows": [{"id": 1}, None]}]
    answer, _ = await ask_server(groups, ["a@x.de", "b@x.de"], BATCH | {"records": "rows"})
    assert isinstance(answer["a@x.de"], SourceProtocolError)
    assert answer["b@x.de"] == Page(b'[{"id":"1"}]')


@pytest.mark.parametrize("key", ["", ".", "..", "\ud800"])
async def test_a_key_that_cannot_be_sent_or_leads_elsewhere_is_refused(key):
    """No call leaves for it; the other key is answered."""
    answer, paths = await ask_server([{"id": 1}], [key, "a@x.de"], {"path": "/t/{key}"})
    assert isinstance(answer[key], SourceRejectedError)
    assert answer["a@x.de"] == Page(b'[{"id":"1"}]')
    assert paths == ["/t/a%40x.de"]


@pytest.mark.parametrize(
    "link",
    ["http://127.0.0.1:1/t", "https://evil.example/t", "//evil.example/t", "javascript:alert(1)", "http://[", 5, ["/t"]],
)
async def test_a_page_elsewhere_is_not_fetched(link):
    """A link off the origin fails the call instead of taking the credentials there."""
    with pytest.raises(SourceProtocolError):
        await ask_server({"rows": [], "next": link}, ["a@x.de"], BATCH | {"next": "next"}, rules={"list": "rows"})


async def test_a_relative_link_is_followed_as_it_is():
    """Encoding is kept, and whoever the link names as user is not sent."""
    pages = [{"rows": [{"e": "a@x.de", "id": 1}], "next": "/t?e=a%2Cb,c&p=2"}, {"rows": [{"e": "a@x.de", "id": 2}], "next": ""}]
    answer, paths = await ask_server(
        lambda number: pages[number - 1], ["a@x.de"], BATCH | {"next": "next"}, rules={"list": "rows"}
    )
    assert ids(answer["a@x.de"]) == ["1", "2"]
    assert paths == ["/t?e=a%40x.de", "/t?e=a%2Cb,c&p=2"]


@pytest.mark.cases
async def test_more_pages_than_are_read_make_a_list_partial():
    """Where rows come in the order of the list, those of the first pages are the right ones."""
    lookup = {"path": "/t?e={key}", "next": "next", "max_pages": 3}
    rules = {"list": "rows", "order": "newest_first"}
    answer, paths = await ask_server(lambda n: {"rows": [{"id": n}], "next": f"/t?p={n}"}, ["a@x.de"], lookup, rules=rules)
    assert ids(answer["a@x.de"]) == ["1", "2", "3"]
    assert (answer["a@x.de"].partial, len(paths)) == (True, 3)


async def test_more_pages_than_allowed_is_an_error():
    """Which records would be left out cannot be told where they come in no order."""
    lookup = {"path": "/t?e={key}", "next": "next", "max_pages": 3}
    with pytest.raises(SourceProtocolError, match="more pages than max_pages"):
        await ask_server(lambda n: {"rows": [], "next": f"/t?p={n}"}, ["a@x.de"], lookup, rules={"list": "rows"})


async def test_a_missing_page_is_an_error():
    """What looks like absence after the first page is not taken for the end."""
    lookup = {"path": "/t?e={key}", "next": "next"}
    with pytest.raises(SourceProtocolError, match="a page is missing"):
        await ask_server(
            lambda number: {"rows": [], "next": "/t"} if number == 1 else None, ["a"], lookup, rules={"list": "rows"}
        )


async def test_null_for_one_key_is_absence():
    """A source may say so instead of 404."""
    answer, _ = await ask_server(None, ["a@x.de"], {"path": "/t/{key}"})
    assert answer == {}


async def test_both_bounds_and_a_count_of_what_is_inside():
    """A source that knows only the lower bound is counted here."""
    rows = {"n": 9, "rows": [{"id": 3, "created_at": "2024-05-03"}, {"id": 1, "created_at": "2024-05-01"}, {"id": 0}]}
    answer, paths = await ask_server(
        rows,
        ["a@x.de"],
        {"path": "/t?e={key}&since={since}", "total": "n"},
        rules={"list": "rows"},
        until=MAY_2,
        count=True,
    )
    assert json.loads(answer["a@x.de"].records) == [{"id": "1", "createdAt": "2024-05-01T00:00:00Z"}, {"id": "0"}]
    assert answer["a@x.de"].total == 2
    assert paths == ["/t?e=a%40x.de"]


async def test_a_source_that_answers_oldest_first_is_cut_in_that_order():
    """`first` is sent for the order that the source has."""
    rows = [{"id": 1, "created_at": "2024-05-01"}, {"id": 2, "created_at": "2024-05-02"}]
    lookup = {"path": "/t?e={key}&n={first}"}
    answer, paths = await ask_server(rows, ["a@x.de"], lookup, rules={"order": "oldest_first"}, oldest_first=True, first=1)
    assert (ids(answer["a@x.de"]), paths) == (["1"], ["/t?e=a%40x.de&n=1"])
    answer, paths = await ask_server(rows, ["a@x.de"], lookup, rules={"order": "oldest_first"}, first=1)
    assert (ids(answer["a@x.de"]), paths) == (["2"], ["/t?e=a%40x.de"])


@pytest.mark.parametrize("total", ["many", True, 2.5, [5]])
async def test_a_total_that_is_no_number_is_an_error(total):
    """It is not guessed."""
    with pytest.raises(SourceProtocolError, match="no number where `total` points"):
        await ask_server(
            {"n": total, "rows": []}, ["a@x.de"], {"path": "/{key}", "total": "n"}, rules={"list": "rows"}, count=True
        )
