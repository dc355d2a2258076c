"""What the README shows, and the page of what fills a profile, is what the gateway answers."""

import json
import sqlite3
import tomllib
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web

from gateway.demo.prepare import prepare_shop
from gateway.lookups.connector_registry import build_connectors
from gateway.settings import Settings, load_settings, parse_settings
from tests.support.gateway_server import served
from tests.support.http_source import serving
from tests.support.markdown import Block, blocks
from tests.support.paths import ROOT

README = ROOT / "README.md"
DIMENSIONS = ROOT / "docs" / "dimensions.md"


def pairs(page: Path) -> list[tuple[Block, Block]]:
    """The queries of a page, each with the block that follows it."""
    return [(query, answer) for query, answer in pairwise(blocks(page)) if query.language == "graphql"]


TICKET = {"id": 7, "title": "Late", "opened": "2026-05-02", "status": "waiting", "requester": {"email": "Ann@Example.com"}}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The settings file of the demo's shop."""
    folder = tmp_path_factory.mktemp("shop")
    return prepare_shop(folder, customers=2000, seed=1, progress=lambda *_: None).settings


def settings_of(demo: Path, query: Block) -> Settings:
    """The demo's settings, with the database that the block's `away=` names where it cannot be opened."""
    document = tomllib.loads(demo.read_text("utf-8"))
    if query.info:
        name = query.info.removeprefix("away=")
        document["sources"][name]["url"] = f"sqlite+aiosqlite:///{demo.parent}/away/{name}.db"
    return parse_settings(document)


def test_the_readme_is_short_and_shows_four_queries() -> None:
    """At most 220 lines; each query is followed by its answer."""
    assert len(README.read_text("utf-8").splitlines()) <= 220
    assert [answer.language for _, answer in pairs(README)] == ["json"] * 4


@pytest.mark.journey
@pytest.mark.parametrize(
    ("query", "answer"),
    [pytest.param(*pair, id=f"{page.name} line {pair[0].line}") for page in (README, DIMENSIONS) for pair in pairs(page)],
)
async def test_a_query_has_the_answer_that_is_shown(demo: Path, query: Block, answer: Block) -> None:
    """The demo's shop gives each query exactly the answer below it."""
    async with served(settings_of(demo, query)) as gateway:
        given = await gateway.ask(query.text)
    assert given.pop("extensions").keys() <= {"trace", "sources"}
    assert given == json.loads(answer.text)


async def test_the_settings_serve_a_database_and_an_api(tmp_path: Path) -> None:
    """A database and an API as the README's settings describe them pass the check and give a customer's history."""
    with closing(sqlite3.connect(tmp_path / "shop.db")) as shop, shop:
        shop.executescript(
            "CREATE TABLE customers (id, name, email, created_at); CREATE TABLE order_items (order_id, name, quantity);"
            "CREATE TABLE orders (id, customer_id, status, placed_at, amount);"
            "INSERT INTO customers VALUES ('c1', 'Ann', 'Ann@Example.com', '2026-01-01');"
            "INSERT INTO orders VALUES ('o1', 'c1', 'shipped', '2026-05-01 10:00:00', 9.5);"
            "INSERT INTO order_items VALUES ('o1', 'Scarf', 2)"
        )

    async def helpdesk(request: web.Request) -> web.Response:
        return web.json_response({"tickets": [TICKET] if request.headers["Authorization"] == "Bearer secret" else []})

    (block,) = (block for block in blocks(README) if block.language == "toml")
    path = tmp_path / "gateway.toml"
    path.write_text(block.text, "utf-8")
    async with serving(helpdesk) as url:
        variables = {"SHOP_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/shop.db", "HELPDESK_URL": url}
        settings = load_settings(path, variables | {"HELPDESK_TOKEN": "secret"})
        for connector in build_connectors(settings.sources):
            await connector.open()
            assert await connector.check() == []
            await connector.aclose()
        async with served(settings) as gateway:
            data = await gateway.data(
                """{ customer(by: {email: "ann@example.com"}) { name
                orders { nodes { status total { amount currency } items { name quantity } } }
                tickets { nodes { subject status createdAt } } } }"""
            )
    assert data["customer"] == {
        "name": "Ann",
        "orders": {
            "nodes": [
                {
                    "status": "SHIPPED",
                    "total": {"amount": "9.50", "currency": "EUR"},
                    "items": [{"name": "Scarf", "quantity": 2}],
                }
            ]
        },
        "tickets": {"nodes": [{"subject": "Late", "status": "PENDING", "createdAt": "2026-05-02T00:00:00Z"}]},
    }
