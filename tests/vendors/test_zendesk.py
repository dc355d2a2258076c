"""Tickets of Zendesk's users, and the users as customers."""

import pytest

from connectors.contract import Ask, KeyKind
from connectors.errors import (
    ListingCursorError,
    SourceAuthError,
    SourceProtocolError,
    SourceRejectedError,
    SourceThrottledError,
)
from connectors.record_fields import Fields
from connectors.records import Customer, Survey, Ticket
from connectors.testing import ConnectorContract
from connectors.toolkit.listing_cursor import encode_cursor
from connectors.vendors.zendesk import Zendesk
from tests.support.listing_pages import read_page
from tests.vendors.api import Refusal, expect_refused_settings, failure_of, gateway_to, lookup_of, opened
from tests.vendors.zendesk import AGENT, TOKEN, ZendeskApi, ticket, user

pytestmark = pytest.mark.vendors

KINDS = ["customer_id", "external_id", "email"]
SETTINGS = {"token": TOKEN, "email": AGENT, "order_id_field": 360, "keys": {"customer": KINDS, "ticket": ["customer_id"]}}


ALL_KEYS = SETTINGS | {
    "keys": {"customer": KINDS, "ticket": [*KINDS, "ticket_id", "ticket_number"], "survey": [*KINDS, "survey_id"]}
}


def zendesk(api, **settings):
    return opened(Zendesk, api, "support", **(ALL_KEYS | settings))


def gateway_to_zendesk(api, **settings):
    return gateway_to(Zendesk, api, "support", **(SETTINGS | settings))


class TestContract(ConnectorContract):
    samples = {
        (Customer, KeyKind.CUSTOMER_ID): ["11", "12", "14"],
        (Customer, KeyKind.EXTERNAL_ID): ["support:11", "support:12"],
        (Customer, KeyKind.EMAIL): ["ann@example.com", "ben@example.com"],
        (Ticket, KeyKind.CUSTOMER_ID): ["11", "12"],
        (Ticket, KeyKind.EXTERNAL_ID): ["support:11"],
        (Ticket, KeyKind.EMAIL): ["ann@example.com"],
        (Ticket, KeyKind.TICKET_ID): ["501", "1003"],
        (Ticket, KeyKind.TICKET_NUMBER): ["502"],
        (Survey, KeyKind.CUSTOMER_ID): ["11"],
        (Survey, KeyKind.EXTERNAL_ID): ["support:11"],
        (Survey, KeyKind.EMAIL): ["ann@example.com"],
        (Survey, KeyKind.SURVEY_ID): ["8", "9"],
    }

    @pytest.fixture
    async def connector(self):
        async with zendesk(ZendeskApi()) as connector:
            yield connector


class TestContractWhereZendeskKnowsTheCustomersIds(ConnectorContract):
    samples = {
        (Customer, KeyKind.CUSTOMER_ID): ["crm-1", "crm-4"],
        (Ticket, KeyKind.CUSTOMER_ID): ["crm-1", "crm-2"],
    }

    @pytest.fixture
    async def connector(self):
        keys = {"customer": ["customer_id"], "ticket": ["customer_id"]}
        async with zendesk(ZendeskApi(), customer_id="external_id", keys=keys) as connector:
            yield connector


async def test_a_ticket_is_found_by_its_id_and_finds_its_requester():
    """Its number is its id; messages come when they are selected."""
    api = ZendeskApi()
    async with gateway_to_zendesk(api, keys=ALL_KEYS["keys"]) as gateway:
        data = await gateway.data(
            """{ ticket(id: "support:501") { id number subject messages { author } } gone: ticket(id: "support:9") { id }
                customer(by: {ticketNumber: "501"}) { id name } }"""
        )
    assert data == {
        "ticket": {
            "id": "support:501",
            "number": "501",
            "subject": "Ticket 501",
            "messages": [{"author": "CUSTOMER"}, {"author": "AGENT"}],
        },
        "gone": None,
        "customer": {"id": "support:11", "name": "Ann Archer"},
    }


async def test_a_requester_is_nobody_where_customers_have_external_ids():
    """The ticket tells an id that the CRM does not have, and no ticket finds the wrong customer."""
    keys = {"customer": ["customer_id"], "ticket": ["ticket_number"]}
    async with gateway_to_zendesk(ZendeskApi(), keys=keys, customer_id="external_id") as gateway:
        assert await gateway.data('{ customer(by: {ticketNumber: "501"}) { id } }') == {"customer": None}


