"""Tags while MongoDB is away: the same values, a little later, and stored again when it is back."""

import asyncio
import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors.testing import MemoryConnector
from gateway.clock import Clock
from gateway.settings import MongoSettings
from gateway.store.embedded_mongodb import EmbeddedMongo
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.serve_process import free_port
from tests.support.tag_shop import JUNE_ENDS, ShopClock, measured, sources_by_id, store_of, tag_of, until_kept

pytestmark = pytest.mark.mongodb

TIMEOUT_S = 2.0
RETRY_AFTER = timedelta(seconds=1)
DEADLINE_S = 10.0


def settings(uri: str) -> MongoSettings:
    return MongoSettings(uri=uri, timeout_ms=int(TIMEOUT_S * 1000), retry_after_ms=int(RETRY_AFTER.total_seconds() * 1000))


@pytest.fixture
def mortal(tmp_path: Path) -> EmbeddedMongo:
    """A MongoDB that comes back on its port and its folder.

    It is up when the gateway closes: PyMongo 4.20 leaves a socket open when it is closed while it looks for its server.
    """
    return EmbeddedMongo(tmp_path, port=free_port())


async def kill(mongodb: EmbeddedMongo) -> None:
    assert mongodb.pid is not None
    os.kill(mongodb.pid, signal.SIGKILL)
    await mongodb.stop()


async def timed(gateway: Gateway) -> tuple[dict[str, Any], float]:
    """The tag without its times, and how long the answer took in seconds."""
    started = asyncio.get_running_loop().time()
    tag = await tag_of(gateway)
    took_s = asyncio.get_running_loop().time() - started
    return {name: value for name, value in tag.items() if name not in ("computedAt", "expiresAt")}, took_s


async def until_stored(uri: str, customer: str = "c1") -> None:
    async with store_of(settings(uri)) as store:
        await until_kept(store, customer=customer)


async def asked_of_no_source(
    gateway: Gateway, orders: MemoryConnector, clock: ShopClock | None = None, customer: str = "c1"
) -> dict[str, Any]:
    """The tag, once a request for it asks no source."""
    async with asyncio.timeout(60):
        while True:
            if clock is not None:
                clock.advance(2 * RETRY_AFTER)
            before = measured(orders)
            tag = await tag_of(gateway, customer=customer)
            if measured(orders) == before:
                return tag
            await asyncio.sleep(0.02)


async def test_a_killed_store_changes_no_answer(mortal: EmbeddedMongo):
    """Every request has the same tag, fresh, within the deadline; one in each retry interval waits for the store, at most."""
    clock, sources = ShopClock(), sources_by_id()
    words = {"with_clock": clock, "deadline_ms": int(DEADLINE_S * 1000)}
    async with mortal as uri, gateway_on(sources, mongodb=settings(uri).model_dump(), **words) as gateway:
        before, _ = await timed(gateway)
        await until_stored(uri)
        await kill(mortal)
        with capture_logs() as logs:
            for interval in range(3):
                answers = [await timed(gateway) for _ in range(10)]
                assert [tag for tag, _ in answers] == [before] * 10
                slow = [took_s for _, took_s in answers if took_s > TIMEOUT_S / 2]
                assert len(slow) <= 1
                assert max(slow, default=0) < DEADLINE_S
                assert measured(sources[1]) == 1 + 10 * (interval + 1)
                clock.advance(RETRY_AFTER)
        assert [line["event"] for line in logs] == ["mongodb_unavailable"]
        await mortal.start()
        await asked_of_no_source(gateway, sources[1], clock)
    assert (before["value"], before["freshness"], before["partial"]) == ("HIGH", "FRESH", False)


async def test_a_store_that_is_back_keeps_tags_again(mortal: EmbeddedMongo):
    """On the same port and folder: after some tries no source is asked, for a tag of before and for a new one."""
    clock, sources = ShopClock(), sources_by_id()
    async with mortal as uri, gateway_on(sources, with_clock=clock, mongodb=settings(uri).model_dump()) as gateway:
        first = await tag_of(gateway)
        await until_stored(uri)
        await kill(mortal)
        down = await tag_of(gateway)
        assert measured(sources[1]) == 2
        assert await mortal.start() == uri
        again = await asked_of_no_source(gateway, sources[1], clock)
        new = await asked_of_no_source(gateway, sources[1], clock, "c2")
        await until_stored(uri)
        await until_stored(uri, "c2")
    assert [tag["value"] for tag in (first, down, again, new)] == ["HIGH", "HIGH", "HIGH", "MEDIUM"]
    assert {tag["freshness"] for tag in (first, down, again, new)} == {"FRESH"}


async def test_a_store_that_hangs_leaves_time_for_the_sources(mortal: EmbeddedMongo):
    """By the clock on the wall: one answer is later by the store's timeout, the next are not; then the store is used again."""
    sources = sources_by_id()
    async with mortal as uri:
        words = {"with_clock": Clock(JUNE_ENDS), "mongodb": settings(uri).model_dump(), "deadline_ms": int(DEADLINE_S * 1000)}
        async with gateway_on(sources, **words) as gateway:
            before, _ = await timed(gateway)
            await until_stored(uri)
            assert mortal.pid is not None
            os.kill(mortal.pid, signal.SIGSTOP)
            answers = [await timed(gateway) for _ in range(5)]
            os.kill(mortal.pid, signal.SIGCONT)
            await asked_of_no_source(gateway, sources[1])
    assert [tag for tag, _ in answers] == [before] * 5
    assert TIMEOUT_S <= answers[0][1] < DEADLINE_S
    assert max(took_s for _, took_s in answers[1:]) < TIMEOUT_S
