"""Settings of the sql kind: what is refused at once, and what the database finds wrong with them."""

from functools import reduce
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import make_url

from connectors.sql import SqlConnector, SqlSettings
from tests.support.sql_shop import RECORDS, Shop, connector_at, settings

ORDER = RECORDS["order"]
SYNTAX_ERROR = {
    "sqlite": 'near "1": syntax error',
    "postgresql": 'syntax error at or near "1"',
    "mysql": "syntax error near '1'",
}
NO_TABLE = {
    "sqlite": "no such table: nowhere",
    "postgresql": 'relation "nowhere" does not exist',
    "mysql": "Table 'DATABASE.nowhere' doesn't exist",
}
"""What each database says of a query, in its own words."""
URL = "sqlite+aiosqlite:///shop.db"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"url": "mysql://u:secret@h/d"}, "the driver must be one of sqlite+aiosqlite, postgresql+asyncpg"),
        ({"url": "sqlite+aiosqlite:///shop.db?timeout=secret"}, "has a part or an option that its driver cannot read"),
        ({"url": "sqlite+aiosqlite://me:secret@host/shop.db"}, "has a part or an option that its driver cannot read"),
        ({"url": "secret"}, "is no URL of SQLAlchemy; write one such as postgresql"),
        ({"url": "sqlite+aiosqlite://"}, "name a file, as in sqlite+aiosqlite:///shop.db"),
        ({"records": {}}, "records"),
        ({"records": {"ordr": ORDER}}, "'ordr' is no record; did you mean 'order'?"),
        (
            {"records": {"order": ORDER | {"lists": {"itms": {"query": "SELECT 1"}}}}},
            "order has no such list; use items, payments",
        ),
        ({"records": {"event": ORDER}}, "event has no such list; use none"),
        (
            {"records": {"order": ORDER | {"keys": {"mail": "x"}}}},
            "'customer_id', 'external_id', 'member_number', 'email', 'phone'",
        ),
        ({"records": {"order": ORDER | {"keys": {}}}}, "records.order.keys"),
        ({"records": {"order": ORDER | {"keys": {"email": {"type": "text"}}}}}, "give exactly one of column, query, columns"),
        ({"records": {"order": ORDER | {"keys": {"email": {"column": "a", "query": "b"}}}}}, "give exactly one of"),
        ({"records": {"order": ORDER | {"keys": {"email": {"columns": ["a"]}}}}}, "email: columns is for text"),
        ({"records": {"order": ORDER | {"keys": {"text": "a"}}}}, "text: has no columns; give those to search in"),
        ({"records": {"order": ORDER | {"keys": {"email": {"column": "a", "type": "date"}}}}}, "'text', 'integer' or 'uuid'"),
        ({"pool_sise": 3}, "pool_sise"),
        ({"pool_size": 0}, "pool_size"),
    ],
)
def test_a_mistake_is_refused_with_the_allowed_values(document: dict[str, Any], words: str) -> None:
    """Names are checked before anything connects; a password never stands in the message."""
    with pytest.raises(ValidationError) as caught:
        SqlSettings.model_validate({"url": URL, "records": RECORDS} | document)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_password_is_not_shown() -> None:
    """Settings may be printed."""
    assert "secret" not in repr(settings("postgresql+asyncpg://u:secret@h/d"))


def test_the_short_form_of_a_key_is_a_column() -> None:
    """`customer_id = "customer"` means the column of that name, as text."""
    key = settings(URL).records["order"].keys
    assert [(kind.value, own.column, own.type) for kind, own in key.items()] == [("customer_id", "customer", "text")]


@pytest.mark.parametrize("query", ["SELECT 1;", " SELECT 1 ; ", "SELECT 1 -- one"])
def test_a_query_stands_in_parentheses_whatever_its_end(query: str) -> None:
    """A semicolon goes, a comment ends with its line."""
    cleaned = SqlSettings.model_validate({"url": URL, "records": {"order": ORDER | {"query": query}}}).records["order"].query
    assert cleaned.endswith("\n")
    assert ";" not in cleaned


