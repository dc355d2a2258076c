"""People whom Salesforce keeps as two records, and those who were merged; an org's own words; questions that were too slow."""

import msgspec
import pytest

from connectors.contract import Ask, Condition, KeyKind, Position
from connectors.errors import SourceTimeoutError, SourceUnavailableError
from connectors.record_fields import Fields
from connectors.records import Account, Customer, Deal, Ticket
from connectors.testing import ConnectorContract
from connectors.vendors.salesforce import Salesforce
from tests.vendors.api import Refusal, failure_of, gateway_to, ids_of, lookup_of, opened
from tests.vendors.salesforce import (
    ACME,
    ANN,
    BATCH,
    BOB,
    PIA,
    PIAS_ACCOUNT,
    QUERY,
    SETTINGS,
    SOLO,
    SalesforceApi,
    id_of,
    merge,
    org,
    org_of_persons,
    staff,
)

pytestmark = [pytest.mark.vendors, pytest.mark.cases]

OF_PERSONS = SETTINGS | {"person_accounts": True}
LOST = id_of("003", 900)


@pytest.fixture
def api():
    return SalesforceApi(org())


@pytest.fixture
def api_of_persons():
    return SalesforceApi(org_of_persons())


class TestContractOfPersons(ConnectorContract):
    samples = {
        (Customer, KeyKind.CUSTOMER_ID): [ANN, ACME, PIA, PIAS_ACCOUNT],
        (Customer, KeyKind.EMAIL): ["ann@example.com", "pia@example.com"],
        (Customer, KeyKind.PHONE): ["+14155550100", "+447700900555"],
        (Customer, KeyKind.MEMBER_NUMBER): ["AC-77", "AC-PIA", "M-1"],
        (Customer, KeyKind.EXTERNAL_ID): [f"crm:{PIAS_ACCOUNT}", "stripe:cus_Ann"],
        (Customer, KeyKind.ACCOUNT): ["AC-77", "SO-1", ACME],
        (Account, KeyKind.ACCOUNT): ["AC-77", SOLO],
        (Ticket, KeyKind.ACCOUNT): ["AC-77", ACME],
        (Account, KeyKind.PARENT_ACCOUNT): [ACME],
        (Ticket, KeyKind.TICKET_ID): [id_of("500", 77)],
        (Ticket, KeyKind.TICKET_NUMBER): ["00000077"],
        (Ticket, KeyKind.CUSTOMER_ID): [PIA, PIAS_ACCOUNT, ACME],
        (Ticket, KeyKind.EXTERNAL_ID): [f"crm:{PIA}"],
        (Ticket, KeyKind.EMAIL): ["pia@example.com"],
        (Deal, KeyKind.DEAL_ID): [id_of("006", 9)],
        (Deal, KeyKind.CUSTOMER_ID): [PIA, PIAS_ACCOUNT, ACME],
        (Deal, KeyKind.EXTERNAL_ID): [f"crm:{PIA}"],
        (Deal, KeyKind.EMAIL): ["pia@example.com"],
    }

    @pytest.fixture
    async def connector(self, api_of_persons):
        api_of_persons.objects["Contact"][1]["MailingCountry"] = "DE"  # a listing has what no sample finds
        staff(api_of_persons.objects)
        async with opened(Salesforce, api_of_persons, "crm", **OF_PERSONS) as connector:
            yield connector


@pytest.mark.parametrize(
    ("by", "key"),
    [
        (KeyKind.PHONE, "+447700900555"),
        (KeyKind.EMAIL, "pia@example.com"),
        (KeyKind.MEMBER_NUMBER, "AC-PIA"),
        (KeyKind.CUSTOMER_ID, PIA),
        (KeyKind.CUSTOMER_ID, PIAS_ACCOUNT),
        (KeyKind.EXTERNAL_ID, f"crm:{PIAS_ACCOUNT}"),
    ],
)
async def test_a_person_account_is_one_customer_by_any_key(api_of_persons, by, key):
    """A person with an address and no company."""
    fields = Fields.from_paths("id", "kind", "email", "member_number", "company")
    async with opened(Salesforce, api_of_persons, "crm", **OF_PERSONS) as crm:
        answer = await lookup_of(crm, Customer, by).fetch([key], Ask(fields=fields))
    (found,) = msgspec.json.decode(answer[key])
    assert {name: found[name] for name in ("id", "kind", "email", "memberNumber")} == {
        "id": PIA,
        "kind": "PERSON",
        "email": "pia@example.com",
        "memberNumber": "AC-PIA",
    }
    assert "company" not in found


