"""Facts over sources: measured there where that can be, exact over several, and asked for by name."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import msgspec
import pytest

from connectors import records as r
from connectors.contract import PLAIN_OPS, SOURCE_OPS, Aggregate, KeyKind, MeasureOp
from connectors.testing import MemoryConnector
from connectors.toolkit.evaluation import rfc3339
from gateway.tags.computation import compute
from tests.support import shop
from tests.support.fixtures_mongodb import HandClock
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.tag_shop import JUNE_ENDS, ShopClock, measured, services_on, stitched

FILE = """
timezone: America/Sao_Paulo
defaults: {owner: crm-team, category: BEHAVIOUR, ttl: 6h, version: 1}
facts:
  pieces: {label: Pieces of a line, record: order, measure: average, field: items.quantity}
  favourite: {label: Most frequent category, record: order, measure: top, field: items.category}
  heaviest: {label: Category of most pieces, record: order, measure: top, field: items.category, by: pieces}
  spread: {label: Spread of pieces, record: order, measure: spread, field: items.quantity}
  books: {label: Pieces of books, record: order, measure: sum, field: items.quantity, parts: {items.category: books}}
  beginning: {label: Orders of the first three days, record: order, measure: count, window: {since_first: 3d}}
  recent: {label: Orders of 30 days, record: order, measure: count, window: 30d}
  this_month: {label: Orders of this month, record: order, measure: count, window: {months: this}}
  rhythm: {label: Days between orders, record: order, measure: interval}
  value: {label: Average order, record: order, measure: average, field: total, currency: EUR, rates: {BRL: 6}}
  rating: {label: Average rating, record: ticket, measure: average, field: satisfaction}
  visits: {label: Sessions, record: event, measure: sessions, inactivity: 30m, by: device}
tags:
  pushed:
    label: Pushed down
    description: Facts that sources measure.
    words: Always.
    expression: >-
      pieces != null || favourite != null || recent + this_month > 0
      || rhythm != null || value != null || rating != null ? 'YES' : 'NO'
  read:
    label: Of records
    description: Facts of records.
    words: Always.
    expression: "heaviest != null || spread != null || books > 0 || beginning + visits > 0 ? 'YES' : 'NO'"
"""
SCORED = """
defaults: {owner: crm-team, category: BEHAVIOUR, ttl: 6h, version: 1}
facts:
  recent: {label: Orders of 30 days, record: order, measure: count, window: 30d}
scores:
  wave: {label: Wave, quantile_of: recent}
tags:
  active:
    label: Active
    description: Whether he buys.
    words: In the last fifth.
    purposes: [WAVE]
    type: boolean
    expression: recent > 0 && wave == 5
