"""People in three SQLite databases: a CRM, a web shop that knows half of them by e-mail, and a service desk."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

TODAY = datetime(2026, 6, 30, 12, tzinfo=UTC)
"""Windows end then."""

TABLES = {
    "crm": ["CREATE TABLE people (id TEXT PRIMARY KEY, email TEXT, name TEXT, updated_at TEXT)"],
    "web": [
        "CREATE TABLE accounts (id TEXT PRIMARY KEY, email TEXT, updated_at TEXT)",
        """CREATE TABLE orders (id TEXT PRIMARY KEY, account_id TEXT, placed_at TEXT, status TEXT, total TEXT, category TEXT,
           updated_at TEXT)""",
    ],
    "desk": [
        """CREATE TABLE tickets (id TEXT PRIMARY KEY, email TEXT, created_at TEXT, kind TEXT, status TEXT, satisfaction INTEGER,
           updated_at TEXT)"""
    ],
}
INDEXES = {
    "crm": ["people (email)", "people (updated_at)"],
    "web": ["accounts (email)", "accounts (updated_at)", "orders (account_id)", "orders (updated_at)"],
    "desk": ["tickets (email)", "tickets (updated_at)"],
}

SETTINGS = '''
[clock]
pinned = "2026-06-30T12:00:00Z"

[mongodb]
uri = "{uri}"
database = "{database}"
timeout_ms = 20000

[identity]
secret = "what the keys of these people are digested with"

[sources.crm]
kind = "sql"
url = "sqlite+aiosqlite:///{folder}/crm.db"

[sources.crm.records.customer]
query = "SELECT id, email, name, updated_at FROM people"
changed = "updated_at"
keys = {{ customer_id = "id", email = "email" }}

[sources.web]
kind = "sql"
url = "sqlite+aiosqlite:///{folder}/web.db"

[sources.web.records.customer]
query = "SELECT id, email, updated_at FROM accounts"
changed = "updated_at"
keys = {{ customer_id = "id", email = "email" }}

[sources.web.records.order]
query = """SELECT id, account_id AS customer_id, placed_at, status, total AS total_amount, 'EUR' AS total_currency, updated_at
           FROM orders"""
changed = "updated_at"
keys = {{ customer_id = "customer_id" }}

[sources.desk]
kind = "sql"
url = "sqlite+aiosqlite:///{folder}/desk.db"

[sources.desk.records.ticket]
query = "SELECT id, email AS customer_email, created_at, kind, status, satisfaction, updated_at FROM tickets"
changed = "updated_at"
keys = {{ email = "customer_email" }}
'''


def write_people(folder: Path, count: int, seed: int = 1) -> None:
    """Fill the databases: `count` people in the CRM, every other one in the shop, under an id of its own, with some orders."""
    random, long_ago = Random(seed), _text(TODAY - timedelta(days=400))
    people = [(f"c{number:07}", f"p{number}@example.com", f"Person {number}", long_ago) for number in range(count)]
    accounts = [(f"w{number:07}", f"p{number}@example.com", long_ago) for number in range(0, count, 2)]
    with _connected(folder, "crm", create=True) as crm:
        crm.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", people)
    with _connected(folder, "web", create=True) as web:
        web.executemany("INSERT INTO accounts VALUES (?, ?, ?)", accounts)
        web.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)", _orders(random, accounts))
    with _connected(folder, "desk", create=True) as desk:
        desk.executemany("INSERT INTO tickets VALUES (?, ?, ?, ?, ?, ?, ?)", _tickets(random, people))


def write_settings(folder: Path, uri: str, database: str, more: str = "") -> Path:
    """Write the settings for the databases of a folder."""
    path = folder / "gateway.toml"
    path.write_text(SETTINGS.format(folder=folder, uri=uri, database=database) + more, "utf-8")
    return path


def change_people(folder: Path, numbers: Iterable[int], at: datetime) -> None:
    """Have people place one more order each, now."""
    with _connected(folder, "web") as web:
        web.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, 'PLACED', '9.50', 'books', ?)",
            [(f"n{number}", f"w{number:07}", _text(TODAY - timedelta(hours=1)), _text(at)) for number in numbers],
        )


def run_statement(folder: Path, name: str, statement: str, *values: object) -> None:
    """Change a database as its owner would."""
    with _connected(folder, name) as own:
        own.execute(statement, values)


@contextmanager
def _connected(folder: Path, name: str, *, create: bool = False) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(folder / f"{name}.db")) as own, own:
        for statement in TABLES[name] if create else ():
            own.execute(statement)
        yield own
        for number, index in enumerate(INDEXES[name] if create else ()):
            own.execute(f"CREATE INDEX i{number} ON {index}")


def _orders(random: Random, accounts: Iterable[tuple[str, str, str]]) -> Iterator[tuple[object, ...]]:
    for account, _, _ in accounts:
        for place in range(random.choice([0, 1, 1, 2, 3, 5, 8])):
            at = _text(TODAY - timedelta(days=random.randrange(1, 380)))
            total = f"{random.randrange(500, 30_000) / 100:.2f}"
            yield f"{account}-{place}", account, at, random.choice(["DELIVERED", "CANCELLED"]), total, "books", at


def _tickets(random: Random, people: Iterable[tuple[str, str, str, str]]) -> Iterator[tuple[object, ...]]:
    for id_, email, _, _ in people:
        for place in range(random.choice([0, 0, 0, 1, 2])):
            at = _text(TODAY - timedelta(days=random.randrange(1, 380)))
            kind = random.choice(["QUESTION", "COMPLAINT"])
            yield f"{id_}-{place}", email, at, kind, random.choice(["OPEN", "CLOSED"]), random.randrange(1, 6), at


def _text(time: datetime) -> str:
    return time.isoformat()
