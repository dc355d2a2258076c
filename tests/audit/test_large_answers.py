"""A large answer that is compressed while a reload ends its audit is recorded there."""

import asyncio
import threading
from pathlib import Path

import httpx2
import pytest

from connectors import records as r
from connectors.contract import KeyKind
from gateway.app import GatewayApplication, create_services
from gateway.http import compression
from gateway.revisions import open_services
from gateway.settings import MongoSettings
from tests.erasure.erased_people import any_driver, documents
from tests.erasure.test_late_audit import audit_in
from tests.support import shop
from tests.support.gateway_server import Gateway, settings_for
from tests.support.known_people import ALL_KINDS, ANA_SHOP, knowing
from tests.support.tag_shop import store_of

pytestmark = [pytest.mark.mongodb, any_driver]
PAGE = 100


async def test_an_answer_is_recorded_that_is_compressed_at_a_reload(
    mongodb_settings: MongoSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What it ran on is not closed before, although it has found all that it asked for."""
    orders = [r.Order(id=f"o-{number}-{'x' * 1_000}", placed_at=shop.at(3)) for number in range(PAGE)]
    sources = [knowing("shop", [ANA_SHOP], ALL_KINDS, {(r.Order, KeyKind.CUSTOMER_ID): {"42": orders}})]
    compresses, goes_on, deflate = threading.Event(), threading.Event(), compression.deflate

    def hang(body: bytes) -> bytes:
        compresses.set()
        goes_on.wait(50)
        return deflate(body)

    monkeypatch.setattr(compression, "deflate", hang)
    words = {"mongodb": mongodb_settings.model_dump()}
    first = create_services(settings_for(sources, **words, audit=audit_in(tmp_path)), connectors=sources)
    app = GatewayApplication(first)
    transport = httpx2.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        query = f'{{ customer(by: {{id: "42"}}) {{ orders(first: {PAGE}) {{ nodes {{ id }} }} }} }}'
        asking = asyncio.create_task(Gateway(client).ask(query))
        assert await asyncio.to_thread(compresses.wait, 50)
        before = app.revision
        second = create_services(settings_for(sources, **words), connectors=sources, previous=first)
        await open_services(second, first)
        app.switch(second)
        if not before.under_way:
            await app.wait_retired()
        goes_on.set()
        assert len((await asking)["data"]["customer"]["orders"]["nodes"]) == PAGE
        await app.wait_retired()
    async with store_of(mongodb_settings) as store:
        kept = await documents(store)
    entries = [entry for link in kept.get("audit_links", []) for entry in link["entries"]]
    assert [(entry["answer"], len(entry["customers"])) for entry in entries] == [("OK", 1)]
