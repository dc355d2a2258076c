"""Exports of customers of connectors that are handed over ready."""

from collections.abc import Sequence
from typing import Any

import msgspec

from connectors.contract import Connector
from gateway.app import create_services
from gateway.clock import Clock
from gateway.export.command import export_customer
from tests.support.gateway_server import settings_for


async def export_of(
    connectors: Sequence[Connector[Any]],
    customer_id: str,
    *,
    with_clock: Clock | None = None,
    history: Any = None,
    **settings: Any,
) -> Any:
    """Export a customer, and read what was written. None where there is nobody."""
    services = create_services(settings_for(connectors, **settings), connectors=connectors, clock=with_clock)
    if history is None and services.audit is not None:
        history = services.audit_reader
    exported = await export_customer(services, customer_id, history)
    return None if exported is None else msgspec.json.decode(msgspec.json.encode(exported))
