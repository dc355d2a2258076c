"""Which records are one order, whose values it has, and what its id is. Each rule by itself."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.record_fields import Fields, all_fields
from connectors.testing import MemoryConnector
from gateway.app import create_services
from gateway.settings import parse_settings
from gateway.stitching.order_join import JoinedOrders, join_orders
from tests.support.gateway_server import settings_for
from tests.support.shop import at

Own = tuple[str, r.Order]


def order(source: str, own_id: str, *stated: str, day: int = 1, **words: Any) -> Own:
    ids = [r.ExternalOrderId(source=source, id=own_id) for source, _, own_id in (name.partition(":") for name in stated)]
    return source, r.Order(id=own_id, placed_at=at(day), external_ids=ids, **words)


def money(amount: int) -> r.Money:
    return r.Money(amount=Decimal(amount), currency="EUR")


def join(*owned: Own, unknown: Collection[str] = (), fields: Fields | None = None, others: Sequence[str] = ()) -> JoinedOrders:
    """Join with the priority shop, payments, erp: payments have the shop's ids, shop and erp the same numbers."""
    names = ("shop", "payments", "erp")
    connectors = [MemoryConnector(name, {(r.Order, KeyKind.CUSTOMER_ID): {}}) for name in (*names, *others)]
    given = settings_for(connectors).model_dump(exclude_unset=True)
    given["sources"]["payments"]["order_ids_of"] = "shop"
    given["order"] = {"priority": list(names), "same_numbers": ["shop", "erp"]}
    sources = create_services(parse_settings(given), connectors=connectors).router.orders
    return join_orders([(own, source) for source, own in owned], sources, fields or all_fields(r.Order), unknown)


def ids(joined: JoinedOrders) -> list[str]:
    return sorted(f"{source}:{own.id}" for own, source in joined.owned)


ONE: dict[str, Sequence[Own]] = {
    "a stated id": [order("shop", "1"), order("erp", "9", "shop:1")],
    "an id stated by the first": [order("shop", "1", "erp:9"), order("erp", "9")],
    "ids of another source": [order("shop", "1"), order("payments", "1")],
    "a stated id with spaces": [order("shop", "1"), order("erp", "9", "shop: 1 ")],
    "an id stated in other letters": [order("shop", "1"), order("erp", "9", "SHOP:1")],
    "an id at a third system": [order("shop", "1", "market:A"), order("erp", "9", "market:A")],
    "a number": [order("shop", "1", number="N1"), order("erp", "9", number=" N1 ")],
    "a chain": [order("shop", "1", number="N1"), order("erp", "9", "payments:5", number="N1"), order("payments", "5")],
    "deliveries of one order": [order("shop", "1"), order("erp", "8", "shop:1"), order("erp", "9", "shop:1")],
}


@pytest.mark.parametrize("records", ONE.values(), ids=ONE.keys())
def test_records_that_name_one_order_are_one(records: Sequence[Own]):
    """In whatever order they come."""
    for own in permutations(records):
        joined = join(*own)
        assert (ids(joined), joined.is_doubtful) == (["shop:1"], False)


APART: dict[str, Sequence[Own]] = {
    "the same own id": [order("shop", "1"), order("erp", "1")],
    "numbers of a source that has others": [order("shop", "1", number="1"), order("payments", "2", number="1")],
    "no number": [order("shop", "1", number=""), order("erp", "2", number=" ")],
    "an empty stated id": [order("shop", "1", "market:"), order("erp", "2", "market: ")],
    "a stated placeholder": [order("shop", "1", "market:n/a"), order("erp", "2", "market:N/A")],
    "a stated 0": [order("shop", "1", "market:0"), order("erp", "2", "market:0")],
    "a placeholder number": [order("shop", "1", number="n/a"), order("erp", "2", number="n/a")],
    "two of one source": [order("shop", "1", "market:A"), order("shop", "2", "market:A")],
}


@pytest.mark.parametrize("records", APART.values(), ids=APART.keys())
def test_what_does_not_name_one_order_stays_apart(records: Sequence[Own]):
    """Each record is an order then."""
    assert ids(join(*records)) == sorted(f"{source}:{own.id}" for source, own in records)


