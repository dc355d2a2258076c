"""What the gateway makes of a source that breaks the contract: nobody else is harmed, and callers are told why."""

import asyncio
import gc
import tracemalloc
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from connectors import records as r
from connectors.contract import Ask, KeyKind
from connectors.record_fields import Fields
from connectors.testing import ODD_ERRORS, HostileConnector, OnCall, OnKey
from connectors.testing.hostile import HUGE_BYTES, SECRET
from gateway.clock import Clock
from gateway.lookups.deadline import Deadline
from gateway.lookups.post_filter import PostFilter
from gateway.lookups.source_call import MAX_ABANDONED, SourceCaller
from tests.support import shop
from tests.support.clocks import DEADLINE_S, LoopClock, WatchedCalls, answer_at_deadline
from tests.support.gateway_server import PATIENT_MS, gateway_on

QUERY = """{ customers(ids: ["c1", "c2"]) { name
    orders(first: 3) { totalCount nodes { id placedAt } pageInfo { hasNextPage } } orderStatistics { count partial }
    tickets { nodes { id } } sources { name state errorCode droppedRecords } } }"""
OTHERS = [("Ana Souza", ["support:t2", "support:t1"]), ("李娜", [])]
TRUTH = ["orders:oc15", "orders:oc14", "orders:oc13"]
PATIENT = {"x-deadline-ms": str(PATIENT_MS)}
PERSONAL = ["Ana", "Souza", "李娜", "ana@", "5511912345678", "Where is it", SECRET, '"c1"', '"c2"', "'c1'", "'c2'"]
"""What must be in no line of the log."""


@asynccontextmanager
async def hostile_shop(others=(), **settings):
    """A gateway whose orders are hostile, and the hostile source. At the end the log is looked through."""
    orders = HostileConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): shop.ORDERS})
    crm, support = others or (shop.crm(), shop.support())
    with capture_logs() as logs:
        async with gateway_on([crm, orders, support], **{**shop.PINNED, **settings}) as gateway:
            try:
                yield gateway, orders
            finally:
                orders.release.set()
    assert [word for word in PERSONAL if word in repr(logs)] == []


async def asked(gateway, query=QUERY, **headers):
    """The customers, and the codes of errors by their paths; none says more than it may."""
    whole = await gateway.ask(query, **headers)
    errors = whole.get("errors", [])
    assert SECRET not in repr(errors)
    assert {error["extensions"]["source"] for error in errors} <= {"orders"}
    customers = whole["data"]["customers"]
    assert [(one["name"], [ticket["id"] for ticket in one["tickets"]["nodes"]]) for one in customers] == OTHERS
    return customers, {tuple(error["path"][1:]): error["extensions"]["code"] for error in errors}


def ids_of(customer):
    return customer["orders"] and [one["id"] for one in customer["orders"]["nodes"]]


def report_of(customer):
    return next(one for one in customer["sources"] if one["name"] == "orders")


KEY_COSTS = {
    OnKey.MISSING: ([], None, 0),
    OnKey.SHUFFLED: (["orders:oc14", "orders:oc12", "orders:oc15"], None, 0),
    OnKey.REPEATED: (["orders:oc15", "orders:oc14", "orders:oc13"], None, 0),
    OnKey.MANY: (["orders:oc15-0", "orders:oc15-1", "orders:oc15-2"], None, 0),
    OnKey.WRONG_TYPES: (["orders:oc14", "orders:oc13", "orders:oc12"], None, 1),
    OnKey.NO_PAGE: (None, "SOURCE_PROTOCOL", 0),
    OnKey.RAISING_PAGE: (None, "SOURCE_PROTOCOL", 0),
    OnKey.NOT_JSON: (None, "SOURCE_PROTOCOL", 0),
    OnKey.TRUNCATED: (None, "SOURCE_PROTOCOL", 0),
    OnKey.HUGE: (TRUTH, None, 0),
    OnKey.DEEP: (None, "SOURCE_PROTOCOL", 0),
    OnKey.REFUSED: (None, "SOURCE_REJECTED", 0),
    OnKey.CLASS_OF_ERROR: (None, "SOURCE_PROTOCOL", 0),
}
"""The ids of the orders that are shown, the error's code, how many records were dropped."""


