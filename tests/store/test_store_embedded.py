"""The embedded child process: it starts, keeps its data, and leaves nothing behind."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest
from pymongo import MongoClient

from connectors.errors import ConfigurationError
from gateway.store.embedded_mongodb import EmbeddedMongo
from tests.support.serve_process import free_port

pytestmark = pytest.mark.mongodb


def port_of(uri: str) -> int:
    return int(uri.rpartition(":")[2])


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_child_is_gone_after_stop():
    """Leaving the context ends the child: its process id is free and its port is closed."""
    embedded = EmbeddedMongo(port=free_port())
    async with embedded as uri:
        pid = embedded.pid
        assert pid is not None
        os.kill(pid, 0)
        assert accepts(port_of(uri))
    assert embedded.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not accepts(port_of(uri))


async def test_stop_twice_is_harmless():
    """A second stop finds nothing to do."""
    embedded = EmbeddedMongo(port=free_port())
    await embedded.start()
    await embedded.stop()
    await embedded.stop()


async def test_given_folder_keeps_data_and_log_over_a_restart(tmp_path: Path):
    """What one child wrote is read from the next one on the same folder, and the log is beside it."""
    for expected in (0, 1):
        async with EmbeddedMongo(tmp_path / "mongodb", free_port()) as uri:
            with MongoClient(uri) as client:
                assert client.kept.things.count_documents({}) == expected
                client.kept.things.insert_one({"_id": expected})
    assert (tmp_path / "mongodb" / "secantusdb.log").is_file()


async def test_port_in_use_is_a_configuration_error():
    """A port that somebody listens on is named, and no child is left."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        embedded = EmbeddedMongo(port=port)
        with pytest.raises(ConfigurationError, match=f"port {port} is in use"):
            await embedded.start()
        assert embedded.pid is None


async def test_child_that_dies_at_its_start_is_a_configuration_error(tmp_path: Path):
    """A child that cannot open its data ends the start with what it said last."""
    (tmp_path / "data").write_text("a file where a folder is needed")
    embedded = EmbeddedMongo(tmp_path, free_port())
    with pytest.raises(ConfigurationError, match=r"the child ended at its start: .*data"):
        await embedded.start()
    assert embedded.pid is None


async def test_missing_installation_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    """Without SecantusDB the operator reads which extra to add."""
    monkeypatch.setitem(sys.modules, "secantus", None)
    with pytest.raises(ConfigurationError, match='add the extra "embedded"'):
        await EmbeddedMongo().start()


_PARENT = """
import asyncio, pathlib, sys
from gateway.store.embedded_mongodb import EmbeddedMongo

async def main():
    embedded = EmbeddedMongo(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
    print(await embedded.start(), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_child_dies_with_a_parent_that_is_killed(tmp_path: Path):
    """SIGKILL gives the parent no chance to stop its child; the child ends all the same."""
    port = free_port()
    words = [sys.executable, "-c", _PARENT, str(tmp_path), str(port)]
    parent = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    assert port_of((await parent.stdout.readline()).decode().strip()) == port
    assert accepts(port)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    async with asyncio.timeout(60):
        while accepts(port):  # another process's end sets no event here
            await asyncio.sleep(0.02)
