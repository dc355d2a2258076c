"""The example of docs/execution.md is what happens: its plan, its calls, its answers, the files that a key passes."""

import ast
import asyncio
import json
import re
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import pytest

from connectors.contract import Ask
from connectors.errors import SourceUnavailableError
from connectors.record_fields import Fields
from connectors.records import RECORD_NAMES
from connectors.testing import MemoryConnector
from gateway.admission import admission
from gateway.app import create_services
from gateway.explain import explained_plan
from gateway.settings import parse_settings
from gateway.telemetry import process_metrics
from tests.support import shop
from tests.support.gateway_server import gateway_on, served, settings_for
from tests.support.markdown import Block, blocks
from tests.support.paths import ROOT

TEXT = (ROOT / "docs" / "execution.md").read_text("utf-8")
PAGE = blocks(ROOT / "docs" / "execution.md")


def block(language: str, info: str = "") -> Block:
    """The one block of the page in this language that is marked so."""
    (found,) = [one for one in PAGE if one.language == language and one.info == info]
    return found


OPERATION = block("graphql").text


def sources() -> dict[str, MemoryConnector]:
    """The three of the page."""
    return {connector.name: connector for connector in (shop.crm(), shop.orders(), shop.support())}


def plan() -> list[str]:
    connectors = list(sources().values())
    services = create_services(settings_for(connectors), connectors=connectors)
    return explained_plan(OPERATION, '{"id": "c1"}', services)


def words(fields: Fields) -> str:
    return " ".join(f"{name} {{ {words(inner)} }}" if inner.items else name for name, inner in fields)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows in columns, as the page shows them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines) + "\n"


def calls(turn: int, connectors: dict[str, MemoryConnector]) -> list[tuple[str, ...]]:
    """The calls since the last turn, as rows of the page."""
    rows = []
    for name, connector in connectors.items():
        for record, by, keys, ask in connector.calls:
            assert isinstance(ask, Ask)
            rows.append((str(turn), name, RECORD_NAMES[record], by.value, ", ".join(keys), words(ask.fields)))
        connector.calls.clear()
    return rows


async def turns() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def answers_and_calls(connectors: dict[str, MemoryConnector]) -> tuple[list[Any], list[tuple[str, ...]]]:
    """What two requests at once get, and the calls that left before and after the customers were here."""
    crm = connectors["crm"]
    async with gateway_on(list(connectors.values())) as gateway:
        for _ in range(2):
            await gateway.ask(OPERATION, {"id": "nobody"})  # a document that is not kept yet gives way once it is read
        calls(0, connectors)
        crm.hang = asyncio.Event()
        asking = [asyncio.create_task(gateway.ask(OPERATION, {"id": one}, **{"x-request-id": one})) for one in ("c1", "c2")]
        await turns()
        rows = calls(1, connectors)
        crm.hang.set()
        answers = await asyncio.gather(*asking)
    return answers, rows + calls(2, connectors)


def test_the_plan_is_that_of_the_command():
    """The block has what the command prints for the page's operation and the page's sources."""
    command, _, printed = block("console").text.partition("\n")
    assert command.startswith("$ profile-gateway plan card.graphql")
    assert printed == "\n".join(plan()) + "\n"


def test_the_function_is_one_of_the_plan():
    """Line breaks aside, it is the code of the orders."""
    shown = block("python", "no-run").text
    assert ast.dump(ast.parse(shown)) in [ast.dump(ast.parse(line)) for line in plan() if line.startswith("lambda")]


async def test_the_calls_are_those_that_leave():
    """Three calls for two requests: two before the customers are here, and one after."""
    answers, rows = await answers_and_calls(sources())
    heading = ("turn", "source", "record", "by", "keys", "fields")
    assert block("text", "calls").text == table([heading, *rows])
    assert answers[0] == json.loads(block("json", "answer").text)


