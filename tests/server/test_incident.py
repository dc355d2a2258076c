"""A source that is down costs its own fields and nothing else: few calls, two lines of log, no task and no frame that stays."""

import asyncio
from typing import Any

import pytest
from graphql import GraphQLError, OperationDefinitionNode, parse
from graphql.error import located_error
from structlog.testing import capture_logs

from bench.incident import PHASES, Incident, Seen
from bench.load import Figures
from connectors import records as r
from connectors.contract import Answer, Ask, KeyKind, Keys
from connectors.errors import SourceUnavailableError, without_frames
from connectors.http import HttpConnector, HttpSettings
from connectors.record_fields import all_fields
from connectors.testing import MemoryConnector
from gateway.clock import Clock
from gateway.errors import InvalidArgumentError, SourceFailure
from gateway.execution.located_errors import ErrorLocator
from gateway.log import MIN_LOG_GAP_S
from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Failed
from gateway.lookups.post_filter import PostFilter
from gateway.lookups.source_call import SourceCaller
from tests.support import shop
from tests.support.demo_sources import refused_port
from tests.support.gateway_server import Gateway, gateway_on

REQUESTS = 200
QUERY = """query Card($id: ID!) {
  customer(by: {id: $id}) {
    name
    orders { nodes { id } }
    tickets { nodes { subject } }
  }
}"""
BY_ID = KeyKind.CUSTOMER_ID
ERROR = {
    "message": "orders: the source is unavailable",
    "locations": [{"line": 4, "column": 5}],
    "path": ["customer", "orders"],
    "extensions": {"code": "SOURCE_UNAVAILABLE", "source": "orders", "retryable": True},
}


class Counted(HttpConnector):
    """Counts its calls."""

    calls = 0

    async def _fetch(self, route: Any, keys: Keys, ask: Ask) -> Answer:
        self.calls += 1
        return await super()._fetch(route, keys, ask)


def refusing(port: int) -> Counted:
    lookup = {"path": "/orders?ids={keys}", "key": "customer_id", "max_batch": 100}
    rules = {"order": {"keys": {"customer_id": lookup}}}
    return Counted("orders", HttpSettings.model_validate({"base_url": f"http://127.0.0.1:{port}", "records": rules}))


def healthy() -> list[MemoryConnector]:
    ids = [f"c{number}" for number in range(REQUESTS)]
    customers = {one: [r.Customer(id=one, name=f"Customer {one}")] for one in ids}
    tickets = {one: [r.Ticket(id=f"t{one}", created_at=shop.at(1), subject=f"About {one}")] for one in ids}
    return [
        MemoryConnector("crm", {(r.Customer, BY_ID): customers}),
        MemoryConnector("support", {(r.Ticket, BY_ID): tickets}),
    ]


def without_request_id(error: dict[str, Any]) -> dict[str, Any]:
    return error | {"extensions": {name: value for name, value in error["extensions"].items() if name != "requestId"}}


async def test_two_hundred_callers_while_a_source_refuses_connections():
    """Each has all the rest and one error; the source is called a few times, the log says it once, no task stays."""
    with refused_port() as port, capture_logs() as logs:
        orders = refusing(port)
        async with gateway_on([*healthy(), orders], deadline_ms=20_000) as gateway:
            tasks = asyncio.all_tasks()
            answers = await asyncio.gather(*(gateway.ask(QUERY, {"id": f"c{number}"}) for number in range(REQUESTS)))
            left = asyncio.all_tasks() - tasks
    assert left == set()
    assert [answer["data"]["customer"] for answer in answers] == [
        {"name": f"Customer c{number}", "orders": None, "tickets": {"nodes": [{"subject": f"About c{number}"}]}}
        for number in range(REQUESTS)
    ]
    assert [[without_request_id(error) for error in answer["errors"]] for answer in answers] == [[ERROR]] * REQUESTS
    assert orders.calls <= REQUESTS // 10
    assert [(line["event"], line["source"], line["code"]) for line in logs] == [
        ("source_failed", "orders", "SOURCE_UNAVAILABLE")
    ]


async def ask_for(gateway: Gateway, *customers: str) -> None:
    for customer in customers:
        await gateway.ask(QUERY, {"id": customer})


async def test_the_log_says_when_an_outage_begins_and_when_it_ends():
    """Once each, with the first code and the number of calls that failed; what follows within a minute is the same outage."""

    class SettableClock(Clock):
        passed_s = 0.0

        def monotonic(self):
            return super().monotonic() + self.passed_s

    sources, clock = shop.sources(), SettableClock()
    with capture_logs() as logs:
        async with gateway_on(list(sources.values()), with_clock=clock) as gateway:
            await ask_for(gateway, "c1")
            sources["orders"].failure = SourceUnavailableError()
            await ask_for(gateway, "c1", "c2", "c1")
            for _ in range(3):
                sources["orders"].failure = None
                await ask_for(gateway, "c1", "c2")
                sources["orders"].failure = SourceUnavailableError()
                await ask_for(gateway, "c2")
            clock.passed_s = MIN_LOG_GAP_S
            await ask_for(gateway, "c2")
    failed = {"event": "source_failed", "log_level": "warning", "source": "orders", "code": "SOURCE_UNAVAILABLE"}
    assert logs == [
        failed,
        {"event": "source_recovered", "log_level": "info", "source": "orders", "failed_calls": 3},
        failed,
    ]


