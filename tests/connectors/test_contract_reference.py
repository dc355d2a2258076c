"""The reference semantics of asks and measures, and that the contract test finds connectors that break them."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from connectors.contract import Ask, Condition, KeyKind, Measure, MeasureOp, Page, Position, Push
from connectors.errors import SourceThrottledError
from connectors.record_fields import Fields
from connectors.records import Money, Order, OrderItem, OrderStatus
from connectors.testing import ConnectorContract, MemoryConnector

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ORDERS = [
    Order(id="a", placed_at=NOON, status=OrderStatus.SHIPPED, total=Money(amount=Decimal("1.10"), currency="EUR")),
    Order(id="b", placed_at=NOON + DAY, total=Money(amount=Decimal("2.20"), currency="EUR"), items=[OrderItem(sku="x")]),
    Order(id="c", placed_at=NOON + DAY, total=Money(amount=Decimal(5), currency="BRL"), items=[OrderItem(sku="y")]),
    Order(id="d", placed_at=NOON + 2 * DAY, status=OrderStatus.SHIPPED),
]
PLACE = (Order, KeyKind.CUSTOMER_ID)
ID = Fields.from_paths("id")


async def ask_for(connector, **ask):
    (lookup,) = connector.lookups()
    page = (await lookup.fetch(["c1"], Ask(fields=ID, **ask)))["c1"]
    return "".join(one["id"] for one in msgspec.json.decode(page.records)), page.total


@pytest.mark.parametrize(
    ("ask", "ids", "total"),
    [
        ({}, "dcba", None),
        ({"oldest_first": True}, "abcd", None),
        ({"first": 2, "count": True}, "dc", 4),
        ({"after": Position(NOON + DAY, "c")}, "ba", None),
        ({"after": Position(NOON + DAY, "b"), "oldest_first": True, "first": 1}, "c", None),
        ({"since": NOON + DAY, "until": NOON + 2 * DAY, "count": True}, "cb", 2),
        ({"where": (Condition("status", ("SHIPPED",)),)}, "da", None),
        ({"where": (Condition("items.sku", ("x",), negated=True),)}, "dca", None),
        ({"where": (Condition("total.currency", ("EUR", "BRL")),), "after": Position(NOON + DAY, "c"), "count": True}, "ba", 3),
    ],
)
async def test_an_ask_means_what_the_contract_says(ask, ids, total):
    """Window, filter, order and count give these ids."""
    assert await ask_for(MemoryConnector("m", {PLACE: {"c1": ORDERS}}), **ask) == (ids, total)


async def test_only_what_is_declared_is_applied():
    """Without pushdown everything comes back, and a cut waits for the filter that is missing."""
    full_ask = {"first": 1, "since": NOON + DAY, "where": (Condition("id", ("a",)),), "count": True}
    assert await ask_for(MemoryConnector("m", {PLACE: {"c1": ORDERS}}, pushdown=()), **full_ask) == ("dcba", None)
    cutting = MemoryConnector("m", {PLACE: {"c1": ORDERS}}, pushdown={Push.FIRST, Push.ORDER, Push.COUNT})
    assert await ask_for(cutting, **full_ask) == ("dcba", None)
    assert await ask_for(cutting, first=1, count=True) == ("d", 4)


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        (Measure(op=MeasureOp.COUNT), 4),
        (Measure(op=MeasureOp.COUNT, since=NOON + DAY, where=(Condition("total.currency", ("EUR",)),)), 1),
        (
            Measure(op=MeasureOp.SUM, field="total"),
            [{"amount": "5", "currency": "BRL"}, {"amount": "3.30", "currency": "EUR"}],
        ),
        (Measure(op=MeasureOp.SUM, field="total", until=NOON), []),
        (Measure(op=MeasureOp.SUM, field="items.quantity"), 2),
        (Measure(op=MeasureOp.AVERAGE, field="items.quantity"), 1.0),
        (Measure(op=MeasureOp.AVERAGE, field="items.quantity", until=NOON), None),
        (Measure(op=MeasureOp.MIN, field="placed_at"), NOON),
        (Measure(op=MeasureOp.MAX, field="total.amount"), Decimal(5)),
        (Measure(op=MeasureOp.TOP, field="total.currency"), "EUR"),
        (Measure(op=MeasureOp.TOP, field="items.sku"), "x"),
        (Measure(op=MeasureOp.LATEST, field="total.currency"), "BRL"),
    ],
)
async def test_a_measure_means_what_the_contract_says(measure, value):
    """Each operation over four orders gives this value."""
    (aggregate,) = MemoryConnector("m", {PLACE: {"c1": ORDERS}}).aggregates()
    assert await aggregate.measure(["c1"], [measure]) == {"c1": [value]}


async def test_calls_are_recorded_and_failures_are_raised():
    """The fake counts its calls, raises the failure that is set, and waits while it hangs."""
    memory = MemoryConnector("m", {PLACE: {"c1": ORDERS}}, max_batch=7, measures=False)
    (lookup,) = memory.lookups()
    assert (lookup.max_batch, memory.aggregates()) == (7, [])
    memory.failure = SourceThrottledError(retry_after_s=3)
    with pytest.raises(SourceThrottledError):
        await ask_for(memory)
    memory.failure, memory.hang = None, asyncio.Event()
    waiting = asyncio.ensure_future(ask_for(memory))
    assert await asyncio.wait({waiting}, timeout=0.01) == (set(), {waiting})
    memory.hang.set()
    assert await waiting == ("dcba", None)
    assert memory.calls == [(Order, KeyKind.CUSTOMER_ID, ("c1",), Ask(fields=ID))] * 2


class Lying(MemoryConnector):
    """Serves from memory, then spoils what it serves."""

    def __init__(self, spoil):
        super().__init__("lying", {PLACE: {"c1": ORDERS, "c2": ORDERS[:1]}})
        self._spoil = spoil

    async def _fetch(self, record, by, keys, ask):
        return self._spoil(await super()._fetch(record, by, keys, ask), ask)


def changed(answer, change):
    return {
        key: Page(msgspec.json.encode(change(msgspec.json.decode(page.records))), page.total) for key, page in answer.items()
    }


LIES = {
    "test_an_unknown_key_finds_nothing": lambda answer, ask: (
        answer | {"unknown-1": Page(b'[{"id":"1","placedAt":"2024-05-01T12:00:00Z"}]')}
    ),
    "test_records_are_canonical_json": lambda answer, ask: changed(answer, lambda rows: [row | {"vendor": 1} for row in rows]),
    "test_a_selection_gives_the_same_values": lambda answer, ask: changed(
        answer, lambda rows: rows if "items" in ask.fields else rows[1:]
    ),
    "test_a_batch_answers_each_key_for_itself": lambda answer, ask: (
        changed(answer, lambda rows: rows[:1]) if len(answer) > 1 else answer
    ),
    "test_every_sample_is_found": lambda answer, ask: {},
    "test_first_gives_the_newest_of_each_key": lambda answer, ask: changed(
        answer, lambda rows: rows if ask.first is None else [{"id": "z", "placedAt": "2024-05-01T12:00:00Z"}]
    ),
    "test_order_is_kept_inside_a_page": lambda answer, ask: changed(answer, lambda rows: rows[::-1]),
    "test_since_and_until_bound_the_time": lambda answer, ask: changed(answer, lambda rows: rows[:-1] if ask.since else rows),
    "test_conditions_hold": lambda answer, ask: changed(answer, lambda rows: rows[:-1] if ask.where else rows),
    "test_pages_follow_without_gap_or_repeat": lambda answer, ask: changed(
        answer, lambda rows: rows[1:] if ask.after else rows
    ),
    "test_count_is_the_number_of_all": lambda answer, ask: {key: Page(page.records, 1) for key, page in answer.items()},
    "test_aggregates_agree_with_the_records": lambda answer, ask: changed(answer, lambda rows: rows[1:]),
}


@pytest.mark.parametrize("test_name", LIES)
async def test_the_contract_finds_a_connector_that_breaks_it(test_name):
    """Each promise, broken, fails the test that is about it."""
    contract = ConnectorContract()
    contract.samples = {PLACE: ["c1", "c2"]}
    await getattr(contract, test_name)(Lying(lambda answer, ask: answer))
    with pytest.raises(AssertionError):
        await getattr(contract, test_name)(Lying(LIES[test_name]))


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (KeyKind.ORDER_ID, ORDERS[1:2]),
        (KeyKind.ORDER_ID, [ORDERS[0], ORDERS[0]]),
        (KeyKind.ORDER_NUMBER, ORDERS[:1]),
    ],
)
async def test_the_contract_finds_records_that_have_not_the_key(kind, found):
    """Another id, one id twice, and a number that is not filled in."""
    contract = ConnectorContract()
    contract.samples = {(Order, kind): ["a"]}
    test = contract.test_a_record_is_found_by_its_own_keys
    await test(MemoryConnector("m", {(Order, kind): {"a": [msgspec.structs.replace(ORDERS[0], number="a")]}}))
    with pytest.raises(AssertionError):
        await test(MemoryConnector("m", {(Order, kind): {"a": found}}))


async def test_the_contract_finds_a_connector_that_answers_after_its_end():
    """A connector that ignores `aclose()` fails."""

    class Undead(MemoryConnector):
        async def aclose(self):
            pass

    contract = ConnectorContract()
    contract.samples = {PLACE: ["c1"]}
    with pytest.raises(AssertionError, match="answered by a closed connector"):
        await contract.test_a_closed_connector_raises_a_source_error(Undead("m", {PLACE: {"c1": ORDERS}}))
