"""Any source gives the same page, whatever part of an ask it applies itself: the gateway does the rest."""

import asyncio
from datetime import datetime
from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import records as r
from connectors.contract import (
    Ask,
    Condition,
    KeyKind,
    Position,
    Push,
)
from connectors.record_fields import Fields, all_fields, narrow
from connectors.testing import MemoryConnector
from connectors.toolkit import evaluation
from gateway.clock import Clock
from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Found
from gateway.lookups.post_filter import PostFilter
from gateway.lookups.source_call import SourceCaller
from tests.support import shop

STATUSES = [r.OrderStatus.PENDING, r.OrderStatus.SHIPPED, r.OrderStatus.UNKNOWN]
TIMES = [shop.at(day) for day in range(1, 6)]
ITEMS = st.lists(st.sampled_from(["books", "toys", None]), max_size=2).map(
    lambda categories: [r.OrderItem(sku="s", category=category) for category in categories]
)
ORDERS = st.lists(
    st.builds(
        r.Order,
        id=st.sampled_from("abcdefgh"),
        placed_at=st.sampled_from(TIMES),
        status=st.sampled_from(STATUSES),
        items=ITEMS,
        total=st.none() | st.builds(r.Money, amount=st.just(Decimal("1.50")), currency=st.sampled_from(["EUR", "BRL"])),
    ),
    max_size=8,
    unique_by=lambda order: order.id,
)
CUSTOMERS = st.lists(st.builds(r.Customer, id=st.sampled_from("abcdefgh")), max_size=8, unique_by=lambda one: one.id)
VALUES = {
    "status": ["PENDING", "SHIPPED", "UNKNOWN", "nothing"],
    "items.category": ["books", "toys", "nothing"],
    "total.currency": ["EUR", "BRL"],
}
CONDITIONS = st.sampled_from(sorted(VALUES)).flatmap(
    lambda field: st.builds(
        Condition,
        field=st.just(field),
        values=st.lists(st.sampled_from(VALUES[field]), min_size=1, max_size=2, unique=True).map(tuple),
        negated=st.booleans(),
    )
)
FIRST = st.none() | st.integers(1, 9)
ASKS = st.builds(
    Ask,
    fields=st.sampled_from(
        [Fields.from_paths("id"), Fields.from_paths("delivered_at"), Fields.from_paths("items.sku"), all_fields(r.Order)]
    ),
    first=FIRST,
    after=st.none() | st.builds(Position, time=st.sampled_from(TIMES), id=st.sampled_from("abcdefgh")),
    since=st.none() | st.sampled_from(TIMES),
    until=st.none() | st.sampled_from(TIMES),
    where=st.lists(CONDITIONS, max_size=2).map(tuple),
    oldest_first=st.booleans(),
    count=st.booleans(),
)
CUSTOMER_ASKS = st.builds(
    Ask,
    fields=st.sampled_from([Fields.from_paths("id"), Fields.from_paths("name")]),
    first=FIRST,
    after=st.none() | st.builds(Position, time=st.just(None), id=st.sampled_from("abcdefgh")),
    count=st.booleans(),
)
PUSHES = st.sets(st.sampled_from(list(Push)))


def page_of(record: type[r.Record], records: list[r.Record], asked: Ask, pushdown: set[Push]) -> Found:
    """What the gateway makes of a source that applies just these parts of the ask."""
    connector = MemoryConnector("memory", {(record, KeyKind.CUSTOMER_ID): {"k": records}}, pushdown=pushdown)
    (lookup,) = connector.lookups()
    clock = Clock()
    (found,) = asyncio.run(
        SourceCaller("memory", clock).fetch(lookup, ["k"], PostFilter(asked, lookup), Deadline.within(clock, 60))
    )
    assert isinstance(found, Found)
    return found


def check_page(record: type[r.Record], records: list[r.Record], asked: Ask, pushdown: set[Push]) -> None:
    matching = evaluation.sort_records(evaluation.filter_records(records, asked), oldest_first=asked.oldest_first)
    rest = evaluation.records_after(matching, asked.after, oldest_first=asked.oldest_first) if asked.after else matching
    found = page_of(record, records, asked, pushdown)
    selected = narrow(record, asked.fields)
    assert [msgspec.convert(one, selected, from_attributes=True) for one in found.records] == [
        msgspec.convert(one, selected, from_attributes=True) for one in rest[: asked.first]
    ]
    assert found.has_more == (asked.first is not None and len(rest) > asked.first)
    if asked.count:
        assert found.total == len(matching)


@given(ORDERS, ASKS, PUSHES)
@settings(max_examples=300, deadline=None)
def test_every_source_answers_alike_whatever_it_applies_itself(records, asked, pushdown):
    """Filter, window, order, cursor, cut and count give the same page for any subset of what can be pushed down."""
    check_page(r.Order, records, asked, pushdown)


@given(CUSTOMERS, CUSTOMER_ASKS, PUSHES)
@settings(max_examples=100, deadline=None)
def test_records_without_a_time_come_by_id_whatever_the_source_applies(records, asked, pushdown):
    """As customers do in a search."""
    check_page(r.Customer, records, asked, pushdown)


@given(ORDERS, ASKS, PUSHES)
@settings(max_examples=100, deadline=None)
def test_pages_follow_each_other_without_gap_or_repeat(records, asked, pushdown):
    """From cursor to cursor, each record once, whatever the source applies."""
    asked = msgspec.structs.replace(asked, fields=Fields.from_paths("id", "placed_at"), first=asked.first or 2, after=None)
    matching = evaluation.sort_records(evaluation.filter_records(records, asked), oldest_first=asked.oldest_first)
    seen: list[tuple[datetime, str]] = []
    more = True
    while more:
        page = page_of(r.Order, records, asked, pushdown)
        seen += [(one.placed_at, one.id) for one in page.records]
        more = page.has_more
        if more:
            asked = msgspec.structs.replace(asked, after=Position(*seen[-1]))
    assert seen == [(one.placed_at, one.id) for one in matching]
