"""The buyers of the published Olist files with items, payments, freight and reviews, as a retailer's sources would give them.

The files stand as they are in tables of their own names (`raw_orders` and so on), for SQL by hand to be compared with.
"""

import sqlite3
from pathlib import Path

from tests.support.published_data import published_rows

FOLDER = "olist_15k"
PINNED = "2018-09-03T00:00:00Z"

_FILES = {
    "raw_customers": ("olist_customers_dataset.csv.gz", ("customer_id", "customer_unique_id")),
    "raw_orders": (
        "olist_orders_dataset.csv.gz",
        ("order_id", "customer_id", "order_status", "order_purchase_timestamp", "order_delivered_customer_date"),
    ),
    "raw_items": ("olist_order_items_dataset.csv.gz", ("order_id", "product_id", "price", "freight_value")),
    "raw_payments": (
        "olist_order_payments_dataset.csv.gz",
        ("order_id", "payment_type", "payment_installments", "payment_value"),
    ),
    "raw_reviews": ("olist_order_reviews_dataset.csv.gz", ("review_id", "order_id", "review_score", "review_creation_date")),
    "raw_products": ("olist_products_dataset.csv.gz", ("product_id", "product_category_name")),
}

_SHOP = """
CREATE INDEX raw_customers_id ON raw_customers (customer_id);
CREATE INDEX raw_orders_id ON raw_orders (order_id);
CREATE INDEX raw_orders_customer ON raw_orders (customer_id);
CREATE INDEX raw_items_order ON raw_items (order_id);
CREATE INDEX raw_payments_order ON raw_payments (order_id);
CREATE INDEX raw_products_id ON raw_products (product_id);
CREATE TABLE customers AS SELECT DISTINCT customer_unique_id AS id FROM raw_customers;
CREATE TABLE orders AS
  SELECT o.order_id AS id, c.customer_unique_id AS customer_id,
    replace(o.order_purchase_timestamp, ' ', 'T') || 'Z' AS placed_at,
    CASE o.order_status WHEN 'delivered' THEN 'DELIVERED' WHEN 'shipped' THEN 'SHIPPED' WHEN 'approved' THEN 'CONFIRMED'
      WHEN 'created' THEN 'PENDING' WHEN 'canceled' THEN 'CANCELLED' WHEN 'unavailable' THEN 'CANCELLED'
      ELSE 'PROCESSING' END AS status,
    round(coalesce(i.price, 0) + coalesce(i.freight, 0), 2) AS total_amount, round(i.freight, 2) AS shipping_amount
  FROM raw_orders o JOIN raw_customers c ON c.customer_id = o.customer_id
  LEFT JOIN (SELECT order_id, sum(price) AS price, sum(freight_value) AS freight FROM raw_items GROUP BY order_id) i
    ON i.order_id = o.order_id;
CREATE TABLE items AS
  SELECT i.order_id, i.product_id, nullif(p.product_category_name, '') AS category, i.price, count(*) AS quantity
  FROM raw_items i LEFT JOIN raw_products p ON p.product_id = i.product_id GROUP BY i.order_id, i.product_id, i.price;
CREATE TABLE payments AS SELECT order_id, payment_type, payment_installments AS installments, payment_value FROM raw_payments;
CREATE TABLE reviews AS
  SELECT r.review_id || '-' || r.order_id AS id, c.customer_unique_id AS customer_id, r.order_id, r.review_score,
    replace(r.review_creation_date, ' ', 'T') || 'Z' AS created_at
  FROM raw_reviews r JOIN raw_orders o ON o.order_id = r.order_id JOIN raw_customers c ON c.customer_id = o.customer_id;
CREATE UNIQUE INDEX customers_id ON customers (id);
CREATE INDEX orders_customer ON orders (customer_id, placed_at);
CREATE INDEX items_order ON items (order_id);
CREATE INDEX payments_order ON payments (order_id);
CREATE INDEX reviews_customer ON reviews (customer_id, created_at);
"""

_SETTINGS = """
[clock]
pinned = "{pinned}"
[tags]
file = "tags.yaml"
[sources.shop]
kind = "sql"
url = "sqlite+aiosqlite:///{path}"
[sources.shop.records.customer]
query = "SELECT id, 'PERSON' AS kind FROM customers"
keys = {{ customer_id = "id" }}
[sources.shop.records.order]
query = '''SELECT id, customer_id, placed_at, status, total_amount, 'BRL' AS total_currency,
  shipping_amount, 'BRL' AS shipping_currency FROM orders'''
keys = {{ customer_id = "customer_id" }}
[sources.shop.records.order.lists.items]
query = '''SELECT order_id AS parent, product_id AS sku, category,
  quantity, price AS unit_price_amount, 'BRL' AS unit_price_currency FROM items'''
[sources.shop.records.order.lists.payments]
query = '''SELECT order_id AS parent,
  CASE payment_type WHEN 'boleto' THEN 'BANK_TRANSFER' WHEN 'voucher' THEN 'VOUCHER' ELSE 'CARD' END AS method,
  payment_value AS amount_amount, 'BRL' AS amount_currency, installments FROM payments'''
[sources.reviews]
kind = "sql"
url = "sqlite+aiosqlite:///{path}"
[sources.reviews.records.ticket]
query = '''SELECT id, customer_id, created_at, 'REVIEW' AS kind, 'CLOSED' AS status,
  review_score AS satisfaction, order_id FROM reviews'''
keys = {{ customer_id = "customer_id" }}
"""


def write_retail(folder: Path) -> Path:
    """Write the raw tables, what the sources read, the pack and the settings, and give the settings."""
    with sqlite3.connect(folder / "shop.db") as database:
        for table, (file, columns) in _FILES.items():
            numbers = ("price", "freight_value", "payment_value", "payment_installments", "review_score")
            types = ", ".join(f"{name} {'NUMERIC' if name in numbers else 'TEXT'}" for name in columns)
            database.execute(f"CREATE TABLE {table} ({types})")
            rows = [[row[name] for name in columns] for row in published_rows(FOLDER, file)]
            database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", rows)
        database.executescript(_SHOP)
    (folder / "tags.yaml").write_text("include: [retail]\n", "utf-8")
    path = folder / "gateway.toml"
    path.write_text(_SETTINGS.format(pinned=PINNED, path=folder / "shop.db"), "utf-8")
    return path
