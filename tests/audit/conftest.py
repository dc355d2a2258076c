"""A store with a clock that is moved by hand, and a spool."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.store.store import Store
from tests.support.fixtures_mongodb import HandClock


@pytest_asyncio.fixture
async def store(mongodb_settings: Any, hand_clock: HandClock) -> AsyncIterator[Store]:
    store = Store(mongodb_settings, hand_clock)
    await store.open()
    yield store
    await store.aclose()


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder
