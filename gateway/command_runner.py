"""Run commands that change what the workers follow, and read what their options say."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gateway.terminal import problems_shown

if TYPE_CHECKING:
    from gateway.settings import Settings
    from gateway.store.store import Store

T = TypeVar("T")

_SPAN = re.compile(r"(\d{1,5})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def run_with_store(
    config: Path,
    needs_store: Callable[[Settings], bool],
    command: Callable[[Settings, Store | None, datetime], Awaitable[T]],
) -> T:
    """Run a command with the settings, the open store where it needs one, and the time. Problems end it with 2."""
    import asyncio

    from gateway.clock import Clock
    from gateway.log import configure_logging
    from gateway.settings import load_settings
    from gateway.store.store import Store

    async def run() -> T:
        clock = Clock()
        store = Store(settings.mongodb, clock) if needs_store(settings) and settings.mongodb is not None else None
        try:
            if store is not None:
                await store.open()
            return await command(settings, store, clock.now())
        finally:
            if store is not None:
                await store.aclose()

    configure_logging("ERROR")
    with problems_shown():
        settings = load_settings(config)
        return asyncio.run(run())
    raise AssertionError  # `problems_shown` has ended the command


def read_span(text: str, option: str) -> timedelta:
    """Read a span of time. Raises `ConfigurationError`."""
    from connectors.errors import ConfigurationError

    match = _SPAN.fullmatch(text)
    if match is None:
        raise ConfigurationError([f"{option}: is no span of time; write a number and s, m, h or d, such as 90d"])
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
