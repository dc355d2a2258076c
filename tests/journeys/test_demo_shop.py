"""The demo's shop: the same for the same seed, and true to what the demo says of it."""

import hashlib
import os
import re
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
from contextlib import closing
from datetime import timedelta

import phonenumbers
import pytest

from gateway.demo import shop
from gateway.demo.databases import DATABASES, iso, sqlite_urls
from tests.support.demo_config import problems_of, read_config
from tests.support.paths import ROOT

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The shop of the demo's default size."""
    place = tmp_path_factory.mktemp("shop")
    shop.write_shop(place)
    return place


def ask(folder, database, sql, *values):
    with closing(sqlite3.connect(folder / f"{database}.db")) as connection:
        return connection.execute(sql, values).fetchall()


def one(folder, database, sql, *values):
    return ask(folder, database, sql, *values)[0][0]


def tables_of(folder, database):
    return [name for (name,) in ask(folder, database, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]


def digest(folder):
    """A hash of all rows of all tables."""
    found = hashlib.sha256()
    for database in DATABASES:
        for table in tables_of(folder, database):
            for row in ask(folder, database, f"SELECT * FROM {table} ORDER BY rowid"):
                found.update(repr((table, row)).encode())
    return found.hexdigest()


def test_the_same_seed_gives_the_same_rows_in_another_process(tmp_path):
    """Seed and size alone decide every row: not the process, not its hash seed."""
    here, there = tmp_path / "here", tmp_path / "there"
    shop.write_shop(here, customers=120, seed=5)
    script = "import sys; from pathlib import Path; from gateway.demo.shop import write_shop\n"
    script += "write_shop(Path(sys.argv[1]), customers=120, seed=5)"
    root = ROOT
    subprocess.run([sys.executable, "-c", script, there], check=True, cwd=root, env={**os.environ, "PYTHONHASHSEED": "12345"})
    assert digest(here) == digest(there)


def test_another_seed_gives_other_rows():
    """The seed is used, and the example customer stays who she is."""
    first, second = shop.shop_rows(customers=40, seed=1).rows, shop.shop_rows(customers=40, seed=2).rows
    assert first["orders"] != second["orders"]
    assert first["customers"][0] == second["customers"][0]


def test_a_shop_is_written_over_an_older_one(tmp_path):
    """Nothing of an older shop is left, and no unfinished file."""
    shop.write_shop(tmp_path, customers=60)
    shop.write_shop(tmp_path, customers=20)
    assert one(tmp_path, "crm", "SELECT COUNT(*) FROM customers") == 20
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "behaviour.db",
        "crm.db",
        "loyalty.db",
        "orders.db",
        "support.db",
        "webshop.db",
    ]


@pytest.mark.parametrize("customers", [2, 20_001])
def test_a_shop_has_room_for_its_examples_and_for_its_telephone_numbers(customers):
    """A size outside the bounds is refused before anything is drawn."""
    with pytest.raises(ValueError, match="between 3 and 20000"):
        shop.shop_rows(customers=customers)


def test_progress_is_told_for_every_step_up_to_its_end(tmp_path):
    """Every step begins at nothing and ends when all of it is done."""
    told = defaultdict(list)
    shop.write_shop(tmp_path, customers=250, progress=lambda step, done, total: told[step].append((done, total)))
    assert list(told) == ["customers", *DATABASES]
    assert told["customers"] == [(0, 250), (100, 250), (200, 250), (250, 250)]
    assert all(steps[0][0] == 0 and steps[-1][0] == steps[-1][1] for steps in told.values())


def test_people_and_companies(folder):
    """Of 2,000 customers 1,700 are people; all markets are there, each with its currency and language."""
    kinds = dict(ask(folder, "crm", "SELECT kind, COUNT(*) FROM customers GROUP BY kind"))
    assert kinds == {"PERSON": 1700, "COMPANY": 300}
    countries = dict(ask(folder, "crm", "SELECT country, COUNT(*) FROM customers GROUP BY country"))
    assert set(countries) == {"GB", "US", "CN", "BR", "PT"}
    assert min(countries.values()) > 100
    currencies = {currency for (currency,) in ask(folder, "orders", "SELECT DISTINCT currency FROM orders")}
    assert currencies == {"GBP", "USD", "CNY", "BRL", "EUR"}


