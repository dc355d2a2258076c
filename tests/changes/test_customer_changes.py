"""Test what is told of changes: by pages, and to those who subscribe."""

from __future__ import annotations

import pytest

from gateway.changes.change_feed import MAX_WAITING
from tests.support.changing_shop import CHANGED, PAGE, changing_shop

ANA = {"id": "crm:c1", "name": "Ana Souza"}


async def test_a_page_tells_what_changed_since():
    async with changing_shop() as shop:
        begun = (await shop.data(PAGE))["changes"]
        assert begun["nodes"] == []
        await shop.tell("orders", "c1")
        page = (await shop.data(PAGE, {"since": begun["cursor"]}))["changes"]
        (node,) = page["nodes"]
        assert node == {
            "ids": ["crm:c1"],
            "kind": "RECORDS",
            "source": "orders",
            "records": ["Order"],
            "tags": [],
            "customer": ANA,
        }
        again = (await shop.data(PAGE, {"since": page["cursor"]}))["changes"]
        assert again["nodes"] == []
        assert not again["hasMore"]


async def test_pages_go_on_where_the_last_one_ended():
    async with changing_shop() as shop:
        since = (await shop.data(PAGE))["changes"]["cursor"]
        for customer in ("c1", "c2", "c1", "c3"):
            await shop.tell("crm", customer)
        heard, more = [], []
        for _ in range(3):
            page = (await shop.data(PAGE, {"since": since, "first": 2}))["changes"]
            heard += [node["ids"] for node in page["nodes"]]
            more.append(page["hasMore"])
            since = page["cursor"]
        assert heard == [["crm:c1"], ["crm:c2"], ["crm:c1"], ["crm:c3"]]
        assert more == [True, False, False]


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"since": "nothing"}, "INVALID_ARGUMENT"),
        ({"since": "ä" * 20}, "INVALID_ARGUMENT"),
        ({"since": "A" * 43}, "CHANGES_MISSED"),
        ({"first": 0}, "INVALID_ARGUMENT"),
        ({"first": 101}, "INVALID_ARGUMENT"),
    ],
)
async def test_what_is_no_page_is_refused(variables: dict[str, object], code: str):
    async with changing_shop() as shop:
        answer = await shop.ask(PAGE, variables)
        assert answer["errors"][0]["extensions"]["code"] == code
        assert ("since" if "since" in variables else "first") in answer["errors"][0]["message"]


async def test_a_cursor_of_a_worker_that_is_no_more_says_so():
    async with changing_shop() as before:
        cursor = (await before.data(PAGE))["changes"]["cursor"]
    async with changing_shop() as shop:
        answer = await shop.ask(PAGE, {"since": cursor})
        assert answer["errors"][0]["extensions"]["code"] == "CHANGES_MISSED"


async def test_nothing_is_told_where_the_settings_do_not_say_so():
    async with changing_shop(changes=None) as shop, shop.following(variables={"ids": ["c1"]}) as follower:
        told = (await shop.ask(PAGE))["errors"][0], (await follower.hear())["errors"][0]
        assert [own["extensions"]["code"] for own in told] == ["INVALID_ARGUMENT"] * 2
        assert all("[changes]" in own["message"] for own in told)


async def test_a_change_is_answered_as_it_is_then():
    async with changing_shop() as shop, shop.following(variables={"ids": ["c1"]}) as follower:
        await shop.tell("crm", "c2")  # nobody follows her here
        await shop.tell("orders", "c1")
        told = (await follower.hear())["data"]["customerChanged"]
        assert (told["ids"], told["records"], told["customer"]) == (["crm:c1"], ["Order"], ANA)


@pytest.mark.parametrize("ids", [["crm:c1"], ["c1", "c9"], None])
async def test_ids_name_those_who_are_followed(ids: list[str] | None):
    async with changing_shop() as shop, shop.following(variables={"ids": ids}) as follower:
        await shop.tell("crm", "c1")
        assert (await follower.hear())["data"]["customerChanged"]["customer"] == ANA


