"""A source's listing at its boundary: deadlines, breaker, slots, and records that cannot be read."""

import asyncio

import pytest

from connectors.contract import Ask, KeyKind, Lister, Listing
from connectors.errors import ListingCursorError, SourceProtocolError, SourceTimeoutError, SourceUnavailableError
from connectors.record_fields import Fields
from connectors.records import Customer
from connectors.testing import MemoryConnector
from gateway.clock import Clock
from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Failed, Found, Listed
from gateway.lookups.read_cache import ReadCache
from gateway.lookups.sources import Source
from gateway.settings import SourceSettings

CUSTOMERS = [Customer(id=f"c{number}", name=f"Customer {number}") for number in range(5)]
RECORDS = {(Customer, KeyKind.CUSTOMER_ID): {own.id: [own] for own in CUSTOMERS}}
NAME = Fields.from_paths("name")


class Scripted(MemoryConnector):
    """Lists what it is told to."""

    def __init__(self, *pages):
        super().__init__("crm", RECORDS)
        self.pages = list(pages)

    def listings(self):
        return [Lister(record=Customer, fetch=self.next_page, max_first=3)]

    async def next_page(self, fields, after, first, remaining_s=None):
        self.listed.append((after, first))
        page = self.pages.pop(0)
        if isinstance(page, Exception):
            raise page
        return page


@pytest.fixture
async def source_on():
    opened = []

    async def make(connector, **settings):
        source = Source(connector, Clock(), SourceSettings(kind="memory", retries=0, **settings), ReadCache(Clock(), 0), 30.0)
        await connector.open()
        opened.append(source)
        return source

    yield make
    for source in opened:
        await source.aclose()


def list_page(source, after=None, first=2, seconds=30.0):
    return source.list_page(Customer, NAME, after, first, Deadline.within(Clock(), seconds))


async def test_pages_of_records_follow_each_other(source_on):
    """Records have an id and the fields asked for; the last page has no cursor."""
    source = await source_on(MemoryConnector("crm", RECORDS))
    assert source.listings.keys() == {Customer}
    after, pages = None, []
    while True:
        page = await list_page(source, after)
        assert isinstance(page, Listed)
        pages.append([(record.id, record.name) for record in page.records])
        if (after := page.next) is None:
            break
    assert pages == [
        [("c0", "Customer 0"), ("c1", "Customer 1")],
        [("c2", "Customer 2"), ("c3", "Customer 3")],
        [("c4", "Customer 4")],
    ]


async def test_what_cannot_be_read_is_counted(source_on):
    """A record without an id is dropped, a value that cannot be read costs itself, and the page is there."""
    content = b'[{"id":"c1","name":"Ann"},{"name":"Nobody"},null,{"id":"c2","name":7},{"id":"  "}]'
    connector = Scripted(Listing(content, "on"), Listing(b"[]"))
    source = await source_on(connector)
    page = await list_page(source, first=50)
    assert [(record.id, record.name) for record in page.records] == [("c1", "Ann"), ("c2", "7")]
    assert (page.dropped, page.unreadable, page.next) == (3, 0, "on")
    assert sum(source.statistics.dropped.values()) == 3
    assert (await list_page(source, "on")).next is None
    assert connector.listed == [(None, 3), ("on", 2)]


@pytest.mark.parametrize(
    "given",
    [Listing(b"[]", "here"), Listing(b"[]", ""), Listing(b"[", "on"), Listing(b"{}"), None, b"[]", Listing([object()])],
)
async def test_what_is_no_page_fails(source_on, given):
    """A listing that does not go on would have no end; what is no page costs this call alone."""
    source = await source_on(Scripted(given, Listing(b'[{"id":"c1"}]')))
    failed = await list_page(source, "here")
    assert isinstance(failed, Failed)
    assert type(failed.error) is SourceProtocolError
    assert [record.id for record in (await list_page(source, "here")).records] == ["c1"]


async def test_a_cursor_that_is_none_is_an_error_of_its_own(source_on):
    """It says what to do, and no breaker counts it."""
    source = await source_on(MemoryConnector("crm", RECORDS))
    failed = await list_page(source, "nothing")
    assert type(failed.error) is ListingCursorError
    assert (failed.error.code, failed.error.retryable) == ("SOURCE_REJECTED", False)
    assert str(failed.error) == "the cursor is none of this listing; begin it anew"


async def test_listings_take_one_slot_of_a_source(source_on):
    """While one page is under way another waits, and lookups do not."""
    connector = MemoryConnector("crm", RECORDS)
    source = await source_on(connector, max_calls=2)
    connector.hang = asyncio.Event()
    pages = [asyncio.ensure_future(list_page(source)) for _ in range(3)]
    while not connector.listed:
        await asyncio.sleep(0)
    fetch = source.records(Customer, KeyKind.CUSTOMER_ID, Ask(fields=Fields.from_paths("id")))
    lookup = asyncio.ensure_future(source.batching.ask(fetch, ["c1"], Deadline.within(Clock(), 30.0)))
    while not connector.calls:
        await asyncio.sleep(0)
    assert len(connector.listed) == 1
    assert source.batching.slots == (2, 2)
    connector.hang.set()
    assert all(isinstance(page, Listed) for page in await asyncio.gather(*pages))
    assert isinstance((await lookup)[0], Found)
    assert len(connector.listed) == 3


async def test_a_page_ends_at_its_deadline(source_on):
    """Who has waited long enough is told so. The next page waits for the call that still has the slot."""
    connector = MemoryConnector("crm", RECORDS)
    source = await source_on(connector)
    connector.hang = asyncio.Event()
    failed = await list_page(source, seconds=0.02)
    assert type(failed.error) is SourceTimeoutError
    waiting = await list_page(source, seconds=0.02)
    assert type(waiting.error) is SourceTimeoutError
    assert len(connector.listed) == 1
    connector.hang.set()
    assert [record.id for record in (await list_page(source)).records] == ["c0", "c1"]


async def test_a_source_that_is_left_alone_is_not_asked(source_on):
    """The breaker counts failed pages as it counts lookups, and refuses them too."""
    connector = MemoryConnector("crm", RECORDS)
    source = await source_on(connector, breaker={"min_calls": 2, "failure_rate": 0.5})
    connector.failure = SourceUnavailableError()
    for _ in range(2):
        assert (await list_page(source)).attempts == 1
    failed = await list_page(source)
    assert (type(failed.error), failed.attempts) == (SourceUnavailableError, 0)
    assert len(connector.listed) == 2
