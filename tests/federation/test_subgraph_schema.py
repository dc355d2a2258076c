"""The schema of the subgraph: whole or as a caller sees it, by `_service` and by the command alike."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from graphql import parse
from typer.testing import CliRunner

from connectors.records import FieldClass
from gateway.cli import app
from gateway.execution.schema_types import core_schema
from gateway.federation import subgraph_schema
from gateway.federation.subgraph_schema import write_subgraph
from gateway.settings.access_settings import WAYS_IN
from gateway.views.schema_classes import classes_by_field
from resolvers.schema import schema_with
from tests.support import shop
from tests.support.caller_keys import SECRET
from tests.support.gateway_server import gateway_on

SCHEMA = schema_with((), federated=True)
CALLERS: dict[str, Any] = {
    "console": {},
    "partner": {"sees": {"identifying": "shown", "contact": "masked", "commercial": "shown"}, "find_by": [*WAYS_IN]},
    "mailer": {"sees": {"contact": "shown", "identifying": "hashed"}},
    "least": {"sees": {}, "find_by": ["customer_id"]},
}


def keys_in(sdl: str) -> dict[str, list[str]]:
    """The keys of each type that has some."""
    found = {}
    for line in sdl.splitlines():
        if line.startswith("type ") and "@key" in line:
            found[line.split()[1]] = re.findall(r'@key\(fields: "(\w+)"\)', line)
    return found


def as_caller(name: str, **access: Any) -> dict[str, Any]:
    return {
        "federation": {"enabled": True},
        "access": {"anonymous": name, "hash_secret": SECRET, **access},
        "callers": CALLERS,
    }


async def told(settings: Mapping[str, Any]) -> str:
    async with gateway_on([*shop.sources().values()], **settings) as gateway:
        sdl: str = (await gateway.data("{ _service { sdl } }"))["_service"]["sdl"]
        assert (await gateway.data("{ _service { sdl } }"))["_service"]["sdl"] == sdl
    return sdl


async def test_the_whole_schema_is_told():
    """To whoever sees everything: with its keys, and without what is for routers."""
    sdl = await told({"federation": {"enabled": True}})
    assert sdl == write_subgraph(SCHEMA.sdl(), core_schema(SCHEMA), None)
    entities = {"Customer": ["id", "email"], "Order": ["id"], "Survey": ["id"], "Ticket": ["id"]}
    assert keys_in(sdl) == entities
    assert sdl.startswith('extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@cost", "@key",')
    assert not re.search(r"_Any|_Entity|_Service|_entities|_service", sdl)
    assert [line.split()[1] for line in sdl.splitlines() if "@shareable" in line and line.startswith("type")] == [
        "Money",
        "PageInfo",
    ]


def test_fields_have_the_tags_of_their_classes():
    """Those of contracts: so a contract leaves out what a class is of. Each class is a tag, but the technical one."""
    found: dict[str, set[str]] = {}
    for definition in parse(write_subgraph(SCHEMA.sdl(), core_schema(SCHEMA), None)).definitions:
        for field in getattr(definition, "fields", None) or ():
            tags = [own.arguments[0].value.value for own in field.directives or () if own.name.value == "tag"]
            found[f"{definition.name.value}.{field.name.value}"] = set(tags)  # type: ignore[attr-defined]
    classes = classes_by_field(core_schema(SCHEMA))
    said = {where: {own.value for own in classes[where].all} - {"technical"} for where in found if where in classes}
    more = {where: found[where] - tags for where, tags in said.items() if found[where] != tags}
    assert {where for where, tags in said.items() if not tags <= found[where]} == set()
    assert more["Customer.address"] == {"contact", "personal"}  # all that an address has
    assert set().union(*found.values()) == {own.value for own in FieldClass} - {"technical"}


@pytest.mark.parametrize(
    ("caller", "keys"),
    [
        ("console", {"Customer": ["id", "email"], "Order": ["id"], "Survey": ["id"], "Ticket": ["id"]}),
        ("partner", {"Customer": ["id"], "Order": ["id"]}),
        ("mailer", {"Customer": ["email"]}),
        ("least", {}),
    ],
)
async def test_a_caller_is_told_what_he_sees(caller: str, keys: dict[str, list[str]]):
    """What is withheld is not there, and a key is where he may find by it, and is shown it as it is."""
    sdl = await told(as_caller(caller))
    assert keys_in(sdl) == keys
    assert ("givenName" in sdl) == (caller == "console")
    parse(sdl)


async def test_rights_that_are_tried_out_change_nothing():
    assert await told(as_caller("least", mode="report")) == write_subgraph(SCHEMA.sdl(), core_schema(SCHEMA), None)


async def test_where_the_schema_cannot_be_asked_for_it_is_not_told():
    async with gateway_on([shop.crm()], federation={"enabled": True}, introspection=False) as gateway:
        answer = await gateway.ask("{ _service { sdl } }")
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize("caller", [None, "partner", "mailer"])
async def test_the_command_prints_the_same(caller: str | None, tmp_path: Path):
    """With or without a caller, whether or not the settings say that the gateway is a subgraph."""
    tables = [f'[access]\nanonymous = "console"\nhash_secret = "{SECRET}"']
    for name, own in CALLERS.items():
        tables.append(f"[callers.{name}]")
        if "find_by" in own:
            tables.append(f"find_by = {[str(kind) for kind in own['find_by']]}")
        if "sees" in own:
            tables.append("sees = {" + ", ".join(f'{key} = "{value}"' for key, value in own["sees"].items()) + "}")
    (tmp_path / "gateway.toml").write_text("\n".join([*tables, '[sources.crm]\nkind = "sql"\n']), "utf-8")
    words = ["schema", "--federation"]
    if caller is not None:
        words += ["--config", str(tmp_path / "gateway.toml"), "--caller", caller]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert done.stdout == await told({"federation": {"enabled": True}} if caller is None else as_caller(caller))


@pytest.mark.parametrize(("of_all", "own"), [(True, False), (False, True)])
async def test_the_right_of_a_caller_decides(of_all: bool, own: bool):
    """As it does for `__schema`."""
    callers = {"composer": {"introspection": own}}
    words: dict[str, Any] = {"introspection": of_all, "access": {"anonymous": "composer"}, "callers": callers}
    async with gateway_on([shop.crm()], federation={"enabled": True}, **words) as gateway:
        answers = [await gateway.ask(query) for query in ("{ __schema { queryType { name } } }", "{ _service { sdl } }")]
    assert ["errors" not in answer for answer in answers] == [own, own]


async def test_it_is_written_once_for_all_who_ask_at_once(monkeypatch: pytest.MonkeyPatch):
    written: list[str] = []
    write = subgraph_schema.subgraph_of_caller

    def noted(settings: Any, caller: str, schema: Any) -> str:
        written.append(caller)
        return write(settings, caller, schema)

    monkeypatch.setattr(subgraph_schema, "subgraph_of_caller", noted)
    async with gateway_on([shop.crm()], federation={"enabled": True}) as gateway:
        texts = await asyncio.gather(*(gateway.data("{ _service { sdl } }") for _ in range(5)))
    assert len(written) == 1
    assert len({text["_service"]["sdl"] for text in texts}) == 1
