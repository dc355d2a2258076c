"""The commands of segments, as operators run them: what they print, how they end, and what is left of a file."""

import csv
import json
import os
import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pymongo import MongoClient
from typer.testing import CliRunner

from connectors import records as r
from gateway.cli import app
from tests.support.paths import ROOT
from tests.support.people_files import write_people, write_settings
from tests.support.serve_process import COMMAND

pytestmark = pytest.mark.mongodb

PEOPLE = [
    r.Customer(id="1", given_name="Ana", email="ana@example.com"),
    r.Customer(id="2", given_name="=Bo", email="bo@example.com"),
    r.Customer(id="3", given_name="Cy", email="cy@example.com"),
]
MORE = """
[mongodb]
uri = "{uri}"
database = "{database}"
timeout_ms = 20000

[tags]
file = "{folder}/tags.yaml"

[access]
anonymous = "console"

[callers.console]
[callers.masked]
sees = {{ identifying = "shown", personal = "shown", contact = "masked" }}
find_by = ["customer_id", "text"]
"""
PACK = """\
facts: {n: {label: Orders, record: order, measure: count}}
tags: {}
segments:
  fair: {label: Fair, description: D., owner: o, words: W., kind: list}
  buyers: {label: Buyers, description: D., owner: o, words: W., condition: n >= 1, ttl: 6h}
"""
NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path, mongodb_uri: str, mongodb_database: str) -> Path:
    (tmp_path / "tags.yaml").write_text(PACK, "utf-8")
    write_people(tmp_path / "crm.csv", PEOPLE)
    write_people(tmp_path / "shop.csv", [r.Customer(id="9", email="ana@example.com")])
    return write_settings(tmp_path, MORE.format(uri=mongodb_uri, database=mongodb_database, folder=tmp_path))