@pytest.mark.parametrize("how", OnKey)
async def test_what_is_said_of_a_key_costs_that_key_alone(how):
    """The other customer of the same call is whole, and so is everything that comes from other sources."""
    expected, code, dropped = KEY_COSTS[how]
    async with hostile_shop() as (gateway, orders):
        orders.per_key["c1"] = how
        (one, other), errors = await asked(gateway)
    assert ids_of(one) == expected
    assert errors.get((0, "orders")) == code
    assert report_of(one)["droppedRecords"] >= dropped
    assert ids_of(other) == ["orders:oc21"]
    assert other["orderStatistics"] == {"count": 1, "partial": False}
    assert report_of(other) == {"name": "orders", "state": "FRESH", "errorCode": None, "droppedRecords": 0}
    assert {path for path in errors if path[0] == 1} == set()


CREDIBLE = {OnKey.SHUFFLED, OnKey.REPEATED, OnKey.MANY, OnKey.HUGE, OnKey.MISSING}
"""What may be the truth of a source that has such records."""


@pytest.mark.parametrize("how", [how for how in OnKey if how not in CREDIBLE])
async def test_figures_of_a_hostile_source_are_right_or_said_not_to_be(how):
    """What it measures wrong is measured here over its records; where these are no better there is an error."""
    async with hostile_shop() as (gateway, orders):
        orders.per_key["c1"] = how
        (one, _), errors = await asked(gateway)
    figures = one["orderStatistics"]
    assert figures is None or figures["partial"] or figures["count"] == 5
    assert (figures is None) == ((0, "orderStatistics") in errors)


CALL_COSTS = {
    OnCall.SHUFFLES_KEYS: (TRUTH, ["orders:oc21"], None),
    OnCall.LEAVES_OUT_KEYS: ([], ["orders:oc21"], None),
    OnCall.ADDS_KEYS: (TRUTH, ["orders:oc21"], None),
    OnCall.REPEATS_KEYS: (TRUTH, ["orders:oc21"], None),
    OnCall.GIVES_NOTHING: (None, None, "SOURCE_PROTOCOL"),
    OnCall.GIVES_A_LIST: (None, None, "SOURCE_PROTOCOL"),
    OnCall.GIVES_AN_ERROR: (None, None, "SOURCE_REJECTED"),
    OnCall.RAISES_WHEN_ASKED: (None, None, "SOURCE_PROTOCOL"),
    OnCall.RAISES_WHEN_READ: (TRUTH, ["orders:oc21"], None),
    OnCall.IS_NO_COROUTINE: (None, None, "SOURCE_PROTOCOL"),
    OnCall.HANGS: (None, None, "SOURCE_TIMEOUT"),
    OnCall.HANGS_ON: (None, None, "SOURCE_TIMEOUT"),
}
"""The ids of either customer's orders, and the code of both errors."""


@pytest.mark.parametrize("how", OnCall)
async def test_however_a_call_is_answered_others_are_whole_within_the_deadline(how):
    """Order and number of keys mean nothing; what is no answer is an error of all its keys and of nothing else."""
    one, other, code = CALL_COSTS[how]
    calls = WatchedCalls([shop.crm(), shop.support()])
    deadlines = {"deadline_ms": int(DEADLINE_S * 1000), "max_deadline_ms": PATIENT_MS}
    async with hostile_shop(calls.connectors, with_clock=LoopClock(), **deadlines) as (gateway, orders):
        orders.per_call = how
        if code == "SOURCE_TIMEOUT":
            customers, errors = await answer_at_deadline(asked(gateway), "c1", calls)
        else:
            customers, errors = await asked(gateway, **PATIENT)
        orders.per_call = None
        again, no_errors = await asked(gateway, **PATIENT)
    assert [ids_of(customer) for customer in customers] == [one, other]
    assert {errors.get((place, "orders")) for place in (0, 1)} == {code}
    assert ([ids_of(customer) for customer in again], no_errors) == ([TRUTH, ["orders:oc21"]], {})


