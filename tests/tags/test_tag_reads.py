"""Reads of stored tags: gathered over requests, shared while under way, harmed by nobody."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from gateway.errors import StoreError
from gateway.lookups.store_reads import MAX_CACHED, MAX_CUSTOMERS, MAX_QUEUED, MAX_READS, StoreReads
from gateway.settings import MongoSettings
from gateway.store.store import Store
from gateway.store.tags import TagCollection
from gateway.tags.computed_tag import ComputedTag
from gateway.tags.service import TagService
from tests.support.fixtures_mongodb import HandClock, commands_to
from tests.support.gateway_server import gateway_on
from tests.support.tag_shop import ShopClock, measured, services_on, sources_by_id, stitched, until_kept

PATIENT_S = 20.0
ALL_TAGS = "query ($id: ID!) { customer(by: {id: $id}) { id tags { key value computedAt } } }"


class Shelf:
    """Gives each customer's name in capitals, when it is told to, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.go = asyncio.Event()
        self.failure: Exception | None = None

    async def read(self, customers: Sequence[str]) -> dict[str, str]:
        self.asked.append(list(customers))
        await self.go.wait()
        if self.failure is not None:
            raise self.failure
        return {one: one.upper() for one in customers if one != "nobody"}


async def of(reads: StoreReads[str], *customers: str) -> dict[str, str]:
    return await reads.wait_for(reads.enqueue(customers), PATIENT_S)


