"""What pages of an account's members cost: one call for each source and page, by role and without, however many there are."""

from typing import Any

import pytest

from connectors.vendors.hubspot import HubSpot
from connectors.vendors.salesforce import Salesforce
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.profile_sources import Profiles, SourceOf
from tests.support.profile_sources import source_of as source_of
from tests.vendors import hubspot, salesforce
from tests.vendors.api import VendorApi, gateway_to

MANY, PAGE = 1_200, 100
ROLES = ["user", "user", "buyer"]
MEMBERS = """query ($id: ID!, $after: String, $role: AccountRole) { account(id: $id) {
  members(first: 100, after: $after, role: $role) { nodes { role customer { sourceId name } }
    pageInfo { hasNextPage endCursor } } } }"""


async def members(gateway: Gateway, account: str, role: str | None) -> list[tuple[str, str]]:
    """Walk all pages of the members: their ids and roles."""
    people: list[tuple[str, str]] = []
    after, more = None, True
    while more:
        found = await gateway.data(MEMBERS, {"id": f"crm:{account}", "after": after, "role": role})
        page = found["account"]["members"]
        people += [(one["customer"]["sourceId"], one["role"]) for one in page["nodes"]]
        more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
    return people


@pytest.mark.parametrize(("role", "places"), [(None, (0, 1, 2)), ("BUYER", (2,))])
async def test_each_kind_of_source_is_asked_once_for_a_page(source_of: SourceOf, role: str | None, places: tuple[int, ...]):
    """In the order of ids, each member once."""
    profiles = Profiles()
    profiles.accounts = [{"id": "a1", "name": "Archer & Co"}]
    profiles.customers = []
    profiles.members("a1", [{"id": f"m{n:04}", "kind": "person", "company_role": ROLES[n % 3]} for n in range(MANY)])
    async with source_of(profiles) as crm, gateway_on([crm]) as gateway:
        profiles.calls.clear()
        people = await members(gateway, "a1", role)
    assert people == [(f"m{n:04}", ROLES[n % 3].upper()) for n in range(MANY) if n % 3 in places]
    calls = [call for call in profiles.calls if "customers" in call and "AS learnt" not in call]  # learns the columns once
    assert len(calls) == len(people) // PAGE


def crowd_at_hubspot() -> VendorApi:
    api = hubspot.HubSpotApi()
    words = ["END_USER", "CHAMPION;END_USER", "BUDGET_HOLDER"]
    api.contacts = [
        hubspot.contact(1000 + n, associatedcompanyid="9001", hs_buying_role=words[n % 3]) for n in reversed(range(MANY))
    ]
    return api


def crowd_at_salesforce() -> VendorApi:
    objects = salesforce.org()
    objects["Contact"] = []
    for n in reversed(range(MANY)):
        one = salesforce._contact(salesforce.id_of("003", 1000 + n), "Mem", f"Ber {n}", f"mem{n}@example.com")
        roles = ["Business User"] if n % 3 < 2 else ["Influencer", "Buyer"]
        objects["Contact"].append(salesforce.employ(one, objects["Account"][0], *roles))
    return salesforce.SalesforceApi(objects)


KEYS = {"customer": ["customer_id", "account"], "account": ["account"]}
SEARCH = "POST /crm/v3/objects/contacts/search"
PRESETS: dict[str, tuple[Any, Any, dict[str, Any], str, str]] = {
    "hubspot": (
        HubSpot,
        crowd_at_hubspot,
        {"token": hubspot.TOKEN, "keys": KEYS},
        "9001",
        "POST /crm/v3/objects/contacts/search",
    ),
    "salesforce": (Salesforce, crowd_at_salesforce, salesforce.CLIENT | {"keys": KEYS}, salesforce.ACME, salesforce.QUERY),
}


@pytest.mark.vendors
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(("role", "places"), [(None, (0, 1, 2)), ("BUYER", (2,))])
async def test_each_preset_is_asked_once_for_a_page(preset: str, role: str | None, places: tuple[int, ...]):
    """Behind the last id of the page before, in the order of ids. The other call of each page finds the account."""
    kind, make_api, settings, account, call = PRESETS[preset]
    api: VendorApi = make_api()
    id_of = str if preset == "hubspot" else lambda number: salesforce.id_of("003", number)
    async with gateway_to(kind, api, "crm", **settings) as gateway:
        people = await members(gateway, account, role)
    assert people == [(id_of(1000 + n), ROLES[n % 3].upper()) for n in range(MANY) if n % 3 in places]
    pages = len(people) // PAGE
    if preset == "hubspot":
        assert sorted(api.requests) == sorted([call, "POST /crm/v3/objects/companies/batch/read"] * pages)
    else:
        assert api.requests == [salesforce.LOG_IN, *[call] * pages * 2]
