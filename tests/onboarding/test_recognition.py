"""What is recognised in schemas of many shapes, and what is only asked."""

from pathlib import Path

import pytest

from connectors.sql.catalogue_reader import SqlCatalogueReader
from gateway.onboarding.proposal import Confidence, RecordProposal, SourceProposal
from gateway.onboarding.source_recognition import RecognitionOptions, recognise_source
from tests.support.script_database import new_sqlite, run_script

SHOP = (
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT UNIQUE, created_at TIMESTAMP)",
    (
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), status TEXT,"
        " placed_at TIMESTAMP, total DECIMAL(10, 2), currency TEXT)"
    ),
    (
        "CREATE TABLE order_items (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id), sku TEXT, quantity INTEGER,"
        " price DECIMAL(10, 2))"
    ),
    (
        "INSERT INTO customers VALUES (1, 'Ana', 'Meyer', 'ana@example.com', '2026-01-01 10:00:00'),"
        " (2, 'Bo', 'Li', 'bo@example.com', '2026-01-02 10:00:00')"
    ),
    (
        "INSERT INTO orders VALUES (1, 1, 'paid', '2026-02-01 10:00:00', 20.00, 'EUR'),"
        " (2, 2, 'shipped', '2026-02-02 10:00:00', 5.00, 'EUR'), (3, 1, 'strange', '2026-02-03 10:00:00', 5.00, 'EUR')"
    ),
    "INSERT INTO order_items VALUES (1, 1, 'S1', 2, 10.00), (2, 2, 'S2', 1, 5.00), (3, 3, 'S2', 1, 5.00)",
)


async def recognise(folder: Path, *script: str, currency: str | None = None) -> SourceProposal:
    """Recognise what is in a database that the script fills."""
    url = new_sqlite(folder)
    await run_script(url, *script)
    reader = SqlCatalogueReader(url)
    try:
        catalogue = await reader.read_catalogue()
        return (await recognise_source(catalogue, reader, "shop", RecognitionOptions(currency)))[1]
    finally:
        await reader.aclose()


def columns_of(record: RecordProposal | None) -> dict[str, str]:
    """Name the columns that run, by the fields that they are."""
    assert record is not None
    return {
        field.field: field.reached.column.name if field.reached else f"={field.constant or field.form}"
        for field in record.fields
        if field.confidence is not Confidence.UNSURE
    }


async def test_a_plain_shop_is_recognised(tmp_path: Path) -> None:
    """Customers, orders and items are found, with keys, words and currencies; nothing is asked but the zone of times."""
    proposal = await recognise(tmp_path, *SHOP)
    customer, order = proposal.record("customer"), proposal.record("order")
    assert columns_of(customer) == {
        "id": "id",
        "kind": "=PERSON",
        "name": "=joined",
        "given_name": "first_name",
        "family_name": "last_name",
        "email": "email",
        "created_at": "created_at",
    }
    assert columns_of(order) == {
        "id": "id",
        "customer_id": "customer_id",
        "placed_at": "placed_at",
        "status": "status",
        "total_amount": "total",
        "total_currency": "currency",
    }
    assert order is not None
    assert (order.confidence, [key.kind for key in order.keys]) == (Confidence.SURE, ["customer_id", "order_id"])
    status = order.field("status")
    assert status is not None
    assert (status.words, status.unmapped) == ({"paid": "CONFIRMED", "shipped": "SHIPPED"}, {"strange": 1})
    (items,) = order.lists
    assert {field.field for field in items.fields} == {"sku", "quantity", "unit_price_amount", "unit_price_currency"}
    assert list(proposal.questions) == ["Times without a zone are taken as UTC: customers, orders."]


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("employees (id INTEGER PRIMARY KEY, name TEXT, email TEXT)", "staff by name"),
        ("suppliers (id INTEGER PRIMARY KEY, company_name TEXT, phone TEXT)", "those who sell to the company"),
        ("users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, password TEXT, role TEXT)", "users who log in, without orders"),
    ],
)
async def test_staff_are_no_customers(tmp_path: Path, table: str, why: str) -> None:
    """Employees, suppliers and users without orders never run as customers."""
    name = table.split()[0]
    proposal = await recognise(
        tmp_path,
        f"CREATE TABLE {table}",
        f"CREATE TABLE notes (id INTEGER PRIMARY KEY, owner_id INTEGER REFERENCES {name} (id), at TIMESTAMP)",
    )
    assert proposal.record("customer") is None, why


async def test_rentals_and_payments_are_never_orders(tmp_path: Path) -> None:
    """What has no lines is not silently an order."""
    proposal = await recognise(
        tmp_path,
        SHOP[0],
        SHOP[3],
        "CREATE TABLE rentals (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), rental_date TIMESTAMP,"
        " status TEXT, amount DECIMAL(10, 2))",
        "CREATE TABLE payments (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), date TIMESTAMP,"
        " amount DECIMAL(10, 2))",
        currency="EUR",
    )
    assert proposal.record("customer") is not None
    assert proposal.record("order") is None


