"""Three presets in one settings file, asked over HTTP: what each knows of a customer comes together."""

from contextlib import AsyncExitStack

import pytest

from gateway.settings import parse_settings
from tests.support.gateway_server import served
from tests.support.http_source import serving
from tests.vendors import hubspot, posthog, salesforce, segment, shopify, stripe, zendesk

pytestmark = [pytest.mark.vendors, pytest.mark.journey]

QUERY = """{
    customer(by: {email: "ann.work@example.org"}) {
        name company { name }
        orders(first: 2) { nodes { id total { amount currency } } }
        tickets(first: 2) { nodes { id subject messages { body } } }
        timeline(first: 3) { nodes { __typename ... on Order { id } ... on Ticket { id } } }
        orderStatistics { count }
        sources { name state }
    }
}"""


async def test_three_vendors_tell_of_one_customer():
    """HubSpot finds her by a secondary address and knows her id at Stripe; Zendesk knows one of her addresses."""
    apis = {"crm": hubspot.HubSpotApi(), "payments": stripe.StripeApi(), "support": zendesk.ZendeskApi()}
    own = {
        "crm": {
            "kind": "hubspot",
            "token": hubspot.TOKEN,
            "keys": {"customer": ["email"]},
            "external_ids": {"payments": "stripe_id"},
        },
        "payments": {"kind": "stripe", "token": stripe.TOKEN, "keys": {"order": ["external_id"]}},
        "support": {"kind": "zendesk", "token": zendesk.TOKEN, "email": zendesk.AGENT, "keys": {"ticket": ["email"]}},
    }
    async with AsyncExitStack() as stack:
        for name, api in apis.items():
            own[name]["base_url"] = await stack.enter_async_context(serving(api.answer))
        gateway = await stack.enter_async_context(served(parse_settings({"sources": own})))
        data = await gateway.data(QUERY)
    customer = data["customer"]
    assert customer["name"] == "Ann Archer"
    assert customer["company"] == {"name": "Archer & Co"}
    assert customer["orders"]["nodes"] == [
        {"id": "payments:ch_7", "total": {"amount": "300.00", "currency": "MXN"}},
        {"id": "payments:ch_5", "total": {"amount": "7.00", "currency": "UGX"}},
    ]
    assert [one["id"] for one in customer["tickets"]["nodes"]] == ["support:503", "support:502"]
    assert [one["id"] for one in customer["timeline"]["nodes"]] == ["support:503", "support:502", "support:501"]
    assert customer["orderStatistics"] == {"count": 6}
    assert {(one["name"], one["state"]) for one in customer["sources"]} == {
        *((name, "FRESH") for name in own),
    }
    assert len(apis["crm"].requests) == 2
    assert sum("search" in line for line in apis["support"].requests) == 3 * 2
    assert all("customer=cus_Ann" in line for line in apis["payments"].requests)


async def test_what_two_vendors_saw_is_one_list_of_events():
    """Salesforce knows her and her cases; Segment and PostHog know her address, and what she did there is merged by time."""
    apis = {
        "crm": salesforce.SalesforceApi(salesforce.org()),
        "site": segment.SegmentApi(segment.space()),
        "app": posthog.project(),
    }
    own = {
        "crm": {
            "kind": "salesforce",
            **salesforce.CLIENT,
            "keys": {"customer": ["email"], "ticket": ["customer_id"]},
        },
        "site": {"kind": "segment", "space": segment.SPACE, "token": segment.TOKEN, "keys": {"event": ["email"]}},
        "app": {"kind": "posthog", "project": posthog.PROJECT, "token": posthog.TOKEN, "keys": {"event": ["email"]}},
    }
    async with AsyncExitStack() as stack:
        for name, api in apis.items():
            own[name]["base_url"] = await stack.enter_async_context(serving(api.answer))
        gateway = await stack.enter_async_context(served(parse_settings({"sources": own})))
        data = await gateway.data(
            """{ customer(by: {email: "ann@example.com"}) {
                name
                tickets(first: 1) { nodes { subject } }
                events(first: 4) { totalCount nodes { type } pageInfo { endCursor } }
                timeline(first: 2) { nodes { __typename } }
            } }"""
        )
        customer = data["customer"]
        after = customer["events"]["pageInfo"]["endCursor"]
        more = await gateway.data(
            f'{{ customer(by: {{email: "ann@example.com"}}) {{ events(first: 9, after: "{after}") {{ nodes {{ type }} }} }} }}'
        )
    assert customer["name"] == "Ann Archer"
    assert customer["tickets"]["nodes"] == [{"subject": "Which colour?"}]
    assert customer["timeline"]["nodes"] == [{"__typename": "Ticket"}, {"__typename": "Ticket"}]
    assert customer["events"]["totalCount"] == 8
    seen = [*customer["events"]["nodes"], *more["customer"]["events"]["nodes"]]
    assert [one["type"] for one in seen] == [
        *("Order Completed", "purchase", "$pageview", "added to cart"),
        *("page", "Product Added", "Product Viewed", "$pageview"),
    ]


