"""docs/clients.md: its blocks are a project, which is built and asks the demo's shop while a source is down."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import build_schema, parse, validate

from gateway.demo.prepare import prepare_shop
from tests.support.known_clients import Workshop
from tests.support.markdown import blocks
from tests.support.paths import ROOT
from tests.support.serve_process import ServeProcess, serve_process

pytestmark = [pytest.mark.clients, pytest.mark.xdist_group("clients-page")]

PAGE = ROOT / "docs" / "clients.md"
EMAIL = "emma.clarke@example.com"
FAULTS = '[[faults]]\nsource = "behaviour"\nerror = "SOURCE_UNAVAILABLE"\n'


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """The project of the page, with its generated types."""
    workshop = Workshop(tmp_path_factory.mktemp("clients"))
    for block in blocks(PAGE):
        (workshop.folder / block.info).write_text(block.text, "utf-8")
    workshop.run_tool("@graphql-codegen/cli/cjs/bin.js", "--config", "codegen.ts")
    workshop.run_tool("relay-compiler/cli.js", "relay-pages.config.json")
    return workshop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeProcess]:
    """The demo's shop, of which the behaviour database is down."""
    folder = tmp_path_factory.mktemp("shop")
    prepared = prepare_shop(folder, customers=2000, seed=1, progress=lambda *_: None)
    (folder / "faults.toml").write_text(FAULTS, "utf-8")
    with serve_process(prepared.settings, "--faults", str(folder / "faults.toml")) as process:
        process.wait_ready(1)
        yield process


def run_check(project: Workshop, shop: ServeProcess, name: str) -> dict[str, Any]:
    """Bundle a check with the blocks of the page, run it and give what it found."""
    project.run_script("checks/bundle.mjs", f"checks/{name}.tsx", f"{name}.bundle.mjs")
    return json.loads(project.run_script(f"{name}.bundle.mjs", f"{shop.url}/graphql", EMAIL))


def test_the_blocks_compile(project: Workshop):
    """Strictly, with the types that the page's settings generate: one key, known codes, dates and amounts as text."""
    project.run_tool("typescript/bin/tsc", "--project", "checks/tsconfig.json")


def test_types_of_the_address_let_any_keys_through(project: Workshop, shop: ServeProcess):
    """What the page warns of: from the address the key is an object of optional fields; from the file it is one of them."""
    settings = (project.folder / "codegen.ts").read_text("utf-8")
    changed = settings.replace("./schema.graphql", f"{shop.url}/graphql").replace("./gql/", "./remote/")
    assert changed.count(shop.url) == 1
    (project.folder / "remote.ts").write_text(changed, "utf-8")
    project.run_tool("@graphql-codegen/cli/cjs/bin.js", "--config", "remote.ts")
    keys = {
        name: (project.folder / name / "graphql.ts").read_text("utf-8").split("export type CustomerKey =")[1].split("\n\n")[0]
        for name in ("gql", "remote")
    }
    assert ("never" in keys["gql"], "never" in keys["remote"]) == (True, False)


def test_status_in_a_timeline_needs_another_name(project: Workshop):
    """Without the aliases of the page its document does not fit the schema."""
    schema = build_schema((ROOT / "schema.graphql").read_text("utf-8"))
    text = (project.folder / "documents.ts").read_text("utf-8").split("graphql(`")[1].split("`)")[0]
    assert validate(schema, parse(text)) == []
    (error,) = validate(schema, parse(text.replace("orderStatus: ", "").replace("ticketStatus: ", "")))
    assert "'status' conflict" in error.message


def test_apollo_client_shows_what_is_there(project: Workshop, shop: ServeProcess):
    """Each sentence of the page on Apollo Client, as it was seen."""
    found = run_check(project, shop, "apollo")
    assert found == {
        "name": "Emma Clarke",
        "late": True,
        "pages": [10, 20, 25],
        "lost": True,
        "kept": ["crm:c00001", None],
        "codes": ["SOURCE_UNAVAILABLE"],
        "nodes": 10,
        "again": 0,
        "short": 1,
        "keys": ["Customer:crm:c00001"],
        "withoutId": ["ROOT_QUERY"],
        "feuds": [4, 4],
        "peace": [2, 2],
        "sources": True,
        "tags": [["PLATINUM", "NONE"], ["PLATINUM", "PLATINUM"]],
    }


def test_other_libraries_show_what_is_there(project: Workshop, shop: ServeProcess):
    """urql, TanStack Query and Relay each say in words that a source is down, Relay has all pages."""
    found = run_check(project, shop, "others")
    assert found == {
        "urql": "Not there at the moment",
        "tanstack": "Not there at the moment",
        "relay": ["Emma Clarke", "Not there at the moment", [10, 20, 25]],
        "keys": ["Customer:crm:c00001", "Order:orders:c00001-o01"],
    }


def test_gql_gives_what_is_there(shop: ServeProcess):
    """The block for Python gives the customer and the code of what is not there."""
    pytest.importorskip("gql")
    (block,) = [own for own in blocks(PAGE) if own.language == "python"]
    page: dict[str, Any] = {"__name__": "docs"}
    exec(compile(block.text, str(PAGE), "exec"), page)
    asked = page["ask_customer"](f"{shop.url}/graphql", EMAIL, {})
    assert asyncio.run(asked) == (
        {"customer": {"id": "crm:c00001", "name": "Emma Clarke", "events": None}},
        ["SOURCE_UNAVAILABLE"],
    )
