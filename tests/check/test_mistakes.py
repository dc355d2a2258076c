"""Mistakes of every layer in one configuration: each is told, in one run, at its line, with the fix."""

import asyncio
import re
import sqlite3
from contextlib import closing

import pytest

from gateway.check.command import Check, check
from gateway.check.problems import ENVIRONMENT, Problem
from tests.check import mistaken_files

TABLES = """
CREATE TABLE customers (id TEXT, name TEXT, email TEXT);
CREATE TABLE orders (id TEXT, customer TEXT, placed_at TEXT, state TEXT, amount REAL);
CREATE TABLE tickets (id TEXT, created_at TEXT, customer TEXT);
CREATE TABLE events (id TEXT, at TEXT, type TEXT, device TEXT);
"""
FILES = {"gateway.toml": mistaken_files.GATEWAY, "tags.yaml": mistaken_files.TAGS, "faults.toml": mistaken_files.FAULTS}
MARK = re.compile(r"(?:#|--)(\d+)$", re.MULTILINE)

MISTAKES = [
    (1, "deadline", "is no setting", "did you mean 'deadline_ms'?"),
    (2, "max_deadline_ms", "is too small", "give 50 or more"),
    (3, "environment", "must be one of development, production", "did you mean 'production'?"),
    (4, "introspection", "must be true or false", "write one of these, without quotes"),
    (5, "default_region", "is no region", "write two capital letters, such as GB"),
    (6, "", "is not TOML: Expected newline or end of document after a", "correct it there"),
    (7, "clock.pinned", "has no offset from UTC", "end it with Z, or with an offset such as +01:00"),
    (8, "mongodb.uri", "the variable STORE_HOST is not set", "set it in the environment"),
    (9, "mongodb.driver", "must be one of pymongo, motor", "did you mean 'pymongo'?"),
    (10, "mongodb.retry_after", "is no setting", "did you mean 'retry_after_ms'?"),
    (11, "tags.cache_s", "is too small", "give 0 or more"),
    (12, "sources.crm.retries", "is too great", "give 5 or less"),
    (13, "sources.crm.breaker.failure_rate", "is too great", "give 1 or less"),
    (14, "sources.crm.cache_s.ordr", "'ordr' is no record", "did you mean 'order'?"),
    (15, "sources.crm.records.customer.query", "does not run: no such column: nam", "correct the query there"),
    (16, "sources.crm.records.customer.keys.mail", "must be one of customer_id, external_id,", "did you mean 'email'?"),
    (17, "sources.crm.records.customer.keys.text", "has no columns", "give those to search in"),
    (18, "sources.crm.records.order.query", "the column statuss is no field", "did you mean 'status'?"),
    (19, "sources.crm.records.order.keys.customer_id", "the record's query has no column", "did you mean 'customer'?"),
    (20, "sources.crm.records.order.lists.items.query", "does not run: no such table:", "correct the query there"),
    (21, "sources.crm.records.order.lists.payments.query", "there is no column parent, which every", "add it to the query"),
    (22, "sources.crm.records.order.lists.coupons", "order has no such list", "use items, payments"),
    (23, "sources.crm.records.ticket.query", 'does not run: near "tickets": syntax error', "correct the query there"),
    (24, "sources.crm.records.event.keys.device_id.query", "the column ids is no field", "did you mean 'id'?"),
    (25, "sources.exports.tables.lines", "no file below path is named so", "correct it, or export the file"),
    (26, "sources.exports.records.order.query", 'does not run: Referenced column "order_total"', "correct the query there"),
    (27, "sources.shop.base_url", "the variable SHOP_URL is not set", "set it in the environment"),
    (28, "sources.shop.headers.Authorization", "the variable SHOP_TOKEN is not set", "set it in the environment"),
    (29, "sources.shop.max_call", "is no setting", "did you mean 'max_calls'?"),
    (30, "sources.shop.records.order.order", "must be one of newest_first, oldest_first,", "did you mean 'newest_first'?"),
    (31, "sources.shop.records.order.rating_scale", "Order has no rating", "remove it"),
    (32, "sources.shop.records.order.fields.placedAt", "`placedAt` is no field of Order", "did you mean 'placed_at'?"),
    (33, "sources.shop.records.order.fields.items.sku", "`items.sku` is inside a list", "set `sku` in lists.items.fields"),
    (34, "sources.shop.records.order.fields.status", "`state[` is not JMESPath: something is wrong at", "correct it there"),
    (35, "sources.shop.records.order.values.status.paid", "`PAYED` is none of PENDING, CONFIRMED, PROCESSING,", "choose one"),
    (36, "sources.shop.records.order.lists.item", "`item` is no list of parts", "did you mean 'items'?"),
    (37, "sources.shop.records.order.keys.customer_id.path", "must start with `/`", "correct it there"),
    (38, "sources.shop.records.order.keys.customer_id.max_batch", "is too small", "give 1 or more"),
    (39, "sources.shop.records.order.keys.email.method", "must be one of GET, POST", "choose one"),
    (40, "sources.help.base_url", "must be an address such as https://api.example.com/v2", "correct it there"),
    (41, "sources.help.tokn", "is no setting", "did you mean 'token'?"),
    (42, "sources.desk.keys.ticket", "zendesk has no ticket by member_number", "it has customer by customer_id,"),
    (43, "sources.desk.values.ticket.subject", "zendesk reads no words of your own", "of ticket it reads those of"),
    (44, "sources.events.url", "is no connection string", "write one such as mongodb://user:password@host:27017/"),
    (45, "sources.events.database", "is no name of a database", "write 1 to 63 characters, none of which is"),
    (46, "sources.events.pool_size", "must be a whole number", "write it in digits, without quotes"),
    (47, "sources.events.records.event.fields.occured_at", "`occured_at` is no such field of", "known: id, at, type,"),
    (48, "sources.events.records.event.keys.device_id", "a path is names with dots between them,", "correct it there"),
    (49, "sources.ledger.records.order.fields", "`total.currency` is needed", "say where it is"),
    (50, "sources.ledger.records.order.keys.customer_id.query", "is not GraphQL: something is wrong at", "correct it there"),
    (51, "sources.legacy.kind", "there is no kind 'sqll'", "did you mean 'sql'?"),
    (52, "sources.nobody.kind", "is missing", "add it"),
    (53, "sources.two words", "is no name of a source", "write 1 to 64 letters without accents, digits, _ and -"),
    (54, "sources.two words.url", "the driver must be one of sqlite+aiosqlite, postgresql+asyncpg,", "choose one"),
    (55, "sources.two words.records", "must be a table", "give it settings of its own"),
    (56, "facts.orders_all.record", "unknown word 'ordre'", "did you mean 'order'?"),
    (57, "facts.spend.measure", "unknown word 'avg'", "did you mean 'average'?"),
    (58, "facts.spend_365d.field", "an amount means nothing without its currency", "use measure 'sum' of 'total'"),
    (
        59,
        "facts.open_tickets.window",
        "'1y' is not a span of time",
        "write a number and m, h, d or w, such as 6h or 90d",
    ),
    (60, "facts.open_tickets.where.status", "'OPENED' is not one of its values", "did you mean 'OPEN'?"),
    (61, "facts.last_order.field", "the record has no field 'placedAt'", "did you mean 'placed_at'?"),
    (62, "facts.euros.currency", "'EURO' is no currency", "write three capital letters, such as EUR"),
    (63, "facts.forgotten", "no tag uses this fact", "name it in an expression or remove it"),
    (64, "tags.tier.category", "unknown word 'VALU'", "did you mean 'VALUE'?"),
    (
        65,
        "tags.tier.ttl",
        "'6 hours' is not a span of time",
        "write a number and m, h, d or w, such as 6h or 90d",
    ),
    (66, "tags.tier.version", "must be a whole number from 1 to 999,999,999", "write it in digits"),
    (67, "tags.tier.expression", "unknown fact 'order_all'", "did you mean 'orders_all'?"),
    (68, "tags.load.owner", "is missing", "add it"),
    (69, "tags.load.valuez", "unknown setting", "did you mean 'values'?"),
    (70, "seeds", "is no setting", "did you mean 'seed'?"),
    (71, "faults.0.share", "is too great", "give 1 or less"),
    (72, "faults.1.source", "there is no source 'crmm'", "did you mean 'crm'?"),
    (73, "faults.2.error", "'GONE' is no code of a source", "known: SOURCE_ERROR, SOURCE_UNAVAILABLE, SOURCE_TIMEOUT,"),
    (74, "faults.3", "has no effect, or several", "give one of delay_ms, error, wrong_data, hang, and several"),
    (75, "faults.4.by", "must be one of customer_id, external_id, member_number, email,", "did you mean 'email'?"),
    (76, "faults.5", "the source 'exports' has no such lookup", "choose one that `profile-gateway check` prints"),
    (77, "tags.tier.owner", "stands twice, first in line 55", "keep one"),
    (78, "sources.crm.webhook.by", "a change is told by a key that finds one customer, so not by", "give another kind of key"),
    (79, "GATEWAY_CACHE_BYTE", "is no setting", "did you mean 'cache_bytes'?"),
    (80, "GATEWAY_DEADLINE_MS", "must be a whole number", "write it in digits, without quotes"),
    (81, "telemetry.slow_request_ms", "must be a whole number without quotes", "write `slow_request_ms = 900`"),
    (82, "telemetry.request_log", "must be true or false without quotes", "write `request_log = true`"),
    (
        83,
        "telemetry.traces.endpoint",
        "must be an address with http:// or https://",
        "write one such as http://127.0.0.1:4318/",
    ),
    (84, "telemetry.traces.sample", "must be a number", "write it in digits, such as 2.5"),
    (85, "sources.crm.cache_s.ticket", "must be a number without quotes", "write `ticket = 5`"),
    (86, "sources.memory.url", "names no file, and a database in memory is", "name a file, as in sqlite+aiosqlite:///shop.db"),
    (87, "sources.memory.pool_size", "must be a whole number", "write `pool_size = 5`"),
    (88, "sources.driver.url", "the driver must be one of sqlite+aiosqlite,", "did you mean 'sqlite+aiosqlite'?"),
    (89, "sources.events.records.order.fields.total.amount.scale", "must be a whole number without", "write `scale = 2`"),
    (90, "facts.customers.window", "'90000d' is too long", "write a number from 1 to 9,999 and m, h, d or w"),
    (91, "facts.customers.where.channel", "is an empty list", "give at least one text, or remove it"),
    (92, "facts.rated.where.satisfaction", "must be a whole number without quotes", "write `satisfaction: 5`"),
    (93, "tags.load.ttl", "'0h' is too short", "write a number from 1 to 9,999 and m, h, d or w"),
    (94, "tags.load.version", "must be a whole number without quotes", "write `version: 1`"),
]
"""Number, path, how the message begins, how the fix begins."""