@pytest.mark.parametrize(
    ("by", "key"), [(KeyKind.CUSTOMER_ID, PIA), (KeyKind.CUSTOMER_ID, PIAS_ACCOUNT), (KeyKind.EMAIL, "pia@example.com")]
)
async def test_a_person_account_has_the_opportunities_of_its_account(api_of_persons, by, key):
    """Each once, also where the contact has a role in it."""
    async with opened(Salesforce, api_of_persons, "crm", **OF_PERSONS) as crm:
        assert await ids_of(crm, Deal, by, [key], "id", "stage") == {key: [id_of("006", 9), id_of("006", 8)]}


async def test_a_person_account_has_its_tickets(api_of_persons):
    """By the account's id, too; the customer's other fields are there with them."""
    async with gateway_to(Salesforce, api_of_persons, "crm", **OF_PERSONS) as gateway:
        data = await gateway.data(
            f'{{ customer(by: {{id: "{PIAS_ACCOUNT}"}}) {{ kind email tickets {{ nodes {{ subject }} }} }} }}'
        )
    assert data["customer"] == {"kind": "PERSON", "email": "pia@example.com", "tickets": {"nodes": [{"subject": "Hello"}]}}


async def test_companies_and_their_contacts_stay_two(api_of_persons):
    """An account number is that of the company, not of everybody there; so is its id."""
    async with opened(Salesforce, api_of_persons, "crm", **OF_PERSONS) as crm:
        assert await ids_of(crm, Customer, KeyKind.MEMBER_NUMBER, ["AC-77", "M-1"], "member_number") == {
            "AC-77": [ACME],
            "M-1": [ANN],
        }
        assert await ids_of(crm, Customer, KeyKind.CUSTOMER_ID, [ACME, ANN]) == {ACME: [ACME], ANN: [ANN]}


async def test_check_reads_what_an_org_of_persons_has(api, api_of_persons):
    """In one that has none the setting is a problem."""
    async with opened(Salesforce, api_of_persons, "crm", **OF_PERSONS) as crm:
        assert await crm.check() == []
    async with opened(Salesforce, api, "crm", **OF_PERSONS) as crm:
        assert len(await crm.check()) == 1


async def test_a_customer_who_was_merged_is_the_other(api):
    """Also when that one was merged again; of accounts likewise. Nobody is found for a chain without an end."""
    again, firm, ring = id_of("003", 901), id_of("001", 900), id_of("003", 902)
    merge(api.objects, "Contact", LOST, again)
    merge(api.objects, "Contact", again, BOB)
    merge(api.objects, "Account", firm, ACME)
    merge(api.objects, "Contact", ring, ring)
    async with opened(Salesforce, api, "crm", **SETTINGS) as crm:
        found = await ids_of(crm, Customer, KeyKind.CUSTOMER_ID, [LOST, again[:15], firm, ANN, ring])
    assert found == {LOST: [BOB], again[:15]: [BOB], firm: [ACME], ANN: [ANN]}


async def test_a_merged_customer_has_the_tickets_of_the_other(api):
    """Salesforce gives the cases of both to the one that stays."""
    merge(api.objects, "Contact", LOST, BOB)
    async with gateway_to(Salesforce, api, "crm", **SETTINGS) as gateway:
        data = await gateway.data(f'{{ customer(by: {{id: "{LOST}"}}) {{ name tickets {{ nodes {{ status }} }} }} }}')
    assert data["customer"]["name"] == "Bob"
    assert data["customer"]["tickets"]["nodes"]


WORDS = {
    "ticket": {
        "status": {"In Progress": "OPEN", "Done": "SOLVED", "Parked": "ON_HOLD", "New": "PENDING"},
        "priority": {"P1": "URGENT"},
        "channel": {"Chatbot": "CHAT"},
        "kind": {"Refund": "COMPLAINT"},
    },
    "customer": {"address.country": {"Germany": "DE"}, "acquisition.source": {"Web": "shop"}},
}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            {"Status": "In Progress", "Priority": "P1", "Origin": "Chatbot", "Type": "Refund"},
            ("OPEN", "URGENT", "CHAT", "COMPLAINT"),
        ),
        ({"Status": "New", "Priority": "High", "Origin": "Email", "Type": "Problem"}, ("PENDING", "HIGH", "EMAIL", "INCIDENT")),
        ({"Status": "Elsewhere", "Priority": "P9"}, ("UNKNOWN", "UNKNOWN", "UNKNOWN", "UNKNOWN")),
    ],
)
async def test_an_org_may_have_words_of_its_own(api, row, expected):
    """They come before Salesforce's; what they do not name means what it means everywhere."""
    api.objects["Case"] = [api.objects["Case"][4] | row]
    async with gateway_to(Salesforce, api, "crm", **SETTINGS, values=WORDS) as gateway:
        data = await gateway.data(
            f"""{{ customer(by: {{id: "{BOB}"}}) {{
                address {{ country }} acquisition {{ source }} tickets {{ nodes {{ status priority channel kind }} }}
            }} }}"""
        )
    assert (data["customer"]["address"], data["customer"]["acquisition"]) == ({"country": "DE"}, {"source": "shop"})
    assert [tuple(one.values()) for one in data["customer"]["tickets"]["nodes"]] == [expected]


