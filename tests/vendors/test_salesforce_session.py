"""Salesforce's sessions, limits and refusals: what becomes of a token, what an error means, what is never shown."""

import asyncio

import pytest

from connectors.contract import Ask, KeyKind
from connectors.errors import SourceAuthError, SourceProtocolError, SourceThrottledError, SourceUnavailableError
from connectors.record_fields import Fields
from connectors.records import Customer, Ticket
from connectors.vendors.salesforce import Salesforce
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
from tests.vendors.salesforce import BOB, LOG_IN, QUERY, REFRESH_TOKEN, SETTINGS, SalesforceApi, org

pytestmark = pytest.mark.vendors

ID = Fields.from_paths("id")


@pytest.fixture
def api():
    return SalesforceApi(org())


@pytest.fixture
async def crm(api):
    async with opened(Salesforce, api, "crm", **SETTINGS) as connector:
        yield connector


async def test_a_token_serves_all_calls_until_it_ends(api, crm):
    """It is fetched by the first call, and again by the first of those that find it ended, once for all of them."""
    lookup = lookup_of(crm, Customer, KeyKind.EMAIL)
    for _ in range(2):
        await asyncio.gather(*(lookup.fetch([key], Ask(fields=ID)) for key in ("ann@example.com", "bob@example.com")))
        api.expire()
    assert api.requests.count(LOG_IN) == 2
    assert api.requests.count(QUERY) == 6


async def test_a_token_is_fetched_again_once(api, crm):
    """A source that ends every session is one that does not accept the credentials."""
    api.refusal = api.unauthorized
    api.refused_path = "/query"
    failure = await failure_of(lookup_of(crm, Customer, KeyKind.EMAIL), "ann@example.com")
    assert isinstance(failure, SourceAuthError)
    assert api.requests == [LOG_IN, QUERY, LOG_IN, QUERY]


async def test_a_refresh_token_gives_tokens_as_well(api):
    """Where an org has no user to run client credentials as."""
    async with opened(Salesforce, api, "crm", **SETTINGS, refresh_token=REFRESH_TOKEN) as crm:
        assert await ids_of(crm, Customer, KeyKind.EMAIL, ["bob@example.com"]) == {"bob@example.com": [BOB]}
    async with opened(Salesforce, api, "crm", **SETTINGS, refresh_token="another") as crm:
        assert isinstance(await failure_of(lookup_of(crm, Customer, KeyKind.EMAIL), "bob@example.com"), SourceAuthError)


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (Refusal(403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "m"}]), SourceThrottledError),
        (Refusal(403, "text", {"Sforce-Limit-Info": "api-usage=15000/15000"}), SourceThrottledError),
        (Refusal(403, [{"errorCode": "API_DISABLED_FOR_ORG", "message": "m"}]), SourceAuthError),
        (Refusal(403, "text", {"Sforce-Limit-Info": "api-usage=14999/15000"}), SourceAuthError),
        (Refusal(400, [{"errorCode": "INVALID_FIELD", "message": "No such column"}]), SourceAuthError),
        (Refusal(400, [{"errorCode": "MALFORMED_QUERY", "message": "m"}]), SourceProtocolError),
        (Refusal(404, {}), SourceProtocolError),
        (Refusal(503, [{"errorCode": "SERVER_UNAVAILABLE", "message": "m"}]), SourceUnavailableError),
    ],
)
async def test_a_refusal_is_one_of_our_errors(api, crm, refusal, expected):
    """Decided by the code, where there is one."""
    api.refusal, api.refused_path = refusal, "/data"
    assert isinstance(await failure_of(lookup_of(crm, Customer, KeyKind.EMAIL), "ann@example.com"), expected)


async def test_a_limit_inside_a_batch_is_seen(api, crm):
    """The batch itself succeeds."""
    api.limit = 1
    failure = await failure_of(lookup_of(crm, Customer, KeyKind.PHONE), "+14155550101")
    assert isinstance(failure, SourceThrottledError)
    assert failure.retry_after_s is None


@pytest.mark.cases
async def test_a_session_may_end_on_the_way_through_a_batch(api, crm):
    """The batch is asked for again, with a new token."""
    by_phone = lookup_of(crm, Customer, KeyKind.PHONE)
    whole = await by_phone.fetch(["+14155550101"], Ask(fields=ID))
    ended = []

    def spoil(answer):
        if "results" in answer and not ended:
            ended.append(answer)
            api.expire()
            part = {"statusCode": 401, "result": [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}]}
            return {"hasErrors": True, "results": [*answer["results"][:-1], part]}
        return answer

    api.spoil = spoil
    assert await by_phone.fetch(["+14155550101"], Ask(fields=ID)) == whole
    assert len(ended) == 1
    assert api.requests.count(LOG_IN) == 2


async def test_the_daily_limit_reaches_the_caller(api):
    """Nothing of what Salesforce says does, nor do credentials."""
    api.limit = 0
    async with gateway_to(Salesforce, api, "crm", **SETTINGS) as gateway:
        answer = await expect_secrecy(gateway, '{ customer(by: {email: "ann@example.com"}) { name } }', "TotalRequests")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SOURCE_THROTTLED"]


async def test_check_asks_for_each_object_with_its_fields(api, crm):
    """What the user may not read, or the org has not, is named."""
    assert await crm.check() == []
    assert sorted(query.rpartition(" FROM ")[2] for query in api.queries) == [
        f"{n} LIMIT 1" for n in ("Account", "Case", "Contact", "Opportunity", "OpportunityContactRole")
    ]
    del api.objects["Case"], api.objects["Contact"][0]["Stripe_Id__c"]
    assert await crm.check() == [
        "sources.crm.client_secret: the source accepts it, but it lacks the OAuth scope api,"
        f" or the right to read {name} with all the fields that this preset reads; grant that"
        for name in ("Contact", "Case")
    ]


async def test_a_link_to_elsewhere_is_not_followed(api, crm):
    """It would be sent the token."""
    api.link = "https://elsewhere.example.com/query/01g"
    api.page_size = 1
    failure = await failure_of(lookup_of(crm, Ticket, KeyKind.EMAIL), "crowd@example.com")
    assert str(failure) == "the source gave an answer that cannot be read (the next page is at another origin)"


def test_settings_are_refused_with_what_to_do():
    """A version or a field that is none, a credential of two lines, records that it has not."""
    base = SETTINGS | {"base_url": "https://example.my.salesforce.com"}
    expect_refused_settings(Salesforce, "api_version", **base | {"api_version": "../62"})
    expect_refused_settings(Salesforce, "member_number", **base | {"member_number": "Id FROM Case"})
    expect_refused_settings(Salesforce, "line break", **base | {"client_id": "two\nlines"})
    expect_refused_settings(Salesforce, "no ticket by phone", **base | {"keys": {"ticket": ["phone"]}})