PLACES = {
    int(match[1]): (name, text[: match.start()].count("\n") + 1)
    for name, text in FILES.items()
    for match in MARK.finditer(text)
}
"""File and line of each mistake that stands in a file."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Check:
    """What the check says of all mistakes at once. The database and a file of orders are there."""
    folder = tmp_path_factory.mktemp("mistakes")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "orders.csv").write_text("id,placed_at,amount,customer\n1,2026-01-01,5,c1\n", encoding="utf-8")
    with closing(sqlite3.connect(folder / "crm.db")) as database:
        database.executescript(TABLES)
    environment = mistaken_files.ENVIRONMENT | {"FOLDER": str(folder)}
    return asyncio.run(check(folder / "gateway.toml", folder / "faults.toml", (), environment))


def test_there_are_as_many_problems_as_mistakes(found: Check) -> None:
    """None is hidden by another one, and none is told twice or in several ways."""
    assert len(MISTAKES) == 94
    assert len(found.report.problems) == len(MISTAKES)
    assert [number for number, *_ in MISTAKES] == list(range(1, len(MISTAKES) + 1))


@pytest.mark.parametrize(("number", "path", "message", "fix"), MISTAKES)
def test_a_mistake_is_told_at_its_line_with_the_fix(found: Check, number: int, path: str, message: str, fix: str) -> None:
    """By the path of the setting, which has one spelling. A variable stands for the file and the path."""
    file, line = PLACES.get(number, (ENVIRONMENT, None))
    (problem,) = [own for own in found.report.problems if (own.file, own.line, own.path) == (file, line, path)]
    assert problem.message.startswith(message)
    assert problem.fix.startswith(fix)


def test_no_secret_is_told(found: Check) -> None:
    """Passwords and tokens of the settings stand in no problem."""
    told = found.report.json()
    assert [secret for secret in ("hunter-two", "secret-token", "a-secret") if secret in told] == []


def test_a_problem_is_written_as_compilers_do(found: Check) -> None:
    """File, line and column first, so that editors find them; then the path, what is wrong, and the fix."""
    assert str(found.report.problems[0]) == "gateway.toml:2:1: deadline: is no setting; did you mean 'deadline_ms'?"
    assert str(Problem("tags.yaml", 7, "tags.tier.ttl", "is missing", "add it")) == (
        "tags.yaml:7: tags.tier.ttl: is missing; add it"
    )


def test_what_is_sound_is_shown_in_spite_of_the_rest(found: Check) -> None:
    """The lookups of the records that could be asked."""
    assert [(own.source, own.record, own.key) for own in found.report.lookups] == [
        ("crm", "customer", "customer_id"),
        ("crm", "order", "customer_id"),
        ("crm", "ticket", "customer_id"),
        ("crm", "event", "device_id"),
        ("exports", "order", "customer_id"),
        ("exports", "ticket", "customer_id"),
    ]
