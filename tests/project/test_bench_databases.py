"""The benchmark over databases compares like with like, and its queries fit the schemas."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate
from typer.testing import CliRunner

from bench.__main__ import app
from bench.databases.answers import plain
from bench.databases.comparison import Contest, Turn
from bench.databases.mongo import NEEDS_URI
from bench.databases.queries import CUSTOMERS, GROUP, QUERIES, TAGGED, rotate_variables, text_of
from bench.databases.settings import write_mongo_settings, write_sql_settings
from bench.load import Figures
from bench.processes import cpu_seconds
from gateway.settings import load_settings

ROOT = Path(__file__).parents[2]
TIME = "2025-01-02T03:04:05Z"


def turn(rps: float, server_cpu_ms: float, database_cpu_ms: float | None) -> Turn:
    figures = Figures(requests=100, rps=rps, p50_ms=1.5, p99_ms=2.5, most_ms=4.5, bytes=500)
    return Turn(figures, server_cpu_ms, database_cpu_ms)


def test_answers_of_different_schemas_have_one_form():
    """Pages, ids with their source, amounts, sums by currency, addresses and times are told alike."""
    order = {"id": "shop:o1", "total": {"amount": "9.50", "currency": "EUR"}, "placedAt": TIME}
    statistics = {"count": 1, "total": [{"amount": "9.50", "currency": "EUR"}], "firstAt": TIME, "lastAt": TIME}
    ours = {
        "customers": [
            {"id": "shop:c2", "orders": {"nodes": []}},
            {"id": "shop:c1", "address": {"city": "Ghent"}, "orders": {"nodes": [order]}, "orderStatistics": statistics},
        ]
    }
    order = {"id": "o1", "total": 9.5, "currency": "EUR", "placedAt": "2025-01-02T03:04:05.000+00:00"}
    statistics = {"count": 1, "total": "9.5", "currency": "EUR", "firstAt": TIME, "lastAt": TIME}
    theirs = {
        "customers": [
            {"id": "c1", "city": "Ghent", "orders": [order], "orderStatistics": statistics},
            {"id": "c2", "orders": []},
        ]
    }
    assert plain(ours) == plain(theirs)
    first = plain(ours)["customers"][0]["orders"][0]
    assert first["total"] == Decimal("9.5")
    assert first["placedAt"] == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_an_unknown_customer_is_null_in_that_form():
    """Nothing is made of nothing."""
    assert plain({"customer": None}) == {"customer": None}


@pytest.mark.parametrize("query", [*QUERIES, TAGGED])
def test_the_gateways_queries_fit_its_schema(query):
    """All are valid, so that a change of the schema is noticed here."""
    schema = build_schema((ROOT / "schema.graphql").read_text("utf-8"))
    assert validate(schema, parse(text_of("gateway", query))) == []


@pytest.mark.parametrize("query", QUERIES)
def test_the_peers_queries_fit_their_schema(query, monkeypatch):
    """That of Strawberry, which Mercurius has, too."""
    monkeypatch.setenv("BENCH_DATABASE", "postgresql://nobody@127.0.0.1/nothing")
    from bench.databases.peers.strawberry_peer import schema

    assert validate(build_schema(schema.as_str()), parse(text_of("strawberry", query))) == []


def test_the_settings_are_right(tmp_path):
    """All four records are found by the customer's id, in PostgreSQL and in MongoDB."""
    sql = load_settings(write_sql_settings(tmp_path / "sql.toml", "postgresql://127.0.0.1/shop"))
    mongo = load_settings(write_mongo_settings(tmp_path / "mongo.toml", "mongodb://127.0.0.1"))
    for settings in (sql, mongo):
        assert settings.sources.keys() == {"shop"}


def test_variables_come_once_in_a_turn():
    """Groups of 50 hold every customer once; a smaller shop is asked for its own customers."""
    groups = [variables["ids"] for variables in rotate_variables("Q3")]
    assert len(groups) == CUSTOMERS // GROUP
    assert len({customer for group in groups for customer in group}) == CUSTOMERS
    assert {variables["id"] for variables in rotate_variables("Q1", 100)} == {f"c{number:05d}" for number in range(1, 101)}


def test_a_contest_has_ratios_of_the_same_round_and_medians_of_cpu():
    """A database that is elsewhere has no CPU of ours."""
    contest = Contest("Q1", 1, {})
    contest.turns = {"gateway": [turn(100, 1, 2), turn(300, 3, 4)], "handwritten": [turn(50, 1, None), turn(100, 2, None)]}
    assert contest.ratios("handwritten") == [2.0, 3.0]
    assert contest.ratios("gateway") == []
    assert contest.cpu_ms("gateway") == (2.0, 3.0)
    assert contest.cpu_ms("handwritten") == (1.5, None)
    assert contest.document()["gateway"]["rps"] == 200.0


def test_cpu_of_children_that_have_ended_counts():
    """A database's process for a connection may end within a turn."""
    before = cpu_seconds(os.getpid())
    subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.2: pass"], check=True)
    assert cpu_seconds(os.getpid()) - before >= 0.18


def test_mongo_without_a_server_says_what_is_missing():
    """The option is named, and nothing is started."""
    result = CliRunner().invoke(app, ["mongo"])
    assert result.exit_code == 1
    assert "".join(result.output.split()) == "".join(NEEDS_URI.split())
