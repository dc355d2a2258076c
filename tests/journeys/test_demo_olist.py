"""Olist's published files as a gateway's sources: compared with plain sums over the same files."""

import csv
import gzip
import os
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest

from connectors.errors import ConfigurationError
from gateway.demo.databases import iso, postgresql_urls, sqlite_urls
from gateway.demo.olist import OLIST_CLOCK, copy_olist, example_seller, read_olist, write_olist
from gateway.demo.olist_files import FILES, find_files
from gateway.demo.olist_tables import OLIST_TABLES
from tests.support.demo_config import problems_of, read_config
from tests.support.paths import ROOT

EXAMPLE = "7d13fca15225358621be4086e1eb0964"

SMALL = {
    "sellers": (
        "seller_id,seller_zip_code_prefix,seller_city,seller_state\naa000000ff,1310,sao paulo,SP\nbb000000ff,20040,rio,RJ\n"
    ),
    "orders": (
        "order_id,order_status,order_purchase_timestamp,order_delivered_customer_date\n"
        "o1,delivered,2018-01-02 03:04:05,2018-01-09 00:00:00\n"
        "o2,canceled,2018-02-01 00:00:00,\n"
        "o3,unavailable,2018-02-02 00:00:00,\n"
    ),
    "items": (
        "order_id,order_item_id,product_id,seller_id,price,freight_value\n"
        "o1,1,p1,aa000000ff,0.1,0.2\no1,2,p1,aa000000ff,0.1,0.2\no1,3,p2,aa000000ff,19.99,0.0\n"
        "o2,1,p1,bb000000ff,5.0,1.0\no2,2,p3,aa000000ff,7.0,1.5\n"
    ),
    "payments": (
        "order_id,payment_sequential,payment_type,payment_installments,payment_value\n"
        "o1,1,credit_card,3,20.09\no1,2,voucher,1,0.5\no2,1,boleto,1,14.5\no3,1,boleto,1,1.0\n"
    ),
    "reviews": (
        "review_id,order_id,review_score,review_comment_title,review_comment_message,review_creation_date,"
        "review_answer_timestamp\n"
        "r1,o1,5,,,2018-01-10 00:00:00,2018-01-11 01:02:03\n"
        'r2,o2,1,Ruim,"Não chegou\nainda",2018-02-03 00:00:00,2018-02-04 00:00:00\n'
        "r3,o3,1,,,2018-02-03 00:00:00,2018-02-04 00:00:00\n"
    ),
    "products": "product_id,product_category_name\np1,brinquedos\np2,\np3,sem_traducao\n",
    "categories": "product_category_name,product_category_name_english\nbrinquedos,toys\n",
    "leads": (
        "mql_id,first_contact_date,landing_page_id,origin\nm1,31-12-2017,page1,social\nm2,01-02-2018,page2,\nm3,01-02-2018,page2,email\n"
    ),
    "deals": (
        "mql_id,seller_id,won_date,business_segment\nm1,aa000000ff,05-01-2018 19:58,toys\nm2,unlisted,06-01-2018 10:00,pet\n"
    ),
}


@pytest.fixture
def small(tmp_path):
    """Nine files as Olist names them, all in one folder, every other one with gzip."""
    folder = tmp_path / "published"
    folder.mkdir()
    for number, (key, text) in enumerate(SMALL.items()):
        if number % 2:
            (folder / f"{FILES[key]}.gz").write_bytes(gzip.compress(text.encode()))
        else:
            (folder / FILES[key]).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def data():
    """The published files; they are not part of the project."""
    root = ROOT
    folder = Path(os.environ.get("GATEWAY_TEST_OLIST_DATA", root / ".." / "shared" / "data"))
    try:
        find_files(folder)
    except ConfigurationError:
        pytest.skip("the published Olist files are not here: name their folder in GATEWAY_TEST_OLIST_DATA")
    return folder


@pytest.fixture(scope="module")
def rows(data):
    return read_olist(data)


