"""What people decide counts at once where a customer is known from before, on every worker and in one turn."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from pymongo.uri_parser import parse_uri

from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from gateway.app import create_services
from gateway.identity.decisions import pair_of
from gateway.identity.records import RecordId
from gateway.linkage.acceptance import Acceptance, AcceptedPair
from gateway.linkage.command import accept_pairs
from gateway.revisions import close_services, open_services
from gateway.services import Services
from gateway.settings import MongoSettings
from gateway.stitching.known_customers import KnownCustomers
from gateway.stitching.merged_customer import MergedCustomer
from gateway.store.store import Store
from tests.stitching.test_known_customers import WHO, forget_calls
from tests.support.fixtures_mongodb import HandClock, commands_to
from tests.support.gateway_server import settings_for
from tests.support.identity_worker import Gate
from tests.support.known_people import calls_of, knowing, person
from tests.support.tag_shop import services_on

pytestmark = pytest.mark.mongodb

ANNA = ("anna", "she called")
BY_ID = [KeyKind.CUSTOMER_ID, KeyKind.EMAIL]
KEYED, ALL = ["shop:42", "desk:u1"], ["crm:7", "shop:42", "desk:u1"]
COLD = {"identity": {"max_turns": 4}}
WARM = {"identity": {"max_turns": 4, "secret": "what keys are digested with"}}


def people() -> list[MemoryConnector]:
    """Ana in a CRM and a shop without a key in common, and in a desk that has the address of the shop."""
    return [
        knowing("crm", [person("7", name="Ana", email="ana@example.com")], BY_ID),
        knowing("shop", [person("42", email="souza@example.org")], BY_ID),
        knowing("desk", [person("u1", email="souza@example.org")], BY_ID),
    ]


@asynccontextmanager
async def workers(mongodb: MongoSettings, number: int = 2, **words: Any) -> AsyncIterator[list[tuple[Services, Any]]]:
    """So many workers on one store, each with its sources."""
    async with AsyncExitStack() as stack:
        yield [
            (await stack.enter_async_context(services_on(sources, mongodb=mongodb.model_dump(), **words)), sources)
            for sources in (people() for _ in range(number))
        ]


def known_of(services: Services) -> KnownCustomers:
    assert services.router.known is not None
    return services.router.known


async def found(services: Services, id_: str) -> MergedCustomer:
    customer = await services.stitcher().customer_of(id_, WHO)
    assert isinstance(customer, MergedCustomer)
    return customer


async def records_of(services: Services, id_: str) -> tuple[str, list[str], bool]:
    """The customer's id, its records, and whether they are all."""
    customer = await found(services, id_)
    return f"{customer.source}:{customer.id}", customer.identity.records, customer.identity.complete


async def stored_sets(services: Services) -> list[list[str]]:
    """The records that are stored together."""
    assert services.store is not None
    stored = await services.store.mongo.run(lambda database: database.identity_components.find().to_list())
    return sorted(document["records"] for document in stored)


async def stored_by(store: Store) -> int:
    """How many components are stored."""
    return await store.mongo.run(lambda database: database.identity_components.count_documents({}))


async def warm_up(services: Services, ids: Sequence[str] = ALL) -> None:
    """Ask until what is stored and what follows from it is known."""
    for _ in range(3):
        for id_ in ids:
            await found(services, id_)
            await known_of(services).join()


async def is_concluded_as_before(services: Services, id_: str) -> bool:
    """Tell whether what is said of a customer is what was said before, and not the same once more."""
    return (await found(services, id_)).identity is (await found(services, id_)).identity


async def test_links_and_cuts_of_one_worker_are_seen_at_once_by_another(mongodb_settings: MongoSettings, hand_clock: HandClock):
    """From each record, while the other still has in memory what it concluded before."""
    async with workers(mongodb_settings, clock=hand_clock, **WARM) as ((one, _), (other, _)):
        for _ in range(2):
            await warm_up(other)
            assert await records_of(other, "crm:7") == ("crm:7", ["crm:7"], True)
            await one.stitcher().linker.link(["crm:7", "shop:42"], *ANNA, preview=False)
            assert [await records_of(other, id_) for id_ in ALL] == [("crm:7", ALL, True)] * 3
            await known_of(one).join()  # which writes anew what the other reads
            await warm_up(other)
            assert [await is_concluded_as_before(other, id_) for id_ in ALL] == [True] * 3
            await one.stitcher().linker.cut(["crm:7"], *ANNA, preview=False)
            assert await records_of(other, "crm:7") == ("crm:7", ["crm:7"], True)
            assert [await records_of(other, id_) for id_ in KEYED] == [("shop:42", KEYED, True)] * 2


