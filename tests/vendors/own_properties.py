"""Custom properties of vendors that hold fields of one's own, on their servers, and the settings that name them."""

from datetime import datetime
from typing import Any

from tests.support.own_fields import CUSTOMER, EVENTS, ORDERS
from tests.vendors import hubspot, posthog, salesforce, segment, shopify, zendesk
from tests.vendors.hubspot import HubSpotApi
from tests.vendors.posthog import PostHogApi
from tests.vendors.salesforce import SalesforceApi
from tests.vendors.segment import Profile, SegmentApi
from tests.vendors.shopify import ShopifyApi, metafields
from tests.vendors.zendesk import ZendeskApi

OF_CUSTOMERS = {
    "club_name": "nick",
    "club_tier": "tier",
    "club_spend.amount": "spend",
    "club_spend.currency": "'EUR'",
    "club_vip": "vip",
    "club_visits": "visits",
    "club_score": "score",
    "club_since": "since",
    "club_hobbies": "hobbies",
}
"""Properties that are called as in `CUSTOMER`."""
HUBSPOT: dict[str, Any] = {
    "kind": "hubspot",
    "token": hubspot.TOKEN,
    "keys": {"customer": ["customer_id"], "ticket": ["customer_id"]},
    "fields": {
        "customer": OF_CUSTOMERS,
        "ticket": {"severity": "severity", "hours_spent": "hours", "parts_sent": "parts"},
    },
    "values": {"ticket": {"severity": {"sev_1": "FATAL"}}},
}
SALESFORCE: dict[str, Any] = {
    "kind": "salesforce",
    **salesforce.CLIENT,
    "keys": {"customer": ["customer_id"], "ticket": ["customer_id"]},
    "fields": {
        "customer": {
            field: name if name == "'EUR'" else "Account.tier__c" if name == "tier" else f"{name}__c"
            for field, name in OF_CUSTOMERS.items()
        },
        "ticket": {"severity": "Severity__c", "hours_spent": "Hours__c", "parts_sent": "Parts__c"},
    },
    "values": {"ticket": {"severity": {"1 - worst": "FATAL"}}},
}
ZENDESK: dict[str, Any] = {
    "kind": "zendesk",
    "token": zendesk.TOKEN,
    "email": zendesk.AGENT,
    "keys": {"customer": ["customer_id"], "ticket": ["customer_id"]},
    "fields": {
        "customer": OF_CUSTOMERS,
        "ticket": {"severity": "360000001", "hours_spent": "360000002", "parts_sent": "360000003"},
    },
    "values": {"ticket": {"severity": {"sev_1": "FATAL"}}},
}
SEGMENT: dict[str, Any] = {
    "kind": "segment",
    "space": segment.SPACE,
    "token": segment.TOKEN,
    "keys": {"customer": ["customer_id"], "event": ["customer_id"]},
    "fields": {
        "customer": OF_CUSTOMERS,
        "event": {"cart_value": "Cart value", "cart_kind": "kind", "country": "land", "paid": "ok"},
    },
}
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
    "keys": {"customer": ["customer_id"], "event": ["customer_id"]},
    "fields": {
        "customer": OF_CUSTOMERS,
        "event": {"cart_value": "Cart value", "cart_kind": "$kind", "country": "land", "paid": "ok"},
    },
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
    api.person(1, ["1"], **{name: value for name, value in CUSTOMER.items() if name != "id"})
    for number, row in enumerate(EVENTS):
        own = {"land": row["land"], "ok": row["ok"]}
        properties = {"Cart value": row["value"], "$kind": row["for"], "secret": "never read"} | own
        api.event(number, "1", datetime.fromisoformat(row["at"]), row["type"], properties)
    return api


def help_desk() -> ZendeskApi:
    """A help desk whose users and tickets have fields of their own."""
    api = ZendeskApi()
    own = {name: value for name, value in CUSTOMER.items() if name not in {"id", "name"}}
    api.users = [zendesk.user(1, None, None, name="Ann", user_fields=own)]
    values = {360000001: "sev_1", 360000002: "2.50", 360000003: ["lid", "handle"]}
    api.tickets = [
        zendesk.ticket(1, 1, 3, custom_fields=[{"id": id_, "value": value} for id_, value in values.items()]),
        zendesk.ticket(2, 1, 4, custom_fields=[{"id": id_, "value": None} for id_ in values]),
    ]
    return api


def space() -> SegmentApi:
    """A space whose profiles and events have traits and properties."""
    events = [
        segment.event(row["id"], row["at"], row["type"])
        | {"properties": {"Cart value": row["value"], "kind": row["for"], **row}}
        for row in EVENTS
    ]
    return SegmentApi([Profile([("user_id", "1")], {**CUSTOMER, "secret": "never read"}, events)])


def contacts() -> HubSpotApi:
    """A contact and tickets with properties, which are texts at HubSpot; the choices of several have `;` between them."""
    api = HubSpotApi()
    written = {name: str(value).lower() if value is True else str(value) for name, value in CUSTOMER.items() if name != "id"}
    api.contacts = [hubspot.contact(1, firstname="Ann", **(written | {"hobbies": "tea;chess"}))]
    values = {"severity": "sev_1", "hours": "2.50", "parts": "lid;handle"}
    api.tickets = [
        hubspot.ticket(1, [1], "2026-05-01T10:00:00Z", **values),
        hubspot.ticket(2, [1], "2026-05-02T10:00:00Z", **(dict.fromkeys(values) | {"hours": "1"})),
    ]
    return api


def org() -> SalesforceApi:
    """Contacts with custom fields, of which one stands with the account, and cases."""
    objects = salesforce.org()
    for contact in objects["Contact"]:
        own = CUSTOMER if contact["Id"] == salesforce.ANN else dict.fromkeys(CUSTOMER)
        contact |= {f"{name}__c": value for name, value in own.items()}
        contact["hobbies__c"] = "tea;chess"
    for account in objects["Account"]:
        account["tier__c"] = "Gold"
    for number, case in enumerate(objects["Case"]):
        case |= {"Severity__c": None if number else "1 - worst", "Hours__c": 2.5, "Parts__c": None if number else "lid;handle"}
    return SalesforceApi(objects)
