"""What callers are told of the cost of their operations, and of their quotas."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.testing import MemoryConnector
from gateway.app import create_services
from gateway.clock import Clock
from gateway.errors import QuotaExceededError
from gateway.quota.cost import Cost
from tests.support import shop
from tests.support.caller_keys import keys_in
from tests.support.clocks import START
from tests.support.gateway_server import gateway_on, served, settings_for


class DayClock(Clock):
    """The time of day stands still until a test moves it; all else takes as long as it does."""

    passed = timedelta()

    def now(self) -> datetime:
        return START + self.passed


LISTS = """query ($ids: [ID!]!, $first: Int! = 3) { customers(ids: $ids) {
    orders(first: $first) { nodes { id } } tickets(first: 2) { totalCount } } }"""
LATE_LISTS = """query ($ids: [ID!]!, $first: Int! = 3) { customers(ids: $ids) {
    id ... @defer { orders(first: $first) { nodes { id } } } ... @defer { tickets(first: 2) { totalCount } } } }"""
ONE = '{ customer(by: {id: "c1"}) { name } }'
COST = {"x-cost": "1"}


async def test_the_answer_tells_its_cost():
    """Each list costs five and a node for each record; one that shows no records costs nothing for them."""
    async with gateway_on(list(shop.sources().values())) as gateway:
        answer = await gateway.ask(LISTS, {"ids": ["c1", "c2", "nobody"]}, **COST)
        assert (await gateway.ask(LISTS, {"ids": ["c1"]})).get("extensions") is None
    given = sum(len(customer["orders"]["nodes"]) for customer in answer["data"]["customers"] if customer)
    assert answer["extensions"]["cost"] == {
        "estimate": {"nodes": 3 + 3 * (5 + 3) + 3 * 5, "calls": 3},
        "actual": {"nodes": 2 + 2 * 5 + given + 2 * 5, "calls": 3},
    }


async def test_an_answer_in_parts_costs_what_it_costs_whole():
    """The last payload tells it; then what it did not cost of the estimate is given back."""
    quota = {"nodes": 1_000, "window_s": 10}
    ids = {"ids": ["c1", "c2", "nobody"]}
    async with gateway_on(list(shop.sources().values()), with_clock=DayClock(), quota=quota) as gateway:
        whole = await gateway.client.post("/graphql", json={"query": LATE_LISTS, "variables": ids}, headers=COST)
        parts = await gateway.client.post(
            "/graphql", json={"query": LATE_LISTS, "variables": ids}, headers={**COST, "accept": "multipart/mixed"}
        )
        after = await gateway.client.post("/graphql", json={"query": ONE})
    cost = whole.json()["extensions"]["cost"]
    payloads = [json.loads(own.split("\r\n\r\n")[1]) for own in parts.text.split("\r\n---") if "{" in own]
    assert ["cost" in own.get("extensions", {}) for own in payloads] == [False] * (len(payloads) - 1) + [True]
    assert payloads[-1]["extensions"]["cost"] == cost
    assert after.headers["ratelimit"] == f'"nodes";r={1_000 - 2 * cost["actual"]["nodes"] - 1};t=10'


async def test_who_does_not_wait_for_the_parts_pays_what_they_may_cost():
    """As one who does not wait for an answer in one piece."""
    sources = shop.sources()
    hang = sources["orders"].hang = asyncio.Event()
    settings = settings_for([*sources.values()], quota={"nodes": 1_000, "window_s": 10})
    async with served(settings, connectors=[*sources.values()], clock=DayClock()) as gateway:
        body = {"query": LATE_LISTS, "variables": {"ids": ["c1", "c2", "nobody"]}}
        async with gateway.client.stream("POST", "/graphql", json=body, headers={"accept": "multipart/mixed"}) as response:
            await anext(response.aiter_bytes())
        estimate, left = 3 + 3 * (5 + 3) + 3 * 5, 1_000
        while left > 1_000 - estimate:  # its end may not have been seen yet
            after = await gateway.client.post("/graphql", json={"query": "{ viewer { caller } }"})
            left = int(after.headers["ratelimit"].split("r=")[1].split(";")[0])
        hang.set()
    assert left == 1_000 - estimate


async def test_the_cost_says_nothing_of_others():
    """The same operation costs the same again, and beside others, though no source is asked for it then."""
    sources = shop.sources()
    cached = {"cache_s": {"order": 60, "customer": 60, "ticket": 60}}
    async with gateway_on(list(sources.values()), called=cached) as gateway:
        first = await gateway.ask(LISTS, {"ids": ["c1"]}, **COST)
        calls = [len(source.calls) for source in sources.values()]
        again = await gateway.ask(LISTS, {"ids": ["c1"]}, **COST)
    assert again["extensions"]["cost"] == first["extensions"]["cost"]
    assert [len(source.calls) for source in sources.values()] == calls


async def test_a_quota_that_is_used_up_refuses_before_any_source_is_asked():
    """With 429, `Retry-After`, and what is left in headers; the next window begins anew."""
    clock, sources = DayClock(), shop.sources()
    async with gateway_on(list(sources.values()), with_clock=clock, quota={"nodes": 3, "window_s": 10}) as gateway:
        for left in (2, 1, 0):
            response = await gateway.client.post("/graphql", json={"query": ONE})
            assert response.status_code == 200
            assert response.headers["ratelimit"] == f'"nodes";r={left};t=10'
            assert response.headers["ratelimit-policy"] == '"nodes";q=3;qu="nodes";w=10'
        calls = [len(source.calls) for source in sources.values()]
        refused = await gateway.client.post("/graphql", json={"query": ONE})
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")
        assert refused.headers["ratelimit"] == '"nodes";r=0;t=10'
        (error,) = refused.json()["errors"]
        assert (
            error["extensions"].items() >= {"code": "QUOTA_EXCEEDED", "retryable": True, "quota": "nodes", "limit": 3}.items()
        )
        assert [len(source.calls) for source in sources.values()] == calls
        clock.passed += timedelta(seconds=10)
        assert (await gateway.client.post("/graphql", json={"query": ONE})).status_code == 200


async def test_callers_have_quotas_of_their_own(tmp_path: Path):
    """What one has used up is no matter of the other; who has none is told nothing of any."""
    keys, access = await keys_in(tmp_path, ["console", "partner", "team"])
    callers: dict[str, Any] = {"console": {}, "partner": {"quota": {"calls": 2, "window_s": 60}}, "team": {}}
    sources = list(shop.sources().values())
    async with gateway_on(sources, with_clock=DayClock(), access=access, callers=callers) as gateway:

        async def ask(name: str) -> Any:
            return await gateway.client.post("/graphql", json={"query": ONE}, headers={"authorization": f"Bearer {keys[name]}"})

        assert [(await ask("partner")).status_code for _ in range(3)] == [200, 200, 429]
        answer = await ask("console")
        assert answer.status_code == 200
        assert "ratelimit" not in answer.headers


async def test_different_customers_of_a_day_are_counted(tmp_path: Path):
    """The same ones again are free; another one is refused, by whichever way it is found."""
    keys, access = await keys_in(tmp_path, ["partner"])
    callers = {"partner": {"quota": {"customers_per_day": 1}}}
    clock, sources = DayClock(), shop.sources()
    async with gateway_on(list(sources.values()), with_clock=clock, access=access, callers=callers) as gateway:
        bearer = {"authorization": f"Bearer {keys['partner']}"}

        async def ask(query: str) -> int:
            return (await gateway.client.post("/graphql", json={"query": query}, headers=bearer)).status_code

        assert await ask('{ customer(by: {id: "nobody"}) { name } }') == 200
        assert await ask('{ order(id: "orders:oc11") { status } }') == 200
        assert await ask(ONE) == 200
        assert await ask('{ order(id: "orders:oc11") { status } }') == 200
        assert await ask('{ customer(by: {id: "c2"}) { name } }') == 429
        clock.passed += timedelta(days=1)
        assert await ask('{ customer(by: {id: "c2"}) { name } }') == 200


def lists_of(lists: str) -> str:
    return f"query ($ids: [ID!]!) {{ customers(ids: $ids) {{ {lists} }} }}"


TOO_DEAR = [
    (lists_of(" ".join(f"a{n}: orders(first: 100) {{ nodes {{ id }} }}" for n in range(2))), "nodes"),
    (lists_of(" ".join(f"a{n}: orders(first: 1) {{ totalCount }}" for n in range(21))), "calls to sources"),
]


@pytest.mark.parametrize(("query", "unit"), TOO_DEAR, ids=["nodes", "calls"])
async def test_what_is_too_dear_says_by_how_much_and_what_to_change(query: str, unit: str):
    """A source that takes one key in a call makes calls the limit."""
    sources = shop.sources()
    if unit != "nodes":
        sources = {name: MemoryConnector(name, own.records, max_batch=1) for name, own in sources.items()}
    async with gateway_on(list(sources.values())) as gateway:
        answer = await gateway.ask(query, {"ids": ["c1"] * 100})
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "QUERY_TOO_EXPENSIVE"
    most = "20,000" if unit == "nodes" else "2,000"
    assert error["message"].endswith(f"{unit}, and {most} are the most; ask for smaller pages, or for fewer lists")
    assert all(source.calls == [] for source in sources.values())


async def test_what_is_too_dear_says_what_is_left():
    """The first time, and when its plan is known."""
    query = lists_of("a: orders(first: 100) { nodes { id } } b: orders(first: 100) { nodes { id } }")
    async with gateway_on(list(shop.sources().values()), with_clock=DayClock(), quota={"nodes": 9}) as gateway:
        for _ in range(3):
            response = await gateway.client.post("/graphql", json={"query": query, "variables": {"ids": ["c1"] * 100}})
            assert response.headers["ratelimit"] == '"nodes";r=9;t=60'


async def test_what_was_used_stays_when_settings_change():
    """Without MongoDB, too: another caller's quota, or more of one's own, begins no new window."""
    connectors, clock = list(shop.sources().values()), DayClock()
    before = create_services(settings_for(connectors, quota={"nodes": 10}), connectors=connectors, clock=clock)
    quota = before.quotas.find_quota("")
    assert quota is not None
    await quota.charge_leased(Cost(nodes=10))
    settings = settings_for(connectors, quota={"nodes": 12})
    after = create_services(settings, connectors=connectors, clock=clock, previous=before)
    quota = after.quotas.find_quota("")
    assert quota is not None
    await quota.charge_leased(Cost(nodes=2))
    with pytest.raises(QuotaExceededError):
        await quota.charge_leased(Cost(nodes=1))


BAD = [
    ({"quota": {"window_s": 60}}, "quota: counts nothing; set nodes, calls or customers_per_day"),
    ({"quota": {"nodes": 0}}, "quota.nodes: is too small; give 1 or more"),
    (
        {"quota": {"customers_per_day": 5}},
        "quota.customers_per_day: customers are counted under a secret",
    ),
]


@pytest.mark.parametrize(("settings", "message"), BAD)
async def test_a_quota_that_cannot_be_is_refused(settings: dict[str, Any], message: str):
    with pytest.raises(Exception, match=message.replace(".", r"\.")):
        async with gateway_on(list(shop.sources().values()), **settings):
            pass
