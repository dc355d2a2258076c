"""How vendors sign webhooks. The signatures here were made with openssl: `printf BODY | openssl dgst -sha256 -hmac SECRET`."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors.contract import WebhookRequest
from connectors.errors import WebhookBodyError, WebhookSignatureError
from connectors.toolkit.webhook_signatures import (
    expect_hubspot,
    expect_segment,
    expect_shopify,
    expect_stripe,
    expect_zendesk,
    read,
    texts_at,
)

NOW = datetime(2026, 7, 1, tzinfo=UTC)
SECRET = SecretStr("whsec_of_the_tests")
BODY = b'{"customer":{"id":"c1"}}'
URL = "https://profiles.example.com/webhooks/crm"

SCHEMES = {
    "hubspot": (
        lambda request, secret, now: expect_hubspot(request, secret, URL, now),
        {
            "x-hubspot-signature-v3": "YfcxoSsWyUudQqzJO80MG3J2NYwX26/KAtVsBV/gyak=",
            "x-hubspot-request-timestamp": "1782864000000",
        },
    ),
    "shopify": (
        lambda request, secret, now: expect_shopify(request, secret),
        {"x-shopify-hmac-sha256": "24pCGk2EfjldXSE2rVw/sr06MMYaWSwPsIDUxoWfMd4="},
    ),
    "stripe": (
        expect_stripe,
        {"stripe-signature": "t=1782864000,v1=389162cda2d9957a645fcd20aeef9952e31280ea8a8a44a3b1328a356e976719,v0=00"},
    ),
    "zendesk": (
        expect_zendesk,
        {
            "x-zendesk-webhook-signature": "oHPpKL6LycvJffAhil9XBbp0chiA01/S+7yoK6qGtY0=",
            "x-zendesk-webhook-signature-timestamp": "2026-07-01T00:00:00Z",
        },
    ),
    "segment": (
        lambda request, secret, now: expect_segment(request, secret),
        {"x-signature": "4783dd641633b8a2e24b7445aceaeff8827ef684"},
    ),
}
TIMED = ["hubspot", "stripe", "zendesk"]
MADE_OF_ANYTHING = st.text() | st.sampled_from([value for _, headers in SCHEMES.values() for value in headers.values()])


def told(headers: dict[str, str], body: bytes = BODY) -> WebhookRequest:
    return WebhookRequest(method="POST", path="/webhooks/crm", headers=headers, body=body)


@pytest.mark.parametrize("vendor", SCHEMES)
def test_what_the_vendor_signed_is_taken(vendor):
    """The signature fits, also when the clocks are nearly five minutes apart."""
    expect, headers = SCHEMES[vendor]
    for apart in (timedelta(0), timedelta(minutes=5), timedelta(minutes=-5)):
        expect(told(headers), SECRET, NOW + apart)


@pytest.mark.parametrize("vendor", SCHEMES)
def test_what_was_tampered_with_is_not(vendor):
    """Another body, another secret, another signature, and none at all."""
    expect, headers = SCHEMES[vendor]
    cases = [
        (told(headers, BODY.replace(b"c1", b"c2")), SECRET),
        (told(headers, b""), SECRET),
        (told(headers), SecretStr("whsec_of_others")),
        (told({name: value.replace("=", "A").replace("4", "5") for name, value in headers.items()}), SECRET),
        (told({}), SECRET),
    ]
    for request, secret in cases:
        with pytest.raises(WebhookSignatureError):
            expect(request, secret, NOW)


@pytest.mark.parametrize("vendor", TIMED)
def test_what_is_sent_again_later_is_not(vendor):
    """A second beyond five minutes, in either direction, the signature is too old."""
    expect, headers = SCHEMES[vendor]
    for apart in (timedelta(minutes=5, seconds=1), timedelta(minutes=-5, seconds=-1)):
        with pytest.raises(WebhookSignatureError, match="not of the last five minutes"):
            expect(told(headers), SECRET, NOW + apart)


@pytest.mark.parametrize("vendor", TIMED)
def test_a_time_is_signed_as_well(vendor):
    """The old signature with a new time does not fit."""
    expect, headers = SCHEMES[vendor]
    newer = {name: value.replace("1782864000", "1782864100").replace("T00:00", "T00:01") for name, value in headers.items()}
    assert newer != headers
    with pytest.raises(WebhookSignatureError, match="does not fit"):
        expect(told(newer), SECRET, NOW)


def test_the_method_and_the_address_are_signed_by_hubspot():
    """The same body under another address was meant for somebody else."""
    headers = SCHEMES["hubspot"][1]
    with pytest.raises(WebhookSignatureError):
        expect_hubspot(told(headers), SECRET, "https://profiles.example.com/webhooks/erp", NOW)
    with pytest.raises(WebhookSignatureError):
        expect_hubspot(msgspec.structs.replace(told(headers), method="PUT"), SECRET, URL, NOW)


def test_one_of_several_signatures_of_stripe_is_enough():
    """While one secret replaces another there is a signature for each."""
    header = SCHEMES["stripe"][1]["stripe-signature"]
    expect_stripe(told({"stripe-signature": header.replace("v1=", f"v1={'0' * 64},v1=")}), SECRET, NOW)
    with pytest.raises(WebhookSignatureError, match="does not fit"):
        expect_stripe(told({"stripe-signature": header.replace("v1=", "v0=")}), SECRET, NOW)


@pytest.mark.parametrize(
    "time", ["", "soon", "-5", "1e9", "٣", "9" * 15, "9" * 400, "2026-07-01T00:00:00", "0001-01-01T00:00+23:59"]
)
@pytest.mark.parametrize("vendor", TIMED)
def test_a_time_that_is_none_is_refused(vendor, time):
    """No number, one without an end, no time zone: the signature is of no known time."""
    expect, headers = SCHEMES[vendor]
    odd = {
        name: f"t={time},v1=00" if name == "stripe-signature" else time if "timestamp" in name else value
        for name, value in headers.items()
    }
    with pytest.raises(WebhookSignatureError, match=r"time|minutes"):
        expect(told(odd), SECRET, NOW)


@given(st.sampled_from(sorted(SCHEMES)), st.data(), st.binary(max_size=50))
def test_no_headers_and_no_body_raise_anything_else(vendor, data, body):
    """Whatever comes, it is signed or it is not."""
    expect, headers = SCHEMES[vendor]
    odd = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(headers, MADE_OF_ANYTHING)))
    with suppress(WebhookSignatureError):
        expect(told(odd, body), SECRET, NOW)


@pytest.mark.parametrize(
    ("document", "path", "texts"),
    [
        ({"customer": {"id": "c1"}}, "customer.id", ["c1"]),
        ({"id": 17}, "id", ["17"]),
        ([{"id": 1}, {"id": "c2"}], "id", ["1", "c2"]),
        ({"events": [{"who": {"ids": ["a", "b"]}}, {"who": {"ids": []}}]}, "events.who.ids", ["a", "b"]),
        ([], "id", []),
    ],
)
def test_keys_are_read_where_the_path_leads(document, path, texts):
    """Texts and whole numbers; of a list, all elements."""
    assert texts_at(document, path) == texts


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "the body has no `customer.id`"),
        ("c1", "the body has no `customer.id`"),
        ([{"customer": {"id": "c1"}}, {"customer": {}}], "the body has no `customer.id`"),
        ({"customer": None}, "the body has no `customer.id`"),
        ({"customer": {"id": None}}, "`customer.id` of the body is neither text nor a whole number"),
        ({"customer": {"id": True}}, "`customer.id` of the body is neither text nor a whole number"),
        ({"customer": {"id": 1.5}}, "`customer.id` of the body is neither text nor a whole number"),
        ({"customer": {"id": {"id": "c1"}}}, "`customer.id` of the body is neither text nor a whole number"),
    ],
)
def test_a_body_without_the_key_is_named(document, message):
    """By the path, which is ours; nothing of the body is in the message."""
    with pytest.raises(WebhookBodyError) as caught:
        texts_at(document, "customer.id")
    assert str(caught.value) == message


class Event(msgspec.Struct):
    object_id: int


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b"", Any, "the body is not JSON"),
        (b"ada@example.com", Any, "the body is not JSON"),
        (b"\xff", Any, "the body is not JSON"),
        (b"[" * 100_000, Any, "the body is not JSON"),
        (b"{}", Event, "the body: Object missing required field `object_id`"),
        (b'{"object_id": "ada"}', Event, "the body: Expected `int`, got `str` - at `$.object_id`"),
    ],
)
def test_a_body_that_cannot_be_read_is_named(body, kind, message):
    """By what is missing; nothing of the body is in the message."""
    with pytest.raises(WebhookBodyError) as caught:
        read(told({}, body), kind)
    assert str(caught.value) == message


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("ab"), inner),
    )
)
def test_no_document_raises_anything_else(document):
    """Keys are found or they are not."""
    with suppress(WebhookBodyError):
        assert all(isinstance(text, str) for text in texts_at(document, "a.b"))


@given(st.binary())
def test_no_body_raises_anything_else(body):
    """It is JSON or it is not."""
    with suppress(WebhookBodyError):
        read(told({}, body), Any)