async def test_a_user_is_a_customer_with_tickets():
    """Every field that Zendesk has, in canonical form; internal notes are no messages."""
    async with gateway_to_zendesk(ZendeskApi()) as gateway:
        data = await gateway.data(
            """{ customer(by: {email: "ann@example.com"}) {
                id kind name email phone locale createdAt updatedAt
                contactPoints { kind value primary } externalIds { source id }
                tickets(first: 10) { totalCount nodes {
                    id createdAt subject kind status priority channel satisfaction orderId messages { author body at }
                } }
            } }"""
        )
    tickets = data["customer"].pop("tickets")
    assert data["customer"] == {
        "id": "support:11",
        "kind": "PERSON",
        "name": "Ann Archer",
        "email": "Ann@Example.com",
        "phone": "+442079460000",
        "locale": "en-US",
        "createdAt": "2023-01-05T08:30:00Z",
        "updatedAt": "2026-05-03T08:30:00Z",
        "contactPoints": [
            {"kind": "EMAIL", "value": "Ann@Example.com", "primary": True},
            {"kind": "PHONE", "value": "+442079460000", "primary": True},
        ],
        "externalIds": [{"source": "support", "id": "11"}],
    }
    assert tickets["totalCount"] == 3
    assert [one["id"] for one in tickets["nodes"]] == ["support:503", "support:502", "support:501"]
    assert [one["satisfaction"] for one in tickets["nodes"]] == [None, 5, 1]
    assert [one["channel"] for one in tickets["nodes"]] == ["WEB", "PHONE", "CHAT"]
    assert [one["kind"] for one in tickets["nodes"]] == ["TASK", "QUESTION", "COMPLAINT"]
    assert tickets["nodes"][2] == {
        "id": "support:501",
        "createdAt": "2026-01-04T10:00:00Z",
        "subject": "Ticket 501",
        "kind": "COMPLAINT",
        "status": "ON_HOLD",
        "priority": "HIGH",
        "channel": "CHAT",
        "satisfaction": 1,
        "orderId": "o-77",
        "messages": [
            {"author": "CUSTOMER", "body": "It is broken", "at": "2026-01-04T10:01:00Z"},
            {"author": "AGENT", "body": "It is on its way", "at": "2026-01-04T10:03:00Z"},
        ],
    }


async def test_comments_are_read_of_the_shown_tickets_only():
    """Two of 130 tickets with messages: one call for each of the two, none where messages are not asked for."""
    api = ZendeskApi()
    async with zendesk(api) as connector:
        by_id = lookup_of(connector, Ticket, KeyKind.CUSTOMER_ID)
        await by_id.fetch(["12"], Ask(fields=Fields.from_paths("id", "messages.body"), first=2))
        assert [line for line in api.requests if "comments" in line] == [
            "GET /api/v2/tickets/1129/comments?page[size]=100",
            "GET /api/v2/tickets/1128/comments?page[size]=100",
        ]
        api.requests.clear()
        await by_id.fetch(["12"], Ask(fields=Fields.from_paths("id"), first=2))
    assert not any("comments" in line for line in api.requests)


async def test_a_batch_costs_one_call_for_its_users_and_one_for_the_tickets_of_each():
    """Users come together, what they have requested one by one, also where the ids are those of another system."""
    api = ZendeskApi()
    query = '{ customers(ids: ["crm-1", "crm-2", "crm-4"]) { name tickets(first: 1) { nodes { subject } } } }'
    async with gateway_to_zendesk(api, customer_id="external_id") as gateway:
        await gateway.data(query)
    assert sum("show_many" in line for line in api.requests) == 2
    assert sum("requested" in line for line in api.requests) == 2 + 1 + 1  # the newest two of the first have one time
    assert len(api.requests) == 6


async def test_a_similar_address_is_another_user():
    """A search finds parts of addresses; nobody gets the tickets of somebody else."""
    api = ZendeskApi()
    async with gateway_to_zendesk(api, keys={"customer": ["email"], "ticket": ["email"]}) as gateway:
        data = await gateway.data('{ customer(by: {email: "ann@example.com"}) { id tickets { totalCount } } }')
        nobody = await gateway.data('{ customer(by: {email: "n@example.com"}) { id } }')
    assert data["customer"] == {"id": "support:11", "tickets": {"totalCount": 3}}
    assert nobody == {"customer": None}


