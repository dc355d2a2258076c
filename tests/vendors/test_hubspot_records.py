"""Tickets of HubSpot, contacts by the account of their company, and the listing of all contacts."""

import msgspec
import pytest

from connectors.contract import Ask, Condition, KeyKind, Position
from connectors.errors import ListingCursorError, SourceAuthError, SourceProtocolError
from connectors.record_fields import Fields, all_fields
from connectors.records import Customer, Deal, Ticket
from connectors.toolkit.listing_cursor import encode_cursor
from connectors.vendors.hubspot import HubSpot
from tests.support.listing_pages import read_page
from tests.vendors.api import Refusal, failure_of, gateway_to, ids_of, lookup_of, opened
from tests.vendors.hubspot import TOKEN, HubSpotApi, contact, ticket

pytestmark = pytest.mark.vendors

SETTINGS = {
    "token": TOKEN,
    "keys": {
        "customer": ["customer_id", "account"],
        "ticket": ["customer_id", "ticket_id", "ticket_number"],
        "deal": ["customer_id", "deal_id"],
    },
    "values": {
        "ticket": {"status": {"977": "OPEN"}},
        "deal": {"pipeline": {"4411": "Spares"}, "stage_name": {"8812": "Quote sent"}},
    },
}
READ, SEARCH, TICKETS = (
    f"POST /crm/v3/objects/{name}" for name in ("contacts/batch/read", "contacts/search", "tickets/batch/read")
)
DEALS, DEALS_OF = "POST /crm/v3/objects/deals/batch/read", "POST /crm/v4/associations/contacts/deals/batch/read"
CONTACTS_OF = "POST /crm/v4/associations/tickets/contacts/batch/read"
TICKETS_OF = "POST /crm/v4/associations/contacts/tickets/batch/read"


@pytest.fixture
def api():
    return HubSpotApi()


@pytest.fixture
async def crm(api):
    async with opened(HubSpot, api, "crm", **SETTINGS) as connector:
        yield connector


async def test_a_customer_has_tickets(api):
    """Every field that HubSpot has; a stage means what the settings say, or else no more than that a ticket is closed."""
    async with gateway_to(HubSpot, api, "crm", **SETTINGS) as gateway:
        data = await gateway.data(
            """{ customer(by: {id: "101"}) { tickets(first: 5) { nodes {
                id number createdAt subject kind status priority channel solvedAt messages { author body at }
            } } } }"""
        )
    assert data["customer"]["tickets"]["nodes"] == [
        {
            "id": "crm:5002",
            "number": "5002",
            "createdAt": "2026-05-02T10:00:00Z",
            "subject": "Which colour?",
            "kind": "QUESTION",
            "status": "CLOSED",
            "priority": "UNKNOWN",
            "channel": "EMAIL",
            "solvedAt": "2026-05-03T10:00:00Z",
            "messages": [],
        },
        {
            "id": "crm:5001",
            "number": "5001",
            "createdAt": "2026-05-01T10:00:00Z",
            "subject": "Parcel lost",
            "kind": "INCIDENT",
            "status": "OPEN",
            "priority": "NORMAL",
            "channel": "WEB",
            "solvedAt": None,
            "messages": [{"author": "CUSTOMER", "body": "It did not come.", "at": "2026-05-01T10:00:00Z"}],
        },
    ]
    assert sorted(api.requests) == sorted([READ, TICKETS_OF, TICKETS])


