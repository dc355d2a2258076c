"""A key that many have links nobody, also while the source that showed it is down."""

from datetime import timedelta
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.errors import AmbiguousIdentityError
from gateway.identity.records import RecordId
from gateway.services import Services
from tests.stitching.test_known_customers import change, keeping, whole
from tests.support.fixtures_mongodb import HandClock, commands_to
from tests.support.known_people import knowing, person

pytestmark = pytest.mark.mongodb

OFFICE = "office@example.com"
DOWN = "SOURCE_UNAVAILABLE"


def office() -> tuple[MemoryConnector, MemoryConnector, MemoryConnector]:
    """Two people behind the address of an office, and a help desk that knows two others behind it."""
    crm = knowing("crm", [person("7", name="Ana", email=OFFICE)])
    shop = knowing("shop", [person("42", name="Bob", email=OFFICE), person("43", email="li@example.com")])
    desk = knowing("desk", [person("u1", email=OFFICE), person("u2", email=OFFICE)])
    return crm, shop, desk


async def stored_keys(uri: str, database: str) -> list[dict[str, Any]]:
    async with AsyncMongoClient(uri, timeoutMS=20_000) as client:
        return await client[database].identity_shared_keys.find().to_list()


async def erased(services: Services, *records: str) -> int:
    assert services.store is not None
    return (await services.store.forget([RecordId(*record.split(":")) for record in records]))["identity_shared_keys"]


async def test_a_shared_key_links_nobody_while_its_source_is_down(mongodb_uri: str, mongodb_database: str):
    """Nor for customers whom nobody asked for before, in another process; who asks by it is told that it is of several."""
    crm, shop, desk = office()
    async with keeping([crm, shop, desk], mongodb_uri, mongodb_database) as services:
        assert await whole(services, "crm:7") == ["crm:7"]
    desk.failure = SourceUnavailableError()
    async with keeping([crm, shop, desk], mongodb_uri, mongodb_database) as services:
        assert await whole(services, "shop:42") == ["shop:42", DOWN]
        assert await whole(services, "crm:7") == ["crm:7", DOWN]
        with pytest.raises(AmbiguousIdentityError) as caught:
            await whole(services, OFFICE, KeyKind.EMAIL)
        assert caught.value.extensions == {"candidates": ["crm:7", "shop:42"], "missingSources": ["desk"]}
        assert await whole(services, "li@example.com", KeyKind.EMAIL) == ["shop:43", DOWN]


async def test_one_candidate_is_not_all_of_them(mongodb_uri: str, mongodb_database: str):
    """Where the source that knows the others is down, the error says that there are several, and which source that is."""
    shop = knowing("shop", [person("42", email=OFFICE)])
    desk = knowing("desk", [person("u1", email=OFFICE), person("u2", email=OFFICE)])
    async with keeping([shop, desk], mongodb_uri, mongodb_database) as services:
        assert await whole(services, "shop:42") == ["shop:42"]
        assert services.router.known is not None
        await services.router.known.join()
        desk.failure = SourceUnavailableError()
        with pytest.raises(AmbiguousIdentityError) as caught:
            await whole(services, OFFICE, KeyKind.EMAIL)
    assert caught.value.extensions == {"candidates": ["shop:42"], "missingSources": ["desk"]}
    several = "several customers, and desk could not be asked who they are"
    assert str(caught.value) == f"this email belongs to {several}; ask for one of the candidates by id"


async def test_who_asks_by_a_shared_key_has_it_stored(mongodb_uri: str, mongodb_database: str):
    """Though no customer is found by it; and while another source is down."""
    crm, shop, desk = office()
    crm.failure = SourceUnavailableError()
    async with keeping([crm, shop, desk], mongodb_uri, mongodb_database) as services:
        with pytest.raises(AmbiguousIdentityError):
            await whole(services, OFFICE, KeyKind.EMAIL)
        assert services.router.known is not None
        await services.router.known.join()
        crm.failure, desk.failure = None, SourceUnavailableError()
        assert await whole(services, "shop:42") == ["shop:42", DOWN]


