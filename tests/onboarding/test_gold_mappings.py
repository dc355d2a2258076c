"""Gold mappings of published databases, and the score of a proposal against one."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import make_url

from tests.onboarding.gold_mapping import Gold, copy_files, database_path, gold_names, read_gold
from tests.onboarding.gold_score import score_settings

Tables = dict[str, Any]


@contextmanager
def database_url(gold: Gold, folder: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a published database, or the folder of its files. A dump is loaded into a server of the tests."""
    path = database_path(gold)
    if gold.kind == "files":
        yield str(copy_files(gold, folder))
    elif gold.kind == "sqlite":
        yield f"sqlite+aiosqlite:///{path}"
    else:
        url = request.getfixturevalue("postgresql_database")
        server = request.getfixturevalue("postgresql_server")
        server.psql(f"\\set ON_ERROR_STOP on\n\\connect {make_url(url).database}\n\\i {path}")
        yield url


@pytest.mark.parametrize("name", gold_names())
def test_mappings_say_where_the_database_is_from(name: str) -> None:
    """Each names its repository, a fixed version and the licence, and what must never be proposed."""
    gold = read_gold(name)
    assert gold.repository.startswith("https://")
    assert gold.commit
    assert gold.licence
    assert gold.never["order"] or "order" not in gold.records
    if gold.kind != "files":
        assert re.fullmatch(r"[0-9a-f]{40}", gold.commit)


