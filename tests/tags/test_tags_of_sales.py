"""Facts over deals, subscriptions and surveys, and a field of one's own on one of them."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support import own_fields as own

TABLES = {
    "deals": [("d1", "1", "2026-01-02T00:00:00Z", "won"), ("d2", "1", "2026-03-02T00:00:00Z", "lost")],
    "subscriptions": [
        ("s1", "1", "2026-01-02T00:00:00Z", "active", "49.90", "EUR"),
        ("s2", "1", "2026-02-02T00:00:00Z", "trial", "10.05", "EUR"),
        ("s3", "1", "2026-03-02T00:00:00Z", "ended", "500", "EUR"),
    ],
    "surveys": [
        ("v1", "1", "2026-01-02T00:00:00Z", 2, 10, "price"),
        ("v2", "1", "2026-02-02T00:00:00Z", 3, 10, "service"),
        ("v3", "1", "2026-03-02T00:00:00Z", 9, 10, "price"),
        ("v4", "1", "2026-04-02T00:00:00Z", None, 10, None),
    ],
}
COLUMNS = {
    "deals": "id, customer, created_at, stage",
    "subscriptions": "id, customer, started_at, status, amount_amount, amount_currency",
    "surveys": "id, customer, at, score, scale, reason",
}
TAGS = """
facts:
  low_scores: {label: Low scores, record: survey, measure: count, where: {score: [0, 1, 2, 3]}}
  about_price: {label: About the price, record: survey, measure: count, where: {reason: [PRICE]}}
  recurring: {label: Recurring, record: subscription, measure: sum, field: amount, currency: EUR, except: {status: [ENDED]}}
  last_deal: {label: Latest deal, record: deal, measure: latest, field: stage}
tags:
  at_risk:
    label: At risk
    description: Whether they may leave.
    owner: sales
    category: SATISFACTION
    ttl: 1h
    version: 1
    words: YES with two low scores, one of them about the price, a lost deal and something to lose.
    expression: "low_scores >= 2 && about_price >= 1 && last_deal == 'LOST' && recurring > 50.0 ? 'YES' : 'NO'"
    values: ['YES', 'NO']
"""
QUERY = """query ($reason: [SurveyReason!]!) { customer(by: {id: "1"}) {
  tag(key: "at_risk") { value partial evidence { name value missing } }
  surveys(filter: {reason: $reason}, order: OLDEST_FIRST) { nodes { sourceId score reason } } } }"""


async def test_facts_count_scores_sum_amounts_and_take_the_latest_deal(tmp_path: Path):
    """Each over records of its own type; the survey's own field is an enum of the schema, a filter and a condition."""
    path = tmp_path / "crm.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE customers (id)")
        database.execute("INSERT INTO customers VALUES ('1')")
        for table, rows in TABLES.items():
            database.execute(f"CREATE TABLE {table} ({COLUMNS[table]})")
            database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
    records = {table[:-1]: {"query": f"SELECT * FROM {table}", "keys": {"customer_id": "customer"}} for table in TABLES}
    records["customer"] = {"query": "SELECT id FROM customers", "keys": {"customer_id": "id"}}
    crm = {"kind": "sql", "url": f"sqlite+aiosqlite:///{path}", "records": records}
    async with own.asking(tmp_path, TAGS, crm=crm) as gateway:
        data = await gateway.data(QUERY, {"reason": ["PRICE"]})
    assert data["customer"]["tag"] == {
        "value": "YES",
        "partial": False,
        "evidence": [
            {"name": "about_price", "value": 2, "missing": None},
            {"name": "last_deal", "value": "LOST", "missing": None},
            {"name": "low_scores", "value": 2, "missing": None},
            {"name": "recurring", "value": 59.95, "missing": None},
        ],
    }
    assert data["customer"]["surveys"]["nodes"] == [
        {"sourceId": "v1", "score": 2, "reason": "PRICE"},
        {"sourceId": "v3", "score": 9, "reason": "PRICE"},
    ]
