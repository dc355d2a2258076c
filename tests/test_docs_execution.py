"""The example of docs/execution.md is what happens: its plan, its calls, its answers."""

import ast
import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.contract import Ask
from connectors.errors import SourceUnavailableError
from connectors.record_fields import Fields
from connectors.records import RECORD_NAMES
from connectors.testing import MemoryConnector
from gateway.app import create_services
from gateway.explain import explained_plan
from tests import shop
from tests.markdown import Block, blocks
from tests.running import gateway_on, settings_for

PAGE = blocks(Path(__file__).parent.parent / "docs" / "execution.md")


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
    return explained_plan(OPERATION, '{"id": "c1"}', services.sources)


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
        await gateway.ask(OPERATION, {"id": "nobody"})  # a new document gives way once it is read
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
