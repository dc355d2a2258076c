"""Read webhooks that the settings describe, for sources of any kind."""

from collections.abc import Sequence
from typing import Any

from connectors.contract import Change, WebhookRequest
from connectors.records import RECORDS, Record
from connectors.toolkit.webhook_signatures import expect_hmac, read, texts_at
from gateway.settings import WebhookSettings

PREFIX = "sha256="
"""What many sources write before the signature."""


def read_changes(settings: WebhookSettings, request: WebhookRequest) -> Sequence[Change]:
    """Read the changes of a body that is signed with HMAC-SHA256. Raises `WebhookSignatureError` or `WebhookBodyError`."""
    given = request.headers.get(settings.header, "").removeprefix(PREFIX)
    expect_hmac(given, settings.secret, request.body, encoding=settings.encoding)
    keys = texts_at(read(request, Any), settings.key)
    records: Sequence[type[Record] | None] = [RECORDS[name] for name in settings.records] or [None]
    return [Change(record, settings.by, key) for key in keys for record in records]