async def test_a_subscription_goes_on_behind_a_cursor():
    """By the argument, and as transports resume: nothing is told twice, and nothing left out."""
    async with changing_shop() as shop:
        async with shop.following(variables={"ids": ["c1"]}) as follower:
            await shop.tell("crm", "c1")
            result = await follower.next()
        assert result.cursor == follower.read(result)["data"]["customerChanged"]["cursor"]
        for source in ("orders", "support"):
            await shop.tell(source, "c1")
        for variables, since in (({"since": result.cursor}, None), ({}, result.cursor)):
            async with shop.following(variables={"ids": ["c1"], **variables}, since=since) as again:
                await shop.tell("crm", "c1")
                records = [(await again.hear())["data"]["customerChanged"]["records"] for _ in range(3)]
                assert records[:2] == [["Order"], ["Ticket"]]
            (await shop.data(PAGE))  # the feed has left
        assert shop.app.revision.services.live is not None
        assert shop.app.revision.services.live.hub.followers == 0


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        (CHANGED, {"ids": []}, "INVALID_ARGUMENT"),
        (CHANGED, {"ids": [f"c{number}" for number in range(101)]}, "INVALID_ARGUMENT"),
        (CHANGED, {"ids": ["c1"], "since": "nothing"}, "INVALID_ARGUMENT"),
        ('subscription { tagChanged(keys: ["nothing"], ids: ["c1"]) { tags } }', {}, "INVALID_ARGUMENT"),
        ('subscription { segmentChanged(key: "nothing") { tags } }', {}, "INVALID_ARGUMENT"),
    ],
)
async def test_a_subscription_that_cannot_begin_is_an_error(query: str, variables: dict[str, object], code: str):
    async with changing_shop() as shop, shop.following(query, variables) as follower:
        assert (await follower.hear())["errors"][0]["extensions"]["code"] == code
        assert await follower.ends()


async def test_one_field_is_subscribed_to_at_a_time():
    query = 'subscription { a: customerChanged(ids: ["c1"]) { ids } b: customerChanged(ids: ["c2"]) { ids } }'
    async with changing_shop() as shop, shop.following(query) as follower:
        result = await follower.next()
        assert (result.is_refused, result.status) == (True, 400)


async def test_a_subscription_by_post_says_where_it_is_answered():
    async with changing_shop() as shop:
        (error,) = (await shop.ask(CHANGED, {"ids": ["c1"]}))["errors"]
        assert "/graphql/stream" in error["message"]
        assert error["extensions"]["code"] == "INVALID_ARGUMENT"


async def test_who_reads_too_slowly_is_told_so_behind_what_he_has():
    async with changing_shop() as shop, shop.following(variables={"ids": ["c1"]}) as follower:
        for _ in range(MAX_WAITING + 5):
            await shop.tell("crm", "c1")
        heard = 0
        while not (result := await follower.next()).is_refused:
            heard += 1
        assert heard == MAX_WAITING
        assert follower.read(result)["errors"][0]["extensions"]["code"] == "CHANGES_MISSED"
        assert await follower.ends()


async def test_a_caller_has_so_many_subscriptions():
    words = {"changes": {"max_subscriptions": 1}}
    async with changing_shop(**words) as shop, shop.following(variables={"ids": ["c1"]}) as first:
        async with shop.following(variables={"ids": ["c2"]}) as second:
            assert (await second.hear())["errors"][0]["extensions"]["code"] == "TOO_MANY_SUBSCRIPTIONS"
        await shop.tell("crm", "c1")
        assert (await first.hear())["data"]["customerChanged"]["customer"] == ANA


async def test_a_worker_that_ends_ends_subscriptions():
    async with changing_shop() as shop, shop.following(variables={"ids": ["c1"]}) as follower:
        shop.streams.close()
        assert await follower.ends()
