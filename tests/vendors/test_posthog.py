"""Persons of PostHog as customers, what they did as events."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from connectors.contract import Ask, KeyKind, Position
from connectors.errors import SourceProtocolError, SourceThrottledError, SourceUnavailableError
from connectors.record_fields import Fields
from connectors.records import Customer, Event
from connectors.testing import ConnectorContract
from connectors.vendors.posthog import PostHog
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
from tests.vendors.posthog import MAY_1, PROJECT, TOKEN, project, uuid

pytestmark = pytest.mark.vendors

KEYS = {"customer": ["customer_id", "email", "device_id"], "event": ["customer_id", "email", "device_id"]}
SETTINGS = {"project": PROJECT, "token": TOKEN, "keys": KEYS, "customer_id": "user_id", "member_number": "card"}
THROTTLED = {
    "type": "throttled_error",
    "code": "throttled",
    "detail": "Request was throttled. Expected available in 13 seconds.",
}


@pytest.fixture
def api():
    return project()


@pytest.fixture
async def source(api):
    async with opened(PostHog, api, "behaviour", **SETTINGS) as connector:
        yield connector


@pytest.fixture
async def gateway(api):
    async with gateway_to(PostHog, api, "behaviour", **SETTINGS) as gateway:
        yield gateway


class TestContract(ConnectorContract):
    samples = {
        (Customer, KeyKind.CUSTOMER_ID): ["c1", "c2", "c4"],
        (Customer, KeyKind.EMAIL): ["ann@example.com", "bob@example.com"],
        (Customer, KeyKind.DEVICE_ID): ["d1", "d2", "d4"],
        (Event, KeyKind.CUSTOMER_ID): ["c1", "c4"],
        (Event, KeyKind.EMAIL): ["ann@example.com", "crowd@example.com"],
        (Event, KeyKind.DEVICE_ID): ["d1", "d2"],
    }

    @pytest.fixture
    async def connector(self, source):
        return source


async def test_a_person_is_a_customer(api, gateway):
    """From properties under PostHog's usual names; one call."""
    data = await gateway.data(
        """{ customer(by: {email: "ann@example.com"}) {
            id kind name givenName familyName email phone memberNumber birthDate createdAt
            acquisition { source campaign landingPage }
        } }"""
    )
    assert data["customer"] == {
        "id": "behaviour:c1",
        "kind": "PERSON",
        "name": "Ann Archer",
        "givenName": "Ann",
        "familyName": "Archer",
        "email": "Ann@Example.com",
        "phone": "+447700900123",
        "memberNumber": "77",
        "birthDate": "1985-03-12",
        "createdAt": "2024-03-01T09:00:00Z",
        "acquisition": {"source": "google", "campaign": "spring", "landingPage": "/sale"},
    }
    assert len(api.requests) == 1


async def test_what_they_did_is_events(gateway):
    """On all of a person's devices, with what PostHog's libraries send."""
    data = await gateway.data(
        '{ customer(by: {id: "c1"}) { events(first: 9) { nodes { id at type feature page deviceId sessionId properties } } } }'
    )
    *_, second, first = data["customer"]["events"]["nodes"]
    assert [one["id"] for one in data["customer"]["events"]["nodes"]] == [
        f"behaviour:{uuid(number)}" for number in (9, 13, 12, 11)
    ]
    assert (second["feature"], second["properties"]) == ("new-cart", {"sku": "M-1", "$feature_flag": "new-cart"})
    assert first == {
        "id": f"behaviour:{uuid(11)}",
        "at": "2026-05-01T10:00:00Z",
        "type": "$pageview",
        "feature": None,
        "page": "/mugs",
        "deviceId": "d1",
        "sessionId": "s1",
        "properties": {"$pathname": "/mugs", "$device_id": "d1", "$session_id": "s1", "price": 9.5},
    }


