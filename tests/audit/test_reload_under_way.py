"""A request that is under way during a reload is recorded where it began."""

import asyncio
from pathlib import Path

import httpx2
import pytest

from connectors import records as r
from connectors.contract import KeyKind
from gateway.app import GatewayApplication, create_services
from gateway.revisions import open_services
from gateway.services import Services
from gateway.settings import MongoSettings
from tests.erasure.erased_people import any_driver, documents, people
from tests.erasure.test_late_audit import LateTickets, audit_in
from tests.support import shop
from tests.support.gateway_server import Gateway, settings_for
from tests.support.known_people import ALL_KINDS, ANA_DESK, knowing
from tests.support.tag_shop import store_of

pytestmark = [pytest.mark.mongodb, any_driver]


@pytest.mark.parametrize("is_on", [True, False], ids=["removed", "added"])
async def test_a_reload_does_not_lose_who_was_told(mongodb_settings: MongoSettings, tmp_path: Path, is_on: bool):
    """Where the audit is removed it is there with its customer; where it is added there is no entry that names nobody."""
    tickets = {(r.Ticket, KeyKind.CUSTOMER_ID): {"u1": [r.Ticket(id="t", created_at=shop.at(4))]}}
    late = knowing("desk", [ANA_DESK], ALL_KINDS, tickets, LateTickets)
    assert isinstance(late, LateTickets)
    sources = [*people()[:2], late]

    def services_of(previous: Services | None, *, is_on: bool) -> Services:
        audit = audit_in(tmp_path) if is_on else None
        return create_services(
            settings_for(sources, mongodb=mongodb_settings.model_dump(), audit=audit), connectors=sources, previous=previous
        )

    first = services_of(None, is_on=is_on)
    app = GatewayApplication(first)
    transport = httpx2.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        query = '{ customer(by: {id: "crm:7"}) { name tickets { nodes { id } } } }'
        asking = asyncio.create_task(Gateway(client).ask(query))
        async with asyncio.timeout(40):
            await late.asked.wait()
        second = services_of(first, is_on=not is_on)
        await open_services(second, first)
        app.switch(second)
        late.let.set()
        assert "errors" not in await asking
    async with store_of(mongodb_settings) as store:
        kept = await documents(store)
    entries = [entry for link in kept.get("audit_links", []) for entry in link["entries"]]
    assert [(entry["answer"], len(entry["customers"])) for entry in entries] == ([("OK", 1)] if is_on else [])
