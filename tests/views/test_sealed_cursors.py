"""Cursors of callers who do not see what is in them: they page by them, and read nothing in them."""

import json
from base64 import urlsafe_b64decode
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from connectors.records import FieldClass
from gateway.views.cursor_seal import NOT_SEALED
from tests.support.caller_keys import SECRET, keys_in
from tests.support.clocks import StoppedClock
from tests.support.filled_people import sources_of_everything
from tests.support.gateway_server import Gateway, gateway_on

EVERYTHING = [own.value for own in FieldClass if own is not FieldClass.TECHNICAL]
SEES = dict.fromkeys(EVERYTHING, "shown") | {"identifying": "hashed", "commercial": "masked", "behavioural": "hashed"}
LISTS = {
    "orders": 'customer(by: {id: "c1"}) { list: orders(first: 1 %s) { %s } }',
    "tickets": 'customer(by: {id: "c1"}) { list: tickets(first: 1 %s) { %s } }',
    "of an account": 'account(id: "crm:a1") { list: orders(first: 1 %s) { %s } }',
    "search": 'searchCustomers(text: "customer", first: 1 %s) { %s }',
}
PAGE = "nodes { __typename } edges { cursor } pageInfo { hasNextPage endCursor startCursor }"


def words(**more: Any) -> dict[str, Any]:
    caller = {"sees": SEES, "find_by": ["customer_id", "account", "text", "email"]}
    return {"access": {"anonymous": "one", "hash_secret": SECRET}, "callers": {"one": caller | more}}


def page_of(answer: Any) -> Any:
    (found,) = answer["data"].values()
    return found.get("list", found)


def looks_plain(cursor: str) -> bool:
    with suppress(ValueError):
        json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return True
    return False


async def all_pages(gateway: Gateway, text: str, *, how: str, **headers: str) -> list[str]:
    """The cursors of all pages, one record each, gone through by a literal, by a variable, or without a plan."""
    cursors: list[str] = []
    more = "__schema { queryType { name } }" if how == "unplanned" else ""
    for _ in range(10):
        after = f", after: {json.dumps(cursors[-1])}" if cursors and how == "literal" else ""
        declared = "" if how == "literal" else "query ($after: String) "
        given = after if how == "literal" else ", after: $after"
        answer = await gateway.ask(
            f"{declared}{{ {text % (given, PAGE)} {more} }}",
            {} if how == "literal" else {"after": cursors[-1] if cursors else None},
            **headers,
        )
        assert "errors" not in answer, answer["errors"]
        answer["data"].pop("__schema", None)
        info = page_of(answer)["pageInfo"]
        assert info["startCursor"] == info["endCursor"] == page_of(answer)["edges"][0]["cursor"]
        cursors.append(info["endCursor"])
        if not info["hasNextPage"]:
            return cursors
    raise AssertionError("there is no end")


@pytest.mark.parametrize("how", ["literal", "variable", "unplanned"])
@pytest.mark.parametrize("name", ["orders", "tickets", "of an account"])
async def test_pages_follow_each_other(name: str, how: str):
    """All records come, each once, and no cursor can be read."""
    async with gateway_on(sources_of_everything(), with_clock=StoppedClock(), **words()) as gateway:
        cursors = await all_pages(gateway, LISTS[name], how=how)
        again = await all_pages(gateway, LISTS[name], how=how)
    assert len({*cursors}) == 3
    assert cursors == again
    assert not any(map(looks_plain, cursors))


async def test_a_cursor_is_of_its_caller_alone(tmp_path: Path):
    """Not of others, unless they are of one group; nobody makes one, changes one, or takes a plain one."""
    own = {"sees": SEES, "find_by": ["customer_id"]}
    callers: dict[str, Any] = {
        "a": own,
        "b": own,
        "c": own | {"hash_group": "d"},
        "d": own | {"hash_group": "d"},
        "console": {},
    }
    keys, access = await keys_in(tmp_path, callers)
    headers = {name: {"authorization": f"Bearer {key}"} for name, key in keys.items()}
    async with gateway_on(sources_of_everything(), with_clock=StoppedClock(), access=access, callers=callers) as gateway:
        cursors = {name: await all_pages(gateway, LISTS["orders"], how="variable", **headers[name]) for name in callers}
        assert cursors["c"] == cursors["d"]
        assert len({tuple(own) for own in cursors.values()}) == 4
        assert looks_plain(cursors["console"][0])
        (first, *_), tampered = cursors["a"], cursors["a"][0][:-3] + "AAA"
        text = f"query ($after: String) {{ {LISTS['orders'] % (', after: $after', 'nodes { __typename }')} }}"
        for cursor in (
            cursors["b"][0],
            cursors["console"][0],
            tampered,
            first[:10],
            f"{first}!",
            f"{first}=",
            "",
            "x" * 9_000,
            "ü",
        ):
            answer = await gateway.ask(text, {"after": cursor}, **headers["a"])
            assert [error["message"] for error in answer["errors"]] == [NOT_SEALED], cursor
            assert "data" not in answer
        answer = await gateway.ask(text, {"after": first}, **headers["console"])
        assert answer["errors"][0]["extensions"]["code"] == "INVALID_ARGUMENT"


async def test_a_cursor_in_a_fragment_is_sealed_too():
    """Which list a fragment on PageInfo is of is not known: the caller sees the ids of some."""
    sees = dict.fromkeys(EVERYTHING, "shown") | {"behavioural": "masked"}
    callers = {"one": {"sees": sees, "find_by": ["customer_id"]}}
    access = {"anonymous": "one", "hash_secret": SECRET}
    async with gateway_on(sources_of_everything(), with_clock=StoppedClock(), access=access, callers=callers) as gateway:
        answer = await gateway.ask(
            """{ customer(by: {id: "c1"}) { list: tickets(first: 1) { pageInfo { ...Info } } } }
               fragment Info on PageInfo { hasNextPage endCursor }"""
        )
        assert "errors" not in answer, answer
        cursor = page_of(answer)["pageInfo"]["endCursor"]
        assert not looks_plain(cursor)
        text = f"{{ {LISTS['tickets'] % (f', after: {json.dumps(cursor)}', 'nodes { __typename }')} }}"
        assert "errors" not in await gateway.ask(text)


async def test_a_report_takes_plain_cursors():
    settings = words() | {"access": {"anonymous": "one", "hash_secret": SECRET, "mode": "report"}}
    async with gateway_on(sources_of_everything(), with_clock=StoppedClock(), **settings) as gateway:
        cursors = await all_pages(gateway, LISTS["orders"], how="variable")
    assert all(map(looks_plain, cursors))