async def test_the_answer_without_orders_is_that_of_a_source_that_is_down():
    """Orders are null with an error; the rest is as before, and the calls are the same."""
    connectors = sources()
    connectors["orders"].failure = SourceUnavailableError()
    answers, rows = await answers_and_calls(connectors)
    assert answers[0] == json.loads(block("json", "answer-without-orders").text)
    assert len(rows) == 3


@pytest.mark.parametrize("info", ["answer", "answer-without-orders"])
def test_answers_are_written_in_the_order_of_the_operation(info: str):
    """The keys of the customer stand as they were selected."""
    answer = msgspec.json.decode(block("json", info).text)
    assert list(answer["data"]["customer"]) == ["name", "orders", "tickets"]


def section(title: str) -> str:
    return TEXT.split(f"## {title}\n")[1].split("\n## ")[0]


@contextmanager
def noting(files: set[str]) -> Iterator[None]:
    """Note our files whose functions are called, until the first SQL statement is run."""

    def note(frame: FrameType, event: str, _: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(ROOT) and "connectors/sql/engine.py" not in files:
            files.add(str(path.relative_to(ROOT)))

    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)


async def called_files(tmp_path: Path) -> set[str]:
    """The files that every request by an address calls on its way to SQL; on a busy machine one may call more."""
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        database.execute("CREATE TABLE customers AS SELECT 'c1' AS id, 'ann@example.com' AS email")
        database.execute("CREATE TABLE orders AS SELECT 'o1' AS id, 'c1' AS customer, '2026-05-01' AS placed_at")
    records = {
        "customer": {"query": "SELECT * FROM customers", "keys": {"customer_id": "id", "email": "email"}},
        "order": {"query": "SELECT * FROM orders", "keys": {"customer_id": "customer"}},
    }
    url = f"sqlite+aiosqlite:///{tmp_path}/shop.db"
    settings = parse_settings({"sources": {"shop": {"kind": "sql", "url": url, "records": records}}})
    query = "query ($email: String!) { customer(by: {email: $email}) { orders { nodes { id } } } }"
    called: list[set[str]] = [set() for _ in range(15)]
    async with served(settings) as gateway:
        for _ in range(2):
            await gateway.data(query, {"email": "ann@example.com"})
        for files in called:
            with noting(files):
                data = await gateway.data(query, {"email": "ann@example.com"})
            assert data == {"customer": {"orders": {"nodes": [{"id": "shop:o1"}]}}}
    return {name for name in set.intersection(*called) if name.startswith(("connectors/", "gateway/", "resolvers/"))}


async def test_a_key_passes_the_files_of_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The files of the table and those beside the way are called before the statement, and no others."""
    # On a busy machine each request takes longer than that, and comes so late that it waits for its turn.
    monkeypatch.setattr(process_metrics, "LAG_PERIOD_S", 3_600.0)
    monkeypatch.setattr(admission, "GIVE_WAY_S", 3_600.0)
    text = section("The files that a key passes")
    passed = re.findall(r"^\| \d+ \| `(.+?)` \|", text, re.MULTILINE)
    beside = re.findall(r"`([\w/]+\.py)`", text.split("beside the way")[1])
    assert await called_files(tmp_path) == {*passed, *beside}
    assert f"goes through {len(passed)} files" in text


def test_twenty_ideas_are_named_in_code():
    """A list field takes at most twenty ideas, and each of their names is one of a class, a function or a file."""
    ideas = re.findall(r"^\| \d+ \| .+? \| (.+?) \| .+ \|$", section("The ideas"), re.MULTILINE)
    assert 0 < len(ideas) <= 20
    code = "".join(path.read_text("utf-8") for name in ("connectors", "gateway") for path in (ROOT / name).rglob("*.py"))
    names = {part for idea in ideas for name in re.findall(r"`(.+?)`", idea) for part in name.removesuffix(".py").split(".")}
    assert {name for name in names if not re.search(rf"\b(?:class|def|import) {name}\b|\.{name} import", code)} == set()
