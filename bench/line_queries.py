"""What is asked about the lines of baskets: a user's queries, and the same by hand."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from connectors.contract import Condition, Measure, MeasureOp

YEAR, QUARTER = datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)
_BOUGHT = (Condition("status", ("CANCELLED", "RETURNED"), negated=True),)
FIGURES = [
    Measure(op=MeasureOp.COUNT),
    Measure(op=MeasureOp.SUM, field="total"),
    Measure(op=MeasureOp.AVERAGE, field="total"),
    Measure(op=MeasureOp.MIN, field="placed_at"),
    Measure(op=MeasureOp.MAX, field="placed_at"),
]
"""As `orderStatistics` asks."""
TAGS = [
    Measure(op=MeasureOp.COUNT, where=_BOUGHT),
    Measure(op=MeasureOp.SUM, field="total", since=YEAR, where=_BOUGHT),
    Measure(op=MeasureOp.COUNT, since=QUARTER, where=_BOUGHT),
    Measure(op=MeasureOp.MIN, field="placed_at", where=_BOUGHT),
    Measure(op=MeasureOp.MAX, field="placed_at", where=_BOUGHT),
    Measure(op=MeasureOp.TOP, field="items.category", where=_BOUGHT),
]
"""As the shipped tags ask."""
VOUCHERS = [Measure(op=MeasureOp.COUNT), Measure(op=MeasureOp.SUM, field="payments.amount")]
"""Of a list that groups, too."""

TASKS = ("orders", "figures", "tags", "vouchers")

_EUROS = {"sqlite": "{} / 100.0", "postgresql": "{} / 100.0", "csv": "CAST({} AS DECIMAL(18, 2)) / 100"}
_NUMBER = {"sqlite": "{}", "postgresql": "{}", "csv": "CAST({} AS BIGINT)"}


def records(database: str) -> dict[str, Any]:
    """A user's settings: orders and vouchers are made of lines."""
    number = {name: _NUMBER[database].format(name) for name in ("quantity", "cents", "voucher_cents", "line")}
    total = _EUROS[database].format(f"sum({number['quantity']} * {number['cents']})")
    voucher = _EUROS[database].format(f"sum({number['voucher_cents']})")
    price = _EUROS[database].format(number["cents"])
    return {
        "order": {
            "query": f"SELECT basket AS id, customer, min(\"at\") AS placed_at, 'DELIVERED' AS status, {total} AS total_amount,"
            " 'EUR' AS total_currency FROM lines GROUP BY basket, customer",
            "keys": {"customer_id": "customer"},
            "lists": {
                "items": {
                    "query": f"SELECT basket AS parent, {number['line']} AS position, category,"
                    f" {number['quantity']} AS quantity, {price} AS unit_price_amount, 'EUR' AS unit_price_currency FROM lines"
                },
                "payments": {
                    "query": f"SELECT basket AS parent, 'VOUCHER' AS method, {voucher} AS amount_amount,"
                    " 'EUR' AS amount_currency FROM lines GROUP BY basket"
                },
            },
        }
    }


class _Words(NamedTuple):
    """What databases write differently."""

    keys: str
    lines: str
    once: str
    object: str
    array: str
    json: str
    sorted: str


_WORDS = {
    "sqlite": _Words("IN ({keys})", "lines", "", "json_object", "json_group_array({})", "json(i.items)", ""),
    "postgresql": _Words(
        "= ANY($1)", "lines", "MATERIALIZED", "json_build_object", "json_agg({})", "i.items", "ORDER BY n.placed DESC"
    ),
    "csv": _Words(
        "IN (SELECT unnest($1))",
        "{lines}",
        "MATERIALIZED",
        "json_object",
        "to_json(list({}))",
        "i.items",
        "ORDER BY n.placed DESC",
    ),
}


def _by_hand(words: _Words) -> dict[str, str]:
    bought = f"""
WITH l AS {words.once} (SELECT * FROM {words.lines} WHERE customer {words.keys}),
o AS (
  SELECT basket, customer, min("at") AS placed, sum(quantity * cents) AS cents, sum(voucher_cents) AS voucher
  FROM l GROUP BY basket, customer
)"""
    item = words.array.format(f"{words.object}('category', category, 'quantity', quantity)")
    order = (
        f"{words.object}('id', n.basket, 'placedAt', n.placed, 'total', n.cents, 'items', {words.json}, 'voucher', n.voucher)"
    )
    return {
        "orders": f"""{bought},
n AS (SELECT *, row_number() OVER (PARTITION BY customer ORDER BY placed DESC, basket DESC) AS place FROM o),
i AS (SELECT l.basket, {item} AS items FROM l JOIN n ON n.basket = l.basket WHERE n.place <= 10 GROUP BY l.basket)
SELECT n.customer, CAST({words.array.format(order + " " + words.sorted)} AS TEXT)
FROM (SELECT * FROM n WHERE place <= 10 ORDER BY customer, placed DESC) AS n JOIN i ON i.basket = n.basket
GROUP BY n.customer""",
        "figures": f"""{bought}
SELECT customer, count(*), sum(cents), avg(cents), min(placed), max(placed) FROM o GROUP BY customer""",
        "vouchers": f"{bought} SELECT customer, count(*), sum(voucher) FROM o GROUP BY customer",
        "tags": f"""{bought},
c AS (SELECT customer, category, count(*) AS bought FROM l GROUP BY customer, category),
t AS (SELECT customer, category, row_number() OVER (PARTITION BY customer ORDER BY bought DESC, category) AS place FROM c)
SELECT o.customer, count(*), sum(CASE WHEN placed >= '{YEAR:%Y-%m-%dT%H:%M:%SZ}' THEN cents END),
  count(CASE WHEN placed >= '{QUARTER:%Y-%m-%dT%H:%M:%SZ}' THEN 1 END),
  min(placed), max(placed), min(t.category)
FROM o JOIN t ON t.customer = o.customer AND t.place = 1 GROUP BY o.customer""",
    }


_DATABASES = {database: _by_hand(words) for database, words in _WORDS.items()}
HAND_WRITTEN = {task: {database: own[task] for database, own in _DATABASES.items()} for task in TASKS}
"""By what is asked for and by database. Rows of customer, and JSON of orders, or count, sum in cents and the rest."""