def test_people_work_for_companies(folder):
    """A company's account is shared by the company and by at most two people who work there, that of the example by two."""
    accounts = ask(
        folder,
        "crm",
        "SELECT SUM(kind = 'COMPANY'), SUM(kind = 'PERSON') FROM customers"
        " WHERE company_account > 'ACC-00001' GROUP BY company_account",
    )
    assert {companies for companies, _ in accounts} == {1}
    assert {people for _, people in accounts} == {0, 1, 2}


def test_payments_and_items_sum_to_the_total_of_every_order(folder):
    """To the cent, in whole cents."""
    totals = dict(ask(folder, "orders", "SELECT id, total_cents FROM orders"))
    assert len(totals) > 5_000
    assert totals == dict(ask(folder, "orders", "SELECT order_id, SUM(amount_cents) FROM payments GROUP BY order_id"))
    assert totals == dict(
        ask(folder, "orders", "SELECT order_id, SUM(quantity * unit_price_cents) FROM order_items GROUP BY order_id")
    )
    assert one(folder, "orders", "SELECT COUNT(*) FROM payments WHERE amount_cents <= 0") == 0


def test_nothing_is_later_than_the_clock(folder):
    """No time in any table is after the pinned clock, but when a subscription renews, and every time has one form."""
    latest = iso(shop.SHOP_CLOCK)
    seen = 0
    for database in DATABASES:
        for table in tables_of(folder, database):
            columns = ask(folder, database, "SELECT name FROM pragma_table_info(?) WHERE type = 'TIMESTAMPTZ'", table)
            for (column,) in columns:
                if column == "renews_at":
                    continue
                values = ask(folder, database, f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")
                assert all(TIME.fullmatch(value) and value <= latest for (value,) in values), (table, column)
                seen += len(values)
    assert seen > 50_000
    assert read_config("shop.toml")["clock"]["pinned"] == latest


def test_what_ends_does_not_end_before_it_began(folder):
    """Delivery is after the order, the solution and every message are after the ticket, events come in order."""
    assert one(folder, "orders", "SELECT COUNT(*) FROM orders WHERE delivered_at < placed_at") == 0
    assert one(folder, "support", "SELECT COUNT(*) FROM tickets WHERE solved_at < created_at") == 0
    late = "SELECT COUNT(*) FROM messages m JOIN tickets t ON t.id = m.ticket_id WHERE m.at < t.created_at"
    assert one(folder, "support", late) == 0
    numbers = ask(folder, "support", "SELECT COUNT(*) FROM messages GROUP BY ticket_id")
    assert {number for (number,) in numbers} == {1, 2, 3, 4, 5, 6}


def test_every_phone_is_valid_in_its_country(folder):
    """Also for the numbers that a family or a company shares."""
    points = ask(
        folder,
        "crm",
        "SELECT value, match_key, country FROM contact_points p JOIN customers c ON c.id = customer_id WHERE p.kind = 'PHONE'",
    )
    assert len(points) > 2_000
    for value, key, country in points:
        number = phonenumbers.parse(value)
        assert phonenumbers.is_valid_number_for_region(number, country), value
        assert value == key == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def test_some_phones_and_devices_are_shared_by_two_or_three_and_none_by_more(folder):
    """Sharing is a trait of the demo, not an accident; e-mail addresses are nobody else's."""
    shared = "SELECT COUNT(DISTINCT customer_id) FROM contact_points WHERE kind = ? GROUP BY match_key"
    assert set(Counter(ask(folder, "crm", shared, "PHONE"))) == {(1,), (2,), (3,)}
    assert set(Counter(ask(folder, "crm", shared, "EMAIL"))) == {(1,)}
    devices = Counter(ask(folder, "crm", "SELECT COUNT(*) FROM devices GROUP BY device_id"))
    assert set(devices) == {(1,), (2,), (3,)}
    owned = {number for (number,) in ask(folder, "crm", "SELECT COUNT(*) FROM devices GROUP BY customer_id")}
    assert owned == {1, 2, 3, 4}


def test_the_large_shop_shares_no_phone_by_accident():
    """The ranges of made-up numbers last for the largest shop."""
    people = Counter(row[3] for row in shop.shop_rows(customers=20_000).rows["contact_points"] if row[2] == "PHONE")
    assert max(people.values()) == 3


def test_the_other_databases_know_the_customers_of_the_crm(folder):
    """Orders by customer id, tickets by a lower-case e-mail address, events by device."""
    ids = set(ask(folder, "crm", "SELECT id FROM customers"))
    emails = set(ask(folder, "crm", "SELECT match_key FROM contact_points WHERE kind = 'EMAIL'"))
    devices = set(ask(folder, "crm", "SELECT device_id FROM devices"))
    assert set(ask(folder, "orders", "SELECT DISTINCT customer_id FROM orders")) <= ids
    assert set(ask(folder, "support", "SELECT DISTINCT requester_email FROM tickets")) <= emails
    assert set(ask(folder, "behaviour", "SELECT DISTINCT device_id FROM events")) <= devices
    assert all(email == email.lower() for (email,) in emails)
    orders = set(ask(folder, "orders", "SELECT id FROM orders"))
    assert set(ask(folder, "support", "SELECT order_id FROM tickets WHERE order_id IS NOT NULL")) <= orders


def test_customers_differ_in_what_they_did(folder):
    """Some order often and some never, some complain, ratings are of all grades."""
    since = iso(shop.SHOP_CLOCK - timedelta(days=90))
    often = "SELECT COUNT(*) FROM (SELECT 1 FROM orders WHERE placed_at >= ? GROUP BY customer_id HAVING COUNT(*) >= 3)"
    assert one(folder, "orders", often, since) > 50
    assert one(folder, "orders", "SELECT COUNT(DISTINCT customer_id) FROM orders") < 1_900
    assert 40 < one(folder, "orders", "SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM orders GROUP BY customer_id)") <= 60
    assert one(folder, "support", "SELECT COUNT(*) FROM tickets WHERE kind = 'COMPLAINT' AND status IN ('NEW', 'OPEN')") > 10
    ratings = {rating for (rating,) in ask(folder, "support", "SELECT DISTINCT satisfaction FROM tickets")}
    assert ratings == {None, 1, 2, 3, 4, 5}
    kinds = {kind for (kind,) in ask(folder, "behaviour", "SELECT DISTINCT type FROM events")}
    assert kinds == {"page_view", "product_view", "cart_add", "checkout"}


@pytest.mark.parametrize(("customers", "seed"), [(3, 1), (200, 2), (2000, 1)])
def test_the_examples_are_in_every_shop(tmp_path, customers, seed):
    """The keys that the documentation shows find who it says, whatever the seed and size."""
    shop.write_shop(tmp_path, customers=customers, seed=seed)
    find = "SELECT customer_id FROM contact_points WHERE match_key = ? ORDER BY 1"
    assert ask(tmp_path, "crm", find, shop.EXAMPLE_EMAIL) == [(shop.EXAMPLE_ID,)]
    assert ask(tmp_path, "crm", find, shop.EXAMPLE_PHONE) == [(shop.EXAMPLE_ID,)]
    assert ask(tmp_path, "crm", find, shop.AMBIGUOUS_PHONE) == [("c00002",), ("c00003",)]
    member = "SELECT id FROM customers WHERE member_number = ?"
    assert ask(tmp_path, "crm", member, shop.EXAMPLE_MEMBER_NUMBER) == [(shop.EXAMPLE_ID,)]


def test_the_example_customer_has_something_in_every_domain(folder):
    """Twenty-five orders, three of the last 90 days, one open complaint, two addresses, two devices in use, a first touch."""
    name, source, lead = ask(
        folder, "crm", "SELECT name, acquisition_source, acquisition_lead_id FROM customers WHERE id = ?", shop.EXAMPLE_ID
    )[0]
    assert (name, source, lead) == ("Emma Clarke", "google", "L-00001")
    emails = ask(folder, "crm", "SELECT value FROM contact_points WHERE customer_id = 'c00001' AND kind = 'EMAIL'")
    assert emails == [("emma.clarke@example.com",), ("Emma.Clarke@Example.org",)]
    since = iso(shop.SHOP_CLOCK - timedelta(days=90))
    counts = "SELECT COUNT(*), SUM(placed_at >= ?) FROM orders WHERE customer_id = 'c00001'"
    assert ask(folder, "orders", counts, since) == [(25, 5)]
    tickets = ask(
        folder,
        "support",
        "SELECT kind, status FROM tickets WHERE requester_email IN (?, ?) ORDER BY created_at DESC",
        *(email.lower() for (email,) in emails),
    )
    assert tickets == [("COMPLAINT", "OPEN"), ("QUESTION", "SOLVED"), ("COMPLAINT", "CLOSED"), ("TASK", "CLOSED")]
    devices = ask(folder, "crm", "SELECT device_id FROM devices WHERE customer_id = 'c00001'")
    assert len(devices) == 2
    for (device,) in devices:
        assert one(folder, "behaviour", "SELECT COUNT(*) FROM events WHERE device_id = ?", device) >= 10


async def test_the_configuration_fits_the_databases(folder):
    """Every query of `shop.toml` runs, its columns are fields, and a lookup by each key answers."""
    assert await problems_of("shop.toml", sqlite_urls(folder)) == []


@pytest.mark.parametrize(
    ("database", "query"),
    [
        ("crm", "SELECT * FROM customers WHERE member_number IN ('a', 'b')"),
        ("crm", "SELECT * FROM (SELECT source || ':' || external_id AS key FROM external_ids) WHERE key IN ('a', 'b')"),
        ("crm", "SELECT * FROM contact_points WHERE kind = 'EMAIL' AND match_key IN ('a', 'b')"),
        ("crm", "SELECT * FROM contact_points WHERE customer_id IN ('a', 'b')"),
        ("crm", "SELECT * FROM devices WHERE device_id IN ('a', 'b')"),
        ("crm", "SELECT * FROM companies WHERE id IN ('a', 'b')"),
        ("crm", "SELECT * FROM companies WHERE parent_id IN ('a', 'b')"),
        ("crm", "SELECT * FROM touches WHERE customer_id IN ('a', 'b')"),
        ("orders", "SELECT * FROM orders WHERE customer_id IN ('a', 'b')"),
        ("orders", "SELECT * FROM order_items WHERE order_id IN ('a', 'b')"),
        ("support", "SELECT * FROM tickets WHERE requester_email IN ('a', 'b')"),
        ("behaviour", "SELECT * FROM events WHERE device_id IN ('a', 'b')"),
        ("webshop", "SELECT * FROM accounts WHERE email IN ('a', 'b')"),
        ("webshop", "SELECT * FROM accounts WHERE phone IN ('a', 'b')"),
        ("loyalty", "SELECT * FROM members WHERE member_number IN ('a', 'b')"),
        ("webshop", "SELECT * FROM social_accounts WHERE account_id IN ('a', 'b')"),
        ("webshop", "SELECT * FROM subscriptions WHERE account_id IN ('a', 'b')"),
        ("loyalty", "SELECT * FROM members WHERE email IN ('a', 'b')"),
        ("loyalty", "SELECT * FROM consents WHERE card IN ('a', 'b')"),
        ("loyalty", "SELECT * FROM surveys WHERE card IN ('a', 'b')"),
    ],
)
def test_every_key_has_an_index(folder, database, query):
    """A lookup searches an index and scans no table."""
    plan = " ".join(detail for *_, detail in ask(folder, database, f"EXPLAIN QUERY PLAN {query}"))
    assert "USING INDEX" in plan
    assert "SCAN" not in plan
