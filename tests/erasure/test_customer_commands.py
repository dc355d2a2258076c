"""`profile-gateway customer`, run as a user runs it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.erasure.erased_people import ERASURE_KEY
from tests.linkage.test_identity_commands import COMMAND, ENVIRONMENT
from tests.support.doubled_people import doubled_people
from tests.support.people_files import write_people, write_settings

pytestmark = pytest.mark.mongodb


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND[:-1], *words], capture_output=True, text=True, timeout=110, env=ENVIRONMENT)


@pytest.fixture
def config(tmp_path: Path, mongodb_uri: str, mongodb_database: str) -> Path:
    pairs = [*doubled_people(3)]
    write_people(tmp_path / "crm.csv", [pair.crm for pair in pairs])
    write_people(tmp_path / "shop.csv", [pair.shop for pair in pairs])
    settings = write_settings(tmp_path)
    text = settings.read_text()
    text += f'\n[mongodb]\nuri = "{mongodb_uri}"\ndatabase = "{mongodb_database}"\ntimeout_ms = 20000\n'
    settings.write_text(f'{text}\n[erasure]\nkey = "{ERASURE_KEY}"\n')
    return settings


def test_a_customer_is_erased_and_lifted(config: Path, tmp_path: Path):
    """The receipt is complete, is printed again by its id, and says nothing of the customer. Then the tombstone is ended."""
    words = ("--config", str(config))
    erased = run("customer", "erase", "crm:c00001", "--reason", "request 1", "--json", *words)
    assert erased.returncode == 0, erased.stderr
    receipt: dict[str, Any] = json.loads(erased.stdout)
    assert receipt["state"] == "COMPLETE"
    assert {own["source"] for own in receipt["sourcesStillHold"]} == {"crm"}
    assert "c00001" not in erased.stdout
    again = run("customer", "receipt", receipt["id"], *words)
    assert (again.returncode, "state: COMPLETE" in again.stdout) == (0, True)
    kept = tmp_path / "tombstones.jsonl"
    assert run("customer", "replay-erasures", "--export", str(kept), *words).returncode == 0
    (line,) = kept.read_text().splitlines()
    assert json.loads(line)["id"] == receipt["id"]
    lifted = run("customer", "lift", receipt["id"], *words)
    assert (lifted.returncode, lifted.stderr) == (0, "1 tombstones are ended.\n")
    assert run("customer", "lift", "crm:c00001", *words).returncode == 1


def test_what_is_wrong_is_said(config: Path, tmp_path: Path):
    """With the fix: an id that is none, no [erasure], a file of something else, a receipt that is not there."""
    words = ("--config", str(config))
    other = tmp_path / "other.jsonl"
    other.write_text('{"id": 1}\n')
    settings = config.read_text().partition("[erasure]")[0]
    without = tmp_path / "without.toml"
    without.write_text(settings)
    commands = [
        (("erase", "nowhere:1", "--reason", "x", *words), "SOURCE:ID"),
        (("erase", "crm:c00001", "--reason", " ", *words), "reason"),
        (("erase", "crm:c00001", "--reason", "x", "--config", str(without)), "[erasure]"),
        (("replay-erasures", "--import", str(other), *words), "line 1 is no tombstone"),
        (("receipt", "nothing", *words), "no receipt"),
    ]
    for command, said in commands:
        done = run("customer", *command)
        assert done.returncode == 2, (command, done)
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_tombstones_are_put_up_from_a_file(config: Path, tmp_path: Path, mongodb_uri: str, mongodb_database: str):
    """After a restore of a database without them, the customer is erased again."""
    from pymongo import MongoClient

    words = ("--config", str(config))
    kept = tmp_path / "tombstones.jsonl"
    assert run("customer", "erase", "crm:c00001", "--reason", "request 1", *words).returncode == 0
    assert run("customer", "replay-erasures", "--export", str(kept), *words).returncode == 0
    with MongoClient(mongodb_uri, timeoutMS=20_000) as client:
        client.drop_database(mongodb_database)
        client[mongodb_database].tags.insert_many([{"_id": "crm:c00001\nshop:s00001"}, {"_id": "crm:c00002\nshop:s00002"}])
        done = run("customer", "replay-erasures", "--import", str(kept), *words)
        left = [own["_id"] for own in client[mongodb_database].tags.find()]
    assert (done.returncode, done.stdout) == (0, "tags: 1\n"), done.stderr
    assert left == ["crm:c00002\nshop:s00002"]
