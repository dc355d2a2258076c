"""Who a person is where a shop makes a new customer for each order, and what reviews are."""

import sqlite3
import tomllib
from pathlib import Path

import pytest

from connectors.sql.catalogue_reader import SqlCatalogueReader
from gateway.onboarding.proposal import Confidence, SourceProposal
from gateway.onboarding.settings_writer import write_settings
from gateway.onboarding.source_proposal import propose_settings
from gateway.onboarding.source_recognition import RecognitionOptions, recognise_source
from gateway.onboarding.source_url import read_url
from tests.onboarding.test_recognition import columns_of, recognise
from tests.support.script_database import new_sqlite, run_script

CUSTOMERS = "CREATE TABLE customers (customer_id TEXT PRIMARY KEY, {person} TEXT, customer_city TEXT, customer_email TEXT)"
PEOPLE = (
    "INSERT INTO customers VALUES ('c1', 'p1', 'Rome', 'a@example.com'), ('c2', 'p2', 'Bari', 'b@example.com'),"
    " ('c3', 'p1', 'Rome', 'a@example.com')"
)
ORDERS = (
    "CREATE TABLE orders (order_id TEXT PRIMARY KEY, customer_id TEXT REFERENCES customers (customer_id), order_status TEXT,"
    " order_date TIMESTAMP, total DECIMAL(10, 2), currency TEXT)"
)
ITEMS = "CREATE TABLE items (order_id TEXT REFERENCES orders (order_id), quantity INTEGER, price DECIMAL(10, 2))"
PLACED = (
    "INSERT INTO orders VALUES ('o1', 'c1', 'paid', '2026-01-01 10:00:00', 5, 'EUR'), ('o2', 'c2', 'paid', '{at}', 5, 'EUR')"
)
REVIEWS = (
    "CREATE TABLE order_reviews (review_id TEXT PRIMARY KEY, order_id TEXT REFERENCES orders (order_id), review_score INTEGER,"
    " review_date TIMESTAMP)"
)


async def recognised(folder: Path, *further: str, person: str = "customer_unique_id") -> SourceProposal:
    placed = PLACED.format(at="2026-01-02 10:00:00")
    return await recognise(folder, CUSTOMERS.format(person=person), PEOPLE, ORDERS, ITEMS, placed, *further)


async def test_a_person_with_several_customer_ids_is_one(tmp_path: Path) -> None:
    """The id of a person is the column that repeats, where each other id has one order; orders find it by a join."""
    proposal = await recognised(tmp_path, "INSERT INTO orders VALUES ('o3', 'c3', 'paid', '2026-01-03 10:00:00', 7, 'EUR')")
    customer, order = proposal.record("customer"), proposal.record("order")
    assert columns_of(customer)["id"] == "customer_unique_id"
    assert columns_of(order)["customer_id"] == "customer_unique_id"
    assert order is not None
    reached = next(field.reached for field in order.fields if field.field == "customer_id")
    assert reached is not None
    assert [(join.column, join.table, join.target_column) for join in reached.joins] == [
        ("customer_id", "customers", "customer_id")
    ]


@pytest.mark.parametrize(
    ("further", "person"),
    [
        ("INSERT INTO orders VALUES ('o3', 'c1', 'paid', '2026-01-03 10:00:00', 7, 'EUR')", "customer_unique_id"),
        ("UPDATE customers SET customer_unique_id = customer_id", "customer_unique_id"),
        ("SELECT 1", "household_id"),
    ],
)
async def test_other_columns_are_no_persons(tmp_path: Path, further: str, person: str) -> None:
    """An id with two orders is a customer, as is one without another that repeats, or with another that is no person's."""
    proposal = await recognised(tmp_path, further, person=person)
    assert columns_of(proposal.record("customer"))["id"] == "customer_id"
    assert columns_of(proposal.record("order"))["customer_id"] == "customer_id"


