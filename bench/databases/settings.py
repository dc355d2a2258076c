"""What a user would write for the shop: all four records from one database, found by the customer's id."""

from pathlib import Path

MONGO_DATABASE = "bench_shop"
_TOP = """\
environment = "production"
deadline_ms = 20_000
clock.pinned = "2026-01-01T00:00:00Z"  # a little after the last of the records
"""
_STORE = """
[mongodb]
uri = "{uri}"
"""
_SQL = """
[sources.shop]
kind = "sql"
url = "{url}"

[sources.shop.records.customer]
query = '''SELECT id, name, email, phone, member_number, created_at, address_line, postal_code AS address_postal_code,
  city AS address_city, country AS address_country FROM customers'''
keys = {{ customer_id = "id", email = "email", member_number = "member_number" }}

[sources.shop.records.order]
query = "SELECT id, customer_id, placed_at, status, total AS total_amount, currency AS total_currency FROM orders"
keys.customer_id = "customer_id"
lists.items.query = '''SELECT order_id AS parent, position, sku, name, category, quantity, unit_price AS unit_price_amount,
  currency AS unit_price_currency FROM order_items'''

[sources.shop.records.ticket]
query = "SELECT id, customer_id, created_at, subject, status, priority FROM tickets"
keys.customer_id = "customer_id"
lists.messages.query = "SELECT ticket_id AS parent, position, author, body, at FROM messages"

[sources.shop.records.event]
query = "SELECT id, customer_id, at, type, page FROM events"
keys.customer_id = "customer_id"
"""
_MONGO = """
[sources.shop]
kind = "mongo"
url = "{url}"
database = "{database}"
records.customer = {{ collection = "customers", keys = {{ customer_id = "_id", email = "email" }} }}
records.order = {{ collection = "orders", keys = {{ customer_id = "customerId" }} }}
records.ticket = {{ collection = "tickets", keys = {{ customer_id = "customerId" }} }}
records.event = {{ collection = "events", keys = {{ customer_id = "customerId" }} }}
"""


def write_sql_settings(path: Path, url: str, *, store: str | None = None) -> Path:
    """Settings of the `sql` kind; with `store`, the connection string of a MongoDB, it keeps tags there."""
    tags = _STORE.format(uri=store) if store else ""
    path.write_text(_TOP + tags + _SQL.format(url=url.replace("postgresql://", "postgresql+asyncpg://")))
    return path


def write_mongo_settings(path: Path, url: str) -> Path:
    """Settings of the `mongo` kind."""
    path.write_text(_TOP + _MONGO.format(url=url, database=MONGO_DATABASE))
    return path
