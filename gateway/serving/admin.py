"""The admin port: metrics and health, and reload for this machine alone."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import msgspec
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.errors import ConfigurationError
from gateway.serving.fleet import Fleet
from gateway.serving.fleet_report import describe_fleet
from gateway.serving.reload import Reloader
from gateway.serving.sockets import ADMIN_HOST, DEFAULT_ADMIN_PORT, listen
from gateway.version import gateway_version

LOCAL_NAMES = [ADMIN_HOST, "localhost"]
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

log = structlog.get_logger()


def listen_for_admin(host: str, port: int | None) -> socket.socket | None:
    """Open the admin port, or the default one, without which the gateway serves all the same.

    Raises `ConfigurationError` when the port that was asked for cannot be had.
    """
    try:
        return listen(host, DEFAULT_ADMIN_PORT if port is None else port, "--admin-port")
    except ConfigurationError:
        if port is not None:
            raise
    log.warning("admin_port_unavailable", port=DEFAULT_ADMIN_PORT)
    return None


class AdminServer(uvicorn.Server):
    """Serve the admin port in the loop of the master, until it is cancelled."""

    def __init__(self, fleet: Fleet, reloader: Reloader, listener: socket.socket) -> None:
        config = uvicorn.Config(
            _application(fleet, reloader, listener),
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
        )
        super().__init__(config)
        self._listener = listener

    async def run(self) -> None:  # type: ignore[override]
        """Serve beside other tasks of the loop."""
        await self.serve([self._listener])

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # they are the master's


def _is_loopback(address: str) -> bool:
    return ip_address(address).is_loopback


def _application(fleet: Fleet, reloader: Reloader, listener: socket.socket) -> Starlette:
    # No page in a browser of this machine may ask by a name. Where others are let in, they ask by whatever name they have.
    trusted = [Middleware(TrustedHostMiddleware, allowed_hosts=LOCAL_NAMES)] if _is_loopback(listener.getsockname()[0]) else []

    async def show_metrics(request: Request) -> Response:  # noqa: ARG001  a Starlette endpoint
        return Response(await fleet.render_metrics(), headers={"content-type": METRICS_TYPE})

    async def show_health(request: Request) -> JSONResponse:  # noqa: ARG001
        return JSONResponse({"status": "alive", "version": gateway_version()})

    async def show_readiness(request: Request) -> JSONResponse:  # noqa: ARG001
        report = describe_fleet(fleet, reloader.last)
        return JSONResponse(report, 200 if report["status"] == "ready" else 503)

    async def reload(request: Request) -> JSONResponse:
        if request.client is None or not _is_loopback(request.client.host) or request.url.hostname not in LOCAL_NAMES:
            return JSONResponse({"status": "refused", "reason": "a reload is asked for on the machine itself"}, 403)
        outcome = await asyncio.shield(reloader.reload())
        return JSONResponse(msgspec.to_builtins(outcome))

    return Starlette(
        routes=[
            Route("/metrics", show_metrics),
            Route("/healthz", show_health),
            Route("/readyz", show_readiness),
            Route("/reload", reload, methods=["POST"]),
        ],
        middleware=trusted,
    )
