"""What a connector gives is not trusted: whatever it does costs its own fields only, and the caller is told what and why."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from connectors import records as r
from connectors.contract import (
    Aggregate,
    Connector,
    ConnectorSettings,
    KeyKind,
    Lookup,
    Page,
    Push,
)
from connectors.errors import SourceError, SourceRejectedError, SourceThrottledError
from connectors.testing import MemoryConnector
from tests.support import shop
from tests.support.clocks import HURRIED, LoopClock, WatchedCalls, answer_at_deadline
from tests.support.gateway_server import gateway_on

QUERY = """{ customer(by: {id: "c1"}) { name orders(first: 3) { totalCount nodes { id status } pageInfo { hasNextPage } }
    tickets { nodes { id } } sources { name state errorCode droppedRecords } } }"""
STATISTICS = """{ customer(by: {id: "c1"}) { name orderStatistics { count total { amount currency } firstAt lastAt partial }
    tag(key: "activity") { value partial } } }"""
TWO = b'[{"id":"o2","status":"SHIPPED"},{"id":"o1"}]'
UNREADABLE = "orders: the source gave an answer that cannot be read"
LATE = "orders: the source did not answer in time"


class Hostile(Connector[ConnectorSettings]):
    """Orders by customer id. It gives what `answer` and `measure` make of the keys, and may do so in any way."""

    kind = "hostile"
    settings_type = ConnectorSettings

    def __init__(self, answer: Callable[..., Any], measure: Callable[..., Any] | None = None) -> None:
        super().__init__("orders", ConnectorSettings())
        self._answer = answer
        self._measure = measure

    def lookups(self) -> list[Lookup]:
        return [Lookup(record=r.Order, by=KeyKind.CUSTOMER_ID, fetch=self._answer, pushdown=frozenset(Push))]

    def aggregates(self) -> list[Aggregate]:
        return [Aggregate(record=r.Order, by=KeyKind.CUSTOMER_ID, measure=self._measure)] if self._measure else []


def giving(answer: Any) -> Callable[[Any, Any], Awaitable[Any]]:
    async def give(keys: Any, asked: Any) -> Any:
        return answer

    return give


def raising(error: BaseException) -> Callable[[Any, Any], Awaitable[Any]]:
    async def fail(keys: Any, asked: Any) -> Any:
        raise error

    return fail


async def ask(answer: Callable[..., Any], query: str = QUERY, measure: Callable[..., Any] | None = None, **words: Any) -> Any:
    """The customer and the errors of a query where the order source is hostile and the others are not."""
    sources = [shop.crm(), Hostile(answer, measure), shop.support()]
    async with gateway_on(sources, **shop.PINNED, **words) as gateway:
        whole = await gateway.ask(query)
    return whole["data"]["customer"], whole.get("errors", [])


def orders_in(customer: Any) -> list[str]:
    return [order["id"] for order in customer["orders"]["nodes"]]


def report_of(customer: Any) -> dict[str, Any]:
    return next(one for one in customer["sources"] if one["name"] == "orders")


def assert_only_orders_failed(customer, errors, code, message, *, retryable):
    (error,) = errors
    assert error["message"] == message
    assert error["path"] == ["customer", "orders"]
    assert len(error["extensions"].pop("requestId")) == 32
    assert error["extensions"] == {"code": code, "source": "orders", "retryable": retryable}
    sources = sorted(customer.pop("sources"), key=lambda one: one["name"])
    assert customer == {"name": "Ana Souza", "orders": None, "tickets": {"nodes": [{"id": "support:t2"}, {"id": "support:t1"}]}}
    assert sources == [
        {"name": "crm", "state": "FRESH", "errorCode": None, "droppedRecords": 0},
        {"name": "orders", "state": "UNAVAILABLE", "errorCode": code, "droppedRecords": 0},
        {"name": "support", "state": "FRESH", "errorCode": None, "droppedRecords": 0},
    ]


@pytest.mark.parametrize(
    "answer",
    [
        {"c1": TWO, "c2": b'[{"id":"x"}]', "nobody": b"not JSON", 7: None},
        {"c1": Page(TWO, 2), "": SourceError()},
    ],
)
async def test_keys_that_were_not_asked_for_are_ignored(answer):
    """Also when what they hold could not be read."""
    customer, errors = await ask(giving(answer))
    assert errors == []
    assert orders_in(customer) == ["orders:o2", "orders:o1"]
    assert report_of(customer) == {"name": "orders", "state": "FRESH", "errorCode": None, "droppedRecords": 0}


@pytest.mark.parametrize("answer", [{}, {"c2": TWO}, {"c1": None}, {"c1": b"[]"}, {"c1": []}, {"c1": Page(b"[]", 0)}])
async def test_a_key_without_an_answer_has_no_records(answer):
    """An empty list, not null, and no error."""
    customer, errors = await ask(giving(answer))
    assert errors == []
    assert orders_in(customer) == []


@pytest.mark.parametrize(
    "answer",
    [
        None,
        5,
        "c1",
        b"[]",
        [("c1", TWO)],
        {"c1"},
        {"c1": 5},
        {"c1": "[]"},
        {"c1": True},
        {"c1": {"id": "o1"}},
        {"c1": [1, 2]},
        {"c1": [{"id": "o1"}]},
        {"c1": [None]},
        {"c1": SourceError},
        {"c1": ...},
        {"c1": Page(None)},
        {"c1": Page(7)},
        {"c1": Page({"id": "o1"})},
        {"c1": Page(TWO, "2")},
        {"c1": Page(TWO, -1)},
        {"c1": Page(TWO, 1.5)},
        {"c1": b""},
        {"c1": b"not JSON"},
        {"c1": b'[{"id":"o1"'},
        {"c1": b"{}"},
        {"c1": b"null"},
        {"c1": b'"[]"'},
        {"c1": b"\xff\xfe"},
        {"c1": b"[" * 100_000},
        {"c1": b"[" * 100_000 + b"]" * 100_000},
    ],
    ids=lambda answer: repr(answer)[:40],
)
async def test_an_answer_of_a_wrong_kind_is_a_protocol_error(answer):
    """Nothing of it is shown, and nothing else of the answer is lost."""
    assert_only_orders_failed(*await ask(giving(answer)), "SOURCE_PROTOCOL", UNREADABLE, retryable=False)


@pytest.mark.parametrize(
    "malformed",
    [
        b"{}",
        b"null",
        b"5",
        b'"o9"',
        b"[]",
        b'{"id":[9]}',
        b'{"id":null}',
    ],
)
async def test_a_malformed_record_is_dropped_alone_and_counted(malformed):
    """The good ones around it are there."""
    customer, errors = await ask(giving({"c1": b'[{"id":"o3"},' + malformed + b',{"id":"o1"}]'}))
    assert errors == []
    assert orders_in(customer) == ["orders:o3", "orders:o1"]
    assert report_of(customer) == {"name": "orders", "state": "FRESH", "errorCode": None, "droppedRecords": 1}


@pytest.mark.parametrize("odd", [b'{"id":9}', b'{"id":"9","status":7}', b'{"id":"9","status":{}}'])
async def test_an_odd_record_is_read_as_far_as_it_can_be(odd):
    """A number can be an id, and what is no word of an enum is unknown."""
    customer, errors = await ask(giving({"c1": b'[{"id":"o3"},' + odd + b"]"}))
    assert errors == []
    assert customer["orders"]["nodes"][1] == {"id": "orders:9", "status": "UNKNOWN"}


async def test_what_is_not_selected_is_not_checked():
    """A total without a currency costs nothing where nobody asked for totals, nor does a field that no record has."""
    customer, errors = await ask(giving({"c1": b'[{"id":"o1","total":{"amount":"x"},"colour":"red","status":"STRANGE"}]'}))
    assert errors == []
    assert customer["orders"]["nodes"] == [{"id": "orders:o1", "status": "UNKNOWN"}]


async def test_a_page_that_is_short_of_a_malformed_record_is_asked_for_again():
    """The source gave the one more that it was asked for, and no more when it was asked for them: this is the end."""
    customer, _ = await ask(giving({"c1": Page(b'[{"id":"o9"},{"id":[8]},{"id":"o7"},{"id":"o6"}]', 25)}))
    assert orders_in(customer) == ["orders:o9", "orders:o7", "orders:o6"]
    assert customer["orders"]["pageInfo"] == {"hasNextPage": False}
    assert customer["orders"]["totalCount"] == 25


async def test_a_promised_total_that_does_not_come_is_unknown():
    """Not the length of the part that was read."""
    customer, _ = await ask(giving({"c1": b'[{"id":"o9"},{"id":"o8"},{"id":"o7"},{"id":"o6"}]'}))
    assert orders_in(customer) == ["orders:o9", "orders:o8", "orders:o7"]
    assert customer["orders"]["totalCount"] is None


@pytest.mark.parametrize(
    "error",
    [
        ValueError("secret"),
        KeyError("c1"),
        RuntimeError(),
        StopIteration(),
        StopAsyncIteration(),
        RecursionError(),
        MemoryError(),
        UnicodeDecodeError("utf-8", b"", 0, 1, "secret"),
        ExceptionGroup("secret", [ValueError(), OSError()]),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_is_raised_is_a_protocol_error(error):
    """Without a word of what it says."""
    assert_only_orders_failed(*await ask(raising(error)), "SOURCE_PROTOCOL", UNREADABLE, retryable=False)


@pytest.mark.parametrize("error", [TimeoutError(), asyncio.CancelledError()], ids=lambda error: type(error).__name__)
async def test_a_timeout_or_a_cancellation_of_its_own_is_a_timeout(error):
    """At once, without waiting for the deadline."""
    customer, errors = await asyncio.wait_for(ask(raising(error), deadline_ms=60_000), 30)
    assert_only_orders_failed(customer, errors, "SOURCE_TIMEOUT", LATE, retryable=True)


@pytest.mark.parametrize("answer", [lambda keys, asked: {"c1": TWO}, lambda keys, asked: None, lambda: None])
async def test_a_lookup_that_is_no_coroutine_function_is_a_protocol_error(answer):
    """It may answer without being awaited, or take other arguments: that is its author's to put right."""
    assert_only_orders_failed(*await ask(answer), "SOURCE_PROTOCOL", UNREADABLE, retryable=False)


