"""What has changed since a webhook was sent first: consents, rules, records, and who is erased."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.actions.delivery_admission import FOREIGN_FOR, MAX_WAIT, WAIT
from gateway.settings import MongoSettings
from gateway.store.tag_outbox import MERGE_PATIENCE
from tests.support.acting_shop import ACTION, NO, YES, SendingClock, acting_words, change, deliver, people, states, tags_file
from tests.support.fixtures_mongodb import HandClock
from tests.support.known_people import knowing, person
from tests.support.tag_shop import services_on
from tests.support.webhook_receiver import Receiver, receiving

pytestmark = pytest.mark.mongodb

HOUR = timedelta(hours=1)


@pytest.fixture
def mongodb(mongodb_uri: str, mongodb_database: str) -> dict[str, Any]:
    return MongoSettings(uri=mongodb_uri, database=mongodb_database, timeout_ms=20_000).model_dump()


@pytest.fixture
def clock() -> HandClock:
    return SendingClock()


def withdraw(sources: list[MemoryConnector], name: str) -> None:
    sources[0].records[r.Customer, KeyKind.CUSTOMER_ID][name] = [r.Customer(id=name, consents=NO)]


def answers(receiver: Receiver, *statuses: int) -> None:
    coming: Iterator[int] = iter(statuses)
    receiver.answers = lambda _: next(coming, 200)


async def test_who_withdraws_between_attempts_is_told_of_no_more(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """The first attempt was in vain; the next one comes after he took his consent back."""
    sources = people(c1=YES)
    async with receiving() as receiver:
        answers(receiver, 503)
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        async with services_on(sources, clock=clock, **words) as services:
            await change(services, clock, "c1")
            await deliver(services)
            withdraw(sources, "c1")
            clock.advance(HOUR)
            await deliver(services)
            assert await states(services) == [("c1", "LEFT_OUT", "consent")]
    assert len(receiver.taken) == 1


async def test_a_replay_asks_for_consents_anew(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """What is dead may be replayed much later."""
    sources = people(c1=YES, c2=YES)
    async with receiving() as receiver:
        answers(receiver, 410, 410)
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        async with services_on(sources, clock=clock, **words) as services:
            assert services.store is not None
            await change(services, clock, "c1", "c2")
            await deliver(services)
            withdraw(sources, "c1")
            clock.advance(timedelta(days=60))
            await services.store.deliveries.replay({}, clock.now())
            await deliver(services)
            assert await states(services) == [("c1", "LEFT_OUT", "consent"), ("c2", "SENT", None)]
    assert len(receiver.taken) == 3


async def test_no_attempt_is_made_while_a_consent_is_unknown(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """It waits for the source as a first one does, for five days from when that went away."""
    sources = people(c1=YES)
    async with receiving() as receiver:
        answers(receiver, *[503] * 4)
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        async with services_on(sources, clock=clock, **words) as services:
            await change(services, clock, "c1")
            for _ in range(4):
                await deliver(services)
                clock.advance(timedelta(days=2))
            sources[0].failure = SourceUnavailableError()
            await deliver(services)
            assert await states(services) == [("c1", "WAITING", "http_503")]
            sources[0].failure = None
            clock.advance(WAIT)
            await deliver(services)
            assert await states(services) == [("c1", "SENT", None)]
            sources[0].failure = SourceUnavailableError()
            await change(services, clock, "c1")
            await deliver(services)
            clock.advance(MAX_WAIT)
            with capture_logs() as logs:
                await deliver(services)
            assert [own["reason"] for own in logs if own["event"] == "delivery_dead"] == ["consent_unknown"]
            assert ("c1", "DEAD", "consent_unknown") in await states(services)
    assert len(receiver.taken) == 5
    assert len(set(receiver.bodies)) == 1


async def test_a_rule_that_is_no_more_makes_no_more_attempts(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """What it had begun waits for a day, as another worker may have a newer file, and is left out then."""
    async with receiving() as receiver:
        answers(receiver, 503)
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        async with services_on(people(c1=YES), clock=clock, **words) as services:
            await change(services, clock, "c1")
            await deliver(services)
        clock.advance(FOREIGN_FOR)
        words["tags"] = {**words["tags"], "file": tags_file(tmp_path, ACTION.replace("welcome", "other"))}
        async with services_on(people(c1=YES), clock=clock, **words) as services:
            await deliver(services)
            assert await states(services) == [("c1", "WAITING", "http_503")]
            clock.advance(FOREIGN_FOR)
            await deliver(services)
            assert await states(services) == [("c1", "LEFT_OUT", "rule")]
    assert len(receiver.taken) == 1


async def test_who_is_erased_while_others_are_sent_is_not_told_of(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """He is of the same page, and it is not his turn yet."""
    erased: list[str] = []

    class PacedClock(SendingClock):
        async def sleep(self, seconds: float) -> None:
            erased.extend(["c1", "c2"])
            self.advance(timedelta(seconds=seconds))

    paced = PacedClock()
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb, max_per_second=2, max_in_flight=1)
        async with services_on(people(c1=YES, c2=YES), clock=paced, **words) as services:
            assert services.store is not None
            services.store.withhold(lambda customer: customer in erased)
            await change(services, paced, "c1", "c2")
            await deliver(services)
            assert len(await states(services)) == 1
    assert len(receiver.taken) == 1


def two_shops(**fields: Any) -> list[MemoryConnector]:
    """Ana in a CRM and in a shop, by the same address."""
    crm = knowing("crm", [person("7", email="ana@example.com", consents=YES)])
    return [crm, knowing("shop", [person("42", email="ana@example.com", **fields)])]


async def test_who_lost_one_of_his_records_is_told_of(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """The customer has the others still, also where the first one is gone."""
    sources = two_shops(consents=YES)
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        async with services_on(sources, clock=clock, **words) as services:
            await change(services, clock, "crm:7\nshop:42")
            clock.advance(MERGE_PATIENCE)
            for found in sources[0].records.values():
                found.clear()
            await deliver(services)
            assert await states(services) == [("crm:7\nshop:42", "SENT", None)]
    assert receiver.told() == [("shop:42", "LOW", "HIGH")]


async def test_customers_who_were_one_are_not_told_of_for_each_other(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """The records were cut after the change: whose it was nobody knows."""
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        words["identity"] = {"secret": "what keys are digested with", "operators": {"anna": "o" * 32}}
        async with services_on(two_shops(), clock=clock, **words) as services:
            await change(services, clock, "crm:7\nshop:42")
            clock.advance(MERGE_PATIENCE)
            await services.stitcher().linker.cut(["crm:7"], "anna", "two people", preview=False)
            await deliver(services)
            assert await states(services) == [("crm:7\nshop:42", "LEFT_OUT", "gone")]
    assert receiver.taken == []


async def test_those_of_whom_records_may_be_missing_are_not_one(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """For a purpose that asks for no consent, while a source of customers is away: each has his own cap."""
    crm = knowing("crm", [person(str(number), email=f"p{number}@example.com") for number in range(4)])
    away = knowing("shop", [])
    away.failure = SourceUnavailableError()
    names = [f"crm:{number}" for number in range(4)]
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path, ACTION + "    cap: {per: 30d, times: 1}\n"), mongodb)
        words["purposes"] = {"marketing": {"basis": "contract"}}
        async with services_on([crm, away], clock=clock, **words) as services:
            assert services.store is not None
            await change(services, clock, *names)
            await deliver(services)
            assert await states(services) == [(name, "SENT", None) for name in names]
            stored = await services.store.deliveries.read_some({}, 10)
            assert sorted(own.records for own in stored) == [[name] for name in names]


async def test_what_waits_for_a_target_that_is_no_more_is_dead_after_a_day(
    tmp_path: Path, mongodb: dict[str, Any], clock: HandClock
):
    """Nobody looks at it: it neither waits unseen, nor is it sent to a target that has the name much later."""
    async with receiving() as receiver:
        answers(receiver, 503)
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        renamed = tags_file(tmp_path, ACTION.replace("target: shop", "target: store"))
        words["actions"]["targets"] = {"store": words["actions"]["targets"]["shop"]}
        before = tmp_path / "before"
        before.mkdir()
        old = acting_words(receiver.url, tags_file(before), mongodb)
        async with services_on(people(c1=YES), clock=clock, **old) as services:
            await change(services, clock, "c1")
            await deliver(services)
        async with services_on(people(c1=YES), clock=clock, **words | {"tags": {"file": renamed, "schedule_s": 0}}) as services:
            assert services.actions is not None
            await services.actions.orphans.run_pass()
            assert await states(services) == [("c1", "WAITING", "http_503")]
            clock.advance(FOREIGN_FOR + HOUR)
            await services.actions.orphans.run_pass()
            assert await states(services) == [("c1", "DEAD", "no_target")]
    assert len(receiver.taken) == 1


async def test_deliveries_name_records_alone(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """Also where one source gives all that is asked for: an id without a source would be that of others, too."""
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb) | {"customer": {"fields": {"consents": ["crm"]}}}
        async with services_on(two_shops(), clock=clock, **words) as services:
            assert services.store is not None
            await change(services, clock, "crm:7")
            await deliver(services)
            (stored,) = await services.store.deliveries.read_some({}, 10)
    assert (stored.state.value, stored.records) == ("SENT", ["crm:7", "shop:42"])
