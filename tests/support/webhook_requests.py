"""A shop whose sources tell of changes: what the tests of webhooks share."""

import hmac
import json
from base64 import b64encode
from typing import Any

import httpx2

from tests.support.gateway_server import PLAINLY, Gateway

SECRET = "whsec_of_the_tests"


def hook(**words: Any) -> dict[str, Any]:
    """The settings of a webhook that names a customer."""
    return {"secret": SECRET, "key": "customer.id", "by": "customer_id"} | words


def sources_with(
    webhooks: dict[str, Any], cache_s: dict[str, float] | None = None, *others: str, **more: Any
) -> dict[str, Any]:
    """The settings of memory sources by name: those that tell of changes, and others."""
    common = {"kind": "memory", "cache_s": cache_s or {}, **PLAINLY, **more}
    return dict.fromkeys(others, common) | {name: common | {"webhook": webhook} for name, webhook in webhooks.items()}


def signed(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, "sha256").hexdigest()


def signed_in_base64(body: bytes) -> str:
    return b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()


async def tell(gateway: Gateway, source: str, body: Any, **headers: str) -> httpx2.Response:
    """Send a webhook, signed unless a header says otherwise."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {name: value.encode() for name, value in ({"x-signature": signed(content)} | headers).items()}
    return await gateway.client.post(f"/webhooks/{source}", content=content, headers=sent)


def of(customer: str) -> dict[str, Any]:
    return {"type": "customer.updated", "customer": {"id": customer}}