async def test_the_newest_of_two_vendors_says_where_a_customer_lives():
    """Each says when a record was changed: Salesforce a day after Shopify, and then a day before."""
    crm, shop = salesforce.SalesforceApi(salesforce.org()), shopify.ShopifyApi()
    shop.customers[0]["defaultAddress"]["city"] = "Leeds"
    own = {
        "shop": {"kind": "shopify", "token": shopify.TOKEN, "keys": {"customer": ["email"]}},
        "crm": {"kind": "salesforce", **salesforce.CLIENT, "keys": {"customer": ["email"]}},
    }
    query = '{ customer(by: {email: "ann@example.com"}) { birthDate updatedAt address { city } } }'
    async with AsyncExitStack() as stack:
        for name, api in (("shop", shop), ("crm", crm)):
            own[name]["base_url"] = await stack.enter_async_context(serving(api.answer))
        settings = {"sources": own, "customer": {"priority": ["shop", "crm"], "fields": {"address": "newest"}}}
        gateway = await stack.enter_async_context(served(parse_settings(settings)))
        before = await gateway.data(query)
        shop.customers[0]["updatedAt"] = "2026-05-03T00:00:00Z"
        after = await gateway.data(query)
    assert before["customer"]["address"] == {"city": "London"}
    assert after["customer"]["address"] == {"city": "Leeds"}
    assert before["customer"]["birthDate"] == after["customer"]["birthDate"] == "1985-03-12"


@pytest.mark.cases
async def test_an_address_with_capitals_joins_what_two_vendors_know():
    """Both have it as she wrote it, and it finds her orders, each once, whoever compares letters as they are."""
    apis = {"crm": hubspot.HubSpotApi(), "payments": stripe.StripeApi()}
    apis["crm"].contacts.append(hubspot.contact(107, firstname="Cleo", email="Cleo@Example.com"))
    apis["payments"].charges = [stripe.charge("ch_1", "cus_Cleo", 1, 1200), stripe.charge("ch_2", "cus_Cleo", 2, 300)]
    keys = {"crm": {"customer": ["customer_id"]}, "payments": {"order": ["email"]}}
    own = {
        "crm": {"kind": "hubspot", "token": hubspot.TOKEN, "keys": keys["crm"]},
        "payments": {"kind": "stripe", "token": stripe.TOKEN, "keys": keys["payments"]},
    }
    async with AsyncExitStack() as stack:
        for name, api in apis.items():
            own[name]["base_url"] = await stack.enter_async_context(serving(api.answer))
        gateway = await stack.enter_async_context(served(parse_settings({"sources": own})))
        data = await gateway.data(
            '{ customer(by: {id: "107"}) { orders { totalCount } orderStatistics { count total { amount } } } }'
        )
    assert data["customer"] == {
        "orders": {"totalCount": 2},
        "orderStatistics": {"count": 2, "total": [{"amount": "15.00"}]},
    }
