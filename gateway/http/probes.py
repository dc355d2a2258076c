"""Answer probes: whether the process lives, and whether it takes requests."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from gateway.version import gateway_version


async def tell_alive(request: Request) -> JSONResponse:  # noqa: ARG001  a Starlette endpoint
    """Tell that the process lives, and its version."""
    return JSONResponse({"status": "alive", "version": gateway_version()})


async def tell_readiness(request: Request) -> JSONResponse:
    """Tell whether requests are taken. Which sources are asked is for the admin port: a stranger may read this."""
    taken: bool = request.app.state.ready
    return JSONResponse({"status": "ready" if taken else "draining"}, 200 if taken else 503)