async def test_a_customer_has_deals(api):
    """Every field that HubSpot has. Names of the account's own stages are words; a currency that no deal names is set."""
    async with gateway_to(HubSpot, api, "crm", **SETTINGS, currency="GBP") as gateway:
        data = await gateway.data(
            """{ customer(by: {id: "101"}) { deals(first: 5) { nodes {
                id createdAt name pipeline stage stageName segment amount { amount currency } closedAt
            } } } deal: node(id: "crm:7003") { ... on Deal { stage } } }"""
        )
    assert data["customer"]["deals"]["nodes"] == [
        {
            "id": "crm:7002",
            "createdAt": "2026-05-02T10:00:00Z",
            "name": "Spare parts",
            "pipeline": "Spares",
            "stage": "OPEN",
            "stageName": "Quote sent",
            "segment": None,
            "amount": {"amount": "90", "currency": "GBP"},
            "closedAt": None,
        },
        {
            "id": "crm:7001",
            "createdAt": "2026-05-01T10:00:00Z",
            "name": "Forty lathes",
            "pipeline": "default",
            "stage": "WON",
            "stageName": "closedwon",
            "segment": "newbusiness",
            "amount": {"amount": "12000.50", "currency": "EUR"},
            "closedAt": "2026-05-20T00:00:00Z",
        },
    ]
    assert data["deal"] == {"stage": "LOST"}
    assert api.requests.count(DEALS_OF) == 1
    assert CONTACTS_OF not in api.requests


async def test_deals_are_found_by_contact_company_and_id(api):
    """Only what is selected is read, and contacts where they are wanted; what fails costs its own keys."""
    keys = {"customer": ["customer_id"], "deal": ["customer_id", "account", "deal_id"]}
    async with opened(HubSpot, api, "crm", token=TOKEN, keys=keys) as crm:
        found = await ids_of(crm, Deal, KeyKind.CUSTOMER_ID, ["101", "103", "105", "x"], "stage")
        assert {key: sorted(ids) for key, ids in found.items()} == {"101": ["7001", "7002"], "103": ["7002", "7003"]}
        assert api.requests == [DEALS_OF, DEALS]
        assert api.bodies[1]["properties"] == ["dealstage", "hs_is_closed", "hs_is_closed_won"]
        of_company = await ids_of(crm, Deal, KeyKind.ACCOUNT, ["9001", "9002"])
        assert {key: sorted(ids) for key, ids in of_company.items()} == {"9001": ["7001", "7002"]}
        answer = await lookup_of(crm, Deal, KeyKind.DEAL_ID).fetch(["7001", "7002"], Ask(fields=all_fields(Deal)))
        assert [b'"amount"' in answer[id_] for id_ in ("7001", "7002")] == [True, False]  # no currency, no amount
        assert await ids_of(crm, Deal, KeyKind.DEAL_ID, ["7003", "1"], "customer_id") == {"7003": ["7003"]}
        assert api.requests[-1] == "POST /crm/v4/associations/deals/contacts/batch/read"
        api.part_errors = [{"category": "MISSING_SCOPES", "context": {"ids": ["7001"]}}]
        assert isinstance(await failure_of(lookup_of(crm, Deal, KeyKind.CUSTOMER_ID), "101"), SourceAuthError)


async def test_a_customer_and_its_account_have_subscriptions(api):
    """The amount is that of the next period, or else of the last one; what was cancelled is not renewed."""
    keys = {"customer": ["customer_id"], "account": ["account"], "subscription": ["customer_id", "account", "subscription_id"]}
    async with gateway_to(HubSpot, api, "crm", token=TOKEN, keys=keys) as gateway:
        data = await gateway.data(
            """{ customer(by: {id: "101"}) { subscriptions { nodes {
                   id startedAt plan status amount { amount currency } interval intervalCount renewsAt } } }
              account(id: "crm:9001") { subscriptions { nodes { id } } }
              node(id: "crm:6002") { ... on CustomerSubscription { status } } }"""
        )
    own = {"plan": "Lathe care", "status": "ACTIVE", "startedAt": "2026-04-01T00:00:00Z", "renewsAt": "2026-10-01T00:00:00Z"}
    half_a_year = {"amount": {"amount": "90.50", "currency": "EUR"}, "interval": "MONTH", "intervalCount": 6}
    left = {"plan": None, "status": "CANCELLED", "startedAt": "2026-05-02T10:00:00Z", "renewsAt": None}
    a_month = {"amount": None, "interval": "MONTH", "intervalCount": 1}
    assert data["customer"]["subscriptions"]["nodes"] == [
        {"id": "crm:6002"} | left | a_month,
        {"id": "crm:6001"} | own | half_a_year,
    ]
    assert data["account"] == {"subscriptions": {"nodes": [{"id": "crm:6002"}, {"id": "crm:6001"}]}}
    assert data["node"] == {"status": "CANCELLED"}


