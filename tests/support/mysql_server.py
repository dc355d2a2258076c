"""A MariaDB server as a child process on a Unix socket, with its data in a folder."""

import os
import re
import shutil
import subprocess
import threading
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import create_async_engine

from gateway.demo.databases import Rows, Schema

START_S = 60
MARIADBD = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
"""Debian puts it where only root looks. None where there is none."""


class MysqlServer:
    """May be started and stopped again. Its user `root` has no password."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._temporary = folder / "tmp"
        self._socket = folder / "s"
        self._pid = folder / "pid"
        self._process: subprocess.Popen[str] | None = None
        self._user = ["--user=root"] if os.geteuid() == 0 else []

    def start(self) -> None:
        # Its own, for a server that starts removes what others left in a folder that they share.
        self._temporary.mkdir(exist_ok=True)
        if not self._data.exists():
            install = ["mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]
            own = [f"--datadir={self._data}", f"--tmpdir={self._temporary}", *self._user]
            subprocess.run([*install, *own], check=True, capture_output=True)
        assert MARIADBD is not None
        words = [
            f"--tmpdir={self._temporary}",
            f"--pid-file={self._pid}",
            "--skip-networking",
            "--skip-log-bin",
            "--innodb-buffer-pool-size=32M",
            "--innodb-flush-log-at-trx-commit=0",
        ]
        self._process = subprocess.Popen(
            [MARIADBD, "--no-defaults", f"--datadir={self._data}", f"--socket={self._socket}", *words, *self._user],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        ready = threading.Event()
        threading.Thread(target=_read, args=(self._process, ready), daemon=True).start()
        assert ready.wait(START_S), "the server is not ready"
        assert self._process.poll() is None, "the server has ended"

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(START_S)
            self._process = None

    def url(self, database: str, user: str = "root") -> str:
        return f"mysql+asyncmy://{user}@localhost/{database}?unix_socket={self._socket}"

    def sql(self, *statements: str) -> None:
        client = ["mariadb", "--no-defaults", f"--socket={self._socket}", "--user=root"]
        subprocess.run([*client, "--execute", "; ".join(statements)], check=True, capture_output=True)


def _read(process: subprocess.Popen[str], ready: threading.Event) -> None:
    """Read the log, so that the server can go on writing it, and see in it when connections are taken."""
    assert process.stderr is not None
    with process.stderr as log:
        for line in log:
            if "ready for connections" in line:
                ready.set()
    ready.set()


async def write_mysql(url: str, schema: Schema, rows: Rows) -> None:
    """All tables of a demo in the one database at the URL."""
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            for table in (table for tables in schema.values() for table in tables):
                columns = re.sub(r"\bTEXT( NOT NULL|,|$)", r"VARCHAR(700)\1", table.columns)
                columns = columns.replace("TEXT PRIMARY", "VARCHAR(100) PRIMARY").replace("TIMESTAMPTZ", "DATETIME(6)")
                await connection.exec_driver_sql(f"CREATE TABLE {table.name} ({columns})")
                own = [tuple(_naive(value) for value in row) for row in rows.get(table.name, ())]
                if own:
                    places = ", ".join(["%s"] * len(own[0]))
                    await connection.exec_driver_sql(f"INSERT INTO {table.name} VALUES ({places})", own)
    finally:
        await engine.dispose()


def _naive(value: object) -> object:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value
