"""What vendors tell by webhooks, in the form of their documentation, and signed by their schemes."""

import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime

import pytest

from connectors.contract import Change, KeyKind, WebhookRequest
from connectors.errors import NoWebhookError, WebhookBodyError, WebhookSignatureError
from connectors.records import Customer, Event, Order, Ticket
from connectors.vendors.hubspot import HubSpot
from connectors.vendors.segment import Segment
from connectors.vendors.stripe import Stripe
from connectors.vendors.zendesk import Zendesk

pytestmark = pytest.mark.vendors

NOW = datetime(2026, 7, 1, tzinfo=UTC)
SECRET = "whsec_of_the_tests"
URL = "https://profiles.example.com/webhooks/vendor"
BY_ID = {"customer": ["customer_id"]}
HUBSPOT = {"token": "t", "keys": BY_ID, "webhook_url": URL}
STRIPE = {"token": "t", "keys": BY_ID}
STRIPE_ELSEWHERE = {"token": "t", "keys": {"order": ["email", "external_id"]}}
ZENDESK = {"base_url": "https://acme.zendesk.com", "token": "t", "keys": {"ticket": ["customer_id"]}}
SEGMENT = {"space": "s", "token": "t", "keys": BY_ID}


def mac(message: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.digest(SECRET.encode(), message, algorithm)


def headers_of(kind, body: bytes) -> dict[str, str]:
    if kind is HubSpot:
        signed = f"POST{URL}".encode() + body + b"1782864000000"
        signature = b64encode(mac(signed)).decode()
        return {"x-hubspot-signature-v3": signature, "x-hubspot-request-timestamp": "1782864000000"}
    if kind is Stripe:
        return {"stripe-signature": f"t=1782864000,v1={mac(b'1782864000.' + body).hex()}"}
    if kind is Zendesk:
        time = "2026-07-01T00:00:00Z"
        signature = b64encode(mac(time.encode() + body)).decode()
        return {"x-zendesk-webhook-signature": signature, "x-zendesk-webhook-signature-timestamp": time}
    return {"x-signature": mac(body, "sha1").hex()}


def vendor(kind, settings, **more):
    return kind("vendor", kind.settings_type.model_validate(settings | more))


def told(kind, document) -> WebhookRequest:
    body = json.dumps(document).encode()
    return WebhookRequest(method="POST", path="/webhooks/vendor", headers=headers_of(kind, body), body=body)


def user(**detail):
    return {"type": "zen:event-type:user.name_changed", "detail": {"id": "71"} | detail, "subject": "zen:user:71"}


def ticket(**detail):
    return {"type": "zen:event-type:ticket.status_changed", "detail": {"id": "5"} | detail, "subject": "zen:ticket:5"}


def by_id(record, *ids):
    return [Change(record, KeyKind.CUSTOMER_ID, id_) for id_ in ids]


def elsewhere(record, id_):
    return [Change(record, KeyKind.EXTERNAL_ID, f"vendor:{id_}")]


CASES = [
    (HubSpot, HUBSPOT, [{"subscriptionType": "contact.propertyChange", "objectId": 17}], by_id(Customer, "17")),
    (HubSpot, HUBSPOT, [{"subscriptionType": "object.creation", "objectTypeId": "0-1", "objectId": 17}], by_id(Customer, "17")),
    (HubSpot, HUBSPOT, [{"subscriptionType": "deal.creation", "objectId": 9}], []),
    (
        HubSpot,
        HUBSPOT,
        [{"subscriptionType": "contact.merge", "primaryObjectId": 1, "mergedObjectIds": [2], "newObjectId": 3}],
        by_id(Customer, "1", "2", "3"),
    ),
    (Stripe, STRIPE, {"data": {"object": {"object": "customer", "id": "cus_1"}}}, by_id(Customer, "cus_1")),
    (Stripe, STRIPE, {"data": {"object": {"object": "charge", "id": "ch_1", "customer": "cus_1"}}}, by_id(Order, "cus_1")),
    (Stripe, STRIPE, {"data": {"object": {"object": "charge", "id": "ch_1", "customer": None}}}, []),
    (Stripe, STRIPE, {"data": {"object": {"object": "payout"}}}, []),
    (
        Stripe,
        STRIPE_ELSEWHERE,
        {"data": {"object": {"object": "charge", "id": "ch_1", "customer": "cus_1"}}},
        elsewhere(Order, "cus_1"),
    ),
    (Zendesk, ZENDESK, user(external_id="c1"), by_id(None, "71")),
    (Zendesk, ZENDESK, ticket(requester_id="71"), by_id(Ticket, "71")),
    (Zendesk, ZENDESK, ticket(), []),
    (Zendesk, ZENDESK | {"customer_id": "external_id"}, user(external_id="c1"), by_id(None, "c1")),
    (Zendesk, ZENDESK | {"customer_id": "external_id"}, user(), elsewhere(None, "71")),
    (Zendesk, ZENDESK | {"customer_id": "external_id"}, ticket(requester_id="71"), elsewhere(Ticket, "71")),
    (Segment, SEGMENT, {"type": "track", "userId": "c1", "anonymousId": "d1"}, by_id(Event, "c1")),
    (Segment, SEGMENT, {"type": "identify", "userId": "c1"}, by_id(None, "c1")),
    (Segment, SEGMENT, {"type": "page", "userId": None, "anonymousId": "d1"}, [Change(Event, KeyKind.DEVICE_ID, "d1")]),
    (Segment, SEGMENT, {"type": "alias"}, []),
]


@pytest.mark.parametrize(("kind", "settings", "document", "changes"), CASES)
def test_a_vendor_tells_whose_data_has_changed(kind, settings, document, changes):
    """By its own id of the customer, where that is the customer's id, or as an id at this source."""
    connector = vendor(kind, settings, webhook_secret=SECRET)
    assert connector.changes(told(kind, document), NOW) == changes


@pytest.mark.parametrize(("kind", "settings"), [(HubSpot, HUBSPOT), (Stripe, STRIPE), (Zendesk, ZENDESK), (Segment, SEGMENT)])
def test_what_the_vendor_did_not_sign_is_refused(kind, settings):
    """Without a secret there is no webhook; another secret does not fit; what is signed and no event cannot be read."""
    with pytest.raises(NoWebhookError):
        vendor(kind, settings).changes(told(kind, {}), NOW)
    with pytest.raises(WebhookSignatureError):
        vendor(kind, settings, webhook_secret="whsec_of_others").changes(told(kind, {}), NOW)
    for odd in ("c1", 7, [7], {"data": 7, "detail": 7, "userId": 7}):
        with pytest.raises(WebhookBodyError):
            vendor(kind, settings, webhook_secret=SECRET).changes(told(kind, odd), NOW)


def test_hubspot_needs_the_address_that_it_signs():
    """The setting is named."""
    with pytest.raises(ValueError, match="webhook_url: HubSpot signs the address"):
        vendor(HubSpot, HUBSPOT, webhook_url="", webhook_secret=SECRET)
