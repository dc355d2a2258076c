"""What a source says of its quota is remembered, as far as it can be read, and shown to who operates the gateway."""

import pytest

from connectors.toolkit.http_client import HttpClient, WebSettings
from connectors.vendors.hubspot.connector import HubSpot
from connectors.vendors.salesforce.connector import Salesforce
from connectors.vendors.zendesk.connector import Zendesk
from tests.support.http_bytes import framed, get, giving, serving_bytes


@pytest.mark.parametrize(
    ("kind", "line", "left"),
    [
        (Zendesk, "RateLimit-Remaining: 699", 699),
        (HubSpot, "X-HubSpot-RateLimit-Daily-Remaining: 249999", 249_999),
        (Salesforce, "Sforce-Limit-Info: api-usage=18/5000; per-app-api-usage=17/250(appName=sample)", 4_982),
        (Salesforce, "Sforce-Limit-Info: api-usage=5001/5000", 0),
        (Zendesk, "RateLimit-Remaining: many", None),
        (Zendesk, "X-Other: 1", None),
    ],
)
async def test_what_is_left_is_read_of_the_header_that_the_vendor_documents(kind, line: str, left: int | None) -> None:
    """Of the last answer that says it, also of one that refuses."""
    answers = giving(framed(b"[]", line), framed(b"[]"))
    async with serving_bytes(answers) as server:
        client = HttpClient(WebSettings(base_url=server.url), quota_field=kind.quota_field)
        await client.open({})
        try:
            assert client.quota_left is None
            await get(client, server)
            assert client.quota_left == left
            await get(client, server)
            assert client.quota_left == left
        finally:
            await client.aclose()


async def test_a_source_without_such_a_header_is_not_looked_at() -> None:
    """Whatever it says."""
    async with serving_bytes(giving(framed(b"[]", "RateLimit-Remaining: 699"))) as server:
        client = HttpClient(WebSettings(base_url=server.url))
        await client.open({})
        await get(client, server)
        await client.aclose()
        assert client.quota_left is None
