"""Ways in which callers might read, make or exchange cursors that are sealed for them."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.views.cursor_seal import NOT_SEALED
from tests.support.caller_keys import SECRET, keys_in
from tests.support.clocks import StoppedClock
from tests.support.filled_people import sources_of_everything
from tests.support.gateway_server import Gateway, gateway_on
from tests.views.test_sealed_cursors import EVERYTHING, looks_plain, words

ORDERS = 'customer(by: {id: "c1"}) { list: orders(first: 1%s) { pageInfo { endCursor } } }'


async def first_cursor(gateway: Gateway, what: str = "orders") -> str:
    answer = await gateway.ask(f'{{ customer(by: {{id: "c1"}}) {{ list: {what}(first: 1) {{ pageInfo {{ endCursor }} }} }} }}')
    cursor = answer["data"]["customer"]["list"]["pageInfo"]["endCursor"]
    assert isinstance(cursor, str)
    return cursor


async def plain_cursor() -> str:
    async with gateway_on(sources_of_everything(), with_clock=StoppedClock()) as gateway:
        return await first_cursor(gateway)


async def test_a_default_is_a_sealed_cursor_too():
    plain = await plain_cursor()
    async with gateway_on(sources_of_everything(), with_clock=StoppedClock(), **words()) as gateway:
        sealed = await first_cursor(gateway)
        text = f"query ($after: String = %s) {{ {ORDERS % ', after: $after'} }}"
        for _ in range(3):
            answer = await gateway.ask(text % json.dumps(plain))
            assert [error["message"] for error in answer.get("errors", ())] == [NOT_SEALED]
            answer = await gateway.ask(text % json.dumps(sealed))
            assert "errors" not in answer
            assert answer["data"]["customer"]["list"]["pageInfo"]["endCursor"] != sealed


@pytest.mark.parametrize("how", ["literal", "variable"])
async def test_a_cursor_is_open_in_its_list_alone(how: str):
    """What the caller gives elsewhere in the document stays as it is: an error about it does not read it to him."""
    async with gateway_on(sources_of_everything(), with_clock=StoppedClock(), **words()) as gateway:
        sealed = await first_cursor(gateway)
        for own in (sealed, "another", sealed):
            given = json.dumps(own) if how == "literal" else "$after"
            fields = f"orders(first: 1, after: {given}) {{ pageInfo {{ endCursor }} }} tag(key: {given}) {{ key }}"
            text = f'{{ customer(by: {{id: "c1"}}) {{ {fields} }} }}'
            if how == "literal":
                answer = await gateway.ask(text)
            else:
                answer = await gateway.ask("query ($after: String!) " + text, {"after": own})
            told = [error["message"] for error in answer["errors"]]
            if own == "another":
                assert told == [NOT_SEALED]
            else:
                assert any(own[:40] in message for message in told), told


async def test_nobody_names_the_variable_of_an_open_cursor():
    plain = await plain_cursor()
    async with gateway_on(sources_of_everything(), with_clock=StoppedClock(), **words()) as gateway:
        first = await first_cursor(gateway)
        text = f"query ($after: String) {{ {ORDERS % ', after: $after'} }}"
        answer = await gateway.ask(text, {"after (open)": plain, "(open) after": plain, "after(open)": plain})
    assert answer["data"]["customer"]["list"]["pageInfo"]["endCursor"] == first


@pytest.mark.parametrize("how", ["literal", "variable"])
async def test_a_cursor_goes_on_in_lists_of_its_type_alone(how: str):
    """Else an order, whose time is shown, would tell which tickets are older.

    Its cursor is sealed in a fragment, of which it is not known whose page it shows.
    """
    sees = dict.fromkeys(EVERYTHING, "shown") | {"behavioural": "hashed"}
    async with gateway_on(sources_of_everything(), with_clock=StoppedClock(), **words(sees=sees)) as gateway:
        answer = await gateway.ask(
            """{ customer(by: {id: "c1"}) { orders(first: 1) { pageInfo { ...Info } } } }
               fragment Info on PageInfo { endCursor }"""
        )
        order = answer["data"]["customer"]["orders"]["pageInfo"]["endCursor"]
        assert not looks_plain(order)
        tickets = 'customer(by: {id: "c1"}) { tickets(after: %s) { nodes { __typename } } }'
        if how == "literal":
            answer = await gateway.ask(f"{{ {tickets % json.dumps(order)} }}")
        else:
            answer = await gateway.ask(f"query ($after: String) {{ {tickets % '$after'} }}", {"after": order})
    assert [error["extensions"]["code"] for error in answer.get("errors", ())] == ["INVALID_ARGUMENT"]


async def test_callers_of_one_group_open_what_each_of_them_is_sealed(tmp_path: Path):
    """One who sees the times of tickets gives their cursors as they are; the document is not made for the other so."""
    hidden = dict.fromkeys(EVERYTHING, "shown") | {"commercial": "hashed"}
    callers: dict[str, Any] = {
        "a": {"sees": hidden, "find_by": ["customer_id"], "hash_group": "g"},
        "b": {"sees": hidden | {"behavioural": "hashed"}, "find_by": ["customer_id"], "hash_group": "g"},
    }
    keys, access = await keys_in(tmp_path, callers)
    access |= {"hash_secret": SECRET}
    async with gateway_on(sources_of_everything(), with_clock=StoppedClock(), access=access, callers=callers) as gateway:
        a, b = ({"authorization": f"Bearer {keys[name]}"} for name in callers)
        get = 'customer(by: {id: "c1"}) { %s(first: 1%s) { pageInfo { %s } } }'
        order = (await gateway.ask(f"{{ {get % ('orders', '', 'endCursor')} }}", **b))["data"]["customer"]["orders"]
        ticket = (await gateway.ask(f"{{ {get % ('tickets', '', 'endCursor')} }}", **a))["data"]["customer"]["tickets"]
        sealed, plain = order["pageInfo"]["endCursor"], ticket["pageInfo"]["endCursor"]
        assert looks_plain(plain)
        assert not looks_plain(sealed)
        afters = [f", after: {json.dumps(own)}" for own in (sealed, plain)]
        text = (
            f"""query {{ o: {get % ("orders", afters[0], "hasNextPage")} t: {get % ("tickets", afters[1], "hasNextPage")} }}"""
        )
        for _ in range(3):
            assert "errors" not in await gateway.ask(text, **a)
            answer = await gateway.ask(text, **b)
            assert [error["message"] for error in answer.get("errors", ())] == [NOT_SEALED]