@pytest.mark.parametrize(
    "answer", [giving({"c1": SourceThrottledError("secret", 5)}), raising(SourceThrottledError("secret", 5))]
)
async def test_an_error_of_the_tree_is_shown_as_it_is(answer):
    """For one key or for the whole call; the connector's note is for the log."""
    customer, errors = await ask(answer)
    assert_only_orders_failed(
        customer, errors, "SOURCE_THROTTLED", "orders: the source limits the rate of calls", retryable=True
    )


async def test_one_key_fails_alone():
    """A bad key of a batch does not take the others with it."""
    answer = giving({"c1": SourceRejectedError(), "c2": TWO})
    async with gateway_on([shop.crm(), Hostile(answer)]) as gateway:
        whole = await gateway.ask('{ customers(ids: ["c1", "c2"]) { id orders { nodes { id } } } }')
    assert whole["data"]["customers"] == [
        {"id": "crm:c1", "orders": None},
        {"id": "crm:c2", "orders": {"nodes": [{"id": "orders:o2"}, {"id": "orders:o1"}]}},
    ]
    assert [error["path"] for error in whole["errors"]] == [["customers", 0, "orders"]]
    assert whole["errors"][0]["extensions"]["code"] == "SOURCE_REJECTED"


@pytest.mark.parametrize("bad", [5, b"not JSON", Page(None), Page(TWO, "2"), [None]], ids=repr)
async def test_an_unreadable_answer_of_one_key_costs_that_key(bad):
    """The other customer of the batch is whole."""
    async with gateway_on([shop.crm(), Hostile(giving({"c1": bad, "c2": TWO}))]) as gateway:
        whole = await gateway.ask('{ customers(ids: ["c1", "c2"]) { id orders { totalCount nodes { id } } } }')
    assert [one["orders"] and len(one["orders"]["nodes"]) for one in whole["data"]["customers"]] == [None, 2]
    assert [(error["path"], error["extensions"]["code"]) for error in whole["errors"]] == [
        (["customers", 0, "orders"], "SOURCE_PROTOCOL")
    ]


