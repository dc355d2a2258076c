"""Custom properties of vendors that hold fields of one's own, on their servers, and the settings that name them."""

from datetime import datetime
from typing import Any

from tests.support.own_fields import CUSTOMER, EVENTS, ORDERS
from tests.vendors import posthog, shopify
from tests.vendors.posthog import PostHogApi
from tests.vendors.shopify import ShopifyApi, metafields

SHOPIFY: dict[str, Any] = {
    "kind": "shopify",
    "token": shopify.TOKEN,
    "keys": {"customer": ["customer_id"], "order": ["customer_id"]},
    "fields": {
        "customer": {
            "club_name": "custom.nick",
            "club_tier": "custom.tier",
            "club_spend": "custom.spend",
            "club_vip": "custom.vip",
            "club_visits": "custom.visits",
            "club_score": "custom.score",
            "club_since": "custom.since",
            "club_hobbies": "custom.hobbies",
        },
        "order": {"gift_note": "custom.note", "wrapping": "custom.wrap", "packed_weight": "custom.weight"},
    },
}
POSTHOG: dict[str, Any] = {
    "kind": "posthog",
    "project": posthog.PROJECT,
    "token": posthog.TOKEN,
    "keys": {"event": ["customer_id"]},
    "fields": {"event": {"cart_value": "Cart value", "cart_kind": "$kind"}},
}


def shop() -> ShopifyApi:
    """A shop whose customer and orders have metafields."""
    api = ShopifyApi()
    lines = {"nodes": [{"sku": "s1", "name": "Teapot", "quantity": 1}], "pageInfo": {"hasNextPage": False}}
    none = {"nodes": [], "pageInfo": {"hasNextPage": False}}
    orders = [
        shopify.order(int(row["id"]), row["at"], "UNFULFILLED", "PAID", lineItems=lines if row["id"] == "1" else none)
        | metafields(note=row["note"], wrap=row["wrap"], weight=row["weight"])
        for row in ORDERS
    ]
    own = CUSTOMER | {"spend": {"amount": CUSTOMER["spend"], "currency_code": "EUR"}}
    api.customers = [shopify.customer(1, None, None, displayName="Ann", orders=orders, **metafields(**own))]
    return api


def visits() -> PostHogApi:
    """A project whose events have properties."""
    api = PostHogApi()
    api.person(1, ["1"])
    for number, row in enumerate(EVENTS):
        properties = {"Cart value": row["value"], "$kind": row["for"], "secret": "never read"}
        api.event(number, "1", datetime.fromisoformat(row["at"]), row["type"], properties)
    return api