CODES = {"TimeoutError": "SOURCE_TIMEOUT", "CancelledError": "SOURCE_TIMEOUT"}


@pytest.mark.parametrize("error", ODD_ERRORS, ids=lambda error: type(error).__name__)
async def test_whatever_is_raised_becomes_an_error_of_the_tree(error):
    """At once, without a word of what it says; also what is no `Exception`."""
    async with hostile_shop(deadline_ms=60_000) as (gateway, orders):
        orders.raises = error
        async with asyncio.timeout(30):
            customers, errors = await asked(gateway)
        orders.raises = None
        _, no_errors = await asked(gateway)
    code = getattr(error, "code", CODES.get(type(error).__name__, "SOURCE_PROTOCOL"))
    assert [ids_of(customer) for customer in customers] == [None, None]
    assert {errors[place, "orders"] for place in (0, 1)} == {code}
    assert no_errors == {}


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_is_to_end_the_process_passes(error):
    """A signal's exception comes up wherever the process just is; no source may keep it."""

    async def ask():
        async with hostile_shop() as (gateway, orders):
            orders.raises = error()
            await gateway.ask(QUERY)

    with pytest.raises(error):
        asyncio.run(ask())


async def test_a_source_whose_calls_never_end_is_not_called_for_ever():
    """Each that goes on after its cancellation holds memory; with a hundred of them it is out of service, until one ends."""
    orders = HostileConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): shop.ORDERS})
    orders.per_call = OnCall.HANGS_ON
    (lookup,) = orders.lookups()
    clock, ask = Clock(), Ask(fields=Fields.from_paths("id"))
    boundary = SourceCaller("orders", clock)

    async def fetched(budget_s):
        (outcome,) = await boundary.fetch(lookup, ["c2"], PostFilter(ask, lookup), Deadline.within(clock, budget_s))
        return outcome

    codes = [(await fetched(0.0004)).error.code for _ in range(MAX_ABANDONED + 5)]
    assert codes == ["SOURCE_TIMEOUT"] * MAX_ABANDONED + ["SOURCE_UNAVAILABLE"] * 5
    assert len(orders.calls) == MAX_ABANDONED
    orders.release.set()
    await boundary.aclose()
    assert orders.cancellations == MAX_ABANDONED
    assert [one.id for one in (await fetched(10)).records] == ["oc21"]


TICKETS = '{ customers(ids: ["c1", "c2"]) { tickets { nodes { %s } } } }'


@pytest.mark.parametrize(("field", "most_at_once"), [("createdAt", 2), ("subject", 6)])
async def test_a_record_of_ten_megabytes_leaves_nothing_behind(field, most_at_once):
    """Traced by the interpreter: what is allocated at most while it is answered, in times its size, and what is left of it.

    Where the text is not asked for it is not decoded: the source's own bytes are all. Where it is, the answer holds it, and so
    does the client of this test, which is in the same process. What is larger than the read cache is not kept there.
    """
    support = HostileConnector("support", {(r.Ticket, KeyKind.EMAIL): shop.TICKETS})
    kept = {"cache_s": {"ticket": 60}} if field == "subject" else {}
    sources = {"crm": {"kind": "x"}, "support": {"kind": "x", **kept}}
    async with gateway_on([shop.crm(), support], sources=sources, cache_bytes=1024 * 1024) as gateway:
        support.per_key["ana@example.com"] = OnKey.HUGE
        await gateway.ask(TICKETS % field)
        before = len(support.calls)
        tracemalloc.start()
        try:
            for _ in range(3):
                answer = await gateway.data(TICKETS % field)
            size = len(str(answer))
            del answer
            await gateway.data('{ customers(ids: ["c2"]) { name } }')
            gc.collect()
            left, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert len(support.calls) > before
    assert (size > HUGE_BYTES) == (field == "subject")
    assert left < HUGE_BYTES / 20
    assert HUGE_BYTES < most < most_at_once * HUGE_BYTES
