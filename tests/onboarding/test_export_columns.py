"""Columns as exports of vendors call them: amounts in two currencies, numbers that are there twice."""

from pathlib import Path

from gateway.onboarding.proposal import Confidence
from tests.onboarding.test_other_schemas import rows_of
from tests.onboarding.test_recognition import columns_of, recognise

PEOPLE = "CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT)"
ROWS = rows_of("customers", "{n}", "'u{n}@example.com'", "'U'")


async def test_an_amount_has_the_currency_beside_it(tmp_path: Path) -> None:
    """Of amounts that are stored twice the seller's is taken, with the currency that is called as it is."""
    proposal = await recognise(
        tmp_path,
        PEOPLE,
        (
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), placed_at TIMESTAMP,"
            " status TEXT, grand_total_bag_pres_amount DECIMAL(9, 2), grand_total_bag_pres_currency_code TEXT,"
            " grand_total_bag_store_amount DECIMAL(9, 2), grand_total_bag_store_currency_code TEXT,"
            " tax_amount DECIMAL(9, 2), currency TEXT)"
        ),
        ROWS,
        rows_of("orders", "{n}", "{n}", "'2025-01-{n:02d} 10:00:00'", "'paid'", "9.5", "'CAD'", "8.5", "'USD'", "1.5", "'EUR'"),
    )
    columns = columns_of(proposal.record("order"))
    assert columns["total_amount"] == "grand_total_bag_store_amount"
    assert columns["total_currency"] == "grand_total_bag_store_currency_code"
    assert (columns["tax_amount"], columns["tax_currency"]) == ("tax_amount", "currency")


async def test_the_more_telling_number_is_taken(tmp_path: Path) -> None:
    """`order_number` says more than `number`; where an order came in is its channel."""
    proposal = await recognise(
        tmp_path,
        PEOPLE,
        (
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), placed_at TIMESTAMP,"
            " status TEXT, total DECIMAL(9, 2), number INTEGER, order_number INTEGER, source_name TEXT)"
        ),
        ROWS,
        rows_of("orders", "{n}", "{n}", "'2025-01-{n:02d} 10:00:00'", "'paid'", "9.5", "{n}", "{n} + 1000", "'web'"),
        currency="EUR",
    )
    columns = columns_of(proposal.record("order"))
    assert (columns["number"], columns["channel"]) == ("order_number", "source_name")


async def test_a_line_has_the_product_of_its_variant(tmp_path: Path) -> None:
    """A line that points to a product and to a variant of it has the product's id."""
    proposal = await recognise(
        tmp_path,
        PEOPLE,
        "CREATE TABLE products (id INTEGER PRIMARY KEY, title TEXT)",
        "CREATE TABLE variants (id INTEGER PRIMARY KEY, product_id INTEGER REFERENCES products (id), size TEXT)",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), placed_at TIMESTAMP)",
        (
            "CREATE TABLE order_items (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id), quantity INTEGER,"
            " price DECIMAL(9, 2), variant_id INTEGER REFERENCES variants (id), product_id INTEGER REFERENCES products (id))"
        ),
        ROWS,
        rows_of("products", "{n}", "'P {n}'"),
        rows_of("variants", "{n}", "{n}", "'L'"),
        rows_of("orders", "{n}", "{n}", "'2025-01-{n:02d} 10:00:00'"),
        rows_of("order_items", "{n}", "{n}", "1", "2.5", "{n}", "{n}"),
        currency="EUR",
    )
    orders = proposal.record("order")
    assert orders is not None
    fields = {own.field: own.reached for own in orders.lists[0].fields}
    assert fields["product_id"] is not None
    assert fields["product_id"].column.name == "product_id"


async def test_events_of_an_order_are_asked_about(tmp_path: Path) -> None:
    """What happened to a parcel is nothing that the customer did."""
    proposal = await recognise(
        tmp_path,
        PEOPLE,
        (
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), placed_at TIMESTAMP,"
            " status TEXT, total DECIMAL(9, 2))"
        ),
        "CREATE TABLE parcel_events (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id), at TIMESTAMP, type TEXT)",
        ROWS,
        rows_of("orders", "{n}", "{n}", "'2025-01-{n:02d} 10:00:00'", "'paid'", "9.5"),
        rows_of("parcel_events", "{n}", "{n}", "'2025-01-{n:02d} 10:00:00'", "'moved'"),
        currency="EUR",
    )
    events = [own for own in proposal.records if own.record == "event"]
    assert [(own.confidence, own.note) for own in events] == [(Confidence.UNSURE, "of the order, or of the customer?")]
