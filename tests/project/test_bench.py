"""The benchmark compares like with like and keeps its figures where they are looked for."""

import json
import random
import shutil
from pathlib import Path

import pytest

from bench import data, dead, expiry, flaky, lines
from bench.dead import Death, Trial
from bench.equality import unwrapped
from bench.expiry import Expiry
from bench.flaky import Flaky
from bench.load import Figures
from bench.queries import rotating_variables
from bench.report import document
from bench.speed import Measured

BENCH = Path(data.__file__).parent
LOCKS = [BENCH / "peers" / "node" / "package-lock.json", BENCH / "databases" / "peers" / "node" / "package-lock.json"]


def figures(rps: float) -> Figures:
    return Figures(requests=100, rps=rps, p50_ms=1.5, p99_ms=2.5, most_ms=4.5, bytes=500)


def test_an_answer_of_the_gateway_is_unwrapped_to_the_form_of_the_peers() -> None:
    """Pages are lists, money is a number with its currency beside it, words are those of the source."""
    order = {
        "id": "o1",
        "status": "PENDING",
        "total": {"amount": "9.50", "currency": "EUR"},
        "items": [{"sku": "S", "unitPrice": {"amount": "4.75"}}],
    }
    ticket = {"status": "PENDING", "priority": "HIGH", "messages": [{"author": "AGENT", "body": "PENDING"}]}
    answer = {"data": {"customer": {"orders": {"nodes": [order]}, "tickets": {"nodes": [ticket]}}}}
    assert unwrapped(answer) == {
        "data": {
            "customer": {
                "orders": [
                    {
                        "id": "o1",
                        "status": "placed",
                        "total": 9.5,
                        "currency": "EUR",
                        "items": [{"sku": "S", "unitPrice": 4.75}],
                    }
                ],
                "tickets": [{"status": "pending", "priority": "high", "messages": [{"author": "agent", "body": "PENDING"}]}],
            }
        }
    }


def test_an_expiry_is_computed_once_and_moves_no_percentile() -> None:
    """Requests are told apart by when they were sent; a tag that was computed twice, or a slower percentile, does not hold."""
    then, other = expiry.split_times([1.0, 2.0, 2.4, 2.6], [9.0, 8.0, 7.0, 6.0], [2.0], 0.5)
    assert (then, other) == ([[8.0, 7.0]], [[9.0], [6.0]])
    good = Expiry("way", [1, 1], 4, {}, 0, 2, 1.0, 3.0, 1.0, 2.0, 0.1)
    assert [holds for _, holds in good.verdicts()] == [True, True, True]
    bad = Expiry("way", [1, 2], 4, {"0": 1}, 0, 2, 1.0, 3.1, 1.0, 2.0, 0.1)
    assert [holds for _, holds in bad.verdicts()] == [False, False, False]


def test_each_customer_is_asked_for_once_in_a_turn() -> None:
    """All 10,000, so that no server gains from asking again for what it just saw."""
    assert len({variables["id"] for variables in rotating_variables("Q1")}) == 10_000


def test_the_data_are_the_same_each_time_and_newest_first() -> None:
    """Two runs with the seed agree; orders, tickets and events are in the order that the gateway promises."""
    first, second = (list(data.generated(3, data.ORDERS, random.Random(data.SEED))) for _ in range(2))
    assert first == second
    for rows in first:
        for kind, place in data.NEWEST_FIRST.items():
            places = [place(row) for row in rows[kind]]
            assert places == sorted(places, reverse=True)


def test_ratios_are_those_of_the_same_round() -> None:
    """Each round of the gateway is compared with the peer's turn in that round."""
    one = Measured("Q2", 32)
    one.rounds["gateway"] += [figures(100), figures(300)]
    one.rounds["rest"] += [figures(50), figures(100)]
    assert one.ratios("rest") == [2.0, 3.0]
    assert one.ratios("gateway") == []


