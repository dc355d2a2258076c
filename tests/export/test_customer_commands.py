"""`profile-gateway customer export | schema`, run as a user runs them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.support.doubled_people import doubled_people
from tests.support.paths import ROOT
from tests.support.people_files import write_people, write_settings
from tests.support.serve_process import free_port

COMMAND = [sys.executable, "-c", "from gateway.cli import app; app()", "customer"]
ENVIRONMENT = {"COLUMNS": "160", "PATH": "", "PYTHONPATH": str(Path.cwd())}
OWN_FIELD = '[fields.customer.tier]\ntype = "string"\ndescription = "The tier."\nclass = "commercial"\n'


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=110, env=ENVIRONMENT)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two systems with the same people, who have other addresses there."""
    pairs = [*doubled_people(3)]
    write_people(tmp_path / "crm.csv", [own.crm for own in pairs])
    write_people(tmp_path / "shop.csv", [own.shop for own in pairs])
    return tmp_path


def test_an_export_is_written_for_its_owner_alone(folder: Path):
    """To a new file, or to standard output, the same but for times; a file that is there stays as it is."""
    config, file = str(write_settings(folder)), folder / "her.json"
    printed = run("export", "crm:c00000", "--config", config)
    written = run("export", "crm:c00000", "--config", config, "--out", str(file))
    assert [(done.returncode, done.stderr) for done in (printed, written)] == [(0, ""), (0, "")]
    assert written.stdout == ""
    assert file.stat().st_mode & 0o777 == 0o600
    exports = [json.loads(text) for text in (printed.stdout, file.read_text("utf-8"))]
    assert [own["customer"]["identity"]["records"] for own in exports] == [["crm:c00000"]] * 2
    assert exports[0]["customer"].keys() == exports[1]["customer"].keys()
    again = run("export", "crm:c00001", "--config", config, "--out", str(file))
    assert (again.returncode, again.stderr) == (2, f"{file}: File exists\n")
    assert json.loads(file.read_text("utf-8")) == exports[1]


def test_nobody_and_what_is_missing_are_told_apart(folder: Path):
    """It ends with 1 where nobody has the id, and with 2 where something could not be had; the rest is written."""
    config = str(write_settings(folder))
    nobody = run("export", "crm:c9", "--config", config)
    assert (nobody.returncode, nobody.stdout, nobody.stderr) == (1, "", "there is no customer with this id\n")
    (folder / "shop.csv").unlink()
    less = run("export", "crm:c00000", "--config", config)
    assert less.returncode == 2
    assert "shop: SOURCE_" in less.stderr
    assert json.loads(less.stdout)["customer"]["id"] == "crm:c00000"


def test_a_store_that_is_away_is_missing(folder: Path):
    """What people decided and what else it holds cannot be read then."""
    mongodb = f'[mongodb]\nuri = "mongodb://127.0.0.1:{free_port()}"\ntimeout_ms = 300\n'
    done = run("export", "crm:c00000", "--config", str(write_settings(folder, mongodb)))
    assert done.returncode == 2
    assert "STORE_UNAVAILABLE: tags.history, decisions, held\n" in done.stderr
    assert "Traceback" not in done.stderr


def test_fields_of_ones_own_are_in_the_schema_and_the_export(folder: Path):
    """The schema that is printed without settings is that of the docs, and takes such an export, too."""
    config = str(write_settings(folder, OWN_FIELD))
    usual = json.loads((ROOT / "docs" / "export.schema.json").read_text("utf-8"))
    assert json.loads(run("schema").stdout) == usual
    own = json.loads(run("schema", "--config", config).stdout)
    assert own["$defs"]["Customer"]["properties"]["tier"]["description"] == "The tier."
    exported = json.loads(run("export", "crm:c00000", "--config", config).stdout)
    assert exported["customer"]["tier"] is None
    assert [[*Draft202012Validator(schema).iter_errors(exported)] for schema in (usual, own)] == [[], []]
