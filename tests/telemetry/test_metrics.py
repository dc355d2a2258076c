"""Metrics: what a request, its calls and its records add to, exactly."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry, Counter

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.histogram import Histogram
from gateway.telemetry.catalog import METRICS
from gateway.telemetry.fleet import FleetMetrics
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.request_metrics import MAX_OPERATIONS
from gateway.telemetry.samples import distribution, number, pack_samples
from tests.support import shop
from tests.support.gateway_server import gateway_on
from tests.support.prometheus_text import values_of
from tests.support.tag_shop import until
from tests.support.webhook_requests import hook, of, sources_with, tell

QUERY = "query Orders($id: ID!) { customer(by: {id: $id}) { name orders(first: 2) { nodes { id } } } }"


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def sources():
    """By name."""
    return {source.name: source for source in (shop.crm(), shop.orders())}


def shown(metrics, name):
    return values_of(metrics.render(), name)


async def test_requests_are_counted_by_operation_and_code(metrics, sources):
    """One that succeeds, one whose source is down, one that is refused, one that is no GraphQL."""
    async with gateway_on(list(sources.values()), with_metrics=metrics) as gateway:
        await gateway.data(QUERY, {"id": "c1"})
        sources["orders"].failure = SourceUnavailableError()
        await gateway.ask(QUERY, {"id": "c1"})
        await gateway.ask(QUERY, {})
        await gateway.ask("{ customer")
        await gateway.data("{ __typename }")
    assert shown(metrics, "gateway_requests_total") == {
        ("other", "OK", "Orders"): 1,
        ("other", "SOURCE_UNAVAILABLE", "Orders"): 1,
        ("other", "BAD_USER_INPUT", "Orders"): 1,
        ("other", "GRAPHQL_PARSE_FAILED", "none"): 1,
        ("other", "OK", "anonymous"): 1,
    }
    assert shown(metrics, "gateway_request_duration_seconds_count") == {("Orders",): 3, ("none",): 1, ("anonymous",): 1}


async def test_names_of_operations_are_few(metrics, sources):
    """The first 50 have labels of their own, however many come."""
    async with gateway_on(list(sources.values()), with_metrics=metrics) as gateway:
        for number_ in range(MAX_OPERATIONS + 5):
            await gateway.data(f"query Q{number_} {{ __typename }}")
    counts = {operation: count for (_, _, operation), count in shown(metrics, "gateway_requests_total").items()}
    assert counts == {f"Q{number_}": 1 for number_ in range(MAX_OPERATIONS)} | {"other": 5}


async def test_listed_operations_are_the_only_ones_with_a_name(metrics, sources):
    """With a list in the settings, all others count together."""
    async with gateway_on(list(sources.values()), with_metrics=metrics, telemetry={"operations": ["Known"]}) as gateway:
        for name in ("Known", "Strange", "Stranger"):
            await gateway.data(f"query {name} {{ __typename }}")
    assert shown(metrics, "gateway_requests_total") == {("other", "OK", "Known"): 1, ("other", "OK", "other"): 2}


async def test_operations_without_a_plan_are_counted(metrics, sources):
    """By the reason."""
    async with gateway_on(list(sources.values()), with_metrics=metrics) as gateway:
        await gateway.data("{ __schema { queryType { name } } }")
    assert shown(metrics, "gateway_unplanned_operations_total") == {("introspection",): 1}


async def test_calls_are_counted_and_not_keys(metrics, sources):
    """50 customers are one call to each source, of 50 keys."""
    held = {f"n{number_}": [r.Customer(id=f"n{number_}", name="N")] for number_ in range(50)}
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): held})
    query = "query Many($ids: [ID!]!) { customers(ids: $ids) { name orders(first: 1) { nodes { id } } } }"
    async with gateway_on([crm, sources["orders"]], with_metrics=metrics) as gateway:
        await gateway.data(query, {"ids": list(held)})
    assert shown(metrics, "gateway_source_calls_total") == {("OK", "crm"): 1, ("OK", "orders"): 1}
    assert shown(metrics, "gateway_source_call_keys_sum") == {("crm",): 50, ("orders",): 50}
    buckets = shown(metrics, "gateway_source_call_keys_bucket")
    assert (buckets["20.0", "orders"], buckets["50.0", "orders"], buckets["+Inf", "orders"]) == (0, 1, 1)


async def test_slots_and_waiting_keys_show_a_source_that_is_full(metrics, sources):
    """With one slot, the call of the first request is under way and the keys of two others wait for the next."""
    held = {f"n{number_}": [r.Customer(id=f"n{number_}", name="N")] for number_ in range(3)}
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): held})
    sources["orders"].hang = asyncio.Event()
    async with gateway_on([crm, sources["orders"]], called={"max_calls": 1}, with_metrics=metrics) as gateway:
        asking = []
        for customer in held:
            asking.append(asyncio.ensure_future(gateway.data(QUERY, {"id": customer})))
            await until(lambda: bool(sources["orders"].calls))
        async with asyncio.timeout(60):
            while shown(metrics, "gateway_source_waiting_keys")["orders", "0"] < 2:
                await asyncio.sleep(0.01)
        limits = {name: shown(metrics, f"gateway_source_{name}") for name in ("max_calls", "calls_under_way")}
        sources["orders"].hang.set()
        await asyncio.gather(*asking)
    assert {name: found["orders", "0"] for name, found in limits.items()} == {"max_calls": 1, "calls_under_way": 1}


async def test_a_source_that_fails_shows_in_its_own_metrics(metrics, sources):
    """Its calls by code, its breaker, the lookups that are refused; the other source has none of it."""
    called = {"retries": 0, "breaker": {"min_calls": 2, "pause_s": 3600}}
    sources["orders"].failure = SourceUnavailableError()
    async with gateway_on(list(sources.values()), called=called, with_metrics=metrics) as gateway:
        for _ in range(5):
            await gateway.ask(QUERY, {"id": "c1"})
        states = shown(metrics, "gateway_source_breaker_state")
    assert shown(metrics, "gateway_source_calls_total") == {("OK", "crm"): 5, ("SOURCE_UNAVAILABLE", "orders"): 2}
    assert shown(metrics, "gateway_source_refused_lookups_total") == {("SOURCE_UNAVAILABLE", "orders"): 3}
    assert shown(metrics, "gateway_source_breaker_openings_total") == {("crm",): 0, ("orders",): 1}
    assert {place: value for place, value in states.items() if place[0] == "orders"} == {
        ("orders", "paused", "0"): 1,
        ("orders", "usable", "0"): 0,
        ("orders", "probing", "0"): 0,
    }
    assert states["crm", "usable", "0"] == 1


async def test_retries_are_counted(metrics, sources):
    """A call that failed twice was made three times."""
    sources["orders"].failure = SourceUnavailableError()
    called = {"retries": 2, "breaker": {"enabled": False}}
    async with gateway_on(list(sources.values()), called=called, with_metrics=metrics) as gateway:
        await gateway.ask(QUERY, {"id": "c1"})
    assert shown(metrics, "gateway_source_retries_total") == {("crm",): 0, ("orders",): 2}
    assert shown(metrics, "gateway_source_calls_total") == {("OK", "crm"): 1, ("SOURCE_UNAVAILABLE", "orders"): 3}


async def test_a_caller_who_goes_away_is_counted(metrics, sources):
    """As abandoned; the call that others may share goes on."""
    sources["orders"].hang = asyncio.Event()
    async with gateway_on(list(sources.values()), with_metrics=metrics) as gateway:
        asking = asyncio.ensure_future(gateway.ask(QUERY, {"id": "c1"}))
        while not sources["orders"].calls:
            await asyncio.sleep(0)
        under_way = shown(metrics, "gateway_requests_under_way")
        asking.cancel()
        await asyncio.wait({asking})
        sources["orders"].hang.set()
    assert under_way == {("0",): 1}
    assert shown(metrics, "gateway_requests_total") == {("other", "ABANDONED", "Orders"): 1}


async def test_the_cache_is_counted_in_keys(metrics, sources):
    """A miss, a hit, and a kept answer that stands in for a failure."""
    kept = {name: {"kind": "memory", "retries": 0, "cache_s": {"order": 3600}} for name in sources}
    async with gateway_on(list(sources.values()), sources=kept, with_metrics=metrics) as gateway:
        for _ in range(3):
            await gateway.data(QUERY, {"id": "c1"})
        size = shown(metrics, "gateway_cache_bytes")
    found = {place: count for place, count in shown(metrics, "gateway_cache_keys_total").items() if place[1] == "orders"}
    assert found == {("hit", "orders"): 2, ("miss", "orders"): 1}
    assert size[("0",)] > 0


async def test_unreadable_values_and_dropped_records_are_counted_by_reason(metrics, sources):
    """An order without an id is dropped, one with a broken status keeps the rest."""
    sources["orders"] = Broken("orders", {(r.Order, KeyKind.CUSTOMER_ID): {}})
    query = "query Orders($id: ID!) { customer(by: {id: $id}) { orders(first: 5) { nodes { id total { amount } } } } }"
    async with gateway_on(list(sources.values()), with_metrics=metrics) as gateway:
        answer = await gateway.data(query, {"id": "c1"})
    assert [order["id"] for order in answer["customer"]["orders"]["nodes"]] == ["orders:o2"]
    assert shown(metrics, "gateway_source_dropped_records_total") == {("missing", "order", "orders"): 1}
    assert shown(metrics, "gateway_source_unreadable_values_total") == {("malformed", "order", "orders"): 1}


class Broken(MemoryConnector):
    async def _fetch(self, record, by, keys, ask):
        rows = b"""[{"placedAt": "2026-06-03T12:00:00Z"},
            {"id": "o2", "placedAt": "2026-06-02T12:00:00Z", "total": {"amount": "x", "currency": "EUR"}}]"""
        return dict.fromkeys(keys, rows)


async def test_webhooks_are_counted_by_status(metrics, sources):
    """A known source by its name, any other by none."""
    words = {"sources": sources_with({"orders": hook()}, {"order": 60}, "crm")}
    async with gateway_on(list(sources.values()), with_metrics=metrics, **words) as gateway:
        await tell(gateway, "orders", of("c1"))
        await gateway.client.post("/webhooks/orders", content=b"{}")
        await gateway.client.post("/webhooks/strange", content=b"{}")
    assert shown(metrics, "gateway_webhooks_total") == {("orders", "204"): 1, ("orders", "401"): 1, ("none", "404"): 1}


async def test_totals_outlive_the_services(metrics, sources):
    """What an application counted is kept when it ends; what it had at the moment is not."""
    for _ in range(2):
        async with gateway_on(list(sources.values()), with_metrics=metrics) as gateway:
            await gateway.data(QUERY, {"id": "c1"})
            assert shown(metrics, "gateway_source_max_calls") == {("crm", "0"): 4, ("orders", "0"): 4}
    assert shown(metrics, "gateway_source_calls_total") == {("OK", "crm"): 2, ("OK", "orders"): 2}
    assert shown(metrics, "gateway_source_max_calls") == {}


async def test_the_loop_and_the_process_are_measured(metrics, sources):
    """The loop's lag is looked at while the application serves; memory, CPU and files are those of this process."""
    async with gateway_on(list(sources.values()), with_metrics=metrics), asyncio.timeout(60):
        while shown(metrics, "gateway_loop_lag_seconds_count") == {(): 0}:
            await asyncio.sleep(0.05)
        assert shown(metrics, "gateway_process_resident_memory_bytes")[("0",)] > 1_000_000
        assert shown(metrics, "gateway_process_cpu_seconds_total")[()] > 0
        descriptors = shown(metrics, "gateway_process_open_descriptors")[("0",)]
        assert 0 < descriptors < shown(metrics, "gateway_process_max_descriptors")[("0",)]