async def test_outages_of_two_sources_are_told_apart():
    """That one of them is back says nothing of the other."""
    sources = shop.sources()
    with capture_logs() as logs:
        async with gateway_on(list(sources.values())) as gateway:
            sources["orders"].failure = sources["support"].failure = SourceUnavailableError()
            await ask_for(gateway, "c1")
            sources["support"].failure = None
            await ask_for(gateway, "c1")
    assert sorted((line["event"], line["source"]) for line in logs) == [
        ("source_failed", "orders"),
        ("source_failed", "support"),
        ("source_recovered", "support"),
    ]


async def test_the_error_of_a_source_keeps_no_frame():
    """Neither ours nor what the HTTP client raised; what it came from is still known by its type."""
    with refused_port() as port:
        connector = refusing(port)
        await connector.open()
        try:
            (lookup,) = connector.lookups()
            ask = Ask(fields=all_fields(r.Order))
            (outcome,) = await SourceCaller("orders", Clock()).fetch(
                lookup, ["c1"], PostFilter(ask, lookup), Deadline.within(Clock(), 20)
            )
        finally:
            await connector.aclose()
    assert isinstance(outcome, Failed)
    errors: list[BaseException] = [outcome.error]
    while (cause := errors[-1].__cause__ or errors[-1].__context__) is not None:
        errors.append(cause)
    assert isinstance(errors[0], SourceUnavailableError)
    assert isinstance(errors[-1], OSError)
    assert [error.__traceback__ for error in errors] == [None] * len(errors)


def test_errors_without_frames_are_the_same_errors():
    """What was raised, and what it was raised from."""

    def fail() -> None:
        try:
            raise OSError
        except OSError as error:
            raise SourceUnavailableError from error

    with pytest.raises(SourceUnavailableError) as caught:
        fail()
    cause = caught.value.__cause__
    assert without_frames(caught.value) is caught.value
    assert caught.value.__cause__ is cause
    assert (caught.value.__traceback__, cause and cause.__traceback__) == (None, None)


def placed(error: Exception) -> tuple[GraphQLError, GraphQLError]:
    """By us and by graphql-core, for a field in the second line."""
    (operation,) = parse("{\n  a: customer { id } }").definitions
    assert isinstance(operation, OperationDefinitionNode)
    nodes: list[Any] = list(operation.selection_set.selections)
    return ErrorLocator(nodes).failure(error, ["a", 1]), located_error(error, nodes, ["a", 1])


@pytest.mark.parametrize(
    "error", [SourceFailure("orders", SourceUnavailableError()), InvalidArgumentError("first"), ValueError("x")]
)
def test_an_error_is_placed_as_graphql_core_does(error: Exception):
    """The same in all that is shown of it and all that it keeps."""
    ours, theirs = placed(error)
    assert ours == theirs
    assert ours.original_error is theirs.original_error is error
    assert ours.formatted["locations"] == [{"line": 2, "column": 3}]


def test_a_failure_that_was_placed_keeps_no_frame():
    """Its frames hold the run that holds it, and would wait for the garbage collector."""
    with pytest.raises(SourceFailure) as caught:
        raise SourceFailure("orders", SourceUnavailableError())
    ours, _ = placed(caught.value)
    assert (ours.__traceback__, caught.value.__traceback__) == (None, None)


def figures(rps: float, most_ms: float) -> Figures:
    return Figures(requests=100, rps=rps, p50_ms=1, p99_ms=2, most_ms=most_ms, bytes=500)


def measured(*, refusing_rps: float, late_ms: float, last: Seen, events: dict[str, int]) -> Incident:
    rps = {"healthy": 100.0, "refusing": refusing_rps, "hanging": 30.0, "recovered": 95.0}
    seen = {phase: [Seen(100.0, 20), last if phase == "recovered" else Seen(100.0, 20)] for phase in PHASES}
    return Incident({phase: [figures(rps[phase], late_ms)] for phase in PHASES}, seen, events)


@pytest.mark.parametrize(
    ("found", "holds"),
    [
        (measured(refusing_rps=80, late_ms=1100, last=Seen(109.0, 28), events={"source_failed": 1}), True),
        (measured(refusing_rps=79, late_ms=1101, last=Seen(111.0, 29), events={"operation_not_planned": 1}), False),
    ],
)
def test_the_benchmark_says_what_does_not_hold(found: Incident, holds: bool):
    """At their bounds all hold, beyond them none; recovering has the same figure in both."""
    assert [one for _, one in found.verdicts()] == [holds, True, holds, holds, holds, holds]
    assert found.failing == 200