class Stubborn:
    """Waits, and when it is cancelled waits on until it is released; then it answers after all."""

    def __init__(self) -> None:
        self.released = asyncio.Event()
        self.ended = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.cancellations = 0

    async def __call__(self, keys: Any, asked: Any) -> Any:
        while not self.released.is_set():
            try:
                await self.released.wait()
            except asyncio.CancelledError:
                self.cancellations += 1
                self.cancelled.set()
        self.ended.set()
        return {"c1": TWO}


async def test_an_answer_after_the_deadline_is_a_timeout_and_is_not_waited_for():
    """The call is cancelled, swallows that and answers later, which nobody sees; the next request is asked anew."""
    stubborn, calls = Stubborn(), WatchedCalls([shop.crm(), shop.support()])
    crm, support = calls.connectors
    async with gateway_on([crm, Hostile(stubborn), support], with_clock=LoopClock()) as gateway:
        whole = await answer_at_deadline(gateway.ask(QUERY, **HURRIED), "c1", calls)
        await stubborn.cancelled.wait()  # at the same deadline, in no order
        stubborn.released.set()
        await stubborn.ended.wait()
        again = await gateway.data(QUERY)
    assert stubborn.cancellations == 1
    assert_only_orders_failed(
        whole["data"]["customer"],
        whole["errors"],
        "SOURCE_TIMEOUT",
        "orders: the source did not answer in time",
        retryable=True,
    )
    assert orders_in(again["customer"]) == ["orders:o2", "orders:o1"]