async def test_an_address_that_zendesk_refuses_is_refused():
    """It is the key that is refused, and not Zendesk that is away. A search that is not there is no answer."""
    api = ZendeskApi()
    api.refused_path = "/search"
    async with zendesk(api) as connector:
        by_email = lookup_of(connector, Customer, KeyKind.EMAIL)
        api.refusal = Refusal(422, {"error": "RecordInvalid"})
        answer = await by_email.fetch(["ann@example.com"], Ask(fields=Fields.from_paths("id")))
        assert {key: type(given) for key, given in answer.items()} == {"ann@example.com": SourceRejectedError}
        api.refusal = Refusal(404, {"error": "InvalidEndpoint"})
        with pytest.raises(SourceProtocolError):
            await by_email.fetch(["ann@example.com"], Ask(fields=Fields.from_paths("id")))


async def test_an_unknown_customer_is_nobody():
    """A number that is not there is asked for, what can be no number is not."""
    api = ZendeskApi()
    async with gateway_to_zendesk(api) as gateway:
        assert await gateway.data('{ customer(by: {id: "99"}) { name tickets { totalCount } } }') == {"customer": None}
        api.requests.clear()
        assert await gateway.data('{ customer(by: {id: "1,2"}) { name tickets { totalCount } } }') == {"customer": None}
    assert api.requests == []


async def test_a_deleted_user_is_nobody():
    """Zendesk shows deleted users like others, but for a mark."""
    async with gateway_to_zendesk(ZendeskApi()) as gateway:
        assert await gateway.data('{ customer(by: {id: "15"}) { name } }') == {"customer": None}


async def test_external_ids_are_compared_as_they_are():
    """Zendesk takes them in any case of letters; here another case is another key."""
    async with zendesk(ZendeskApi(), customer_id="external_id") as connector:
        for record in (Customer, Ticket):
            by_id = lookup_of(connector, record, KeyKind.CUSTOMER_ID)
            assert list(await by_id.fetch(["CRM-1", "crm-2"], Ask(fields=Fields.from_paths("id")))) == ["crm-2"]


async def test_a_malformed_ticket_is_dropped_alone():
    """One whose time cannot be read is left out and counted; of the others what can be read is there."""
    api = ZendeskApi()
    api.tickets += [ticket(504, 11, 6, created_at="yesterday"), ticket(505, 11, 7, via="web"), ticket(506, 11, 8, status="new")]
    async with gateway_to_zendesk(api) as gateway:
        data = await gateway.data(
            '{ customer(by: {id: "11"}) { tickets { nodes { id status channel } } sources { droppedRecords } } }'
        )
    assert [one["id"] for one in data["customer"]["tickets"]["nodes"]] == [
        "support:506",
        "support:505",
        "support:503",
        "support:502",
        "support:501",
    ]
    assert data["customer"]["sources"] == [{"droppedRecords": 1}]


@pytest.mark.parametrize(
    ("headers", "seconds"), [({"Retry-After": "53"}, 53.0), ({"ratelimit-reset": "41"}, 41.0), ({"X-Rate-Limit": "700"}, None)]
)
async def test_a_throttled_call_says_when_to_come_back(headers, seconds):
    """By `Retry-After`, else by when the minute ends."""
    api = ZendeskApi()
    api.refusal = Refusal(429, {"error": "TooManyRequests", "description": "Rate limit exceeded"}, headers)
    async with zendesk(api) as connector:
        error = await failure_of(lookup_of(connector, Ticket, KeyKind.EMAIL), "ann@example.com")
    assert isinstance(error, SourceThrottledError)
    assert error.retry_after_s == seconds


async def test_a_throttled_source_costs_the_tickets_alone():
    """The customer is there, and the error has the code."""
    api = ZendeskApi()
    api.refusal, api.refused_path = Refusal(429, {"error": "TooManyRequests"}, {"Retry-After": "5"}), "requested"
    async with gateway_to_zendesk(api) as gateway:
        answer = await gateway.ask('{ customer(by: {id: "11"}) { name tickets { totalCount } } }')
    assert answer["data"]["customer"]["name"] == "Ann Archer"
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SOURCE_THROTTLED"]


async def test_a_token_of_oauth_goes_as_a_bearer():
    """Without an agent's address, the token is one of OAuth."""
    api = ZendeskApi()
    api.authorization = f"Bearer {TOKEN}"
    async with zendesk(api, email=None) as connector:
        assert await connector.check() == []


