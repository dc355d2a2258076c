"""An empty shop database of the test's own, on every kind of database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sql_shop import EVERY, Shop, shop_at, sqlite_url


@pytest.fixture(params=EVERY)
def sql_database(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """The kind of database and its URL."""
    url = sqlite_url(tmp_path) if request.param == "sqlite" else request.getfixturevalue(f"{request.param}_database")
    return request.param, url


@pytest.fixture
async def shop(sql_database: tuple[str, str]) -> AsyncIterator[Shop]:
    """Tables are made by `fill`."""
    async with shop_at(*sql_database) as shop:
        yield shop