@pytest.mark.parametrize(
    ("status", "is_closed", "expected"),
    [
        ("Solved", True, "SOLVED"),
        ("Resolved", True, "SOLVED"),
        ("Done", True, "SOLVED"),
        ("Closed", True, "CLOSED"),
        ("Parked", True, "CLOSED"),
        ("Merged away", True, "CLOSED"),
        ("Working", False, "OPEN"),
        ("Parked", False, "ON_HOLD"),
    ],
)
async def test_a_closed_case_is_solved_where_its_word_says_so(api, status, is_closed, expected):
    """In words of Salesforce's and of the org's; any other closed one is closed."""
    api.objects["Case"] = [api.objects["Case"][4] | {"Status": status, "IsClosed": is_closed}]
    async with gateway_to(Salesforce, api, "crm", **SETTINGS, values=WORDS) as gateway:
        data = await gateway.data(f'{{ customer(by: {{id: "{BOB}"}}) {{ tickets {{ nodes {{ status }} }} }} }}')
    assert data["customer"]["tickets"]["nodes"] == [{"status": expected}]


@pytest.mark.parametrize("by", [KeyKind.EMAIL, KeyKind.CUSTOMER_ID, KeyKind.PHONE])
async def test_a_part_that_is_too_slow_costs_its_own_keys(api, by):
    """Contacts are asked for alone, or together with accounts: whichever is too slow, the other keys have their answer."""
    keys = {
        KeyKind.EMAIL: ["ann@example.com", "slow@example.com", "o'brien@example.com", "none@example.com"],
        KeyKind.CUSTOMER_ID: [ANN, id_of("001", 77), ACME, id_of("003", 78)],
        KeyKind.PHONE: ["+447700900123", "+15550000000", "+14155550100", "+15550000001"],
    }[by]
    async with opened(Salesforce, api, "crm", **SETTINGS) as crm:
        lookup = lookup_of(crm, Customer, by)
        whole = await lookup.fetch(keys, Ask(fields=Fields.from_paths("id")))
        slow = {KeyKind.EMAIL: "slow@", KeyKind.CUSTOMER_ID: keys[1][:15], KeyKind.PHONE: "(555) 000-0000"}
        api.slow = (slow[by],)
        found = dict(await lookup.fetch(keys, Ask(fields=Fields.from_paths("id"))))
    error = found.pop(keys[1])
    assert isinstance(error, SourceTimeoutError)
    assert found == whole
    assert len(found) == 2


async def test_customers_are_found_where_merges_are_too_slow_to_look_up(api):
    """Only who was not found may have been merged into another one."""
    async with opened(Salesforce, api, "crm", **SETTINGS) as crm:
        lookup = lookup_of(crm, Customer, KeyKind.CUSTOMER_ID)
        api.slow = ("MasterRecordId",)
        found = await lookup.fetch([ANN, id_of("003", 78)], Ask(fields=Fields.from_paths("id")))
        assert [one["id"] for one in msgspec.json.decode(found[ANN])] == [ANN]
        assert isinstance(found[id_of("003", 78)], SourceTimeoutError)
        with pytest.raises(SourceTimeoutError):
            await lookup.fetch([id_of("003", 78)], Ask(fields=Fields.from_paths("id")))


