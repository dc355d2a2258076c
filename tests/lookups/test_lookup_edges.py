"""Where lookups end: what is not asked, what is cancelled, how long is waited, and what does not leave."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest
from aiohttp import web

from connectors import records as r
from connectors.contract import Ask, KeyKind, MeasureOp
from connectors.errors import SourceProtocolError
from connectors.http import HttpConnector, HttpSettings
from connectors.record_fields import Fields
from connectors.testing import MemoryConnector
from gateway.clock import Clock
from gateway.lookups.deadline import ASSEMBLY_S, Deadline
from gateway.lookups.post_filter import PostFilter
from gateway.lookups.source_call import SourceCaller
from tests.support.fixtures_mongodb import HandClock
from tests.support.gateway_server import gateway_on
from tests.support.http_source import serving
from tests.support.shop import ORDERS, PINNED, crm, sources
from tests.support.sql_shop import Shop

BY_ID = {(r.Order, KeyKind.CUSTOMER_ID): ORDERS}
ASK = Ask(fields=Fields.from_paths("id"))


async def test_a_source_that_only_searches_is_not_stitched():
    """A text is no key of a customer: the source is not asked, and orders count as not configured."""
    archive = MemoryConnector("archive", {(r.Order, KeyKind.TEXT): {"ana": ORDERS["c1"]}})
    async with gateway_on([crm(), archive]) as gateway:
        data = await gateway.data('{ customer(by: {id: "c1"}) { orders { nodes { id } } sources { name state } } }')
    assert data["customer"] == {
        "orders": None,
        "sources": [{"name": "crm", "state": "FRESH"}, {"name": None, "state": "NOT_CONFIGURED"}],
    }
    assert archive.calls == []


class Counting(MemoryConnector):
    """Measures nothing but how many there are."""

    def aggregates(self):
        return [msgspec.structs.replace(own, ops=frozenset({MeasureOp.COUNT})) for own in super().aggregates()]


@pytest.mark.parametrize(
    ("query", "at_the_source", "answer"),
    [
        ("orderStatistics { count total { amount } }", False, {"count": 5, "total": [{"amount": "50.00"}]}),
        ('tag(key: "activity") { value partial }', True, {"value": "HIGH", "partial": False}),
    ],
)
async def test_a_source_measures_what_it_can(query: str, at_the_source: bool, answer: dict[str, object]):
    """Counts are measured there; a question with a sum in it is measured here, over the records, in one call."""
    source = Counting("orders", BY_ID)
    async with gateway_on([crm(), source], **PINNED) as gateway:
        data = await gateway.data(f'{{ customer(by: {{id: "c1"}}) {{ {query} }} }}')
    assert list(data["customer"].values()) == [answer]
    assert [isinstance(asked, tuple) for _, _, _, asked in source.calls] == [at_the_source]


class Slow(MemoryConnector):
    """Never answers, and takes a few turns of the loop to end when it is cancelled."""

    def __init__(self) -> None:
        super().__init__("orders", BY_ID)
        self.begun, self.ended = asyncio.Event(), asyncio.Event()

    async def _receive(self, call):
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(10):
                await asyncio.sleep(0)
            self.ended.set()


async def cancelled_in(boundary: SourceCaller, source: Slow) -> None:
    """A caller that is cancelled while its call is under way."""
    (lookup,) = source.lookups()
    caller = asyncio.create_task(boundary.fetch(lookup, ["c1"], PostFilter(ASK, lookup), Deadline.within(Clock(), 60)))
    await source.begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller


async def test_the_call_of_a_cancelled_caller_is_cancelled():
    """Nobody waits for it any more, so it does not go on."""
    source = Slow()
    await cancelled_in(SourceCaller("orders", Clock()), source)
    await source.ended.wait()


async def test_closing_waits_for_a_call_that_is_ending():
    """A connector is not closed under a call that was given up and cleans up."""
    source, boundary = Slow(), SourceCaller("orders", Clock())
    await cancelled_in(boundary, source)
    assert not source.ended.is_set()
    await boundary.aclose()
    assert source.ended.is_set()


@pytest.mark.parametrize(("budget_s", "left_s"), [(2, 2 - ASSEMBLY_S), (0.2, 0.15), (0.1, 0.075), (0, 0)])
def test_a_deadline_keeps_time_to_put_the_answer_together(budget_s: float, left_s: float):
    """A twentieth of a second, of a small budget a quarter."""
    deadline = Deadline.within(HandClock(), budget_s)
    assert ASSEMBLY_S == 0.05
    assert deadline.remaining_s() == pytest.approx(left_s)


def test_a_leading_lookup_has_half_of_what_is_left():
    """Of what is left when it starts, and the others keep all of theirs; nothing is ever less than nothing."""
    clock = HandClock()
    deadline = Deadline.within(clock, 2)
    first = deadline.leading()
    assert first.remaining_s() == pytest.approx(0.975)
    clock.advance(timedelta(seconds=0.95))
    second = deadline.leading()
    assert [one.remaining_s() for one in (first, second, deadline)] == pytest.approx([0.025, 0.5, 1.0])
    clock.advance(timedelta(seconds=0.75))
    assert [one.remaining_s() for one in (first, second, deadline)] == pytest.approx([0, 0, 0.25])
    clock.advance(timedelta(seconds=5))
    assert (deadline.remaining_s(), deadline.leading().remaining_s()) == (0, 0)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and all that it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


async def test_a_failing_statement_does_not_show_its_keys(database_shop: Shop):
    """Neither our error nor the database library's below it, which goes to the log, names the customer."""
    await database_shop.fill()
    lookup = database_shop.lookup(r.Customer, KeyKind.EMAIL)
    assert await lookup.fetch(["bob@example.com"], ASK) == {}
    await database_shop.execute("DROP TABLE points")
    with pytest.raises(SourceProtocolError) as caught:
        await lookup.fetch(["ada@example.com"], ASK)
    errors = list(chain(caught.value))
    assert len(errors) > 1
    assert [error for error in errors if "ada@example" in f"{error} {error!r}"] == []


