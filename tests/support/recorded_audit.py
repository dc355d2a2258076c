"""A gateway whose audit is a list in memory."""

import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, NoReturn

import httpx2
import msgspec

from connectors.contract import Connector
from gateway.app import GatewayApplication, create_services
from gateway.audit.entry import AuditEntry
from gateway.audit.request_buffer import RecordedRequest
from gateway.clock import Clock
from gateway.errors import AuditUnavailableError
from tests.support.clocks import StoppedClock
from tests.support.gateway_server import Gateway, settings_for


class RecordedAudit:
    """Records entries as they were handed over. When it is full it refuses requests."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.written = self.waiting = self.lost = self.refused = 0
        self.settings = SimpleNamespace(max_spool_bytes=0)
        self.delivery = SimpleNamespace(failures=0, state=None)
        self.requests = self
        self.answers_until = math.inf

    async def open(self) -> None:
        """Begin, as a trail does."""

    async def aclose(self) -> None:
        """End."""

    def withhold(self, withholding: object) -> None:
        """Name nobody to MongoDB who is erased: it names nobody."""

    def flush(self) -> None:
        """Write what waits: nothing does."""

    def fill_up(self) -> None:
        self.answers_until = -math.inf

    def add(self, request: RecordedRequest) -> None:
        """Keep a request as a dictionary."""
        entry = dict(zip(AuditEntry.__struct_fields__, request, strict=True))
        customers = entry["customers"]
        self.entries.append(entry | {"customers": [customers] if isinstance(customers, str) else customers})

    def refuse(self) -> NoReturn:
        raise AuditUnavailableError

    def check(self) -> None:
        if self.answers_until < 0:
            self.refuse()

    def record(self, **entry: Any) -> None:
        self.entries.append(entry)

    @property
    def last(self) -> dict[str, Any]:
        """The newest entry, with what has no order sorted."""
        entry = self.entries[-1]
        return entry | {name: sorted(entry[name]) for name in ("sources", "customers", "attempts")}


@asynccontextmanager
async def audited_gateway(
    connectors: Sequence[Connector[Any]], audit: RecordedAudit, *, with_clock: Clock | None = None, **words: Any
) -> AsyncIterator[Gateway]:
    """A gateway in this process; `words` are settings."""
    clock = with_clock or StoppedClock()
    services = create_services(settings_for(connectors, **words), connectors=connectors, clock=clock)
    app = GatewayApplication(msgspec.structs.replace(services, audit=audit))
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield Gateway(client)
