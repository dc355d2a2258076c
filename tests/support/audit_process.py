"""A process that records numbered requests without end, and says which it has recorded, until it is killed."""

import asyncio
import os
import sys
from pathlib import Path

from gateway.clock import Clock
from gateway.log import configure_logging
from gateway.store.store import Store
from tests.support.audit_trails import patient, record, trail_on

TICK_S = 0.01
EACH = 10


async def main(spool: str, uri: str, database: str) -> None:
    configure_logging()
    clock = Clock()
    store = Store(patient(uri, database).model_copy(update={"timeout_ms": 1_000}), clock)
    await store.open()
    trail = trail_on(store, Path(spool), clock)
    await trail.open()
    number = 0
    while True:
        for _ in range(EACH):
            record(trail, f"{os.getpid()}-{number}", clock, f"crm:{number % 1_000}")
            number += 1
        os.write(1, f"{clock.monotonic()} {number}\n".encode())
        await asyncio.sleep(TICK_S)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
