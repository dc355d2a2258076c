"""The command line, run as a user runs it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import httpx2
import pytest

from tests.support.serve_process import free_port

PATIENT = {"GATEWAY_DEADLINE_MS": "60000"}
"""The environment of a gateway for which no machine is too slow."""
COMMAND = [sys.executable, "-c", "from gateway.cli import app; app()"]


def run(*words: str, cwd: Path | None = None, columns: str = "160") -> subprocess.CompletedProcess[str]:
    environment = {"COLUMNS": columns, "PATH": "", "PYTHONPATH": str(Path.cwd())} | PATIENT
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=100, cwd=cwd, env=environment)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A running demo of 30 customers: its address and its folder."""
    folder, port = tmp_path_factory.mktemp("demo"), free_port()
    words = ["demo", "--folder", str(folder), "--port", str(port), "--customers", "30", "--no-open"]
    process = subprocess.Popen(
        [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | PATIENT
    )
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
        assert first == f"Pages: http://127.0.0.1:{port}/\n"
        yield f"http://127.0.0.1:{port}", folder
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        process.stdout.close()


def test_the_demo_serves_pages_and_answers(demo: tuple[str, Path]):
    """A browser gets the pages and the editor with its examples, a client gets data, the probes say alive and ready."""
    url, _ = demo
    page = httpx2.get(f"{url}/graphql", headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "CustomerCard" in page.text
    assert "/assets/app.js?" in httpx2.get(url).text
    answer = httpx2.post(
        f"{url}/graphql", json={"query": '{ customer(by: {id: "c00001"}) { name orders(first: 1) { totalCount } } }'}
    )
    assert answer.json()["data"] == {"customer": {"name": "Emma Clarke", "orders": {"totalCount": 25}}}
    assert httpx2.get(f"{url}/healthz").json() == {"status": "alive", "version": version("customer-profile-gateway")}
    assert httpx2.get(f"{url}/readyz").json() == {"status": "ready"}


def test_check_prints_the_capability_matrix(demo: tuple[str, Path]):
    """One row per record and key kind of each source, and no problem in the demo's own settings."""
    result = run("check", "--config", str(demo[1] / "shop" / "gateway.toml"))
    assert result.returncode == 0, result.stderr
    heading, *lines = result.stdout.partition("\n\n")[0].splitlines()
    assert heading.split() == ["Source", "Record", "Key", "Batch", "The", "source", "applies"]
    rows = [tuple(line.split()) for line in lines]
    unmeasured = ("first", "after", "since", "where", "order", "count")
    assert [row for row in rows if row[:2] != ("crm", "customer")] == [
        ("crm", "account", "account", "500", "all"),
        ("crm", "account", "parent_account", "500", *unmeasured),
        ("crm", "deal", "customer_id", "500", "all"),
        ("crm", "deal", "deal_id", "500", *unmeasured),
        ("orders", "order", "customer_id", "500", "all"),
        *[("orders", "order", kind, "500", *unmeasured) for kind in ("order_id", "order_number")],
        ("support", "ticket", "email", "500", "all"),
        *[("support", "ticket", kind, "500", *unmeasured) for kind in ("ticket_id", "ticket_number")],
        ("behaviour", "event", "device_id", "500", "all"),
        ("behaviour", "event", "event_id", "500", *unmeasured),
        ("webshop", "customer", "customer_id", "500", "all"),
        ("webshop", "customer", "email", "500", "all"),
        ("webshop", "customer", "phone", "500", "all"),
        ("webshop", "subscription", "customer_id", "500", "all"),
        ("loyalty", "customer", "customer_id", "500", "all"),
        ("loyalty", "customer", "member_number", "500", "all"),
        ("loyalty", "customer", "email", "500", "all"),
        ("loyalty", "survey", "customer_id", "500", "all"),
    ]
    assert sorted(row[2] for row in rows if row[:2] == ("crm", "customer")) == sorted(
        ["customer_id", "external_id", "member_number", "email", "phone", "device_id", "account", "text"]
    )
    assert "No problems found." in result.stdout
    assert "--customer" in result.stdout


def test_check_prints_all_problems_and_exits_with_2(tmp_path: Path):
    """Problems of settings and of several sources come together on standard error, without a traceback."""
    settings = tmp_path / "gateway.toml"
    settings.write_text(
        '[sources.a]\nkind = "sql"\nurl = "sqlite+aiosqlite:///x.db"\n[sources.a.records.ordr]\nquery = "SELECT 1"\n'
        '[sources.b]\nkind = "nothing"\n',
        encoding="utf-8",
    )
    result = run("check", "--config", str(settings))
    assert result.returncode == 2
    assert "gateway.toml:4:1: sources.a.records.ordr: 'ordr' is no record; did you mean 'order'?" in result.stderr
    assert "gateway.toml:7:1: sources.b.kind: there is no kind 'nothing'; known are" in result.stderr
    assert "Traceback" not in result.stderr


def test_tags_explain_prints_rule_and_facts(demo: tuple[str, Path]):
    """Each tag with its value, its rule in words and its facts; an unknown customer exits with 1."""
    config = str(demo[1] / "shop" / "gateway.toml")
    result = run("tags", "explain", "c00001", "--config", config)
    assert result.returncode == 0, result.stderr
    assert "Activity: HIGH" in result.stdout
    assert "HIGH with three orders or more in the last 90 days" in " ".join(result.stdout.split())
    assert re.search(r"Orders in the last 90 days\s*│ 5\s*│ orders", result.stdout)
    assert "  orders_90d >= 3: yes (orders_90d is 5)\n  so: 'HIGH'\n" in result.stdout
    assert run("tags", "explain", "nobody", "--config", config).returncode == 1


def test_tags_explain_takes_any_key(demo: tuple[str, Path]):
    """An address finds the same customer; that nobody has a key is said without the key, and a wrong kind is an error."""
    url, folder = demo
    config = str(folder / "shop" / "gateway.toml")
    answer = httpx2.post(f"{url}/graphql", json={"query": '{ customer(by: {id: "c00001"}) { email } }'}).json()
    email = answer["data"]["customer"]["email"]
    by_id = run("tags", "explain", "c00001", "--config", config)
    assert run("tags", "explain", f"email:{email}", "--config", config).stdout == by_id.stdout
    absent = run("tags", "explain", "--by", "email", "nobody@example.com", "--config", config)
    assert (absent.returncode, absent.stderr) == (1, "there is no customer with this key; --by says of which kind it is\n")
    misspelt = run("tags", "explain", f"emial:{email}", "--config", config)
    assert (misspelt.returncode, misspelt.stderr) == (1, "there is no customer with this key; did you mean 'email'?\n")
    wrong = run("tags", "explain", "--by", "mail", email, "--config", config)
    assert wrong.returncode == 2
    assert "--by: there are no keys of kind 'mail'; did you mean 'email'?" in wrong.stderr


def test_schema_compares_with_a_file(tmp_path: Path):
    """The same file passes; a changed one fails and shows the difference."""
    kept = tmp_path / "schema.graphql"
    kept.write_text(run("schema").stdout, encoding="utf-8")
    assert run("schema", "--check", str(kept)).returncode == 0
    kept.write_text(kept.read_text(encoding="utf-8").replace("totalCount: Int", "totalCount: Float"), encoding="utf-8")
    result = run("schema", "--check", str(kept))
    assert result.returncode == 1
    assert "+  totalCount: Int" in result.stderr


def test_plan_prints_what_is_asked_and_the_generated_code(demo: tuple[str, Path]):
    """A tree with the fields that sources are asked for, then the code; with the settings also from which source they come."""
    query = '{ customer(by: {id: "c1"}) { name orders { nodes { id total { amount } } } tickets { totalCount } } }'
    result = run("plan", query)
    assert result.returncode == 0, result.stderr
    said = {tuple(re.split(r"  +", line.strip(), maxsplit=1)) for line in result.stdout.splitlines()}
    assert {
        ("customer", "resolved; finds customers"),
        ("(and)", "the keys that find order, ticket records"),
        ("name", "projected"),
        ("orders", "list of order records, asked for ahead where customer ids find them"),
        ("(of each)", "id total { amount }"),
        ("(and)", "how many there are"),
    } <= said
    assert re.search(r"Shown_2\(v\d+.amount\)", result.stdout)
    assert "Shown_1: id, total\n" in result.stdout
    result = run("plan", query, "--config", str(demo[1] / "shop" / "gateway.toml"))
    assert "orders by customer_id, ahead\n" in result.stdout
    assert "support by email, once the customer is known\n" in result.stdout


def test_plan_says_why_there_is_none():
    """An operation that is not valid, or that no plan can do, exits with 2 and says why."""
    refused = run("plan", "{ nobody }")
    assert refused.returncode == 2
    assert "Cannot query field 'nobody'" in refused.stderr
    unplanned = run("plan", "{ __schema { description } }")
    assert unplanned.returncode == 2
    assert unplanned.stderr == "query: this operation runs on graphql-core, because no plan can do this: introspection\n"


def test_serve_finishes_answers_under_way_and_ends(demo: tuple[str, Path], tmp_path: Path):
    """With two workers: a request that was taken before SIGTERM gets its whole answer, and the processes end."""
    silent = socket.create_server(("127.0.0.1", 0))
    settings = tmp_path / "gateway.toml"
    text = (demo[1] / "shop" / "gateway.toml").read_text(encoding="utf-8")
    slow = f"""
[sources.slow]
kind = "http"
base_url = "http://127.0.0.1:{silent.getsockname()[1]}"
[sources.slow.records.event.keys.customer_id]
path = "/events?ids={{keys}}"
key = "id"
"""
    settings.write_text("deadline_ms = 4000\n" + text + slow, encoding="utf-8")
    port = free_port()
    process = subprocess.Popen([*COMMAND, "serve", "--config", str(settings), "--port", str(port), "--workers", "2"])
    try:
        answers: list[httpx2.Response] = []
        query = {"query": '{ customer(by: {id: "c00001"}) { name events(first: 1) { unavailable } } }'}
        wait_for(port)
        asking = threading.Thread(
            target=lambda: answers.append(httpx2.post(f"http://127.0.0.1:{port}/graphql", json=query, timeout=30))
        )
        asking.start()
        silent.settimeout(20)
        connection, _ = silent.accept()  # the request is now waiting for its slow source
        process.send_signal(signal.SIGTERM)
        asking.join(60)
        process.wait(60)
        connection.close()
    finally:
        process.kill()
        process.wait()
        silent.close()
    assert json.loads(answers[0].content)["data"]["customer"] == {
        "name": "Emma Clarke",
        "events": {"unavailable": ["slow"]},
    }


def wait_for(port: int) -> None:
    for _ in range(1800):
        try:
            httpx2.get(f"http://127.0.0.1:{port}/readyz")
        except httpx2.TransportError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the gateway did not start in 90 seconds")
