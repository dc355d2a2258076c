"""Contacts of HubSpot as customers."""

import msgspec
import pytest

from connectors.contract import Ask, KeyKind
from connectors.errors import SourceAuthError, SourceRejectedError, SourceThrottledError
from connectors.record_fields import Fields, all_fields
from connectors.records import Account, Customer, Deal, Subscription, Survey, Ticket
from connectors.testing import ConnectorContract
from connectors.vendors.hubspot import HubSpot
from tests.vendors.api import Refusal, expect_refused_settings, failure_of, gateway_to, lookup_of, opened
from tests.vendors.hubspot import MANY, TOKEN, HubSpotApi, contact

pytestmark = pytest.mark.vendors

KINDS = ["customer_id", "external_id", "member_number", "email", "account", "text"]
SETTINGS = {
    "token": TOKEN,
    "keys": {
        "customer": KINDS,
        "ticket": ["customer_id", "ticket_id", "ticket_number", "account"],
        "deal": ["customer_id", "account", "deal_id"],
        "subscription": ["customer_id", "account", "subscription_id"],
        "survey": ["customer_id", "survey_id"],
        "account": ["account", "parent_account"],
    },
    "member_number": "member_no",
    "external_ids": {"stripe": "stripe_id"},
}


def hubspot(api):
    return opened(HubSpot, api, "crm", **SETTINGS)


def gateway_to_hubspot(api):
    return gateway_to(HubSpot, api, "crm", **SETTINGS)


class TestContract(ConnectorContract):
    samples = {
        (Customer, KeyKind.CUSTOMER_ID): ["101", "103", "1000"],
        (Customer, KeyKind.EXTERNAL_ID): ["stripe:cus_Ann"],
        (Customer, KeyKind.MEMBER_NUMBER): ["M-1", "M-3"],
        (Customer, KeyKind.EMAIL): ["ann@example.com", "ann.work@example.org", "cleo@example.com"],
        (Customer, KeyKind.ACCOUNT): ["9001", "9002"],
        (Customer, KeyKind.TEXT): ["archer", "crowd"],
        (Account, KeyKind.ACCOUNT): ["9001", "9002"],
        (Account, KeyKind.PARENT_ACCOUNT): ["9001"],
        (Ticket, KeyKind.ACCOUNT): ["9001"],
        (Ticket, KeyKind.CUSTOMER_ID): ["101", "103"],
        (Ticket, KeyKind.TICKET_ID): ["5001", "5003"],
        (Ticket, KeyKind.TICKET_NUMBER): ["5002"],
        (Deal, KeyKind.CUSTOMER_ID): ["101", "103"],
        (Deal, KeyKind.ACCOUNT): ["9001"],
        (Deal, KeyKind.DEAL_ID): ["7001", "7003"],
        (Subscription, KeyKind.CUSTOMER_ID): ["101"],
        (Subscription, KeyKind.ACCOUNT): ["9001"],
        (Subscription, KeyKind.SUBSCRIPTION_ID): ["6001", "6002"],
        (Survey, KeyKind.CUSTOMER_ID): ["101"],
        (Survey, KeyKind.SURVEY_ID): ["8001", "8002"],
    }

    @pytest.fixture
    async def connector(self):
        api = HubSpotApi()
        api.contacts = [row for row in api.contacts if row["id"] not in {"102", "104"}]  # they hold what cannot be read
        api.contacts += [contact(n, associatedcompanyid="9001", hs_buying_role="END_USER") for n in range(110, 115)]
        async with hubspot(api) as connector:
            yield connector


async def test_a_semicolon_in_a_unique_property_is_a_part_of_it():
    """Only properties of several values have one between them: no contact is found by a part of a number."""
    api = HubSpotApi()
    api.contacts += [contact(201, member_no="M;9"), contact(202, member_no="M", stripe_id="cus;1")]
    async with hubspot(api) as connector:
        by = {kind: lookup_of(connector, Customer, kind) for kind in (KeyKind.MEMBER_NUMBER, KeyKind.EXTERNAL_ID)}
        members = await by[KeyKind.MEMBER_NUMBER].fetch(["M;9", "M"], Ask(fields=Fields.from_paths("id")))
        others = await by[KeyKind.EXTERNAL_ID].fetch(["stripe:cus;1"], Ask(fields=Fields.from_paths("id")))
    found = {key: [row["id"] for row in msgspec.json.decode(records)] for key, records in (members | others).items()}
    assert found == {"M;9": ["201"], "M": ["202"], "stripe:cus;1": ["202"]}


