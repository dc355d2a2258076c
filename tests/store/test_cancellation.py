"""Who is cancelled ends, whatever the driver makes of it."""

import asyncio

import pytest
from pymongo.errors import AutoReconnect

from gateway.store.mongo import Database, Mongo


@pytest.mark.mongodb
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