@pytest.mark.parametrize("name", gold_names())
async def test_mappings_are_right_by_their_own_score(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Each runs on its database, and finds itself whole: no expression fails, and equally right ones are taken as such."""
    gold = read_gold(name)
    with database_url(gold, tmp_path, request) as url:
        score = await score_settings(gold, gold.source(1, url), url)
        assert (score.wrong, score.missed, score.scrubbed_missed) == ({}, [], [])
        assert len(score.right) >= 5


SHOP: Tables = {
    "title": "Shop",
    "name": "shop",
    "kind": "sqlite",
    "repository": "https://example.com",
    "commit": "1",
    "licence": "MIT",
    "data": "shop.db",
    "never": {"order": ["payments"]},
    "records": {
        "customer": {
            "from": "people",
            "keys": {"customer_id": "id", "email": "lower(mail)"},
            "fields": {"id": "id", "given_name": "first", "family_name": "last", "email": ["mail", "lower(mail)"]},
            "may_drop": "gone = 1",
        },
        "order": {
            "from": "purchases",
            "keys": {"customer_id": "person"},
            "fields": {"id": "id", "placed_at": "at", "total_amount": "total", "total_currency": "'EUR'"},
            "optional_fields": {"number": "id"},
            "lists": {
                "items": {"from": "lines", "parent": "purchase", "fields": {"quantity": "pieces", "name": "what"}},
            },
        },
    },
}

PEOPLE = "SELECT id, first AS given_name, last AS family_name, lower(mail) AS email FROM people"
ORDERS = "SELECT id, person, at AS placed_at, total AS total_amount, 'EUR' AS total_currency FROM purchases"
LINES = "SELECT purchase AS parent, pieces AS quantity, what AS name FROM lines"


@pytest.fixture
def shop(tmp_path: Path) -> str:
    path = tmp_path / "shop.db"
    database = sqlite3.connect(path)
    database.executescript("""
        CREATE TABLE people (id INTEGER PRIMARY KEY, first TEXT, last TEXT, mail TEXT, gone INTEGER);
        CREATE TABLE staff (id INTEGER PRIMARY KEY, first TEXT, last TEXT, mail TEXT);
        CREATE TABLE purchases (id INTEGER PRIMARY KEY, person INTEGER, at TEXT, total NUMERIC, net NUMERIC);
        CREATE TABLE lines (purchase INTEGER, pieces INTEGER, what TEXT);
        INSERT INTO people VALUES (1, 'Ada', 'Byron', 'Ada@example.com', 0), (2, 'Alan', 'Hill', 'alan@example.com', 0),
            (3, 'Gone', 'Away', 'gone@example.com', 1);
        INSERT INTO staff VALUES (8, 'Sam', 'Seller', 'sam@example.com');
        INSERT INTO purchases VALUES (10, 1, '2026-01-01', 12.5, 10), (11, 1, '2026-02-01', 5, 4), (12, 2, '2026-03-01', 7, 6);
        INSERT INTO lines VALUES (10, 2, 'tea'), (10, 1, 'cup'), (11, 3, 'tea'), (12, 5, 'pot');
    """)
    database.close()
    return f"sqlite+aiosqlite:///{path}"


def proposed(
    url: str, people: str = PEOPLE, orders: str = ORDERS, lines: str | None = LINES, email: str = "email"
) -> dict[str, Any]:
    """Settings as `init` writes them."""
    order: dict[str, Any] = {"query": orders, "keys": {"customer_id": {"column": "person", "type": "integer"}}}
    keys = {"customer_id": {"column": "id", "type": "integer"}, "email": email}
    return {
        "kind": "sql",
        "url": url,
        "records": {
            "customer": {"query": people, "keys": keys},
            "order": order | ({"lists": {"items": {"query": lines}}} if lines else {}),
        },
    }


async def scored(shop: str, **words: Any) -> tuple[list[str], list[str], float]:
    score = await score_settings(msgspec.convert(SHOP, Gold), proposed(shop, **words), shop)
    return sorted(score.wrong), sorted(score.missed), round(score.share, 2)


async def test_a_right_proposal_is_right_however_it_is_written(shop: str) -> None:
    """Another spelling of the same values, a field that is not needed, and customers left out who may be, are right."""
    people = PEOPLE + " WHERE gone = 0"
    orders = ORDERS.replace("SELECT id", "SELECT purchases.id, purchases.id AS number")
    assert await scored(shop, people=people, orders=orders) == ([], [], 1.0)


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ({"orders": ORDERS.replace("total AS", "net AS")}, ["order.total.amount"]),
        ({"orders": ORDERS.replace("'EUR'", "'USD'")}, ["order.total.currency"]),
        ({"orders": ORDERS.replace("SELECT id", "SELECT id, 'DELIVERED' AS status")}, ["order.status"]),
        ({"people": PEOPLE.replace("last AS family_name", "first AS family_name")}, ["customer.family_name"]),
        ({"people": PEOPLE + " UNION ALL SELECT id, first, last, mail FROM staff"}, ["customer.rows"]),
        ({"lines": LINES.replace("what AS name", "'x' AS name")}, ["order.items.name"]),
        (
            {"orders": ORDERS.replace("SELECT id, person", "SELECT id, CASE person WHEN 1 THEN 2 ELSE 1 END AS person")},
            ["order.keys.customer_id"],
        ),
    ],
)
async def test_a_field_with_another_value_is_wrong(shop: str, words: dict[str, str], wrong: list[str]) -> None:
    """A wrong amount, currency, word, name, row, item or owner is found, and nothing else with it."""
    assert (await scored(shop, **words))[0] == wrong


async def test_what_is_not_proposed_is_missed(shop: str) -> None:
    """A column that is not there, a list without a query, and a key that finds nobody are missed, not wrong."""
    people = PEOPLE.replace(", last AS family_name", "")
    assert await scored(shop, people=people, lines=None) == (
        [],
        ["customer.family_name", "order.items.name", "order.items.quantity"],
        0.77,
    )
    people = PEOPLE.replace("lower(mail)", "mail")
    assert (await scored(shop, people=people))[1] == ["customer.keys.email"]


async def test_records_that_the_database_does_not_have_are_wrong(shop: str) -> None:
    """Every field of a record is wrong that the mapping does not know."""
    settings = proposed(shop)
    settings["records"]["ticket"] = {
        "query": "SELECT id, person, at AS created_at, 'x' AS subject FROM purchases",
        "keys": {"customer_id": "person"},
    }
    score = await score_settings(msgspec.convert(SHOP, Gold), settings, shop)
    assert sorted(score.wrong) == ["ticket.created_at", "ticket.id", "ticket.subject"]
