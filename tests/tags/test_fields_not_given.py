"""Facts over fields that no source gives: they are unknown, and not 0; or known in part, where another source gives them."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Connector, KeyKind
from connectors.graphql import GraphQLConnector, GraphQLSettings
from connectors.records import Customer, Money, Order, OrderItem
from connectors.sql import SqlConnector, SqlSettings
from connectors.testing import MemoryConnector
from gateway.app import create_services
from gateway.explain import explained
from gateway.tags.explained_tag import ExplainedTag
from tests.support import shop
from tests.support.gateway_server import settings_for
from tests.support.literal_sources import people, query_of
from tests.support.sql_shop import sqlite_url

PACK = """\
defaults: {{owner: shop, category: VALUE, ttl: 6h, version: 1}}
facts:
  n: {{label: Orders, record: order, measure: count}}
  own: {{label: Own, record: {record}, {measure}}}
tags:
  size: {{label: Size, description: A., words: W., expression: "n > 0 ? 'SOME' : 'NONE'"}}
  tag: {{label: Tag, description: A., words: W., expression: "{expression}"}}
"""
ROW = {"id": "1", "customer_id": "c1", "placed_at": "2024-05-01T10:00:00Z"}
PRICED = {**ROW, "id": "2", "total_amount": "5", "total_currency": "EUR"}
NUMBER, NONE, ANY = "own > 1.0 ? 'HIGH' : 'LOW'", "own > 0 ? 'SOME' : 'NONE'", "own == null ? 'NULL' : 'SOME'"

MEASURES = [
    ("measure: sum, field: total, currency: EUR", NUMBER, "order.total"),
    ("measure: sum, field: total, currency: EUR, rates: {BRL: 6}", NUMBER, "order.total"),
    ("measure: sum, field: items.quantity", NONE, "order.items.quantity"),
    ("measure: average, field: payments.installments", ANY, "order.payments.installments"),
    ("measure: min, field: items.quantity", ANY, "order.items.quantity"),
    ("measure: max, field: items.quantity", ANY, "order.items.quantity"),
    ("measure: first, field: delivered_at, as: days_ago", ANY, "order.delivered_at"),
    ("measure: last, field: delivered_at", ANY, "order.delivered_at"),
    ("measure: top, field: items.category", ANY, "order.items.category"),
    ("measure: latest, field: channel", ANY, "order.channel"),
    ("measure: count, where: {status: [DELIVERED]}", NONE, "order.status"),
]


def source(folder: Path, name: str, *rows: Mapping[str, str | None]) -> SqlConnector:
    records: dict[str, Any] = {"order": {"query": query_of(rows), "keys": {"customer_id": "customer_id"}}}
    if name == "shop":
        records |= people("c1")
    return SqlConnector(name, SqlSettings.model_validate({"url": sqlite_url(folder), "records": records}))


async def explain(
    folder: Path, measure: str, expression: str, *sources: Connector[Any], record: str = "order"
) -> dict[str, ExplainedTag]:
    (folder / "tags.yaml").write_text(PACK.format(record=record, measure=measure, expression=expression), "utf-8")
    settings = settings_for(list(sources), tags={"file": str(folder / "tags.yaml")}, **shop.PINNED)
    found = await explained(create_services(settings, connectors=list(sources)), "c1")
    assert found is not None
    return {entry.answer.definition.key: entry for entry in found.tags}


@pytest.mark.parametrize(("measure", "expression", "needed"), MEASURES)
async def test_a_measure_of_what_no_source_gives_is_unknown(tmp_path: Path, measure: str, expression: str, needed: str) -> None:
    """Whatever is measured at the database. Other facts of the same records are known."""
    found = await explain(tmp_path, measure, expression, source(tmp_path, "shop", ROW))
    tag = found["tag"].answer.tag
    (fact,) = tag.evidence
    assert (tag.value, tag.reason, tag.partial) == (None, "UNKNOWN", True)
    assert (fact.value, fact.missing, fact.partial) == (None, "NOT_GIVEN", True)
    assert found["tag"].notes == [
        "Not given: the rule needs a fact that no source gives",
        f"Partial: Own: no source gives {needed}",
    ]
    assert (found["size"].answer.tag.value, found["size"].answer.tag.partial) == ("SOME", False)


async def test_a_field_that_is_only_empty_is_given(tmp_path: Path) -> None:
    """The column is there: nothing was sold for money, which is 0."""
    empty = {**ROW, "total_amount": None, "total_currency": None}
    found = await explain(tmp_path, MEASURES[0][0], NUMBER, source(tmp_path, "shop", empty))
    tag = found["tag"].answer.tag
    assert (tag.value, tag.reason, tag.partial, tag.evidence[0].value) == ("LOW", "RULE", False, 0.0)


@pytest.mark.parametrize(
    ("measure", "value", "needed"),
    [
        ("measure: sum, field: total, currency: EUR", 5.0, "order.total"),
        ("measure: count, where: {status: [DELIVERED]}", 1, "order.status"),
        ("measure: count, except: {status: [DELIVERED]}", 1, "order.status"),
    ],
)
async def test_what_one_of_two_sources_gives_is_known_in_part(tmp_path: Path, measure: str, value: float, needed: str) -> None:
    """Its value counts, and the tag says that something is left out."""
    delivered = {**PRICED, "status": "DELIVERED"}
    sources = source(tmp_path, "shop", ROW), source(tmp_path, "till", delivered)
    found = await explain(tmp_path, measure, "double(own) > 0.0 ? 'SOME' : 'NONE'", *sources)
    tag = found["tag"].answer.tag
    (fact,) = tag.evidence
    assert (tag.value, tag.reason, tag.partial) == ("SOME", "RULE", True)
    assert (fact.value, fact.missing, fact.sources) == (value, "NOT_GIVEN", ["shop", "till"])
    assert found["tag"].notes == [f"Partial: Own: a source does not give {needed}"]


async def test_nothing_measured_is_not_known_where_another_source_cannot_say(tmp_path: Path) -> None:
    """One source has no delivery, and the other does not tell of deliveries: whether there was one is not known."""
    sources = source(tmp_path, "shop", ROW), source(tmp_path, "till", {**PRICED, "delivered_at": None})
    found = await explain(tmp_path, "measure: last, field: delivered_at, as: days_ago", ANY, *sources)
    tag = found["tag"].answer.tag
    (fact,) = tag.evidence
    assert (tag.value, tag.reason, tag.partial) == (None, "UNKNOWN", True)
    assert (fact.value, fact.missing, fact.partial) == (None, "NOT_GIVEN", True)
    assert found["tag"].notes[-1] == "Partial: Own: a source does not give order.delivered_at"


async def test_one_record_of_a_customer_is_enough(tmp_path: Path) -> None:
    """A customer's field is that of one record: others need not have it. What none has is not given."""
    records = [
        ("crm", {"id": "c1", "email": "a@example.com", "locale": "pt-BR"}),
        ("club", {"id": "7", "email": "a@example.com"}),
    ]
    keys = {"keys": {"customer_id": "id", "email": "email"}}
    settings = [(name, {"customer": {"query": query_of([row]), **keys}}) for name, row in records]
    sources = [SqlConnector(name, SqlSettings(url=sqlite_url(tmp_path), records=own)) for name, own in settings]
    known = await explain(tmp_path, "measure: latest, field: locale", ANY, *sources, record="customer")
    (fact,) = known["tag"].answer.tag.evidence
    assert (fact.value, fact.missing, fact.partial) == ("pt-BR", None, False)
    absent = await explain(tmp_path, "measure: latest, field: acquisition.source", ANY, *sources, record="customer")
    (fact,) = absent["tag"].answer.tag.evidence
    assert (fact.value, fact.missing, fact.partial) == (None, "NOT_GIVEN", True)