async def test_a_batch_is_one_question_about_persons_and_one_about_events(api, source):
    """However many keys; what is not asked for is not read, and no key is in the text."""
    assert await ids_of(source, Customer, KeyKind.EMAIL, ["bob@example.com", "eve' OR 1=1 --"], "phone") == {
        "bob@example.com": ["c2"]
    }
    assert await ids_of(source, Event, KeyKind.DEVICE_ID, ["d1", "d4", "d9"], first=1) == {
        "d1": [uuid(9)],
        "d4": [uuid(1299)],
    }
    customers, persons, events = api.questions
    assert customers == (
        "SELECT lower(persons.properties.email), persons.properties.phone, persons.properties.user_id FROM persons"
        " WHERE lower(persons.properties.email) IN ({v0}, {v1}) LIMIT 5000"
    )
    assert persons == (
        "SELECT ids.distinct_id, others.distinct_id"
        " FROM person_distinct_ids AS ids JOIN person_distinct_ids AS others ON others.person_id = ids.person_id"
        " WHERE ids.distinct_id IN ({v0}, {v1}, {v2}) LIMIT 5000"
    )
    assert "FROM events WHERE distinct_id IN ({v0}, {v1}, {v2}, {v3}, {v4}, {v5})) WHERE place <= 1 ORDER BY" in events
    assert "properties" not in events
    assert api.bodies[0]["query"]["values"] == {"v0": "bob@example.com", "v1": "eve' OR 1=1 --"}


async def test_nobody_did_nothing(api, source):
    """Where there are no persons there is no question about events."""
    assert await ids_of(source, Event, KeyKind.EMAIL, ["nobody@example.com"]) == {}
    assert len(api.requests) == 1


async def test_a_visitor_who_is_nobodys_is_no_customer(source):
    """A person without the property that holds a customer's id has none."""
    assert await ids_of(source, Customer, KeyKind.DEVICE_ID, ["visitor", "d2"]) == {"d2": ["c1"]}