async def test_a_key_that_few_have_by_now_links_again(mongodb_uri: str, mongodb_database: str, hand_clock: HandClock):
    """Once a walk from nothing has seen it at all sources; one for which its source is down, or of before, changes nothing."""
    crm, shop, desk = office()
    async with keeping([crm, shop, desk], mongodb_uri, mongodb_database, hand_clock) as services:
        await whole(services, "crm:7")
        hand_clock.advance(timedelta(seconds=1))
        change(desk, person("u1", email=OFFICE))
        desk.failure = SourceUnavailableError()
        assert await whole(services, "shop:42") == ["shop:42", DOWN]
        assert len(await stored_keys(mongodb_uri, mongodb_database)) == 1
        desk.failure = None
        assert await whole(services, "shop:42") == ["crm:7", "shop:42", "desk:u1"]
        assert await stored_keys(mongodb_uri, mongodb_database) == []


async def test_a_shared_key_is_kept_for_thirty_days(mongodb_uri: str, mongodb_database: str, hand_clock: HandClock):
    """From when it was last seen to be shared. Then the sources at hand decide."""
    crm, shop, desk = office()
    async with keeping([crm, shop, desk], mongodb_uri, mongodb_database, hand_clock) as services:
        await whole(services, "crm:7")
        (stored,) = await stored_keys(mongodb_uri, mongodb_database)
        assert stored["deleteAt"] - stored["seenAt"] == timedelta(days=30)
        desk.failure = SourceUnavailableError()
        hand_clock.advance(timedelta(days=30) - timedelta(seconds=10))
        assert await whole(services, "shop:42") == ["shop:42", DOWN]
        hand_clock.advance(timedelta(seconds=20))
        assert await whole(services, "shop:42") == ["crm:7", "shop:42", DOWN]


async def test_no_key_is_stored_in_clear_and_its_records_erase_it(mongodb_uri: str, mongodb_database: str):
    """The records are those that showed that it is shared."""
    crm, shop, desk = office()
    async with keeping([crm, shop, desk], mongodb_uri, mongodb_database) as services:
        await whole(services, "crm:7")
        (stored,) = await stored_keys(mongodb_uri, mongodb_database)
        assert stored["records"] == ["desk:u1", "desk:u2"]
        assert set(stored) == {"_id", "records", "seenAt", "deleteAt"}
        assert len(stored["_id"]) == 32
        assert "office" not in str(stored)
        assert [await erased(services, "crm:7"), await erased(services, "shop:1", "desk:u2")] == [0, 1]
        assert await stored_keys(mongodb_uri, mongodb_database) == []


async def test_stored_keys_are_read_while_a_source_is_down_alone(
    mongodb_uri: str, mongodb_database: str, hand_clock: HandClock
):
    """With one command for all customers of a request, behind those of the components and the log."""
    crm, shop, desk = office()
    async with keeping([crm, shop, desk], mongodb_uri, mongodb_database, hand_clock) as services:
        for _ in range(3):
            assert await whole(services, "shop:43") == ["shop:43"]
        reads = await read_of(services, mongodb_database, "shop:43")
        assert reads == ["find"]  # of the log
        desk.failure = SourceUnavailableError()
        assert await read_of(services, mongodb_database, "shop:43") == ["find", "find"]


async def test_another_limit_knows_nothing_of_it(mongodb_uri: str, mongodb_database: str):
    """What more than one record has links where two may have it."""
    crm, shop, desk = office()
    async with keeping([crm, shop, desk], mongodb_uri, mongodb_database) as services:
        await whole(services, "crm:7")
    desk.failure = SourceUnavailableError()
    async with keeping([crm, shop, desk], mongodb_uri, mongodb_database, max_sharers=2) as services:
        assert await whole(services, "shop:42") == ["crm:7", "shop:42", DOWN]


async def read_of(services: Services, database: str, id_: str) -> list[str]:
    with commands_to(database) as commands:
        await whole(services, id_)
    return commands
