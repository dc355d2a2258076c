"""What operators read of sources: counts of one process, by minute, and never a value."""

import json
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceThrottledError, SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.clock import Clock
from gateway.histogram import SECONDS, Histogram, estimate_quantile
from gateway.lookups.call_history import MAX_MINUTES
from gateway.lookups.call_statistics import CallStatistics
from gateway.lookups.rate_limiter import RateLimiter
from tests.support.clocks import StoppedClock
from tests.support.fixtures_mongodb import HandClock
from tests.support.gateway_server import gateway_on
from tests.support.known_people import knowing, person

ACTIVITY = """{ sourceActivity { process at sources {
  source { name kind health } since pausedSeconds breakerOpenings calls failed outcomes { code count }
  refusedLookups { code count } retries hedges latencyP50Ms latencyP95Ms recentCalls
  minutes { at calls failed latencyP50Ms latencyP95Ms }
  callsUnderWay maxCalls waitingKeys cacheHits cacheMisses staleAnswers droppedRecords { record path reason count }
  unreadableValues { record path reason count } callsPerSecond callsLeft heldSeconds quotaLeft
} } }"""
ASK = '{ customer(by: {id: "c1"}) { name orders { nodes { placedAt number total { amount } } } } }'
SECRET = "sesame"


class OddOrders(MemoryConnector):
    """Gives records as they are written here."""

    async def fetched(self, *_: Any) -> Any:
        odd, good = {"id": "o1", "placedAt": SECRET}, {"id": "o2", "placedAt": "2026-06-01T00:00:00Z", "number": [SECRET]}
        rows = json.dumps([odd, good])
        return {"c1": rows.encode()}

    def lookups(self) -> Any:
        from msgspec.structs import replace

        return [replace(own, fetch=self.fetched) for own in super().lookups()]


def odd_orders() -> MemoryConnector:
    return OddOrders("shop", {(r.Order, KeyKind.CUSTOMER_ID): {"c1": []}})


async def test_operators_read_how_each_source_is() -> None:
    """Calls by code, latencies, what cannot be read by field and reason: all of it counts, and none of it a value or an id."""
    crm = knowing("crm", [person("c1", name="Ana")], by=(KeyKind.CUSTOMER_ID,))
    async with gateway_on([crm, odd_orders()], with_clock=StoppedClock()) as gateway:
        await gateway.ask(ASK)
        crm.failure = SourceUnavailableError()
        await gateway.ask(ASK)
        await gateway.ask(ASK)
        data = await gateway.data(ACTIVITY)
    activity = data["sourceActivity"]
    assert activity["process"].rpartition(":")[2].isdigit()
    first, shop = activity["sources"]
    assert first["source"] == {"name": "crm", "kind": "memory", "health": "USABLE"}
    assert (first["calls"], first["failed"], first["recentCalls"]) == (3, 2, 3)
    assert first["outcomes"] == [{"code": "SOURCE_UNAVAILABLE", "count": 2}, {"code": "OK", "count": 1}]
    assert [(own["calls"], own["failed"]) for own in first["minutes"]] == [(3, 2)]
    assert first["minutes"][0]["at"] <= activity["at"]
    assert first["since"] == activity["at"]  # its clock stands
    assert (first["pausedSeconds"], first["callsPerSecond"], first["callsLeft"], first["heldSeconds"]) == (None, None, None, 0)
    assert first["latencyP50Ms"] is not None
    assert (first["maxCalls"], first["callsUnderWay"], first["waitingKeys"]) == (4, 0, 0)
    dropped = {"record": "ORDER", "path": None, "reason": "malformed", "count": shop["calls"]}
    assert shop["droppedRecords"] == [dropped]
    assert {(own["path"], own["reason"]) for own in shop["unreadableValues"]} == {
        ("placedAt", "malformed"),
        ("number", "malformed"),
    }
    assert SECRET not in str(activity)
    assert "o1" not in str(activity)


async def test_a_source_that_is_left_alone_says_for_how_long() -> None:
    """By the breaker after failures, and by its own wish; lookups that are refused meanwhile are counted apart."""
    crm = knowing("crm", [person("c1")], by=(KeyKind.CUSTOMER_ID,))
    crm.failure = SourceUnavailableError()
    called = {"retries": 0, "breaker": {"min_calls": 1, "failure_rate": 0.5, "pause_s": 600}, "calls_per_s": 20}
    async with gateway_on([crm], called=called, deadline_ms=1_000) as gateway:
        await gateway.ask(ASK)
        await gateway.ask(ASK)
        (own,) = (await gateway.data(ACTIVITY))["sourceActivity"]["sources"]
    assert own["source"]["health"] == "PAUSED"
    assert 590 < own["pausedSeconds"] <= 600
    assert (own["breakerOpenings"], own["calls"], own["refusedLookups"]) == (1, 1, [{"code": "SOURCE_UNAVAILABLE", "count": 1}])
    assert (own["callsPerSecond"], own["quotaLeft"]) == (20, None)

    crm.failure = SourceThrottledError(retry_after_s=50)
    async with gateway_on([crm], called={"retries": 0, "calls_per_s": 20}, deadline_ms=1_000) as gateway:
        await gateway.ask(ASK)
        (own,) = (await gateway.data(ACTIVITY))["sourceActivity"]["sources"]
    assert 40 < own["heldSeconds"] <= 50
    assert own["callsLeft"] == 0


