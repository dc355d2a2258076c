"""What Shopify's orders are: refunds, tests, imports, parcels, what documents cost; and tokens of a day."""

import msgspec
import pytest

from connectors.contract import Ask, KeyKind
from connectors.errors import SourceAuthError
from connectors.record_fields import Fields, all_fields, narrow
from connectors.records import Order
from connectors.testing.fetches import page_of
from connectors.vendors.shopify import Shopify
from gateway.lookups.source_call import validate_records
from tests.vendors.api import expect_refused_settings, failure_of, gateway_to, lookup_of, opened
from tests.vendors.shopify import CLIENT, PATH, TOKEN, ShopifyApi, money, order, parcel

pytestmark = [pytest.mark.vendors, pytest.mark.cases]

KEYS = {"customer": ["customer_id"], "order": ["customer_id"]}
SETTINGS = {"token": TOKEN, "keys": KEYS}
OF_A_DAY = {**CLIENT, "keys": KEYS}
GRANT = "POST /admin/oauth/access_token"
SENT = "2026-05-08T14:00:00Z"


@pytest.fixture
def api():
    return ShopifyApi()


async def orders(api, *made, first=None, **settings):
    """The orders of one customer, in the order of the answer."""
    api.customers[0]["orders"] = list(made)
    async with opened(Shopify, api, "shop", **(SETTINGS | settings)) as connector:
        ask = Ask(fields=Fields.from_paths("id", "placed_at", "status", "total", "refunded", "delivered_at"), first=first)
        answer = await lookup_of(connector, Order, KeyKind.CUSTOMER_ID).fetch(["7001"], ask)
    return msgspec.json.decode(answer["7001"].records)


async def test_a_total_is_before_refunds_and_they_stand_beside_it(api):
    """Whatever is left of it."""
    more = {"totalPriceSet": money("100.00"), "currentTotalPriceSet": money("10.00"), "totalRefundedSet": money("90.00")}
    (found,) = await orders(api, order(1, SENT, "FULFILLED", "PARTIALLY_REFUNDED", **more))
    assert (found["total"]["amount"], found["refunded"]["amount"], found["status"]) == ("100.00", "90.00", "SHIPPED")


async def test_orders_of_tests_are_none(api):
    """With a lower bound of time and without; unless the settings say so."""
    own = order(1, SENT, "FULFILLED", "PAID"), order(2, SENT, "FULFILLED", "PAID", test=True)
    assert [one["id"] for one in await orders(api, *own)] == ["1"]
    assert [one["id"] for one in await orders(api, *own, test_orders=True)] == ["2", "1"]
    async with gateway_to(Shopify, api, "shop", **SETTINGS) as gateway:
        query = """{ customer(by: {id: "7001"}) {
            orders(filter: {since: "2026-01-01T00:00:00Z"}) { totalCount } orderStatistics { count }
        } }"""
        data = await gateway.data(query)
    assert data["customer"] == {"orders": {"totalCount": 1}, "orderStatistics": {"count": 1}}


async def test_an_imported_order_was_placed_when_it_was(api):
    """Not when it was imported; it stands, and is cut, in that place."""
    imported = order(4, "2026-05-04T09:00:00Z", "FULFILLED", "PAID", processedAt="2021-01-04T09:00:00Z")
    found = await orders(api, order(3, "2026-05-01T09:00:00Z", "FULFILLED", "PAID"), imported)
    assert [(one["id"], one["placedAt"]) for one in found] == [("3", "2026-05-01T09:00:00Z"), ("4", "2021-01-04T09:00:00Z")]
    found = await orders(api, imported, order(3, "2026-05-01T09:00:00Z", "FULFILLED", "PAID"), first=1)
    assert [one["id"] for one in found] == ["3"]


@pytest.mark.parametrize(
    ("fulfillment", "parcels", "expected"),
    [
        ("FULFILLED", [parcel(SENT), parcel(None)], ("SHIPPED", None)),
        ("FULFILLED", [parcel("2026-05-07T00:00:00Z"), parcel(SENT)], ("DELIVERED", SENT)),
        ("FULFILLED", [parcel(SENT), parcel(None, "CANCELLED")], ("DELIVERED", SENT)),
        ("FULFILLED", [parcel(SENT, "FAILURE"), parcel(None)], ("SHIPPED", None)),
        ("FULFILLED", [], ("SHIPPED", None)),
        ("PARTIALLY_FULFILLED", [parcel(SENT)], ("PROCESSING", None)),
    ],
)
async def test_an_order_is_delivered_when_all_of_it_has_come(api, fulfillment, parcels, expected):
    """A parcel that was called off does not count, one that is still to be sent does."""
    (found,) = await orders(api, order(1, SENT, fulfillment, "PAID", fulfillments=parcels))
    assert (found["status"], found.get("deliveredAt")) == expected


