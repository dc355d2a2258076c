"""`profile-gateway identity propose | report`, run as a user runs them."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.identity_commands import print_proposals
from gateway.linkage.proposals import Proposal
from tests.support.doubled_people import Pair, doubled_people
from tests.support.people_files import write_people, write_settings
from tests.support.serve_process import free_port

COMMAND = [sys.executable, "-c", "from gateway.cli import app; app()", "identity"]
ENVIRONMENT = {"COLUMNS": "160", "PATH": "", "PYTHONPATH": str(Path.cwd())}


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=110, env=ENVIRONMENT)


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    return [*doubled_people(150)]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, pairs: list[Pair]) -> str:
    folder = tmp_path_factory.mktemp("people")
    write_people(folder / "crm.csv", [pair.crm for pair in pairs])
    write_people(folder / "shop.csv", [pair.shop for pair in pairs])
    return str(write_settings(folder))


@pytest.fixture(scope="module")
def proposed(config: str) -> subprocess.CompletedProcess[str]:
    return run("propose", "--config", config)


def test_pairs_are_printed_with_what_speaks_for_them(proposed: subprocess.CompletedProcess[str]):
    """A line has two ids, the probability and the weights in words; how many there are stands on standard error."""
    assert proposed.returncode == 0, proposed.stderr
    lines = [line.split("\t") for line in proposed.stdout.splitlines()]
    assert len(lines) >= 140
    assert all(one.replace("crm:c", "shop:s") == other for one, other, *_ in lines)
    assert all(float(probability) >= 0.95 and "the same" in words for _, _, probability, words, *_ in lines)
    assert proposed.stderr == f"{len(lines)} pairs are proposed.\n"


def test_no_value_is_printed(proposed: subprocess.CompletedProcess[str], config: str, pairs: list[Pair]):
    """Neither names nor addresses nor birth dates stand in what is printed, also not as JSON and in the report."""
    printed = "".join(
        [proposed.stdout, run("propose", "--config", config, "--json").stdout, run("report", "--config", config).stdout]
    )
    for record in (record for pair in pairs for record in pair):
        assert record.address is not None
        for value in (record.email, record.family_name, record.birth_date, record.address.line):
            assert value
            assert value not in printed
            assert value.lower() not in printed


def test_two_runs_print_the_same(proposed: subprocess.CompletedProcess[str], config: str):
    """Nothing is drawn by chance, and no order by the moment."""
    assert run("propose", "--config", config).stdout == proposed.stdout


def test_values_are_shown_on_a_terminal_alone(config: str, pairs: list[Pair]):
    """What goes to a file or into a pipe has no values, whoever asks for them."""
    refused = run("propose", "--config", config, "--show-values")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "--show-values: is for a terminal; what is written to a file holds ids and no values\n"
    shown = _on_terminal("propose", "--config", config, "--show-values")
    assert f"email: {pairs[0].crm.email} | {pairs[0].shop.email}" in shown


def _on_terminal(*words: str) -> str:
    ours, theirs = pty.openpty()
    with subprocess.Popen([*COMMAND, *words], stdout=theirs, stderr=subprocess.DEVNULL, env=ENVIRONMENT) as process:
        os.close(theirs)
        written = b""
        try:
            while part := os.read(ours, 65_536):
                written += part
        except OSError:
            pass  # the other end is closed
        finally:
            os.close(ours)
            process.wait(110)
    return written.decode()


def test_the_report_counts_customers(config: str):
    """Nobody is linked yet: all customers have one record."""
    done = run("report", "--config", config)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "300 records: crm 150, shop 150",
        "300 customers",
        "  of 1 record: 300",
        "Links: none",
        "Withheld: none",
    ]


def test_the_report_names_shared_keys_by_an_example(tmp_path: Path, pairs: list[Pair]):
    """A key that two records of one source have links nobody; it is told by its kind and the id of a record."""
    import msgspec

    same = [msgspec.structs.replace(pair.crm, email="office@example.com") for pair in pairs[:3]]
    write_people(tmp_path / "crm.csv", same)
    write_people(tmp_path / "shop.csv", [msgspec.structs.replace(pairs[9].shop, email=pairs[9].crm.email), pairs[0].shop])
    write_people(tmp_path / "crm.csv", [*same, pairs[9].crm])
    done = run("report", "--config", str(write_settings(tmp_path)), "--json")
    report = json.loads(done.stdout)
    assert report["shared_keys"] == [{"kind": "email", "records": 3, "example": "crm:c00000", "links": False}]
    assert (report["customers"], report["sizes"], report["links"]) == (5, {"1": 4, "2": 1}, {"email": 1})


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--sources", "crm,desk"], "--sources: desk: no such source lists customers; those that do: crm, shop"),
        (
            ["--sources", "crm"],
            "identity: crm alone lists customers, and each has one record of a source: nobody can be proposed",
        ),
    ],
)
def test_what_cannot_be_proposed_is_said(config: str, words: list[str], problem: str):
    """The command ends with 2 and names what to change."""
    done = run("propose", "--config", config, *words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{problem}\n")


def test_a_store_that_is_away_is_said(tmp_path: Path, pairs: list[Pair]):
    """What people decided cannot be read then, and without it nobody is told what is linked."""
    for name in ("crm", "shop"):
        write_people(tmp_path / f"{name}.csv", [pairs[0].crm])
    mongodb = f'[mongodb]\nuri = "mongodb://127.0.0.1:{free_port()}"\ntimeout_ms = 300\n'
    done = run("report", "--config", str(write_settings(tmp_path, mongodb)))
    assert (done.returncode, done.stdout) == (2, "")
    assert "MongoDB" in done.stderr
    assert "Traceback" not in done.stderr


def test_ids_that_a_terminal_would_follow_are_not_printed(capsys: pytest.CaptureFixture[str]):
    """They are told of, and JSON has them escaped."""
    proposals = [
        Proposal(records=(f"crm:{own}", "shop:1"), probability=0.99, start=0, weights=()) for own in ("7", "8\x1b[2J", "9\t9")
    ]
    print_proposals(proposals, as_json=False)
    printed = capsys.readouterr()
    assert printed.out == "crm:7\tshop:1\t0.990000\t\n"
    assert "left out; --json has them" in printed.err
    print_proposals(proposals, as_json=True)
    assert [own["records"][0] for own in json.loads(capsys.readouterr().out)] == ["crm:7", "crm:8\x1b[2J", "crm:9\t9"]
