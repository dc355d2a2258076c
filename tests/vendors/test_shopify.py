"""Customers of a Shopify shop and their orders."""

from datetime import UTC, datetime

import msgspec
import pytest

from connectors.contract import Ask, KeyKind, Page
from connectors.errors import (
    ListingCursorError,
    SourceAuthError,
    SourceProtocolError,
    SourceThrottledError,
    SourceUnavailableError,
)
from connectors.record_fields import Fields
from connectors.records import Customer, Order
from connectors.testing import ConnectorContract
from connectors.testing.fetches import decoded
from connectors.toolkit.listing_cursor import encode_cursor
from connectors.vendors.shopify import Shopify
from tests.support.listing_pages import read_page
from tests.vendors.api import Refusal, expect_refused_settings, failure_of, gateway_to, lookup_of, opened
from tests.vendors.shopify import MANY, PATH, TOKEN, ShopifyApi, customer, order

pytestmark = pytest.mark.vendors

KINDS = ["customer_id", "external_id", "email"]
SETTINGS = {"token": TOKEN, "keys": {"customer": [*KINDS, "phone"], "order": [*KINDS, "order_id", "order_number"]}}
ID = Fields.from_paths("id")


def shopify(api, **settings):
    return opened(Shopify, api, "shop", **(SETTINGS | settings))


def gateway_to_shopify(api, **settings):
    return gateway_to(Shopify, api, "shop", **(SETTINGS | settings))


class TestContract(ConnectorContract):
    samples = {
        (Customer, KeyKind.CUSTOMER_ID): ["7001", "7002", "7003"],
        (Customer, KeyKind.EXTERNAL_ID): ["shop:7001", "shop:7002"],
        (Customer, KeyKind.EMAIL): ["ann@example.com", "ben@example.com"],
        (Customer, KeyKind.PHONE): ["+442079460000", "+442079460001"],
        (Order, KeyKind.CUSTOMER_ID): ["7001", "7004"],
        (Order, KeyKind.EMAIL): ["ann@example.com", "cy@example.com"],
        (Order, KeyKind.EXTERNAL_ID): ["shop:7001", "shop:7004"],
        (Order, KeyKind.ORDER_ID): ["9004", "10001"],
        (Order, KeyKind.ORDER_NUMBER): ["#9005", "#10002"],
    }

    @pytest.fixture
    async def connector(self):
        async with shopify(ShopifyApi(), page_size=3) as connector:
            yield connector


async def test_an_order_is_found_by_its_id_and_finds_its_customer():
    """Its number is the name of the order in the shop; one that cannot be searched for is nobody's. Tests are no orders."""
    api = ShopifyApi()
    api.customers[1]["orders"][0]["test"] = True
    async with gateway_to_shopify(api) as gateway:
        data = await gateway.data(
            """{ order(id: "shop:9004") { id number status } test: order(id: "shop:10000") { id } none: order(id: "x") { id }
                customer(by: {orderNumber: "#9004"}) { id name } odd: customer(by: {orderNumber: "#\\"9"}) { id }
                ben: customer(by: {orderId: "10002"}) { id } }"""
        )
    assert data == {
        "order": {"id": "shop:9004", "number": "#9004", "status": "DELIVERED"},
        "test": None,
        "none": None,
        "customer": {"id": "shop:7001", "name": "Ann Archer"},
        "odd": None,
        "ben": {"id": "shop:7002"},
    }


async def test_an_order_is_found_behind_many_others_that_its_number_finds():
    """A search for a name finds others like it, in pages of ten."""
    api = ShopifyApi()
    api.customers[1]["orders"][:12] = [
        order(8000 + n, "2026-01-01T09:00:00Z", "FULFILLED", "PAID", name=f"#9004-{n}") for n in range(12)
    ]
    async with shopify(api) as connector:
        lookup = lookup_of(connector, Order, KeyKind.ORDER_NUMBER)
        answer = await lookup.fetch(["#9004", "#9005", "#9004-11"], Ask(fields=ID))
    found = {key: [row["id"] for row in decoded(Order, page, ID)] for key, page in answer.items()}
    assert found == {"#9004": ["9004"], "#9005": ["9005"], "#9004-11": ["8011"]}
    assert len(api.bodies) == 2