@pytest.fixture(scope="module")
def plain(data):
    """The published files as plain lists of lines, read without the code under test."""

    def read(name):
        path = next(path for path in data.rglob(f"{name}*") if path.name in (name, f"{name}.gz"))
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
        return list(csv.DictReader(text.splitlines(keepends=True)))

    return {key: read(name) for key, name in FILES.items()}


async def connected(url):
    """A plain connection, as any program would open it."""
    return await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))


def test_all_missing_files_are_named_at_once(tmp_path):
    """An operator learns of every file that is not there, not of the first."""
    (tmp_path / "olist_15k").mkdir()
    (tmp_path / "olist_15k" / "olist_orders_dataset.csv.gz").touch()
    with pytest.raises(ConfigurationError) as caught:
        read_olist(tmp_path)
    assert len(caught.value.problems) == 8
    assert not any("olist_orders_dataset" in problem for problem in caught.value.problems)
    assert caught.value.problems[0].startswith("Olist: olist_sellers_dataset.csv (or olist_sellers_dataset.csv.gz) is not in")


def test_sellers_become_customers_with_their_lead_and_deal(small):
    """A lead without a deal and a deal of an unlisted seller are nobody's; a postal code gets its zero back."""
    rows = read_olist(small)
    assert [row[:5] for row in rows["sellers"]] == [
        ("aa000000ff", "Seller aa000000 (sao paulo)", "sao paulo", "SP", "01310"),
        ("bb000000ff", "Seller bb000000 (rio)", "rio", "RJ", "20040"),
    ]
    assert [(*row[5:8], row[8] and iso(row[8])) for row in rows["sellers"]] == [
        ("social", "page1", "m1", "2017-12-31T00:00:00Z"),
        (None, None, None, None),
    ]
    assert [(*row[:4], iso(row[4])) for row in rows["deals"]] == [("m1", "aa000000ff", "WON", "toys", "2018-01-05T19:58:00Z")]
    assert [(*row[:2], *row[3:]) for row in rows["events"]] == [
        ("m1", "aa000000ff", "first_touch", "page1", '{"origin":"social"}')
    ]


def test_a_shared_order_is_split_between_its_sellers_without_its_payments(small):
    """Each seller has the own items under an own id; who was paid what cannot be told. Orders without items are left out."""
    rows = read_olist(small)
    assert [(row[0], row[1], row[3], row[4]) for row in rows["orders"]] == [
        ("o1", "aa000000ff", "DELIVERED", 2059),
        ("o2-1", "aa000000ff", "CANCELLED", 850),
        ("o2-2", "bb000000ff", "CANCELLED", 600),
    ]
    assert rows["order_items"] == [
        ("o1", 1, "p1", "toys", 2, 10),
        ("o1", 2, "p2", None, 1, 1999),
        ("o2-1", 1, "p3", "sem_traducao", 1, 700),
        ("o2-2", 1, "p1", "toys", 1, 500),
    ]
    assert rows["payments"] == [("o1", 1, "CARD", 2009, 3), ("o1", 2, "VOUCHER", 50, 1)]


def test_a_review_becomes_a_ticket_of_every_seller_of_the_order(small):
    """With the seller's own order id, the comment as a message, and a title where the reviewer gave one."""
    rows = read_olist(small)
    assert [(row[0], row[1], row[3], row[4], row[5]) for row in rows["tickets"]] == [
        ("r1", "aa000000ff", "Review", 5, "o1"),
        ("r2-1", "aa000000ff", "Ruim", 1, "o2-1"),
        ("r2-2", "bb000000ff", "Ruim", 1, "o2-2"),
    ]
    assert [row[:2] for row in rows["messages"]] == [("r2-1", "Não chegou\nainda"), ("r2-2", "Não chegou\nainda")]


def test_the_example_of_an_incomplete_set_is_the_seller_with_the_most_orders(small):
    """Where nobody has a lead, a deal, reviews and twenty orders, there is an example all the same."""
    assert example_seller(read_olist(small)) == "aa000000ff"