"""
FACTS = """query ($id: ID!, $names: [String!]!) { customer(by: {id: $id}) { facts(names: $names) {
    name label value window { since until } sources asOf partial changesAt missing } } }"""


def line(category: str, quantity: int) -> r.OrderItem:
    return r.OrderItem(category=category, quantity=quantity)


def order(number: int, day: int, *items: r.OrderItem) -> r.Order:
    return r.Order(id=f"o{number}", customer_id="c1", placed_at=shop.at(day), items=list(items))


ONE = [order(1, 1, line("books", 1), line("books", 2)), order(2, 3, line("toys", 9))]
OTHER = [order(3, 7, line("art", 1), line("art", 4)), order(4, 9, line("books", 5), line("art", 1))]
TICKETS = {
    "ana@example.com": [r.Ticket(id="t1", created_at=shop.at(2), satisfaction=5), r.Ticket(id="t2", created_at=shop.at(3))],
    "ana.work@example.org": [r.Ticket(id=f"t{n}", created_at=shop.at(n), satisfaction=2) for n in (4, 5)],
}


def orders_of(name: str, orders: Sequence[r.Order], **words: Any) -> MemoryConnector:
    return MemoryConnector(name, {(r.Order, KeyKind.CUSTOMER_ID): {"c1": list(orders), "c2": ONE[:1]}}, **words)


@asynccontextmanager
async def asking(folder: Path, *sources: MemoryConnector, **words: Any) -> AsyncIterator[Gateway]:
    path = folder / "tags.yaml"
    path.write_text(FILE, encoding="utf-8")
    async with gateway_on([shop.crm(), *sources], with_clock=ShopClock(), tags={"file": str(path)}, **words) as gateway:
        yield gateway


async def facts_of(gateway: Gateway, *names: str, customer: str = "c1") -> dict[str, dict[str, Any]]:
    data = await gateway.data(FACTS, {"id": customer, "names": names})
    return {fact["name"]: fact for fact in data["customer"]["facts"]}


def told(facts: dict[str, dict[str, Any]]) -> dict[str, tuple[Any, bool]]:
    return {name: (fact["value"], fact["partial"]) for name, fact in facts.items()}


async def test_what_a_source_measures_is_measured_there_in_one_question(tmp_path: Path) -> None:
    """Averages, most frequent values and windows read no records; what needs records costs one more question, of those."""
    orders = orders_of("orders", [*ONE, *OTHER])
    async with asking(tmp_path, orders) as gateway:
        pushed = await facts_of(gateway, "pieces", "favourite", "recent", "this_month", "rhythm")
        assert [len(orders.calls), measured(orders)] == [1, 1]
        both = await facts_of(gateway, "pieces", "spread", "heaviest", "books", "beginning")
        assert [len(orders.calls), measured(orders)] == [3, 2]
    quantities = [item.quantity for own in (*ONE, *OTHER) for item in own.items]
    assert told(pushed) == {
        "pieces": (pytest.approx(mean(quantities)), False),
        "favourite": ("art", False),
        "recent": (4, False),
        "this_month": (4, False),
        "rhythm": (pytest.approx(8 / 3), False),
    }
    assert told(both) == {
        "pieces": (pytest.approx(mean(quantities)), False),
        "spread": (pytest.approx(stdev(quantities)), False),
        "heaviest": ("toys", False),
        "books": (8, False),
        "beginning": (2, False),
    }


@pytest.mark.parametrize("measures", [True, False])
async def test_two_sources_give_what_one_with_all_records_gives(tmp_path: Path, measures: bool) -> None:
    """Measured there or over records that were read, no fact is of the first source alone, and none is partial."""
    names = ("pieces", "favourite", "heaviest", "spread", "books", "beginning", "recent", "rhythm")
    async with asking(tmp_path, orders_of("shop", [*ONE, *OTHER], measures=measures)) as gateway:
        whole = await facts_of(gateway, *names)
    sources = [orders_of("shop", ONE, measures=measures), orders_of("till", OTHER, measures=measures)]
    async with asking(tmp_path, *sources) as gateway:
        split = await facts_of(gateway, *names)
    assert all(fact["sources"] == ["shop", "till"] for fact in split.values())
    assert told(split) == told(whole)
    assert not any(fact["partial"] for fact in split.values())


async def test_an_average_over_several_addresses_is_measured_at_the_source(tmp_path: Path) -> None:
    """The ratings of both addresses count, each once, and no ticket is read."""
    support = MemoryConnector("support", {(r.Ticket, KeyKind.EMAIL): dict(TICKETS)})
    async with asking(tmp_path, support) as gateway:
        rating = await facts_of(gateway, "rating")
    assert told(rating) == {"rating": (3.0, False)}
    assert [len(support.calls), measured(support)] == [1, 1]


async def test_more_records_than_are_read_leave_the_measured_facts_whole(tmp_path: Path) -> None:
    """Of 1,200 orders the newest thousand are read, so a spread is partial; an average of the same orders is not."""
    many = [order(n, 1, line("books", n % 7)) for n in range(1_200)]
    async with asking(tmp_path, orders_of("orders", many)) as gateway:
        facts = await facts_of(gateway, "pieces", "spread")
    assert told(facts)["pieces"] == (pytest.approx(mean(n % 7 for n in range(1_200))), False)
    assert facts["spread"]["partial"]


async def test_sessions_are_those_of_each_device(tmp_path: Path) -> None:
    """Events of several keys are put together, then cut where nothing happens for half an hour."""
    begin = shop.at(4)
    by_device = {
        device: [r.Event(id=f"{device}{at}", at=begin + timedelta(minutes=at), type="view", device_id=device) for at in minutes]
        for device, minutes in (("d1", (0, 20, 80)), ("d2", (10,)))
    }
    async with asking(tmp_path, MemoryConnector("web", {(r.Event, KeyKind.DEVICE_ID): by_device})) as gateway:
        assert told(await facts_of(gateway, "visits")) == {"visits": (3, False)}


async def test_facts_come_with_their_evidence(tmp_path: Path) -> None:
    """As they are asked for, each with its window, sources, and when time alone changes it next."""
    async with asking(tmp_path, orders_of("orders", [*ONE, *OTHER])) as gateway:
        data = await gateway.data(FACTS, {"id": "c1", "names": ["this_month", "recent", "recent", "rating"]})
    month, recent, rating = data["customer"]["facts"]
    since = JUNE_ENDS - timedelta(days=30)
    assert recent | {"asOf": ""} == {
        "name": "recent",
        "label": "Orders of 30 days",
        "value": 4,
        "window": {"since": since.isoformat().replace("+00:00", "Z"), "until": "2026-06-30T12:00:00Z"},
        "sources": ["orders"],
        "asOf": "",
        "partial": False,
        "changesAt": "2026-07-01T12:00:00.000001Z",
        "missing": None,
    }
    assert (month["window"]["since"], month["changesAt"]) == ("2026-06-01T03:00:00Z", "2026-07-01T03:00:00Z")
    assert (rating["value"], rating["missing"], rating["partial"]) == (None, "NOT_CONFIGURED", True)


async def test_many_customers_are_one_question(tmp_path: Path) -> None:
    """The same facts of several customers are asked for together."""
    orders = orders_of("orders", [*ONE, *OTHER])
    query = '{ customers(ids: ["c1", "c2", "c1"]) { facts(names: ["pieces"]) { value } } }'
    async with asking(tmp_path, orders) as gateway:
        data = await gateway.data(query)
    values = [customer["facts"][0]["value"] for customer in data["customers"]]
    assert values == [pytest.approx(23 / 7), 1.5, pytest.approx(23 / 7)]
    assert measured(orders) == 1


@pytest.mark.parametrize("is_hidden", [False, True])
async def test_the_name_of_a_score_says_where_it_stands(tmp_path: Path, is_hidden: bool) -> None:
    """A caller who is given no tag that reads it is told no more than of any other name."""
    path = tmp_path / "tags.yaml"
    path.write_text(SCORED.replace("[WAVE]", "[secret]" if is_hidden else "[]").replace("purposes: []", ""), encoding="utf-8")
    words: dict[str, Any] = {"tags": {"file": str(path)}}
    if is_hidden:
        words |= {"purposes": {"secret": {"basis": "contract"}}, "callers": {"one": {}}, "access": {"anonymous": "one"}}
    async with gateway_on([shop.crm(), orders_of("orders", ONE)], with_clock=ShopClock(), **words) as gateway:
        answer = await gateway.ask('{ customer(by: {id: "c1"}) { facts(names: ["wave"]) { value } } }')
    (error,) = answer["errors"]
    assert error["message"] == (
        "names: no fact is called wave; tagDefinitions lists those of each tag"
        if is_hidden
        else 'names: wave is a score, which stands in the evidence of tags; ask for tag(key: "active") { evidence }'
    )


async def test_a_name_that_is_none_is_an_error_of_its_field(tmp_path: Path) -> None:
    """The rest of the customer is given; no names give no facts, and ask nobody."""
    orders = orders_of("orders", ONE)
    async with asking(tmp_path, orders) as gateway:
        answer = await gateway.ask('{ customer(by: {id: "c1"}) { id facts(names: ["recent", "resent"]) { value } } }')
        assert await facts_of(gateway) == {}
    (error,) = answer["errors"]
    assert (error["message"], error["extensions"]["code"], error["path"]) == (
        "names: no fact is called resent; tagDefinitions lists those of each tag",
        "INVALID_ARGUMENT",
        ["customer", "facts"],
    )
    assert answer["data"]["customer"] == {"id": "crm:c1", "facts": None}
    assert orders.calls == []


class Plain(MemoryConnector):
    """Measures what connectors did before averages had parts."""

    def aggregates(self) -> list[Aggregate]:
        return [msgspec.structs.replace(own, ops=PLAIN_OPS) for own in super().aggregates()]


async def test_a_source_without_the_new_operations_measures_what_it_did(tmp_path: Path) -> None:
    """Alone it measures averages and the most frequent value itself; beside another source its records are read, and exact."""
    alone = Plain("shop", {(r.Order, KeyKind.CUSTOMER_ID): {"c1": [*ONE, *OTHER]}})
    async with asking(tmp_path, alone) as gateway:
        whole = told(await facts_of(gateway, "pieces", "favourite", "recent"))
    assert [len(alone.calls), measured(alone)] == [1, 1]
    assert whole == {"pieces": (pytest.approx(23 / 7), False), "favourite": ("art", False), "recent": (4, False)}
    sources = [Plain("shop", {(r.Order, KeyKind.CUSTOMER_ID): {"c1": ONE}}), orders_of("till", OTHER)]
    async with asking(tmp_path, *sources) as gateway:
        assert told(await facts_of(gateway, "pieces", "favourite", "recent")) == whole
    assert [measured(source) for source in sources] == [0, 1]


async def test_an_average_of_several_currencies_is_no_sum_of_averages(tmp_path: Path) -> None:
    """Where a source measures averages of each currency alone, its records are read: 10 and 60 euros and 30 reals are 25."""
    amounts = [("10", "EUR"), ("60", "EUR"), ("30", "BRL")]
    orders = [
        r.Order(id=f"o{n}", placed_at=shop.at(1), total=r.Money(amount=Decimal(amount), currency=currency))
        for n, (amount, currency) in enumerate(amounts)
    ]
    for kind in (Plain, MemoryConnector):
        source = kind("shop", {(r.Order, KeyKind.CUSTOMER_ID): {"c1": orders}})
        async with asking(tmp_path, source) as gateway:
            assert told(await facts_of(gateway, "value")) == {"value": (25.0, False)}
        assert measured(source) == (0 if kind is Plain else 1)


async def test_facts_are_priced_with_the_records_that_some_of_them_read(tmp_path: Path) -> None:
    """The customer, what is measured, and what is read beside it: the price is never less than the calls."""
    orders = orders_of("orders", [*ONE, *OTHER])
    async with asking(tmp_path, orders) as gateway:
        answer = await gateway.ask(FACTS, {"id": "c1", "names": ["pieces", "spread"]}, **{"x-cost": "1"})
    cost = answer["extensions"]["cost"]
    assert len(orders.calls) == 2
    assert cost["estimate"]["calls"] == cost["actual"]["calls"] == 3
    assert cost["estimate"]["nodes"] >= 26


class Countless(MemoryConnector):
    """Measures everything but the earliest time of records."""

    def aggregates(self) -> list[Aggregate]:
        return [msgspec.structs.replace(own, ops=SOURCE_OPS - {MeasureOp.MIN}) for own in super().aggregates()]


async def test_nobody_says_that_a_fact_never_changes_who_cannot_know(tmp_path: Path) -> None:
    """Where a source cannot tell when records leave a window, the fact may change at once; one without a window does not."""
    source = Countless("shop", {(r.Order, KeyKind.CUSTOMER_ID): {"c1": [*ONE, *OTHER]}})
    async with asking(tmp_path, source) as gateway:
        facts = await facts_of(gateway, "recent", "this_month", "favourite")
    assert [len(source.calls), measured(source)] == [1, 1]
    soon = rfc3339(JUNE_ENDS + timedelta(minutes=1))
    assert {name: fact["changesAt"] for name, fact in facts.items()} == {"recent": soon, "this_month": soon, "favourite": None}


RECENT = """
defaults: {owner: crm-team, category: BEHAVIOUR, ttl: 6h, version: 1}
facts:
  recent: {label: Orders of 30 days, record: order, measure: count, window: 30d}
  orders: {label: Orders, record: order, measure: count}