async def test_a_customer_with_orders():
    """Every field that Shopify has, in canonical form: two calls, the second for the orders."""
    api = ShopifyApi()
    async with gateway_to_shopify(api) as gateway:
        data = await gateway.data(
            """{ customer(by: {email: "ann@example.com"}) {
                id kind name givenName familyName email phone locale createdAt updatedAt company { name }
                address { line postalCode city region country }
                orders(first: 4) { totalCount nodes {
                    id number channel placedAt status deliveredAt total { amount currency }
                    refunded { amount } discount { amount } shipping { amount } tax { amount }
                    items {
                        sku productId name brand category quantity
                        unitPrice { amount currency } discount { amount } total { amount }
                    }
                } }
            } }"""
        )
    orders = data["customer"].pop("orders")
    assert data["customer"] == {
        "id": "shop:7001",
        "kind": "PERSON",
        "name": "Ann Archer",
        "givenName": "Ann",
        "familyName": "Archer",
        "email": "Ann@Example.com",
        "phone": "+442079460000",
        "locale": "en-GB",
        "createdAt": "2025-11-03T10:15:00Z",
        "updatedAt": "2026-05-01T00:00:00Z",
        "company": {"name": "Archer & Co"},
        "address": {"line": "1 High Street", "postalCode": "N1 1AA", "city": "London", "region": "England", "country": "GB"},
    }
    assert orders["totalCount"] == 7
    assert [one["id"] for one in orders["nodes"]] == ["shop:9007", "shop:9006", "shop:9005", "shop:9004"]
    assert orders["nodes"][-1] == {
        "id": "shop:9004",
        "number": "#9004",
        "channel": "web",
        "placedAt": "2026-05-04T09:00:00Z",
        "status": "DELIVERED",
        "deliveredAt": "2026-05-08T14:00:00Z",
        "total": {"amount": "22.80", "currency": "EUR"},
        "refunded": {"amount": "0.0"},
        "discount": {"amount": "2.00"},
        "shipping": {"amount": "4.90"},
        "tax": {"amount": "3.64"},
        "items": [
            {
                "sku": "SKU-9004",
                "productId": "1",
                "name": "Teapot - Blue",
                "brand": "Potters",
                "category": "kitchen",
                "quantity": 2,
                "unitPrice": {"amount": "9.95", "currency": "EUR"},
                "discount": {"amount": "2.00"},
                "total": {"amount": "17.90"},
            },
            {
                "sku": None,
                "productId": None,
                "name": "Card",
                "brand": None,
                "category": None,
                "quantity": 1,
                "unitPrice": {"amount": "0.0", "currency": "EUR"},
                "discount": {"amount": "0.0"},
                "total": {"amount": "0.0"},
            },
        ],
    }
    assert api.requests == [f"POST {PATH}"] * 2


async def test_the_status_of_an_order():
    """Cancelled before refunded before sent; what is not sent is as far as its payment."""
    async with gateway_to_shopify(ShopifyApi()) as gateway:
        data = await gateway.data('{ customer(by: {id: "7001"}) { orders(first: 10) { nodes { id status } } } }')
    assert {one["id"]: one["status"] for one in data["customer"]["orders"]["nodes"]} == {
        "shop:9001": "CONFIRMED",
        "shop:9002": "PENDING",
        "shop:9003": "PROCESSING",
        "shop:9004": "DELIVERED",
        "shop:9005": "RETURNED",
        "shop:9006": "CANCELLED",
        "shop:9007": "CANCELLED",
    }


async def test_only_what_is_asked_for_is_in_the_document():
    """One field of the first two orders since a day."""
    api = ShopifyApi()
    async with shopify(api) as connector:
        lookup = lookup_of(connector, Order, KeyKind.CUSTOMER_ID)
        since = datetime(2026, 5, 3, tzinfo=UTC)
        answer = await lookup.fetch(["7001"], Ask(fields=Fields.from_paths("id", "total.amount"), first=2, since=since))
    assert [one["id"] for one in msgspec.json.decode(answer["7001"].records)] == ["9007", "9006"]
    assert " ".join(api.bodies[0]["query"].split()) == (
        'query ($after: String, $first: Int, $id: ID!, $search: String = "test:false") { customer(id: $id) { '
        "orders( first: $first after: $after sortKey: PROCESSED_AT reverse: true query: $search ) { "
        "nodes { legacyResourceId processedAt totalPriceSet { shopMoney { amount currencyCode } } } "
        "pageInfo { hasNextPage endCursor } } } }"
    )
    assert api.bodies[0]["variables"] == {
        "id": "gid://shopify/Customer/7001",
        "first": 2,
        "search": "processed_at:>='2026-05-03T00:00:00Z' test:false",
    }


