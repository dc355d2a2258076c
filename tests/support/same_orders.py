"""Orders that three systems know, drawn by chance, and what they come to: joined pair by pair, as slowly as it is plain."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from connectors import records as r
from tests.support.shop import at

RANKED = ["shop", "payments", "erp"]
SETTINGS: dict[str, Any] = {"order": {"priority": RANKED, "same_numbers": ["shop", "erp"]}}
IDS_OF = {"payments": "shop"}
NUMBERED = ("shop", "erp")
MONEY = ("total", "refunded", "discount", "shipping", "tax")
Owned = tuple[str, r.Order]
Name = tuple[str, str]


def draw_orders(random: Random, count: int, *, stated: bool) -> dict[str, list[r.Order]]:
    """Draw orders of a customer, by source; `pos` has others. Where all are `stated`, each record names its shop's order."""
    drawn: dict[str, list[r.Order]] = {name: [] for name in (*RANKED, "pos")}
    for number in range(count):
        shop_id, said = f"s{number}", random.choice(("id", "number")) if not stated else "id"
        sources = [name for name in RANKED if random.random() < 0.7] or ["erp"]
        links = {
            "shop": {"id": shop_id, "number": f" N{number}"},
            "payments": {"id": shop_id},
            "erp": {"id": f"e{number}"}
            | (
                {"number": f"N{number}"}
                if said == "number"
                else {"external_ids": [r.ExternalOrderId(source="shop", id=shop_id)]}
            ),
        }
        for name in sources:
            drawn[name].append(_order(random, **links[name]))
        if "erp" in sources and random.random() < 0.2:  # a second delivery of the same order
            drawn["erp"].append(_order(random, **links["erp"] | {"id": f"f{number}"}))
        if random.random() < 0.2:
            drawn["pos"].append(_order(random, id=shop_id))
    return drawn


def _order(random: Random, **words: Any) -> r.Order:
    amounts = {name: _money(random) for name in MONEY if random.random() < 0.6}
    channel = random.choice((None, "", "web", "store"))
    return r.Order(
        placed_at=at(random.randint(1, 9)) + timedelta(hours=random.randint(0, 2)),
        status=random.choice(list(r.OrderStatus)),
        channel=channel,
        **amounts,
        **words,
    )


def _money(random: Random) -> r.Money:
    return r.Money(amount=Decimal(random.randint(1, 500)) / 4, currency=random.choice(("EUR", "BRL")))


def expected_orders(drawn: dict[str, list[r.Order]], down: Collection[str]) -> list[Owned]:
    """Join the records of the sources that are up."""
    records = [(name, order) for name in RANKED if name not in down for order in drawn[name]]
    joined = [own for group in _connected(records) for own in _orders_of(group, down)]
    return joined + [("pos", order) for order in drawn["pos"] if "pos" not in down]


def is_doubtful(drawn: dict[str, list[r.Order]], down: Collection[str]) -> bool:
    """Tell whether a number that a source has given twice joins its orders with those of another."""
    records = [(name, order) for name in RANKED if name not in down for order in drawn[name]]
    for group in _connected(records):
        numbers = [(source, order.number.strip()) for source, order in group if source in NUMBERED and order.number]
        if len(set(numbers)) < len(numbers) and len({source for source, _ in group}) > 1:
            return True
    return False


def _connected(records: Sequence[Owned]) -> Iterator[list[Owned]]:
    left = [*records]
    while left:
        group = [left.pop(0)]
        for own in group:  # it grows while it is walked
            near = [other for other in left if names_of(own) & names_of(other)]
            group += near
            left = [other for other in left if other not in near]
        yield group


def names_of(own: Owned) -> set[Any]:
    """List by what an order is known."""
    source, order = own
    numbers = {order.number.strip()} if source in NUMBERED and order.number else set()
    return {*ids_of(own), *numbers}


def ids_of(own: Owned) -> set[Name]:
    source, order = own
    return {(source, order.id), (IDS_OF.get(source, source), order.id), *((one.source, one.id) for one in order.external_ids)}


def _orders_of(group: Sequence[Owned], down: Collection[str]) -> list[Owned]:
    group = sorted(group, key=lambda own: (RANKED.index(own[0]), own[1].id))
    tops = [own for own in group if own[0] == group[0][0]]
    if len(tops) > 1:
        return tops
    source, order = group[0]
    ids = {name for own in group for name in ids_of(own)}
    lost = [(name, id_) for name, id_ in ids if name in down and RANKED.index(name) < RANKED.index(source)]
    shown = lost[0] if len(lost) == 1 else (source, order.id)
    orders = [own for _, own in group]
    values = {name: _first([getattr(own, name) for own in orders]) for name in ("channel", "number")}
    status = _first([None if own.status == "UNKNOWN" else own.status for own in orders]) or r.OrderStatus.UNKNOWN
    payer = next((own for own in orders if own.total), None) or next((own for own in orders if _any_amount(own)), order)
    amounts = {name: getattr(payer, name) for name in MONEY}
    return [(shown[0], msgspec.structs.replace(order, id=shown[1], status=status, external_ids=[], **values, **amounts))]


def _first(values: Sequence[Any]) -> Any:
    return next((value for value in values if value), values[0])


def _any_amount(order: r.Order) -> bool:
    return any(getattr(order, name) for name in MONEY)


def place(own: Owned) -> tuple[datetime, str, str]:
    """Give what orders are sorted by."""
    return own[1].placed_at, own[0], own[1].id
