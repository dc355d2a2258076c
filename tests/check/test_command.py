"""`check` as an operator and a program see it."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from gateway.check.report import WIDTH, LookupSummary, calling_lines, lookup_lines
from gateway.settings import SourceSettings
from tests.server.test_cli import COMMAND, free_port, run, wait_for

EVERY_PUSH = ["first", "after", "since", "where", "order", "count"]
GOOD = """
[sources.{name}]
kind = "files"
path = "{folder}"

[sources.{name}.records.order]
query = "SELECT * FROM 'orders.csv'"
keys.customer_id = "customer"
"""


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """A settings file that is right, of a source with a long name."""
    orders = "id,placed_at,customer,total_amount,total_currency\n1,2026-01-01,c1,5.00,EUR\n"
    (tmp_path / "orders.csv").write_text(orders, encoding="utf-8")
    path = tmp_path / "gateway.toml"
    name = "orders-of-the-shops-that-were-bought-in-the-last-years"
    path.write_text(GOOD.format(name=name, folder=tmp_path), encoding="utf-8")
    return path


def broken(configuration: Path) -> Path:
    """Misspell the column of the key."""
    text = configuration.read_text(encoding="utf-8")
    configuration.write_text(text.replace('"customer"', '"custmer"'), encoding="utf-8")
    return configuration


def test_the_table_fits_a_terminal_and_cuts_no_word():
    """What a source applies stands below itself where it is long; a long name makes its own line longer."""
    lookups = [
        LookupSummary("crm", "sql", "customer", "member_number", 500, EVERY_PUSH, measures=True),
        LookupSummary("desk", "http", "ticket", "email", 50, EVERY_PUSH, measures=False),
        LookupSummary("events", "http", "event", "device_id", 1, [], measures=False),
        LookupSummary("behaviour-of-all-visitors", "sql", "event", "customer_id", 500, EVERY_PUSH, measures=False),
    ]
    lines = lookup_lines(lookups, WIDTH)
    assert max(map(len, lines)) <= WIDTH
    assert [line.split() for line in lines] == [
        ["Source", "Record", "Key", "Batch", "The", "source", "applies"],
        ["crm", "customer", "member_number", "500", "all"],
        ["desk", "ticket", "email", "50", "first", "after", "since"],
        ["where", "order", "count"],
        ["events", "event", "device_id", "1", "nothing"],
        ["behaviour-of-all-visitors", "event", "customer_id", "500", "first", "after", "since"],
        ["where", "order", "count"],
    ]


def test_a_pipe_gets_every_word(configuration: Path):
    """Whatever its width is thought to be."""
    result = run("check", "--config", str(configuration), columns="20")
    assert result.returncode == 0, result.stderr
    name = "orders-of-the-shops-that-were-bought-in-the-last-years"
    assert f"{name}  order   customer_id  500    all\n" in result.stdout
    assert result.stdout.endswith("reads all records of a customer, and says what of them cannot be read.\n")
    assert result.stderr == ""


def test_programs_get_json(configuration: Path):
    """Problems with all their parts, and the lookups, in a shape that stays. It ends with 2 for problems as without it."""
    good = run("check", "--config", str(configuration), "--json")
    assert (good.returncode, good.stderr) == (0, "")
    lookup = {"source": "orders-of-the-shops-that-were-bought-in-the-last-years", "kind": "files", "record": "order"}
    lookup |= {"key": "customer_id", "max_batch": 500, "pushdown": EVERY_PUSH, "measures": True}
    sample = {"source": lookup["source"], "record": "order", "key": "customer_id", "keys": 1, "records": 1}
    assert json.loads(good.stdout) == {"problems": [], "lookups": [lookup], "warnings": [], "samples": [sample], "reach": []}
    bad = run("check", "--config", str(broken(configuration)), "--json")
    assert (bad.returncode, bad.stderr) == (2, "")
    assert json.loads(bad.stdout)["problems"] == [
        {
            "file": "gateway.toml",
            "line": 8,
            "column": 1,
            "path": f"sources.{lookup['source']}.records.order.keys.customer_id",
            "message": "the record's query has no column custmer",
            "fix": "did you mean 'customer'?",
        }
    ]


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path):
    """It ends with 2, as all problems of a configuration do; a wrong option does, too."""
    result = run("check", "--config", str(tmp_path / "none.toml"))
    assert result.returncode == 2
    assert result.stderr == f"none.toml: there is no such file in {tmp_path}; name one with --config\n"
    assert run("check", "--nothing").returncode == 2
    as_json = run("check", "--config", str(tmp_path / "none.toml"), "--json")
    assert (as_json.returncode, as_json.stderr) == (2, "")
    (problem,) = json.loads(as_json.stdout)["problems"]
    assert (problem["file"], problem["line"], problem["fix"]) == ("none.toml", None, "name one with --config")


def test_serve_checks_first_and_does_not_serve_what_has_problems(configuration: Path):
    """What only the source can tell, here a column that it does not have; nothing is announced."""
    result = run("serve", "--check", "--config", str(broken(configuration)), "--port", str(free_port()))
    assert result.returncode == 2
    assert "the record's query has no column custmer; did you mean 'customer'?" in result.stderr
    assert "GraphQL" not in result.stdout


def test_serve_serves_what_the_check_finds_right(configuration: Path):
    """After the report."""
    port = free_port()
    command = [*COMMAND, "serve", "--check", "--config", str(configuration), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=dict(os.environ))
    assert process.stdout is not None
    try:
        wait_for(port)
        assert httpx2.get(f"http://127.0.0.1:{port}/healthz").json()["status"] == "alive"
        process.send_signal(signal.SIGTERM)
        assert "No problems found." in process.stdout.read()
        process.wait(60)
    finally:
        process.kill()
        process.wait(60)
        process.stdout.close()


def test_other_commands_do_not_load_the_check():
    """Its parser of TOML is for it alone, so that the others start faster."""
    program = "import sys, gateway.cli; sys.exit('tree_sitter' in sys.modules or 'gateway.check.command' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


CALLS = "up to 4 calls at once, 2 retries, left alone for 5 s when 90% of 10 calls in 10 s failed"


def test_lines_are_wrapped_on_a_terminal_alone():
    """Nothing is in a pipe."""
    called = {"crm": SourceSettings(kind="sql"), "desk": SourceSettings(kind="zendesk")}
    assert calling_lines(called) == [f"crm (sql): {CALLS}", f"desk (zendesk): {CALLS}"]
    assert [len(line) <= WIDTH for line in calling_lines(called, WIDTH)] == [True] * 4
    lookups = [LookupSummary("behaviour-of-all-visitors", "sql", "event", "customer_id", 500, EVERY_PUSH, measures=False)]
    assert [line.split()[4:] for line in lookup_lines(lookups)] == [["The", "source", "applies"], EVERY_PUSH]


def test_a_pipe_gets_what_is_known(configuration: Path):
    """How a source is called is a line. There is none of a source whose own settings, or how it is called, are wrong."""
    name = "orders-of-the-shops-that-were-bought-in-the-last-years"
    good = run("check", "--config", str(configuration), columns="20")
    table = ["Source  Record  Key  Batch  The source applies", f"{name}  order  customer_id  500  all"]
    calls = ["", f"{name} (files): {CALLS}"]
    sampled = ["", f"{name}: order by customer_id: 1 records of 1 keys"]
    assert lines_of(good.stdout)[:-2] == [*table, *calls, *sampled]
    text = configuration.read_text(encoding="utf-8")
    configuration.write_text(text.replace("[sources.", 'cache_bytes = "900"\n[sources.', 1), encoding="utf-8")
    assert lines_of(run("check", "--config", str(configuration)).stdout) == [*table, *calls, *sampled]
    configuration.write_text(text.replace('kind = "files"', 'kind = "files"\nretries = 9'), encoding="utf-8")
    assert lines_of(run("check", "--config", str(configuration)).stdout) == table
    configuration.write_text(text.replace("keys.customer_id", "keys.mail"), encoding="utf-8")
    assert run("check", "--config", str(configuration)).stdout == ""


def lines_of(text: str) -> list[str]:
    """Lines whose columns stand two spaces apart."""
    return [re.sub(r" {2,}", "  ", line.rstrip()) for line in text.splitlines()]