@pytest.mark.parametrize(("scores", "scale"), [((1, 5), "=5"), ((0, 10), "=10"), ((2, 4), None), ((1, 7), None)])
async def test_reviews_are_surveys_on_the_scale_that_they_show(
    tmp_path: Path, scores: tuple[int, int], scale: str | None
) -> None:
    """A review is of the kind REVIEW; its scale is known where both ends of one were given, and else it is not."""
    low, high = scores
    rows = f"('r1', 'o1', {low}, '2026-02-01 10:00:00'), ('r2', 'o2', {high}, '2026-02-02 10:00:00')"
    proposal = await recognised(tmp_path, REVIEWS, f"INSERT INTO order_reviews VALUES {rows}")
    columns = columns_of(proposal.record("survey"))
    assert (columns["kind"], columns.get("scale")) == ("=REVIEW", scale)
    assert columns["customer_id"] == "customer_unique_id"


async def test_a_table_of_one_row_is_nobody(tmp_path: Path) -> None:
    """The shop's own row, with its name and address, is no rival of customers who are hardly known."""
    proposal = await recognise(
        tmp_path,
        "CREATE TABLE shop (id INTEGER PRIMARY KEY, name TEXT, email TEXT, phone TEXT)",
        "CREATE TABLE customer (id INTEGER PRIMARY KEY, email TEXT, created_at TIMESTAMP)",
        "INSERT INTO shop VALUES (1, 'Tea House', 'tea@example.com', '+442079460000')",
        "INSERT INTO customer VALUES (1, 'x', '2026-01-01 10:00:00'), (2, 'y', '2026-01-02 10:00:00')",
    )
    customer = proposal.record("customer")
    assert customer is not None
    assert customer.table == "customer"


async def test_a_person_is_one_row(tmp_path: Path) -> None:
    """Of a person's rows the query gives one, and keeps those of others."""
    database = new_sqlite(tmp_path)
    placed = PLACED.format(at="2026-01-02 10:00:00")
    third = "INSERT INTO orders VALUES ('o3', 'c3', 'paid', '2026-01-03 10:00:00', 7, 'EUR')"
    await run_script(database, CUSTOMERS.format(person="customer_unique_id"), PEOPLE, ORDERS, ITEMS, placed, third)
    reader = SqlCatalogueReader(database)
    graph, proposal = await recognise_source(await reader.read_catalogue(), reader, "shop", RecognitionOptions())
    await reader.aclose()
    settings = write_settings(graph, proposal, {"kind": "sql", "url": database}, (Confidence.SURE, Confidence.LIKELY))
    query = tomllib.loads(settings)["sources"]["shop"]["records"]["customer"]["query"]
    with sqlite3.connect(tmp_path / "own.db") as connection:
        assert sorted(row[0] for row in connection.execute(query)) == ["p1", "p2"]
    connection.close()


USERS = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT UNIQUE, role TEXT)"


@pytest.mark.parametrize(("role", "words"), [("end-user", ["end-user"]), ("agent", None)])
async def test_users_who_are_customers_are_told_by_their_role(tmp_path: Path, role: str, words: list[str] | None) -> None:
    """Where staff and customers are in one table, the role of customers is a condition; where all are staff, they are asked."""
    proposal = await recognise(
        tmp_path,
        USERS,
        f"INSERT INTO users VALUES (1, 'Ana', 'ana@example.com', '{role}'), (2, 'Bo', 'bo@example.com', 'admin')",
    )
    customer = proposal.record("customer")
    assert (list(customer.filters[-1].words) if customer else None) == words


async def test_who_is_left_out_is_not_shown(tmp_path: Path) -> None:
    """The page that is opened is of somebody who is found: not of staff, whom the condition leaves out."""
    database = new_sqlite(tmp_path)
    rows = "(1, 'Sam', 'sam@example.com', 'admin'), (2, 'Ana', 'ana@example.com', 'customer')"
    await run_script(database, USERS, f"INSERT INTO users VALUES {rows}")
    source = read_url(str(tmp_path / "own.db"), {}, "shop")
    found = await propose_settings(source, {}, RecognitionOptions(), (Confidence.SURE, Confidence.LIKELY))
    assert found.sample == "2"
