"""Clocks that were wrong, or differ: no tag that cannot be renewed, no mark that is not seen, no lease that never ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from gateway.clock import CLOCK_TOLERANCE, Clock
from gateway.identity.records import RecordId
from gateway.settings import MongoSettings
from gateway.store.leases import Leases
from gateway.store.mongo import Document, Mongo
from gateway.store.tag_update import MARK_TOLERANCE
from gateway.store.tags import TagCollection
from gateway.tags.computed_tag import ComputedTag, FactValue, RuleUsed
from gateway.tags.renewal import LEASE
from gateway.tags.tag_store import KEEP, MAX_TTL
from tests.support import shop
from tests.support.fixtures_mongodb import HandClock
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.tag_shop import is_fresh, measured, sources_by_id, store_of, tag_of, until_kept, until_tag

pytestmark = [pytest.mark.mongodb, pytest.mark.cases]

YEAR = timedelta(days=365)
TTL = timedelta(hours=6)


class OffsetClock(Clock):
    """The time of day, but for what it is wrong by."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        super().__init__()
        self.offset = offset

    def now(self) -> datetime:
        return super().now() + self.offset


@pytest.fixture
def settings(mongodb_uri: str, mongodb_database: str) -> MongoSettings:
    return MongoSettings(uri=mongodb_uri, database=mongodb_database, timeout_ms=20_000)


@asynccontextmanager
async def two_gateways(settings: MongoSettings, offset: timedelta) -> AsyncIterator[tuple[Gateway, Gateway, OffsetClock]]:
    """The clock of the first is wrong."""
    words = {"mongodb": settings.model_dump(), "deadline_ms": 20_000, "tags": {"cache_s": 0}}
    clock = OffsetClock(offset)
    async with (
        gateway_on(sources_by_id(), with_clock=clock, **words) as wrong,
        gateway_on(sources_by_id(), with_clock=Clock(), **words) as right,
    ):
        yield wrong, right, clock


