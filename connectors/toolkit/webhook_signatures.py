"""Check the signatures of vendors' webhooks and read their bodies.

Each `expect_...` raises `WebhookSignatureError` unless the request was signed with the secret and, where the vendor signs a
time, within five minutes. Signatures are compared in constant time.
"""

import hmac
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

import msgspec
from pydantic import SecretStr

from connectors.contract import WebhookRequest
from connectors.errors import WebhookBodyError, WebhookSignatureError
from connectors.toolkit.converters import decode_exactly

TOLERANCE = timedelta(minutes=5)
"""How far the time of a signature may be from ours. What is sent again later is a replay."""

Encoding = Literal["hex", "base64"]
T = TypeVar("T")

_MAX_DIGITS = 15


def expect_hmac(
    given: str | None, secret: SecretStr, message: bytes, *, algorithm: str = "sha256", encoding: Encoding = "hex"
) -> None:
    """The signature `given` is the HMAC (RFC 2104) of a message."""
    if not given:
        raise WebhookSignatureError("the signature is missing")
    if not _is_hmac(given, secret, message, algorithm, encoding):
        raise WebhookSignatureError("the signature does not fit")


def expect_hubspot(request: WebhookRequest, secret: SecretStr, url: str, now: datetime) -> None:
    """Check version 3 of HubSpot's signatures.

    The client secret of the app makes them. `url` is the address that HubSpot calls.
    """
    time = request.headers.get("x-hubspot-request-timestamp", "")
    _expect_recent(_since_1970(time, per_second=1000), now)
    message = f"{request.method}{url}".encode("utf-8", "replace") + request.body + time.encode()
    expect_hmac(request.headers.get("x-hubspot-signature-v3"), secret, message, encoding="base64")


def expect_shopify(request: WebhookRequest, secret: SecretStr) -> None:
    """Shopify's signature, made with the client secret of the app. It has no time."""
    expect_hmac(request.headers.get("x-shopify-hmac-sha256"), secret, request.body, encoding="base64")


def expect_stripe(request: WebhookRequest, secret: SecretStr, now: datetime) -> None:
    """Stripe's signature, `t=1700000000,v1=...,v1=...`: one for each secret while one replaces another."""
    parts = [part.strip().partition("=") for part in request.headers.get("stripe-signature", "").split(",")]
    time = next((value for name, _, value in parts if name == "t"), "")
    _expect_recent(_since_1970(time), now)
    message = f"{time}.".encode() + request.body
    signatures = [value for name, _, value in parts if name == "v1"]
    if not any(_is_hmac(value, secret, message) for value in signatures):
        raise WebhookSignatureError("the signature does not fit")


def expect_zendesk(request: WebhookRequest, secret: SecretStr, now: datetime) -> None:
    """Zendesk's signature, made with the signing secret of the webhook."""
    time = request.headers.get("x-zendesk-webhook-signature-timestamp", "")
    _expect_recent(_iso(time), now)
    message = time.encode("utf-8", "replace") + request.body
    expect_hmac(request.headers.get("x-zendesk-webhook-signature"), secret, message, encoding="base64")


def expect_segment(request: WebhookRequest, secret: SecretStr) -> None:
    """Segment's signature, made with the shared secret of the destination. It has no time, and covers no batch of events."""
    expect_hmac(request.headers.get("x-signature"), secret, request.body, algorithm="sha1")


def read(request: WebhookRequest, kind: type[T]) -> T:
    """Read the body as JSON of a kind. Its fields may be named in an answer. Raises `WebhookBodyError`."""
    try:
        parsed: T = decode_exactly(request.body, kind)
    except msgspec.ValidationError as error:
        raise WebhookBodyError(f"the body: {error}") from None
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise WebhookBodyError("the body is not JSON") from None
    return parsed


def texts_at(document: Any, path: str) -> list[str]:
    """List the texts, or whole numbers as texts, at a dotted path. Where there is a list, all of its elements count.

    Raises `WebhookBodyError`.
    """
    here = _elements([document])
    for name in path.split("."):
        if not all(isinstance(node, dict) and name in node for node in here):
            raise WebhookBodyError(f"the body has no `{path}`")
        here = _elements([node[name] for node in here])
    if not all(isinstance(node, str | int) and not isinstance(node, bool) for node in here):
        raise WebhookBodyError(f"`{path}` of the body is neither text nor a whole number")
    return [str(node) for node in here]


def _elements(values: list[Any]) -> list[Any]:
    return [inner for value in values for inner in (value if isinstance(value, list) else [value])]


def _is_hmac(given: str, secret: SecretStr, message: bytes, algorithm: str = "sha256", encoding: Encoding = "hex") -> bool:
    digest = hmac.digest(secret.get_secret_value().encode(), message, algorithm)
    expected = digest.hex().encode() if encoding == "hex" else b64encode(digest)
    return hmac.compare_digest(expected, given.encode("utf-8", "replace"))


def _expect_recent(time: datetime | None, now: datetime) -> None:
    if time is None:
        raise WebhookSignatureError("the time of the signature is missing")
    if abs(now - time) > TOLERANCE:
        raise WebhookSignatureError("the signature is not of the last five minutes")


def _since_1970(text: str, per_second: int = 1) -> datetime | None:
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        return None
    try:
        return datetime.fromtimestamp(int(text) / per_second, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _iso(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo is not None else None