async def turns(count: int = 5) -> None:
    """Let everything run that can."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_what_is_asked_in_one_turn_leaves_in_one_read():
    """Thirty-two callers, of whom some want the same customers: each of them once, and each caller has his own."""
    shelf = Shelf()
    reads = StoreReads(shelf.read, HandClock())
    shelf.go.set()
    found = await asyncio.gather(*(of(reads, f"c{n}", "c0", "nobody") for n in range(32)))
    assert found == [{f"c{n}": f"C{n}", "c0": "C0"} for n in range(32)]
    assert shelf.asked == [["c0", "nobody", *(f"c{n}" for n in range(1, 32))]]
    assert await of(reads) == {}


async def test_callers_gather_while_all_reads_are_taken():
    """Whoever comes then leaves with the others; one whose customer is on the way shares what it brings."""
    shelf = Shelf()
    reads = StoreReads(shelf.read, HandClock())
    callers = []
    for number in range(MAX_READS + 6):
        callers.append(asyncio.create_task(of(reads, f"c{number}", "c0")))
        await turns()
    first = [["c0"], *([f"c{n}"] for n in range(1, MAX_READS))]
    assert shelf.asked == first
    shelf.go.set()
    assert await asyncio.gather(*callers) == [{f"c{n}": f"C{n}", "c0": "C0"} for n in range(MAX_READS + 6)]
    assert shelf.asked == [*first, [f"c{n}" for n in range(MAX_READS, MAX_READS + 6)]]


async def test_a_read_has_no_more_customers_than_it_may():
    """What is above the limit leaves in a read of its own, also when one caller wants it all."""
    shelf = Shelf()
    reads = StoreReads(shelf.read, HandClock())
    shelf.go.set()
    names = [f"c{n}" for n in range(2 * MAX_CUSTOMERS + 1)]
    assert await of(reads, *names) == {one: one.upper() for one in names}
    assert [len(asked) for asked in shelf.asked] == [MAX_CUSTOMERS, MAX_CUSTOMERS, 1]


async def test_a_cancelled_caller_harms_nobody():
    """The one who began the read goes away: the other, and the one who waits behind, have what they asked for."""
    shelf = Shelf()
    reads = StoreReads(shelf.read, HandClock())
    first = asyncio.create_task(of(reads, "c1"))
    await turns()
    second = asyncio.create_task(of(reads, "c1", "c2"))
    await turns()
    first.cancel()
    await turns()
    shelf.go.set()
    assert await second == {"c1": "C1", "c2": "C2"}
    assert first.cancelled()
    assert [one for asked in shelf.asked for one in asked] == ["c1", "c2"]


async def test_a_failed_read_gives_nothing_and_the_next_one_is_asked():
    """What it raised is logged by its kind alone."""
    shelf = Shelf()
    reads = StoreReads(shelf.read, HandClock())
    shelf.failure = ZeroDivisionError("c1")
    shelf.go.set()
    with capture_logs() as logs:
        assert await asyncio.gather(of(reads, "c1"), of(reads, "c1", "c2")) == [{}, {}]
    shelf.failure = None
    assert await of(reads, "c1") == {"c1": "C1"}
    assert logs == [{"event": "tags_failed", "log_level": "error", "error": "ZeroDivisionError"}]


async def test_a_read_that_fails_takes_nothing_away():
    """Who was read a moment ago is given while that holds, though he could not be read again; then he is read anew."""
    shelf, clock = Shelf(), HandClock()
    reads = StoreReads(shelf.read, clock, keep_s=2.0)
    shelf.go.set()
    assert await of(reads, "c1") == {"c1": "C1"}
    shelf.failure = ZeroDivisionError()
    for count in range(2, 5):
        clock.advance(timedelta(seconds=1.2 if count == 2 else 0.2))
        assert await of(reads, "c1") == {"c1": "C1"}
        await turns()
        assert len(shelf.asked) == count
    clock.advance(timedelta(seconds=1))
    assert await of(reads, "c1") == {}


async def test_a_late_read_gives_nothing():
    """A caller waits for as long as he says; who says longer has what comes later."""
    shelf = Shelf()
    reads = StoreReads(shelf.read, HandClock())
    late = reads.enqueue(["c1"])
    assert await reads.wait_for(late, 0.01) == {}
    shelf.go.set()
    assert await reads.wait_for(late, PATIENT_S) == {"c1": "C1"}
    assert shelf.asked == [["c1"]]


async def test_who_asks_after_a_write_is_read_again():
    """A read under way may have missed what was written; one that has not left yet cannot."""
    shelf = Shelf()
    reads = StoreReads(shelf.read, HandClock())
    before = [asyncio.create_task(of(reads, "c1"))]
    await turns()
    reads.outdate(["c1", "c2"])
    after = [asyncio.create_task(of(reads, "c1")) for _ in range(2)]
    reads.outdate(["c1"])
    await turns()
    shelf.go.set()
    assert await asyncio.gather(*before, *after) == [{"c1": "C1"}] * 3
    assert shelf.asked == [["c1"], ["c1"]]


def lasting(shelf: Shelf, clock: HandClock) -> StoreReads[str]:
    """Reads whose customers stay for two seconds, but for those who are restless."""
    shelf.go.set()
    return StoreReads(shelf.read, clock, 2.0, lambda found: found != "RESTLESS")


async def reading_ahead() -> tuple[Shelf, HandClock, StoreReads[str]]:
    """A customer is here, half of the time for which he stays is over, and the read that this began hangs."""
    shelf, clock = Shelf(), HandClock()
    reads = lasting(shelf, clock)
    await of(reads, "c1")
    shelf.go.clear()
    clock.advance(timedelta(seconds=1))
    await of(reads, "c1")
    return shelf, clock, reads


async def test_what_came_a_moment_ago_is_not_read_again():
    """It stays for two seconds. Who is not there, and who is due, is read each time."""
    shelf, clock = Shelf(), HandClock()
    reads = lasting(shelf, clock)
    names = ["c1", "nobody", "restless"]
    assert await of(reads, *names) == {"c1": "C1", "restless": "RESTLESS"}
    clock.advance(timedelta(seconds=0.9))
    assert await of(reads, *names) == {"c1": "C1", "restless": "RESTLESS"}
    clock.advance(timedelta(seconds=1.1))
    assert await of(reads, "c1") == {"c1": "C1"}
    assert shelf.asked == [names, names[1:], ["c1"]]


async def test_what_was_long_on_its_way_is_as_old_as_the_asking():
    """The two seconds begin when the read leaves."""
    shelf, clock = Shelf(), HandClock()
    reads = lasting(shelf, clock)
    shelf.go.clear()
    first = asyncio.create_task(of(reads, "c1"))
    await turns()
    clock.advance(timedelta(seconds=0.9))
    shelf.go.set()
    await first
    assert await of(reads, "c1") == {"c1": "C1"}
    assert shelf.asked == [["c1"]]
    clock.advance(timedelta(seconds=1.1))
    assert await of(reads, "c1") == {"c1": "C1"}
    assert shelf.asked == [["c1"], ["c1"]]


async def test_who_is_asked_for_often_is_never_waited_for():
    """After a second the customer is read again, once, while callers have what is here; it comes before that is too old."""
    shelf, clock = Shelf(), HandClock()
    reads = lasting(shelf, clock)
    await of(reads, "c1")
    shelf.go.clear()
    clock.advance(timedelta(seconds=1))
    assert await asyncio.gather(*(of(reads, "c1") for _ in range(3))) == [{"c1": "C1"}] * 3
    await turns()
    assert shelf.asked == [["c1"], ["c1"]]
    shelf.go.set()
    await turns()
    clock.advance(timedelta(seconds=1.9))
    shelf.go.clear()
    assert await of(reads, "c1") == {"c1": "C1"}
    assert shelf.asked == [["c1"], ["c1"]]


async def test_a_read_ahead_that_takes_long_is_waited_for():
    """What is here has become too old meanwhile: callers share what is on its way."""
    shelf, clock, reads = await reading_ahead()
    clock.advance(timedelta(seconds=1))
    late = asyncio.create_task(of(reads, "c1"))
    await turns()
    assert not late.done()
    shelf.go.set()
    assert await late == {"c1": "C1"}
    assert shelf.asked == [["c1"], ["c1"]]


async def test_a_read_ahead_from_before_a_write_does_not_stay():
    """Who asks after the write is read again, and shares nothing of before."""
    shelf, _, reads = await reading_ahead()
    await turns()
    reads.outdate(["c1"])
    late = asyncio.create_task(of(reads, "c1"))
    await turns()
    shelf.go.set()
    await late
    assert await of(reads, "c1") == {"c1": "C1"}
    assert shelf.asked == [["c1"]] * 3


async def test_what_was_written_meanwhile_does_not_stay():
    """Neither what is here, nor what a read brings that left before."""
    shelf, clock = Shelf(), HandClock()
    reads = lasting(shelf, clock)
    await of(reads, "c1", "c2")
    reads.outdate(["c1"])
    shelf.go.clear()
    late = asyncio.create_task(of(reads, "c1"))
    await turns()
    reads.outdate(["c1"])
    shelf.go.set()
    await late
    await of(reads, "c1", "c2")
    assert shelf.asked == [["c1", "c2"], ["c1"], ["c1"]]


async def test_a_failed_read_does_not_stay():
    """The next who asks is read."""
    shelf, clock = Shelf(), HandClock()
    reads = lasting(shelf, clock)
    shelf.failure = ZeroDivisionError("c1")
    assert await of(reads, "c1") == {}
    shelf.failure = None
    assert await of(reads, "c1") == {"c1": "C1"}


async def test_so_many_stay_and_the_first_ones_go():
    """A batch goes as a whole when there are more than may stay."""
    shelf, clock = Shelf(), HandClock()
    reads = lasting(shelf, clock)
    names = [f"c{n}" for n in range(MAX_CACHED + 1)]
    for start in range(0, len(names), MAX_CUSTOMERS):
        await of(reads, *names[start : start + MAX_CUSTOMERS])
    read = len(shelf.asked)
    await of(reads, *names[MAX_CUSTOMERS:])
    assert len(shelf.asked) == read
    await of(reads, names[0])
    assert shelf.asked[read:] == [[names[0]]]


@pytest.mark.cases
async def test_what_waits_for_a_read_is_bounded():
    """While the store hangs, customers beyond the bound are answered at once as not read; later they are read as ever."""
    shelf = Shelf()
    reads = StoreReads(shelf.read, HandClock())
    for number in range(MAX_READS):
        reads.enqueue([f"first{number}"])
        await turns()
    room = MAX_QUEUED * MAX_CUSTOMERS
    within = reads.enqueue([f"c{n}" for n in range(room)])
    beyond = reads.enqueue([f"d{n}" for n in range(room)])
    assert await reads.wait_for(beyond, PATIENT_S) == {}
    assert reads.enqueue(["c0"])["c0"] is within["c0"]
    shelf.go.set()
    assert len(await reads.wait_for(within, PATIENT_S)) == room
    assert await of(reads, "d0") == {"d0": "D0"}
    assert len(shelf.asked) == MAX_READS + MAX_QUEUED + 1


async def test_the_end_leaves_nobody_waiting():
    """Who is read and who waits behind has nothing, and no task is left."""
    shelf = Shelf()
    reads = StoreReads(shelf.read, HandClock())
    tasks = asyncio.all_tasks()
    callers = []
    for number in range(MAX_READS + 1):
        callers.append(asyncio.create_task(of(reads, f"c{number}")))
        await turns()
    await reads.aclose()
    assert await asyncio.gather(*callers) == [{}] * (MAX_READS + 1)
    await turns()
    assert asyncio.all_tasks() == tasks
    assert len(shelf.asked) == MAX_READS


@pytest.mark.mongodb
async def test_thirty_two_requests_are_few_finds(mongodb_settings: MongoSettings):
    """Their tags are stored: they have them for a find of all, and no source is asked for facts."""
    names = [f"c{n}" for n in range(32)]
    people = {one: [r.Customer(id=one)] for one in names}
    sources = [
        MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): people}),
        MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): {one: [] for one in names}}),
    ]
    async with gateway_on(sources, with_clock=ShopClock(), mongodb=mongodb_settings.model_dump()) as gateway:
        cold = await asyncio.gather(*(gateway.data(ALL_TAGS, {"id": one}) for one in names))
    facts = measured(sources[1])
    async with gateway_on(sources, with_clock=ShopClock(), mongodb=mongodb_settings.model_dump()) as gateway:
        with commands_to(mongodb_settings.database) as commands:
            warm = await asyncio.gather(*(gateway.data(ALL_TAGS, {"id": one}) for one in names))
    assert warm == cold
    assert measured(sources[1]) == facts
    assert set(commands) - {"ping", "createIndexes"} == {"find"}
    assert commands.count("find") <= MAX_READS + 1


class Refusing(TagCollection):
    """Does not read."""

    async def read(self, customers: Sequence[str], keys: object) -> dict[str, dict[str, ComputedTag]]:
        raise StoreError("refused")


@pytest.mark.mongodb
async def test_tags_that_cannot_be_read_are_computed(mongodb_settings: MongoSettings):
    """A store that refuses to read costs a computation, for all requests together, and fails none."""
    clock, sources = ShopClock(), sources_by_id()
    async with services_on(sources, clock=clock, mongodb=mongodb_settings.model_dump()) as services:
        assert isinstance(services.store, Store)
        (customer,) = await stitched(services, "c1")
        (before,) = await services.tags.load([(customer, "activity")])
        await until_kept(services.store, clock.now())
        services.store.tags = Refusing(services.store.mongo, clock)
        worker = TagService(services.tags.pack, services.store, clock, services.stitcher)
        clock.advance(timedelta(hours=1))
        requests = [await stitched(services, "c1") for _ in range(3)]
        answers = await asyncio.gather(*(worker.load_all(one, ("activity",)) for one in requests))
        await worker.aclose()
    assert [[one.tag.value for one in own] for (own,) in answers] == [["HIGH"]] * 3
    assert {own[0].tag.computed_at for (own,) in answers} == {clock.now()}
    assert before.tag.computed_at == clock.now() - timedelta(hours=1)
    assert measured(sources[1]) == 2


@pytest.mark.mongodb
async def test_a_cancelled_request_takes_no_tags_from_the_others(mongodb_settings: MongoSettings):
    """Two requests share a find; the first one goes away before it is answered."""
    clock, sources = ShopClock(), sources_by_id()
    async with services_on(sources, clock=clock, mongodb=mongodb_settings.model_dump()) as services:
        assert services.store is not None
        (customer,) = await stitched(services, "c1")
        await services.tags.load([(customer, "activity")])
        await until_kept(services.store, clock.now())
        worker = TagService(services.tags.pack, services.store, clock, services.stitcher)
        with commands_to(mongodb_settings.database) as commands:
            first, second = (asyncio.create_task(worker.load_all([customer], ("activity",))) for _ in range(2))
            await turns(1)
            first.cancel()
            ((answer,),) = await second
        await worker.aclose()
    assert first.cancelled()
    assert (answer.tag.value, answer.freshness.value) == ("HIGH", "FRESH")
    assert commands == ["find"]
    assert measured(sources[1]) == 1