async def test_a_call_that_never_ends_does_not_keep_the_gateway_from_closing():
    """It is waited for, but not for ever."""
    stubborn = Stubborn()
    async with asyncio.timeout(60):
        customer, _ = await ask(stubborn, deadline_ms=200)
    assert customer["orders"] is None
    assert not stubborn.ended.is_set()
    stubborn.released.set()
    await stubborn.ended.wait()


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        [5],
        "abcd",
        b"abcd",
        {0: 1, 1: 2, 2: 3, 3: 4},
        ["many", [], None, None],
        [5, "much", None, None],
        [5, [{"amount": "x", "currency": "EUR"}], None, None],
        [5, [{"currency": "EUR"}], None, None],
        [5, [7], None, None],
        [5, [], "yesterday", None],
        [5, [], [], {}],
        [5.5, [], None, None],
        [True, [], None, None],
    ],
    ids=repr,
)
async def test_measures_of_a_wrong_kind_are_measured_over_the_records(values):
    """What a source measures wrong is measured here: a malformed record is left out, and the figures say so."""
    whole = msgspec.json.encode(shop.ORDERS["c1"][:2])
    spoilt = whole[:-1] + b',{"id":"o9","placedAt":"soon"}]'
    customer, errors = await ask(giving({"c1": spoilt}), STATISTICS.partition("tag(")[0] + "} }", giving({"c1": values}))
    assert errors == []
    assert customer["orderStatistics"] == {
        "count": 2,
        "total": [{"amount": "20.00", "currency": "EUR"}],
        "firstAt": "2026-06-01T12:00:00Z",
        "lastAt": "2026-06-02T12:00:00Z",
        "partial": True,
    }


async def test_measures_that_fail_make_a_tag_partial():
    """Where the records cannot be had either, the figures are an error; a tag without its facts is none, and says so."""
    customer, errors = await ask(raising(ValueError("secret")), STATISTICS, raising(ValueError("secret")))
    assert customer == {"name": "Ana Souza", "orderStatistics": None, "tag": {"value": None, "partial": True}}
    (error,) = errors
    assert (error["path"], error["message"]) == (["customer", "orderStatistics"], UNREADABLE)
    assert error["extensions"]["code"] == "SOURCE_PROTOCOL"


async def test_two_sources_may_use_the_same_ids():
    """Ids are a source's own: neither order hides the other."""
    first = MemoryConnector("web", {(r.Order, KeyKind.CUSTOMER_ID): {"c1": [shop.order(1, "x", 1)]}})
    second = MemoryConnector("store", {(r.Order, KeyKind.CUSTOMER_ID): {"c1": [shop.order(1, "x", 2)]}})
    async with gateway_on([shop.crm(), first, second]) as gateway:
        data = await gateway.data('{ customer(by: {id: "c1"}) { orders { totalCount nodes { id placedAt } } } }')
    assert data["customer"]["orders"] == {
        "totalCount": 2,
        "nodes": [
            {"id": "store:ox1", "placedAt": "2026-06-02T12:00:00Z"},
            {"id": "web:ox1", "placedAt": "2026-06-01T12:00:00Z"},
        ],
    }
