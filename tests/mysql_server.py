"""A MariaDB server as a child process on a Unix socket, with its data in a folder."""

import os
import subprocess
import threading
from pathlib import Path

START_S = 60


class MysqlServer:
    """May be started and stopped again. Its user `root` has no password."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._socket = folder / "s"
        self._process: subprocess.Popen[str] | None = None
        self._user = ["--user=root"] if os.geteuid() == 0 else []

    def start(self) -> None:
        if not self._data.exists():
            install = ["mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]
            subprocess.run([*install, f"--datadir={self._data}", *self._user], check=True, capture_output=True)
        words = ["--skip-networking", "--skip-log-bin", "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0"]
        self._process = subprocess.Popen(
            ["mariadbd", "--no-defaults", f"--datadir={self._data}", f"--socket={self._socket}", *words, *self._user],
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
