"""Profiles of Segment as customers, what they did as events."""

from datetime import UTC, datetime

import msgspec
import pytest

from connectors.contract import Ask, KeyKind, Position
from connectors.errors import SourceProtocolError, SourceThrottledError, SourceUnavailableError
from connectors.record_fields import Fields, all_fields, narrow
from connectors.records import Customer, Event
from connectors.testing import ConnectorContract
from connectors.vendors.segment import Segment
from gateway.lookups.source_call import validate_records
from tests.vendors.api import (
    Refusal,
    expect_refused_settings,
    expect_secrecy,
    failure_of,
    gateway_to,
    ids_of,
    lookup_of,
    opened,
)
from tests.vendors.segment import SPACE, TOKEN, SegmentApi, space

pytestmark = pytest.mark.vendors

KEYS = {"customer": ["customer_id", "external_id", "email", "device_id"], "event": ["customer_id", "email", "device_id"]}
SETTINGS = {"space": SPACE, "token": TOKEN, "keys": KEYS, "member_number": "card"}


@pytest.fixture
def api():
    return SegmentApi(space())


@pytest.fixture
async def source(api):
    async with opened(Segment, api, "behaviour", **SETTINGS) as connector:
        yield connector


@pytest.fixture
async def gateway(api):
    async with gateway_to(Segment, api, "behaviour", **SETTINGS) as gateway:
        yield gateway


class TestContract(ConnectorContract):
    samples = {
        (Customer, KeyKind.CUSTOMER_ID): ["c1", "c2", "c3"],
        (Customer, KeyKind.EXTERNAL_ID): ["stripe_id:cus_1"],
        (Customer, KeyKind.EMAIL): ["ann@example.com", "ann.work@example.org", "bob@example.com"],
        (Customer, KeyKind.DEVICE_ID): ["d1", "d/2 +", "d3"],
        (Event, KeyKind.CUSTOMER_ID): ["c1", "c3"],
        (Event, KeyKind.EMAIL): ["ann@example.com"],
        (Event, KeyKind.DEVICE_ID): ["d1", "many-000"],
    }

    @pytest.fixture
    async def connector(self, source):
        return source


async def test_a_profile_is_a_customer(api, gateway):
    """Traits under the names of Segment's specification, ids as addresses, devices and ids at other systems."""
    data = await gateway.data(
        """{ customer(by: {email: "ann@example.com"}) {
            id kind name givenName familyName email phone memberNumber birthDate locale createdAt
            address { line postalCode city region country } company { name account industry }
            contactPoints { kind value } externalIds { source id }
        } }"""
    )
    assert data["customer"] == {
        "id": "behaviour:c1",
        "kind": "PERSON",
        "name": "Ann Archer",
        "givenName": "Ann",
        "familyName": "Archer",
        "email": "ann@example.com",
        "phone": "+447700900123",
        "memberNumber": "4711",
        "birthDate": "1985-03-12",
        "locale": "en-GB",
        "createdAt": "2024-03-01T09:00:00Z",
        "address": {"line": "1 High Street", "postalCode": "N1", "city": "London", "region": "LDN", "country": "GB"},
        "company": {"name": "Archer & Co", "account": None, "industry": "Retail"},
        "contactPoints": [
            {"kind": "EMAIL", "value": "ann@example.com"},
            {"kind": "EMAIL", "value": "ann.work@example.org"},
            {"kind": "PHONE", "value": "+447700900123"},
        ],
        "externalIds": [{"source": "stripe_id", "id": "cus_1"}],
    }
    assert len(api.asked) == 2


async def test_names_may_be_in_snake_case(gateway):
    """As many libraries send them; an address that is a text is a line of it, a company that is one is a name."""
    data = await gateway.data(
        '{ customer(by: {id: "c2"}) { name givenName familyName createdAt address { line } company { name industry } } }'
    )
    assert data["customer"] == {
        "name": "Bob Brown",
        "givenName": "Bob",
        "familyName": "Brown",
        "createdAt": "2024-03-01T09:00:00Z",
        "address": {"line": "somewhere"},
        "company": {"name": "Brown's", "industry": None},
    }


async def test_what_they_did_is_events(gateway):
    """Tracked events by their name, others by their type."""
    data = await gateway.data(
        '{ customer(by: {id: "c1"}) { events(first: 3) { nodes { id at type quantity page deviceId properties } } } }'
    )
    assert data["customer"]["events"]["nodes"] == [
        {
            "id": "behaviour:ajs-4",
            "at": "2026-05-02T18:00:00Z",
            "type": "Order Completed",
            "quantity": None,
            "page": None,
            "deviceId": "d1",
            "properties": {"total": 25.5},
        },
        {
            "id": "behaviour:ajs-3",
            "at": "2026-05-01T10:00:05.250000Z",
            "type": "page",
            "quantity": None,
            "page": "/cart",
            "deviceId": "d1",
            "properties": {},
        },
        {
            "id": "behaviour:ajs-2",
            "at": "2026-05-01T10:00:05.250000Z",
            "type": "Product Added",
            "quantity": 2,
            "page": None,
            "deviceId": "d1",
            "properties": {"sku": "M-1", "quantity": 2},
        },
    ]


