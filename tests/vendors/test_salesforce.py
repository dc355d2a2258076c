"""Contacts and accounts of Salesforce as customers, its cases as tickets."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from connectors.contract import Ask, KeyKind
from connectors.errors import (
    SourceProtocolError,
)
from connectors.record_fields import Fields
from connectors.records import Account, Customer, Deal, Ticket
from connectors.testing import ConnectorContract
from connectors.vendors.salesforce import Salesforce
from tests.vendors.api import failure_of, gateway_to, ids_of, lookup_of, opened
from tests.vendors.salesforce import (
    ACME,
    ANN,
    BATCH,
    BOB,
    CROWD,
    LOG_IN,
    MANY,
    QUERY,
    QUOTE,
    SETTINGS,
    SOLO,
    SalesforceApi,
    id_of,
    org,
    staff,
)

pytestmark = pytest.mark.vendors

MAY_3 = datetime(2026, 5, 3, 10, tzinfo=UTC)


@pytest.fixture
def api():
    return SalesforceApi(org())


@pytest.fixture
async def crm(api):
    async with opened(Salesforce, api, "crm", **SETTINGS) as connector:
        yield connector


@pytest.fixture
async def gateway(api):
    async with gateway_to(Salesforce, api, "crm", **SETTINGS) as gateway:
        yield gateway


class TestContract(ConnectorContract):
    samples = {
        (Customer, KeyKind.CUSTOMER_ID): [ANN, ACME, QUOTE, ANN[:15]],
        (Customer, KeyKind.EMAIL): ["ann@example.com", "o'brien@example.com"],
        (Customer, KeyKind.PHONE): ["+14155550101", "+447700900123", "+14155550100"],
        (Customer, KeyKind.MEMBER_NUMBER): ["AC-77", "SO-1", "M-1"],
        (Customer, KeyKind.EXTERNAL_ID): [f"crm:{ANN}", "stripe:cus_Ann", f"crm:{ACME}"],
        (Customer, KeyKind.ACCOUNT): ["AC-77", "SO-1", ACME],
        (Account, KeyKind.ACCOUNT): ["AC-77", SOLO],
        (Ticket, KeyKind.ACCOUNT): ["AC-77", ACME],
        (Account, KeyKind.PARENT_ACCOUNT): [ACME],
        (Ticket, KeyKind.TICKET_ID): [id_of("500", 1), id_of("500", 6)],
        (Ticket, KeyKind.TICKET_NUMBER): ["00000001", "00001003"],
        (Ticket, KeyKind.EXTERNAL_ID): [f"crm:{ANN}", f"crm:{CROWD}"],
        (Ticket, KeyKind.CUSTOMER_ID): [ANN, ACME, CROWD],
        (Ticket, KeyKind.EMAIL): ["ann@example.com", "crowd@example.com"],
        (Deal, KeyKind.DEAL_ID): [id_of("006", 1), id_of("006", 3)],
        (Deal, KeyKind.CUSTOMER_ID): [ANN, BOB, ACME],
        (Deal, KeyKind.EXTERNAL_ID): [f"crm:{ANN}", f"crm:{ACME}"],
        (Deal, KeyKind.EMAIL): ["ann@example.com", "bob@example.com"],
    }

    @pytest.fixture
    async def connector(self, api, crm):
        api.objects["Contact"][1]["MailingCountry"] = "DE"  # a listing has what no sample finds
        staff(api.objects)
        return crm


async def test_a_contact_is_a_customer(gateway):
    """Every field that Salesforce has, in canonical form, with the account."""
    data = await gateway.data(
        """{ customer(by: {email: "ann@example.com"}) {
            id kind name givenName familyName email phone memberNumber birthDate createdAt updatedAt
            address { line postalCode city region country } company { name account industry } acquisition { source }
            contactPoints { kind value primary } externalIds { source id }
        } }"""
    )
    assert data["customer"] == {
        "id": f"crm:{ANN}",
        "kind": "PERSON",
        "name": "Ann Archer",
        "givenName": "Ann",
        "familyName": "Archer",
        "email": "ann@example.com",
        "phone": "+14155550101",
        "memberNumber": "M-1",
        "birthDate": "1985-03-12",
        "createdAt": "2024-03-01T09:00:00Z",
        "updatedAt": "2026-05-02T09:00:00Z",
        "address": {"line": "1 High Street", "postalCode": "N1 1AA", "city": "London", "region": None, "country": "GB"},
        "company": {"name": "Acme Ltd", "account": "AC-77", "industry": "Retail"},
        "acquisition": {"source": "Web"},
        "contactPoints": [
            {"kind": "EMAIL", "value": "ann@example.com", "primary": True},
            {"kind": "PHONE", "value": "+14155550101", "primary": True},
            {"kind": "PHONE", "value": "+447700900123", "primary": False},
        ],
        "externalIds": [{"source": "stripe", "id": "cus_Ann"}],
    }


async def test_a_birth_date_that_may_not_be_read_is_not_asked_for(api):
    """Neither by `check`, which reads all fields, nor for a customer."""
    async with opened(Salesforce, api, "crm", **SETTINGS, birth_date=False) as crm:
        assert await crm.check() == []
        assert await ids_of(crm, Customer, KeyKind.CUSTOMER_ID, [ANN], "birth_date", "updated_at") == {ANN: [ANN]}
    assert api.queries[-1].startswith("SELECT LastModifiedDate, Id FROM Contact")
    assert not any("Birthdate" in query for query in api.queries)


async def test_an_account_is_a_customer(gateway):
    """A company, found by its account number."""
    data = await gateway.data(
        """{ customer(by: {memberNumber: "AC-77"}) {
            id kind name phone memberNumber birthDate updatedAt
            address { city country } company { name account } acquisition { source }
            contactPoints { kind value primary }
        } }"""
    )
    assert data["customer"] == {
        "id": f"crm:{ACME}",
        "kind": "COMPANY",
        "name": "Acme Ltd",
        "phone": "+14155550100",
        "memberNumber": "AC-77",
        "birthDate": None,
        "updatedAt": "2026-04-02T08:00:00Z",
        "address": {"city": "San Francisco", "country": "US"},
        "company": {"name": "Acme Ltd", "account": "AC-77"},
        "acquisition": {"source": "Partner Referral"},
        "contactPoints": [{"kind": "PHONE", "value": "+14155550100", "primary": True}],
    }


WON = {
    "id": f"crm:{id_of('006', 1)}",
    "name": "Deal 1",
    "pipeline": None,
    "stage": "WON",
    "stageName": "Closed Won",
    "segment": "New Business",
    "amount": {"amount": "12500.5", "currency": "EUR"},
    "createdAt": "2026-01-01T09:00:00Z",
    "closedAt": "2026-02-28T00:00:00Z",
}
DEALS = "{ deals { nodes { id name pipeline stage stageName segment amount { amount currency } createdAt closedAt } } }"


async def test_opportunities_are_deals(gateway):
    """A contact has those in which it has a role, each once; an account its own. The newest comes first."""
    data = await gateway.data(
        f'{{ person: customer(by: {{id: "{ANN}"}}) {DEALS} company: customer(by: {{id: "{ACME}"}}) {DEALS} }}'
    )
    assert data["person"]["deals"]["nodes"] == [
        {
            "id": f"crm:{id_of('006', 2)}",
            "name": "Two seats more",
            "pipeline": None,
            "stage": "OPEN",
            "stageName": "Prospecting",
            "segment": "New Business",
            "amount": None,
            "createdAt": "2026-01-02T09:00:00Z",
            "closedAt": None,
        },
        WON,
    ]
    assert [deal["stageName"] for deal in data["company"]["deals"]["nodes"]] == ["Closed Lost", "Closed Won"]


async def test_a_deal_says_whose_it_is_and_in_what_currency(api):
    """By its contact, else by its account; in an org with several currencies by a field of the opportunity."""
    api.objects["Opportunity"][1]["Amount"] = 80
    async with opened(Salesforce, api, "crm", **SETTINGS | {"currency": "CurrencyIsoCode"}) as crm:
        answer = await lookup_of(crm, Deal, KeyKind.CUSTOMER_ID).fetch(
            [ANN], Ask(fields=Fields.from_paths("id", "customer_id", "amount"))
        )
        assert await crm.check() == []
    deals = {deal["id"]: (deal["customerId"], deal["amount"]) for deal in msgspec.json.decode(answer[ANN])}
    assert deals == {
        id_of("006", 1): (ANN, {"amount": "12500.5", "currency": "EUR"}),
        id_of("006", 2): (id_of("001", 2), {"amount": "80", "currency": "USD"}),
    }


async def test_an_amount_without_a_currency_is_not_read(api):
    """A field that only orgs with several currencies have is not asked for unless the settings say so."""
    own = {name: value for name, value in SETTINGS.items() if name != "currency"}
    async with opened(Salesforce, api, "crm", **own) as crm:
        answer = await lookup_of(crm, Deal, KeyKind.DEAL_ID).fetch(
            [id_of("006", 1)], Ask(fields=Fields.from_paths("id", "amount"))
        )
    assert msgspec.json.decode(answer[id_of("006", 1)]) == [{"id": id_of("006", 1)}]
    assert api.queries == [f"SELECT Id FROM Opportunity WHERE (Id IN ('{id_of('006', 1)}'))"]


async def test_cases_are_tickets(gateway):
    """With what the customer wrote and the published comments; a word of the org's own is UNKNOWN."""
    data = await gateway.data(
        f"""{{ customer(by: {{id: "{ANN}"}}) {{ tickets(first: 3) {{ nodes {{
            id createdAt subject kind status priority channel solvedAt messages {{ author body at }}
        }} }} }} }}"""
    )
    third, second, first = data["customer"]["tickets"]["nodes"]
    assert [(one["id"], one["status"], one["priority"]) for one in (third, second)] == [
        ("crm:" + id_of("500", 3), "CLOSED", "UNKNOWN"),
        ("crm:" + id_of("500", 2), "OPEN", "NORMAL"),
    ]
    assert first == {
        "id": "crm:" + id_of("500", 1),
        "createdAt": "2026-05-01T10:00:00Z",
        "subject": "Parcel lost",
        "kind": "INCIDENT",
        "status": "NEW",
        "priority": "HIGH",
        "channel": "EMAIL",
        "solvedAt": "2026-05-02T12:00:00Z",
        "messages": [
            {"author": "CUSTOMER", "body": "Parcel lost: please help.", "at": "2026-05-01T10:00:00Z"},
            {"author": "AGENT", "body": "We look for it.", "at": "2026-05-01T10:30:00Z"},
            {"author": "CUSTOMER", "body": "Thank you!", "at": "2026-05-01T12:30:00Z"},
        ],
    }


