"""What HubSpot's answers mean: contacts that were merged, parts that have failed, times, own words, statuses that pass."""

import msgspec
import pytest

from connectors.contract import Ask, KeyKind
from connectors.errors import (
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceRejectedError,
    SourceThrottledError,
    SourceUnavailableError,
)
from connectors.record_fields import Fields
from connectors.records import Customer
from connectors.vendors.hubspot import HubSpot
from connectors.vendors.hubspot.answers import part_failures
from tests.vendors.api import Refusal, expect_refused_settings, failure_of, gateway_to, ids_of, lookup_of, opened
from tests.vendors.hubspot import COMPANIES, TOKEN, HubSpotApi, contact

pytestmark = [pytest.mark.vendors, pytest.mark.cases]

SETTINGS = {"token": TOKEN, "keys": {"customer": ["customer_id", "email", "text"]}}
READ, SEARCH, GRANT = (
    "POST /crm/v3/objects/contacts/batch/read",
    "POST /crm/v3/objects/contacts/search",
    "POST /oauth/v1/token",
)


@pytest.fixture
def api():
    api = HubSpotApi()
    api.contacts.append(contact(106, firstname="Mia", email="mia@example.com", hs_merged_object_ids="900;901"))
    return api


def hubspot(api, **settings):
    return opened(HubSpot, api, "crm", **(SETTINGS | settings))


def gateway_to_hubspot(api, **settings):
    return gateway_to(HubSpot, api, "crm", **(SETTINGS | settings))


@pytest.mark.parametrize(("redirects", "calls"), [(True, [READ]), (False, [READ, SEARCH])])
async def test_an_id_that_was_merged_away_finds_who_it_was_merged_into(api, redirects, calls):
    """Whether HubSpot gives that contact for it, or says that there is none."""
    api.redirects = redirects
    async with hubspot(api) as crm:
        assert await ids_of(crm, Customer, KeyKind.CUSTOMER_ID, ["900", "101"]) == {"900": ["106"], "101": ["101"]}
    assert api.requests == calls
    async with gateway_to_hubspot(api) as gateway:
        assert (await gateway.data('{ customer(by: {id: "901"}) { name } }'))["customer"] == {"name": "Mia"}


async def test_many_unknown_ids_are_searched_for_in_parts(api):
    """A search may not be longer than HubSpot takes; those that are there are found."""
    ids = [str(10**15 + n) for n in range(98)]
    async with hubspot(api) as crm:
        assert await ids_of(crm, Customer, KeyKind.CUSTOMER_ID, [*ids, "900", "101"], "address", "acquisition") == {
            "900": ["106"],
            "101": ["101"],
        }
    assert api.requests == [READ, SEARCH, SEARCH]


async def test_a_batch_that_is_too_large_is_made_smaller(api):
    """Until HubSpot takes it; everybody is there."""
    api.most_inputs = 30
    ids = [str(1000 + n) for n in range(100)]
    async with hubspot(api) as crm:
        found = await ids_of(crm, Customer, KeyKind.CUSTOMER_ID, ids)
    assert found == {id_: [id_] for id_ in ids}
    assert api.requests.count(READ) == 1 + 2 + 4


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        ("INTERNAL_ERROR", SourceUnavailableError),
        ("RATE_LIMITS", SourceThrottledError),
        ("VALIDATION_ERROR", SourceRejectedError),
        ("MISSING_SCOPES", SourceAuthError),
        ("something new", SourceUnavailableError),
    ],
)
async def test_an_input_that_fails_costs_itself_alone(api, category, kind):
    """The others are there, and the absent one is absent."""
    api.part_errors = [{"category": category, "context": {"ids": ["102"]}}]
    async with hubspot(api) as crm:
        by_id = lookup_of(crm, Customer, KeyKind.CUSTOMER_ID)
        answer = await by_id.fetch(["101", "102", "999"], Ask(fields=Fields.from_paths("id")))
    assert isinstance(answer.pop("102"), kind)
    assert list(answer) == ["101"]


async def test_a_failure_of_everything_is_the_sources(api):
    """It does not read as customers who are not there, whether it names its inputs or not."""
    async with hubspot(api) as crm:
        by_id = lookup_of(crm, Customer, KeyKind.CUSTOMER_ID)
        for more in ({"context": {"ids": ["101", "102"]}}, {}, {"context": "?"}):
            api.part_errors = [{"category": "INTERNAL_ERROR", **more}]
            with pytest.raises(SourceUnavailableError):
                await by_id.fetch(["101", "102"], Ask(fields=Fields.from_paths("id")))


