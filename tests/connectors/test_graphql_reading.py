"""Rows of a GraphQL API that fit are read all at once, and are the records that they are when they are read one by one."""

import os
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Ask, Page
from connectors.graphql.lookup import GraphQLLookup, lookups_of
from connectors.graphql.record_reader import RecordReader
from connectors.graphql.settings import GraphQLSettings
from connectors.record_fields import Fields, all_fields, narrow
from connectors.records import Order
from connectors.testing.fetches import json_of
from connectors.toolkit.evaluation import json_hook
from connectors.toolkit.mapping.row_mapping import RowMapping
from connectors.toolkit.mapping.settings import MappingSettings
from gateway.lookups.source_call import decode_records, validate_records
from tests.connectors.test_http_reading import Drawing, selection
from tests.support import shop

MAPPINGS = int(os.environ.get("READING_MAPPINGS", "400"))
SHARDS = 4
ANSWERS = 12
"""How many answers each mapping reads."""

QUERY = """
query ($key: ID!, $first: Int, $since: DateTime) { shopper(id: $key) { orders(first: $first, since: $since) { ...fields } } }
"""
ORDER: dict[str, Any] = {
    "order": "newest_first",
    "fields": {"placed_at": "createdAt", "status": "state", "total.amount": "price", "total.currency": "'EUR'"},
    "lists": {
        "items": {
            "list": "lines(first: 9).nodes",
            "fields": {"sku": "code", "unit_price.amount": "price"},
            "outer": {"unit_price.currency": "currency"},
        }
    },
    "keys": {"customer_id": {"query": QUERY}},
}
ASKED = Fields.from_paths(
    *("id", "placed_at", "status", "total.amount", "total.currency"),
    *("items.sku", "items.unit_price.amount", "items.unit_price.currency"),
)


def lookup(**fields: str) -> GraphQLLookup:
    """Orders of a customer, with other expressions for some fields."""
    record = ORDER | {"fields": ORDER["fields"] | fields}
    (one,) = lookups_of(GraphQLSettings.model_validate({"base_url": "http://source", "records": {"order": record}}))
    return one


QUICK, SLOW = lookup(), lookup(placed_at="@.createdAt")


def page(of: GraphQLLookup, rows: list[Any], ask: Ask) -> Page:
    """What one answer comes to, where another came before it."""
    for _ in range(2):
        questions = of.build_queries(["c1"], ask)
        assert of.read_response(questions, {"shopper": {"orders": rows}}, [], ask, None) == []
        found = of.collect_records(questions[0], ask)["c1"]
        assert isinstance(found, Page)
    return found


def row(number: int, day: int, **more: Any) -> dict[str, Any]:
    created = f"2026-06-0{day}T12:00:00Z"
    return {"id": f"o{number}", "createdAt": created, "state": "paid", "price": 2.5, "currency": "EUR"} | more


written = msgspec.json.Encoder(enc_hook=json_hook).encode


def compare(seed: str) -> tuple[int, list[str]]:
    """How many answers a drawn mapping read at once; and what was read otherwise."""
    random = Random(seed)
    drawing = Drawing(random)
    drawn = drawing.rules() | {"list": "@", "keys": {"customer_id": {"path": "/{key}"}}}
    rules = MappingSettings.model_validate({name: drawn[name] for name in ("fields", "values", "lists")})
    reader, one_by_one = RecordReader(drawing.record, rules), RowMapping(drawing.record, rules)
    quick, found = 0, []
    for _ in range(ANSWERS):
        fields = selection(random, all_fields(drawing.record)) | Fields.from_paths("id")
        rows = [one for one in msgspec.json.decode(msgspec.json.encode(drawing.answer(drawn))) if one is not None]
        kind = narrow(drawing.record, fields)
        reader._seen.add(fields)
        read = reader.records(rows, fields)
        if not read or not isinstance(read[0], kind):
            continue
        quick += 1
        expected = decode_records(msgspec.json.encode([*map(one_by_one.mapper(fields), rows)]), kind)[:2]
        taken = validate_records(read, kind)[:2]
        if taken != expected or written(taken[0]) != written(expected[0]):
            found.append(f"{seed}: {rules}\n{rows}\n{fields}\nquick: {read}\nslow: {expected}\n")
    return quick, found