STATUSES = dict(active="ACTIVE", past_due="PAST_DUE", unpaid="PAST_DUE", paused="PAUSED", canceled="CANCELLED", expired="ENDED")
PERIODS = {
    "weekly": ("WEEK", 1),
    "biweekly": ("WEEK", 2),
    "monthly": ("MONTH", 1),
    "quarterly": ("MONTH", 3),
    "annually": ("YEAR", 1),
    "per_five_years": ("YEAR", 5),
    "daily": ("UNKNOWN", None),
}


async def test_words_of_subscriptions_are_read(api):
    """As HubSpot lists them. A word that is not ours may get a meaning, a period that nobody knows has none."""
    words = [*STATUSES, "scheduled"]
    api.subscriptions = [
        ticket(6100 + n, [101], "2026-05-01T10:00:00Z", hs_status=status, hs_recurring_billing_frequency=[*PERIODS][n])
        for n, status in enumerate(words)
    ]
    query = """{ customer(by: {id: "101"}) { subscriptions { nodes { id status interval intervalCount } } } }"""
    own = {"token": TOKEN, "keys": {"customer": ["customer_id"], "subscription": ["customer_id"]}}
    for values, scheduled in (({}, "UNKNOWN"), ({"subscription": {"status": {"scheduled": "ACTIVE"}}}, "ACTIVE")):
        async with gateway_to(HubSpot, api, "crm", **own, values=values) as gateway:
            found = (await gateway.data(query))["customer"]["subscriptions"]["nodes"]
        found = sorted(found, key=lambda one: one["id"])
        assert [one["status"] for one in found] == [*STATUSES.values(), scheduled]
        assert [(one["interval"], one["intervalCount"]) for one in found] == [*PERIODS.values()]


async def test_a_customer_has_surveys(api):
    """A score counts against the scale of its kind, where that is the same in all accounts."""
    keys = {"customer": ["customer_id"], "survey": ["customer_id", "survey_id"]}
    async with gateway_to(HubSpot, api, "crm", token=TOKEN, keys=keys) as gateway:
        data = await gateway.data(
            """{ customer(by: {id: "101"}) { surveys { nodes { id at kind score scale comment channel } } }
              node(id: "crm:8002") { ... on Survey { kind } } }"""
        )
    fields = ["id", "at", "kind", "score", "scale", "comment", "channel"]
    assert [[one[name] for name in fields] for one in data["customer"]["surveys"]["nodes"]] == [
        ["crm:8002", "2026-05-02T10:00:00Z", "UNKNOWN", None, None, None, "CHAT"],
        ["crm:8001", "2026-05-01T09:59:00Z", "NPS", 8, 10, "Quick.", "EMAIL"],
    ]
    assert data["node"] == {"kind": "UNKNOWN"}


async def test_check_names_the_scope_of_deals(api, crm):
    api.refusal, api.refused_path = Refusal(403, {"status": "error", "category": "MISSING_SCOPES"}), "deals"
    lacks = "sources.crm.token: the source accepts it, but it lacks the scope crm.objects.deals.read; grant that"
    assert await crm.check() == [lacks]


async def test_a_ticket_is_found_by_its_id_and_finds_its_contact(api):
    """Its number is its id; the first of several contacts is its customer."""
    async with gateway_to(HubSpot, api, "crm", **SETTINGS) as gateway:
        data = await gateway.data(
            """{ ticket(id: "crm:5001") { id number subject } gone: ticket(id: "crm:5009") { id }
                odd: ticket(id: "crm:x") { id }
                customer(by: {ticketNumber: "5002"}) { id name } nobody: customer(by: {ticketNumber: "5003"}) { id } }"""
        )
    assert data == {
        "ticket": {"id": "crm:5001", "number": "5001", "subject": "Parcel lost"},
        "gone": None,
        "odd": None,
        "customer": {"id": "crm:103", "name": "Cleo"},
        "nobody": None,
    }


