"""What is compared by identity is the same for as long as anybody holds it."""

import gc
import itertools
import weakref

import msgspec
import pytest
from aiohttp import web

from connectors import records as r
from connectors.contract import Ask, KeyKind
from connectors.http import HttpConnector, HttpSettings
from connectors.interned_values import MAX_UNUSED, intern_results
from connectors.record_fields import Fields, fields_of, narrow
from connectors.testing import MemoryConnector
from gateway.clock import Clock
from gateway.lookups.read_cache import ReadCache
from gateway.lookups.sources import Source
from gateway.settings import SourceSettings
from tests.support import shop
from tests.support.gateway_server import gateway_on
from tests.support.http_source import serving

pytestmark = pytest.mark.cases


def test_a_value_is_found_again_while_it_is_held():
    """However many others were made meanwhile; what nobody holds is forgotten."""

    class Thing:
        def __init__(self, number: int) -> None:
            self.number = number

    thing = intern_results(Thing)
    held, dropped = thing(0), weakref.ref(thing(1))
    for number in range(2, 2 + MAX_UNUSED):
        thing(number)
    gc.collect()
    assert thing(0) is held
    assert dropped() is None


def selections(number: int) -> list[Fields]:
    names = [*fields_of(r.Order)][:8]
    return [Fields.from_paths(*some) for some in itertools.islice(itertools.permutations(names, 5), number)]


def test_a_narrowed_record_stays_the_same_while_a_reader_holds_it():
    """After 3,000 other selections the same fields are the same type."""
    held = narrow(r.Order, Fields.from_paths("id", "status"))
    for fields in selections(3_000):
        narrow(r.Order, fields)
    assert narrow(r.Order, Fields.from_paths("id", "status")) is held


def test_equal_questions_are_one_while_somebody_asks():
    """A plan that outlives 1,200 other asks still shares its calls and its cache with a new one."""
    connector = MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): {}})
    source = Source(connector, Clock(), SourceSettings(kind="memory"), ReadCache(Clock(), 0), 2.0)
    ask = Ask(fields=Fields.from_paths("id", "status"))
    held = source.records(r.Order, KeyKind.CUSTOMER_ID, ask)
    for fields in selections(1_200):
        source.records(r.Order, KeyKind.CUSTOMER_ID, Ask(fields=fields))
    assert source.records(r.Order, KeyKind.CUSTOMER_ID, msgspec.structs.replace(ask)) is held


async def test_a_query_outlives_many_other_selections():
    """A query that rests while 1,400 others are asked gives the same answer afterwards, on a source that decodes by itself."""
    row = {"customer": "c1", "id": "o1", "placedAt": "2026-06-03T12:00:00Z", "price": 12.5, "currency": "EUR"}

    async def orders(_: web.Request) -> web.Response:
        return web.json_response([row])

    async with serving(orders) as base:
        settings = {
            "base_url": base,
            "records": {
                "order": {
                    "fields": {"total.amount": "price", "total.currency": "currency"},
                    "keys": {"customer_id": {"path": "/o?ids={keys}", "key": "customer"}},
                }
            },
        }
        connector = HttpConnector("orders", HttpSettings.model_validate(settings))
        async with gateway_on([shop.crm(), connector], deadline_ms=60_000) as gateway:
            query = '{ customer(by: {id: "c1"}) { orders { nodes { id total { amount } } } } }'
            before = await gateway.data(query)
            parts = ["id", "status", "placedAt", "deliveredAt", "total{amount currency}", "items{sku name}", "payments{method}"]
            for some in itertools.islice(itertools.permutations(parts, 5), 1_400):
                await gateway.ask('{customer(by:{id:"c1"}){orders{nodes{' + " ".join(some) + "}}}}")
            assert await gateway.data(query) == before