async def test_a_contact_is_a_customer():
    """Every field that HubSpot has, in canonical form, with the primary company."""
    async with gateway_to_hubspot(HubSpotApi()) as gateway:
        data = await gateway.data(
            """{ customer(by: {email: "ann@example.com"}) {
                id kind name givenName familyName email phone memberNumber birthDate locale createdAt updatedAt
                address { line postalCode city region country } company { name account industry }
                acquisition { source campaign landingPage at }
                contactPoints { kind value primary } externalIds { source id }
            } }"""
        )
    assert data["customer"] == {
        "id": "crm:101",
        "kind": "PERSON",
        "name": "Ann Archer",
        "givenName": "Ann",
        "familyName": "Archer",
        "email": "Ann@Example.com",
        "phone": "+442079460000",
        "memberNumber": "M-1",
        "birthDate": "1985-03-12",
        "locale": "en-gb",
        "createdAt": "2024-03-01T09:00:00.120000Z",
        "updatedAt": "2026-05-01T09:00:00Z",
        "address": {
            "line": "1 High Street",
            "postalCode": "N1 1AA",
            "city": "London",
            "region": "Greater London",
            "country": "GB",
        },
        "company": {"name": "Archer & Co", "account": "9001", "industry": "RETAIL"},
        "acquisition": {
            "source": "PAID_SEARCH",
            "campaign": None,
            "landingPage": "https://shop.example.com/sale",
            "at": "2024-02-28T18:00:00Z",
        },
        "contactPoints": [
            {"kind": "EMAIL", "value": "ann@example.com", "primary": True},
            {"kind": "EMAIL", "value": "ann.work@example.org", "primary": False},
            {"kind": "EMAIL", "value": "aa@example.net", "primary": False},
            {"kind": "PHONE", "value": "+442079460000", "primary": True},
            {"kind": "PHONE", "value": "07700 900123", "primary": False},
        ],
        "externalIds": [{"source": "stripe", "id": "cus_Ann"}],
    }


async def test_an_address_whose_country_has_no_code_is_served_without_it():
    """A customer is not lost for the name of a country, which is counted as what cannot be read."""
    async with gateway_to_hubspot(HubSpotApi()) as gateway:
        query = '{ customer(by: {id: "102"}) { name address { country } sources { unreadableValues } } }'
        data = await gateway.data(query)
    assert data["customer"] == {"name": "Bob", "address": {"country": None}, "sources": [{"unreadableValues": 1}]}


async def test_only_the_properties_of_the_asked_fields_are_asked_for():
    """Names need two properties, companies two and a second call, but for what stands with the contact."""
    api = HubSpotApi()
    async with hubspot(api) as connector:
        by_id = lookup_of(connector, Customer, KeyKind.CUSTOMER_ID)
        await by_id.fetch(["101"], Ask(fields=Fields.from_paths("id", "name")))
        await by_id.fetch(["101"], Ask(fields=Fields.from_paths("id", "company.name")))
        await by_id.fetch(["101"], Ask(fields=Fields.from_paths("id", "company.account")))
    assert [body["properties"] for body in api.bodies] == [
        ["firstname", "lastname", "hs_object_id", "hs_merged_object_ids"],
        ["associatedcompanyid", "hs_buying_role", "hs_object_id", "hs_merged_object_ids"],
        ["name", "industry", "numberofemployees"],
        ["associatedcompanyid", "hs_buying_role", "hs_object_id", "hs_merged_object_ids"],
    ]


async def test_a_batch_is_one_call_and_one_more_for_the_companies():
    """A hundred customers of two companies."""
    api = HubSpotApi()
    ids = ", ".join(f'"{id_}"' for id_ in [101, 103, *range(1000, 1098)])
    async with gateway_to_hubspot(api) as gateway:
        data = await gateway.data(f"{{ customers(ids: [{ids}]) {{ id company {{ name }} }} }}")
    assert api.requests == ["POST /crm/v3/objects/contacts/batch/read", "POST /crm/v3/objects/companies/batch/read"]
    assert [one["company"] for one in data["customers"][:3]] == [{"name": "Archer & Co"}, {"name": "Cleo GmbH"}, None]
    assert len(api.bodies[0]["inputs"]) == 100
    assert [one["id"] for one in api.bodies[1]["inputs"]] == ["9001", "9002"]


