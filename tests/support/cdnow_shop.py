"""The published customers of CDNOW in a SQL source, with settings and scores over them."""

import sqlite3
from pathlib import Path

from tests.support.published_data import published_text
from tests.support.scored_shop import write_scored_shop

TAGS = """
defaults: {owner: crm-team, category: LIFECYCLE, ttl: 1d, version: 1}
facts:
  orders: {label: Days with an order, record: order, measure: distinct, field: placed_at, as: day}
  spend: {label: Spend ever, record: order, measure: sum, field: total, currency: USD}
  gap: {label: Days since the last order, record: order, measure: last, field: placed_at, as: days_ago}
  age: {label: Days since the first order, record: order, measure: first, field: placed_at, as: days_ago}
scores:
  risk_39w: &buys
    label: No order in 39 weeks
    model: bg_nbd
    gives: no_order
    frequency: orders
    recency: gap
    age: age
    horizon: 273d
  risk_mbg: {<<: *buys, label: The same by MBG/NBD, model: mbg_nbd}
  orders_39w: {<<: *buys, label: Orders in 39 weeks, gives: expected_orders}
  alive: {label: Is a customer still, model: mbg_nbd, gives: alive, frequency: orders, recency: gap, age: age}
  basket: {label: Expected order, model: gamma_gamma, frequency: orders, spend: spend}
tags:
  risk:
    label: Risk
    description: The probability of no order within 39 weeks.
    words: The probability by BG/NBD; no tag without an order.
    expression: "orders == 0 ? null : risk_39w"
  others:
    label: Others
    description: All other scores in one, so that each is read.
    words: A sum of scores.
    expression: "orders == 0 || basket == null ? null : risk_mbg + orders_39w + alive + basket"
"""
AT = "1997-09-30T23:59:59Z"
"""The end of the 39 weeks that the literature fits, after their last orders: days ago are then those of its tables."""
ENDS = "1998-06-30T23:59:59Z"


def write_cdnow(folder: Path) -> None:
    """Write the sample of 2,357 customers with all transactions, of which a day may have several, and the file of tags."""
    orders: list[tuple[str, str, str]] = []
    for line in published_text("cdnow", "CDNOW_sample.txt.gz").splitlines():
        _, customer, day, _, amount = line.split()
        orders.append((customer, f"{day[:4]}-{day[4:6]}-{day[6:]}T00:00:00Z", amount))
    with sqlite3.connect(folder / "shop.db") as database:
        database.execute("CREATE TABLE customers (id TEXT PRIMARY KEY)")
        database.execute("CREATE TABLE orders (id TEXT PRIMARY KEY, customer_id TEXT, placed_at TEXT, total_amount TEXT)")
        database.execute("CREATE INDEX by_customer ON orders (customer_id)")
        database.executemany("INSERT INTO customers VALUES (?)", sorted({(customer,) for customer, _, _ in orders}))
        database.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?)",
            [(f"{own[0]}-{number}", *own) for number, own in enumerate(orders)],
        )
    database.close()
    (folder / "tags.yaml").write_text(TAGS, "utf-8")


def write_settings(folder: Path, *, pinned: str = ENDS, calibration: str | None = None) -> Path:
    """Write the settings of a gateway over them."""
    return write_scored_shop(folder, pinned=pinned, currency="USD", calibration=calibration)
