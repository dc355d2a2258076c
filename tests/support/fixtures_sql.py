"""An empty shop database of the test's own, on every kind of database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.sql_shop import DATABASES, EVERY, Shop, shop_at, sqlite_url


@pytest.fixture(params=DATABASES)
def sql_database(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """The kind of database and its URL."""
    return request.param, _url(request, tmp_path)


def _url(request: pytest.FixtureRequest, folder: Path) -> str:
    if request.param == "files":
        return f"files:{folder}"
    return sqlite_url(folder) if request.param == "sqlite" else request.getfixturevalue(f"{request.param}_database")


@pytest.fixture
async def database_shop(sql_database: tuple[str, str]) -> AsyncIterator[Shop]:
    """On each kind of database. Tables are made by `fill`."""
    async with shop_at(*sql_database) as shop:
        yield shop


@pytest.fixture(params=EVERY)
async def shop(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shop]:
    """On each kind of database, and of files. Tables are made by `fill`."""
    async with shop_at(request.param, _url(request, tmp_path)) as shop:
        yield shop
