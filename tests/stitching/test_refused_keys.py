"""A source that refuses a key has not said that nobody has it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from connectors import records as r
from connectors.contract import Connector, KeyKind
from connectors.errors import SourceRejectedError
from connectors.graphql import GraphQLConnector, GraphQLSettings
from connectors.http import HttpConnector, HttpSettings
from connectors.testing import MemoryConnector
from gateway.stitching.merged_customer import MergedCustomer
from gateway.stitching.selection import Selection
from tests.stitching.test_known_customers import ALL, WHO, keeping, whole
from tests.support.gateway_server import gateway_on
from tests.support.http_source import serving
from tests.support.known_people import ANA_CRM, ANA_DESK, ANA_SHOP, NUMBER, ask_both, knowing, order, person

ASK = '{ customer(by: {id: "crm:7"}) { identity { complete reason records withheld { by reason } } } '
MAIL = "ana@example.com"


class Refusing(MemoryConnector):
    """Refuses some keys, and answers the others of the call."""

    refused: Sequence[str] = ()

    async def _fetch(self, *call: Any) -> Mapping[str, Any]:
        answer = await super()._fetch(*call)
        return {**answer, **{key: SourceRejectedError() for key in call[2] if key in self.refused}}


def refusing(name: str, people: Sequence[r.Customer], *refused: str, **words: Any) -> MemoryConnector:
    source = knowing(name, people, kind=Refusing, **words)
    source.refused = refused
    return source


async def test_a_refused_key_leaves_the_customer_open():
    """Whether a record has it is not known. The keys beside it, and the other sources, are answered as ever."""
    orders = {(r.Order, KeyKind.CUSTOMER_ID): {"42": [order("shop")]}}
    sources = knowing("crm", [ANA_CRM]), refusing("shop", [ANA_SHOP], NUMBER, also=orders), knowing("desk", [ANA_DESK])
    query = ASK[:-3] + "orders { partial nodes { id } } sources { name state errorCode } } "
    customer = (await ask_both(query, *sources, identity={"max_turns": 4}))["data"]["customer"]
    assert customer["identity"] == {"complete": False, "reason": "KEY_REFUSED", "records": ALL, "withheld": []}
    assert customer["orders"] == {"partial": True, "nodes": [{"id": "shop:o-shop"}]}


async def test_a_number_links_nobody_where_a_stronger_key_was_refused():
    """The shop may know the address with somebody else."""
    sources = knowing("crm", [ANA_CRM]), refusing("shop", [], MAIL), knowing("desk", [person("u1", phone=NUMBER)])
    identity = (await ask_both(ASK, *sources))["data"]["customer"]["identity"]
    withheld = [{"by": "PHONE", "reason": "UNCONFIRMED"}]
    assert identity == {"complete": False, "reason": "KEY_REFUSED", "records": ["crm:7"], "withheld": withheld}


async def test_a_refused_spelling_does_no_harm_beside_another():
    """The source knows the number in the form that it takes."""
    crm, number = knowing("crm", [person("7", phone="+525512345670")]), "+525512345670"
    answer = await ask_both(ASK, crm, refusing("shop", [person("42", phone=number)], "+5215512345670"))
    identity = answer["data"]["customer"]["identity"]
    assert identity == {"complete": True, "reason": None, "records": ["crm:7", "shop:42"], "withheld": []}


async def test_a_key_that_all_refuse_is_refused():
    """Nobody is known then: that is no customer who is not there."""
    answer = await ask_both(f'{{ customer(by: {{email: "{MAIL}"}}) {{ id }} ', knowing("crm", []), refusing("shop", [], MAIL))
    assert answer["data"]["customer"] is None
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SOURCE_REJECTED"]


@pytest.mark.mongodb
async def test_nothing_is_stored_of_a_customer_with_a_refused_key(mongodb_uri: str, mongodb_database: str):
    """The next request asks anew; once the source takes the key, the customer is complete, and is stored."""
    shop = refusing("shop", [ANA_SHOP], NUMBER)
    async with keeping(
        [knowing("crm", [ANA_CRM]), shop, knowing("desk", [ANA_DESK])], mongodb_uri, mongodb_database
    ) as services:
        for _ in range(2):
            assert await whole(services) == [*ALL, "KEY_REFUSED"]
        customer = await services.stitcher().customer_of("crm:7", Selection(fields=WHO.fields, members=True))
        assert isinstance(customer, MergedCustomer)
        assert customer.tagged.id.endswith("?")  # tags of it have no place to be stored in
        shop.refused = ()
        shop.calls.clear()
        assert await whole(services) == ALL
        assert len(shop.calls) == 5  # as from nothing


@asynccontextmanager
async def api(kind: str, **lookup: Any) -> AsyncIterator[Connector[Any]]:
    """An API that refuses telephone numbers, and finds Ana by her address."""
    row = {"id": "42", "email": MAIL}

    async def answer(request: web.Request) -> web.Response:
        if kind == "http":
            return web.json_response([row] if "email" in request.query else {}, status=200 if "email" in request.query else 422)
        body = await request.json()
        refused = {"message": "no number", "path": ["person"], "extensions": {"code": "BAD_USER_INPUT"}}
        if body["variables"].get("key") == NUMBER:
            return web.json_response({"data": {"person": None}, "errors": [refused]})
        return web.json_response({"data": {"person": row}})

    async with serving(answer) as url:
        if kind == "http":
            keys: dict[str, Any] = {own: {"path": f"/people?{own}={{key}}", **lookup} for own in ("email", "phone")}
            yield HttpConnector("shop", HttpSettings.model_validate({"base_url": url, "records": {"customer": {"keys": keys}}}))
        else:
            keys = {
                own: {"query": f"query ($key: String!) {{ person({own}: $key) {{ ...fields }} }}", **lookup}
                for own in ("email", "phone")
            }
            record = {"fields": {"id": "id", "email": "email"}, "keys": keys}
            yield GraphQLConnector("shop", GraphQLSettings.model_validate({"base_url": url, "records": {"customer": record}}))


@pytest.mark.parametrize("kind", ["http", "graphql"])
@pytest.mark.parametrize(
    ("lookup", "told"),
    [({}, {"complete": False, "reason": "KEY_REFUSED"}), ({"refuses_unknown": True}, {"complete": True, "reason": None})],
)
async def test_an_api_refuses_a_key(kind: str, lookup: dict[str, Any], told: dict[str, Any]):
    """Unless the settings say that it does so with keys that nobody has."""
    async with api(kind, **lookup) as shop, gateway_on([knowing("crm", [ANA_CRM]), shop]) as gateway:
        identity = (await gateway.data(ASK + "}"))["customer"]["identity"]
    assert identity == {**told, "records": ["crm:7", "shop:42"], "withheld": []}


async def test_a_key_that_is_not_there_is_of_nobody():
    """404 for one record says so."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({}, status=404)

    async with serving(answer) as url:
        keys = {"email": {"path": "/people?email={key}"}, "phone": {"path": "/people?phone={key}"}}
        shop = HttpConnector("shop", HttpSettings.model_validate({"base_url": url, "records": {"customer": {"keys": keys}}}))
        async with gateway_on([knowing("crm", [ANA_CRM]), shop]) as gateway:
            identity = (await gateway.data(ASK + "}"))["customer"]["identity"]
    assert identity == {"complete": True, "reason": None, "records": ["crm:7"], "withheld": []}
