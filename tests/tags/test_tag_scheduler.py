"""Tags that time alone changes: renewed then, though nobody asks, by one worker of two, behind requests."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.errors import StoreError
from gateway.settings import MongoSettings
from gateway.tags.scheduler import FOREIGN_FOR, HOLD, MAX_CUSTOMERS, SCHEDULE
from tests.support.fixtures_mongodb import HandClock, commands_to
from tests.support.known_people import knowing, person
from tests.support.scheduled_tags import (
    CROSSED,
    DAY,
    LIFECYCLE,
    SOON,
    buyers,
    document,
    have_planned_tags,
    have_tags,
    plan,
    scheduler_of,
    value_of,
)
from tests.support.tag_shop import measured, services_on, store_of, until

pytestmark = pytest.mark.mongodb


@pytest.fixture
def settings(mongodb_uri: str, mongodb_database: str) -> MongoSettings:
    return MongoSettings(uri=mongodb_uri, database=mongodb_database, timeout_ms=20_000)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def words(settings: MongoSettings, clock: HandClock) -> dict[str, Any]:
    return {"clock": clock, "mongodb": settings.model_dump(), "tags": SOON}


async def test_a_customer_whom_nobody_asks_for_becomes_at_risk_on_the_day(words, settings, clock):
    """Two workers look all the time. For 80 days nothing is asked; on the 81st one of them asks, once, and stores it."""
    sources = buyers(clock.now(), "c1")
    async with (
        store_of(settings, clock) as store,
        services_on(sources, **words) as one,
        services_on(sources, **words) as other,
    ):
        await have_planned_tags(one, store, clock, "c1")
        asked = len(sources[1].calls)
        both = [scheduler_of(one), scheduler_of(other)]
        for scheduler in both:
            scheduler.start()
        with commands_to(settings.database) as commands:
            clock.advance(80 * DAY)
            await until(lambda: commands.count("find") > 10)
        assert (await value_of(store, "c1"), len(sources[1].calls)) == ("ACTIVE", asked)
        clock.advance(DAY)
        await until(lambda: sum(scheduler.counts.renewed for scheduler in both) > 0)
        with commands_to(settings.database) as commands:
            await until(lambda: commands.count("find") > 10)
        assert (await value_of(store, "c1"), len(sources[1].calls)) == ("AT_RISK", asked + 1)
        assert sorted(scheduler.counts.renewed for scheduler in both) == [0, 1]
        assert await store.tags.read_due(clock.now(), 9) == []


async def test_two_workers_at_once_renew_each_customer_once(words, settings, clock):
    """Three pages are due, and both begin in the same moment: the one with the lease does all, in three calls."""
    names = [f"c{number:03}" for number in range(3 * MAX_CUSTOMERS)]
    sources = buyers(clock.now(), *names)
    async with (
        store_of(settings, clock) as store,
        services_on(sources, **words) as one,
        services_on(sources, **words) as other,
    ):
        await have_planned_tags(one, store, clock, *names)
        sources[1].calls.clear()
        clock.advance(CROSSED)
        await asyncio.gather(scheduler_of(one).run_pass(), scheduler_of(other).run_pass())
        assert sorted(scheduler_of(each).counts.renewed for each in (one, other)) == [0, len(names)]
        assert [len(call[2]) for call in sources[1].calls] == [MAX_CUSTOMERS] * 3
        assert {await value_of(store, name) for name in names} == {"AT_RISK"}
        assert await store.tags.read_due(clock.now(), 9) == []


async def test_what_was_due_while_no_worker_lived_comes_first(words, settings, clock):
    """A year later a pass renews all, those who waited longest first, and says how late they were."""
    names = ["c1", "c2", "c3"]
    sources = buyers(clock.now(), *names)
    async with store_of(settings, clock) as store, services_on(sources, **words) as services:
        await have_planned_tags(services, store, clock, *names)
        await plan(store, clock.now() + DAY, "c2")
        clock.advance(365 * DAY)
        with capture_logs() as logs:
            assert await scheduler_of(services).run_pass() is False
        assert {await value_of(store, name) for name in names} == {"LOST"}
    assert logs == [
        {"event": "tag_schedule_behind", "log_level": "warning", "seconds": 364 * 86_400},
        {"event": "tags_renewed_by_time", "log_level": "info", "renewed": 3, "postponed": 0, "dropped": 0},
    ]


async def test_a_source_that_is_away_is_tried_again_with_patience(words, settings, clock):
    """After one minute, then two: in between it is not asked. The old value stays, and when it is back the tag is renewed."""
    sources = buyers(clock.now(), "c1")
    async with store_of(settings, clock) as store, services_on(sources, **words) as services:
        await have_planned_tags(services, store, clock, "c1")
        clock.advance(CROSSED)
        sources[1].failure = SourceUnavailableError()
        scheduler, asked = scheduler_of(services), measured(sources[1])
        for minutes, tries in ((0, 1), (1, 2), (2, 3)):
            clock.advance(timedelta(minutes=minutes, seconds=-1))
            assert await scheduler.run_pass() is False
            assert measured(sources[1]) == asked + tries - 1
            clock.advance(timedelta(seconds=1))
            assert await scheduler.run_pass() is False
            assert measured(sources[1]) == asked + tries
        assert (await value_of(store, "c1"), scheduler.counts.postponed) == ("ACTIVE", 3)
        assert scheduler.counts.lag_s == 0
        sources[1].failure = None
        clock.advance(timedelta(minutes=4))
        await scheduler.run_pass()
        assert (await value_of(store, "c1"), scheduler.counts.renewed) == ("AT_RISK", 1)
        assert "tries" not in await document(store, "c1")


async def test_one_that_fails_holds_up_no_other(words, settings, clock):
    """The CRM has two records under one id: that customer comes again in a minute, the others are renewed."""
    sources = buyers(clock.now(), "c1", "c2")
    async with store_of(settings, clock) as store, services_on(sources, **words) as services:
        await have_planned_tags(services, store, clock, "c1", "c2")
        sources[0].records[r.Customer, KeyKind.CUSTOMER_ID]["c1"] = [r.Customer(id="c1"), r.Customer(id="c1b")]
        clock.advance(CROSSED)
        await scheduler_of(services).run_pass()
        assert [await value_of(store, name) for name in ("c1", "c2")] == ["ACTIVE", "AT_RISK"]
        clock.advance(timedelta(minutes=1))
        due = await store.tags.read_due(clock.now(), 9)
        assert [(own.customer, own.keys, own.tries) for own in due] == [("c1", (LIFECYCLE,), 1)]


async def test_what_could_not_be_stored_is_not_renewed(words, settings, clock, monkeypatch):
    """Its moment stays as it was, so it counts as in vain and comes again; what could be stored then is renewed."""
    async with store_of(settings, clock) as store, services_on(buyers(clock.now(), "c1"), **words) as services:
        await have_planned_tags(services, store, clock, "c1")
        clock.advance(81 * DAY)
        scheduler = scheduler_of(services)

        async def fail(*_: object) -> None:
            raise StoreError

        with monkeypatch.context() as patched:
            patched.setattr(services.store.tags, "write", fail)
            await scheduler.run_pass()
        assert (scheduler.counts.renewed, scheduler.counts.postponed) == (0, 1)
        assert (await document(store, "c1"))["tries"] == 1
        clock.advance(timedelta(minutes=1))
        await scheduler.run_pass()
        assert (scheduler.counts.renewed, await value_of(store, "c1")) == (1, "AT_RISK")


async def test_a_mistake_holds_up_no_other(words, settings, clock, monkeypatch):
    """A mistake ends the renewal of a whole page of customers: they come again later, and the page behind is renewed."""
    names = [f"c{number:03}" for number in range(MAX_CUSTOMERS + 1)]
    sources = buyers(clock.now(), *names)
    async with store_of(settings, clock) as store, services_on(sources, **words) as services:
        await have_planned_tags(services, store, clock, *names)
        await plan(store, clock.now() + 82 * DAY, names[-1])
        clock.advance(82 * DAY)

        def fail_once(*arguments: Any) -> Any:
            monkeypatch.undo()
            raise LookupError

        monkeypatch.setattr("gateway.tags.computation.find_change", fail_once)
        await scheduler_of(services).run_pass()
        assert await value_of(store, names[-1]) == "AT_RISK"
        assert (scheduler_of(services).counts.renewed, scheduler_of(services).counts.postponed) == (1, MAX_CUSTOMERS)
        clock.advance(timedelta(minutes=1))
        await scheduler_of(services).run_pass()
        assert {await value_of(store, name) for name in names} == {"AT_RISK"}


async def test_who_is_gone_is_due_no_more(words, settings, clock):
    """The CRM has deleted the customer: nothing is asked about the orders, now or later."""
    sources = buyers(clock.now(), "c1")
    async with store_of(settings, clock) as store, services_on(sources, **words) as services:
        await have_planned_tags(services, store, clock, "c1")
        sources[0].records[r.Customer, KeyKind.CUSTOMER_ID].clear()
        sources[1].calls.clear()
        clock.advance(CROSSED)
        await scheduler_of(services).run_pass()
        assert (sources[1].calls, scheduler_of(services).counts.dropped) == ([], 1)
        assert "changesAt" not in await document(store, "c1")


async def test_a_set_of_records_that_may_still_be_is_tried_again(words, settings, clock):
    """While one source of customers is away nobody knows whose records these are; when they belong to no set, it is over."""
    crm = knowing("crm", [person("c1", email="ana@example.com")])
    web = knowing("shop", [person("42", email="ana@example.com")])
    orders = MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): {}})
    both = "crm:c1\nshop:42"
    async with store_of(settings, clock) as store, services_on([crm, web, orders], **words) as services:
        await have_tags(services, ["crm:c1"])
        await plan(store, clock.now() + DAY, both)
        scheduler = scheduler_of(services)
        clock.advance(DAY)
        web.failure = SourceUnavailableError()
        await scheduler.run_pass()
        assert (scheduler.counts.postponed, scheduler.counts.dropped) == (1, 0)
        web.failure = None
        for key in (KeyKind.CUSTOMER_ID, KeyKind.EMAIL):
            web.records[r.Customer, key].clear()
        clock.advance(timedelta(minutes=1))
        await scheduler.run_pass()
        assert (scheduler.counts.postponed, scheduler.counts.dropped, scheduler.counts.renewed) == (1, 1, 0)


CONSENT = """
defaults: {owner: crm, ttl: 1h, version: 1, category: VALUE}
facts:
  days: {label: Days, record: order, measure: last, field: placed_at, as: days_ago}