def computed_at(tag: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(tag["computedAt"])


def is_of_now(tag: dict[str, Any]) -> bool:
    return is_fresh(tag) and abs(computed_at(tag) - datetime.now(UTC)) < CLOCK_TOLERANCE


@pytest.mark.parametrize("offset", [YEAR, timedelta(hours=1), -YEAR, -timedelta(hours=1)], ids=str)
async def test_a_clock_that_was_wrong_leaves_tags_that_are_renewed(settings: MongoSettings, offset: timedelta):
    """Ahead or behind, far or little: the others never give its tags as new ones, and a change is seen as ever."""
    async with two_gateways(settings, offset) as (wrong, right, clock), store_of(settings) as store:
        async with store_of(settings, clock) as their_store:
            theirs = await tag_of(wrong)
            await until_kept(their_store, clock.now())
        clock.offset = timedelta()
        mine = await tag_of(right)
        if offset == -timedelta(hours=1):
            assert (is_fresh(mine), mine["computedAt"]) == (True, theirs["computedAt"]), "as good as any of an hour ago"
        else:
            assert is_of_now(mine)
            await until_kept(store)
        again = await until_tag(lambda tag: is_fresh(tag) and computed_at(tag) <= datetime.now(UTC) + CLOCK_TOLERANCE, wrong)
        assert is_fresh(again)
        for _ in range(2):
            marked = datetime.now(UTC)
            await store.tags.mark_stale(["c1"])
            for gateway in (right, wrong):
                new = await until_tag(lambda tag, since=marked: is_fresh(tag) and computed_at(tag) >= since, gateway)  # type: ignore[misc]
                assert is_of_now(new)
    assert abs(computed_at(theirs) - datetime.now(UTC) - offset) < timedelta(minutes=2)


async def test_what_was_read_while_the_clock_was_wrong_is_not_given_after_it(settings: MongoSettings):
    """A worker gives tags again from memory: not those of next year, once its clock is right."""
    clock = OffsetClock(YEAR)
    words = {"mongodb": settings.model_dump(), "deadline_ms": 20_000, "tags": {"cache_s": 3600}}
    async with gateway_on(sources_by_id(), with_clock=clock, **words) as gateway, store_of(settings, clock) as store:
        await tag_of(gateway)
        await until_kept(store, clock.now())
        for _ in range(3):
            assert computed_at(await tag_of(gateway)) > datetime.now(UTC) + YEAR / 2
        clock.offset = timedelta()
        assert is_of_now(await tag_of(gateway))


async def test_a_mark_of_a_clock_that_was_ahead_is_seen(settings: MongoSettings):
    """It is from next year; the tag is stale at once, is renewed, and later marks are seen as well."""
    async with two_gateways(settings, timedelta()) as (_, right, _), store_of(settings) as store:
        await tag_of(right)
        await until_kept(store)
        async with store_of(settings, OffsetClock(YEAR)) as ahead:
            await ahead.tags.mark_stale(["c1"])
        for _ in range(2):
            (tags,) = (await store.tags.read(["c1"], ["activity"])).values()
            assert tags["activity"].expires_at <= datetime.now(UTC)
            await until_tag(is_fresh, right)
            await until_kept(store)
            await store.tags.mark_stale(["c1"])


def tag(at: datetime, as_of: datetime | None = None, value: str = "GOLD") -> ComputedTag:
    return ComputedTag(
        key="tier",
        value=value,
        fingerprint="f1",
        computed_at=at,
        expires_at=at + TTL,
        rule=RuleUsed(version=1, expression="", words=""),
        evidence=[FactValue(name="spent", label="Spent", value=1, as_of=as_of or at)],
    )


async def value_of(tags: TagCollection) -> str | None:
    found = (await tags.read(["c1"], ["tier"]))["c1"].get("tier")
    return None if found is None else found.value


async def document_of(mongo: Mongo, collection: str, name: str) -> Document:
    document: Document | None = await mongo.run(lambda database: database[collection].find_one({"_id": name}))
    assert document is not None
    return document


async def test_a_tag_of_the_future_is_absent_and_older(mongo: Mongo, hand_clock: HandClock):
    """By more than a minute. Within it, it is as good as any, and what was computed before does not replace it."""
    tags, now = TagCollection(mongo, hand_clock), hand_clock.now()
    ahead = TagCollection(mongo, OffsetClock(YEAR))
    for late, value in [(CLOCK_TOLERANCE, "SOON"), (CLOCK_TOLERANCE + timedelta(seconds=1), None), (YEAR, None)]:
        await tags.forget([RecordId("crm", "c1")])
        await ahead.write([("c1", tag(now + late, value="SOON"))], {})
        assert await value_of(tags) == value
        await tags.write([("c1", tag(now, value="NOW"))], {})
        assert await value_of(tags) == (value or "NOW")


async def test_documents_of_a_wrong_clock_are_deleted_in_time(mongo: Mongo, hand_clock: HandClock):
    """The next write, or the next mark, puts the time right when MongoDB deletes the customer's tags."""
    tags, now = TagCollection(mongo, hand_clock), hand_clock.now()
    far = tag(now + YEAR + MAX_TTL)
    for write, stays in [
        (tags.write([("c1", tag(now))], {}), TTL + KEEP),
        (tags.mark_stale(["c1"]), timedelta(days=1)),
    ]:
        await TagCollection(mongo, OffsetClock(YEAR + MAX_TTL)).write([("c1", far)], {})
        await write
        deleted_at = (await document_of(mongo, "tags", "c1"))["deleteAt"]
        assert abs(deleted_at - now - stays) < timedelta(seconds=1)
        await tags.forget([RecordId("crm", "c1")])


@pytest.mark.parametrize("skew_s", [-2, 0, 2])
async def test_marks_compare_no_clocks(mongo: Mongo, hand_clock: HandClock, skew_s: int):
    """Whether the one who marks is behind or ahead: a tag has seen the marks that were read before it was computed."""
    marking = HandClock()
    marking.advance(hand_clock.now() - marking.now() + timedelta(seconds=skew_s))
    tags, marks, now = TagCollection(mongo, hand_clock), TagCollection(mongo, marking), hand_clock.now()
    await tags.write([("c1", tag(now))], {"c1": 0})
    await marks.mark_stale(["c1"])
    before = (await tags.read(["c1"], ["tier"]))["c1"]
    assert (before.marks, before["tier"].expires_at <= now) == (1, True)
    await tags.write([("c1", tag(now))], {"c1": 0})
    assert (await tags.read(["c1"], ["tier"]))["c1"]["tier"].expires_at <= now, "computed before the mark was read"
    await tags.write([("c1", tag(now))], {"c1": 1})
    assert (await tags.read(["c1"], ["tier"]))["c1"]["tier"].expires_at == now + TTL
    await marks.mark_stale(["c1"])
    assert (await tags.read(["c1"], ["tier"]))["c1"]["tier"].expires_at <= now


@pytest.mark.parametrize("marks", [{"c1": 1}, {}], ids=["marks read", "marks not read"])
async def test_kept_answers_count_when_they_are_clearly_of_later(mongo: Mongo, hand_clock: HandClock, marks: dict[str, int]):
    """By more than clocks may differ. What replaces a tag that had seen the mark has not seen it for that."""
    tags, marked_at = TagCollection(mongo, hand_clock), hand_clock.now()
    await tags.mark_stale(["c1"])
    hand_clock.advance(timedelta(hours=1))
    now = hand_clock.now()
    await tags.write([("c1", tag(now - timedelta(minutes=1)))], {"c1": 1})
    for as_of, fresh in [(MARK_TOLERANCE, False), (MARK_TOLERANCE + timedelta(seconds=1), True)]:
        await tags.write([("c1", tag(now, marked_at + as_of))], marks)
        assert ((await tags.read(["c1"], ["tier"]))["c1"]["tier"].expires_at > now) is fresh


async def test_a_lease_of_next_year_is_taken_over(mongo: Mongo, hand_clock: HandClock):
    """It ends later than any lease could. One that may still run is not."""
    leases = Leases(mongo, hand_clock)
    await Leases(mongo, OffsetClock(YEAR)).acquire(["a", "b"], hold=LEASE)
    mine = Leases(mongo, hand_clock)
    await mine.acquire(["c"], hold=LEASE)
    assert await leases.acquire(["a", "c"], hold=LEASE) == {"a"}
    assert (await document_of(mongo, "leases", "a"))["deleteAt"] < hand_clock.now() + timedelta(hours=2)
    assert await mine.acquire(["a", "b"], hold=LEASE) == {"b"}


class SetWhileAsked(MemoryConnector):
    """Somebody sets the clock while the source is asked."""

    clock: OffsetClock
    to: timedelta

    async def _receive(self, call: Any) -> None:
        if call[0] is r.Order:
            self.clock.offset = self.to
        await super()._receive(call)


@pytest.mark.parametrize("before", [YEAR, -YEAR], ids=["ahead", "behind"])
async def test_a_clock_that_is_set_meanwhile(settings: MongoSettings, before: timedelta):
    """The windows were of the wrong clock, so the tag is: it is not given as one of now afterwards."""
    source = SetWhileAsked("orders", {(r.Order, KeyKind.CUSTOMER_ID): dict(shop.ORDERS)})
    source.clock, source.to = OffsetClock(before), timedelta()
    words = {"with_clock": source.clock, "mongodb": settings.model_dump(), "deadline_ms": 20_000}
    async with gateway_on([shop.crm(), source], **words) as gateway:
        first = await tag_of(gateway)
        new = await until_tag(is_of_now, gateway)
    assert is_of_now(first) if before > timedelta() else not is_fresh(first), "what is of the future is computed again"
    assert is_of_now(new)
    assert measured(source) >= 2
