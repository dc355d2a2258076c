"""`profile-gateway audit verify` says what it finds, and ends with 1 then."""

import asyncio
import json
from pathlib import Path

import pytest
from pymongo import MongoClient
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.store.store import Store
from tests.support.audit_trails import SECRET, patient, record, trail_on
from tests.support.fixtures_mongodb import HandClock
from tests.support.people_files import write_people, write_settings

pytestmark = pytest.mark.mongodb


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["audit", "verify", *words], env={"COLUMNS": "200"})


@pytest.fixture
def config(tmp_path: Path, spool: Path, mongodb_uri: str, mongodb_database: str) -> str:
    """Settings with an audit, whose spool is named relative to them."""
    for name in ("crm", "shop"):
        write_people(tmp_path / f"{name}.csv", [])
    mongodb = f'[mongodb]\nuri = "{mongodb_uri}"\ndatabase = "{mongodb_database}"\ntimeout_ms = 20000\n'
    return str(write_settings(tmp_path, f'[audit]\nkey = "{SECRET}"\nspool = "{spool.name}"\n{mongodb}'))


async def write_chain(uri: str, database: str, spool: Path) -> list[str]:
    """Write a chain of three links. Gives the lines that the log has of it."""
    clock = HandClock()
    store = Store(patient(uri, database), clock)
    await store.open()
    with capture_logs() as lines:
        trail = trail_on(store, spool, clock)
        record(trail, "r1", clock, "crm:7")
        await trail.aclose()
    await store.aclose()
    return [json.dumps({**line, "timestamp": clock.now().isoformat()}) for line in lines]


def edit(uri: str, database: str, command: str, chain: str) -> None:
    with MongoClient[dict[str, object]](uri, timeoutMS=20_000) as client:
        links = client[database].audit_links
        if command == "cut":
            links.delete_many({"chain": chain, "seq": {"$gte": 1}})
        else:
            links.update_one({"_id": f"{chain} 1"}, {"$set": {"entries.0.caller": "x"}})


def test_a_sound_audit_ends_with_0(config: str, mongodb_uri: str, mongodb_database: str, spool: Path, tmp_path: Path):
    """A chain a line, and how many commitments name nobody. Lines of a log that are no heads are skipped."""
    log = tmp_path / "gateway.log"
    lines = asyncio.run(write_chain(mongodb_uri, mongodb_database, spool))
    log.write_text("\n".join(["Started.", "{}", f"gateway-1  | {lines[0]}", *lines[1:], "{"]) + "\n", "utf-8")
    chain = json.loads(lines[0])["chain"]
    sound = run("--config", config, "--heads", str(log))
    assert (sound.exit_code, sound.stderr) == (0, "")
    first, second, third = sound.stdout.splitlines()
    assert first.startswith(f"{chain}  ended, links 0 to 2, 1 entries, last written 20")
    assert (second, third) == ("1 customers in entries, 0 of them erased", "No link was changed.")
    as_json = json.loads(run("--config", config, "--json").stdout)
    assert [own["state"] for own in as_json["chains"]] == ["ended"]
    assert (as_json["findings"], as_json["commitments"], as_json["erased"]) == ([], 1, 0)
    edit(mongodb_uri, mongodb_database, "edit", chain)
    edited = run("--config", config)
    assert (edited.exit_code, edited.stderr) == (1, f"edited: {chain} link 1: it is not as it was sealed\n")
    edit(mongodb_uri, mongodb_database, "cut", chain)
    assert run("--config", config).exit_code == 0
    cut = run("--config", config, "--heads", str(log))
    assert (cut.exit_code, cut.stderr) == (1, f"missing: {chain} link 1: the log has seen link 2, and this one is not there\n")


def test_settings_without_an_audit_are_told(tmp_path: Path):
    for name in ("crm", "shop"):
        write_people(tmp_path / f"{name}.csv", [])
    result = run("--config", str(write_settings(tmp_path)))
    assert (result.exit_code, result.stderr) == (2, "gateway.toml: audit: is not there, so there is no audit; add [audit]\n")


def test_a_log_that_is_not_there_is_told(config: str):
    result = run("--config", config, "--heads", "/nowhere.log")
    assert (result.exit_code, result.stderr) == (2, "/nowhere.log: No such file or directory\n")


def test_a_spool_that_is_not_there_is_told(config: str, spool: Path):
    """It is not taken for an empty one: what is in it would be missing."""
    spool.rmdir()
    result = run("--config", config)
    assert (result.exit_code, result.stderr) == (2, f"{spool}: No such file or directory\n")