async def test_the_sqlite_files_answer_the_queries_of_the_configuration(small, tmp_path):
    """`olist.toml` names tables and columns that are there, and money comes out in units of the currency."""
    told = []
    write_olist(small, tmp_path / "out", progress=lambda *step: told.append(step))
    assert await problems_of("olist.toml", sqlite_urls(tmp_path / "out")) == []
    query = read_config("olist.toml")["sources"]["orders"]["records"]["order"]["query"]
    with closing(sqlite3.connect(tmp_path / "out" / "orders.db")) as connection:
        totals = connection.execute(f"SELECT id, total_amount, total_currency, placed_at FROM ({query}) ORDER BY id").fetchall()
    assert totals[0] == ("o1", 20.59, "BRL", "2018-01-02T03:04:05Z")
    assert [total for _, total, *_ in totals] == [20.59, 8.5, 6.0]
    assert told[8] == ("read", 9, 9)
    assert [step for step in told if step[1] == step[2]][1:] == [
        ("crm", 2, 2),
        ("orders", 3, 3),
        ("support", 2, 2),
        ("behaviour", 1, 1),
    ]


@pytest.mark.postgresql
async def test_postgresql_answers_the_same_queries(small, postgresql_database):
    """A new connection finds the tables of all four schemas without naming the schemas, and money is exact."""
    assert await copy_olist(small, postgresql_database) == "aa000000ff"
    assert await problems_of("olist.toml", postgresql_urls(postgresql_database)) == []
    query = read_config("olist.toml")["sources"]["orders"]["records"]["order"]["query"]
    connection = await connected(postgresql_database)
    totals = await connection.fetch(f"SELECT id, total_amount, placed_at FROM ({query}) AS o ORDER BY id")
    await connection.close()
    assert [row["total_amount"] for row in totals] == [Decimal("20.59"), Decimal("8.5"), Decimal(6)]
    assert iso(totals[0]["placed_at"]) == "2018-01-02T03:04:05Z"


@pytest.mark.postgresql
async def test_postgresql_is_written_again_but_never_over_foreign_schemas(small, postgresql_database):
    """The demo replaces what it wrote; a schema that somebody else made stays, and nothing is written beside it."""
    await copy_olist(small, postgresql_database)
    await copy_olist(small, postgresql_database)
    connection = await connected(postgresql_database)
    assert await connection.fetchval("SELECT COUNT(*) FROM orders.orders") == 3
    await connection.execute("DROP SCHEMA support CASCADE; CREATE SCHEMA support; CREATE TABLE support.mine (id int)")
    with pytest.raises(ConfigurationError, match="a schema support that the demo did not write"):
        await copy_olist(small, postgresql_database)
    assert await connection.fetchval("SELECT COUNT(*) FROM support.mine") == 0
    assert await connection.fetchval("SELECT COUNT(*) FROM orders.orders") == 3
    await connection.close()


@pytest.mark.olist
def test_the_published_figures(rows, plain):
    """All sellers, all their orders and all money of the published items."""
    assert {table: len(found) for table, found in rows.items()} == {
        "sellers": 1904,
        "deals": 215,
        "events": 215,
        "orders": 15054,
        "order_items": 15429,
        "payments": 15440,
        "tickets": 15001,
        "messages": 6205,
    }
    published = sum(Decimal(line["price"]) + Decimal(line["freight_value"]) for line in plain["items"])
    assert published == Decimal("2370563.61")
    assert sum(row[4] for row in rows["orders"]) == published * 100
    assert sum(row[4] for row in rows["order_items"]) == len(plain["items"]) == 17071
    assert max(row[2] for row in rows["orders"]) < OLIST_CLOCK


@pytest.mark.olist
def test_every_order_total_is_the_sum_of_the_sellers_lines(rows, plain):
    """For each of the 15,054 pairs of order and seller, to the cent."""
    expected = defaultdict(Decimal)
    for line in plain["items"]:
        expected[line["order_id"], line["seller_id"]] += Decimal(line["price"]) + Decimal(line["freight_value"])
    found = {(row_id.partition("-")[0], seller): Decimal(cents) / 100 for row_id, seller, _, _, cents, _ in rows["orders"]}
    assert found == expected


