"""From a request to MongoDB and back: what a gateway with [audit] writes is verified, and shows who was told of whom."""

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.audit.reader import AuditReader
from gateway.settings import MongoSettings
from gateway.store.store import Store
from tests.access.test_tokens import Issuer, settings_of
from tests.support.audit_trails import SECRET, verify
from tests.support.fixtures_mongodb import HandClock
from tests.support.gateway_server import gateway_on
from tests.support.http_source import serving
from tests.views.test_customer_rights import sources

pytestmark = pytest.mark.mongodb

NAME = '{ customer(by: {id: "c1"}) { name } other: customer(by: {email: "nobody@example.com"}) { name } }'
LOG = '{ customer(by: {id: "c1"}) { accessLog { nodes { caller fieldClasses } } } }'


async def test_what_was_asked_is_found_again(mongodb_settings: MongoSettings, hand_clock: HandClock, tmp_path: Path):
    """By the caller who may read the log, with an HMAC for each end user. No id, no key and no user is in the chain."""
    issuer, spool = Issuer(hand_clock), tmp_path / "spool"
    spool.mkdir()
    async with serving(issuer.answer) as base_url:
        words: dict[str, Any] = {
            "mongodb": mongodb_settings.model_dump(),
            "audit": {"key": SECRET, "spool": str(spool), "user_claim": "sub"},
            "access": {"issuers": {"id": settings_of(base_url)}},
            "callers": {"console": {"access_log": True}},
        }
        async with gateway_on(sources(), with_clock=hand_clock, **words) as gateway:
            for user in ("u1", "u2", "u1"):
                assert (await gateway.ask(NAME, authorization=f"Bearer {issuer.token(sub=user)}"))["data"]["customer"]
        async with gateway_on(sources(), with_clock=hand_clock, **words) as gateway:
            answer = await gateway.ask(LOG, authorization=f"Bearer {issuer.token()}")
    nodes = answer["data"]["customer"]["accessLog"]["nodes"]
    assert nodes == 3 * [{"caller": "console", "fieldClasses": ["personal"]}]
    store = Store(mongodb_settings, hand_clock)
    await store.open()
    try:
        found = await AuditReader(store.audit_accesses).accesses(["crm:c1"], first=10, before=None)
        links = [own for chain in await store.audit_links.list_chains() async for own in store.audit_links.read(chain)]
        verified = await verify(store, spool, hand_clock)
    finally:
        await store.aclose()
    assert sorted(Counter(own.user for own in found).values()) == [1, 3]
    assert verified.findings == []
    written = msgspec.json.encode([own.link for own in links]).decode()
    assert "console" in written
    for value in ("u1", "nobody@example.com", "crm:c1"):
        assert value not in written
