"""SecantusDB as a child process: MongoDB's wire protocol on the loopback, for the demo and for tests.

It is no part of the gateway (it is GPL-2.0-only, and an extra): it is started with this Python and talked to over a socket.
"""

import asyncio
import importlib.util
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from connectors.errors import ConfigurationError

_HOST = "127.0.0.1"
_LOG = "secantusdb.log"
_START_S = 30.0
_GRACE_S = 5.0
_POLL_S = 0.02

# The pipe on its standard input closes when this process ends, however it ends, and then the child ends too,
# by force where it does not come to an end by itself.
_LAUNCHER = f"""
import os, runpy, signal, threading, time
def end_with_parent():
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep({_GRACE_S})
    os._exit(1)
threading.Thread(target=end_with_parent, daemon=True).start()
runpy.run_module("secantus", run_name="__main__", alter_sys=True)
"""


class EmbeddedMongo:
    """Starts and stops the child. `folder` keeps the data (a temporary one if None) and the log, `secantusdb.log`.

    `async with EmbeddedMongo() as uri` does both.
    """

    def __init__(self, folder: Path | None = None, port: int | None = None) -> None:
        self._folder = folder
        self._port = port
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id, None while there is no child."""
        return None if self._process is None else self._process.pid

    async def start(self) -> str:
        """Start the child and wait until it answers. Gives the connection string.

        Raises `ConfigurationError` when it is not installed, ends at its start or does not answer in 30 seconds.
        """
        if importlib.util.find_spec("secantus") is None:
            raise ConfigurationError(['embedded MongoDB: SecantusDB is not installed; add the extra "embedded"'])
        port = _free_port(self._port)
        folder = self._prepare_folder()
        self._process = _spawn(folder, port)
        try:
            await _until_it_answers(self._process, port, folder / _LOG)
        except BaseException:
            await self.stop()
            raise
        return _uri(port)

    async def stop(self) -> None:
        """End the child and remove the temporary folder."""
        process, self._process = self._process, None
        if process is not None:
            # Its own way out takes two seconds, for the sake of the data; a temporary folder needs none of it.
            await asyncio.to_thread(_end, process, 0.0 if self._temporary else _GRACE_S)
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None

    async def __aenter__(self) -> str:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    def _prepare_folder(self) -> Path:
        if self._folder is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="profile-gateway-mongodb-")
            return Path(self._temporary.name)
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder


def _free_port(wanted: int | None) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, wanted or 0))
        except OSError:
            raise ConfigurationError([f"embedded MongoDB: port {wanted} is in use"]) from None
        port: int = probe.getsockname()[1]
        return port


def _spawn(folder: Path, port: int) -> subprocess.Popen[bytes]:
    # An empty file of its own, or the child looks for one in the working folder and at home.
    config = folder / "secantusdb.toml"
    config.touch()
    flags = {"config": config, "host": _HOST, "port": port, "storage-path": folder / "data", "log-level": "WARNING"}
    words = [str(word) for name, value in flags.items() for word in (f"--{name}", value)]
    with (folder / _LOG).open("wb") as log:
        # A session of its own: Ctrl-C is for the gateway, which still has writes to finish before it stops the child.
        return subprocess.Popen(  # noqa: S603  # this Python and words of ours
            [sys.executable, "-P", "-c", _LAUNCHER, *words],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


async def _until_it_answers(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    try:
        async with asyncio.timeout(_START_S):
            while not await _accepts(port):
                if process.poll() is not None:
                    raise ConfigurationError([f"embedded MongoDB: the child ended at its start: {_last_line(log)}"])
                await asyncio.sleep(_POLL_S)
            client: AsyncMongoClient[dict[str, Any]]
            async with AsyncMongoClient(_uri(port)) as client:
                await client.admin.command("ping")
    except (TimeoutError, PyMongoError):
        raise ConfigurationError([f"embedded MongoDB: the child gave no answer within {_START_S:g} s"]) from None


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(_HOST, port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


def _last_line(log: Path) -> str:
    return (log.read_text(encoding="utf-8", errors="replace").splitlines() or ["it said nothing"])[-1]


def _uri(port: int) -> str:
    return f"mongodb://{_HOST}:{port}"


def _end(process: subprocess.Popen[bytes], grace_s: float) -> None:
    process.terminate()
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert process.stdin is not None
    process.stdin.close()
