"""A caller says what becomes of an answer where a field fails: `onError` of the drafted specification."""

from typing import Any

import pytest

from tests.support import shop
from tests.support.gateway_server import Gateway, gateway_on

QUERY = '{ viewer { caller } find(text: "ana", first: 99) { matches { exact } } customer(by: {id: "c1"}) { name } }'
WHOLE = {"viewer": {"caller": None}, "find": None, "customer": {"name": "Ana Souza"}}
CORE = QUERY.replace("{ viewer", "{ __typename __schema { queryType { name } } viewer", 1)


async def ask(gateway: Gateway, query: str, on_error: str | None = None) -> dict[str, Any]:
    body = {"query": query} if on_error is None else {"query": query, "onError": on_error}
    answer: dict[str, Any] = (await gateway.client.post("/graphql", json=body)).json()
    return answer


@pytest.mark.parametrize(("on_error", "data"), [(None, None), ("PROPAGATE", None), ("NULL", WHOLE), ("HALT", None)])
@pytest.mark.parametrize("query", [QUERY, CORE])
async def test_a_null_goes_as_far_as_the_caller_wants(query: str, on_error: str | None, data: object):
    """`find` may not be null, and fails: alone, or with all that was asked for."""
    async with gateway_on([*shop.sources().values()]) as gateway:
        answer = await ask(gateway, query, on_error)
    assert [error["path"] for error in answer["errors"]] == [["find"]]
    shown = answer["data"]
    assert (shown and {name: shown[name] for name in WHOLE}) == data


async def test_halt_leaves_nothing_of_what_was_found():
    """Also where the null could stand in its place."""
    query = '{ customer(by: {id: "c1"}) { name orders(first: -1) { totalCount } } }'
    async with gateway_on([*shop.sources().values()]) as gateway:
        halted, usual = await ask(gateway, query, "HALT"), await ask(gateway, query)
    assert usual["data"] == {"customer": {"name": "Ana Souza", "orders": None}}
    assert halted["data"] is None
    assert [error["path"] for error in halted["errors"]] == [["customer", "orders"]]


async def test_another_word_is_refused_with_those_that_are_known():
    async with gateway_on([*shop.sources().values()]) as gateway:
        (error,) = (await ask(gateway, "{ viewer { caller } }", "NO_PROPAGATE"))["errors"]
    assert error["message"] == "onError must be one of PROPAGATE, NULL, HALT"