async def test_a_cut_of_keys_is_seen_while_a_conclusion_is_kept(mongodb_settings: MongoSettings, hand_clock: HandClock):
    """What was concluded under other decisions is not used again, though all records are as before."""
    async with workers(mongodb_settings, clock=hand_clock, **WARM) as ((one, _), (other, _)):
        await warm_up(other, KEYED)
        assert await records_of(other, "shop:42") == ("shop:42", KEYED, True)
        assert await is_concluded_as_before(other, "shop:42")
        # By the log alone: what is stored and what is in memory stay as they are.
        one.router.known = None
        await one.stitcher().linker.cut(["desk:u1"], *ANNA, preview=False)
        assert await records_of(other, "shop:42") == ("shop:42", ["shop:42"], True)
        assert await records_of(other, "desk:u1") == ("desk:u1", ["desk:u1"], True)
        await one.stitcher().linker.link(KEYED, *ANNA, preview=False)
        assert await records_of(other, "desk:u1") == ("shop:42", KEYED, True)


async def test_a_linked_customer_takes_one_turn_and_one_read_of_the_log(mongodb_settings: MongoSettings, hand_clock: HandClock):
    """Whom only a link brings is asked for by id beside the others."""
    async with workers(mongodb_settings, 1, clock=hand_clock, **WARM) as [(services, sources)]:
        await services.stitcher().linker.link(["crm:7", "shop:42"], *ANNA, preview=False)
        await warm_up(services)
        forget_calls(*sources)
        with commands_to(mongodb_settings.database) as commands:
            assert await records_of(services, "crm:7") == ("crm:7", ALL, True)
    assert [sorted(calls) for calls in calls_of(*sources)] == [[("customer_id", (own,))] for own in ("7", "42", "u1")]
    assert commands == ["find"]


async def test_what_was_decided_holds_while_the_log_cannot_be_read(mongodb_uri: str, mongodb_database: str):
    """Also after a reload, which shares the store. What was concluded before is not said again: there may be more."""
    gate = Gate(parse_uri(mongodb_uri)["nodelist"][0][1])
    async with gate.listening() as port:
        uri = f"mongodb://127.0.0.1:{port}/?directConnection=true"
        settings = MongoSettings(uri=uri, database=mongodb_database, timeout_ms=1_000, retry_after_ms=50)
        async with workers(settings, 1, **WARM) as [(services, sources)]:
            await services.stitcher().linker.link(["crm:7", "shop:42"], *ANNA, preview=False)
            await services.stitcher().linker.cut(["desk:u1"], *ANNA, preview=False)
            await warm_up(services)
            assert await is_concluded_as_before(services, "crm:7")
            assert await records_of(services, "crm:7") == ("crm:7", ["crm:7", "shop:42"], True)
            gate.shut()
            reloaded = create_services(services.settings, connectors=sources, previous=services)
            await open_services(reloaded, services)
            for own in (services, reloaded):
                assert await records_of(own, "crm:7") == ("crm:7", ["crm:7", "shop:42"], False)
                assert await records_of(own, "desk:u1") == ("desk:u1", ["desk:u1"], False)
                assert (await found(own, "shop:42")).identity.reason == "LINKS_UNAVAILABLE"
            await close_services(reloaded, services)
            gate.open()
            async with asyncio.timeout(60):
                while not (await found(services, "crm:7")).identity.complete:
                    await asyncio.sleep(0.02)


async def test_linking_drops_what_is_stored_of_the_records(mongodb_settings: MongoSettings):
    """The customers are found anew behind it, with the link. Without a secret nothing is stored at all."""
    async with workers(mongodb_settings, 1, **WARM) as [(services, _)]:
        await warm_up(services)
        assert services.store is not None
        assert await stored_by(services.store) == 2
        await services.stitcher().linker.link(["crm:7", "shop:42"], *ANNA, preview=False)
        await known_of(services).join()
        assert await stored_by(services.store) == 1
    async with workers(mongodb_settings, 1, **COLD) as [(services, _)]:
        assert services.router.known is None
        assert services.store is not None
        erased = await services.store.forget([RecordId("crm", "7")])
        assert erased["identity_components"] == 1
        assert await records_of(services, "shop:42") == ("shop:42", KEYED, True)
        assert await stored_by(services.store) == 0


async def test_accepting_a_proposal_drops_what_is_stored_of_the_records(mongodb_settings: MongoSettings):
    """As linking does: the command's process drops the parts, and a worker finds and stores the whole customer."""
    connectors, pair = people(), pair_of(RecordId("crm", "7"), RecordId("shop", "42"))
    async with workers(mongodb_settings, 1, **WARM) as [(worker, _)]:
        await warm_up(worker)
        assert await stored_sets(worker) == [["crm:7"], sorted(KEYED)]
        command = create_services(
            settings_for(connectors, mongodb=mongodb_settings.model_dump(), **WARM), connectors=connectors
        )
        assert await accept_pairs(command, [AcceptedPair(pair, "proposed")], "bo") == Acceptance(linked=1, known=0, cut=0)
        assert await stored_sets(worker) in ([], [sorted(ALL)])
        assert await records_of(worker, "crm:7") == ("crm:7", ALL, True)
