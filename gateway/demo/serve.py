"""Serve a prepared demo, with a MongoDB of its own by default."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from gateway.app import create_app
from gateway.demo.prepare import Prepared
from gateway.serving.server import AnnouncingServer, configure_server
from gateway.serving.sockets import listen
from gateway.settings import MongoSettings, Settings, load_settings
from gateway.store.embedded_mongodb import EmbeddedMongo


def serve_demo(prepared: Prepared, folder: Path, *, port: int, ready: Callable[[Settings], None]) -> None:
    """Serve on the loopback until a signal. `ready` is called when requests are taken."""
    with listen("127.0.0.1", port) as taken:
        asyncio.run(_serve(prepared, folder, taken, ready))


async def _serve(prepared: Prepared, folder: Path, taken: socket.socket, ready: Callable[[Settings], None]) -> None:
    settings = load_settings(prepared.settings)
    async with AsyncExitStack() as stack:
        if settings.mongodb is None:
            uri = await stack.enter_async_context(EmbeddedMongo(folder / "mongodb"))
            settings = settings.model_copy(update={"mongodb": MongoSettings(uri=uri, timeout_ms=500)})
        create = partial(create_app, settings, examples=prepared.examples)
        await AnnouncingServer(configure_server(create), partial(ready, settings)).serve([taken])
