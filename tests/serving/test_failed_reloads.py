"""Reloads that fail in ways that no setting explains, and workers that missed one."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from structlog.testing import capture_logs

from connectors.testing import MemoryConnector
from gateway.app import GatewayApplication, create_app, create_services
from gateway.replay.modes import UNTOUCHED
from gateway.revisions import open_services
from gateway.serving import messages, reload, worker
from gateway.serving.configuration import read_configuration
from gateway.serving.fleet import Fleet
from gateway.serving.reload import Reloader
from gateway.serving.worker import Worker
from tests.serving.conftest import ProbeConfig
from tests.serving.test_silent_workers import silent_worker
from tests.support import shop
from tests.support.gateway_server import settings_for
from tests.support.serve_process import PATIENCE_S

MONGODB = {"uri": "mongodb://127.0.0.1:9/gateway", "timeout_ms": 50}


class Broken(MemoryConnector):
    """Fails when it is opened."""

    async def open(self) -> None:
        raise OSError


class Late(MemoryConnector):
    """Opens after others have failed."""

    is_open = False

    async def open(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        self.is_open = True

    async def aclose(self) -> None:
        self.is_open = False


class Closing(MemoryConnector):
    """Tells whether it was closed."""

    is_closed = False

    async def aclose(self) -> None:
        self.is_closed = True


async def test_what_opens_late_is_closed_when_another_source_fails() -> None:
    """Nothing stays open that nobody would close any more."""
    late = Late("late", {})
    own = [Broken("broken", {}), late]
    with pytest.raises(OSError):
        await open_services(create_services(settings_for(own), connectors=own))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not late.is_open


async def test_the_log_of_a_shared_store_is_not_followed_for_sources_that_fail() -> None:
    """The services that keep the store do not need it."""
    own = [shop.crm()]
    previous = create_services(settings_for(own, mongodb=MONGODB), connectors=own)
    assert previous.store is not None
    await open_services(previous)
    try:
        several = [*own, Broken("shop", own[0].records)]
        following = create_services(settings_for(several, mongodb=MONGODB), connectors=several, previous=previous)
        assert (following.store, following.router.customers.are_several) == (previous.store, True)
        with pytest.raises(OSError):
            await open_services(following, previous)
        assert previous.store.decisions._following is None
    finally:
        await previous.store.aclose()


async def test_services_are_closed_though_traces_cannot_be_switched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log says what failed."""
    old, new = [Closing("crm", {})], [Closing("crm", {})]
    app = create_app(settings_for(old), connectors=old)
    async with app.router.lifespan_context(app):
        following = create_services(settings_for(new), connectors=new)
        await open_services(following)

        async def fail(services: Any) -> None:
            raise ValueError

        with monkeypatch.context() as patched, capture_logs() as logs:
            patched.setattr(app.telemetry, "switch", fail)
            app.switch(following)
            await app.wait_retired()
        assert [(line["event"], line["error"]) for line in logs] == [("traces_not_switched", "ValueError")]
        assert (old[0].is_closed, new[0].is_closed) == (True, False)


def reloader_of(file: Path) -> Reloader:
    """The reloader of a master without workers."""
    unused: Any = None
    fleet = Fleet(unused, read_configuration(file, UNTOUCHED), unused, 1, unused)
    return Reloader(file, fleet, unused, unused)


