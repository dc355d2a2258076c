"""Credentials that a vendor accepts no more: what callers, the log and operators are told, which is never the credentials."""

import pytest

from connectors.vendors.hubspot import HubSpot
from connectors.vendors.posthog import PostHog
from connectors.vendors.salesforce import Salesforce
from connectors.vendors.segment import Segment
from connectors.vendors.shopify import Shopify
from connectors.vendors.stripe import Stripe
from connectors.vendors.zendesk import Zendesk
from tests.vendors import salesforce, test_hubspot, test_posthog, test_segment, test_shopify, test_stripe, test_zendesk
from tests.vendors.api import expect_secrecy, gateway_to, opened
from tests.vendors.hubspot import HubSpotApi
from tests.vendors.posthog import project
from tests.vendors.segment import SegmentApi, space
from tests.vendors.shopify import ShopifyApi
from tests.vendors.stripe import StripeApi
from tests.vendors.zendesk import ZendeskApi

pytestmark = pytest.mark.vendors


def salesforce_api():
    return salesforce.SalesforceApi(salesforce.org())


def segment_api():
    return SegmentApi(space())


PRESETS = {
    HubSpot: (HubSpotApi, test_hubspot.SETTINGS, "token", 'id: "101"'),
    PostHog: (project, test_posthog.SETTINGS, "token", 'id: "c1"'),
    Salesforce: (salesforce_api, salesforce.SETTINGS, "client_secret", 'email: "ann@example.com"'),
    Segment: (segment_api, test_segment.SETTINGS, "token", 'id: "c1"'),
    Shopify: (ShopifyApi, test_shopify.SETTINGS, "token", 'email: "ann@example.com"'),
    Stripe: (StripeApi, test_stripe.SETTINGS, "token", 'id: "cus_Ann"'),
    Zendesk: (ZendeskApi, test_zendesk.ALL_KEYS, "token", 'id: "11"'),
}
"""The vendor's server, settings that it accepts and which of them is secret, the key of a customer."""
ADVICE = {Shopify: [f"it is wrong or revoked, or lacks the scope {scope}" for scope in ("read_customers", "read_orders")]}
"""What `check` says of refused credentials where a vendor does not tell them from those that lack a right."""


@pytest.mark.parametrize("kind", PRESETS, ids=lambda kind: kind.kind)
async def test_refused_credentials_are_told_and_never_shown(kind):
    """The code is for the operator; what the vendor wrote, with the credentials in it, is in no answer, log or problem."""
    make_api, settings, setting, key = PRESETS[kind]
    api = make_api()
    query = f"{{ customer(by: {{{key}}}) {{ name }} }}"
    async with gateway_to(kind, api, "vendor", **settings) as gateway:
        assert "errors" not in await gateway.ask(query)
    api.revoke()
    async with gateway_to(kind, api, "vendor", **settings) as gateway:
        answer = await expect_secrecy(gateway, query, settings[setting])
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], error["extensions"]["source"]) == ("SOURCE_AUTH", "vendor")
    async with opened(kind, api, "vendor", **settings) as connector:
        assert settings[setting] not in f"{connector.settings!r} {connector.settings}"
        refused = f"sources.vendor.{setting}: the source does not accept the gateway's credentials; "
        advice = ADVICE.get(kind, ["it is wrong, expired or revoked, so make a new one"])
        assert await connector.check() == [f"{refused}{words}" for words in advice]
