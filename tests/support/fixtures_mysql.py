"""A private MariaDB server for each test process, on a Unix socket, and databases in it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.mysql_server import MARIADBD, MysqlServer
from tests.support.orphans import ended_with_this_process


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[MysqlServer]:
    with _server() as server:
        yield server


@pytest.fixture
def own_mysql() -> Iterator[MysqlServer]:
    """A server that a test may stop and start."""
    with _server() as server:
        yield server


@contextmanager
def _server() -> Iterator[MysqlServer]:
    if MARIADBD is None:
        pytest.skip("needs MariaDB: there is no mariadbd; Debian's package is mariadb-server")
    # A short path, for the name of a Unix socket is in it.
    folder = Path(tempfile.mkdtemp(prefix="my-"))
    server = MysqlServer(folder)
    with ended_with_this_process(folder, folder / "pid"):
        try:
            server.start()
            yield server
        finally:
            server.stop()
    shutil.rmtree(folder)


@contextmanager
def new_mysql(server: MysqlServer) -> Iterator[str]:
    """The URL of a database that lasts as long as the block."""
    name = f"test_{uuid4().hex}"
    server.sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    yield server.url(name)
    server.sql(f"DROP DATABASE {name}")


@pytest.fixture
def mysql_database(mysql_server: MysqlServer) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    with new_mysql(mysql_server) as url:
        yield url