async def test_a_batch_is_one_question(api, crm):
    """However many keys; what is not asked for is not read; what no id can be is not sent. One who is lost may be merged."""
    keys = [ANN, "unknown", BOB[:15], id_of("003", 99), "003' OR Name != '"]
    assert await ids_of(crm, Customer, KeyKind.CUSTOMER_ID, keys, "address.city") == {
        ANN: [ANN],
        BOB[:15]: [BOB],
    }
    assert api.requests == [LOG_IN, QUERY, f"{QUERY}All"]
    question, merged = api.queries
    assert merged == f"SELECT Id, MasterRecordId FROM Contact WHERE IsDeleted = TRUE AND (Id IN ('{id_of('003', 99)}'))"
    assert question == (
        "SELECT MailingCity, MailingCountry, MailingPostalCode, MailingState, MailingStreet, Id FROM Contact"
        f" WHERE (Id IN ('{ANN}', '{BOB[:15]}', '{id_of('003', 99)}'))"
    )


async def test_questions_about_two_objects_travel_together(api, crm):
    """A phone number may be a contact's or an account's: two questions, one call. A key finds both."""
    api.objects["Contact"][1]["MobilePhone"] = "+14155550100"
    keys = ["+14155550100", "+14155550101", "+14155550199"]
    assert await ids_of(crm, Customer, KeyKind.PHONE, keys) == {"+14155550100": [BOB, ACME], "+14155550101": [ANN]}
    assert api.requests == [LOG_IN, BATCH]
    assert [query.partition(" WHERE ")[0] for query in api.queries] == [
        "SELECT Id, Phone, MobilePhone FROM Contact",
        "SELECT Id, Phone FROM Account",
    ]


