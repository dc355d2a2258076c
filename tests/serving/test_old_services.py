"""Services that were exchanged go when their last request has ended: nothing that stays names them."""

import gc
import weakref

import httpx2
import pytest

from connectors.testing import MemoryConnector
from gateway.app import GatewayApplication, create_app, create_services
from gateway.revisions import open_services
from tests.support import shop
from tests.support.gateway_server import Gateway, settings_for

ASKED = {
    "without arguments": ('{ customer(by: {id: "c1"}) { name orders { nodes { id } } } }', {}),
    "by a variable": ('query ($n: Int) { customer(by: {id: "c1"}) { name orders(first: $n) { nodes { id } } } }', {"n": 5}),
}


def connectors() -> list[MemoryConnector]:
    return [shop.crm(), shop.orders()]


async def reload(app: GatewayApplication) -> None:
    """Serve other services, as a reload does that changes all sources."""
    own = connectors()
    services = create_services(settings_for(own), connectors=own)
    await open_services(services)
    app.switch(services)
    await app.wait_retired()


@pytest.mark.parametrize("asked", ASKED)
async def test_old_services_are_freed_after_a_reload(asked: str) -> None:
    """Plans of the operations that they answered keep neither the router nor a connector."""
    query, variables = ASKED[asked]
    own = connectors()
    app = create_app(settings_for(own), connectors=own)
    transport = httpx2.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
        gateway = Gateway(client)
        before = await gateway.data(query, variables)
        old = weakref.ref(app.revision.services.router), weakref.ref(own.pop()), weakref.ref(own.pop())
        await reload(app)
        gc.collect()
        assert [kept() for kept in old] == [None, None, None]
        assert await gateway.data(query, variables) == before


class Stubborn(MemoryConnector):
    """Fails when it is closed."""

    async def aclose(self) -> None:
        raise OSError


class Closing(MemoryConnector):
    """Counts how often it is closed."""

    closed = 0

    async def aclose(self) -> None:
        self.closed += 1


async def test_a_source_that_fails_to_close_holds_up_no_other() -> None:
    """Those of the next revisions are closed all the same, at a reload and at the end."""
    first, later = Stubborn("crm", {}), [Closing("crm", {}), Closing("crm", {})]
    app = create_app(settings_for([first]), connectors=[first])
    async with app.router.lifespan_context(app):
        for connector in later:
            services = create_services(settings_for([connector]), connectors=[connector])
            await open_services(services)
            app.switch(services)
        await app.wait_retired()
        assert [connector.closed for connector in later] == [1, 0]
    assert [connector.closed for connector in later] == [1, 1]