@pytest.mark.parametrize(("right", "codes"), [({}, ["FORBIDDEN"]), ({"govern": True}, ["FORBIDDEN"]), ({"operate": True}, [])])
async def test_who_does_not_operate_reads_nothing_of_it(right: dict[str, bool], codes: list[str]) -> None:
    """Once, whatever is asked for, and with no word of the sources; what he asks for beside it he has."""
    words: dict[str, Any] = {"access": {"anonymous": "desk"}, "callers": {"desk": right}}
    async with gateway_on([knowing("crm", [person("c1", name="Ana")])], with_clock=StoppedClock(), **words) as gateway:
        answer = await gateway.ask(ACTIVITY[:-1] + ' customer(by: {id: "c1"}) { name } }')
    assert [error["extensions"]["code"] for error in answer.get("errors", ())] == codes
    assert (answer["data"]["sourceActivity"] is None) == bool(codes)
    assert answer["data"]["customer"] == {"name": "Ana"}
    if codes:
        assert (
            answer["errors"][0]["message"]
            == "Query.sourceActivity: this caller may not read it; a caller with operate = true may"
        )


async def test_a_caller_reads_of_the_sources_that_are_asked_for_him() -> None:
    """The others are as if they were not configured."""
    words: dict[str, Any] = {"access": {"anonymous": "desk"}, "callers": {"desk": {"operate": True, "sources": ["crm"]}}}
    async with gateway_on([knowing("crm", [person("c1")]), odd_orders()], with_clock=StoppedClock(), **words) as gateway:
        data = await gateway.data("{ sourceActivity { sources { source { name } } } }")
    assert data == {"sourceActivity": {"sources": [{"source": {"name": "crm"}}]}}


def test_minutes_are_told_apart_by_what_was_counted_before_them() -> None:
    """Each call is in the minute in which it ended, also behind minutes without any; what is older than an hour is gone."""
    counts = CallStatistics()
    for ended_s, code in ((0.0, "OK"), (59.9, "SOURCE_TIMEOUT"), (60.0, "OK"), (300.0, "OK"), (301.0, "OK")):
        counts.add_call(code, 1, 0.02, ended_s)

    def minutes(now_s: float) -> list[tuple[float, dict[str, int], int]]:
        found = counts.history.minutes(now_s, counts.calls, counts.durations)
        return [(own.began_s, dict(own.calls), sum(own.durations)) for own in found]

    assert minutes(310) == [(0, {"OK": 1, "SOURCE_TIMEOUT": 1}, 2), (60, {"OK": 1}, 1), (300, {"OK": 2}, 2)]
    assert minutes(3_650) == [(60, {"OK": 1}, 1), (300, {"OK": 2}, 2)]
    for minute in range(10, 500):
        counts.add_call("OK", 1, 0.02, minute * 60.0)
    assert [began / 60 for began, _, _ in minutes(499 * 60.0)] == [*range(500 - MAX_MINUTES, 500)]
    assert {(calls["OK"], durations) for _, calls, durations in minutes(499 * 60.0)} == {(1, 1)}


def test_quantiles_are_estimated_inside_their_bucket() -> None:
    """As if the values of a bucket were evenly spread; without values there is none, and the last bucket has no end."""
    counted = Histogram()
    for _ in range(10):
        counted.observe(0.02)  # between 10 and 25 ms
    assert estimate_quantile(SECONDS, counted.counts, 0.5) == pytest.approx(0.0175)
    assert estimate_quantile(SECONDS, counted.counts, 1.0) == pytest.approx(0.025)
    for _ in range(10):
        counted.observe(99.0)
    assert estimate_quantile(SECONDS, counted.counts, 0.95) == SECONDS[-1]
    assert estimate_quantile(SECONDS, Histogram().counts, 0.5) is None


def test_calls_that_may_leave_now_are_counted_down() -> None:
    """By the rate of the settings; a source that wants to be left alone gets none."""
    clock = HandClock()
    limiter = RateLimiter(clock, 50)
    left = [limiter.calls_left()]
    for _ in range(5):
        limiter.call_left()
        left.append(limiter.calls_left())
    assert left == [5, 4, 3, 2, 1, 0]
    limiter.pause(5)
    assert limiter.calls_left() == 0
    assert RateLimiter(Clock(), None).calls_left() is None
