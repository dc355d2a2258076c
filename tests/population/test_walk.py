"""A walk over all customers: each one once, from any place on, whatever sources do meanwhile."""

from collections import Counter
from collections.abc import Sequence

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import ConfigurationError, SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.clock import Clock
from gateway.errors import SourceFailure
from gateway.population import walk
from gateway.population.walk import CustomerBatch, walk_customers
from gateway.services import Services
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.customer_identity import IncompleteReason
from tests.support.known_people import knowing, person
from tests.support.population import TRUSTS, Population
from tests.support.tag_shop import services_on

RULES = {"trusts": TRUSTS, "max_turns": 10}


class InstantClock(Clock):
    """Waits for nothing; `slept` lists the pauses."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


async def walked(services: Services, batch: int = 200, after: str | None = None) -> list[CustomerBatch]:
    return [own async for own in walk_customers(services, batch=batch, after=after)]


def sets_of(batches: Sequence[CustomerBatch]) -> Counter[frozenset[tuple[str, str]]]:
    return Counter(members_of(customer) for own in batches for customer in own.customers)


def members_of(customer: StitchedCustomer) -> frozenset[tuple[str, str]]:
    return frozenset((member.id.source, member.id.id) for member in customer.members)


def people(count: int) -> list[r.Customer]:
    return [person(f"{number:04}", email=f"p{number}@example.com") for number in range(count)]


async def test_each_customer_comes_once():
    """Of 400 people in five sources each one comes once, and whole, unless the customer says why there may be more."""
    population = Population.of(seed=3, people=400)
    async with services_on(population.connectors(), identity=RULES) as services:
        batches = await walked(services, batch=50)
    customers = [customer for own in batches for customer in own.customers]
    whole = {members_of(customer) for customer in customers if customer.identity.reason is None}
    parts = {members_of(customer) for customer in customers if customer.identity.reason is IncompleteReason.ONE_WAY_KEYS}
    assert max(sets_of(batches).values()) == 1
    assert len(whole) > 150
    assert not [sorted(own) for own in whole if own not in population.components.values()]
    assert not [sorted(own) for own in parts if not any(own <= population.components[id_] for id_ in own)]
    assert {id_ for own in (*whole, *parts) for id_ in own} == population.entries.keys()
    assert sum(own.listed for own in batches) == len(population.entries)


@pytest.mark.parametrize("stop", [0, 1, 3, 7])
async def test_a_walk_goes_on_where_it_stopped(stop: int):
    """The batches up to a place and those from it on are those of a walk that was not stopped."""
    population = Population.of(seed=5, people=120)
    async with services_on(population.connectors()) as services:
        whole = await walked(services, batch=40)
        rest = await walked(services, batch=40, after=whole[stop].after)
    assert sets_of([*whole[: stop + 1], *rest]) == sets_of(whole)
    assert len(rest) == len(whole) - stop - 1


async def test_calls_are_of_whole_batches():
    """1,000 customers of one source are five pages, and ten lookups of a hundred ids."""
    crm = knowing("crm", people(1_000), by=[KeyKind.CUSTOMER_ID])
    async with services_on([crm]) as services:
        batches = await walked(services)
    assert [own.listed for own in batches] == [200] * 5
    assert (len(crm.listed), len(crm.calls)) == (5, 10)


async def test_a_record_that_is_gone_is_counted():
    """A customer who is deleted between the page and the lookup is nobody."""
    crm = knowing("crm", people(10), by=[KeyKind.CUSTOMER_ID])
    served = crm.records[r.Customer, KeyKind.CUSTOMER_ID]
    async with services_on([crm]) as services:
        listing = walk.list_customers

        async def list_and_delete(*args, **words):
            async for page in listing(*args, **words):
                served.pop("0003", None)
                yield page

        walk.list_customers = list_and_delete
        try:
            (batch,) = await walked(services)
        finally:
            walk.list_customers = listing
    assert (batch.listed, len(batch.customers), batch.gone) == (10, 9, 1)


async def test_customers_who_are_linked_meanwhile_are_not_lost():
    """A record that joins a customer who was walked over comes again with its own source, among the others."""
    crm = knowing("crm", people(4))
    web = knowing("web", [person("s1", email="new@example.com")])
    async with services_on([crm, web]) as services:
        batches = []
        async for own in walk_customers(services):
            batches.append(own)
            web.records = knowing("web", [person("s1", email="p2@example.com")]).records
    assert [len(own.customers) for own in batches] == [4, 0]
    (other,) = batches[1].others
    assert {member.id.node_id for member in other.members} == {"crm:0002", "web:s1"}


class Flaky(MemoryConnector):
    """Fails so many lookups."""

    fails = 0

    async def _wait_or_fail(self) -> None:
        await super()._wait_or_fail()
        if self.calls and self.fails:
            self.fails -= 1
            raise SourceUnavailableError


async def test_customers_are_looked_for_again_when_a_source_was_down():
    """A lookup that fails is put again after a pause, and the customers are whole then."""
    crm = knowing("crm", people(20), by=[KeyKind.CUSTOMER_ID], kind=Flaky)
    crm.fails, clock = 1, InstantClock()
    async with services_on([crm], clock=clock) as services:
        (batch,) = await walked(services)
    assert clock.slept == [2.0]
    assert all(customer.is_whole for customer in batch.customers)


async def test_customers_who_cannot_be_had_are_given_as_they_are():
    """After three times a customer comes with what is known."""
    crm = knowing("crm", people(20), by=[KeyKind.CUSTOMER_ID], kind=Flaky)
    crm.fails, clock = 99, InstantClock()
    async with services_on([crm], clock=clock) as services:
        (batch,) = await walked(services)
    assert clock.slept == [2.0, 4.0]
    assert len(batch.customers) == 20
    assert all(walk.is_unheard(customer) for customer in batch.customers)


async def test_a_source_that_cannot_be_listed_ends_the_walk():
    crm = knowing("crm", people(3), by=[KeyKind.CUSTOMER_ID])
    crm.failure = SourceUnavailableError()
    async with services_on([crm], clock=InstantClock()) as services:
        with pytest.raises(SourceFailure, match="crm"):
            await walked(services)


async def test_a_walk_needs_a_source_that_lists():
    crm = MemoryConnector("crm", knowing("crm", people(3)).records, lists=False)
    async with services_on([crm]) as services:
        with pytest.raises(ConfigurationError) as refused:
            await walked(services)
    assert [*refused.value.problems] == [
        "sources: none of them lists customers, so there is no way over all of them; connect one of a kind that does"
    ]


@pytest.mark.parametrize(
    ("after", "problem"),
    [
        ("nonsense", "after: this is no place of a walk; begin it anew"),
        ('["web",null]', "after: web lists no customers by these settings (crm do); begin the walk anew"),
    ],
)
async def test_a_place_of_another_walk_is_refused(after: str, problem: str):
    async with services_on([knowing("crm", people(3))]) as services:
        with pytest.raises(ConfigurationError) as refused:
            await walked(services, after=after)
    assert [*refused.value.problems] == [problem]