@pytest.mark.parametrize("shard", range(SHARDS))
def test_both_ways_read_the_same(shard: int):
    """Random mappings and rows, right ones and odd ones: not one difference in what is read at once, which is much."""
    read = 0
    for number in range(MAPPINGS // SHARDS):
        quick, found = compare(f"{shard} {number}")
        assert found == []
        read += quick
    assert read > MAPPINGS // SHARDS * ANSWERS / 25


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), max_size=8, unique_by=lambda drawn: drawn[0]),
    st.sampled_from([None, 1, 2, 5]),
    st.sampled_from([None, *(shop.at(day) for day in (2, 4))]),
    st.sampled_from([None, *(shop.at(day) for day in (3, 5))]),
    st.booleans(),
    st.booleans(),
)
def test_a_window_is_the_same_both_ways(drawn, first, since, until, oldest_first, count):
    """Order, bounds and the first ones, whether the records are structs by then or mappings."""
    rows = [row(number, day) for number, day in drawn]
    for fields in (Fields.from_paths("id"), ASKED, Fields.from_paths("total.amount", "id")):
        ask = Ask(fields=fields, first=first, since=since, until=until, oldest_first=oldest_first, count=count)
        quick, slow = page(QUICK, rows, ask), page(SLOW, rows, ask)
        kind = narrow(Order, fields)
        assert decode_records(json_of(quick), kind) == decode_records(json_of(slow), kind)
        assert quick.total == slow.total


def test_records_that_have_just_what_is_asked_for_are_given_as_they_are():
    """They need not be written to be read again; those that have more, or were read one by one, are written."""
    rows = [row(1, 1, lines={"nodes": [{"code": "a", "price": "1.50"}]}), row(2, 2, lines=None)]
    quick, slow = (page(of, rows, Ask(fields=ASKED)).records for of in (QUICK, SLOW))
    assert isinstance(slow, bytes)
    assert [type(one) for one in quick] == [narrow(Order, ASKED)] * 2
    assert (quick, 0) == decode_records(slow, narrow(Order, ASKED))[:2]
    assert isinstance(page(QUICK, rows, Ask(fields=Fields.from_paths("id"))).records, bytes)


def test_what_the_mapping_does_not_have_is_not_read_by_its_name():
    """An answer may have something else under the name of a field, for another field that reads it."""
    ask = Ask(fields=Fields.from_paths("id", "placed_at", "delivered_at"))
    for placed_at in ("deliveredAt", "@.deliveredAt"):
        given = page(lookup(placed_at=placed_at), [row(1, 1, deliveredAt="2026-06-04T12:00:00Z")], ask)
        (order,) = decode_records(json_of(given), narrow(Order, ask.fields)).records
        assert (order.placed_at, order.delivered_at) == (shop.at(4), None)


def test_a_row_that_does_not_fit_has_its_key_read_one_by_one():
    """What is malformed then costs itself alone; the rows of the next answer are read at once again."""
    odd = [row(1, 1), row(2, 2, createdAt="yesterday"), row(3, 3, price="1,50")]
    records = page(QUICK, odd, Ask(fields=ASKED)).records
    assert isinstance(records, bytes)
    read = decode_records(records, narrow(Order, ASKED))
    assert ([(one.id, one.total is None) for one in read.records], read.dropped) == ([("o3", True), ("o1", False)], 1)
    assert isinstance(page(QUICK, [row(1, 1)], Ask(fields=ASKED)).records, list)


def test_words_are_learnt_by_meeting_them():
    """However many there are, each means what it means when it is read alone."""
    words = ["shipped", "DELIVERED", "paid", *(f"w{number}" for number in range(20))]
    rows = [row(number, 1, state=word) for number, word in enumerate(words)]
    ask = Ask(fields=Fields.from_paths("id", "placed_at", "status"))
    for _ in range(3):
        quick, slow = page(QUICK, rows, ask).records, page(SLOW, rows, ask).records
        assert isinstance(quick, list)
        assert (quick, 0) == decode_records(slow, narrow(Order, ask.fields))[:2]