async def test_only_what_is_asked_for_is_read(api, source):
    """Traits by name and, only where a field needs them, ids: one call or two for each key."""
    await ids_of(source, Customer, KeyKind.CUSTOMER_ID, ["c1", "c2"], "email")
    assert sorted(api.asked) == [f"user_id:c{n}/traits?include=email&limit=200" for n in (1, 2)]
    api.asked.clear()
    await ids_of(source, Customer, KeyKind.CUSTOMER_ID, ["c1"], "phone", "device_ids")
    assert sorted(api.asked) == ["user_id:c1/external_ids?limit=100", "user_id:c1/traits?include=phone&limit=200"]
    api.asked.clear()
    assert await ids_of(source, Customer, KeyKind.EMAIL, ["bob@example.com", "eve@example.com"]) == {"bob@example.com": ["c2"]}
    assert sorted(api.asked) == [f"email:{name}%40example.com/external_ids?limit=100" for name in ("bob", "eve")]


async def test_keys_stay_in_their_step_of_the_path(api, source):
    """Whatever they hold."""
    assert await ids_of(source, Customer, KeyKind.DEVICE_ID, ["d/2 +"]) == {"d/2 +": ["c1"]}
    assert await ids_of(source, Customer, KeyKind.CUSTOMER_ID, ["c1/../c2", "c1?limit=1", "c1#"]) == {}
    assert sorted(api.asked) == [
        "anonymous_id:d%2F2%20%2B/external_ids?limit=100",
        *(f"user_id:c1{rest}/external_ids?limit=100" for rest in ("%23", "%2F..%2Fc2", "%3Flimit%3D1")),
    ]


async def test_a_visitor_who_is_nobodys_is_no_customer(source):
    """A profile without a user id has no id here."""
    assert await ids_of(source, Customer, KeyKind.DEVICE_ID, ["visitor", "d3"]) == {"d3": ["c2"]}


async def test_all_pages_are_read(api, source):
    """300 events and 251 ids in pages of 100, each from where the last one ended."""
    found = await ids_of(source, Event, KeyKind.CUSTOMER_ID, ["c3"], oldest_first=True)
    assert found == {"c3": [f"e{n:03}" for n in range(300)]}
    assert [request.count("next=MTUx") for request in api.asked] == [0, 1, 1]
    answer = await lookup_of(source, Customer, KeyKind.CUSTOMER_ID).fetch(
        ["c3"], Ask(fields=Fields.from_paths("id", "device_ids"))
    )
    (customer,) = msgspec.json.decode(answer["c3"])
    assert customer["deviceIds"] == [f"many-{n:03}" for n in range(250)]
    assert len(api.asked) == 6


async def test_no_page_more_than_is_asked_for(api, source):
    """The first two of three that happened at the same time need what follows them: the source does not order these."""
    assert await ids_of(source, Event, KeyKind.CUSTOMER_ID, ["c3"], first=3) == {"c3": ["e299", "e298", "e297"]}
    assert sorted(api.asked) == ["user_id:c3/events?sort=desc&limit=4"]
    api.asked.clear()
    assert await ids_of(source, Event, KeyKind.CUSTOMER_ID, ["c3"], first=2) == {"c3": ["e299", "e298"]}
    assert len(api.asked) == 2


async def test_the_window_is_part_of_the_question(api, source):
    """Segment includes neither bound, so the lower one is moved; where a page ended bounds it, too."""
    half = datetime(2026, 5, 1, 10, 0, 5, 250_000, tzinfo=UTC)
    may_2 = datetime(2026, 5, 2, 18, tzinfo=UTC)
    assert await ids_of(source, Event, KeyKind.CUSTOMER_ID, ["c1"], since=half, until=may_2) == {"c1": ["ajs-3", "ajs-2"]}
    page = {"first": 1, "after": Position(half, "ajs-3")}
    assert await ids_of(source, Event, KeyKind.CUSTOMER_ID, ["c1"], **page) == {"c1": ["ajs-2"]}
    assert await ids_of(source, Event, KeyKind.CUSTOMER_ID, ["c1"], **page, oldest_first=True) == {"c1": ["ajs-4"]}
    times = [f"2026-05-01T10%3A00%3A05.{n}000Z" for n in ("249", "251")]
    assert [request.partition("/events?")[2].replace(":", "%3A") for request in api.asked] == [
        f"sort=desc&limit=100&start={times[0]}&end=2026-05-02T18%3A00%3A00Z",
        f"sort=desc&limit=3&end={times[1]}",
        f"sort=asc&limit=3&start={times[0]}",
    ]