async def test_an_org_that_is_slow_altogether_is_asked_seven_times_at_most(api):
    """Twice in halves; then it is not the number of keys."""
    api.slow = ("SELECT",)
    async with opened(Salesforce, api, "crm", **SETTINGS) as crm:
        with pytest.raises(SourceTimeoutError):
            await lookup_of(crm, Customer, KeyKind.EMAIL).fetch(
                [f"{n}@example.com" for n in range(100)], Ask(fields=Fields.from_paths("id"))
            )
    assert len(api.queries) == 7


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "QUERY_TIMEOUT", SourceTimeoutError),
        (400, "REQUEST_RUNNING_TOO_LONG", SourceTimeoutError),
        (400, "UNABLE_TO_LOCK_ROW", SourceUnavailableError),
        (503, "SERVER_UNAVAILABLE", SourceUnavailableError),
    ],
)
async def test_a_question_that_was_too_slow_may_be_asked_again(api, status, code, kind):
    """There is nothing wrong with it."""
    api.refusal, api.refused_path = Refusal(status, [{"errorCode": code, "message": "m"}]), "/data"
    async with opened(Salesforce, api, "crm", **SETTINGS) as crm:
        error = await failure_of(lookup_of(crm, Customer, KeyKind.EMAIL), "ann@example.com")
    assert isinstance(error, kind)
    assert error.retryable


ACCOUNT_KEYS = {"customer": ["customer_id", "email", "account"], "account": ["account", "parent_account"]}


async def test_an_account_has_its_contacts_and_its_parts():
    """By its number or its id, whichever the contact has; the role is the one at its own account."""
    objects = org()
    crowd = objects["Contact"][2]
    crowd["Account"], crowd["AccountId"] = objects["Account"][1], SOLO
    objects["Account"][1]["AccountNumber"] = None
    async with gateway_to(Salesforce, SalesforceApi(objects), "crm", **(SETTINGS | {"keys": ACCOUNT_KEYS})) as gateway:
        data = await gateway.data(
            """{ ann: customer(by: {email: "ann@example.com"}) {
              jobTitle consents { channel state } company { account size role roleName }
              account { sourceId name number industry size website updatedAt parent { name } subsidiaries { nodes { name } }
                members(role: BUYER) { nodes { roleName customer { name } } } none: members(role: USER) { nodes { role } } } }
            crowd: customer(by: {email: "crowd@example.com"}) {
              company { account } account { name number parent { name } members { nodes { role customer { name } } } } } }"""
        )
    assert data["ann"] == {
        "jobTitle": "Head of Works",
        "consents": [{"channel": "EMAIL", "state": "WITHDRAWN"}, {"channel": "PHONE", "state": "DENIED"}],
        "company": {"account": "AC-77", "size": 250, "role": "BUYER", "roleName": "Economic Buyer"},
        "account": {
            "sourceId": ACME,
            "name": "Acme Ltd",
            "number": "AC-77",
            "industry": "Retail",
            "size": 250,
            "website": "https://acme.example",
            "updatedAt": "2026-04-02T08:00:00Z",
            "parent": None,
            "subsidiaries": {"nodes": [{"name": "Solo GmbH"}]},
            "members": {"nodes": [{"roleName": "Economic Buyer", "customer": {"name": "Ann Archer"}}]},
            "none": {"nodes": []},
        },
    }
    members = {"nodes": [{"role": None, "customer": {"name": "Crowd Crowd"}}]}
    account = {"name": "Solo GmbH", "number": None, "parent": {"name": "Acme Ltd"}, "members": members}
    assert data["crowd"] == {"company": {"account": SOLO}, "account": account}


@pytest.mark.parametrize(
    ("role", "places"), [("USER", (0,)), ("BUYER", (1,)), ("UNKNOWN", (5,)), ("DECISION_MAKER", (3,)), ("OTHER", (4,))]
)
async def test_contacts_of_an_account_come_by_role(role, places):
    """Each has at most one role, by which SOQL finds and counts it; a page behind any id is one call, with its total."""
    objects = org()
    objects["Contact"] = objects["Contact"][1:]
    staff(objects, 12)
    api = SalesforceApi(objects)
    async with opened(Salesforce, api, "crm", **SETTINGS) as crm:
        by_account, where = lookup_of(crm, Customer, KeyKind.ACCOUNT), (Condition("company.role", (role,)),)
        ids = [id_of("003", 100 + n) for n in range(12) if n % 6 in places]
        assert await ids_of(crm, Customer, KeyKind.ACCOUNT, [ACME, "AC-77"], where=where) == {ACME: ids, "AC-77": ids}
        api.requests.clear()
        ask = Ask(fields=Fields.from_paths("id", "company.role"), where=where, after=Position(None, ids[0]), first=1)
        answer = await by_account.fetch([ACME], ask)
        found = [(own["id"], own["company"]["role"]) for own in msgspec.json.decode(answer[ACME].records)]
        assert found == [(ids[1], role)]
        assert api.requests == [QUERY]
        answer = await by_account.fetch([ACME], msgspec.structs.replace(ask, count=True))
        assert (answer[ACME].total, api.requests) == (len(ids), [QUERY, BATCH])