async def test_an_external_id_names_its_system(api, crm):
    """One question for each system that is asked for, and one for the ids of this very source."""
    keys = ["stripe:cus_Ann", f"crm:{BOB}", "stripe:cus_None", "other:1", f"other:{ANN}"]
    assert await ids_of(crm, Customer, KeyKind.EXTERNAL_ID, keys) == {"stripe:cus_Ann": [ANN], f"crm:{BOB}": [BOB]}
    assert api.queries == [
        f"SELECT Id FROM Contact WHERE (Id IN ('{BOB}'))",
        "SELECT Id, Stripe_Id__c FROM Contact WHERE (Stripe_Id__c IN ('cus_Ann', 'cus_None'))",
    ]


async def test_a_long_question_goes_in_a_body(api, crm):
    """Addresses are cut at 16 KB; what is longer than half of that is posted."""
    keys = [f"{'long' * 15}{number}@example.com" for number in range(99)]
    assert await ids_of(crm, Customer, KeyKind.EMAIL, [*keys, "bob@example.com"]) == {"bob@example.com": [BOB]}
    assert api.requests == [LOG_IN, BATCH]


async def test_a_key_cannot_leave_its_quotes(api, crm):
    """Quotes, backslashes and line breaks are escaped: a question stays the same whatever a key holds."""
    keys = ["o'brien@example.com", "') OR Name != ('", "\\", "a\nb\tc\rd\b\f", "\\') OR (Name != '", "ünïcode"]
    assert await ids_of(crm, Customer, KeyKind.EMAIL, keys) == {"o'brien@example.com": [QUOTE]}
    assert api.queries[-1].endswith(
        r"(Email IN ('o\'brien@example.com', '\') OR Name != (\'', '\\', 'a\nb\tc\rd\b\f', '\\\') OR (Name != \'', 'ünïcode'))"
    )


