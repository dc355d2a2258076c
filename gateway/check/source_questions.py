"""Ask the sources and the store of a configuration, side by side, whatever else is wrong with it."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

from connectors.contract import Connector
from gateway.store.store import Store

MAX_CHECK_S = 60
"""So long may the check of one source take. Connectors have shorter limits of their own."""


async def ask_sources(connectors: Sequence[Connector[Any]], store: Store | None) -> list[str]:
    """Ask all sources, and the store; list their problems, each with the path of its setting."""
    answers = await asyncio.gather(_ask_store(store), *map(_ask, connectors))
    return [problem for problems in answers for problem in problems]


async def _ask(connector: Connector[Any]) -> list[str]:
    where = f"sources.{connector.name}"
    try:
        async with AsyncExitStack() as stack, asyncio.timeout(MAX_CHECK_S):
            stack.push_async_callback(connector.aclose)
            await connector.open()
            return await connector.check()
    except TimeoutError:
        return [f"{where}: its check took longer than {MAX_CHECK_S} s; is the source overloaded?"]
    except Exception as error:  # noqa: BLE001  a connector of somebody else's may fail in any way
        return [f"{where}: its check failed ({type(error).__name__}); report that to the author of the connector"]


async def _ask_store(store: Store | None) -> list[str]:
    if store is None:
        return []
    try:
        await store.open()
        is_away = not store.available
    finally:
        await store.aclose()
    return ["mongodb.uri: MongoDB does not answer; is it up, and are host and port right?"] if is_away else []
