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
            " status TEXT, total DECIMAL(9, 2), number INTEGER, order_number INTEGER, source_name TEXT, po_number TEXT)"
        ),
        ROWS,
        rows_of("orders", "{n}", "{n}", "'2025-01-{n:02d} 10:00:00'", "'paid'", "9.5", "{n}", "{n} + 1000", "'web'", "'PO{n}'"),
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


async def test_a_title_of_several_words_is_a_job(tmp_path: Path) -> None:
    """`Head of sales` is a job; `Dr` is none, nor `Herr Dr`."""
    told = []
    for number, title in enumerate(("Head of sales", "Dr", "Herr Dr")):
        folder = tmp_path / str(number)
        folder.mkdir()
        proposal = await recognise(
            folder,
            "CREATE TABLE contacts (id INTEGER PRIMARY KEY, email TEXT, name TEXT, title TEXT)",
            rows_of("contacts", "{n}", "'u{n}@example.com'", "'U'", f"'{title}'"),
        )
        told.append(columns_of(proposal.record("customer")).get("job_title"))
    assert told == ["title", None, None]


async def test_one_address_of_a_whole_table_is_a_key(tmp_path: Path) -> None:
    """Where the whole table has one address, nobody shares it; two people with the same one make it no key."""
    told = []
    for number, other in enumerate(("NULL", "'a@example.com'")):
        folder = tmp_path / str(number)
        folder.mkdir()
        proposal = await recognise(
            folder,
            "CREATE TABLE contacts (id INTEGER PRIMARY KEY, email TEXT, name TEXT)",
            f"INSERT INTO contacts VALUES (1, 'a@example.com', 'A'), (2, {other}, 'B')",
        )
        customers = proposal.record("customer")
        assert customers is not None
        told.append([own.kind for own in customers.keys if own.kind == "email"])
    assert told == [["email"], []]


async def test_unread_tables_are_named_with_their_reason(tmp_path: Path) -> None:
    """All tables that no record reads are named, and a key of several columns is the reason of those that have one."""
    proposal = await recognise(
        tmp_path,
        PEOPLE,
        "CREATE TABLE weather (id INTEGER PRIMARY KEY, rain INTEGER)",
        "CREATE TABLE prices (shop INTEGER, day TEXT, price DECIMAL(9, 2), PRIMARY KEY (shop, day))",
        ROWS,
    )
    assert proposal.unread == ["prices (its key has 2 columns, shop, day: a record needs one)", "weather"]


async def test_a_gift_is_not_the_product_of_its_line(tmp_path: Path) -> None:
    """Of a variant and something else the product is not known."""
    proposal = await recognise(
        tmp_path,
        PEOPLE,
        "CREATE TABLE products (id INTEGER PRIMARY KEY, title TEXT)",
        "CREATE TABLE product_variants (id INTEGER PRIMARY KEY, product_id INTEGER REFERENCES products (id), size TEXT)",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), placed_at TIMESTAMP)",
        (
            "CREATE TABLE order_items (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id), quantity INTEGER,"
            " price DECIMAL(9, 2), variant_id INTEGER REFERENCES product_variants (id),"
            " gift_id INTEGER REFERENCES products (id))"
        ),
        ROWS,
        rows_of("products", "{n}", "'P {n}'"),
        rows_of("product_variants", "{n}", "{n}", "'L'"),
        rows_of("orders", "{n}", "{n}", "'2025-01-{n:02d} 10:00:00'"),
        rows_of("order_items", "{n}", "{n}", "1", "2.5", "{n}", "{n}"),
        currency="EUR",
    )
    order = proposal.record("order")
    assert order is not None
    (items,) = [own for own in order.lists if own.name == "items"]
    running = {own.field for own in items.fields if own.confidence is not Confidence.UNSURE}
    assert running.isdisjoint({"product_id", "name"}), running


async def test_an_amount_of_the_buyer_is_not_in_the_currency_of_the_shop(tmp_path: Path) -> None:
    proposal = await recognise(
        tmp_path,
        PEOPLE,
        (
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), placed_at TIMESTAMP,"
            " status TEXT, total_presentment_amount DECIMAL(9, 2), currency TEXT, presentment_currency TEXT)"
        ),
        ROWS,
        rows_of("orders", "{n}", "{n}", "'2025-01-{n:02d} 10:00:00'", "'paid'", "9001", "'USD'", "'JPY'"),
    )
    order = proposal.record("order")
    assert order is not None
    running = {own.field for own in order.fields if own.confidence is not Confidence.UNSURE}
    assert running.isdisjoint({"total_amount", "total_currency"}), running