async def test_amounts_without_a_currency_are_comments(tmp_path: Path) -> None:
    """A currency is never guessed: amounts wait for one, and the first question says so. `--currency` gives it."""
    script = [statement.replace(", currency TEXT", "").replace(", 'EUR'", "") for statement in SHOP]
    proposal = await recognise(tmp_path, *script)
    assert not {"total_amount", "total_currency"} & columns_of(proposal.record("order")).keys()
    assert "--currency" in proposal.questions[0]
    (tmp_path / "own.db").unlink()
    proposal = await recognise(tmp_path, *script, currency="CHF")
    assert columns_of(proposal.record("order"))["total_currency"] == "=CHF"


async def test_references_are_found_by_name_and_data(tmp_path: Path) -> None:
    """Without declared keys, `customer_id` refers to `customers.id` where the values are there, and to nothing where not."""
    script = [statement.replace(" REFERENCES customers (id)", "").replace(" REFERENCES orders (id)", "") for statement in SHOP]
    proposal = await recognise(tmp_path, *script)
    order = proposal.record("order")
    assert order is not None
    field = order.field("customer_id")
    assert field is not None
    assert field.confidence is Confidence.LIKELY
    (tmp_path / "own.db").unlink()
    numbers = "WITH RECURSIVE n (i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 60)"
    many = f"INSERT INTO customers (id) {numbers} SELECT i FROM n"
    proposal = await recognise(tmp_path, *script, many, "UPDATE orders SET customer_id = id + 1000")
    assert proposal.record("order") is None


async def test_two_customers_of_an_order_are_asked_about(tmp_path: Path) -> None:
    """An order with a buyer and a payer, named alike, says not whose it is."""
    script = [statement.replace("customer_id INTEGER REFERENCES customers (id)", "{}") for statement in SHOP]
    columns = "buyer_id INTEGER REFERENCES customers (id), client_id INTEGER REFERENCES customers (id)"
    script = [statement.replace("{}", columns).replace("(1, 1, 'paid'", "(1, 1, 1, 'paid'") for statement in script]
    script = [statement.replace("(2, 2, 'sh", "(2, 2, 2, 'sh").replace("(3, 1, 'str", "(3, 1, 1, 'str") for statement in script]
    proposal = await recognise(tmp_path, *script)
    assert proposal.record("order") is None
    assert any("buyer_id or client_id" in question for question in proposal.questions)


async def test_contacts_of_companies_are_the_customers(tmp_path: Path) -> None:
    """Where people point to companies, the people are customers and the companies their accounts."""
    proposal = await recognise(
        tmp_path,
        "CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT, industry TEXT, phone TEXT)",
        "CREATE TABLE contacts (id INTEGER PRIMARY KEY, account_id INTEGER REFERENCES accounts (id), name TEXT, email TEXT)",
        "CREATE TABLE deals (id INTEGER PRIMARY KEY, account_id INTEGER REFERENCES accounts (id), created_at TIMESTAMP)",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, account_id INTEGER REFERENCES accounts (id), order_date TIMESTAMP)",
        "INSERT INTO accounts VALUES (1, 'Meyer AG', 'Steel', '+442079460001'), (2, 'Li GmbH', 'Tea', '+442079460002')",
        "INSERT INTO contacts VALUES (1, 1, 'Ana', 'ana@example.com'), (2, 2, 'Bo', 'bo@example.com')",
    )
    customer, account = proposal.record("customer"), proposal.record("account")
    assert customer is not None
    assert account is not None
    assert (customer.table, account.table) == ("contacts", "accounts")
    assert columns_of(customer)["company_account"] == "account_id"


async def test_without_customers_nothing_runs(tmp_path: Path) -> None:
    """Where two tables may be the customers, what points to one of them is a comment, too."""
    people = "(id INTEGER PRIMARY KEY, name TEXT, email TEXT)"
    proposal = await recognise(
        tmp_path,
        f"CREATE TABLE clients {people}",
        f"CREATE TABLE buyers {people}",
        *(f"INSERT INTO {table} VALUES (1, 'Ana M', 'ana@example.com')" for table in ("clients", "buyers")),
        *(f"INSERT INTO {table} VALUES (2, 'Bo L', 'bo@example.com')" for table in ("clients", "buyers")),
        "CREATE TABLE tickets (id INTEGER PRIMARY KEY, client_id INTEGER REFERENCES clients (id), buyer_id INTEGER"
        " REFERENCES buyers (id), subject TEXT, status TEXT, created_at TIMESTAMP)",
        "INSERT INTO tickets VALUES (1, 1, 1, 'Late parcel', 'open', '2026-01-01 10:00:00')",
    )
    assert [own.record for own in proposal.records if own.confidence is not Confidence.UNSURE] == []
    assert "customer from buyers: or clients?" in proposal.questions
