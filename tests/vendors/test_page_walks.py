"""Walks over many pages and batches of many keys: what ends a walk is told, and nothing large costs what is beside it."""

from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import web

from connectors.contract import Ask, KeyKind
from connectors.errors import SourceError, SourceProtocolError, SourceThrottledError, SourceUnavailableError
from connectors.record_fields import Fields, narrow
from connectors.records import Customer, Event, Order, Ticket
from connectors.testing.fetches import page_of
from connectors.vendors.posthog import PostHog
from connectors.vendors.posthog.hogql import MAX_ROWS
from connectors.vendors.salesforce import Salesforce
from connectors.vendors.segment import Segment
from connectors.vendors.shopify import Shopify
from connectors.vendors.stripe import Stripe
from connectors.vendors.zendesk import Zendesk
from gateway.lookups.source_call import validate_records
from tests.vendors import test_posthog, test_salesforce, test_segment, test_shopify, test_stripe, test_zendesk
from tests.vendors.api import Refusal, VendorApi, failure_of, ids_of, lookup_of, opened, refused
from tests.vendors.posthog import MAY_1, PostHogApi, project
from tests.vendors.salesforce import SalesforceApi, org
from tests.vendors.segment import SegmentApi, space
from tests.vendors.shopify import ShopifyApi
from tests.vendors.stripe import StripeApi
from tests.vendors.zendesk import ZendeskApi

pytestmark = [pytest.mark.vendors, pytest.mark.cases]

ID = Fields.from_paths("id")
OAUTH = {"client_id": "profile_gateway", "client_secret": "the-secret-of-the-client", "token": None, "email": None}
WALKS: dict[str, tuple[Any, Callable[[], VendorApi], Any, Any, KeyKind, str]] = {
    "salesforce": (
        Salesforce,
        lambda: SalesforceApi(org()),
        test_salesforce.SETTINGS,
        Ticket,
        KeyKind.EMAIL,
        "crowd@example.com",
    ),
    "segment": (Segment, lambda: SegmentApi(space()), test_segment.SETTINGS, Event, KeyKind.CUSTOMER_ID, "c3"),
    "shopify": (Shopify, ShopifyApi, test_shopify.SETTINGS | {"page_size": 1}, Order, KeyKind.CUSTOMER_ID, "7001"),
    "stripe": (Stripe, StripeApi, test_stripe.SETTINGS, Order, KeyKind.CUSTOMER_ID, "cus_Ben"),
    "zendesk": (Zendesk, ZendeskApi, test_zendesk.SETTINGS, Ticket, KeyKind.CUSTOMER_ID, "12"),
}
"""Presets whose lists come in pages: a record, and a key that finds several pages of it."""


def refuse_one(api: VendorApi, number: int, refusal: Refusal) -> None:
    """Let the call of a number, from 0 on, be refused. Those for tokens are not counted."""
    answer, calls = api.answer, iter(range(1000))

    async def refusing(request: web.Request) -> web.Response:
        is_it = "token" not in request.path and next(calls) == number
        return refused(refusal) if is_it else await answer(request)

    api.answer = refusing  # type: ignore[method-assign]


def most_keys(api: VendorApi, most: int, count: Callable[[web.Request, Any], int]) -> None:
    """Let questions about more keys be refused for their size."""
    respond = api.respond
    too_large = Refusal(413, {"error": "too large"})
    api.respond = lambda request, body: refused(too_large) if count(request, body) > most else respond(request, body)  # type: ignore[method-assign]


@asynccontextmanager
async def walking(preset: str, api: VendorApi, **more: Any) -> Any:
    kind, _, settings, record, by, _ = WALKS[preset]
    settings = {name: value for name, value in (settings | more).items() if value is not None}
    async with opened(kind, api, "vendor", **settings) as connector:
        yield lookup_of(connector, record, by)


@pytest.mark.parametrize(
    ("status", "kind"), [(429, SourceThrottledError), (423, SourceUnavailableError), (503, SourceUnavailableError)]
)
@pytest.mark.parametrize("preset", WALKS)
async def test_a_walk_that_is_broken_off_is_no_shorter_list(preset, status, kind):
    """The second page is refused: that is told, with what may be done."""
    api, key = WALKS[preset][1](), WALKS[preset][-1]
    refuse_one(api, 1, Refusal(status, {"error": "later"}, {"Retry-After": "7"}))
    async with walking(preset, api) as lookup:
        failure = await failure_of(lookup, key)
        assert isinstance(failure, kind)
        assert failure.retry_after_s == 7
        again = (await lookup.fetch([key], Ask(fields=ID)))[key]
    assert len(msgspec.json.decode(page_of(again).records)) > 1


