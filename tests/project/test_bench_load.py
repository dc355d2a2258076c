"""What callers and documents that misbehave cost is measured, and what does not hold is said."""

import shutil

import msgspec
import pytest

from bench import data, documents, greedy, overlap, storm, streams
from bench.documents import Remembered, Sample
from bench.greedy import Greed
from bench.load import Figures
from bench.overlap import Overlap
from bench.storm import Storm

compiled = pytest.mark.skipif(shutil.which("gcc") is None, reason="the sources are compiled")
driven = pytest.mark.skipif(shutil.which("wrk") is None, reason="the load driver is missing")


@pytest.fixture
def few_data(tmp_path, monkeypatch):
    """Generated for the test, in a folder of its own."""
    monkeypatch.setattr(data, "FOLDER", tmp_path)


def figures(p99_ms: float) -> Figures:
    return Figures(requests=100, rps=50, p50_ms=1.5, p99_ms=p99_ms, most_ms=p99_ms, bytes=500)


@pytest.mark.parametrize(("beside_ms", "complete", "holds"), [(29.9, 3, True), (30.0, 2, False)])
def test_the_small_ones_beside_a_greedy_caller_are_compared_in_the_same_round(beside_ms, complete, holds):
    """The ratio is the median over the rounds; his answers count only when they are complete."""
    alone = [figures(10.0), figures(10.0), figures(50.0)]
    beside = [figures(beside_ms), figures(100.0), figures(50.0)]
    found = Greed("Q1", 50, 19_900, alone, beside, 3, complete, greedy_ms=1, greedy_bytes=1)
    assert found.ratios == [beside_ms / 10, 10.0, 1.0]
    assert [one for _, one in found.verdicts()] == [holds, holds]


@pytest.mark.parametrize(("nothing_ms", "calls", "holds"), [(2000.0, 40, True), (2000.1, 41, False)])
def test_what_does_not_hold_after_a_storm_is_said(nothing_ms, calls, holds):
    """At their bounds both hold, beyond them neither."""
    found = Storm(400, 2000, 0, 0, 5.0, nothing_ms, 100.0, 3.0, 500, calls, 100.0, 110.0, 110.0)
    assert [one for _, one in found.verdicts()] == [holds, holds]


@pytest.mark.parametrize(("last_mb", "loaded_mb", "holds"), [(130, 220, True), (131, 221, False)])
def test_memory_that_grows_is_said(last_mb, loaded_mb, holds):
    """Ten megabytes in the second half of the documents, a tenth over what a minute of mixed load takes: and no more."""
    by_documents = [Sample(place, mb) for place, mb in ((10, 110), (20, 120), (30, 130), (40, last_mb))]
    by_seconds = [Sample(30, 300), Sample(60, 200), Sample(90, loaded_mb)]
    found = Remembered(40, 100, by_documents, 10, by_seconds, 5, idle_mb=loaded_mb)
    assert [one for _, one in found.verdicts()] == [holds] * 3


@pytest.mark.parametrize(
    ("found", "holds"),
    [
        (Overlap("hot", 24, 24, 9, turn_ms=100.0, lag_ms=500.0, total_s=15.0), [True, True]),
        (Overlap("hot", 24, 24, 9, turn_ms=100.0, lag_ms=500.0, total_s=15.1), [False, True]),
        (Overlap("hot", 24, 23, 9, turn_ms=100.1, lag_ms=500.0, total_s=1.0), [False, False]),
        (Overlap("hot", 24, 0), [False]),
    ],
)
def test_a_loop_that_is_held_is_said(found, holds):
    """All are answered soon and no turn is long; where nothing came in time there are no figures."""
    assert [one for _, one in found.verdicts()] == holds


def test_no_document_comes_twice():
    """Of a hundred, a quarter is refused: each with its own names, and those that are answered with ids of their own."""
    bodies = documents.unique_documents(customers=1000)
    texts = [msgspec.json.decode(next(bodies))["query"] for _ in range(100)]
    assert len(set(texts)) == 100
    assert sum(text.startswith("query R") for text in texts) == 25


@compiled
@driven
def test_a_greedy_caller_is_measured(few_data):
    """In short: he and the small ones are answered in each round."""
    found = greedy.measured(rounds=1, seconds=1, callers=2, customers=10)
    assert found.records == 1990
    assert found.greedy_complete == found.greedy_answers > 0
    assert [len(found.alone), len(found.beside)] == [1, 1]


@compiled
def test_a_storm_is_measured(few_data):
    """In short: who asks is answered or hangs up, and the gateway is as quick as usual afterwards."""
    found = storm.measured(callers=2, seconds=1, customers=100)
    assert 0 < found.answered <= found.asked
    assert found.calls_during > 0
    assert found.normal_after_s > 0


@compiled
def test_documents_are_measured(few_data):
    """In short: memory ten times on the way, three times while the source comes and goes."""
    found = documents.measured(documents=50, minutes=0.05, customers=100, sampled_s=1, idle_s=0)
    assert [one.at for one in found.by_documents] == [5, 10, 15, 20, 25, 30, 35, 40, 45, 50]
    assert len(found.by_seconds) >= 2
    assert found.requests > 0


def test_overlap_is_measured():
    """In short: requests of each shape are answered, and each has a longest turn."""
    found = overlap.measured({"hot": 2, "chain": 3, "pages": 3})
    assert [(one.shape, one.answered) for one in found] == [("hot", 2), ("chain", 3), ("pages", 3)]
    assert all(one.turn_ms for one in found)


def test_streams_are_measured():
    """In short: all of them open, and hear of a change."""
    found = streams.measured(count=10, seconds=0.1)
    assert found.count == 10
    assert found.heard_ms > 0