async def test_the_public_port_serves_no_metrics(sources):
    """They are for those who run the gateway."""
    async with gateway_on(list(sources.values())) as gateway:
        assert (await gateway.client.get("/metrics")).status_code == 404


def test_a_histogram_puts_a_value_at_its_bound_below_it():
    """As Prometheus has it: a bucket is of values up to its bound."""
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.5):
        histogram.observe(value)
    assert (histogram.counts, histogram.total) == ([2, 1, 1], 5.5)


def test_workers_are_added_up_and_gauges_stand_side_by_side():
    """The totals of a worker that ended stay, its gauges go."""
    first, second = Histogram(METRICS["gateway_loop_lag_seconds"].bounds), Histogram()
    first.observe(0.002)
    second.observe(7.0)
    own = CollectorRegistry()
    Counter("gateway_workers_started", "Workers.", registry=own).inc(3)
    fleet = FleetMetrics(own)
    for worker, lag, count in ((0, first, 2), (1, second, 5)):
        samples = [
            number("gateway_source_retries_total", count, "orders"),
            number("gateway_source_max_calls", 4, "orders"),
            distribution("gateway_loop_lag_seconds", lag),
        ]
        fleet.update(worker, pack_samples(dict(samples)))
    both = fleet.render()
    fleet.retire(1)
    fleet.retire(7)  # which nobody knew
    left = fleet.render()
    for text in (both, left):
        assert values_of(text, "gateway_source_retries_total") == {("orders",): 7}
        assert values_of(text, "gateway_loop_lag_seconds_bucket")[("0.0025",)] == 1
        assert values_of(text, "gateway_loop_lag_seconds_count") == {(): 2}
        assert values_of(text, "gateway_loop_lag_seconds_sum") == {(): 7.002}
        assert values_of(text, "gateway_workers_started_total") == {(): 3}
    assert values_of(both, "gateway_source_max_calls") == {("orders", "0"): 4, ("orders", "1"): 4}
    assert values_of(left, "gateway_source_max_calls") == {("orders", "0"): 4}


async def test_records_by_their_own_keys_are_counted_as_others_are(metrics):
    """By operation, whichever root fields it has, and by source and record."""
    query = 'query One { order(id: "orders:oc12") { id } ticket(id: "support:t1") { id } node(id: "orders:oc11") { id } }'
    async with gateway_on([*shop.sources_by_own_keys().values()], with_metrics=metrics) as gateway:
        await gateway.data(query)
    assert shown(metrics, "gateway_requests_total") == {("other", "OK", "One"): 1}
    assert b"oc12" not in metrics.render()
