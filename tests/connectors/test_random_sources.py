"""Whatever rows sources have: pages of every size walk the same records, and totals and figures are right or say `partial`."""

import csv
import os
import random
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from aiohttp import web

from connectors import records as r
from connectors.contract import Answer, Ask, Connector, ConnectorSettings, KeyKind, Keys, Page, Push, lookup
from connectors.files import FilesConnector
from connectors.files.settings import FilesSettings
from connectors.http import HttpConnector, HttpSettings
from connectors.sql import SqlConnector
from connectors.sql.settings import SqlSettings
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.http_source import serving

pytestmark = pytest.mark.cases

CASES = int(os.environ.get("RANDOM_SOURCES", "40"))
MAILS = ("ana@example.com", "ana.work@example.org")
READABLE = ("2026-06-01T10:00:00Z", *(f"2026-06-0{day}T10:00:00Z" for day in range(1, 5)))
UNREADABLE = ("soon", "2026-06-31T10:00:00Z", "0000-00-00T00:00:00Z")
AMOUNTS = ("12.30", "0.10", "100.00", "-5.00", "12345678901234567.89", "0.00004")
COLUMNS = ("id", "mail", "placed_at", "total_amount", "total_currency")
FIELDS = {"id": "id", "placed_at": "placed_at", "total.amount": "total_amount", "total.currency": "total_currency"}


class Row(NamedTuple):
    id: str
    mail: str
    placed_at: str
    total_amount: str | None
    total_currency: str | None

    @property
    def is_readable(self) -> bool:
        return self.placed_at in READABLE

    @property
    def total(self) -> tuple[Decimal, str] | None:
        """The amount, where it can be read."""
        is_money = self.total_amount in AMOUNTS and self.total_currency == "EUR"
        return (Decimal(self.total_amount), "EUR") if is_money and self.total_amount else None


def drawn_rows(drawing: random.Random, *, are_shared: bool) -> list[Row]:
    """Rows of two addresses: some have equal times, some cannot be read, some come twice or, shared, are found by both."""
    rows = []
    for number in range(drawing.randint(0, 9)):
        row = Row(
            f"o{number}",
            drawing.choice(MAILS),
            drawing.choice(UNREADABLE if drawing.random() < 0.2 else READABLE),
            drawing.choice(["much", None, *AMOUNTS * 2]),
            drawing.choice(["Dollar", "EUR", "EUR", "EUR", "EUR"]),
        )
        rows += [row] * (2 if drawing.random() < 0.15 else 1)
        if are_shared and drawing.random() < 0.15:
            rows.append(row._replace(mail=MAILS[1 - MAILS.index(row.mail)]))
    drawing.shuffle(rows)
    return rows


class RowsSettings(ConnectorSettings):
    pass


class People(Connector[RowsSettings]):
    """Knows one customer, who has two addresses."""

    kind = "people"
    settings_type = RowsSettings

    @lookup(r.Customer, by=KeyKind.CUSTOMER_ID)
    async def customers(self, keys: Keys, ask: Ask) -> Answer:
        points = [r.ContactPoint(kind=r.ContactKind.EMAIL, value=mail) for mail in MAILS]
        return {key: [r.Customer(id=key, email=MAILS[0], contact_points=points)] for key in keys}


class Plain(Connector[RowsSettings]):
    """Gives rows as they are, and applies nothing but the key."""

    kind = "plain"
    settings_type = RowsSettings

    def __init__(self, name: str, rows: list[Row]) -> None:
        super().__init__(name, RowsSettings())
        self.rows = rows

    def _rows_of(self, mail: str) -> list[dict[str, Any]]:
        return [
            {"id": row.id, "placedAt": row.placed_at, "total": {"amount": row.total_amount, "currency": row.total_currency}}
            for row in self.rows
            if row.mail == mail
        ]

    @lookup(r.Order, by=KeyKind.EMAIL)
    async def orders(self, keys: Keys, ask: Ask) -> Answer:
        return {key: Page(msgspec.json.encode(self._rows_of(key))) for key in keys}


def _place(row: dict[str, Any]) -> tuple[str, str]:
    return row["placedAt"].removesuffix("Z"), row["id"]


class Paging(Plain):
    """Sorts by the time as it is written, and cuts. It does not count: it would count what cannot be read as well."""

    kind = "paging"

    @lookup(r.Order, by=KeyKind.EMAIL, pushdown={Push.FIRST, Push.ORDER, Push.AFTER})
    async def orders(self, keys: Keys, ask: Ask) -> Answer:
        answer = {}
        for key in keys:
            rows = sorted(self._rows_of(key), key=_place, reverse=not ask.oldest_first)
            if ask.after is not None and ask.after.time is not None:
                last = (ask.after.time.isoformat().removesuffix("+00:00"), ask.after.id)
                rows = [row for row in rows if (_place(row) > last if ask.oldest_first else _place(row) < last)]
            answer[key] = Page(msgspec.json.encode(rows[: ask.first]))
        return answer


@asynccontextmanager
async def plain(name: str, rows: list[Row], _: Path) -> AsyncIterator[Connector[Any]]:
    yield Plain(name, rows)


@asynccontextmanager
async def paging(name: str, rows: list[Row], _: Path) -> AsyncIterator[Connector[Any]]:
    yield Paging(name, rows)


ORDERS = {"query": f"SELECT {', '.join(COLUMNS)} FROM orders", "keys": {"email": "mail"}}