tags:
  active: {label: Active, description: Whether he buys., words: With an order., type: boolean, expression: recent > 0}
  buyer: {label: Buyer, description: Whether he bought., words: With an order., type: boolean, expression: orders > 0}
segments:
  buyers: {label: Buyers, description: Who buys., words: With an order., condition: buyer && recent > 0}
"""


@pytest.mark.parametrize("key", ["active", "segment:buyers"])
@pytest.mark.parametrize("kind", [MemoryConnector, Countless])
async def test_a_tag_over_such_a_fact_is_looked_at_again(tmp_path: Path, kind: type[MemoryConnector], key: str) -> None:
    """When its time to live is over, and not never; so is a segment that reads the fact itself.

    Where the source tells the time, at that of the first order that leaves.
    """
    path = tmp_path / "tags.yaml"
    path.write_text(RECENT, encoding="utf-8")
    clock = HandClock()
    recent = [msgspec.structs.replace(own, placed_at=clock.now() - timedelta(days=9)) for own in ONE]
    sources = [shop.crm(), kind("shop", {(r.Order, KeyKind.CUSTOMER_ID): {"c1": recent}})]
    async with services_on(sources, clock=clock, tags={"file": str(path)}) as services:
        pack = services.tags.pack
        (customer,) = await stitched(services, "c1")
        tag = (await compute(pack, clock, services.tags.counts, [(customer, key)]))["c1", key]
    assert tag.changes_at is not None
    due = tag.changes_at - clock.now()
    assert due == timedelta(hours=6) if kind is Countless else timedelta(days=21) <= due <= timedelta(days=21, minutes=2)
