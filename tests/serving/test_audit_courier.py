"""A process of its own takes the audit to MongoDB; a worker does when that is gone."""

import json
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from gateway.audit.journal import Block, Journal
from gateway.audit.spool import Spool
from gateway.clock import Clock
from tests.support.audit_trails import SECRET
from tests.support.people_files import write_people, write_settings
from tests.support.serve_process import ServeProcess, is_alive, serve_process, wait_until

pytestmark = pytest.mark.mongodb


@pytest.fixture
def config(tmp_path: Path, mongodb_uri: str, mongodb_database: str) -> Path:
    """Settings with an audit, whose spool is there."""
    (tmp_path / "spool").mkdir()
    for name in ("crm", "shop"):
        write_people(tmp_path / f"{name}.csv", [])
    mongodb = f'[mongodb]\nuri = "{mongodb_uri}"\ndatabase = "{mongodb_database}"\n'
    return write_settings(tmp_path, f'[audit]\nkey = "{SECRET}"\nspool = "spool"\n{mongodb}')


def leave_chain(spool: Path, aside: Path) -> str:
    """Leave what a process that has died left: a link in an open segment. It is there at once, with all of its link."""
    aside.mkdir()
    journal = Journal(Spool(aside), 1_048_576, Clock())
    journal.append(Block(Clock().timestamp()))
    [segment] = aside.glob("*.open")
    shutil.copy(segment, spool / f"{segment.name}.copy")
    (spool / f"{segment.name}.copy").rename(spool / segment.name)
    journal.release()
    return journal.chain


def wait_delivered(uri: str, database: str, chain: str) -> None:
    with MongoClient[dict[str, Any]](uri, timeoutMS=20_000) as client:
        wait_until(lambda: client[database].audit_links.find_one({"chain": chain}), "a link is delivered")


def test_a_process_of_its_own_delivers(config: Path, tmp_path: Path, mongodb_uri: str, mongodb_database: str):
    """It is killed, and a worker takes its place. All end when they are asked to."""
    spool = tmp_path / "spool"
    first = leave_chain(spool, tmp_path / "first")
    with serve_process(config, workers=2) as gateway:
        gateway.wait_ready(2)
        courier = gateway.wait_for("audit_courier_started")["pid"]
        wait_delivered(mongodb_uri, mongodb_database, first)
        # A worker may have begun sooner: it leaves the spool to the courier.
        wait_until(lambda: has_lock(courier, inode_of(spool)), "the courier delivers")
        assert holder_of(gateway, spool / "delivery.lock") == courier
        os.kill(courier, signal.SIGKILL)
        wait_until(lambda: not is_alive(courier), "it is killed")
        second = leave_chain(spool, tmp_path / "second")
        wait_delivered(mongodb_uri, mongodb_database, second)
        assert holder_of(gateway, spool / "delivery.lock") in gateway.ready_pids()
        assert gateway.end() == 0


def test_it_follows_a_reload(config: Path, tmp_path: Path, mongodb_uri: str, mongodb_database: str):
    """Another one delivers when who is erased, or what is kept, is of other settings; else the same goes on."""
    with serve_process(config) as gateway:
        gateway.wait_ready(1)
        first = gateway.wait_for("audit_courier_started")["pid"]
        config.write_text(config.read_text("utf-8").replace("60000", "59000"), "utf-8")
        gateway.process.send_signal(signal.SIGHUP)
        gateway.wait_for("settings_loaded", 2)
        config.write_text(
            config.read_text("utf-8") + '\n[erasure]\nkey = "what erased keys are digested with, long"\n', "utf-8"
        )
        gateway.process.send_signal(signal.SIGHUP)
        second = gateway.wait_for("audit_courier_started", 2)["pid"]
        wait_until(lambda: not is_alive(first), "the first one ends")
        wait_delivered(mongodb_uri, mongodb_database, leave_chain(tmp_path / "spool", tmp_path / "late"))
        assert is_alive(second)
        assert len(gateway.events("audit_courier_started")) == 2
        assert gateway.end() == 0


def test_it_ends_with_the_master(config: Path):
    """However that ends."""
    with serve_process(config) as gateway:
        gateway.wait_ready(1)
        courier = gateway.wait_for("audit_courier_started")["pid"]
        gateway.process.kill()
        wait_until(lambda: not is_alive(courier), "it ends with the master")


def test_a_volume_that_does_not_answer_holds_up_no_process(config: Path, tmp_path: Path):
    """To open a file there hangs. Requests are answered, and the process of its own and the worker after it end in time."""
    spool = tmp_path / "spool"
    os.mkfifo(spool / f"{'0' * 32}.lock")
    (spool / f"{'0' * 32}.00000001.open").touch()
    with serve_process(config, workers=2) as gateway:
        gateway.wait_ready(2)
        courier = gateway.wait_for("audit_courier_started")["pid"]
        wait_until(lambda: (spool / "delivery.lock").exists() and has_lock(courier, inode_of(spool)), "it delivers")
        os.kill(courier, signal.SIGKILL)
        wait_until(
            lambda: any(has_lock(pid, inode_of(spool)) for pid in gateway.ready_pids() if is_alive(pid)), "a worker delivers"
        )
        assert "errors" not in gateway.ask("crm:nobody")
        assert gateway.end() == 0
        exits = [line for line in gateway._written if '"worker_exited"' in line]  # DuckDB writes lines of its own at the end
        assert [json.loads(line).get("code") for line in exits] == [0, 0]


def inode_of(spool: Path) -> int:
    return (spool / "delivery.lock").stat().st_ino


def holder_of(gateway: ServeProcess, path: Path) -> int:
    """The process that has a lock, as Linux says."""
    inode = path.stat().st_ino
    pids = [*gateway.ready_pids(), *(own["pid"] for own in gateway.events("audit_courier_started"))]
    held = [pid for pid in pids if is_alive(pid) and has_lock(pid, inode)]
    assert len(held) == 1
    return held[0]


def has_lock(pid: int, inode: int) -> bool:
    return any(f":{inode} " in line for line in locks_of(pid))


def locks_of(pid: int) -> list[str]:
    lines: list[str] = []
    for info in Path(f"/proc/{pid}/fdinfo").iterdir():
        with suppress(FileNotFoundError):  # it was closed since it was listed
            lines += info.read_text("utf-8").splitlines()
    return [line for line in lines if line.startswith("lock:")]