async def test_an_exception_that_no_source_can_tell_leaves_all(tmp_path: Path) -> None:
    """A record without the field stays, as always; the fact says that it may be one too many."""
    found = await explain(tmp_path, "measure: count, except: {status: [CANCELLED]}", NONE, source(tmp_path, "shop", ROW))
    tag = found["tag"].answer.tag
    assert (tag.value, tag.partial, tag.evidence[0].value, tag.evidence[0].missing) == ("SOME", True, 1, "NOT_GIVEN")
    assert found["tag"].notes == ["Partial: Own: a source does not give order.status"]


async def test_records_that_no_source_has_are_no_outage(tmp_path: Path) -> None:
    """The words say that there is no source, and not that one is away."""
    found = await explain(tmp_path, "measure: count", "own > 0 ? 'YES' : 'NO'", source(tmp_path, "shop", ROW), record="ticket")
    assert found["tag"].notes == [
        "Not given: the rule needs a fact that no source gives",
        "Partial: Own: no source has ticket records",
    ]


def test_graphql_does_not_give_what_it_does_not_ask_for() -> None:
    """Of an object without what it needs nothing is given."""
    query = "query ($key: ID!) { customer(id: $key) { orders { ...fields } } }"
    order = {"fields": {"placed_at": "at", "status": "state"}, "keys": {"customer_id": {"query": query}}}
    settings = {"base_url": "http://127.0.0.1:9/graphql", "records": {"order": order}}
    connector = GraphQLConnector("shop", GraphQLSettings.model_validate(settings))
    absent = connector.absent_fields(Order)
    assert {"total", "total.amount", "items", "items.category", "channel"} <= absent
    assert absent.isdisjoint({"id", "placed_at", "status"})
    assert connector.absent_fields(Customer) == frozenset()


class WithoutFields(MemoryConnector):
    """Says of some fields of orders that it does not have them."""

    absent: tuple[str, ...] = ()

    def absent_fields(self, record: type[Any]) -> frozenset[str]:
        return frozenset(self.absent) if record is Order else frozenset()


@pytest.mark.parametrize(
    ("absent", "known"),
    [
        ((), ("art", None, False)),
        (("items.total",), ("art", None, False)),
        (("items.unit_price",), ("art", None, False)),
        (("items.total", "items.unit_price"), (None, "NOT_GIVEN", True)),
        (("items.total", "items.quantity"), (None, "NOT_GIVEN", True)),
    ],
)
async def test_one_price_of_a_line_is_enough(tmp_path: Path, absent: tuple[str, ...], known: tuple[Any, ...]) -> None:
    """What most money is spent on is known of a source that has the total of a line, or the price of a piece."""
    price = Money(amount=Decimal(7), currency="EUR")
    has_total = "items.total" not in absent
    item = OrderItem(category="art", quantity=1, total=price if has_total else None, unit_price=None if has_total else price)
    orders = [Order(id="o1", customer_id="c1", placed_at=shop.at(1), items=[item])]
    connector = WithoutFields("orders", {(Order, KeyKind.CUSTOMER_ID): {"c1": orders}})
    connector.absent = absent
    found = await explain(tmp_path, "measure: top, field: items.category, by: money, currency: EUR", ANY, shop.crm(), connector)
    (fact,) = found["tag"].answer.tag.evidence
    assert (fact.value, fact.missing, fact.partial) == known