@pytest.fixture
def many(api):
    """10,050 more events of the crowd, three at each minute."""
    numbers = range(2000, 12_050)
    for number in numbers:
        api.event(number, "c4", MAY_1 + timedelta(days=1, minutes=number // 3), "$pageview", {})
    return [*range(1000, 1300), *numbers]


async def test_all_pages_are_read(api, source, many):
    """5,000 events in each, behind the last event of the one before, also where several have its time."""
    for oldest_first in (False, True):
        api.questions.clear()
        found = await ids_of(source, Event, KeyKind.CUSTOMER_ID, ["c4"], oldest_first=oldest_first)
        assert found == {"c4": [uuid(number) for number in (many if oldest_first else many[::-1])]}
        assert len(api.questions) == 4


@pytest.mark.cases
async def test_more_pages_than_allowed_are_given_in_part(api, many):
    """The newest are there; each key's answer says that it is not whole."""
    async with opened(PostHog, api, "behaviour", **SETTINGS, max_pages=2) as source:
        by_id = lookup_of(source, Event, KeyKind.CUSTOMER_ID)
        answer = await by_id.fetch(["c4", "c1"], Ask(fields=Fields.from_paths("id")))
        whole = await by_id.fetch(["c1"], Ask(fields=Fields.from_paths("id")))
    assert {key: (len(msgspec.json.decode(page.records)), page.partial) for key, page in answer.items()} == {
        "c4": (10_000, True),
        "c1": (0, True),
    }
    assert len(msgspec.json.decode(whole["c1"])) == 4


async def test_the_window_is_part_of_the_question(source):
    """To the millionth of a second; where a page ended, too."""
    hour = MAY_1 + timedelta(hours=1)
    end = MAY_1 + timedelta(hours=2, microseconds=5)
    by = Event, KeyKind.CUSTOMER_ID, ["c1"]
    assert await ids_of(source, *by, since=hour, until=end) == {"c1": [uuid(13), uuid(12)]}
    assert await ids_of(source, *by, since=end) == {"c1": [uuid(9)]}
    assert await ids_of(source, *by, first=1, after=Position(hour, uuid(13))) == {"c1": [uuid(12)]}
    assert await ids_of(source, *by, first=1, after=Position(hour, uuid(13)), oldest_first=True) == {"c1": [uuid(9)]}


async def test_a_window_may_be_as_wide_as_time(source):
    """No bound falls out of PostHog's calendar."""
    ends = {"since": datetime.min.replace(tzinfo=UTC), "until": datetime.max.replace(tzinfo=UTC)}
    assert len((await ids_of(source, Event, KeyKind.CUSTOMER_ID, ["c1"], **ends))["c1"]) == 4
    assert await ids_of(source, Event, KeyKind.CUSTOMER_ID, ["c1"], since=ends["until"]) == {}


@pytest.mark.cases
async def test_a_device_without_a_person_has_its_events(api, source):
    """The library of the web makes no persons of visitors. Some devices have one and some have none, in one batch."""
    for number in (51, 52, 53):
        api.event(number, "lone", MAY_1 + timedelta(hours=number), "$pageview", {})
    by = Event, KeyKind.DEVICE_ID
    assert await ids_of(source, *by, ["lone"]) == {"lone": [uuid(53), uuid(52), uuid(51)]}
    found = await ids_of(source, *by, ["lone", "d2", "nothing"], first=2)
    assert found == {"lone": [uuid(53), uuid(52)], "d2": [uuid(9), uuid(13)]}


@pytest.mark.cases
async def test_events_from_before_a_merge_are_a_persons(api, source):
    """They keep the person whom their id had then, which the id has no more."""
    api.event(61, "d1", MAY_1 - timedelta(days=1), "$pageview", {}, person=uuid(77))
    for by, key in ((KeyKind.CUSTOMER_ID, "c1"), (KeyKind.DEVICE_ID, "d2"), (KeyKind.EMAIL, "ann@example.com")):
        assert (await ids_of(source, Event, by, [key]))[key] == [uuid(number) for number in (9, 13, 12, 11, 61)]


@pytest.mark.cases
async def test_two_keys_of_one_person_have_the_same_events(source):
    """Each has all of them, once."""
    found = await ids_of(source, Event, KeyKind.DEVICE_ID, ["d1", "d2"], first=3)
    assert found["d1"] == found["d2"] == [uuid(number) for number in (9, 13, 12)]


async def test_an_unknown_customer_is_null(gateway):
    """No error."""
    assert await gateway.data('{ customer(by: {email: "nobody@example.com"}) { name } }') == {"customer": None}


async def test_a_value_that_cannot_be_read_costs_itself(gateway):
    """The event whose properties are no JSON is there without them; the value is counted."""
    data = await gateway.data(
        '{ customer(by: {id: "c2"}) { events(first: 5) { nodes { type properties } } sources { unreadableValues } } }'
    )
    assert data["customer"] == {
        "events": {"nodes": [{"type": "$pageview", "properties": {"$pathname": "/"}}, {"type": "$pageview", "properties": {}}]},
        "sources": [{"unreadableValues": 1}],
    }


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (Refusal(429, THROTTLED, {"Retry-After": "13"}), SourceThrottledError),
        (Refusal(503, {"type": "server_error", "code": "error", "detail": "d"}), SourceUnavailableError),
        (Refusal(400, {"type": "validation_error", "code": "invalid_input", "detail": "d"}), SourceProtocolError),
        (Refusal(200, {"query_status": {"complete": False}}), SourceProtocolError),
    ],
)
async def test_a_refusal_is_one_of_our_errors(api, source, refusal, expected):
    """By its status."""
    api.refusal = refusal
    failure = await failure_of(lookup_of(source, Event, KeyKind.EMAIL), "ann@example.com")
    assert isinstance(failure, expected)
    assert failure.retry_after_s == (13.0 if refusal.status == 429 else None)


async def test_a_throttled_answer_reaches_the_caller(api, gateway):
    """Nothing of what PostHog says does."""
    api.refusal = Refusal(429, THROTTLED)
    answer = await expect_secrecy(gateway, '{ customer(by: {id: "c1"}) { name } }', "Request was throttled")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SOURCE_THROTTLED"]


async def test_check_asks_a_question(api, source):
    """A project of others is named as one."""
    assert await source.check() == []
    assert api.questions == ["SELECT 1"]
    async with opened(PostHog, api, "behaviour", **SETTINGS | {"project": 1}) as other:
        (problem,) = await other.check()
    assert problem == (
        "sources.behaviour.token: the source accepts it, but it lacks the scope query:read, or access to the project;"
        " grant that"
    )


def test_settings_are_refused_with_what_to_do():
    """A property that could be a part of a question, customers without ids, records that it has not."""
    expect_refused_settings(PostHog, "customer_id", **SETTINGS | {"customer_id": "id FROM persons --"})
    expect_refused_settings(PostHog, "customer_id: name the property", **SETTINGS | {"customer_id": None})
    expect_refused_settings(PostHog, "no event by phone", **SETTINGS | {"keys": {"event": ["phone"]}})