async def test_a_search_is_read_to_its_last_page():
    """More than two pages, each contact once."""
    api = HubSpotApi()
    async with hubspot(api) as connector:
        answer = await lookup_of(connector, Customer, KeyKind.TEXT).fetch(
            ["crowd"], Ask(fields=Fields.from_paths("id", "email"))
        )
    assert len({one["id"] for one in msgspec.json.decode(answer["crowd"])}) == MANY
    assert [body.get("after") for body in api.bodies] == [None, "200", "400"]


async def test_a_search_that_finds_too_many_is_refused_after_one_page():
    """The caller is told what to do."""
    api = HubSpotApi()
    api.contacts += [contact(5000 + n, firstname="Crowd") for n in range(1001)]
    async with hubspot(api) as connector:
        error = await failure_of(lookup_of(connector, Customer, KeyKind.TEXT), "crowd")
    assert type(error) is SourceRejectedError
    assert str(error) == "the source refuses this key (more than 1000 contacts match; write more of the name)"
    assert len(api.requests) == 1


async def test_an_unknown_customer_is_nobody():
    """Neither a number that is not there, nor was merged away, nor what can be no number, which costs no call."""
    api = HubSpotApi()
    async with gateway_to_hubspot(api) as gateway:
        assert await gateway.data('{ customer(by: {id: "999"}) { name } }') == {"customer": None}
        assert len(api.requests) == 2
        assert await gateway.data('{ customer(by: {id: "c-1/../2"}) { name } }') == {"customer": None}
        assert len(api.requests) == 2


async def test_a_name_that_cannot_be_read_costs_itself():
    """The one with a list for a name is there without it; the value is counted."""
    async with gateway_to_hubspot(HubSpotApi()) as gateway:
        data = await gateway.data('{ searchCustomers(text: "odd") { nodes { name email sources { unreadableValues } } } }')
    assert data["searchCustomers"]["nodes"] == [
        {"name": None, "email": "odd@example.com", "sources": [{"unreadableValues": 1}]},
        {"name": "Oddny", "email": "105@example.com", "sources": [{"unreadableValues": 0}]},
    ]


@pytest.mark.parametrize(
    ("body", "headers", "seconds"),
    [
        ({"policyName": "TEN_SECONDLY_ROLLING", "errorType": "RATE_LIMIT"}, {}, 10.0),
        ({"policyName": "SECONDLY", "errorType": "RATE_LIMIT"}, {}, 1.0),
        ({"policyName": "DAILY", "errorType": "RATE_LIMIT"}, {}, None),
        ({"policyName": "DAILY", "errorType": "RATE_LIMIT"}, {"Retry-After": "3"}, 3.0),
        (["no", "policy"], {}, None),
    ],
)
async def test_a_throttled_call_says_when_to_come_back(body, headers, seconds):
    """By the header, else by the policy; the limit of a day has no end that is known here."""
    api = HubSpotApi()
    api.refusal = Refusal(429, body, headers)
    async with hubspot(api) as connector:
        error = await failure_of(lookup_of(connector, Customer, KeyKind.EMAIL), "ann@example.com")
    assert isinstance(error, SourceThrottledError)
    assert error.retry_after_s == seconds


async def test_check_names_the_scope_that_is_missing():
    """A token that may read contacts and no companies."""
    api = HubSpotApi()
    api.refusal, api.refused_path = Refusal(403, {"status": "error", "category": "MISSING_SCOPES"}), "companies"
    async with hubspot(api) as connector:
        assert await connector.check() == [
            "sources.crm.token: the source accepts it, but it lacks the scope crm.objects.companies.read; grant that"
        ]
        by_id = lookup_of(connector, Customer, KeyKind.CUSTOMER_ID)
        assert isinstance(await failure_of(by_id, "101"), SourceAuthError)
        api.refusal = None
        assert await connector.check() == []