async def test_whatever_fails_in_a_reload_is_an_outcome(probes: ProbeConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log names the error and where it was, the old settings stay, and metrics count it."""

    def fail(*words: object) -> None:
        raise BlockingIOError

    reloader = reloader_of(probes.file)
    before = reloader._fleet.configuration
    monkeypatch.setattr(reload, "read_configuration", fail)
    with capture_logs() as logs:
        outcome = await reloader.reload()
    assert (outcome.outcome, outcome.revision) == ("rejected", 1)
    assert outcome.problems == ["the reload failed (BlockingIOError); the log has more"]
    assert [line["event"] for line in logs] == ["reload_failed", "settings_rejected"]
    assert (logs[0]["error"], logs[0]["frames"][-1].split()[1]) == ("BlockingIOError", "fail")
    assert reloader._fleet.configuration is before
    assert reloader._fleet.metrics.registry.get_sample_value("gateway_reloads_total", {"outcome": "rejected"}) == 1


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (b'[tags]\nfile = "a\\u0000b"', "a\0b: is no path of a file; take the character of code 0 out"),
        (b"cache_bytes = " + b"1" * 5_000, "gateway.toml: has a number or a time that is too large; write a smaller one"),
        (b"fields = " + b"[" * 5_000, "gateway.toml: is nested too deeply; write what is in it flatter"),
        (b"\xff", "gateway.toml: is not UTF-8; save it so"),
    ],
    ids=["code 0", "number", "depth", "UTF-8"],
)
async def test_a_file_that_no_reader_takes_is_a_problem_of_it(probes: ProbeConfig, written: bytes, problem: str) -> None:
    """It is named with the fix, and is no mistake of the gateway."""
    reloader = reloader_of(probes.file)
    probes.file.write_bytes(written + b"\n" + probes.file.read_bytes())
    outcome = await reloader.reload()
    assert outcome.problems == [problem]


async def test_a_worker_that_hung_during_a_reload_is_brought_up_to_date(probes: ProbeConfig) -> None:
    """Its first heartbeat on old settings says so; one that ends is left alone."""
    async with silent_worker(probes.file, 11) as (fleet, hung, _):
        outdated: list[Any] = []
        fleet._ready = outdated.append
        beat = messages.Heartbeat(0.0, 0, {}, None, {}, b"\x90")
        hung.heard_at += 11
        fleet._note(hung, beat)
        assert outdated == []
        fleet.configuration = msgspec.structs.replace(fleet.configuration, revision=2)
        fleet._note(hung, beat)
        assert outdated == [hung]
        hung.is_ending = True
        fleet._note(hung, beat)
        assert outdated == [hung]


@contextmanager
def worker_of(app: GatewayApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Worker, socket.socket]]:
    """A worker of this process, which does not end it, and the master's end of its pipe."""
    monkeypatch.setattr(worker.signal, "alarm", lambda seconds: None)
    monkeypatch.setattr(worker.signal, "signal", lambda number, handler: None)
    left, right = socket.socketpair()
    with left, right, socket.create_server(("127.0.0.1", 0)) as listener:
        made = Worker(app, 1, listener, left)
        try:
            yield made, right
        finally:
            for duplicate in made._sockets:
                duplicate.close()


async def test_a_source_that_hangs_when_it_is_opened_leaves_its_worker_free(
    probes: ProbeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reload is rejected, and the worker builds the next one."""
    monkeypatch.syspath_prepend(probes.kinds)
    monkeypatch.setattr(worker, "OPEN_S", 0.05, raising=False)
    app = create_app(settings_for(own := [MemoryConnector("crm", {})]), connectors=own)
    (freeze := probes.folder / "crm" / "freeze").touch()
    configuration = read_configuration(probes.file, UNTOUCHED, 2)
    with worker_of(app, monkeypatch) as (hanging, _):
        async with asyncio.timeout(PATIENCE_S):
            assert await hanging._prepare(configuration) == ["the sources cannot be opened (TimeoutError); the log has more"]
            freeze.unlink()
            assert await hanging._prepare(configuration) == []
            await hanging._discard()
    assert len(probes.noted("crm", "opened")) == 1


async def test_a_worker_that_does_not_understand_its_master_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one takes its place, which a worker that stayed would keep from every reload."""
    app = create_app(settings_for(own := [MemoryConnector("crm", {})]), connectors=own)
    with worker_of(app, monkeypatch) as (deaf, master):
        deaf._channel = await messages.Pipe.open(deaf._pipe)
        master.sendall(b"\0\0\0\1\xc1")
        with pytest.raises(msgspec.DecodeError):
            await deaf._obey()
        assert deaf._server.should_exit
        deaf._channel.close()


async def test_a_worker_that_ends_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks it over a connection that is still open is told so."""
    app = create_app(settings_for(own := [MemoryConnector("crm", {})]), connectors=own)
    transport = httpx2.ASGITransport(app=app)
    with worker_of(app, monkeypatch) as (ending, _):
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client,
        ):
            before = await client.get("/readyz")
            ending.end()
            after = await client.get("/readyz")
    assert (before.status_code, before.json()) == (200, {"status": "ready"})
    assert (after.status_code, after.json()) == (503, {"status": "draining"})
