"""What is stored of all customers, counted by tag and value; and what another file of tags would change."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from bench.refresh_shop import run_statement, write_people, write_settings
from gateway.tags.pack import default_pack_path
from tests.support.paths import ROOT
from tests.support.serve_process import COMMAND
from tests.support.shipped_packs import shipped_text

pytestmark = pytest.mark.mongodb
PEOPLE = 40


def ran(config: Path, *words: str) -> subprocess.CompletedProcess[str]:

    return subprocess.run(
        [*COMMAND, "tags", *words, "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=100,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


@pytest.fixture
def config(tmp_path: Path, mongodb_uri: str, mongodb_database: str) -> Path:
    """Forty people: ten with one order of 150 euros ten days ago, the others with none."""
    write_people(tmp_path, PEOPLE)
    run_statement(tmp_path, "web", "DELETE FROM orders")
    run_statement(tmp_path, "desk", "DELETE FROM tickets")
    run_statement(
        tmp_path,
        "web",
        """INSERT INTO orders SELECT 'o' || id, id, '2026-06-20T12:00:00+00:00', 'DELIVERED', '150', 'books', '2026-06-20'
           FROM accounts WHERE id < 'w0000020'""",
    )
    return write_settings(tmp_path, mongodb_uri, mongodb_database)


def counted(config: Path, *words: str) -> dict[str, dict[str, object]]:
    ended = ran(config, "count", "--json", *words)
    assert (ended.returncode, ended.stderr) == (0, "")
    found = json.loads(ended.stdout)
    return {"": {"customers": found["customers"]}, **{own.pop("key"): own for own in found["tags"]}}


def test_customers_are_counted_by_value(config: Path):
    """All values of a closed list are there, also those of nobody; who has none is counted by the reason."""
    assert ran(config, "refresh", "--all").returncode == 0
    found = counted(config)
    assert found[""] == {"customers": PEOPLE}
    assert found["value_tier"]["values"] == {"PLATINUM": 0, "GOLD": 0, "SILVER": 10, "BRONZE": 0, "NONE": 30}
    assert found["value_tier"] | {"values": {}} == {
        "values": {}, "otherValues": 0, "notGiven": 0, "unknown": 0, "failed": 0, "never": 0, "partial": 0
    }  # fmt: skip
    assert found["lifecycle_stage"]["values"]["LEAD"] == 30
    assert (found["recency"]["notGiven"], sum(found["recency"]["values"].values())) == (30, 10)


def test_tags_of_before_and_of_other_rules_are_none(config: Path, tmp_path: Path):
    """What was computed before the time that is asked for, or by another rule, was never computed."""
    assert ran(config, "refresh", "--all").returncode == 0
    assert counted(config, "--since", "1d")["activity"]["never"] == 0
    assert counted(config, "--since", "2100-01-01")["activity"]["never"] == PEOPLE
    tags = tmp_path / "tags.yaml"
    tags.write_text(shipped_text().replace("spend_365d >= 400", "spend_365d >= 500"), "utf-8")
    config.write_text(f'tags.file = "{tags}"\n' + config.read_text("utf-8"), "utf-8")
    found = counted(config)
    assert (found["value_tier"]["never"], found["activity"]["never"]) == (PEOPLE, 0)


def test_nothing_is_stored_at_first(config: Path):
    found = counted(config)
    assert (found[""], found["activity"]["never"]) == ({"customers": 0}, 0)
    ended = ran(config, "count")
    assert "customers of whom tags are stored: 0" in ended.stdout


def test_who_was_only_marked_is_not_counted(config: Path, mongodb_uri: str, mongodb_database: str):
    """A webhook marks somebody of whom no tag is stored: nothing was computed of him."""
    assert ran(config, "refresh", "--all").returncode == 0
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        client[mongodb_database].tags.insert_one({"_id": "crm:unknown", "marks": 1})
    found = counted(config)
    assert (found[""], found["activity"]["never"]) == ({"customers": PEOPLE}, 0)


@pytest.mark.parametrize("stored", [True, False])
def test_another_file_is_compared(config: Path, tmp_path: Path, stored: bool):
    """A border that moves from 100 to 200 takes ten customers from SILVER to BRONZE: five of them are named."""
    if stored:
        assert ran(config, "refresh", "--all").returncode == 0
    new = tmp_path / "new.yaml"
    new.write_text(shipped_text().replace("spend_365d >= 100 ", "spend_365d >= 200 "), "utf-8")
    ended = ran(config, "diff", str(new), "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    found = json.loads(ended.stdout)
    assert (found["customers"], found["missing"], found["isByChance"]) == (PEOPLE, 0, stored)
    changed = {own["key"]: own for own in found["tags"] if own["changes"]}
    assert [*changed] == ["value_tier"]
    (change,) = changed["value_tier"]["changes"]
    assert (change["from"], change["to"], change["customers"], len(change["examples"])) == ("SILVER", "BRONZE", 10, 5)
    assert set(change["examples"]) <= {f"crm:c{number:07}" for number in range(0, 20, 2)}


def test_a_sample_is_as_large_as_asked(config: Path):
    """The file in force changes nothing, and nobody is named where no examples are asked for."""
    ended = ran(config, "diff", str(default_pack_path()), "--sample", "7", "--examples", "0")
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert lines[0] == "customers: 7, the first ones that are listed"
    assert lines[1:]
    assert all(line.endswith(": 0 of 7 change") for line in lines[1:])


def test_a_tag_of_one_file_is_named(config: Path, tmp_path: Path):
    text = shipped_text().replace("\n  activity:\n", "\n  pulse:\n")
    (tmp_path / "new.yaml").write_text(text, "utf-8")
    ended = ran(config, "diff", str(tmp_path / "new.yaml"), "--examples", "0")
    assert "pulse (only in the new file): 40 of 40 change" in ended.stdout
    assert "activity (only in the file in force): 40 of 40 change" in ended.stdout


def test_a_file_with_problems_is_refused(config: Path, tmp_path: Path):
    (tmp_path / "new.yaml").write_text("facts: 3\n", "utf-8")
    ended = ran(config, "diff", str(tmp_path / "new.yaml"))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "new.yaml" in ended.stderr
