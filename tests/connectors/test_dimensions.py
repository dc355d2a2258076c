"""Each dimension of a profile comes from each kind of source, by configuration alone."""

from typing import Any

import pytest
from strawberry.utils.str_converters import to_camel_case

from resolvers.schema import schema
from tests.support.gateway_server import gateway_on
from tests.support.paths import ROOT
from tests.support.profile_sources import Profiles, SourceOf, source_of

__all__ = ["source_of"]

DIMENSIONS = {
    "kind": "PERSON",
    "name givenName familyName": ["Ana Souza", "Ana", "Souza"],
    "email": "ana@example.com",
    "phone": "+442079460000",
    "memberNumber": "M-1",
    "birthDate": "1985-03-12",
    "locale": "pt-BR",
    "gender": "FEMALE",
    "occupation": "Engineer",
    "jobTitle": "Head of Works",
    "industry": "Steel",
    "education": "MSc",
    "householdSize": 4,
    "incomeBand": "50-75k",
    "lifeStage": "young family",
    "preferredChannel": "SMS",
    "createdAt updatedAt": ["2024-01-05T10:00:00Z", "2026-05-01T09:00:00Z"],
    "address { line postalCode city region country }": {
        "line": "1 High Street",
        "postalCode": "N1 1AA",
        "city": "London",
        "region": "Greater London",
        "country": "GB",
    },
    "company { name account industry size role roleName }": {
        "name": "Archer & Co",
        "account": "a1",
        "industry": "Retail",
        "size": 250,
        "role": "DECISION_MAKER",
        "roleName": "Decision Maker",
    },
    "acquisition { source medium campaign at }": {
        "source": "google",
        "medium": "cpc",
        "campaign": "spring",
        "at": "2024-01-01T08:00:00Z",
    },
    "touches { channel source medium campaign at }": [
        {"channel": "paid_search", "source": "google", "medium": "cpc", "campaign": "spring", "at": "2024-01-01T08:00:00Z"},
        {"channel": "email", "source": "news", "medium": "email", "campaign": "may", "at": "2024-05-01T08:00:00Z"},
    ],
    "consents { channel purpose state source at }": [
        {"channel": "EMAIL", "purpose": "marketing", "state": "WITHDRAWN", "source": "desk", "at": "2025-02-01T00:00:00Z"},
        {"channel": "SMS", "purpose": "marketing", "state": "GRANTED", "source": "shop", "at": "2024-03-01T00:00:00Z"},
    ],
    "socialAccounts { platform handle followers }": [{"platform": "instagram", "handle": "ana.souza", "followers": 1200}],
    "contactPoints { kind value primary }": [{"kind": "PHONE", "value": "+442079460001", "primary": True}],
    "externalIds { source id }": [{"source": "billing", "id": "4711"}],
    "deviceIds": ["d1", "d2"],
}
"""What is selected, and what comes: of several fields a list."""


def shown(customer: dict[str, object], selection: str) -> object:
    names = [selection.partition(" ")[0]] if "{" in selection else selection.split()
    values = [customer[name] for name in names]
    return values[0] if len(values) == 1 else values


async def test_every_dimension_comes_from_every_kind_of_source(source_of: SourceOf):
    """With the value that the source has, in the form of the schema."""
    async with source_of(Profiles()) as crm, gateway_on([crm]) as gateway:
        data = await gateway.data(f'{{ customer(by: {{id: "c1"}}) {{ {" ".join(DIMENSIONS)} }} }}')
    assert {selection: shown(data["customer"], selection) for selection in DIMENSIONS} == DIMENSIONS


def test_the_table_of_dimensions_names_each_of_them():
    """docs/dimensions.md has a row for whatever is tested here, and for nothing else."""
    page = (ROOT / "docs" / "dimensions.md").read_text("utf-8")
    table = page[page.index("| dimension") :].partition("\n\n")[0]
    rows = [line.split("|")[2] for line in table.splitlines()[2:]]
    tested = {name for selection in DIMENSIONS for name in ([selection.split()[0]] if "{" in selection else selection.split())}
    assert {name for row in rows for name in row.replace(",", "").replace("`", "").split()} == tested


COMPANIES = [
    {
        "id": "a1",
        "name": "Archer & Co",
        "number": "K-7",
        "industry": "Retail",
        "size": 250,
        "website": "https://archer.example",
    },
    {"id": "a2", "name": "Archer Paris", "number": None, "industry": None, "size": 20, "website": None, "parent_id": "a1"},
    {"id": "a3", "name": "Archer Rome", "number": None, "industry": None, "size": 5, "website": None, "parent_id": "a1"},
]
ROLES = ["buyer", "user", "billing", "technical", "other", "Economic Buyer"]