@pytest.mark.parametrize(
    ("fulfillment", "financial", "expected"),
    [
        ("IN_PROGRESS", "PAID", "PROCESSING"),
        ("ON_HOLD", "VOIDED", "PROCESSING"),
        ("SCHEDULED", "PENDING", "PROCESSING"),
        ("UNFULFILLED", "VOIDED", "CANCELLED"),
        ("RESTOCKED", "EXPIRED", "CANCELLED"),
        ("UNFULFILLED", "PENDING", "PENDING"),
        ("BY_PIGEON", "PAID", "UNKNOWN"),
        ("UNFULFILLED", "PAID_IN_SHELLS", "UNKNOWN"),
        (None, "PAID", "UNKNOWN"),
        ("UNFULFILLED", None, "UNKNOWN"),
    ],
)
async def test_a_word_for_a_state_that_is_unknown_is_not_guessed(api, fulfillment, financial, expected):
    """What is known keeps its meaning."""
    own = {"displayFulfillmentStatus": fulfillment, "displayFinancialStatus": financial}
    assert (await decoded(api, own)).status == expected


async def test_odd_parts_of_an_order_cost_themselves(api):
    """Lines that are no objects, an amount that is none; a time of delivery that is none is none at all."""
    lines = [{"sku": "SKU-1", "quantity": 2}, "tea", 7, {"sku": "SKU-2"}]
    odd = {"fulfillments": [parcel(SENT), parcel(7)], "lineItems": {"nodes": lines}, "totalTaxSet": money("some")}
    found = await decoded(api, odd, unreadable=3)
    assert [one.sku for one in found.items] == ["SKU-1", "SKU-2"]
    assert (found.tax, found.delivered_at, found.total is None) == (None, None, False)


async def decoded(api, odd, unreadable=0):
    """An order of which a part is as nothing of Shopify's is, as the gateway reads it; so many values cannot be read."""
    api.customers[0]["orders"] = [order(1, SENT, "FULFILLED", "PAID")]

    def spoil(answer):
        answer["data"]["customer"]["orders"]["nodes"][0] |= odd
        return answer

    api.spoil = spoil
    fields = all_fields(Order)
    async with opened(Shopify, api, "shop", **SETTINGS) as connector:
        answer = await lookup_of(connector, Order, KeyKind.CUSTOMER_ID).fetch(["7001"], Ask(fields=fields))
    found = validate_records(page_of(answer["7001"]).records, narrow(Order, fields))
    assert (found.dropped, len(found.unreadable)) == (0, unreadable)
    return found.records[0]


async def test_what_is_cancelled_or_refunded_is_that_first(api):
    """However far it has come."""
    here = {"fulfillments": [parcel(SENT)]}
    found = await orders(
        api,
        order(1, SENT, "FULFILLED", "REFUNDED", **here),
        order(2, SENT, "FULFILLED", "REFUNDED", cancelledAt=SENT, **here),
    )
    assert [one["status"] for one in found] == ["CANCELLED", "RETURNED"]


async def test_one_document_with_everything_may_be_asked(api):
    """All fields of the largest page of one customer cost less than Shopify allows."""
    async with opened(Shopify, api, "shop", **SETTINGS, page_size=250) as connector:
        await lookup_of(connector, Order, KeyKind.CUSTOMER_ID).fetch(["7001"], Ask(fields=all_fields(Order)))
    assert 700 < api.costs[0] <= 1000


async def test_documents_that_cost_too_much_are_made_smaller(api):
    """Five customers with all fields are asked for in parts; nobody is left out."""
    ids = [one["legacyResourceId"] for one in api.customers]
    async with opened(Shopify, api, "shop", **SETTINGS) as connector:
        answer = await lookup_of(connector, Order, KeyKind.CUSTOMER_ID).fetch(ids, Ask(fields=all_fields(Order)))
    assert [len(msgspec.json.decode(answer[id_].records)) for id_ in ids] == [7, 260, 0, 2]
    assert api.costs[0] > 1000


async def test_a_token_of_a_day_is_fetched_again_when_it_has_ended(api):
    """By the first call that finds it so; no caller is told."""
    async with gateway_to(Shopify, api, "shop", **OF_A_DAY) as gateway:
        query = '{ customer(by: {id: "7001"}) { name } }'
        assert (await gateway.data(query))["customer"]["name"] == "Ann Archer"
        api.expire()
        assert (await gateway.data(query))["customer"]["name"] == "Ann Archer"
    assert api.requests == [GRANT, f"POST {PATH}", f"POST {PATH}", GRANT, f"POST {PATH}"]


async def test_credentials_that_give_no_token_are_the_operators_business(api):
    """Of the setting that they are in."""
    api.oauth["client_secret"] = "another"
    async with opened(Shopify, api, "shop", **OF_A_DAY) as connector:
        error = await failure_of(lookup_of(connector, Order, KeyKind.CUSTOMER_ID), "7001")
        assert isinstance(error, SourceAuthError)
        assert all(problem.startswith("sources.shop.client_secret: ") for problem in await connector.check())


@pytest.mark.parametrize("more", [{}, {"token": TOKEN, **CLIENT}, {"client_id": "c"}, {"token": TOKEN, "client_secret": "s"}])
def test_there_is_one_credential(more):
    """A token, or an app's id and secret."""
    expect_refused_settings(Shopify, "token, or client_id", base_url="https://a.myshopify.com", keys=KEYS, **more)
