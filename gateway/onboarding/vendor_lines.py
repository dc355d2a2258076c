"""Give the lines of a vendor's preset, for the address of an account there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

_HOSTS: Mapping[str, str] = {
    "hubspot": r"(?:^|\.)(?:hubspot\.com|hubapi\.com)$",
    "salesforce": r"(?:^|\.)(?:salesforce\.com|force\.com)$",
    "zendesk": r"(?:^|\.)zendesk\.com$",
    "shopify": r"(?:^|\.)(?:myshopify\.com|shopify\.com)$",
    "stripe": r"(?:^|\.)stripe\.com$",
    "segment": r"(?:^|\.)(?:segment\.com|segmentapis\.com)$",
    "posthog": r"(?:^|\.)posthog\.com$",
}
_LINES: Mapping[str, str] = {
    "hubspot": """\
[sources.crm]
kind = "hubspot"
token = "${HUBSPOT_TOKEN}"
keys = { customer = ["customer_id", "email", "text"], ticket = ["customer_id"] }""",
    "salesforce": """\
[sources.crm]
kind = "salesforce"
base_url = "https://HOST"
client_id = "${SALESFORCE_CLIENT_ID}"
client_secret = "${SALESFORCE_CLIENT_SECRET}"
keys = { customer = ["customer_id", "email"], ticket = ["customer_id"] }""",
    "zendesk": """\
[sources.support]
kind = "zendesk"
base_url = "https://HOST"
email = "${ZENDESK_EMAIL}"
token = "${ZENDESK_TOKEN}"
keys = { customer = ["email"], ticket = ["email"] }""",
    "shopify": """\
[sources.shop]
kind = "shopify"
base_url = "https://HOST"
token = "${SHOPIFY_TOKEN}"
keys = { customer = ["customer_id", "email"], order = ["customer_id"] }""",
    "stripe": """\
[sources.payments]
kind = "stripe"
token = "${STRIPE_KEY}"
keys = { customer = ["email"], order = ["email"] }""",
    "segment": """\
[sources.behaviour]
kind = "segment"
space = "${SEGMENT_SPACE}"
token = "${SEGMENT_TOKEN}"
keys = { customer = ["customer_id"], event = ["customer_id"] }""",
    "posthog": """\
[sources.behaviour]
kind = "posthog"
project = 12345
token = "${POSTHOG_TOKEN}"
keys = { event = ["customer_id"] }""",
}


def vendor_of(url: str) -> str | None:
    """Name the vendor whose account an address is, or that is named itself. None for another."""
    if url.lower() in _LINES:
        return url.lower()
    host = (urlsplit(url).hostname or "") if "://" in url else url.partition("/")[0].lower()
    return next((vendor for vendor, pattern in _HOSTS.items() if re.search(pattern, host)), None)


def preset_lines(url: str) -> list[str]:
    """Write the lines of a vendor's preset. What they need stands in docs/presets.md."""
    vendor = vendor_of(url)
    assert vendor is not None
    host = urlsplit(url).hostname or f"example.{vendor}.com"
    return _LINES[vendor].replace("HOST", host).splitlines()
