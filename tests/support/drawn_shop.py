"""Customers whose orders are drawn by a known story, in a SQL source."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from tests.support.scored_shop import write_scored_shop

BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
TAGS = """
defaults: {owner: crm-team, category: LIFECYCLE, ttl: 1d, version: 1}
facts:
  orders: {label: Orders ever, record: order, measure: count}
  orders_180d: {label: Orders in the last 180 days, record: order, measure: count, window: 180d}
  spend: {label: Spend ever, record: order, measure: sum, field: total, currency: EUR}
  gap: {label: Days since the last order, record: order, measure: last, field: placed_at, as: days_ago}
  age: {label: Days since the first order, record: order, measure: first, field: placed_at, as: days_ago}
scores:
  r_score: {label: Recency score, quantile_of: gap, reversed: true}
  f_score: {label: Frequency score, quantile_of: orders}
  m_score: {label: Money score, quantile_of: spend, positive: true}
  risk: {label: No order soon, model: mbg_nbd, gives: no_order, frequency: orders, recency: gap, age: age, horizon: 180d}
  basket: {label: Expected order, model: gamma_gamma, frequency: orders, spend: spend}
  churn: {label: No order in 180 days by points, scorecard: churn, gives: probability}
scorecards:
  churn: {no_more: orders, within: 180d, facts: [gap, orders_180d, age]}
tags:
  all:
    label: All
    description: All scores.
    words: All of them.
    expression: >-
      orders == 0 ? null : r_score == 5 ? 'R' : f_score == 5 ? 'F' : m_score != null && m_score == 5 ? 'M'
      : risk > 0.5 ? 'L' : basket != null && basket > 100.0 ? 'B' : churn > 0.5 ? 'C' : 'N'
"""

Order = tuple[str, str, datetime, float]
"""Its id, customer, time and value."""


def draw_orders(count: int, until: datetime, seed: int = 7, *, repeats: float = 1.0) -> list[Order]:
    """Draw customers who begin in the first year, buy at rates of their own (times `repeats`), and stop after an order."""
    random = Random(seed)
    orders: list[Order] = []
    for number in range(count):
        rate = random.gammavariate(1.2, 1 / 60) * repeats
        stops, mean = random.betavariate(1, 4), random.gammavariate(4, 15)
        at, customer = BEGAN + timedelta(days=random.uniform(0, 365)), f"c{number:05}"
        while at < until:
            orders.append((f"o{len(orders):06}", customer, at, round(random.gammavariate(5, mean / 5) + 0.01, 2)))
            if random.random() < stops:
                break
            at += timedelta(days=min(random.expovariate(rate), 10_000) + 0.01)
    return orders


def write_shop(folder: Path, orders: Sequence[Order], pinned: datetime, *, more: Iterable[str] = (), tags: str = TAGS) -> Path:
    """Write a shop with its tags and settings, and give the settings. `more` customers have no order."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shop.db").unlink(missing_ok=True)
    database = sqlite3.connect(folder / "shop.db")
    with database:
        database.execute("CREATE TABLE customers (id TEXT PRIMARY KEY)")
        database.execute("CREATE TABLE orders (id TEXT PRIMARY KEY, customer_id TEXT, placed_at TEXT, total_amount TEXT)")
        database.execute("CREATE INDEX by_customer ON orders (customer_id)")
        ids = sorted({own[1] for own in orders} | {*more})
        database.executemany("INSERT INTO customers VALUES (?)", [(id_,) for id_ in ids])
    database.close()
    add_orders(folder, orders)
    (folder / "tags.yaml").write_text(tags, "utf-8")
    return write_scored_shop(folder, pinned=f"{pinned:%Y-%m-%dT%H:%M:%SZ}", currency="EUR")


def add_orders(folder: Path, orders: Iterable[Order]) -> None:
    """Add orders to a shop."""
    database = sqlite3.connect(folder / "shop.db")
    with database:
        rows = [(id_, customer, f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{value:.2f}") for id_, customer, at, value in orders]
        database.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
    database.close()