async def test_all_pages_are_read(api, crm):
    """450 cases in pages of 200, and the comments of one of them, which have pages of their own."""
    comments = [{**api.objects["Case"][0]["CaseComments"][0], "CommentBody": f"Comment {n}"} for n in range(5)]
    api.most_children = 2
    api.objects["Case"][-1]["CaseComments"] = comments
    answer = await lookup_of(crm, Ticket, KeyKind.EMAIL).fetch(
        ["crowd@example.com"], Ask(fields=Fields.from_paths("id", "messages.body"), oldest_first=True)
    )
    tickets = msgspec.json.decode(answer["crowd@example.com"])
    assert [one["id"] for one in tickets] == [id_of("500", 1000 + n) for n in range(MANY)]
    assert [one["body"] for one in tickets[-1]["messages"][1:]] == [f"Comment {n}" for n in range(5)]
    assert [request.removeprefix(QUERY)[:1] for request in api.requests[1:]] == ["", "/", "/", "/"]


async def test_pages_of_several_travel_together(api, crm):
    """Two contacts' comments have further pages: these are asked for in one call."""
    api.most_children = 2
    for case in api.objects["Case"][:2]:
        case["CaseComments"] = [{**api.objects["Case"][0]["CaseComments"][0]} for _ in range(3)]
    await ids_of(crm, Ticket, KeyKind.CUSTOMER_ID, [ANN], "messages.body")
    assert api.requests == [LOG_IN, QUERY, BATCH]


