"""Test that followers hear of each change once, in order, and are told what they missed."""

import asyncio
from datetime import UTC, datetime

import pytest

from gateway.changes.change_hub import ChangeHub
from gateway.changes.customer_change import ChangeKind, CustomerChange, PositionTooOldError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def change(customer: str, position: int = 0) -> CustomerChange:
    return CustomerChange(
        position=position, customer=customer, kind=ChangeKind.RECORDS, at=NOW, source="shop", records=("Order",)
    )


async def test_a_follower_hears_of_changes_in_order() -> None:
    hub = ChangeHub()
    queue = hub.follow(10)
    heard = asyncio.create_task(anext(queue))
    await hub.announce([change("shop:1"), change("shop:2")])
    assert (await heard).customer == "shop:1"
    following = await anext(queue)
    assert (following.customer, following.position, hub.position) == ("shop:2", 2, 2)


async def test_what_was_told_is_not_told_again() -> None:
    hub = ChangeHub()
    queue = hub.follow(10)
    hub.publish([change("shop:1", 5), change("shop:2", 6)])
    hub.publish([change("shop:2", 6), change("shop:3", 7)])
    queue.close()
    assert [own.position async for own in queue] == [5, 6, 7]


async def test_what_does_not_fit_is_counted() -> None:
    hub = ChangeHub()
    slow, fast = hub.follow(1), hub.follow(10)
    await hub.announce([change("shop:1"), change("shop:2"), change("shop:3")])
    slow.close()
    fast.close()
    assert ([own.position async for own in slow], slow.missed) == ([1], 2)
    assert ([own.position async for own in fast], fast.missed) == ([1, 2, 3], 0)


async def test_a_closed_queue_is_followed_no_more() -> None:
    hub = ChangeHub()
    queue = hub.follow(10)
    waiting = asyncio.create_task(anext(queue))
    await asyncio.sleep(0)
    queue.close()
    with pytest.raises(StopAsyncIteration):
        await waiting
    await hub.announce([change("shop:1")])
    assert hub.followers == 0
    assert [own async for own in queue] == []


async def test_a_hub_without_a_log_remembers_some() -> None:
    hub = ChangeHub(max_recent=3)
    await hub.announce([change(f"shop:{number}") for number in range(1, 6)])
    assert [own.position for own in await hub.read_since(2, 2)] == [3, 4]
    assert await hub.read_since(5, 10) == []
    for gone in (1, 6):
        with pytest.raises(PositionTooOldError):
            await hub.read_since(gone, 10)
