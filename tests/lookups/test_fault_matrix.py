"""Every fault of every kind of source costs its own fields and nothing else, and the answer says what happened.

The orders come from the faulty source, the rest from healthy ones. Calls are made as they are by default: tried again twice,
with a breaker.
"""

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from structlog.testing import capture_logs

from tests.support import shop
from tests.support.clocks import HURRIED, LoopClock, WatchedCalls, answer_at_deadline, held_time
from tests.support.fault_matrix import KINDS, MATRIX, NAMES, Cell
from tests.support.faulty_server import SECRET
from tests.support.faulty_sources import SOURCES, mongodb_with_orders, postgresql_with_orders
from tests.support.gateway_server import PATIENT_MS, Gateway, gateway_on
from tests.support.paths import ROOT

pytestmark = pytest.mark.faults

SHORT_MS = 900
SOON_S = 0.9 * PATIENT_MS / 1000
"""What fails by itself does not wait for the deadline, however busy the machine is."""
MAX_GROWTH = 100 * 1024 * 1024
"""Bytes that the process may take beyond what it had, at its highest, while a source gives 100 MB."""
PAGE = (ROOT / "docs" / "faults.md").read_text("utf-8")
QUERY = """{ customer(by: {id: "c1"}) {
  name
  orders { nodes { id placedAt total { amount currency } items { sku } } }
  tickets { nodes { id } }
  events { nodes { id } }
  sources { name state errorCode attempts droppedRecords }
} }"""
MARKS = {"sql": [pytest.mark.postgresql], "mongo": [pytest.mark.mongodb]}
CASES = [
    pytest.param(fault, kind, id=f"{fault}-{kind}", marks=MARKS.get(kind, []))
    for fault, cells in MATRIX.items()
    for kind in cells
]
RETRYABLE = {"SOURCE_UNAVAILABLE", "SOURCE_TIMEOUT", "SOURCE_THROTTLED"}
"""Codes whose errors say that the same request may succeed later."""


@pytest.fixture(autouse=True)
def no_such_host(monkeypatch):
    """Names that end in .invalid do not resolve, whatever the machine's resolver makes of them."""
    resolved = socket.getaddrinfo

    def resolve(host, *rest, **words):
        if str(host).endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, SECRET)
        return resolved(host, *rest, **words)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


class Memory:
    """Resident memory of this process as Linux counts it: what it had, and the most since then. Elsewhere nothing is known."""

    STATUS = Path("/proc/self/status")

    def __init__(self) -> None:
        if self.STATUS.exists():
            Path("/proc/self/clear_refs").write_text("5", "utf-8")  # the highest mark begins anew
        self._before = self._bytes("VmRSS")

    def growth(self) -> int:
        """In bytes, at its highest."""
        return self._bytes("VmHWM") - self._before

    def _bytes(self, name: str) -> int:
        if not self.STATUS.exists():
            return 0
        (line,) = (line for line in self.STATUS.read_text("utf-8").splitlines() if line.startswith(name))
        return int(line.split()[1]) * 1024


def expected(cell: Cell) -> dict[str, Any]:
    """The whole answer's data."""
    total = {"amount": "10.00", "currency": "EUR"}
    first = {"id": "orders:o1", "placedAt": "2026-06-01T12:00:00Z", "total": total, "items": [{"sku": "s1"}]}
    second = {"id": "orders:o2", "placedAt": "2026-06-02T12:00:00Z", "total": None, "items": [{"sku": SECRET}]}
    given = [second, first] if cell.nulled else [first]
    states: dict[str, Any] = dict.fromkeys(("crm", "support", "behaviour"), ("FRESH", None, 1, 0))
    state = "FRESH" if cell.code is None else "UNAVAILABLE"
    states["orders"] = (state, cell.code, cell.attempts, cell.dropped)
    return {
        "name": "Ana Souza",
        "orders": {"nodes": given if cell.given else []} if cell.code is None else None,
        "tickets": {"nodes": [{"id": "support:t2"}, {"id": "support:t1"}]},
        "events": {"nodes": [{"id": "behaviour:e2"}, {"id": "behaviour:e1"}]},
        "sources": states,
    }


