"""The buyers of the published Olist files in a SQL source: a person is one customer, with all his orders."""

import sqlite3
from pathlib import Path

from tests.support.published_data import published_rows
from tests.support.scored_shop import write_scored_shop

TAGS = """
defaults: {owner: crm-team, category: VALUE, ttl: 1d, version: 1}
facts:
  orders: &bought {label: Orders ever, record: order, measure: count, except: {status: [CANCELLED, RETURNED]}}
  spend: {<<: *bought, label: Spend ever, measure: sum, field: total, currency: BRL}
  gap: {<<: *bought, label: Days since the last order, measure: last, field: placed_at, as: days_ago}
  age: {<<: *bought, label: Days since the first order, measure: first, field: placed_at, as: days_ago}
scores:
  r_score: {label: Recency score, quantile_of: gap, reversed: true}
  f_score: {label: Frequency score, quantile_of: orders, positive: true}
  m_score: {label: Money score, quantile_of: spend, positive: true}
  risk: {label: No order soon, model: mbg_nbd, gives: no_order, frequency: orders, recency: gap, age: age, horizon: 90d}
  basket: {label: Expected order, model: gamma_gamma, frequency: orders, spend: spend}
tags:
  best:
    label: Best
    description: Whether the customer has bought lately and much.
    words: YES for the best fifth by recency and by money, else NO; no tag without an order.
    expression: "r_score == null || m_score == null ? null : r_score == 5 && m_score == 5 ? 'YES' : 'NO'"
  frequent:
    label: Frequent
    description: Whether the customer buys often.
    words: YES for the best fifth by frequency, else NO; no tag without an order.
    expression: "f_score == null ? null : f_score == 5 ? 'YES' : 'NO'"
  leaving:
    label: Leaving
    description: Whether the customer is likely to buy nothing.
    words: By the probability of no order and the value of one.
    expression: "orders == 0 || basket == null ? null : risk > 0.9 && basket > 100.0 ? 'YES' : 'NO'"
"""
FOLDER = "olist_15k"


def write_buyers(folder: Path) -> Path:
    """Write 14,904 people and their orders, with tags and settings, and give the settings."""
    people = {row["customer_id"]: row["customer_unique_id"] for row in published_rows(FOLDER, "olist_customers_dataset.csv.gz")}
    paid: dict[str, float] = {}
    for row in published_rows(FOLDER, "olist_order_payments_dataset.csv.gz"):
        paid[row["order_id"]] = paid.get(row["order_id"], 0.0) + float(row["payment_value"])
    orders = [
        (
            row["order_id"],
            people[row["customer_id"]],
            f"{row['order_purchase_timestamp'].replace(' ', 'T')}Z",
            "CANCELLED" if row["order_status"] in ("canceled", "unavailable") else "DELIVERED",
            f"{paid.get(row['order_id'], 0.0):.2f}",
        )
        for row in published_rows(FOLDER, "olist_orders_dataset.csv.gz")
    ]
    database = sqlite3.connect(folder / "shop.db")
    with database:
        database.execute("CREATE TABLE customers (id TEXT PRIMARY KEY)")
        columns = "id TEXT PRIMARY KEY, customer_id TEXT, placed_at TEXT, status TEXT, total_amount TEXT"
        database.execute(f"CREATE TABLE orders ({columns})")
        database.execute("CREATE INDEX by_customer ON orders (customer_id)")
        database.executemany("INSERT INTO customers VALUES (?)", [(id_,) for id_ in sorted({*people.values()})])
        database.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", orders)
    database.close()
    (folder / "tags.yaml").write_text(TAGS, "utf-8")
    return write_scored_shop(folder, pinned="2018-09-03T00:00:00Z", currency="BRL", columns=" status,")