@pytest.mark.olist
def test_orders_of_one_seller_are_nearly_all_paid_to_the_cent(rows):
    """Of 14,722 the published payments of 14,646 equal items plus freight; the others are kept as published."""
    paid = Counter()
    for order, _, _, cents, _ in rows["payments"]:
        paid[order] += cents
    totals = {row[0]: row[4] for row in rows["orders"] if "-" not in row[0]}
    assert len(totals) == 14722
    assert sum(paid[order] == total for order, total in totals.items()) == 14646


@pytest.mark.olist
def test_215_sellers_have_a_lead_a_deal_orders_and_reviews(rows):
    """The four domains meet in one real id."""
    domains = [{row[1] for row in rows[table]} for table in ("events", "deals", "orders", "tickets")]
    assert len(set.intersection(*domains)) == 215
    assert sum(row[5] is not None for row in rows["sellers"]) < 215 == sum(row[7] is not None for row in rows["sellers"])


@pytest.mark.olist
def test_the_example_seller(rows):
    """Exact values of the seller that the documentation shows."""
    assert example_seller(rows) == EXAMPLE
    (seller,) = [row for row in rows["sellers"] if row[0] == EXAMPLE]
    assert seller[1:7] == (
        "Seller 7d13fca1 (ribeirao preto)", "ribeirao preto", "SP", "14050", "unknown", "b76ef37428e6799c421989521c0e5077",
    )  # fmt: skip
    assert seller[7] == "0b97be8b4b408a3a0780a32e0a143a7f"
    assert iso(seller[8]) == "2018-01-22T00:00:00Z"
    assert [(row[2], row[3], iso(row[4])) for row in rows["deals"] if row[1] == EXAMPLE] == [
        ("WON", "watches", "2018-02-08T17:20:00Z")
    ]
    orders = [row for row in rows["orders"] if row[1] == EXAMPLE]
    assert (len(orders), {row[3] for row in orders}, sum(row[4] for row in orders)) == (91, {"DELIVERED"}, 1718328)
    assert iso(max(row[2] for row in orders)) == "2018-08-20T21:05:03Z"
    reviews = [row for row in rows["tickets"] if row[1] == EXAMPLE]
    assert (len(reviews), sum(row[4] for row in reviews)) == (90, 386)
    assert sum(row[0] in {review[0] for review in reviews} for row in rows["messages"]) == 34


@pytest.mark.olist
async def test_the_published_files_in_sqlite(data, tmp_path):
    """Every seller's sum over the configured query equals the sum over the files, through SQLite."""
    assert write_olist(data, tmp_path) == EXAMPLE
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(OLIST_TABLES)
    assert await problems_of("olist.toml", sqlite_urls(tmp_path)) == []
    with closing(sqlite3.connect(tmp_path / "orders.db")) as connection:
        assert connection.execute("SELECT COUNT(*), SUM(total_cents) FROM orders").fetchone() == (15054, 237056361)


@pytest.mark.olist
@pytest.mark.postgresql
async def test_the_published_files_in_postgresql(data, postgresql_database):
    """The sum over the configured query is exact in PostgreSQL."""
    assert await copy_olist(data, postgresql_database) == EXAMPLE
    query = read_config("olist.toml")["sources"]["orders"]["records"]["order"]["query"]
    connection = await connected(postgresql_database)
    count, total = await connection.fetchrow(f"SELECT COUNT(*), SUM(total_amount) FROM ({query}) AS o")
    await connection.close()
    assert (count, total) == (15054, Decimal("2370563.61"))


def test_the_clock_of_the_configuration():
    """`olist.toml` ends its windows where the code says."""
    assert read_config("olist.toml")["clock"]["pinned"] == iso(OLIST_CLOCK)