async def test_pages_have_an_end(api):
    """More than `max_pages` is an error, not an endless walk."""
    async with opened(Salesforce, api, "crm", **SETTINGS, max_pages=2) as crm:
        failure = await failure_of(lookup_of(crm, Ticket, KeyKind.EMAIL), "crowd@example.com")
    assert isinstance(failure, SourceProtocolError)
    assert str(failure) == "the source gave an answer that cannot be read (more pages than max_pages)"


async def test_the_window_is_part_of_the_question(api, crm):
    """Time, order and, for one key, the number; for several they are cut here."""
    ask = {"since": MAY_3 - timedelta(microseconds=1), "until": MAY_3 + timedelta(days=9), "first": 1}
    one = await ids_of(crm, Ticket, KeyKind.CUSTOMER_ID, [ANN], **ask)
    two = await ids_of(crm, Ticket, KeyKind.CUSTOMER_ID, [ANN, BOB], **ask)
    assert (one, two) == ({ANN: [id_of("500", 3)]}, {ANN: [id_of("500", 3)], BOB: [id_of("500", 5)]})
    window = "CreatedDate >= 2026-05-03T10:00:00.000Z AND CreatedDate < 2026-05-12T10:00:00.000Z"
    assert [query.partition(" AND ")[2] for query in api.queries] == [
        f"{window} ORDER BY CreatedDate DESC, Id DESC LIMIT 1",
        f"{window} ORDER BY CreatedDate DESC, Id DESC",
    ]


async def test_times_that_the_source_cannot_write_are_brought_near(api, crm):
    """Its times go from 1700 to 4000."""
    await ids_of(
        crm, Ticket, KeyKind.CUSTOMER_ID, [ANN], since=datetime.min.replace(tzinfo=UTC), until=datetime.max.replace(tzinfo=UTC)
    )
    assert "CreatedDate >= 1700-01-01T00:00:00.000Z AND CreatedDate < 4000-12-31T00:00:00.000Z" in api.queries[0]


async def test_a_case_of_the_web_is_found_by_the_address_it_gives(crm):
    """It has no contact. One that has belongs to the contact's address, and to the ids of the contact and of the account."""
    found = await ids_of(crm, Ticket, KeyKind.EMAIL, ["bob@example.com", "ann@example.com"], since=MAY_3)
    assert found["bob@example.com"] == [id_of("500", 6), id_of("500", 5)]
    assert await ids_of(crm, Ticket, KeyKind.CUSTOMER_ID, [ACME, ANN], until=MAY_3) == {
        ACME: [id_of("500", 1)],
        ANN: [id_of("500", 1)],
    }


async def test_an_unknown_customer_is_null(gateway):
    """No error."""
    assert await gateway.data('{ customer(by: {email: "nobody@example.com"}) { name } }') == {"customer": None}


async def test_a_value_that_cannot_be_read_costs_itself(gateway):
    """The case whose subject is no text is there without it; the value is counted."""
    data = await gateway.data(
        f"""{{ customer(by: {{id: "{BOB}"}}) {{
            tickets(first: 5) {{ nodes {{ subject status }} }} sources {{ name droppedRecords unreadableValues }}
        }} }}"""
    )
    assert data["customer"] == {
        "tickets": {"nodes": [{"subject": "Hello", "status": "NEW"}, {"subject": None, "status": "NEW"}]},
        "sources": [{"name": "crm", "droppedRecords": 0, "unreadableValues": 1}],
    }


async def test_country_codes_are_read_where_the_org_has_them(api):
    """The picklists of states and countries have columns of their own."""
    api.objects["Contact"][1] |= {"MailingCountryCode": "DE"}
    async with gateway_to(Salesforce, api, "crm", **SETTINGS, country_codes=True) as gateway:
        data = await gateway.data(f'{{ customer(by: {{id: "{BOB}"}}) {{ address {{ city country }} }} }}')
    assert data["customer"]["address"] == {"city": "London", "country": "DE"}