async def test_more_than_250_orders_come_in_pages():
    """All of them, by the cursor of each page, in pages of the size that is set."""
    api = ShopifyApi()
    async with gateway_to_shopify(api, page_size=250) as gateway:
        query = '{ customer(by: {email: "ben@example.com"}) { orders(first: 5) { totalCount nodes { id } } } }'
        orders = (await gateway.data(query))["customer"]["orders"]
    assert orders["totalCount"] == MANY
    assert [one["id"] for one in orders["nodes"]] == [f"shop:{10_000 + MANY - n}" for n in range(1, 6)]
    windows = [{name: body["variables"].get(name) for name in ("first", "after")} for body in api.bodies[1:]]
    assert windows == [{"first": 250, "after": None}, {"first": 250, "after": "cursor-250"}]


@pytest.mark.cases
async def test_orders_that_are_cut_at_max_pages_are_partial():
    """Newest first the beginning is worth giving; in the other order it is not there."""
    async with shopify(ShopifyApi(), max_pages=2) as connector:
        lookup = lookup_of(connector, Order, KeyKind.CUSTOMER_ID)
        page = (await lookup.fetch(["7002"], Ask(fields=ID)))["7002"]
        with pytest.raises(SourceProtocolError):
            await lookup.fetch(["7002"], Ask(fields=ID, oldest_first=True))
    assert isinstance(page, Page)
    assert page.partial


async def test_unknown_customers_are_absent():
    """An id that cannot be one of Shopify's is not even asked for; the others share one document."""
    api = ShopifyApi()
    async with shopify(api) as connector:
        lookup = lookup_of(connector, Customer, KeyKind.CUSTOMER_ID)
        answer = await lookup.fetch(["c-1", "7999", "7001"], Ask(fields=ID))
        assert await lookup.fetch(["c-1"], Ask(fields=ID)) == {}
    assert list(answer) == ["7001"]
    assert [body["variables"] for body in api.bodies] == [
        {"id_0": "gid://shopify/Customer/7999", "id_1": "gid://shopify/Customer/7001"}
    ]
    async with gateway_to_shopify(api) as gateway:
        assert await gateway.data('{ customer(by: {phone: "+442079460009"}) { id } }') == {"customer": None}


async def test_a_throttled_call_says_when_the_bucket_holds_enough():
    """50 points come back in a second."""
    api = ShopifyApi()
    api.available = 40.0
    async with shopify(api) as connector:
        error = await failure_of(lookup_of(connector, Order, KeyKind.EMAIL), "ann@example.com")
    assert isinstance(error, SourceThrottledError)
    (cost,) = api.costs
    assert error.retry_after_s == (cost - 40) / 50


@pytest.mark.parametrize(
    "extensions",
    [
        None,
        {},
        {"cost": None},
        {"cost": {"requestedQueryCost": 9, "throttleStatus": {"currentlyAvailable": 1, "restoreRate": 0}}},
    ],
)
async def test_a_throttled_call_may_not_say_when(extensions):
    """Then nobody guesses."""
    api = ShopifyApi()
    api.refusal = Refusal(
        200, {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}], "extensions": extensions}
    )
    async with shopify(api) as connector:
        error = await failure_of(lookup_of(connector, Customer, KeyKind.EMAIL), "ann@example.com")
    assert isinstance(error, SourceThrottledError)
    assert error.retry_after_s is None


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (Refusal(402, {"errors": "This shop is unavailable"}), SourceUnavailableError),
        (Refusal(423, {"errors": "Locked"}), SourceUnavailableError),
        (Refusal(430, {"errors": "Shopify Security Rejection"}), SourceThrottledError),
        (Refusal(403, {"errors": "Forbidden"}), SourceAuthError),
        (Refusal(404, {"errors": "Not Found"}), SourceProtocolError),
        (Refusal(429, {"errors": "Exceeded 2 calls per second"}, {"Retry-After": "2.0"}), SourceThrottledError),
        (Refusal(503, {"errors": [{"message": "x", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}), SourceUnavailableError),
        (Refusal(200, {"errors": [{"message": "x", "extensions": {"code": "MAX_COST_EXCEEDED"}}]}), SourceProtocolError),
        (Refusal(200, {"errors": [{"message": "x", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}), SourceUnavailableError),
    ],
)
async def test_a_refusal_becomes_an_error(refusal, kind):
    """By who must act."""
    api = ShopifyApi()
    api.refusal = refusal
    async with shopify(api) as connector:
        assert isinstance(await failure_of(lookup_of(connector, Order, KeyKind.EMAIL), "ann@example.com"), kind)


async def test_check_finds_what_is_wrong():
    """A token that is refused, a scope that it lacks, a shop that is not there; each once."""
    api = ShopifyApi()
    async with shopify(api) as connector:
        assert await connector.check() == []
        api.scopes.remove("read_orders")
        lacking = "sources.shop.token: the source does not accept the gateway's credentials; it is wrong or revoked, or lacks"
        assert await connector.check() == [f"{lacking} the scope read_orders"]
        api.authorization = "another"
        assert await connector.check() == [f"{lacking} the scope read_customers", f"{lacking} the scope read_orders"]
    api.authorization, api.refusal = TOKEN, Refusal(503, None)
    async with shopify(api) as connector:
        unavailable = "sources.shop.base_url: the source is unavailable; check the address and the network"
        assert await connector.check() == [unavailable]
        api.refusal = Refusal(404, None)
        assert [problem.partition(")")[2] for problem in await connector.check()] == [
            " when it is asked for customers; ask it by hand",
            " when it is asked for orders; ask it by hand",
        ]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"token": "a\nb"}, "holds a line break"),
        ({"api_version": "2026-02"}, "is no version of the API; write the first month of a quarter"),
        ({"page_size": 251}, "less than or equal to 250"),
        ({"keys": {"ticket": ["email"]}}, "keys.ticket: shopify has no ticket by email; it has customer by customer_id"),
    ],
)
def test_settings_that_cannot_be_served(settings, message):
    """One wrong setting, one message."""
    expect_refused_settings(Shopify, message, **({"base_url": "https://a.myshopify.com"} | SETTINGS | settings))