async def test_a_window_may_be_as_wide_as_time(source):
    """No bound falls out of the calendar."""
    ends = {"since": datetime.min.replace(tzinfo=UTC), "until": datetime.max.replace(tzinfo=UTC)}
    for oldest_first in (False, True):
        for time in ends.values():
            ask = ends | {"after": Position(time, ""), "oldest_first": oldest_first}
            found = await ids_of(source, Event, KeyKind.CUSTOMER_ID, ["c1"], **ask)
            assert len(found["c1"]) == (4 if (time == ends["since"]) == oldest_first else 0)


async def test_an_unknown_customer_is_null(gateway):
    """No error."""
    assert await gateway.data('{ customer(by: {email: "nobody@example.com"}) { name } }') == {"customer": None}


async def test_a_malformed_row_is_dropped_alone(gateway):
    """The event without a time is counted, the other one served."""
    data = await gateway.data('{ customer(by: {id: "c2"}) { events(first: 5) { nodes { id } } sources { droppedRecords } } }')
    assert data["customer"] == {"events": {"nodes": [{"id": "behaviour:ajs-9"}]}, "sources": [{"droppedRecords": 1}]}


@pytest.mark.cases
async def test_odd_parts_are_taken_for_nothing_else(api, source):
    """A text in the place of an object is no page and no device, an id of no type at no other system."""
    fields = Fields.from_paths("id", "page", "device_id")

    def spoil(answer):
        if "/events" in api.requests[-1]:
            return answer | {"data": [one | {"context": "text", "external_ids": "text"} for one in answer["data"]]}
        return answer | {"data": [*answer["data"], {"type": ["x"], "id": "1"}, None]}

    api.spoil = spoil
    page = (await lookup_of(source, Event, KeyKind.CUSTOMER_ID).fetch(["c1"], Ask(fields=fields, first=1)))["c1"]
    found = validate_records(page.records, narrow(Event, fields))
    assert [(one.page, one.device_id) for one in found.records] == [(None, None)]
    assert [(one.path, one.reason) for one in found.unreadable] == [("page", "malformed"), ("deviceId", "malformed")]
    ids = Fields.from_paths("id", "external_ids")
    records = (await lookup_of(source, Customer, KeyKind.CUSTOMER_ID).fetch(["c1"], Ask(fields=ids)))["c1"]
    whole = all_fields(Customer)
    kind = narrow(Customer, Fields(tuple((name, inner) for name, inner in whole if name in {"id", "external_ids"})))
    found = validate_records(records, kind)
    assert [(one.source, one.id) for one in found.records[0].external_ids] == [("stripe_id", "cus_1")]
    assert [(one.path, one.reason) for one in found.unreadable] == [("externalIds", "malformed")] * 2


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["nobody@example.com"], {"nobody@example.com": True}),
        (["ann@example.com"], {"ann@example.com": False}),
        (["ann@example.com", "Ann@Example.com"], {"ann@example.com": False}),
    ],
)
@pytest.mark.cases
async def test_an_address_that_nobody_has_may_be_there_in_other_letters(source, keys, expected):
    """Then the list says that it may not be whole; where one spelling is known, it is."""
    answer = await lookup_of(source, Event, KeyKind.EMAIL).fetch(keys, Ask(fields=Fields.from_paths("id"), first=1))
    assert {key: page.partial for key, page in answer.items()} == expected


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (Refusal(429, {"error": {"code": "rate_limit_error", "message": "m"}}, {"Retry-After": "2"}), SourceThrottledError),
        (Refusal(500, {"error": {"code": "internal", "message": "m"}}), SourceUnavailableError),
        (Refusal(200, {"data": "none"}), SourceProtocolError),
    ],
)
async def test_a_refusal_is_one_of_our_errors(api, source, refusal, expected):
    """One failure of all keys is the failure of the call."""
    api.refusal = refusal
    assert isinstance(await failure_of(lookup_of(source, Event, KeyKind.EMAIL), "ann@example.com"), expected)


async def test_a_throttled_answer_reaches_the_caller(api, gateway):
    """Nothing of what Segment says does."""
    api.refusal = Refusal(429, {"error": {"code": "rate_limit_error", "message": "Too many requests"}})
    answer = await expect_secrecy(gateway, '{ customer(by: {id: "c1"}) { name } }', "Too many")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SOURCE_THROTTLED"]


async def test_check_asks_for_nobody(api, source):
    """That there is no such profile is a good answer."""
    assert await source.check() == []
    assert sorted(api.asked) == ["user_id:nobody/traits"]


def test_settings_are_refused_with_what_to_do():
    """A space that is none, records that it has not."""
    expect_refused_settings(Segment, "space", **SETTINGS | {"space": "spa_1/../spa_2"})
    expect_refused_settings(Segment, "no event by phone", **SETTINGS | {"keys": {"event": ["phone"]}})
