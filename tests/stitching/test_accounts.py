"""Members of a company account: paged at its source, by role, each as the customer that he is."""

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from tests.support.gateway_server import gateway_on

MANY = 1_200
ROLES = [r.AccountRole.USER, r.AccountRole.USER, r.AccountRole.BUYER]
ACCOUNT = r.Account(id="a1", name="Archer & Co")
MEMBERS = [
    r.Customer(id=f"c{n:04}", name=f"Person {n}", company=r.Company(account="a1", role=ROLES[n % 3], role_name=f"word {n % 3}"))
    for n in range(MANY)
]
PAGE = """query ($after: String, $role: AccountRole) { account(id: "crm:a1") {
  members(first: 100, after: $after, role: $role) {  totalCount nodes { role customer { sourceId name } }
    pageInfo { hasNextPage endCursor } } } }"""


def crm() -> MemoryConnector:
    return MemoryConnector(
        "crm",
        {
            (r.Account, KeyKind.ACCOUNT): {"a1": [ACCOUNT]},
            (r.Customer, KeyKind.ACCOUNT): {"a1": MEMBERS},
            (r.Customer, KeyKind.CUSTOMER_ID): {own.id: [own] for own in MEMBERS},
        },
    )


async def walked(source: MemoryConnector, role: str | None) -> tuple[list[tuple[str, str]], int]:
    """All members with their roles, and the number of calls for customers."""
    people: list[tuple[str, str]] = []
    after, more = None, True
    async with gateway_on([source]) as gateway:
        while more:
            account = (await gateway.data(PAGE, {"after": after, "role": role}))["account"]
            own = account["members"]
            people += [(one["customer"]["sourceId"], one["role"]) for one in own["nodes"]]
            more, after = own["pageInfo"]["hasNextPage"], own["pageInfo"]["endCursor"]
            assert own["totalCount"] == (MANY if role is None else MANY // 3)
    return people, sum(record is r.Customer for record, *_ in source.calls)


async def test_1200_members_come_page_by_page():
    """With one call for each page, in the order of their ids, each once."""
    people, calls = await walked(crm(), None)
    assert people == [(own.id, ROLES[n % 3].value) for n, own in enumerate(MEMBERS)]
    assert calls == 12


async def test_members_of_one_role_come_page_by_page():
    """The source is asked for these alone."""
    source = crm()
    people, calls = await walked(source, "BUYER")
    assert people == [(own.id, "BUYER") for n, own in enumerate(MEMBERS) if n % 3 == 2]
    assert calls == 4


async def test_a_member_is_the_customer_whom_other_sources_know_too():
    """Its role is the one that the account's source says, whoever counts more."""
    boss = r.Customer(id="1", email="a@b.org", company=r.Company(account="a1", role=r.AccountRole.BILLING, role_name="payer"))
    shopper = r.Customer(id="9", email="a@b.org", name="Ana", company=r.Company(name="Other", role=r.AccountRole.USER))
    records = [
        {(r.Customer, KeyKind.CUSTOMER_ID): {own.id: [own]}, (r.Customer, KeyKind.EMAIL): {"a@b.org": [own]}}
        for own in (shopper, boss)
    ]
    accounts = {(r.Account, KeyKind.ACCOUNT): {"a1": [ACCOUNT]}, (r.Customer, KeyKind.ACCOUNT): {"a1": [boss]}}
    shop, crm = MemoryConnector("shop", records[0]), MemoryConnector("crm", records[1] | accounts)
    async with gateway_on([shop, crm]) as gateway:
        data = await gateway.data(
            '{ account(id: "crm:a1") { members { nodes { role roleName customer { id name company { name } } } } } }'
        )
    member = {"id": "shop:9", "name": "Ana", "company": {"name": "Other"}}
    assert data["account"]["members"]["nodes"] == [{"role": "BILLING", "roleName": "payer", "customer": member}]


async def test_what_no_source_finds_is_null():
    """Without an error: an account that is not there, members and parts that no source finds."""
    people = MemoryConnector("people", {(r.Customer, KeyKind.CUSTOMER_ID): {own.id: [own] for own in MEMBERS[:1]}})
    accounts = MemoryConnector("erp", {(r.Account, KeyKind.ACCOUNT): {"a1": [ACCOUNT]}})
    async with gateway_on([people, accounts]) as gateway:
        data = await gateway.data(
            '{ none: account(id: "erp:a9") { id } account(id: "erp:a1") { members { nodes { role } }'
            ' subsidiaries { nodes { id } } parent { id } } customer(by: {id: "c0000"}) { name account { id name } } }'
        )
    async with gateway_on([people]) as gateway:
        alone = await gateway.data('{ customer(by: {id: "c0000"}) { account { id } } }')
    assert data == {
        "none": None,
        "account": {"members": None, "subsidiaries": None, "parent": None},
        "customer": {"name": "Person 0", "account": {"id": "erp:a1", "name": "Archer & Co"}},
    }
    assert alone == {"customer": {"account": None}}


async def test_an_account_source_that_is_down_costs_the_account_alone():
    """The customer is there."""
    people = MemoryConnector("people", {(r.Customer, KeyKind.CUSTOMER_ID): {own.id: [own] for own in MEMBERS[:1]}})
    accounts = MemoryConnector("erp", {(r.Account, KeyKind.ACCOUNT): {"a1": [ACCOUNT]}})
    accounts.failure = SourceUnavailableError()
    async with gateway_on([people, accounts]) as gateway:
        answer = await gateway.ask('{ customer(by: {id: "c0000"}) { name account { id } } }')
    assert answer["data"] == {"customer": {"name": "Person 0", "account": None}}
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [
        (["customer", "account"], "SOURCE_UNAVAILABLE")
    ]