def test_the_lookups_declare_what_the_documents_push_down():
    """An external id is one of Shopify's own."""
    connector = Shopify("shop", Shopify.settings_type.model_validate({"base_url": "https://a.myshopify.com"} | SETTINGS))
    for one in connector.lookups():
        by = KeyKind.CUSTOMER_ID if one.by is KeyKind.EXTERNAL_ID else one.by
        assert one.pushdown == connector._asked[one.record, by].pushdown


async def test_customers_come_and_go_while_they_are_listed():
    """Shopify's cursors name a place among the ids: who stays is listed once, by one call a page."""
    api = ShopifyApi()
    async with shopify(api) as connector:
        assert (first := await read_page(connector, None, 2))[0] == ["7001", "7002"]
        api.customers = [customer(number, None, None) for number in (7000, 7001, 7003, 7005, 7006)]
        assert (second := await read_page(connector, first[1], 2))[0] == ["7003", "7005"]
        assert await read_page(connector, second[1], 2) == (["7006"], None)
        assert await read_page(connector, first[1], 250) == (["7003", "7005", "7006"], None)
    assert len(api.requests) == 4


async def test_a_cursor_that_shopify_does_not_know():
    """It is the cursor that is refused, and no key."""
    async with shopify(ShopifyApi()) as connector:
        with pytest.raises(ListingCursorError):
            await read_page(connector, encode_cursor("graphql", "of-another-sort"), 2)


async def test_a_customer_consents_by_address_and_number():
    """By what Shopify says of each. Who never subscribed said nothing."""
    api = ShopifyApi()
    states = [("SUBSCRIBED", "2026-03-01T10:00:00Z"), ("UNSUBSCRIBED", "2026-04-01T10:00:00Z"), ("PENDING", None)]
    said = [{"marketingState": state, "marketingUpdatedAt": at} for state, at in states]
    ann, ben, cy = (api.customers[place] for place in (0, 1, 3))
    ann["defaultEmailAddress"] |= said[0]
    ann["defaultPhoneNumber"] |= said[1]
    cy["defaultEmailAddress"] |= said[2]
    async with gateway_to_shopify(api) as gateway:
        data = await gateway.data(
            """{ customers(by: [{id: "7001"}, {id: "7002"}, {id: "7003"}, {id: "7004"}]) {
              consents { channel purpose state source at } } }"""
        )
    assert [own["consents"] for own in data["customers"]] == [
        [
            {"channel": "EMAIL", "purpose": "marketing", "state": "GRANTED", "source": None, "at": "2026-03-01T10:00:00Z"},
            {"channel": "SMS", "purpose": "marketing", "state": "WITHDRAWN", "source": None, "at": "2026-04-01T10:00:00Z"},
        ],
        [],
        [],
        [{"channel": "EMAIL", "purpose": "marketing", "state": "UNKNOWN", "source": None, "at": None}],
    ]
    assert ben["defaultEmailAddress"]["marketingState"] == "NOT_SUBSCRIBED"
