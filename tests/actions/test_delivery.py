"""Webhooks: signed, at least once, with one id, again after failures, dead after many."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.changes.change_drain import BACKOFF
from gateway.changes.tag_change import TagChanged
from gateway.settings import MongoSettings
from gateway.tags.computed_tag import ComputedTag
from tests.support.acting_shop import ACTION, YES, SendingClock, acting_words, change, deliver, people, states, tags_file, tier
from tests.support.fixtures_mongodb import HandClock
from tests.support.tag_shop import services_on, until
from tests.support.webhook_receiver import CLOSE, HANG, receiving

pytestmark = pytest.mark.mongodb

DAY = timedelta(days=1)


@pytest.fixture
def mongodb(mongodb_uri: str, mongodb_database: str) -> dict[str, Any]:
    return MongoSettings(uri=mongodb_uri, database=mongodb_database, timeout_ms=20_000).model_dump()


@pytest.fixture
def clock() -> HandClock:
    return SendingClock()


async def test_a_change_is_told_once_and_signed(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """The body is the documented one, and the receiver checks its signature."""
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        async with services_on(people(c1=YES), clock=clock, **words) as services:
            await change(services, clock, "c1")
            at = clock.now()
            await deliver(services)
            await deliver(services)
            assert await states(services) == [("c1", "SENT", None)]
            assert services.actions is not None
            assert services.actions.counts.results == {("welcome", "sent"): 1}
    ((id_, body),) = receiver.taken
    assert len(id_) == 32
    assert receiver.headers[0]["content-type"] == "application/json"
    told = body["data"].pop("at")
    assert told == body.pop("timestamp")
    assert told[:23] == at.isoformat()[:23]
    assert body == {
        "type": "tag.changed",
        "data": {
            "rule": "welcome",
            "customer": {"id": "crm:c1"},
            "tag": "tier",
            "segment": None,
            "from": "LOW",
            "to": "HIGH",
            "why": {"cause": "FACTS", "words": "By spend and tickets.", "evidence": []},
        },
    }


async def test_evidence_is_told_as_far_as_the_caller_of_the_target_sees_it(
    tmp_path: Path, mongodb: dict[str, Any], clock: HandClock
):
    """One who does not see what is commercial is told of tickets, and not what was spent; one who sees all is told both."""
    for caller, expected in (("hook", {"tickets": 4}), ("console", {"tickets": 4, "spend": 9.5})):
        async with receiving() as receiver:
            words = acting_words(receiver.url, tags_file(tmp_path), mongodb, caller=caller)
            async with services_on(people(**{caller: YES}), clock=clock, **words) as services:
                await change(services, clock, caller)
                await deliver(services)
        evidence = receiver.taken[0][1]["data"]["why"]["evidence"]
        assert {own["name"]: own["value"] for own in evidence} == expected


async def test_evidence_of_another_time_is_not_told(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """The tag was computed again before it was told: what is stored is not why it changed."""
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb, caller="console")
        async with services_on(people(c1=YES), clock=clock, **words) as services:
            await change(services, clock, "c1")
            await services.store.tags.write([("c1", _later(clock))])
            await deliver(services)
    assert receiver.taken[0][1]["data"]["why"]["evidence"] is None


def _later(clock: HandClock) -> ComputedTag:
    clock.advance(timedelta(minutes=1))
    return tier(clock, "HIGH")


@pytest.mark.parametrize("failure", [500, 404, 302, CLOSE, HANG])
async def test_what_fails_is_sent_again_with_the_same_id(
    tmp_path: Path, mongodb: dict[str, Any], clock: HandClock, failure: int
):
    """Later each time, with the same body, also where the target had taken it already. A redirection is not followed."""
    async with receiving() as receiver:
        receiver.answers = lambda _: failure if len(receiver.taken) < 3 else 200
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        async with services_on(people(c1=YES), clock=clock, **words) as services:
            await change(services, clock, "c1")
            await deliver(services)
            assert len(receiver.taken) == 1
            clock.advance(timedelta(seconds=0.7))
            await deliver(services)
            assert len(receiver.taken) == 1
            clock.advance(timedelta(seconds=0.6))
            await deliver(services)
            assert len(receiver.taken) == 2
            clock.advance(timedelta(seconds=3))
            await deliver(services)
            assert len(receiver.taken) == 2
            clock.advance(timedelta(seconds=2))
            await deliver(services)
            assert await states(services) == [("c1", "SENT", None)]
    assert len(receiver.taken) == 3
    assert len(set(receiver.ids)) == len(set(receiver.bodies)) == 1


async def test_a_target_says_when_to_come_again(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """`Retry-After` counts where it is later than our own moment."""
    async with receiving() as receiver:
        receiver.answers = lambda _: (429, "retry-after: 600\r\n") if len(receiver.taken) < 2 else 200
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        async with services_on(people(c1=YES), clock=clock, **words) as services:
            await change(services, clock, "c1")
            await deliver(services)
            clock.advance(timedelta(seconds=599))
            await deliver(services)
            assert len(receiver.taken) == 1
            clock.advance(timedelta(seconds=2))
            await deliver(services)
            assert len(receiver.taken) == 2


@pytest.mark.parametrize(
    "moment", ["-5", "1000000000000", "Mon, 01 Jan 2026 00:00:00 +9999999999999", "Mon, 01 Jan 99999999999 00:00:00 GMT"]
)
async def test_a_moment_that_is_none_is_not_waited_for(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock, moment: str):
    """It is an attempt in vain as others are: what it says does not have the webhook sent without a pause."""
    async with receiving() as receiver:
        receiver.answers = lambda _: (503, f"retry-after: {moment}\r\ndate: Mon, 01 Jan 2026 00:00:00 GMT\r\n")
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        async with services_on(people(c1=YES), clock=clock, **words) as services:
            await change(services, clock, "c1")
            await deliver(services)
            await deliver(services)
            assert await states(services) == [("c1", "WAITING", "http_503")]
    assert len(receiver.taken) == 1


async def test_nobody_tries_for_ever(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """After twelve attempts it is dead, which the log says without the customer; a replay sends it with its id."""
    async with receiving() as receiver:
        receiver.answers = lambda _: 503
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        async with services_on(people(c1=YES), clock=clock, **words) as services:
            await change(services, clock, "c1")
            with capture_logs() as logs:
                for _ in range(20):
                    await deliver(services)
                    clock.advance(2 * DAY)
            assert len(receiver.taken) == 12
            assert await states(services) == [("c1", "DEAD", "http_503")]
            (line,) = [own for own in logs if own["event"] == "delivery_dead"]
            assert line == {
                "event": "delivery_dead",
                "log_level": "warning",
                "id": receiver.ids[0],
                "target": "shop",
                "rule": "welcome",
                "attempts": 12,
                "reason": "http_503",
            }
            receiver.answers = lambda _: 200
            assert services.store is not None
            assert await services.store.deliveries.replay({"rule": "welcome"}, clock.now()) == 1
            await deliver(services)
            assert await states(services) == [("c1", "SENT", None)]
    assert len(receiver.taken) == 13
    assert len(set(receiver.ids)) == 1


async def test_a_target_that_is_gone_is_not_asked_again(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """410 says so; what was for it is dead at once."""
    async with receiving() as receiver:
        receiver.answers = lambda _: 410
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        async with services_on(people(c1=YES), clock=clock, **words) as services:
            await change(services, clock, "c1")
            await deliver(services)
            assert await states(services) == [("c1", "DEAD", "http_410")]


async def test_a_slow_target_holds_no_other(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """One that never answers is waited for by its own sender; the other one has its webhooks meanwhile."""
    other = ACTION.replace("welcome", "count").replace("target: shop", "target: other")
    async with receiving() as slow, receiving() as quick:
        slow.answers = lambda _: HANG
        words = acting_words(slow.url, tags_file(tmp_path, ACTION + other), mongodb, timeout_s=30)
        words["actions"]["targets"]["other"] = {**words["actions"]["targets"]["shop"], "url": quick.url}
        words["actions"]["look_s"] = 0.01
        async with services_on(people(c1=YES, c2=YES), clock=clock, **words) as services:
            assert services.changes is not None
            assert services.actions is not None
            services.actions.start()
            services.changes.start()
            await change(services, clock, "c1", "c2")
            await until(lambda: len(slow.taken) == 2)
            await until(lambda: len(quick.taken) == 2)


async def test_a_change_that_no_action_takes_is_not_counted(
    tmp_path: Path, mongodb: dict[str, Any], clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    """It comes again later, when so many others were counted that nobody remembers it. It is counted when all take it."""
    counted: list[str] = []

    async def count(changes: Sequence[TagChanged]) -> None:
        counted.extend(change.customer for change in changes)

    async def fail(_: Sequence[TagChanged]) -> None:
        raise RuntimeError("a mistake")

    words = acting_words("http://127.0.0.1:9/", tags_file(tmp_path), mongodb)
    async with services_on(people(c1=YES), clock=clock, **words) as services:
        assert services.changes is not None
        assert services.actions is not None
        assert services.store is not None
        monkeypatch.setattr(services.store.segment_counts, "take_changes", count)
        with monkeypatch.context() as broken:
            broken.setattr(services.actions.planner, "take_changes", fail)
            await change(services, clock, "c1")
            await services.changes.run_pass()
        assert counted == []
        clock.advance(BACKOFF)
        await services.changes.run_pass()
    assert set(counted) == {"c1"}


async def test_no_more_are_sent_in_a_second_than_a_target_takes(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """The moments at which they begin are apart."""
    waited: list[float] = []

    class PacedClock(SendingClock):
        async def sleep(self, seconds: float) -> None:
            waited.append(seconds)
            self.advance(timedelta(seconds=seconds))

    paced = PacedClock()
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb, max_per_second=2, max_in_flight=1)
        async with services_on(people(a=YES, b=YES, c=YES), clock=paced, **words) as services:
            await change(services, paced, "a", "b", "c")
            await deliver(services)
    assert len(receiver.taken) == 3
    assert [round(own, 3) for own in waited if own] == [0.5, 0.5]


async def test_no_more_are_sent_in_a_second_by_several_workers(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """One after the other has the target, and the next one waits as the one before would have."""
    names = ["a", "b", "c"]
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb, max_per_second=0.1)
        sources = people(**dict.fromkeys(names, YES))
        async with services_on(sources, clock=clock, **words) as one, services_on(sources, clock=clock, **words) as other:
            await change(one, clock, *names)
            sent = []
            for _ in range(5):
                for services in (one, other, one):
                    await deliver(services)
                sent.append(len(receiver.taken))
                clock.advance(timedelta(seconds=5.1))
    assert sent == [1, 1, 2, 2, 3]


async def test_what_is_decided_on_is_sent_soon(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """Of many that wait for a slow target those alone are looked at that it is told now: consents are those of then."""
    names = [f"c{number}" for number in range(20)]
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb, max_per_second=0.1)
        async with services_on(people(**dict.fromkeys(names, YES)), clock=clock, **words) as services:
            assert services.store is not None
            await change(services, clock, *names)
            await deliver(services)
            stored = await services.store.deliveries.read_some({"state": "WAITING"}, 100)
    assert (len(receiver.taken), len(stored)) == (1, 19)
    assert [own.id for own in stored if own.body is not None] == []