tags:
  for_all: {label: A, description: A., words: a, expression: 'days == null ? null : days > 90 ? "OLD" : "NEW"'}
  for_news:
    {label: B, description: B., words: b, purposes: [news], expression: 'days == null ? null : days > 90 ? "OLD" : "NEW"'}
"""


async def test_a_tag_for_a_purpose_is_renewed_where_the_customer_allows_it(words, settings, clock, tmp_path: Path):
    """Who took his consent back keeps the old value, which nobody is given; a tag for all is renewed for everybody."""
    (tmp_path / "tags.yaml").write_text(CONSENT, "utf-8")
    said = {
        name: [r.Consent(channel=r.Channel.EMAIL, purpose="news", state=state, at=datetime(2026, 1, 1, tzinfo=UTC))]
        for name, state in (("yes", r.ConsentState.GRANTED), ("no", r.ConsentState.WITHDRAWN))
    }
    sources = buyers(clock.now(), "yes", "no", **said)
    more = {
        "tags": {"file": str(tmp_path / "tags.yaml"), **SOON},
        "purposes": {"news": {"basis": "consent"}},
        "callers": {"all": {}},
        "access": {"anonymous": "all"},
    }
    async with store_of(settings, clock) as store, services_on(sources, **words | more) as services:
        for key in ("for_all", "for_news"):
            await have_tags(services, said, key)
            await plan(store, clock.now() + CROSSED, *said, key=key)
        clock.advance(CROSSED)
        await scheduler_of(services).run_pass()
        values = {(name, key): await value_of(store, name, key) for name in said for key in ("for_all", "for_news")}
        assert values == {
            ("yes", "for_all"): "OLD",
            ("yes", "for_news"): "OLD",
            ("no", "for_all"): "OLD",
            ("no", "for_news"): "NEW",
        }
        assert (await document(store, "no"))["changes"] == {}


async def test_a_tag_of_another_pack_is_left_to_others_for_a_day(words, settings, clock):
    """A newer worker may know it. After a day nobody does: it is due no more. The other tags are renewed in their time."""
    sources = buyers(clock.now(), "c1")
    async with store_of(settings, clock) as store, services_on(sources, **words) as services:
        await have_planned_tags(services, store, clock, "c1")
        await store.mongo.run(
            lambda database: database.tags.update_one({"_id": "c1"}, {"$set": {"changes.of_old": clock.now() + CROSSED}})
        )
        clock.advance(CROSSED)
        scheduler = scheduler_of(services)
        await scheduler.run_pass()
        assert await value_of(store, "c1") == "AT_RISK"
        assert await store.tags.read_due(clock.now(), 9) == []
        clock.advance(FOREIGN_FOR)
        await scheduler.run_pass()
        found = await document(store, "c1")
        assert ("of_old" in found["changes"], scheduler.counts.dropped) == (False, 1)
        assert await store.tags.read_due(clock.now(), 9) == []


async def test_requests_come_first(words, settings, clock):
    """While requests wait nothing is looked for; when they begin to, the pass ends after its page, with more to do."""
    names = [f"c{number:03}" for number in range(2 * MAX_CUSTOMERS)]
    sources = buyers(clock.now(), *names)
    async with store_of(settings, clock) as store, services_on(sources, **words) as services:
        await have_planned_tags(services, store, clock, *names)
        clock.advance(CROSSED)
        scheduler = scheduler_of(services)
        scheduler.is_busy = lambda: True
        with commands_to(settings.database) as commands:
            assert await scheduler.run_pass() is False
        assert commands == []
        scheduler.is_busy = lambda: scheduler.counts.renewed > 0
        assert await scheduler.run_pass() is True
        assert scheduler.counts.renewed == MAX_CUSTOMERS
        assert await store.leases.acquire([SCHEDULE], hold=HOLD) == {SCHEDULE}


class PacedClock(HandClock):
    """Notes how long somebody would have slept, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._monotonic += seconds
        await asyncio.sleep(0)