@asynccontextmanager
async def sqlite(name: str, rows: list[Row], folder: Path) -> AsyncIterator[Connector[Any]]:
    path = folder / f"{name}.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE orders ({' TEXT, '.join(COLUMNS)} TEXT)")
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", rows)
    url = f"sqlite+aiosqlite:///{path}"
    yield SqlConnector(name, SqlSettings.model_validate({"url": url, "records": {"order": ORDERS}}))


@asynccontextmanager
async def files(name: str, rows: list[Row], folder: Path) -> AsyncIterator[Connector[Any]]:
    own = folder / name
    own.mkdir()
    with (own / "orders.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    settings = {"path": str(own), "tables": {"orders": "orders.csv"}, "records": {"order": ORDERS}}
    yield FilesConnector(name, FilesSettings.model_validate(settings))


@asynccontextmanager
async def http(name: str, rows: list[Row], _: Path) -> AsyncIterator[Connector[Any]]:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response([row._asdict() for row in rows if row.mail == request.query["mail"]])

    order = {"fields": FIELDS, "keys": {"email": {"path": "/orders?mail={key}"}}}
    async with serving(answer) as url:
        yield HttpConnector(name, HttpSettings.model_validate({"base_url": url, "records": {"order": order}}))


KINDS = (plain, paging, sqlite, files, http)

PAGE = """query($first: Int!, $after: String) { customer(by: {id: "c1"}) { orders(first: $first, after: $after) {
    totalCount partial nodes { id placedAt total { amount currency } } pageInfo { hasNextPage endCursor } unavailable
    sources { droppedRecords } } } }"""
TIMELINE = PAGE.replace("orders(", "timeline(").replace("totalCount", "").replace("nodes {", "nodes { ... on Order {", 1)
TIMELINE = TIMELINE.replace("} } pageInfo", "} } } pageInfo")
FIGURES = '{ customer(by: {id: "c1"}) { orderStatistics { count partial total { amount currency } firstAt lastAt } } }'


async def walked(gateway: Gateway, query: str, name: str, first: int) -> list[dict[str, Any]]:
    """All pages of a list."""
    pages: list[dict[str, Any]] = []
    after = None
    while not pages or pages[-1]["pageInfo"]["hasNextPage"]:
        pages.append((await gateway.data(query, {"first": first, "after": after}))["customer"][name])
        after = pages[-1]["pageInfo"]["endCursor"]
        assert len(pages) < 100
    return pages


@pytest.mark.parametrize("seed", range(CASES))
async def test_lists_totals_and_figures_agree_with_the_rows(seed: int, tmp_path: Path) -> None:
    drawing = random.Random(seed)
    names = [f"s{number}" for number in range(drawing.randint(1, 3))]
    kind_of = {name: drawing.choice(KINDS) for name in names}
    # A column holds one key of a record: tables say with pairs that a record has several.
    rows = {name: drawn_rows(drawing, are_shared=kind not in (sqlite, files)) for name, kind in kind_of.items()}
    expected = {f"{name}:{row.id}": row for name in names for row in rows[name] if row.is_readable}
    lost = {f"{name}:{row.id}" for name in names for row in rows[name] if not row.is_readable}
    unsummed = any(row.total is None and row.total_amount is not None for row in expected.values())
    async with AsyncExitStack() as stack:
        opened = [kind(name, rows[name], tmp_path) for name, kind in kind_of.items()]
        connectors = [await stack.enter_async_context(one) for one in opened]
        kinds = [connector.kind for connector in connectors]
        gateway = await stack.enter_async_context(gateway_on([People("crm", RowsSettings()), *connectors]))
        walks = {first: await walked(gateway, PAGE, "orders", first) for first in (1, 2, 3, 100)}
        timelines = {first: await walked(gateway, TIMELINE, "timeline", first) for first in (1, 3, 100)}
        figures = (await gateway.data(FIGURES))["customer"]["orderStatistics"]
    orders = {first: [node["id"] for page in pages for node in page["nodes"]] for first, pages in (walks | timelines).items()}
    for first, ids in orders.items():
        assert Counter(ids) == Counter(list(expected)), (kinds, first)
        assert ids == orders[100], (kinds, first)
    times = [node["placedAt"] for page in walks[100] for node in page["nodes"]]
    assert times == sorted(times, reverse=True)
    for node in walks[100][0]["nodes"]:
        total = expected[node["id"]].total
        shown = node["total"] and (Decimal(node["total"]["amount"]), node["total"]["currency"])
        assert shown == total, (kinds, node)
    for pages in (*walks.values(), *timelines.values()):
        is_partial = any(page["partial"] for page in pages)
        assert is_partial or not lost, kinds
        assert all(page["unavailable"] == [] for page in pages)
        for page in pages:
            assert page.get("totalCount") in (None, len(expected)) or page["partial"], kinds
    assert figures["partial"] or not lost, kinds
    if not figures["partial"]:
        assert figures["count"] == len(expected), kinds
        assert not unsummed, kinds
        totals = [row.total for row in expected.values() if row.total is not None]
        assert {one["currency"]: Decimal(one["amount"]) for one in figures["total"]} == (
            {"EUR": sum(amount for amount, _ in totals)} if totals else {}
        ), kinds
        assert (figures["lastAt"], figures["firstAt"]) == ((times[0], times[-1]) if times else (None, None))
