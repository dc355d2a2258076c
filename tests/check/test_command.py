"""`check` as an operator and a program see it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from connectors.contract import KeyKind
from connectors.records import Customer
from connectors.testing import MemoryConnector
from gateway.check.report import WIDTH, ListingSummary, LookupSummary, listing_lines, lookup_lines, summarise_listings
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
    lines = lookup_lines(lookups)
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


def test_sources_that_list_all_customers_are_named():
    """In the order of the settings, in a line that fits a terminal; one that cannot list is not there."""
    records = {(Customer, KeyKind.CUSTOMER_ID): {}}
    sources = [MemoryConnector("crm", records), MemoryConnector("desk", records, lists=False), MemoryConnector("shop", records)]
    listings = summarise_listings(sources)
    assert listings == [ListingSummary("crm", "customer", 1_000), ListingSummary("shop", "customer", 1_000)]
    assert listing_lines(listings) == ["Every customer is listed by: crm, shop"]
    many = listing_lines([ListingSummary(f"a-source-of-customers-{number}", "customer", 100) for number in range(9)])
    assert max(map(len, many)) <= WIDTH
    assert " ".join(many).count("a-source-of-customers-") == 9


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
    nothing: dict[str, list[str]] = {"problems": [], "warnings": [], "reach": [], "listings": []}
    assert json.loads(good.stdout) == nothing | {"lookups": [lookup], "samples": [sample]}
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
