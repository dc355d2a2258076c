"""MongoDB that dies under load, and comes back."""

import asyncio

from gateway.store.embedded_mongodb import EmbeddedMongo
from tests.serving.conftest import ProbeConfig
from tests.support.callers import calling
from tests.support.serve_process import free_port, serve_process, wait_until


async def test_a_killed_mongodb_costs_no_answer(probes: ProbeConfig):
    """32 callers have their tags all along; log and health say that it is away, and that it is back."""
    port = free_port()
    store = EmbeddedMongo(probes.folder / "mongodb", port)
    uri = await store.start()
    probes.write(crm="", more=f'[mongodb]\nuri = "{uri}"\ntimeout_ms = 1000\n[tags]\ncache_s = 0')
    try:
        with serve_process(probes.file, path=probes.kinds) as gateway:
            await asyncio.to_thread(gateway.wait_ready, 1)
            async with calling(gateway.port, fields='name tags(keys: ["activity"]) { key value }') as load:
                assert store._process is not None
                store._process.kill()
                await asyncio.to_thread(gateway.wait_for, "mongodb_unavailable")
                await asyncio.to_thread(wait_until, lambda: gateway.readiness()["mongodb"] == "unavailable", "an outage")
                before = load.answers["Ana Souza"]
                while load.answers["Ana Souza"] < before + 50:
                    await asyncio.sleep(0.01)
                await store.stop()
                await store.start()
                await asyncio.to_thread(gateway.wait_for, "mongodb_available")
                await asyncio.to_thread(wait_until, lambda: gateway.readiness()["mongodb"] == "available", "its return")
            assert gateway.readiness()["status"] == "ready"
    finally:
        await store.stop()
    assert load.answers.keys() == {"Ana Souza"}
