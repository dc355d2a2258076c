"""All customers of a source, page by page, whatever fails on the way."""

import asyncio
import tracemalloc
from datetime import UTC, datetime

import msgspec
import pytest

from connectors.contract import KeyKind, Listing
from connectors.errors import SourceAuthError, SourceError, SourceUnavailableError
from connectors.record_fields import Fields
from connectors.testing import MemoryConnector
from gateway.clock import Clock
from gateway.errors import SourceFailure
from gateway.linkage import customer_pages
from gateway.linkage.customer_pages import fetch_pages, list_customers
from gateway.lookups.outcome import Listed
from gateway.services import Services
from tests.support.known_people import knowing, person
from tests.support.tag_shop import services_on

ID = Fields.from_paths("id")
BEGAN = datetime(2026, 6, 1, tzinfo=UTC)


class FailingConnector(MemoryConnector):
    """Fails some times where a page begins behind `fails_after`."""

    error: SourceError = SourceUnavailableError()
    fails = 0

    async def _wait_or_fail(self) -> None:
        await super()._wait_or_fail()
        if len(self.listed) > 1 and self.fails:
            self.fails -= 1
            raise self.error


class InstantClock(Clock):
    """Waits for nothing; `slept` lists the pauses."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


async def listed(services: Services, clock: Clock) -> list[str]:
    (source,) = services.sources.all
    return [record.id async for page in list_customers(source, ID, clock) for record in page.records]


@pytest.fixture
def crm() -> MemoryConnector:
    return knowing("crm", [person(f"{number:05}") for number in range(2_500)], by=[KeyKind.CUSTOMER_ID], kind=FailingConnector)


async def test_all_pages_are_listed(crm: MemoryConnector):
    """2,500 records are three pages, each one asked for once."""
    async with services_on([crm]) as services:
        assert await listed(services, services.clock) == [f"{number:05}" for number in range(2_500)]
    assert len(crm.listed) == 3


async def test_a_page_that_fails_is_asked_for_again(crm: FailingConnector):
    """What was listed is not asked for again; the pauses grow."""
    crm.fails = 3
    clock = InstantClock()
    async with services_on([crm]) as services:
        assert await listed(services, clock) == [f"{number:05}" for number in range(2_500)]
    assert clock.slept == [2.0, 4.0, 8.0]
    assert [after for after, _ in crm.listed].count(None) == 1


@pytest.mark.parametrize(("error", "calls"), [(SourceUnavailableError(), 1 + customer_pages.TRIES), (SourceAuthError(), 2)])
async def test_a_source_that_keeps_failing_ends_the_listing(crm: FailingConnector, error: SourceError, calls: int):
    """After five times, or at once where it would not help, the failure names the source."""
    crm.fails, crm.error = 100, error
    async with services_on([crm]) as services:
        with pytest.raises(SourceFailure, match="crm: "):
            await listed(services, InstantClock())
    assert len(crm.listed) == calls


class TurningConnector(MemoryConnector):
    """Its third page leads to the second one again."""

    async def _list(self, fields: Fields, after: str | None, first: int, remaining_s: float | None = None) -> Listing:
        page = await super()._list(fields, None, first, remaining_s)
        return msgspec.structs.replace(page, next={None: "1", "1": "2", "2": "1"}[after])


async def test_a_listing_that_begins_again_ends():
    """The third page has a cursor that was there before: one page later it is found out."""
    crm = knowing("crm", [person("1")], by=[KeyKind.CUSTOMER_ID], kind=TurningConnector)
    async with services_on([crm]) as services:
        with pytest.raises(SourceFailure, match=r"^crm: "):
            await asyncio.wait_for(listed(services, services.clock), 60)
    assert len(crm.listed) == 4


def page_before(cursor: str | None) -> Listed:
    return Listed(source="crm", as_of=BEGAN, latency_ms=0.0, records=[], next=cursor)


@pytest.mark.parametrize(("tail", "circle"), [(0, 1), (0, 2), (5, 1), (3, 7), (1_000, 3)])
async def test_a_circle_anywhere_in_a_listing_ends_it(tail: int, circle: int):
    """Also where the circle does not lead back to the first page; it is walked round a few times at most."""
    asked: list[str | None] = []

    async def fetch(after: str | None, _: object) -> Listed:
        asked.append(after)
        place = len(asked)
        return page_before(str(place if place <= tail else tail + (place - tail) % circle))

    async def list_all() -> None:
        async for _ in fetch_pages("crm", fetch, None, InstantClock()):
            assert len(asked) <= 3 * (tail + circle) + 2

    with pytest.raises(SourceFailure, match="crm: "):
        await list_all()


async def test_a_long_listing_keeps_no_cursors():
    """What is kept to find such a circle does not grow with the pages."""

    async def fetch(after: str | None, _: object) -> Listed:
        place = int((after or "0").partition(" ")[0]) + 1
        return page_before(f"{place} {'x' * 1_000}" if place < 5_000 else None)

    tracemalloc.start()
    try:
        async for _ in fetch_pages("crm", fetch, None, InstantClock()):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 500_000