@pytest.mark.parametrize(("preset", "more"), [("salesforce", {}), ("zendesk", OAUTH)])
async def test_a_token_may_end_on_the_way(preset, more):
    """It is fetched again, and the walk goes on where it was."""
    api, key = WALKS[preset][1](), WALKS[preset][-1]
    async with walking(preset, api, **more) as lookup:
        whole = (await lookup.fetch([key], Ask(fields=ID)))[key]
        respond, calls = api.respond, iter(range(1000))

        def ending(request: web.Request, body: Any) -> web.Response:
            if next(calls) == 1:
                api.expire()  # type: ignore[attr-defined]
                return refused(api.unauthorized)
            return respond(request, body)

        api.respond = ending  # type: ignore[method-assign]
        assert page_of((await lookup.fetch([key], Ask(fields=ID)))[key]) == page_of(whole)


@pytest.mark.parametrize("preset", WALKS)
@pytest.mark.parametrize("first", [1, 2, 3])
async def test_small_pages_walk_what_the_whole_list_has(preset, first):
    """Each record once, in the same order, from cursor to cursor."""
    api, key = WALKS[preset][1](), WALKS[preset][-1]
    record = WALKS[preset][3]
    fields = Fields.from_paths("id", record.time_field)
    async with walking(preset, api) as lookup:

        async def found(**ask: Any) -> list[Any]:
            given = (await lookup.fetch([key], Ask(fields=fields, **ask))).get(key, b"[]")
            return validate_records(page_of(given).records, narrow(record, fields)).records

        whole = sorted(await found(), key=lambda one: (getattr(one, record.time_field), one.id), reverse=True)
        assert [one.id for one in (await found(first=first))[:first]] == [one.id for one in whole[:first]]


KEYS_OF = {
    "zendesk": lambda request, _: len(request.query.get("ids", "").split(",")),
    "salesforce": lambda request, body: f"{request.query.get('q')} {body}".count("@example.com"),
    "posthog": lambda _, body: len(body["query"]["values"]),
}


@pytest.mark.parametrize("preset", KEYS_OF)
async def test_a_batch_that_is_too_large_is_made_smaller(preset):
    """Until the vendor takes it; everybody is there."""
    kind, make_api, settings, by, keys = {
        "zendesk": (Zendesk, ZendeskApi, test_zendesk.ALL_KEYS, KeyKind.CUSTOMER_ID, ["11", "12", "14"]),
        "salesforce": (
            Salesforce,
            lambda: SalesforceApi(org()),
            test_salesforce.SETTINGS,
            KeyKind.EMAIL,
            ["ann@example.com", "bob@example.com"],
        ),
        "posthog": (PostHog, project, test_posthog.SETTINGS, KeyKind.CUSTOMER_ID, ["c1", "c2", "c4"]),
    }[preset]
    api = make_api()
    async with opened(kind, api, "vendor", **settings) as connector:
        whole = await ids_of(connector, Customer, by, keys)
        most_keys(api, 1, KEYS_OF[preset])
        assert await ids_of(connector, Customer, by, keys) == whole
    assert set(whole) == set(keys)


async def test_a_customer_with_too_many_records_costs_no_other():
    """The others' are asked for without."""
    api = SalesforceApi(org())
    async with opened(Salesforce, api, "crm", **test_salesforce.SETTINGS, max_pages=2) as crm:
        answer = await lookup_of(crm, Ticket, KeyKind.EMAIL).fetch(
            ["crowd@example.com", "ann@example.com", "bob@example.com"], Ask(fields=ID)
        )
    failed = answer["crowd@example.com"]
    assert isinstance(failed, SourceProtocolError)
    assert "max_pages" in str(failed)
    assert not isinstance(answer.get("ann@example.com"), SourceError)


async def test_a_page_may_end_with_what_cannot_be_read():
    """The next one begins behind the last event that can be."""
    api = PostHogApi()
    api.person(1, ["c1"], user_id="c1")
    for number in range(MAX_ROWS + 3):
        api.event(number, "c1", MAY_1, "$pageview", {})
    spoilt = []

    def spoil(answer: Any) -> Any:
        if len(answer["results"]) == MAX_ROWS:
            spoilt.append(answer["results"][-1][1])
            answer["results"][-1][2] = "yesterday"
        return answer

    api.spoil = spoil
    async with opened(PostHog, api, "behaviour", **test_posthog.SETTINGS) as source:
        page = (await lookup_of(source, Event, KeyKind.CUSTOMER_ID).fetch(["c1"], Ask(fields=Fields.from_paths("id", "at"))))[
            "c1"
        ]
    found = validate_records(page_of(page).records, narrow(Event, Fields.from_paths("id", "at")))
    assert len(spoilt) == 1
    assert len({one.id for one in found.records}) == MAX_ROWS + 3
    assert [one.reason for one in found.unreadable] == ["malformed"]