async def test_check_names_the_right_that_is_missing():
    """An agent who may see users and no tickets."""
    api = ZendeskApi()
    api.refusal, api.refused_path = Refusal(403, {"error": "Forbidden"}), "tickets"
    async with zendesk(api) as connector:
        (problem,) = await connector.check()
        assert "it lacks the right to read tickets (OAuth: the scope tickets:read)" in problem
        assert isinstance(await failure_of(lookup_of(connector, Ticket, KeyKind.CUSTOMER_ID), "11"), SourceAuthError)


def test_settings_need_the_address_of_the_account():
    """There is no address that all accounts share."""
    expect_refused_settings(Zendesk, "base_url", **SETTINGS)


async def test_users_come_and_go_while_they_are_listed():
    """Zendesk's cursors name a place: who stays is listed once, without deleted users and those who lack the id."""
    api = ZendeskApi()
    async with zendesk(api) as connector:
        assert (first := await read_page(connector, None, 2))[0] == ["11", "12"]
        api.users = [user(id_, None, None) for id_ in (10, 12, 13, 15, 16)] + [user(17, None, None, active=False)]
        assert (second := await read_page(connector, first[1], 2))[0] == ["13", "15"]
        assert await read_page(connector, second[1], 2) == (["16"], None)
        assert await read_page(connector, first[1], 100) == (["13", "15", "16"], None)
        assert api.requests[-1] == "GET /api/v2/users?page[size]=100&page[after]=u12"
    api = ZendeskApi()
    async with zendesk(api, customer_id="external_id", keys={"customer": ["customer_id"]}) as connector:
        assert await read_page(connector, None, 100) == (["crm-1", "crm-2", "crm-4"], None)


async def test_a_cursor_that_zendesk_does_not_know():
    """It is the cursor that is refused; without one it is the call."""
    api = ZendeskApi()
    async with zendesk(api) as connector:
        with pytest.raises(ListingCursorError):
            await read_page(connector, encode_cursor("zendesk", "of-another-account"), 2)
    assert len(api.requests) == 1


async def test_ratings_are_surveys():
    """Of the tickets of a user, each with the time when it was given; one that was only offered is none."""
    keys = {"customer": ["customer_id"], "survey": ["customer_id"]}
    api = ZendeskApi()
    async with gateway_to_zendesk(api, keys=keys) as gateway:
        data = await gateway.data(
            """{ customer(by: {id: "11"}) { surveys { nodes { id kind score scale comment ticketId orderId at } } } }"""
        )
    fixed = {"kind": "CSAT", "scale": 5, "orderId": None}
    assert data["customer"]["surveys"]["nodes"] == [
        {"id": "support:9", "score": 1, "comment": "slow", "ticketId": "501", "at": "2026-01-11T08:00:00Z", **fixed},
        {"id": "support:8", "score": 5, "comment": None, "ticketId": "502", "at": "2026-01-10T08:00:00Z", **fixed},
    ]
    assert sorted(line for line in api.requests if "ratings" in line) == [
        "GET /api/v2/satisfaction_ratings/8",
        "GET /api/v2/satisfaction_ratings/9",
    ]


async def test_a_ticket_has_its_agent_and_times_when_they_are_asked_for():
    """The names of agents and the metrics come in the same call; without them nothing more is asked for."""
    api = ZendeskApi()
    async with gateway_to_zendesk(api) as gateway:
        data = await gateway.data(
            """{ customer(by: {id: "11"}) { tickets { nodes {
                number assignee tags updatedAt firstResponseAt solvedAt } } } }"""
        )
        await gateway.data("""{ customer(by: {id: "11"}) { tickets { nodes { tags updatedAt } } } }""")
    assert data["customer"]["tickets"]["nodes"][-1] == {
        "number": "501",
        "assignee": "Sam Support",
        "tags": ["complaint", "vip"],
        "updatedAt": "2026-06-01T10:00:00Z",
        "firstResponseAt": "2026-01-04T11:35:00Z",
        "solvedAt": "2026-01-09T12:00:00Z",
    }
    included = ["include=metric_sets%2Cusers" in line or "include=metric_sets,users" in line for line in api.requests]
    assert [flag for flag, line in zip(included, api.requests, strict=True) if "requested" in line] == [True, False]
