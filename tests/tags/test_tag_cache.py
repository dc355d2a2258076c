"""Tags that a worker gives again for a moment without asking MongoDB, and what is shown of them."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.settings import MongoSettings
from tests.support.fixtures_mongodb import commands_to
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.tag_shop import ShopClock, measured, sources_by_id, store_of, until_kept
from tests.support.webhook_requests import hook, of, sources_with, tell

pytestmark = pytest.mark.mongodb

TAGS = "query ($id: ID!) { customer(by: {id: $id}) { id tags(keys: [%s]) { %s } } }"
ACTIVITY = TAGS % ('"activity"', "key value freshness")


@pytest.fixture
def words(mongodb_settings: MongoSettings) -> dict[str, Any]:
    return {
        "with_clock": ShopClock(),
        "mongodb": mongodb_settings.model_dump(),
        "sources": sources_with({"orders": hook()}, {}, "crm"),
    }


async def tags_of(gateway: Gateway, query: str = ACTIVITY, customer: str = "c1") -> Any:
    return (await gateway.data(query, {"id": customer}))["customer"]["tags"]


async def stored(gateway: Gateway, words: dict[str, Any], query: str = ACTIVITY) -> None:
    """Have the tags computed, and wait until they are in MongoDB."""
    await tags_of(gateway, query)
    async with store_of(MongoSettings.model_validate(words["mongodb"])) as store:
        await until_kept(store, words["with_clock"].now())


async def test_mongodb_is_asked_every_two_seconds(words: dict[str, Any], mongodb_settings: MongoSettings) -> None:
    """However many requests there are in between; each of them has the tag."""
    sources = sources_by_id()
    async with gateway_on(sources, **words) as before:
        await tags_of(before)
    async with gateway_on(sources, **words) as gateway:
        with commands_to(mongodb_settings.database) as commands:
            first = [await tags_of(gateway) for _ in range(3)]
            words["with_clock"].advance(timedelta(seconds=2))
            second = [await tags_of(gateway) for _ in range(3)]
    assert first + second == [[{"key": "activity", "value": "HIGH", "freshness": "FRESH"}]] * 6
    assert commands.count("find") == 2
    assert measured(sources[1]) == 1


async def test_mongodb_is_asked_for_each_request_when_nothing_may_stay(
    words: dict[str, Any], mongodb_settings: MongoSettings
) -> None:
    """`cache_s = 0` reads as often as is asked."""
    async with gateway_on(sources_by_id(), **words, tags={"cache_s": 0}) as gateway:
        await stored(gateway, words)
        with commands_to(mongodb_settings.database) as commands:
            for _ in range(3):
                await tags_of(gateway)
    assert commands == ["find"] * 3


async def test_a_tag_is_not_given_again_when_it_is_due(words: dict[str, Any], mongodb_settings: MongoSettings) -> None:
    """Even where a worker may keep tags for longer than they are fresh."""
    async with gateway_on(sources_by_id(), **words, tags={"cache_s": 86_400}) as gateway:
        await stored(gateway, words)
        with commands_to(mongodb_settings.database) as commands:
            await tags_of(gateway)
            words["with_clock"].advance(timedelta(hours=6))
            (tag,) = await tags_of(gateway)
    assert tag == {"key": "activity", "value": "HIGH", "freshness": "STALE"}
    assert commands[:1] == ["find"]


async def test_another_worker_sees_a_change_two_seconds_later(words: dict[str, Any]) -> None:
    """The one that was told sees it at once; the other one may give what it has read a moment ago."""
    sources = sources_by_id()
    async with gateway_on(sources, **words) as worker, gateway_on(sources, **words) as other:
        await stored(worker, words)
        before = [(await tags_of(one))[0]["freshness"] for one in (worker, other)]
        await tell(worker, "orders", of("c1"))
        words["with_clock"].advance(timedelta(seconds=1))
        meanwhile = (await tags_of(other))[0]["freshness"]
        words["with_clock"].advance(timedelta(seconds=1))
        after = (await tags_of(other))[0]["freshness"]
    assert (before, meanwhile, after) == (["FRESH", "FRESH"], "FRESH", "STALE")


async def test_each_selection_shows_its_own(words: dict[str, Any]) -> None:
    """Of tags that are at hand: other fields, other names, other keys, and the same again."""
    selections = [
        ('"activity"', "key value"),
        ('"activity"', "label: key freshness"),
        ('"activity"', "evidence { name value }"),
        ('"activity", "recency"', "key"),
    ]
    queries = [TAGS % selection for selection in selections]
    async with gateway_on(sources_by_id(), **words) as gateway:
        await stored(gateway, words, queries[-1])
        rounds = [[await tags_of(gateway, query) for query in queries] for _ in range(3)]
    assert (
        rounds
        == [
            [
                [{"key": "activity", "value": "HIGH"}],
                [{"label": "activity", "freshness": "FRESH"}],
                [{"evidence": [{"name": "orders_90d", "value": 5}, {"name": "orders_all", "value": 5}]}],
                [{"key": "activity"}, {"key": "recency"}],
            ]
        ]
        * 3
    )


async def test_a_wrong_key_is_an_error_beside_tags_that_are_at_hand(words: dict[str, Any]) -> None:
    """It costs its own field, with its path."""
    query = '{ customer(by: {id: "c1"}) { tags(keys: ["activity"]) { value } wrong: tags(keys: ["nothing"]) { value } } }'
    async with gateway_on(sources_by_id(), **words) as gateway:
        await stored(gateway, words)
        answers = [await gateway.ask(query) for _ in range(2)]
    assert [answer["data"] for answer in answers] == [{"customer": {"tags": [{"value": "HIGH"}], "wrong": None}}] * 2
    assert [[error["path"] for error in answer["errors"]] for answer in answers] == [[["customer", "wrong"]]] * 2