async def test_a_good_configuration_has_no_problems(shop: Shop) -> None:
    """Columns that serve as keys need not be fields."""
    await shop.fill()
    assert await shop.connector.check() == []


async def check(shop: Shop, **changes: Any) -> list[str]:
    """Problems of the orders' settings with something changed."""
    connector = connector_at(shop.url, records={"order": ORDER | changes})
    try:
        return await connector.check()
    finally:
        await connector.aclose()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"query": "SELEC 1"}, [".query:1:7: does not run: SYNTAX ERROR; correct the query there"]),
        (
            {"query": "SELECT id, customer, placed AS placedat, currency AS total_currency FROM orders"},
            [
                ".query: there is no column total_amount, which every row needs; add it to the query",
                ".query:1:32: the column placedat is no field; did you mean 'placed_at'?",
            ],
        ),
        (
            {"query": "SELECT id, placed AS placed_at, 1 AS zzz FROM orders"},
            [
                ".query:1:38: the column zzz is no field; rename it with AS or leave it out",
                ".keys.customer_id: the record's query has no column customer; add it there",
            ],
        ),
        (
            {"lists": {"items": {"query": "SELECT order_id, line AS position, sku AS skuu FROM order_items"}}},
            [
                ".lists.items.query: there is no column parent, which every row needs; add it to the query",
                ".lists.items.query:1:8: the column order_id is no field; rename it with AS or leave it out",
                ".lists.items.query:1:43: the column skuu is no field; did you mean 'sku'?",
            ],
        ),
        (
            {"lists": {"items": {"query": "SELECT *\nFROM nowhere"}}},
            [".lists.items.query:2:6: does not run: NO TABLE; correct the query there"],
        ),
        (
            {"keys": {"email": {"query": "SELECT customer, value AS key FROM points"}}},
            [
                ".query:1:12: the column customer is no field; did you mean 'customer_id'?",
                ".keys.email.query: there is no column id, which every row needs; add it to the query",
                ".keys.email.query:1:8: the column customer is no field; rename it with AS or leave it out",
            ],
        ),
    ],
)  # fmt: skip
async def test_the_check_names_every_setting_and_its_fix(
    database_shop: Shop, changes: dict[str, Any], expected: list[str]
) -> None:
    """All problems of a record at once, in the words of the database, with line and column in the query."""
    await database_shop.fill()
    said = {"SYNTAX ERROR": SYNTAX_ERROR[database_shop.backend], "NO TABLE": NO_TABLE[database_shop.backend]}
    name = make_url(database_shop.url).database or ""
    found = [problem.replace(f"'{name}.", "'DATABASE.") for problem in await check(database_shop, **changes)]
    assert found == ["sources.shop.records.order" + _filled(problem, said) for problem in expected]


def _filled(text: str, said: dict[str, str]) -> str:
    return reduce(lambda own, word: own.replace(word, said[word]), said, text)


@pytest.mark.postgresql
async def test_the_check_tries_a_lookup(postgresql_database: str) -> None:
    """Types that do not compare show in a whole statement only."""
    shop = Shop("postgresql", postgresql_database)
    await shop.fill()
    (problem,) = await check(shop, keys={"customer_id": {"column": "customer", "type": "integer"}})
    where, words = "sources.shop.records.order.keys.customer_id", "operator does not exist: text = bigint"
    assert problem.startswith(f"{where}: a lookup does not run: {words}; set type to the column's")


async def test_the_check_says_when_nothing_can_be_reached(tmp_path: Any) -> None:
    """One problem, for the rest cannot be known."""
    connector = SqlConnector("shop", settings(f"sqlite+aiosqlite:///{tmp_path}/missing.db"))
    (problem,) = await connector.check()
    assert problem.startswith("sources.shop.url: cannot connect; is the database up")
    await connector.aclose()


@pytest.mark.postgresql
async def test_the_check_tells_a_refused_user_from_a_missing_server(postgresql_url: str) -> None:
    """The fix is another one."""
    url = make_url(postgresql_url).set(username="nobody").render_as_string(hide_password=False)
    connector = SqlConnector("shop", settings(url))
    assert await connector.check() == ["sources.shop.url: the database does not accept the user and password; correct them"]
    await connector.aclose()