async def test_so_many_customers_are_renewed_in_a_second(words, settings):
    """Of twenty a second, with nothing else to wait for, a page of twenty takes one; a pass ends after half a minute."""
    clock = PacedClock()
    names = [f"c{number:03}" for number in range(2 * MAX_CUSTOMERS + 1)]
    sources = buyers(clock.now(), *names)
    more = words | {"clock": clock, "tags": {"schedule_per_s": 20}}
    async with store_of(settings, clock) as store, services_on(sources, **more) as services:
        await have_planned_tags(services, store, clock, *names)
        clock.advance(CROSSED)
        clock.slept.clear()
        assert await scheduler_of(services).run_pass() is False
        assert clock.slept == [1.0, 1.0, 0.05]


async def test_nothing_is_looked_for_where_nothing_is_stored_or_wanted(words, clock):
    """Without MongoDB, and with 0 as the setting, there is no schedule."""
    sources = buyers(clock.now(), "c1")
    for more in ({"mongodb": None}, {"tags": {"schedule_s": 0}}):
        async with services_on(sources, **words | more) as services:
            assert services.tags.scheduler is None


async def test_a_customer_goes_through_all_stages_by_time_alone(words, settings, clock):
    """By the moments of the facts themselves: at risk on the 81st day, lost 90 days later, and nothing after it."""
    sources = buyers(clock.now(), "c1")
    async with store_of(settings, clock) as store, services_on(sources, **words) as services:
        await have_tags(services, ["c1"])
        clock.advance(81 * DAY - timedelta(minutes=2))
        await scheduler_of(services).run_pass()
        assert await value_of(store, "c1") == "ACTIVE"
        clock.advance(timedelta(minutes=4))
        await scheduler_of(services).run_pass()
        assert await value_of(store, "c1") == "AT_RISK"
        clock.advance(90 * DAY)
        await scheduler_of(services).run_pass()
        assert await value_of(store, "c1") == "LOST"
        assert "changesAt" not in await document(store, "c1")
