"""How the gateway's cost grows: with customers in a request, with orders of a customer, with callers."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from rich.table import Table

from bench import data, gateway, sources
from bench.asking import post
from bench.data import customer_id
from bench.growth_databases import serve_mongo_shop, serve_sql_shop
from bench.load import Figures, driven, warmed
from bench.processes import BenchError, Cores, Process, chosen_cores, need_all
from bench.queries import GATEWAY_QUERIES, body, write_bodies

KINDS = ("http", "sql", "mongo")
CUSTOMERS = (1, 2, 5, 10, 20, 50, 100)
ORDERS = (1, 3, 10, 30, 100, 1000)
CALLERS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
LARGEST_PAGE = 100
_CALLERS = 32
_RICH = 50
"""Customers with a thousand orders each."""

_OF_MANY = (
    "query Many($ids: [ID!]!) { customers(ids: $ids) { id name orders(first: 5) { nodes { id total { amount } status } } } }"
)
_ORDERS = """query Orders($id: ID!, $first: Int!, $after: String) { customer(by: {id: $id}) { id
    orders(first: $first, after: $after) { nodes { id total { amount } status } pageInfo { endCursor } } } }"""


class Gateway:
    """A gateway that is driven with bodies of any kind."""

    def __init__(self, port: int, process: Process, folder: Path, cores: Cores, seconds: int) -> None:
        self.url = f"http://127.0.0.1:{port}/graphql"
        self.folder, self._process, self._cores, self._seconds = folder, process, cores, seconds

    def driven(self, lines: Path, callers: int) -> tuple[Figures, float]:
        """Figures after a second of warm-up, and the gateway's seconds of CPU for a request."""
        warmed(self.url, lines, callers=callers, seconds=1, cores=self._cores)
        seconds = self._seconds + callers // 100  # many wait long for their turn
        before = self._process.cpu_s()
        figures = driven(self.url, lines, callers=callers, seconds=seconds, cores=self._cores)
        return figures, (self._process.cpu_s() - before) / figures.requests

    def sent(self, bodies: Iterator[bytes]) -> tuple[Figures, float]:
        """Figures for bodies in turn. Raises `BenchError` when the first one is answered with an error."""
        found = list(bodies)
        if "errors" in (answer := msgspec.json.decode(post(self.url, found[0]))):
            raise BenchError(f"the gateway answered with errors: {answer['errors'][:1]}")
        lines = self.folder / "bodies.txt"
        lines.write_bytes(b"\n".join(found) + b"\n")
        return self.driven(lines, _CALLERS)


def grown(seconds: int, kind: str) -> Iterator[Table]:
    """One table for each way to grow, over sources of a kind. The databases have customers and orders only.

    Raises `BenchError` when something is missing or a request fails.
    """
    need_all(["gcc", "wrk"])
    with _gateway(data.prepared(), seconds, kind) as usual:
        yield _with_customers(usual)
        if kind == "http":
            yield _with_callers(usual)
    with _gateway(data.prepared(customers=_RICH, orders=ORDERS[-1]), seconds, kind) as rich:
        yield _with_orders(rich)


@contextmanager
def _gateway(folder: Path, seconds: int, kind: str) -> Iterator[Gateway]:
    cores = chosen_cores()
    with ExitStack() as stack:
        own = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        settings = stack.enter_context(_settings(kind, folder, own, cores))
        port, process = stack.enter_context(gateway.started(settings, cores))
        yield Gateway(port, process, own, cores, seconds)


def _settings(kind: str, folder: Path, own: Path, cores: Cores) -> AbstractContextManager[Path]:
    if kind == "sql":
        return serve_sql_shop(folder, own, cores)
    return serve_mongo_shop(folder, own, cores) if kind == "mongo" else _http_settings(folder, own, cores)


@contextmanager
def _http_settings(folder: Path, own: Path, cores: Cores) -> Iterator[Path]:
    with sources.served(folder, cores) as found:
        yield gateway.write_settings(own / "gateway.toml", found)


def _with_customers(asked: Gateway) -> Table:
    table = _table(f"Customers in a request, 5 orders each ({_CALLERS} callers)", "Customers")
    for count in CUSTOMERS:
        groups = ([customer_id((start * count + place) % data.CUSTOMERS) for place in range(count)] for start in range(400))
        _add(table, count, asked.sent(body("Many", _OF_MANY, {"ids": ids}) for ids in groups), records=count * (1 + 5))
    return table


def _with_callers(asked: Gateway) -> Table:
    table = _table("Callers, each asking Q1 (51 records with 90 parts)", "Callers")
    lines = write_bodies(asked.folder / "Q1.txt", "Q1", GATEWAY_QUERIES["Q1"])
    for callers in CALLERS:
        _add(table, callers, asked.driven(lines, callers), records=51)
    return table


def _with_orders(asked: Gateway) -> Table:
    table = _table(f"Orders of a customer that are read ({_CALLERS} callers)", "Orders read")
    table.caption = f"A page has at most {LARGEST_PAGE} records; the last row is the last page, for which the source gives all."
    for count in ORDERS:
        bodies = (body("Orders", _ORDERS, _page(asked, customer_id(number), count)) for number in range(_RICH))
        _add(table, count, asked.sent(bodies), records=1 + min(count, LARGEST_PAGE))
    return table


def _page(asked: Gateway, customer: str, count: int) -> dict[str, object]:
    """Variables for the page that ends after so many orders."""
    after = None
    for _ in range(max(0, count // LARGEST_PAGE - 1)):
        answer = post(asked.url, body("Orders", _ORDERS, {"id": customer, "first": LARGEST_PAGE, "after": after}))
        after = msgspec.json.decode(answer)["data"]["customer"]["orders"]["pageInfo"]["endCursor"]
    return {"id": customer, "first": min(count, LARGEST_PAGE), "after": after}


def _table(title: str, first: str) -> Table:
    columns = ("Requests/s", "p50 ms", "p99 ms", "CPU ms", "CPU µs a record")
    return Table(first, *columns, title=title, title_justify="left", caption_justify="left")


def _add(table: Table, size: int, measured: tuple[Figures, float], records: int) -> None:
    figures, cpu_s = measured
    times = (f"{figures.p50_ms:.2f}", f"{figures.p99_ms:.2f}", f"{cpu_s * 1e3:.2f}", f"{cpu_s * 1e6 / records:.1f}")
    table.add_row(f"{size:,}", f"{figures.rps:,.0f}", *times)