async def test_fields_of_other_members_of_a_union_are_not_asked():
    """Each source of a timeline is asked for what is selected of its own records, and for their position."""
    shop = sources()
    query = """{ customer(by: {id: "c1"}) { timeline { nodes { __typename
        ... on Order { items { sku } } ...spoken ... on Event { page @include(if: false) session: sessionId } } } } }
        fragment spoken on Ticket { subject state: status }"""
    async with gateway_on(list(shop.values())) as gateway:
        await gateway.data(query)
    asked = {name: {frozenset(ask.fields) for _, _, _, ask in source.calls} for name, source in shop.items()}
    assert asked["orders"] == {frozenset(Fields.from_paths("id", "placed_at", "items.sku"))}
    assert asked["support"] == {frozenset(Fields.from_paths("id", "created_at", "subject", "status"))}
    assert asked["behaviour"] == {frozenset(Fields.from_paths("id", "at", "session_id"))}


async def test_what_is_not_included_is_not_asked():
    """A field, a fragment and a whole list with `@include(if: false)`."""
    shop = sources()
    query = """{ customer(by: {id: "c1"}) { orders { nodes { id status @include(if: false)
        ... @include(if: false) { deliveredAt } ... @include(if: true) { placedAt } } }
        tickets @include(if: false) { nodes { id } } } }"""
    async with gateway_on(list(shop.values())) as gateway:
        await gateway.data(query)
    assert [ask.fields for _, _, _, ask in shop["orders"].calls] == [Fields.from_paths("id", "placed_at")]
    assert shop["support"].calls == []


@pytest.mark.parametrize("link", ["{other}/orders", "https://{own.authority}/orders", "http://localhost:{own.port}/orders"])
async def test_a_next_page_at_another_origin_is_not_asked_for(link: str):
    """Another port, scheme or host: orders fail with SOURCE_PROTOCOL after the one call, and no call goes elsewhere."""
    own, elsewhere = [], []

    async def first_page(request):
        own.append(request.raw_path)
        return web.json_response({"rows": [], "next": link.format(other=other, own=request.url)})

    async def next_page(request):
        elsewhere.append(request.raw_path)
        return web.json_response({"rows": []})

    lookup = {"path": "/orders?of={key}", "next": "next"}
    records = {"order": {"list": "rows", "keys": {"customer_id": lookup}}}
    async with serving(next_page) as other, serving(first_page) as base_url:
        source = HttpConnector("orders", HttpSettings.model_validate({"base_url": base_url, "records": records}))
        async with gateway_on([crm(), source]) as gateway:
            answer = await gateway.ask('{ customer(by: {id: "c1"}) { orders { nodes { id } } } }')
    assert answer["data"] == {"customer": {"orders": None}}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SOURCE_PROTOCOL"]
    assert (own, elsewhere) == (["/orders?of=c1"], [])
