"""Companies that subscribe to a product, made from the traits that their tags should tell, and people of theirs."""

import itertools
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
SEATS = 20

STAGES = ("PAYING", "PAYING", "PAYING", "PAST_DUE", "LEAVING", "PAUSED", "CHURNED", "EARLY", "ENGAGED", "IDLE", "OVERDUE", None)
RHYTHMS = {
    "MONTHLY": ("MONTH", 1, 12),
    "QUARTERLY": ("MONTH", 3, 4),
    "HALF_YEARLY": ("MONTH", 6, 2),
    "TWELVE_MONTHS": ("MONTH", 12, 1),
    "YEARLY": ("YEAR", 1, 1),
    "BIENNIAL": ("YEAR", 2, 1 / 2),
    "TRIENNIAL": ("YEAR", 3, 1 / 3),
}
REVENUES = {"SMALL": 2_400, "MID": 24_000, "ENTERPRISE": 96_000}
USES = {"GROWING": (20, 60), "STEADY": (40, 40), "SHRINKING": (60, 20), "STOPPED": (20, 0), None: (0, 0)}
"""Events of 60 to 30 days ago, and of the last 30 days."""
USERS = {"FULL": 18, "HEALTHY": 10, "DORMANT": 9}


class Company(NamedTuple):
    """The traits of a company.

    `age` is that of its subscription in days, `renews` in how many days it is renewed, `extra` how many plain tickets it has.
    """

    id: str
    stage: str | None
    rhythm: str
    revenue: str
    use: str | None
    users: str
    activation: str
    urgent: str
    extra: int
    nps: int | None
    deal: str
    age: int
    renews: int


class Person(NamedTuple):
    id: str
    sessions: int
    nps: int | None


def companies(count: int = 300) -> list[Company]:
    """Draw companies; the same ones each time."""
    draw = Random(20)
    return [
        Company(
            id=f"a{number}",
            stage=draw.choice(STAGES),
            rhythm=draw.choice((*RHYTHMS, "YEARLY", "WEEKLY")),
            revenue=draw.choice([*REVENUES]),
            use=draw.choice([*USES]),
            users=draw.choice([*USERS]),
            activation=draw.choice(("ACTIVATED", "LATE", "STALLED")),
            urgent=draw.choice(("RED", "AMBER", "NONE", "NONE")),
            extra=draw.choice((0, 3, 12)),
            nps=draw.choice((None, 4, 8, 10)),
            deal=draw.choice(("OPEN", "WON", "LOST", "NONE")),
            age=draw.choice((100, 400, 700)),
            renews=draw.choice((0, 30, 60, 61, 300)),
        )
        for number in range(count)
    ]


def people() -> list[Person]:
    """Make a person of each kind."""
    kinds = itertools.product((0, 7, 8), (None, 6, 7, 9))
    return [Person(f"p{number}", sessions, nps) for number, (sessions, nps) in enumerate(kinds)]


def is_trial(company: Company) -> bool:
    return company.stage in ("EARLY", "ENGAGED", "IDLE", "OVERDUE")


def write_accounts(folder: Path) -> Path:
    """Write the databases, the settings and the pack, and give the settings."""
    with sqlite3.connect(folder / "saas.db") as database:
        for table, columns in _TABLES.items():
            database.execute(f"CREATE TABLE {table} ({columns})")
        for company in companies():
            _write_company(database, company)
        for person in people():
            _insert(database, "customers", (person.id, "PERSON"))
            for session, minutes in itertools.product(range(person.sessions), (0, 20, 40)):
                at = _ago(session + 1, -minutes)
                _insert(database, "events", (f"{person.id}-{session}-{minutes}", person.id, None, at, "click", "home"))
            if person.nps is not None:
                _insert(database, "surveys", (f"{person.id}-n", person.id, _ago(9), "NPS", person.nps, 10))
        for table in ("events", "tickets"):
            database.execute(f"CREATE INDEX {table}_account ON {table} (account_id)")
            database.execute(f"CREATE INDEX {table}_user ON {table} (customer_id)")
    (folder / "tags.yaml").write_text("include: [saas]\n", "utf-8")
    path = folder / "gateway.toml"
    path.write_text(_SETTINGS.format(path=folder / "saas.db", now=NOW.isoformat()), "utf-8")
    return path