async def test_a_key_that_cannot_be_sent_costs_itself_alone():
    """Half of a surrogate pair is no text in UTF-8."""
    async with hubspot(HubSpotApi()) as connector:
        by_text = lookup_of(connector, Customer, KeyKind.TEXT)
        answer = await by_text.fetch(["\ud800", "archer"], Ask(fields=all_fields(Customer)))
    assert isinstance(answer["\ud800"], SourceRejectedError)
    assert b"Archer" in answer["archer"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"keys": {"customer": ["member_number"]}, "member_number": None}, "set the property that holds it"),
        (
            {"keys": {"ticket": ["email"]}},
            "keys.ticket: hubspot has no ticket by email; it has account by account, parent_account; customer by",
        ),
        ({"keys": {}}, "at least 1 item"),
        ({"keys": {"customer": []}}, "at least 1 item"),
        ({"keys": {"customers": ["email"]}}, "keys.customers: hubspot has no customers by email; it has account by"),
        ({"token": "pat\n-eu1"}, "holds a line break"),
    ],
)
def test_settings_that_cannot_be_served_are_refused(settings, message):
    """Each with the setting and what to do."""
    expect_refused_settings(HubSpot, message, **(SETTINGS | settings))


KEYS = {"customer": ["customer_id", "email", "account"], "account": ["account", "parent_account"]}


async def test_a_contact_has_what_its_properties_say_of_the_person():
    """Who unsubscribed from all e-mail has withdrawn; who did not say anything has no consent."""
    async with gateway_to_hubspot(HubSpotApi()) as gateway:
        person = """{ gender occupation jobTitle industry education consents { channel state } company { size role roleName }
          socialAccounts { platform handle followers } }"""
        data = await gateway.data(f'{{ ann: customer(by: {{id: "101"}}) {person} bob: customer(by: {{id: "102"}}) {person} }}')
    assert data["ann"] == {
        "gender": "FEMALE",
        "occupation": "engineering",
        "jobTitle": "Head of Works",
        "industry": "Steel",
        "education": "MSc",
        "consents": [{"channel": "EMAIL", "state": "WITHDRAWN"}],
        "company": {"size": 250, "role": "BUYER", "roleName": "CHAMPION;BUDGET_HOLDER"},
        "socialAccounts": [{"platform": "twitter", "handle": "annarcher", "followers": 1200}],
    }
    assert (data["bob"]["consents"], data["bob"]["gender"], data["bob"]["company"]) == ([], "UNKNOWN", None)


async def test_a_company_is_an_account_with_its_contacts_and_parts():
    """The contact leads to it; members are all contacts whose primary company it is, page by page."""
    api = HubSpotApi()
    crowd = [one for one in api.contacts if one["id"].startswith("1") and len(one["id"]) == 4]
    for number, one in enumerate(crowd):
        one["properties"] |= {"associatedcompanyid": "9001", "hs_buying_role": "END_USER" if number % 3 else "DECISION_MAKER"}
    async with gateway_to(HubSpot, api, "crm", **(SETTINGS | {"keys": KEYS})) as gateway:
        account = """account { id name industry size website createdAt parent { name }
          subsidiaries { nodes { name } }
          members(first: 2, role: DECISION_MAKER) { totalCount
            nodes { roleName customer { name } } pageInfo { hasNextPage } } }"""
        data = await gateway.data(
            f'{{ customer(by: {{email: "ann@example.com"}}) {{ {account} }}'
            ' account(id: "9002") { name parent { id name } } }'
        )
    assert data["customer"]["account"] == {
        "id": "crm:9001",
        "name": "Archer & Co",
        "industry": "RETAIL",
        "size": 250,
        "website": "https://archer.example",
        "createdAt": "2023-03-01T09:00:00Z",
        "parent": None,
        "subsidiaries": {"nodes": [{"name": "Cleo GmbH"}]},
        "members": {
            "totalCount": len(crowd) // 3,
            "nodes": [{"roleName": "DECISION_MAKER", "customer": {"name": f"Crowd {number}"}} for number in (0, 3)],
            "pageInfo": {"hasNextPage": True},
        },
    }
    assert data["account"] == {"name": "Cleo GmbH", "parent": {"id": "crm:9001", "name": "Archer & Co"}}
