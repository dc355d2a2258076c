"""Searching for words at databases and files of every kind: who has them all, and who nearly."""

from typing import Any

import pytest

from connectors.contract import Ask, KeyKind, WordSearch
from connectors.record_fields import Fields
from connectors.records import Customer
from tests.support.sql_shop import Shop, decoded

PEOPLE = [
    ("c1", "Emma Clarke", "e.clarke@x.example"),
    ("c2", "João Araújo", "ja@x.example"),
    ("c3", "王霞", "xia@x.example"),
    ("c4", "Emma Stone", "stone@x.example"),
    ("c5", "100% O'Neill\\", "per_cent@x.example"),
]


async def ids(shop: Shop, text: str, *, near: bool = False, **words: Any) -> list[str]:
    """Who is found, those first of whom more is right."""
    search = WordSearch(words.pop("fields", None), near)
    ask = Ask(fields=Fields.from_paths("id", "name"), more=False, words=search, **{"first": 200, **words})
    found = decoded(await shop.lookup(Customer, KeyKind.TEXT).fetch([text], ask))
    return [record["id"] for record in found.get(text, [])]


@pytest.fixture
async def filled(shop: Shop) -> Shop:
    await shop.fill(customers=[(*own, None, None, None, None, None) for own in PEOPLE])
    return shop


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("emma clarke", ["c1"]),
        ("CLARKE, emma", ["c1"]),
        ("emma", ["c1", "c4"]),
        ("araújo joão", ["c2"]),
        ("王霞", ["c3"]),
        ("王", ["c3"]),
        ("clark", ["c1"]),
        ("o'neill", ["c5"]),
        ("emma nobody", []),
        ("%", []),
        ("_", []),
        ("\\", []),
        ("\0emma", []),
    ],
)
async def test_all_words_are_found_in_any_order(filled: Shop, text: str, expected: list[str]):
    """Words are letters and digits alone: nothing else means anything."""
    assert await ids(filled, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("clrake", {"c1"}), ("joao", {"c2"}), ("emma stoen", {"c1", "c4"}), ("zebra", set()), ("clarkes", {"c1"})],
)
async def test_words_that_are_nearly_right_are_found(filled: Shop, text: str, expected: set[str]):
    assert {*await ids(filled, text, near=True)} == expected


async def test_those_with_more_of_the_words_are_kept_where_there_are_many(filled: Shop):
    assert await ids(filled, "emma stoen", near=True, first=1) == ["c4"]
    assert await ids(filled, "emma stone", first=1) == ["c4"]


async def test_words_are_looked_for_in_the_named_fields_alone(filled: Shop):
    assert await ids(filled, "stone", fields=("name",)) == ["c4"]
    assert await ids(filled, "cent", fields=("name",)) == []
    assert await ids(filled, "cent", fields=("email",)) == ["c5"]
    assert await ids(filled, "emma", fields=()) == []
    assert filled.connector.search_gaps() == []