async def test_a_hundred_tickets_are_one_call(api, crm):
    """And one more for their contacts, where these are wanted; only what is selected is read."""
    api.tickets = [ticket(6000 + number, [101], "2026-05-01T10:00:00Z") for number in range(99)]
    ids = [str(6000 + number) for number in range(99)]
    assert await ids_of(crm, Ticket, KeyKind.TICKET_ID, [*ids, "1", "x"], "subject") == {id_: [id_] for id_ in ids}
    assert api.requests == [TICKETS]
    assert api.bodies[0]["properties"] == ["subject"]
    await ids_of(crm, Ticket, KeyKind.TICKET_NUMBER, ids, "customer_id")
    assert api.requests[1:] == [TICKETS, CONTACTS_OF]


async def test_all_pages_of_associations_are_read(api, crm):
    """Each contact's have pages of their own; a contact without tickets has none."""
    api.page_of_associations = 2
    api.tickets += [ticket(7000 + number, [103], "2026-05-05T10:00:00Z") for number in range(4)]
    found = await ids_of(crm, Ticket, KeyKind.CUSTOMER_ID, ["101", "103", "105"])
    assert {key: sorted(ids) for key, ids in found.items()} == {
        "101": ["5001", "5002"],
        "103": ["5002", "7000", "7001", "7002", "7003"],
    }
    assert api.requests == [TICKETS_OF] * 3 + [TICKETS]
    assert [len(body["inputs"]) for body in api.bodies] == [3, 1, 1, 6]
    async with opened(HubSpot, api, "crm", **SETTINGS, max_pages=2) as crm:
        assert isinstance(await failure_of(lookup_of(crm, Ticket, KeyKind.CUSTOMER_ID), "103"), SourceProtocolError)


async def test_a_ticket_that_fails_costs_its_own_contacts(api, crm):
    """They are not shown without it."""
    api.part_errors = [{"category": "MISSING_SCOPES", "context": {"ids": ["5001"]}}]
    by_contact = lookup_of(crm, Ticket, KeyKind.CUSTOMER_ID)
    assert isinstance(await failure_of(by_contact, "101"), SourceAuthError)
    assert await ids_of(crm, Ticket, KeyKind.CUSTOMER_ID, ["103"]) == {"103": ["5002"]}


async def test_check_names_the_scope_of_tickets(api, crm):
    """Where tickets are asked for."""
    api.refusal, api.refused_path = Refusal(403, {"status": "error", "category": "MISSING_SCOPES"}), "tickets"
    assert await crm.check() == ["sources.crm.token: the source accepts it, but it lacks the scope tickets; grant that"]
    async with opened(HubSpot, api, "crm", token=TOKEN, keys={"customer": ["customer_id"]}) as without:
        assert await without.check() == []


MEMBER_ROLES = ["END_USER", "GURU;END_USER", "BUDGET_HOLDER", "DECISION_MAKER;END_USER", "GURU;SAGE", "CHAMPION", None]
"""Roles in buying, as HubSpot writes them; it knows no gurus."""


@pytest.mark.parametrize(
    ("role", "places"), [("USER", (0, 1)), ("BUYER", (2,)), ("DECISION_MAKER", (3,)), ("UNKNOWN", (4,)), ("OTHER", (5,))]
)
async def test_contacts_of_a_company_come_by_role(api, crm, role, places):
    """Each has at most one role, by which HubSpot finds and counts it: a page behind an id is one call, a total one more."""
    api.contacts = [contact(95 + n, associatedcompanyid="9002", hs_buying_role=MEMBER_ROLES[n % 7]) for n in range(14)]
    where = (Condition("company.role", (role,)),)
    ids = [str(95 + n) for n in range(14) if n % 7 in places]
    assert await ids_of(crm, Customer, KeyKind.ACCOUNT, ["9002"], where=where) == {"9002": ids}
    after = Position(None, ids[0])
    assert await ids_of(crm, Customer, KeyKind.ACCOUNT, ["9002"], where=where, after=after, first=1) == {"9002": ids[1:2]}
    assert api.requests == [SEARCH] * 2
    ask = Ask(fields=Fields.from_paths("id", "company.role"), where=where, after=after, first=1, count=True)
    page = (await lookup_of(crm, Customer, KeyKind.ACCOUNT).fetch(["9002"], ask))["9002"]
    assert [own["company"]["role"] for own in msgspec.json.decode(page.records)] == [role]
    assert (page.total, api.requests[2:]) == (len(ids), [SEARCH] * 2)


