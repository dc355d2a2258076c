"""`serve --fd` takes over a socket that its parent listens on, as systemd's sockets are."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from gateway.cli import app; app()", "serve", "--config"]


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Settings with one source, which nobody asks here."""
    path = tmp_path / "gateway.toml"
    path.write_text(
        f'[sources.shop]\nkind = "sql"\nurl = "sqlite+aiosqlite:///{tmp_path}/shop.db"\n'
        '[sources.shop.records.customer]\nquery = "SELECT 1 AS id"\nkeys = { customer_id = "id" }\n'
    )
    return path


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_request_that_came_before_the_start_is_answered(settings: Path, workers: str) -> None:
    """The socket takes connections while no gateway runs; the first one to run answers them."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as caller:
        caller.sendall(b"GET /healthz HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n")
        caller.settimeout(100)
        words = [*COMMAND, str(settings), "--fd", str(listener.fileno()), "--workers", workers]
        process = subprocess.Popen(
            words, pass_fds=(listener.fileno(),), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ
        )
        try:
            assert caller.recv(15) == b"HTTP/1.1 200 OK"
        finally:
            process.terminate()
            process.wait(60)


def test_what_is_no_listening_socket_is_refused(settings: Path) -> None:
    """The problem names the option and the fix, and nothing is announced."""
    with socket.socket() as unbound:
        done = subprocess.run(
            [*COMMAND, str(settings), "--fd", str(unbound.fileno())],
            pass_fds=(unbound.fileno(),),
            capture_output=True,
            text=True,
            timeout=100,
        )
        number = unbound.fileno()
    assert done.returncode == 2
    assert done.stderr.split("\n")[0] == f"--fd: {number} is no listening socket; give the unit a socket, or leave it out"