async def test_a_company_has_its_members_and_parts_in_every_kind_of_source(source_of: SourceOf):
    """A person leads to the account, which leads to the others, page by page, and those of one role alone."""
    profiles = Profiles()
    profiles.accounts = [dict.fromkeys(["parent_id"]) | row for row in COMPANIES]
    profiles.members("a1", [{"id": f"m{n}", "company_role": role, "company_role_name": role} for n, role in enumerate(ROLES)])
    async with source_of(profiles) as crm, gateway_on([crm]) as gateway:
        query = """query ($after: String) { customer(by: {email: "ana@example.com"}) { account {
          id source sourceId name number industry size website parent { id }
          subsidiaries { nodes { id name size parent { id name } } }
          members(first: 4, after: $after) {
            nodes { role roleName customer { id name } } edges { node { role } } pageInfo { hasNextPage endCursor } }
          buyers: members(role: BUYER) { nodes { customer { id } } }
          deciding: members(role: DECISION_MAKER) { nodes { customer { id name account { name } } } }
        } } }"""
        account = (await gateway.data(query))["customer"]["account"]
        after = account["members"]["pageInfo"]["endCursor"]
        rest = (await gateway.data(query, {"after": after}))["customer"]["account"]["members"]
        found = await gateway.data('{ account(id: "crm:a2") { name } node(id: "crm:a1") { ... on Account { number } } }')
    parent = {"id": "crm:a1", "name": "Archer & Co"}
    assert account | {"members": None} == {
        "id": "crm:a1",
        "source": "crm",
        "sourceId": "a1",
        "name": "Archer & Co",
        "number": "K-7",
        "industry": "Retail",
        "size": 250,
        "website": "https://archer.example",
        "parent": None,
        "subsidiaries": {
            "nodes": [
                {"id": "crm:a2", "name": "Archer Paris", "size": 20, "parent": parent},
                {"id": "crm:a3", "name": "Archer Rome", "size": 5, "parent": parent},
            ]
        },
        "members": None,
        "buyers": {"nodes": [{"customer": {"id": "crm:m0"}}]},
        "deciding": {"nodes": [{"customer": {"id": "crm:c1", "name": "Ana Souza", "account": {"name": "Archer & Co"}}}]},
    }
    people = [*account["members"]["nodes"], *rest["nodes"]]
    assert [(one["customer"]["id"], one["role"], one["roleName"]) for one in people] == [
        ("crm:c1", "DECISION_MAKER", "Decision Maker"),
        ("crm:m0", "BUYER", "buyer"),
        ("crm:m1", "USER", "user"),
        ("crm:m2", "BILLING", "billing"),
        ("crm:m3", "TECHNICAL", "technical"),
        ("crm:m4", "OTHER", "other"),
        ("crm:m5", "UNKNOWN", "Economic Buyer"),
    ]
    assert (account["members"]["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    assert found == {"account": {"name": "Archer Paris"}, "node": {"number": "K-7"}}


RECORDS = {
    "tickets": {
        "sourceId": "t1",
        "createdAt": "2026-05-01T10:00:00Z",
        "updatedAt": "2026-05-02T11:00:00Z",
        "firstResponseAt": "2026-05-01T10:20:00Z",
        "subject": "Parcel lost",
        "assignee": "Desk 2",
        "tags": ["vip", "parcel"],
    },
    "events": {
        "sourceId": "e1",
        "at": "2026-05-01T10:00:00Z",
        "type": "export",
        "feature": "reports",
        "quantity": "2.5",
    },
    "deals": {
        "sourceId": "d1",
        "createdAt": "2026-05-01T10:00:00Z",
        "name": "Forty machines",
        "pipeline": "New business",
        "stage": "WON",
        "stageName": "Closed won",
        "segment": "Machines",
        "amount": {"amount": "12000.50", "currency": "EUR"},
        "closedAt": "2026-06-01T10:00:00Z",
    },
    "subscriptions": {
        "sourceId": "s1",
        "startedAt": "2026-01-01T10:00:00Z",
        "plan": "Team",
        "status": "CANCELLED",
        "seats": 12,
        "amount": {"amount": "49.90", "currency": "EUR"},
        "interval": "MONTH",
        "intervalCount": 3,
        "renewsAt": "2026-07-01T10:00:00Z",
        "cancelledAt": "2026-06-01T10:00:00Z",
        "endsAt": "2026-07-02T10:00:00Z",
    },
    "surveys": {
        "sourceId": "v1",
        "at": "2026-05-01T10:00:00Z",
        "kind": "NPS",
        "score": "8.5",
        "scale": 10,
        "comment": "Quick, but loud.",
        "channel": "EMAIL",
        "orderId": "o1",
        "ticketId": "t1",
    },
}
"""What is selected, and what comes."""


def row_of(record: dict[str, Any]) -> dict[str, Any]:
    """The row that a source has of it: an amount of money is in two columns, words are in lower case."""
    row: dict[str, Any] = {"customer": "c1", "account": None}
    for name, value in record.items():
        column = "id" if name == "sourceId" else "".join(f"_{one.lower()}" if one.isupper() else one for one in name)
        match value:
            case {"amount": amount, "currency": currency}:
                row |= {"amount_amount": amount, "amount_currency": currency}
            case str() if value.isupper() and value.isalpha():
                row[column] = value.lower()
            case _:
                row[column] = float(value) if name in {"score", "quantity"} else value
    return row


async def test_every_field_of_a_record_comes_from_every_kind_of_source(source_of: SourceOf):
    """Deals, subscriptions and surveys with all that their types have; tickets and events with what few sources have."""
    profiles = Profiles()
    for name, record in RECORDS.items():
        profiles.records[name.removesuffix("s")].append(row_of(record))
    lists = [f"{name} {{ totalCount nodes {{ {selection_of(record)} }} }}" for name, record in RECORDS.items()]
    async with source_of(profiles) as crm, gateway_on([crm]) as gateway:
        data = await gateway.data(f'{{ customer(by: {{id: "c1"}}) {{ {" ".join(lists)} }} }}')
    assert data["customer"] == {name: {"totalCount": 1, "nodes": [record]} for name, record in RECORDS.items()}


def selection_of(record: dict[str, Any]) -> str:
    return " ".join(f"{name} {{ {' '.join(value)} }}" if isinstance(value, dict) else name for name, value in record.items())


@pytest.mark.parametrize("name", ["deals", "subscriptions", "surveys"])
def test_the_fields_of_a_record_are_those_of_its_type(name: str) -> None:
    """None is left out above, but those that each record has by its source."""
    own_name = name.removesuffix("s").capitalize()
    definition = schema.get_type_by_name("CustomerSubscription" if own_name == "Subscription" else own_name)
    assert {to_camel_case(field.name) for field in definition.fields} == {"nodeId", "source", "link", *RECORDS[name]}
