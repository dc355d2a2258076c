"""Take the audit of all workers to MongoDB, in a process of its own: it would take a twentieth of a worker's time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import structlog

from gateway.audit.delivery import Delivery
from gateway.audit.delivery_state import DeliveryState, unpack_last
from gateway.clock import Clock
from gateway.erasure.erased_people import ErasedPeople
from gateway.log import log_loop_failure
from gateway.serving.child_processes import Children
from gateway.settings import MongoSettings, Settings
from gateway.settings.audit_settings import AuditSettings
from gateway.settings.erasure_settings import ErasureSettings
from gateway.store.store import Store

END_S = 5.0
"""How long the last delivery may take."""

MAX_READ = 65_536
"""So much a pipe holds."""

log = structlog.get_logger()


class AuditCourier:
    """The process that delivers, as the master sees it. Where it ends too early a worker delivers in its place."""

    def __init__(self, children: Children, settings: Settings) -> None:
        self.note: Callable[[DeliveryState | None], None] = lambda _: None
        """Told how far it is, and None when it has ended."""
        self._children = children
        self._state: int | None = None
        self._ended: asyncio.Future[int] | None = None
        self._begin(settings)

    async def follow(self, settings: Settings) -> None:
        """Deliver by other settings, in a new process where the audit, its place or who is erased is another one."""
        if _tables_of(settings) != self._tables:
            await self.end()
            self._begin(settings)

    async def end(self) -> None:
        """Have it deliver what there is, and end."""
        if self._ended is not None:
            os.close(self._writer)
            await asyncio.wait({self._ended}, timeout=END_S)
            self._ended = None
        self._close_state()

    def _begin(self, settings: Settings) -> None:
        audit, mongodb, erasure = self._tables = _tables_of(settings)
        if audit is not None and mongodb is not None:
            reader, self._writer = os.pipe()  # which closes when the master ends, however it does
            self._state, state = os.pipe()
            run = partial(run_courier, audit, mongodb, erasure, reader, state)
            pid, self._ended = self._children.fork(run, [reader, state])
            os.close(reader)
            os.close(state)
            asyncio.get_running_loop().add_reader(self._state, self._read_state)
            log.info("audit_courier_started", pid=pid)

    def _read_state(self) -> None:
        assert self._state is not None
        received = os.read(self._state, MAX_READ)
        if not received:
            self._close_state()
        elif (state := unpack_last(received)) is not None:
            self.note(state)

    def _close_state(self) -> None:
        if self._state is not None:
            asyncio.get_running_loop().remove_reader(self._state)
            os.close(self._state)
            self._state = None
            self.note(None)


def _tables_of(settings: Settings) -> tuple[AuditSettings | None, MongoSettings | None, ErasureSettings | None]:
    return settings.audit, settings.mongodb, settings.erasure


def run_courier(audit: AuditSettings, mongodb: MongoSettings, erasure: ErasureSettings | None, reader: int, state: int) -> int:
    """Deliver until the pipe is closed, and write into another one how far it is. Gives the exit code of the process."""
    os.set_blocking(state, False)
    asyncio.run(_deliver(audit, mongodb, erasure, reader, state))
    return 0


async def _deliver(
    audit: AuditSettings, mongodb: MongoSettings, erasure: ErasureSettings | None, reader: int, state: int
) -> None:
    loop, closed, clock = asyncio.get_running_loop(), asyncio.Event(), Clock()
    loop.set_exception_handler(log_loop_failure)
    loop.add_reader(reader, closed.set)
    store = Store(mongodb, clock)
    store.audit_links.ensure_indexes()
    store.audit_people.ensure_indexes()
    await store.open()
    delivery = Delivery(audit, store.audit_links, store.audit_people, clock, gives_way=False)
    if erasure is not None:
        delivery.withholding = ErasedPeople(erasure.key.get_secret_value(), store, clock)
    delivery.tell = partial(_tell_state, state)
    delivery.start()
    await closed.wait()
    loop.remove_reader(reader)
    await delivery.aclose()
    await store.aclose()


def _tell_state(pipe: int, state: DeliveryState) -> None:
    """Write how far it is, unless the master reads nothing or has ended."""
    with suppress(OSError):
        os.write(pipe, state.pack())
