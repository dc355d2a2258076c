"""Who is cancelled ends, whatever the driver makes of it."""

import asyncio

import pytest
from pymongo.errors import AutoReconnect

from gateway.store.mongo import Database, Mongo

pytestmark = pytest.mark.mongodb


async def test_a_cancellation_that_ends_as_an_error_of_the_driver_is_one(mongo: Mongo):
    """Else a task that goes on after errors of the store never ends. MongoDB is not taken to be away for it."""
    begun = asyncio.Event()

    async def hang(_: Database) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise AutoReconnect("operation cancelled") from None

    task = asyncio.create_task(mongo.run(hang, in_background=True))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert mongo.available


async def test_a_cancellation_after_which_the_driver_asks_again_is_one(mongo: Mongo):
    """A cancelled read is a lost connection to the driver, which reads once more: what it then finds is for nobody."""
    begun = asyncio.Event()

    async def hang(_: Database) -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "read by the second try"
        return "never"

    task = asyncio.create_task(mongo.run(hang))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_who_was_cancelled_before_may_still_tidy_up(mongo: Mongo):
    """What a task asks of MongoDB because it ends is not cut short."""

    async def end() -> float:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return (await mongo.run(lambda database: database.command("ping")))["ok"]

    task = asyncio.create_task(end())
    await asyncio.sleep(0)
    task.cancel()
    assert await task == 1.0
