"""Interrupt a statement that a thread runs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

INTERRUPT_S = 0.01
"""After so long a statement that goes on is interrupted again, in seconds."""


async def interrupt_until(ended: asyncio.Future[Any], interrupt: Callable[[], Awaitable[None]]) -> None:
    """Interrupt again and again until it has ended. On a statement that has not begun an interruption is lost."""
    while not ended.done():
        await interrupt()
        await asyncio.wait([ended], timeout=INTERRUPT_S)
