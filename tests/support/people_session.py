"""A person who signs in with a key, and asks with the cookie."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from connectors.contract import Connector
from gateway.clock import Clock
from tests.support.caller_keys import keys_in
from tests.support.gateway_server import Gateway, served, settings_for

SECRET = "a secret of sessions that is long enough"
CSRF = {"x-csrf": "1"}
WHO = "{ viewer { caller user purpose } }"


async def sign_in(gateway: Gateway, key: str) -> dict[str, str]:
    """The headers of a request in a new session."""
    answer = await gateway.client.post("/session", headers={"authorization": f"Bearer {key}", **CSRF})
    assert answer.status_code == 204, answer.text
    gateway.client.cookies.clear()  # of what a client keeps by itself: each test says what is sent
    return {"cookie": answer.headers["set-cookie"].partition(";")[0], **CSRF}


@asynccontextmanager
async def gateway_of_people(
    folder: Path, connectors: list[Connector[Any]], callers: dict[str, Any], *, clock: Clock | None = None, **words: Any
) -> AsyncIterator[tuple[Gateway, dict[str, str]]]:
    """A gateway with pages behind a socket, and a key of each caller."""
    keys, access = await keys_in(folder, callers)
    pages = {"enabled": True, "secret": SECRET} | words.pop("pages", {})
    access |= words.pop("access", {})
    access["keys"]["stale_s"] = 86_400  # keys hold, however far a test moves its clock on at once
    settings = settings_for(connectors, access=access, callers=callers, pages=pages, **words)
    async with served(settings, connectors=connectors, clock=clock) as gateway:
        yield gateway, keys
