"""Whatever fails in the delivery of the audit, it goes on."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.audit.told_callers import Told
from gateway.store.store import Store
from tests.support.audit_trails import open_trail, record, requests_in
from tests.support.fixtures_mongodb import HandClock

pytestmark = pytest.mark.mongodb


class BrokenOnce:
    """Fails by a mistake when it is asked for the first time; then nobody is withheld."""

    def __init__(self) -> None:
        self.asked, self.again = 0, asyncio.Event()

    async def read(self) -> Callable[[str], bool]:
        self.asked += 1
        if self.asked == 1:
            raise LookupError("a mistake")
        self.again.set()
        return lambda _: False

    async def note_told(self, told: Sequence[Told]) -> None:
        """Note nothing."""


async def test_a_mistake_does_not_end_the_delivery(store: Store, spool: Path, hand_clock: HandClock):
    """It is logged and counted, and the segment is delivered the next time."""
    broken = BrokenOnce()
    with capture_logs() as logs:
        async with open_trail(store, spool, hand_clock) as trail:
            trail.withhold(broken)
            record(trail, "r1", hand_clock, "crm:7")
            await trail._volume.run(trail._close_segment)
            async with asyncio.timeout(30):
                await broken.again.wait()
            assert trail.delivery.failures == 1
    assert [own["error"] for own in logs if own["event"] == "audit_failed"] == ["LookupError"]
    assert await requests_in(store, spool) == ["r1"]