def run(config: Path, *words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["segments", *words, "--config", str(config)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def upload(config: Path, text: str, *words: str) -> tuple[int, str, str]:
    file = config.with_name("list.txt")
    file.write_text(text, "utf-8")
    return run(config, "upload", "fair", str(file), *words)


def told(config: Path, *words: str) -> dict[str, list[int] | None]:
    """The counts as JSON: members, known and unknown, by segment."""
    code, text, _ = run(config, *words, "--json")
    assert code == 0
    counts = json.loads(text)
    return {key: own and [own[name] for name in ("members", "known", "unknown")] for key, own in counts.items()}


def test_a_list_is_uploaded_and_counted(config: Path):
    """It ends with 0, or with 1 where lines find nobody, which are told by number and never by value."""
    assert told(config, "list") == {"fair": None, "buyers": None}
    assert upload(config, "ana@example.com\nshop:9\n", "--by", "email") == (
        1,
        "fair: 1 customers, of 2 lines\n",
        "1 lines find nobody, or several: 2\n",
    )
    many = "".join(f"email:nobody{number}@example.com\n" for number in range(25))
    code, shown, problems = upload(config, f"{many}3\nemail:BO@example.com\n")
    assert (code, shown) == (1, "fair: 2 customers, of 27 lines\n")
    assert "25 lines find nobody, or several: 1, 2, 3," in problems
    assert problems.rstrip().endswith("20, ...")
    assert "nobody0" not in problems
    assert upload(config, "1\n2\n3\n")[:2] == (0, "fair: 3 customers, of 3 lines\n")
    assert told(config, "list") == {"fair": [3, 3, 0], "buyers": None}
    code, shown, _ = run(config, "list")
    assert shown.startswith("fair: 3 customers, of 3 known and 0 not, as of 20")
    assert shown.endswith("UTC\nbuyers: not counted yet\n")


def test_a_count_is_told_with_what_it_rests_on(config: Path, mongodb_uri: str, mongodb_database: str):
    """Of one segment, by its key; no source is asked."""
    with MongoClient(mongodb_uri) as client:
        counters = {"members": 1_200, "known": 2_000, "unknown": 34, "asOf": NOON, "turn": 1}
        client[mongodb_database].segment_counts.insert_one({"_id": "buyers", **counters})
    for name in ("crm.csv", "shop.csv"):
        config.with_name(name).unlink()
    assert told(config, "count", "buyers") == {"buyers": [1_200, 2_000, 34]}
    shown = "buyers: 1,200 customers, of 2,000 known and 34 not, as of 2026-06-30 12:00 UTC\n"
    assert run(config, "count", "buyers") == (0, shown, "")
    assert run(config, "count", "buyer") == (2, "", "buyer: no segment is called so; did you mean 'buyers'?\n")


def test_commands_say_what_is_wrong(config: Path):
    """And how to put it right. They end with 2, and change nothing."""
    upload(config, "1\n")
    missing = str(config.with_name("none") / "out.csv")
    for words, problem in [
        (("export", "fair"), "caller"),
        (("export", "fare", "--caller", "console"), "did you mean 'fair'?"),
        (("export", "fair", "--caller", "consul"), "did you mean 'console'?"),
        (("export", "fair", "--caller", "console", "--fields", "id,nmae"), "nmae"),
        (("export", "fair", "--caller", "console", "--purpose", "news"), "news"),
        (("export", "fair", "--caller", "console", "--output", missing), "No such file"),
        (("export", "fair", "--caller", "console", "--format", "xlsx"), "xlsx"),
        (("upload", "fair", missing), "does not exist"),
    ]:
        code, shown, problems = run(config, *words)
        assert (code, shown) == (2, ""), (words, shown, problems)
        assert problem in " ".join(problems.split()), (words, problems)
    assert upload(config, "2\n", "--by", "mail")[0] == 2
    assert upload(config, "x" * 2_000)[0] == 2
    assert told(config, "count", "fair") == {"fair": [1, 1, 0]}


def test_an_export_is_written_for_its_owner(config: Path):
    """Masked as for its caller, whole or not at all, over whatever stood there; JSON lines on the standard output."""
    upload(config, "1\n2\n3\n")
    assert run(config, "export", "fair", "--caller", "console") == (
        0,
        "id\ncrm:1\ncrm:2\ncrm:3\n",
        "fair: 3 customers written\n",
    )
    output, partly = config.with_name("out.csv"), config.with_name("out.csv.part")
    other = config.with_name("other.txt")
    other.write_text("mine", "utf-8")
    output.write_text("before", "utf-8")
    partly.symlink_to(other)
    words = ("export", "fair", "--fields", "id,givenName,email", "--output", str(output))
    assert run(config, *words, "--caller", "masked") == (0, "", "fair: 3 customers written\n")
    assert [*csv.reader(output.read_text("utf-8").splitlines())] == [
        ["id", "givenName", "email"],
        ["crm:1", "Ana", "a***@example.com"],
        ["crm:2", "'=Bo", "b***@example.com"],
        ["crm:3", "Cy", "c***@example.com"],
    ]
    assert output.stat().st_mode & 0o777 == 0o600
    assert other.read_text("utf-8") == "mine"
    assert not partly.exists()
    code, shown, _ = run(config, "export", "fair", "--caller", "console", "--fields", "givenName", "--format", "jsonl")
    assert (code, [json.loads(line) for line in shown.splitlines()]) == (
        0,
        [{"givenName": "Ana"}, {"givenName": "=Bo"}, {"givenName": "Cy"}],
    )


def test_an_export_without_a_source_ends_with_1(config: Path):
    """What it could read is written, and what was missing counted by its code."""
    upload(config, "1\n2\n")
    config.with_name("shop.csv").unlink()
    code, shown, problems = run(config, "export", "fair", "--caller", "console", "--fields", "givenName")
    assert (code, shown) == (1, "givenName\r\nAna\r\n'=Bo\r\n".replace("\r\n", "\n"))
    assert "fair: 2 customers written\nSOURCE_UNAVAILABLE: " in problems


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_an_export_that_is_ended_leaves_the_file_of_before(config: Path, sign: signal.Signals):
    """Nothing else stays, but after SIGKILL a part of it for its owner alone, which the next export deletes."""
    write_people(config.with_name("crm.csv"), (r.Customer(id=f"{number}") for number in range(20_000)))
    upload(config, "".join(f"{number}\n" for number in range(3_000)))
    output, partly = config.with_name("out.csv"), config.with_name("out.csv.part")
    output.write_text("before", "utf-8")
    words = ["segments", "export", "fair", "--caller", "console", "--output", str(output), "--config", str(config)]
    running = subprocess.Popen([*COMMAND, *words], stderr=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": str(ROOT)})
    try:
        ends = time.monotonic() + 50
        while not partly.exists():
            assert running.poll() is None
            assert time.monotonic() < ends
            time.sleep(0.01)
        running.send_signal(sign)
        assert running.wait(50) != 0
    finally:
        running.kill()
    assert output.read_text("utf-8") == "before"
    assert partly.exists() is (sign is signal.SIGKILL)
    if partly.exists():
        assert partly.stat().st_mode & 0o777 == 0o600
        assert run(config, *words[1:-2])[0] == 0
        assert not partly.exists()