def _write_company(database: sqlite3.Connection, company: Company) -> None:
    _insert(database, "customers", (company.id, "COMPANY"))
    if company.stage is not None:
        _insert(database, "subscriptions", _subscription(company))
    for number, (days, user, feature) in enumerate(_uses(company)):
        _insert(database, "events", (f"{company.id}-{number}", user, company.id, _ago(days), "use", feature))
    if company.urgent != "NONE":
        kind, priority = ("INCIDENT", "URGENT") if company.urgent == "RED" else ("QUESTION", "HIGH")
        _insert(database, "tickets", (f"{company.id}-u", "u0", company.id, _ago(5), kind, "OPEN", priority))
    for number in range(company.extra):
        _insert(database, "tickets", (f"{company.id}-{number}", "u1", company.id, _ago(80), "INCIDENT", "SOLVED", "URGENT"))
    _insert(database, "tickets", (f"{company.id}-old", "u1", company.id, _ago(91), "QUESTION", "CLOSED", "LOW"))
    if company.nps is not None:
        _insert(database, "surveys", (f"{company.id}-old", company.id, _ago(100), "NPS", 11 - company.nps, 10))
        _insert(database, "surveys", (f"{company.id}-new", company.id, _ago(10), "NPS", company.nps, 10))
    if company.deal != "NONE":
        _insert(database, "deals", (f"{company.id}-d", company.id, _ago(100), company.deal))


def _subscription(company: Company) -> tuple[Any, ...]:
    statuses = {"PAST_DUE": "PAST_DUE", "PAUSED": "PAUSED", "CHURNED": "ENDED", "PAYING": "ACTIVE", "LEAVING": "ACTIVE"}
    status = statuses.get(str(company.stage), "TRIAL")
    age = {"EARLY": 3, "ENGAGED": 20, "IDLE": 20, "OVERDUE": 31}.get(str(company.stage), company.age)
    interval, count, times = RHYTHMS.get(company.rhythm, ("WEEK", 1, 52))
    amount = f"{REVENUES[company.revenue] / times:.2f}"
    notice = _ago(4) if company.stage in ("LEAVING", "CHURNED") else None
    return (
        f"{company.id}-s",
        company.id,
        _ago(age),
        status,
        SEATS,
        amount,
        "EUR",
        interval,
        count,
        notice,
        _ago(-company.renews - 0.1),
    )


def _uses(company: Company) -> Iterator[tuple[float, str, str]]:
    """Give days ago, user and feature of each event."""
    if is_trial(company):
        features = 3 if company.stage == "ENGAGED" else 2
        yield from ((9 - number, "u0", f"f{number % features}") for number in range(6))
        return
    earlier, later = USES[company.use]
    for number in range(earlier):
        features = 3 if company.activation == "ACTIVATED" else 1
        yield 59 - number * 28 / earlier, f"u{number % SEATS}", f"f{number % features}"
    for number in range(later):
        features = 1 if company.activation == "STALLED" else 3
        yield 29 - number * 28 / later, f"u{number % USERS[company.users]}", f"f{number % features}"


def _ago(days: float, minutes: int = 0) -> str:
    return (NOW - timedelta(days=days, minutes=minutes)).isoformat()


def _insert(database: sqlite3.Connection, table: str, row: tuple[Any, ...]) -> None:
    database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)


_TABLES = {
    "customers": "id TEXT PRIMARY KEY, kind TEXT",
    "subscriptions": "id TEXT, customer_id TEXT, started_at TEXT, status TEXT, seats INTEGER, amount_amount TEXT, "
    "amount_currency TEXT, interval TEXT, interval_count INTEGER, cancelled_at TEXT, renews_at TEXT",
    "events": "id TEXT PRIMARY KEY, customer_id TEXT, account_id TEXT, at TEXT, type TEXT, feature TEXT",
    "tickets": "id TEXT PRIMARY KEY, customer_id TEXT, account_id TEXT, created_at TEXT, kind TEXT, status TEXT, priority TEXT",
    "surveys": "id TEXT, customer_id TEXT, at TEXT, kind TEXT, score INTEGER, scale INTEGER",
    "deals": "id TEXT, customer_id TEXT, created_at TEXT, stage TEXT",
}

_SETTINGS = """
[clock]
pinned = "{now}"
[tags]
file = "tags.yaml"
[sources.product]
kind = "sql"
url = "sqlite+aiosqlite:///{path}"
[sources.product.records.customer]
query = "SELECT id, kind FROM customers"
keys = {{ customer_id = "id" }}
[sources.product.records.subscription]
query = "SELECT * FROM subscriptions"
keys = {{ customer_id = "customer_id" }}
[sources.product.records.event]
query = "SELECT id, customer_id, at, type, feature FROM events"
[sources.product.records.event.keys.customer_id]
query = '''SELECT id, customer_id AS key FROM events
  UNION ALL SELECT id, account_id AS key FROM events WHERE account_id IS NOT NULL'''
[sources.product.records.ticket]
query = "SELECT id, customer_id, created_at, kind, status, priority FROM tickets"
[sources.product.records.ticket.keys.customer_id]
query = "SELECT id, customer_id AS key FROM tickets UNION ALL SELECT id, account_id AS key FROM tickets"
[sources.product.records.survey]
query = "SELECT * FROM surveys"
keys = {{ customer_id = "customer_id" }}
[sources.product.records.deal]
query = "SELECT * FROM deals"
keys = {{ customer_id = "customer_id" }}
"""