def test_the_document_has_medians_by_query_and_server() -> None:
    """Under a query's name is the requests per second of each server, and nothing else."""
    many, single = Measured("Q1", 32), Measured("Q1", 1)
    for one in (many, single):
        for place, server in enumerate(("rest", "mercurius", "apollo", "strawberry", "gateway"), start=1):
            one.rounds[server] += [figures(place), figures(place * 10), figures(place * 100)]
    found = document([many, single], callers=32)
    assert found["Q1"] == {"gateway": 50.0, "strawberry": 40.0, "apollo": 30.0, "mercurius": 20.0, "rest": 10.0}
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("lock", LOCKS, ids=["http", "sql"])
def test_the_lock_of_the_node_peers_names_no_address(lock: Path) -> None:
    """Packages come from the registry that the machine is set up with, and are known by their hashes."""
    packages = json.loads(lock.read_text("utf-8"))["packages"]
    assert {
        name for name, package in packages.items() if name and ("resolved" in package or "integrity" not in package)
    } == set()


def death(calls: int, complete_after_s: float) -> Death:
    return Death("refusing", 1000, calls, opened_after_s=0.1, complete_after_s=complete_after_s, p50_ms=1, most_ms=2)


@pytest.mark.parametrize(("found", "holds"), [(death(10, 10.0), True), (death(11, 10.1), False)])
def test_what_does_not_hold_of_a_dead_source_is_said(found: Death, holds: bool) -> None:
    """At their bounds all hold, beyond them none."""
    assert [one for _, one in found.verdicts()] == [holds, holds]


@pytest.mark.parametrize(("extra", "holds"), [(110, True), (111, False)])
def test_extra_calls_are_held_against_their_budget(extra: int, holds: bool) -> None:
    """A tenth of a thousand calls, and the reserve of ten."""
    found = Flaky("as by default", requests=2000, complete=1200, calls=1000 + extra, failed=500, extra=extra)
    assert found.verdict()[1] is holds
    assert (found.share, found.extra_share) == (0.6, extra / 1000)


@pytest.mark.cases
def test_figures_of_lines_are_those_of_the_hand_written_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    """In short: few customers, each asked for in turn, over a database and over a file."""
    monkeypatch.setattr(lines, "CUSTOMERS", 60)
    monkeypatch.setattr(lines, "CSV_CUSTOMERS", 60)
    found = lines.measured(["sqlite", "csv"], rounds=1)
    tasks = ("orders", "figures", "tags", "vouchers")
    expected = [(database, task, number) for database in ("sqlite", "csv") for task in tasks for number in (1, 50)]
    assert [(one.database, one.task, one.customers) for one in found] == expected
    assert lines.ByHand("sqlite", "tags", 1, [2.0, 6.0], [1.0, 3.0]).verdict()[1] is True
    assert lines.ByHand("sqlite", "tags", 1, [2.1], [1.0]).verdict()[1] is False


@pytest.mark.skipif(shutil.which("gcc") is None, reason="the sources are compiled")
def test_failing_sources_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In short: few customers, a pause of half a second. The breaker opens, and answers are complete again; retries help."""
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    for bench in (dead, flaky):  # a busy machine is late, which is no failure of a source
        monkeypatch.setattr(bench, "DEADLINE_MS", 10_000)
    trial = Trial(seconds=2, callers=4, well_s=1, watched_s=8, customers=1000, orders="breaker.pause_s = 0.5")
    (found,) = dead.measured(trial, ["refusing"])
    assert found.opened_after_s is not None
    assert 10 <= found.calls < found.requests
    assert found.complete_after_s < 8
    first, plain = flaky.measured(seconds=3, callers=2, failing=0.05, customers=1000)
    assert 0 < first.extra <= 0.1 * (first.calls - first.extra) + 10
    assert plain.extra == 0
    assert first.share > plain.share
    assert all(0 < one.failed < one.calls for one in (first, plain))