def errors_of(cell: Cell) -> list[dict[str, Any]]:
    if cell.code is None:
        return []
    extensions = {"code": cell.code, "source": "orders", "retryable": cell.code in RETRYABLE}
    return [{"path": ["customer", "orders"], "extensions": extensions}]


def without_request_id(error: dict[str, Any]) -> dict[str, Any]:
    extensions = {name: value for name, value in error["extensions"].items() if name != "requestId"}
    return {"path": error["path"], "extensions": extensions}


def by_name(customer: dict[str, Any]) -> dict[str, Any]:
    fields = ("state", "errorCode", "attempts", "droppedRecords")
    return {**customer, "sources": {one["name"]: tuple(one[field] for field in fields) for one in customer["sources"]}}


@pytest.fixture(scope="module")
def origin_of(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Gives the real server of a kind; each is filled once."""
    with ExitStack() as stack:

        @cache
        def origin(kind: str) -> Any:
            if kind == "sql":
                return stack.enter_context(postgresql_with_orders(request.getfixturevalue("postgresql_server")))
            if kind == "mongo":
                return stack.enter_context(mongodb_with_orders(request.getfixturevalue("mongodb_uri")))
            return None

        yield origin


@pytest.fixture
def origin(kind: str, origin_of: Any) -> Any:
    return origin_of(kind)


def asks_to_wait(cell: Cell) -> bool:
    """Whether the source asks for a longer pause than a call of `SHORT_MS` can make."""
    return cell.attempts == 1 and cell.code in RETRYABLE and cell.code != "SOURCE_TIMEOUT"


async def answered(gateway: Gateway, cell: Cell, calls: WatchedCalls) -> httpx2.Response:
    """The answer. No machine is too slow for the healthy sources, nor for what is tried again."""
    ask = partial(gateway.client.post, "/graphql", json={"query": QUERY})
    if cell.code == "SOURCE_TIMEOUT":
        return await answer_at_deadline(ask(headers=HURRIED), "c1", calls)
    if asks_to_wait(cell):
        with held_time():  # time is not what fails him
            return await ask()
    return await ask()


@pytest.mark.parametrize(("fault", "kind"), CASES)
async def test_a_fault_costs_its_own_fields(fault, kind, origin, caplog):
    """All else is there in time, the orders are what the table says, and nothing of what the source said is anywhere."""
    cell = MATRIX[fault][kind]
    calls = WatchedCalls([shop.crm(), shop.support(), shop.behaviour()])
    deadline_ms = SHORT_MS if asks_to_wait(cell) else PATIENT_MS
    with caplog.at_level(logging.WARNING), capture_logs() as logs:
        async with (
            SOURCES[kind](fault, origin) as orders,
            gateway_on([*calls.connectors, orders], called={}, with_clock=LoopClock(), deadline_ms=deadline_ms) as gateway,
        ):
            memory, started = Memory(), time.monotonic()
            response = await answered(gateway, cell, calls)
            elapsed_s = time.monotonic() - started
            growth = memory.growth()
    answer = response.json()
    assert response.status_code == 200
    assert by_name(answer["data"]["customer"]) == expected(cell)
    assert elapsed_s < SOON_S
    assert [without_request_id(error) for error in answer.get("errors", [])] == errors_of(cell)
    assert growth < MAX_GROWTH
    told = [str(logs), caplog.text] if cell.nulled else [response.text, str(logs), caplog.text]
    assert [text for text in told if SECRET in text] == []


def rows_of(heading: str) -> list[list[str]]:
    """The cells of the table under a heading of the docs, its own head first."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in (rows[0], *rows[2:])]


def test_the_docs_say_what_is_tested() -> None:
    """Each cell of the page is the cell of the matrix, in its order."""
    cells = [[NAMES[fault], *(by_kind[kind].text() for kind in KINDS)] for fault, by_kind in MATRIX.items()]
    assert rows_of("What the caller gets") == [["fault", *(f"`{kind}`" for kind in KINDS)], *cells]


def test_the_docs_say_what_each_fault_is() -> None:
    """In the order of the matrix."""
    assert [row[0] for row in rows_of("What each fault is")] == ["fault", *(NAMES[fault] for fault in MATRIX)]