async def test_a_company_that_fails_costs_its_contacts_alone(api):
    """They are not shown without one."""
    async with hubspot(api) as crm:
        fetch = lookup_of(crm, Customer, KeyKind.EMAIL).fetch
        api.part_errors = [{"category": "INTERNAL_ERROR", "context": {"ids": ["9002"]}}]
        answer = await fetch(["ann@example.com", "cleo@example.com"], Ask(fields=Fields.from_paths("id", "company.name")))
        assert isinstance(answer["cleo@example.com"], SourceError)
        assert msgspec.json.decode(answer["ann@example.com"])[0]["company"]["name"] == COMPANIES[0]["properties"]["name"]
        with pytest.raises(SourceUnavailableError):
            await fetch(["cleo@example.com"], Ask(fields=Fields.from_paths("id", "company.name")))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1709143200000", "2024-02-28T18:00:00Z"),
        ("2024-02-28T18:00:00Z", "2024-02-28T18:00:00Z"),
        ("some day", None),
        ("", None),
    ],
)
async def test_a_time_is_read_or_null(api, written, expected):
    """In milliseconds, too; the customer is there in any case."""
    api.contacts.append(
        contact(107, email="lea@example.com", hs_analytics_source="OFFLINE", hs_analytics_first_timestamp=written)
    )
    async with gateway_to_hubspot(api) as gateway:
        data = await gateway.data('{ customer(by: {email: "lea@example.com"}) { acquisition { source at } } }')
    assert data["customer"]["acquisition"] == {"source": "OFFLINE", "at": expected}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"hs_country_region_code": "Allemagne"}, "DE"),
        ({"country": "Allemagne"}, "DE"),
        ({"hs_country_region_code": "FR", "country": "Frankreich"}, "FR"),
        ({"country": "gb"}, "GB"),
    ],
)
async def test_an_account_may_have_words_of_its_own(api, properties, expected):
    """For countries, and for where customers come from."""
    api.contacts.append(contact(107, email="lea@example.com", hs_analytics_source="OTHER_CAMPAIGNS", **properties))
    words = {"customer": {"address.country": {"Allemagne": "DE"}, "acquisition.source": {"OTHER_CAMPAIGNS": "fair"}}}
    async with gateway_to_hubspot(api, values=words) as gateway:
        data = await gateway.data('{ customer(by: {email: "lea@example.com"}) { address { country } acquisition { source } } }')
    assert data["customer"] == {"address": {"country": expected}, "acquisition": {"source": "fair"}}


def test_words_for_what_is_not_read_from_words_are_refused():
    """With those that are."""
    message = "values.customer.kind: hubspot reads no words of your own there; of customer it reads those of acquisition.source"
    expect_refused_settings(HubSpot, message, **SETTINGS, values={"customer": {"kind": {"x": "PERSON"}}})
    expect_refused_settings(
        HubSpot, "values.ticket.subject: hubspot", **SETTINGS, values={"ticket": {"subject": {"x": "OPEN"}}}
    )
    expect_refused_settings(HubSpot, "'tickets' is no record", **SETTINGS, values={"tickets": {"status": {"x": "OPEN"}}})


@pytest.mark.parametrize(
    ("refusal", "kind", "seconds"),
    [
        (Refusal(477, {"status": "error"}, {"Retry-After": "60"}), SourceUnavailableError, 60.0),
        (Refusal(423, {"status": "error"}), SourceUnavailableError, 2.0),
        (Refusal(423, {"status": "error"}, {"Retry-After": "5"}), SourceUnavailableError, 5.0),
        (Refusal(502, {"status": "error"}), SourceUnavailableError, None),
        (Refusal(409, {"status": "error"}), SourceProtocolError, None),
    ],
)
async def test_what_passes_says_so(api, refusal, kind, seconds):
    """An account that is being moved, and one that is locked for a moment."""
    api.refusal = refusal
    async with hubspot(api) as crm:
        error = await failure_of(lookup_of(crm, Customer, KeyKind.EMAIL), "ann@example.com")
    assert isinstance(error, kind)
    assert error.retry_after_s == seconds


async def test_a_token_of_oauth_is_fetched_again_when_it_has_ended(api):
    """By the first call that finds it so; no caller is told."""
    own = {name: value for name, value in SETTINGS.items() if name != "token"} | api.oauth
    query = '{ customer(by: {id: "101"}) { name } }'
    async with gateway_to(HubSpot, api, "crm", **own) as gateway:
        for _ in range(2):
            assert (await gateway.data(query))["customer"]["name"] == "Ann Archer"
            api.expire()
    assert api.requests == [GRANT, READ, READ, GRANT, READ]
    api.revoke()
    async with opened(HubSpot, api, "crm", **own) as crm:
        assert isinstance(await failure_of(lookup_of(crm, Customer, KeyKind.EMAIL), "ann@example.com"), SourceAuthError)
        (problem,) = await crm.check()
        assert problem.startswith("sources.crm.client_secret: ")


def test_an_app_needs_its_refresh_token():
    """HubSpot gives tokens for one only."""
    own = {"keys": SETTINGS["keys"], "client_id": "a", "client_secret": "b"}
    expect_refused_settings(HubSpot, "refresh_token: with client_id", **own)
    expect_refused_settings(HubSpot, "refresh_token: with client_id", **SETTINGS, refresh_token="c")


@pytest.mark.parametrize(("named", "failed"), [(["2"], {"2"}), (["2", "9"], {"2"}), (["9"], {"1", "2"}), ([], {"1", "2"})])
def test_a_part_that_nobody_asked_for_is_about_all(named, failed):
    """An error that names an id of no asked object costs all of them; nothing else can be told from it."""
    assert set(part_failures(["1", "2"], [{"category": "INTERNAL_ERROR", "context": {"ids": named}}])) == failed