async def test_a_page_without_an_id_to_go_on_from_is_an_error(api, crm):
    """Whoever goes on from nowhere begins again."""
    api.contacts = [contact(1000 + n, associatedcompanyid="9002") for n in range(201)]
    api.spoil = lambda answer: answer | {"results": [*answer["results"][:-1], {"properties": {}}]}
    assert isinstance(await failure_of(lookup_of(crm, Customer, KeyKind.ACCOUNT), "9002"), SourceProtocolError)
    assert api.requests[-1] == SEARCH


async def test_a_role_that_no_word_means_is_nobodys(api, crm):
    """Without a call, until the settings say which word means it."""
    where = (Condition("company.role", ("BILLING",)),)
    assert await ids_of(crm, Customer, KeyKind.ACCOUNT, ["9001"], where=where) == {"9001": []}
    assert api.requests == []
    values = {"customer": {"company.role": {"CHAMPION": "BILLING"}}}
    async with opened(HubSpot, api, "crm", **(SETTINGS | {"values": values})) as own:
        assert await ids_of(own, Customer, KeyKind.ACCOUNT, ["9001"], where=where) == {"9001": []}  # she is a buyer first
        api.contacts[0]["properties"]["hs_buying_role"] = "CHAMPION"
        assert await ids_of(own, Customer, KeyKind.ACCOUNT, ["9001"], where=where) == {"9001": ["101"]}


async def test_contacts_come_and_go_while_they_are_listed(api, crm):
    """HubSpot's cursors name a place among the ids: who stays is listed once, by one call a page."""
    first = await read_page(crm, None, 2)
    assert first[0] == ["101", "102"]
    api.contacts = [contact(id_, firstname="A") for id_ in (100, 101, 103, 105, 106)]
    second = await read_page(crm, first[1], 2)
    assert second[0] == ["103", "105"]
    assert await read_page(crm, second[1], 2) == (["106"], None)
    assert await read_page(crm, first[1], 100) == (["103", "105", "106"], None)
    assert api.requests[-1] == "GET /crm/v3/objects/contacts?limit=100&after=102"


async def test_a_cursor_that_hubspot_does_not_know(api, crm):
    """It is the cursor that is refused; without one it is the call."""
    with pytest.raises(ListingCursorError):
        await read_page(crm, encode_cursor("hubspot", "of-another-account"), 2)
    assert len(api.requests) == 1


async def test_a_company_has_the_tickets_that_it_is_associated_with(api):
    """Beside those of its contacts, where these are asked for: each ticket once."""
    api.tickets.append(ticket(5004, [103], "2026-05-05T10:00:00Z", subject="Of another company"))
    api.tickets.append(ticket(5005, [], "2026-05-06T10:00:00Z", subject="Of the company") | {"companies": [9001]})
    api.contacts[2]["properties"]["associatedcompanyid"] = "9001"
    keys = {"customer": ["customer_id", "account"], "account": ["account"], "ticket": ["customer_id", "account"]}
    async with gateway_to(HubSpot, api, "crm", **(SETTINGS | {"keys": keys})) as gateway:
        data = await gateway.data(
            """{ account(id: "crm:9001") { tickets { nodes { sourceId } }
              all: tickets(members: true) { partial nodes { sourceId subject } } } }"""
        )
    assert [one["sourceId"] for one in data["account"]["tickets"]["nodes"]] == ["5005", "5002", "5001"]
    assert [one["sourceId"] for one in data["account"]["all"]["nodes"]] == ["5005", "5004", "5002", "5001"]
    assert not data["account"]["all"]["partial"]