def test_names_of_sources_that_differ_by_case_alone_are_two():
    """What is stated of the one is not of the other; an id of the same order is under the name of its source."""
    shop, erp = order("shop", "1"), order("erp", "9", "Shop:1")
    assert ids(join(shop, erp, others=["Shop"])) == ["erp:9", "shop:1"]
    ((own, _),) = join(shop, order("erp", "9", "Payments:5", "shop:1")).owned
    assert [(other.source, other.id) for other in own.external_ids] == [("erp", "9"), ("payments", "5")]


def test_an_invoice_for_two_orders_is_neither():
    """The first source says how many there are, and the amount of both is no amount of one."""
    joined = join(
        order("shop", "1", total=money(3)),
        order("shop", "2"),
        order("erp", "9", "shop:1", "shop:2", total=money(8), channel="x"),
    )
    assert ids(joined) == ["shop:1", "shop:2"]
    assert [(own.total, own.channel) for own, _ in sorted(joined.owned, key=lambda own: own[0].id)] == [
        (money(3), None),
        (None, None),
    ]
    assert not joined.is_doubtful


def test_a_number_that_a_source_gives_twice_is_in_doubt():
    """The second one may be another order: it is not counted, and that is said."""
    joined = join(order("shop", "1", number="N"), order("erp", "8", number="N"), order("erp", "9", number="N"))
    assert (ids(joined), joined.is_doubtful) == (["shop:1"], True)


def test_a_field_is_of_the_first_that_has_it_and_amounts_are_of_one():
    """Empty never wins; what one record says was refunded is not taken off another one's total."""
    shop = order("shop", "1", channel=" ", total=money(10), items=[], day=2)
    paid = order("payments", "1", channel="web", total=money(11), refunded=money(4), status=r.OrderStatus.CONFIRMED)
    erp = order("erp", "9", "shop:1", number="N", status=r.OrderStatus.SHIPPED, items=[r.OrderItem(sku="s")], tax=money(1))
    ((own, source),) = join(erp, paid, shop).owned
    assert (source, own.id, own.placed_at, own.channel, own.number) == ("shop", "1", at(2), "web", "N")
    assert (own.status, own.items) == (r.OrderStatus.CONFIRMED, [r.OrderItem(sku="s")])
    assert (own.total, own.refunded, own.tax) == (money(10), None, None)
    assert [(other.source, other.id) for other in own.external_ids] == [("payments", "1"), ("erp", "9")]


def test_amounts_are_of_the_first_with_a_total():
    """A record without one says too little; where none has one, the first with any amount counts."""
    refunds, paid = order("shop", "1", refunded=money(2)), order("payments", "1", total=money(10), refunded=money(3))
    ((own, _),) = join(refunds, paid).owned
    assert (own.total, own.refunded) == (money(10), money(3))
    ((own, _),) = join(order("shop", "1"), order("payments", "1", tax=money(1))).owned
    assert (own.total, own.tax) == (None, money(1))


UNKNOWN: dict[str, tuple[Sequence[Own], Collection[str], list[str]]] = {
    "stated": ([order("erp", "9", "shop:1")], ["shop"], ["shop:1"]),
    "of the same ids": ([order("payments", "1"), order("erp", "9", "shop:1")], ["shop"], ["shop:1"]),
    "known, and without it": ([order("erp", "9", "shop:1")], [], ["erp:9"]),
    "of two": ([order("erp", "9", "shop:1", "shop:2")], ["shop"], ["erp:9"]),
    "of deliveries": ([order("erp", "8", "shop:1"), order("erp", "9", "shop:1")], ["shop"], ["erp:8", "erp:9"]),
    "of a source that comes later": ([order("shop", "1", "erp:9")], ["erp"], ["shop:1"]),
}


@pytest.mark.parametrize(("records", "unknown", "shown"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_order_keeps_the_id_that_is_stated_while_its_source_is_not_known(
    records: Sequence[Own], unknown: Collection[str], shown: list[str]
):
    """Only where exactly one is stated, and only while that source cannot say itself that it has no such order."""
    assert ids(join(*records, unknown=unknown)) == shown
