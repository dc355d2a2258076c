"""Who is told of a change: by cause, consent, cap and holdout, and nobody who is erased."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from gateway.actions.action_outcome import ActionOutcome, OutcomeKind
from gateway.actions.delivery_admission import FOREIGN_FOR, MAX_WAIT, WAIT
from gateway.actions.eligibility import Eligibility, draw_group
from gateway.actions.webhook_delivery import ExperimentGroup, new_delivery
from gateway.changes.tag_change import TagChanged
from gateway.identity.records import RecordId
from gateway.lookups.deadline import Deadline
from gateway.lookups.loaders import Loaders
from gateway.services import Services
from gateway.settings import MongoSettings
from gateway.tags.pack import load_pack
from gateway.tags.tag_history import ChangeCause
from tests.support.acting_shop import (
    ACTION,
    NO,
    YES,
    SendingClock,
    acting_words,
    change,
    deliver,
    people,
    states,
    tags_file,
    tier,
)
from tests.support.fixtures_mongodb import HandClock
from tests.support.tag_shop import services_on, until
from tests.support.webhook_receiver import HANG, receiving

pytestmark = pytest.mark.mongodb


@pytest.fixture
def mongodb(mongodb_uri: str, mongodb_database: str) -> dict[str, Any]:
    return MongoSettings(uri=mongodb_uri, database=mongodb_database, timeout_ms=20_000).model_dump()


@pytest.fixture
def clock() -> HandClock:
    return SendingClock()


async def counts(services: Services) -> dict[tuple[str, str | None], int]:
    assert services.store is not None
    return {(state, reason): count for _, state, reason, count in await services.store.deliveries.read_counts()}


async def test_only_permitted_causes_fire(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """A first value, another rule, and evidence that lacks something tell nobody; each is counted. Facts do."""
    actions = ACTION.replace("{tag: tier, from: LOW, to: HIGH}", "{tag: tier, to: HIGH}")
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path, actions), mongodb)
        async with services_on(people(a=YES, b=YES, c=YES, d=YES), clock=clock, **words) as services:
            assert services.store is not None
            await services.store.tags.write([("a", tier(clock, "HIGH"))])
            await change(services, clock, "b", rule="f2")
            await change(services, clock, "c", partial=True)
            await change(services, clock, "d")
            await deliver(services)
            assert await counts(services) == {("LEFT_OUT", "cause"): 3, ("SENT", None): 1}
            assert services.actions is not None
            assert services.actions.counts.results == {("welcome", "cause"): 3, ("welcome", "sent"): 1}
    assert receiver.told() == [("crm:d", "LOW", "HIGH")]


async def test_a_value_that_comes_back_after_partial_evidence_is_no_change_of_facts(
    tmp_path: Path, mongodb: dict[str, Any], clock: HandClock
):
    """So an outage, in which a tag loses its value and has it again, tells nobody; nor do answers from before."""
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        async with services_on(people(a=YES, b=YES), clock=clock, **words) as services:
            assert services.store is not None
            for name, unsure in (("a", tier(clock, "LOW", partial=True)), ("b", _stale(clock))):
                await services.store.tags.write([(name, tier(clock, "HIGH"))])
                clock.advance(timedelta(minutes=1))
                await services.store.tags.write([(name, _at(clock, unsure))])
                clock.advance(timedelta(hours=1))
                await services.store.tags.write([(name, tier(clock, "HIGH"))])
            await deliver(services)
            assert await counts(services) == {("LEFT_OUT", "cause"): 2}
    assert receiver.taken == []


def _stale(clock: HandClock) -> Any:
    from msgspec.structs import replace

    return replace(tier(clock, "LOW"), expires_at=clock.now() - timedelta(seconds=1))


def _at(clock: HandClock, tag: Any) -> Any:
    from msgspec.structs import replace

    return replace(tag, computed_at=clock.now())


async def test_causes_can_be_added(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """`include_causes` of the rule says which."""
    async with receiving() as receiver:
        actions = ACTION + "    include_causes: [rule]\n"
        words = acting_words(receiver.url, tags_file(tmp_path, actions), mongodb)
        async with services_on(people(a=YES), clock=clock, **words) as services:
            await change(services, clock, "a", rule="f2")
            await deliver(services)
    assert receiver.taken[0][1]["data"]["why"]["cause"] == "RULE"


async def test_nobody_is_told_of_without_consent(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """To this purpose by this channel: withdrawn, never given, and given by telephone or for other purposes are none."""
    given = r.ConsentState.GRANTED
    people_ = people(
        yes=YES,
        withdrawn=NO,
        silent=[],
        phone=[r.Consent(channel=r.Channel.PHONE, purpose="marketing", state=given)],
        research=[r.Consent(channel=r.Channel.EMAIL, purpose="research", state=given)],
    )
    names = ["yes", "withdrawn", "silent", "phone", "research"]
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        async with services_on(people_, clock=clock, **words) as services:
            await change(services, clock, *names)
            await deliver(services)
            assert await counts(services) == {("LEFT_OUT", "consent"): 4, ("SENT", None): 1}
    assert receiver.told() == [("crm:yes", "LOW", "HIGH")]


async def test_an_unknown_consent_is_waited_for(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """While the source is away nothing is sent; when it is back, what it says counts. After five days nobody looks any more."""
    sources = people(yes=YES, no=NO, late=YES)
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        async with services_on(sources, clock=clock, **words) as services:
            sources[0].failure = SourceUnavailableError()
            await change(services, clock, "yes", "no")
            for _ in range(3):
                await deliver(services)
                clock.advance(WAIT)
            assert receiver.taken == []
            assert await counts(services) == {("WAITING", None): 2}
            sources[0].failure = None
            await deliver(services)
            assert await counts(services) == {("LEFT_OUT", "consent"): 1, ("SENT", None): 1}
            sources[0].failure = SourceUnavailableError()
            await change(services, clock, "late")
            await deliver(services)
            clock.advance(MAX_WAIT)
            await deliver(services)
            assert ("late", "DEAD", "consent_unknown") in await states(services)
    assert receiver.told() == [("crm:yes", "LOW", "HIGH")]


async def test_a_consent_counts_as_it_is_when_it_is_sent(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """It was given when the tag changed, and withdrawn before anybody sent anything."""
    sources = people(c1=YES)
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        async with services_on(sources, clock=clock, **words) as services:
            await change(services, clock, "c1")
            assert services.changes is not None
            await services.changes.run_pass()
            sources[0].records[r.Customer, KeyKind.CUSTOMER_ID]["c1"][0] = r.Customer(id="c1", consents=NO)
            await deliver(services)
            assert await counts(services) == {("LEFT_OUT", "consent"): 1}
    assert receiver.taken == []


async def test_a_cap_counts_within_its_time(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """Twice in thirty days, and again when these are over."""
    async with receiving() as receiver:
        actions = ACTION + "    cap: {per: 30d, times: 2}\n"
        words = acting_words(receiver.url, tags_file(tmp_path, actions), mongodb)
        async with services_on(people(c1=YES, c2=YES), clock=clock, **words) as services:
            for _ in range(4):
                clock.advance(timedelta(days=1))
                await change(services, clock, "c1")
                await deliver(services)
            await change(services, clock, "c2")
            await deliver(services)
            assert await counts(services) == {("LEFT_OUT", "cap"): 2, ("SENT", None): 3}
            clock.advance(timedelta(days=30))
            await change(services, clock, "c1")
            await deliver(services)
            assert await counts(services) == {("LEFT_OUT", "cap"): 2, ("SENT", None): 4}
    assert len(receiver.taken) == 4


async def test_changes_that_wait_together_are_capped(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """Three changes of one customer come at once: the second and third are too many."""
    async with receiving() as receiver:
        actions = ACTION + "    cap: {per: 30d, times: 1}\n"
        words = acting_words(receiver.url, tags_file(tmp_path, actions), mongodb)
        async with services_on(people(c1=YES), clock=clock, **words) as services:
            for _ in range(3):
                clock.advance(timedelta(minutes=1))
                await change(services, clock, "c1")
            await deliver(services)
            assert await counts(services) == {("LEFT_OUT", "cap"): 2, ("SENT", None): 1}
    assert len(receiver.taken) == 1


async def test_some_are_held_out_always_the_same(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """As the hash of rule and customer says, each time again; who is held out has consented, too."""
    actions = ACTION + "    holdout: 0.5\n"
    names = [f"c{number}" for number in range(20)]
    rule = load_pack(tags_file(tmp_path, actions)).actions["welcome"]
    held = {name for name in names if draw_group(rule, name) is ExperimentGroup.HOLDOUT}
    assert 4 < len(held) < 16
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path, actions), mongodb)
        async with services_on(people(**dict.fromkeys(names, YES), no=NO), clock=clock, **words) as services:
            for _ in range(2):
                clock.advance(timedelta(days=1))
                await change(services, clock, *names, "no")
                await deliver(services)
            expected = {("LEFT_OUT", "holdout"): 2 * len(held), ("SENT", None): 40 - 2 * len(held), ("LEFT_OUT", "consent"): 2}
            assert await counts(services) == expected
    assert {own for own, *_ in receiver.told()} == {f"crm:{name}" for name in names if name not in held}


async def test_who_is_erased_is_never_told_of(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """Neither what waited in the outbox nor what was to be sent again; what is left says nothing of him."""
    async with receiving() as receiver:
        receiver.answers = lambda _: 500
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        async with services_on(people(c1=YES, c2=YES), clock=clock, **words) as services:
            assert services.store is not None
            await change(services, clock, "c1")
            await deliver(services)
            await change(services, clock, "c1")
            await services.store.forget([RecordId("crm", "c1")])
            services.store.withhold(lambda customer: customer in ("c1", "c2"))
            receiver.answers = lambda _: 200
            clock.advance(timedelta(hours=1))
            await deliver(services)
            assert await counts(services) == {}
            assert await states(services) == []
    assert len(receiver.taken) == 1


async def test_what_waited_when_somebody_was_erased_is_removed(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """Where the tombstone is known before the deliveries are gone."""
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        async with services_on(people(c1=YES), clock=clock, **words) as services:
            assert services.store is not None
            assert services.changes is not None
            await change(services, clock, "c1")
            await services.changes.run_pass()
            services.store.withhold(lambda customer: customer == "c1")
            await deliver(services)
            assert await counts(services) == {("LEFT_OUT", "erased"): 1}
    assert receiver.taken == []


async def test_what_is_written_during_an_erasure_is_removed(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """The tombstone came after it was asked whether he is erased: what is stored by then is deleted again."""
    changed = TagChanged(
        customer="c1", key="tier", before="LOW", value="HIGH", at=clock.now(), cause=ChangeCause.FACTS, rule="f1"
    )
    outcome = ActionOutcome(rule="welcome", records=["c1"], kind=OutcomeKind.CONVERTED, at=clock.now(), caller="mailer")
    words = acting_words("http://127.0.0.1:9/hook", tags_file(tmp_path), mongodb)
    async with services_on(people(c1=YES), clock=clock, **words) as services:
        assert services.store is not None
        asked = iter([False, True])
        services.store.withhold(lambda _: next(asked))
        await services.store.outcomes.add(outcome, clock.now())
        services.store.withhold(lambda _: True)  # the planner had asked before
        await services.store.deliveries.add([new_delivery(changed, "welcome", "shop", clock.now())])
        assert await states(services) == []
        assert await services.store.outcomes.read("welcome", OutcomeKind.CONVERTED) == []


async def test_a_rule_that_this_worker_does_not_have_is_left_to_others(
    tmp_path: Path, mongodb: dict[str, Any], clock: HandClock
):
    """One with a newer file may have it. After a day nobody has, and it is left out."""
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        async with services_on(people(c1=YES), clock=clock, **words) as newer:
            await change(newer, clock, "c1")
            assert newer.changes is not None
            await newer.changes.run_pass()
            words["tags"] = {**words["tags"], "file": tags_file(tmp_path, ACTION.replace("welcome", "other"))}
            async with services_on(people(c1=YES), clock=clock, **words) as older:
                await deliver(older)
                assert await counts(older) == {("WAITING", None): 1}
                clock.advance(FOREIGN_FOR)
                await deliver(older)
                assert await counts(older) == {("LEFT_OUT", "rule"): 1}
    assert receiver.taken == []


async def test_two_workers_send_once(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """Of a target one of them has the lease."""
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb)
        names = [f"c{number}" for number in range(30)]
        async with (
            services_on(people(**dict.fromkeys(names, YES)), clock=clock, **words) as one,
            services_on(people(**dict.fromkeys(names, YES)), clock=clock, **words) as other,
        ):
            await change(one, clock, *names)
            await asyncio.gather(deliver(one), deliver(other))
            await deliver(one)
            assert await counts(one) == {("SENT", None): 30}
    assert len(receiver.taken) == 30


async def test_the_receipt_of_an_erasure_names_who_was_told(tmp_path: Path, mongodb: dict[str, Any], clock: HandClock):
    """The target with the time; one that was told of somebody else is not named. Nothing of the customer is left."""
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb) | {"erasure": {"key": "k" * 32}}
        async with services_on(people(c1=YES, c2=YES, c3=YES), clock=clock, **words) as services:
            assert services.eraser is not None
            await change(services, clock, "c1", "c2")
            await deliver(services)
            told = clock.now()
            clock.advance(timedelta(days=1))
            receipts = [
                await services.eraser.erase(RecordId("crm", name), "asked for it", Loaders(Deadline.within(clock, 60)))
                for name in ("c1", "c3")
            ]
            for receipt in receipts:
                await services.eraser.wait_complete(receipt.id, 30)
            assert await states(services, customer="c1") == []
    assert [[own.caller for own in receipt.recipients] for receipt in receipts] == [["target:shop"], []]
    assert abs(receipts[0].recipients[0].last_at - told) < timedelta(seconds=1)


@pytest.mark.parametrize("is_killed", [False, True])
async def test_the_receipt_names_who_may_have_been_told(
    tmp_path: Path, mongodb: dict[str, Any], clock: HandClock, is_killed: bool
):
    """Of an attempt whose worker died nothing is noted; a replay counts attempts anew. The target was told all the same."""
    async with receiving() as receiver:
        receiver.answers = lambda _: HANG if is_killed else 410
        words = acting_words(receiver.url, tags_file(tmp_path), mongodb, timeout_s=30) | {"erasure": {"key": "k" * 32}}
        async with services_on(people(c1=YES), clock=clock, **words) as services:
            assert services.eraser is not None
            assert services.store is not None
            await change(services, clock, "c1")
            sending = asyncio.create_task(deliver(services))
            await until(lambda: len(receiver.taken) == 1)
            if is_killed:
                sending.cancel()
            await asyncio.wait({sending})
            await services.store.deliveries.replay({}, clock.now())
            loaders = Loaders(Deadline.within(clock, 60))
            receipt = await services.eraser.erase(RecordId("crm", "c1"), "asked for it", loaders)
    assert [own.caller for own in receipt.recipients] == ["target:shop"]


async def test_customers_of_both_parts_who_become_one_leave_the_experiment(
    tmp_path: Path, mongodb: dict[str, Any], clock: HandClock
):
    """By any of their records; who had one part alone keeps it."""
    actions = ACTION + "    holdout: 0.5\n"
    rule = load_pack(tags_file(tmp_path, actions)).actions["welcome"]
    held, told, other = "c1", "c2", "c3"
    async with receiving() as receiver:
        words = acting_words(receiver.url, tags_file(tmp_path, actions), mongodb)
        async with services_on(people(c1=YES), clock=clock, **words) as services:
            assert services.store is not None
            table = services.store.deliveries
            for name, group in ((held, ExperimentGroup.HOLDOUT), (told, ExperimentGroup.TREATED)):
                own = new_delivery(_changed(name, clock), "welcome", "shop", clock.now())
                await table.add([own])
                await table.admit(own.id, b"{}", [name], group, clock.now())
            eligibility = Eligibility({}, table)
            assert await eligibility._group(rule, [held, told]) is None
            assert await eligibility._group(rule, [held, other]) is ExperimentGroup.HOLDOUT
            assert await eligibility._group(rule, [other, told]) is ExperimentGroup.TREATED
            assert await eligibility._group(rule, [other]) is draw_group(rule, other)


def _changed(name: str, clock: HandClock) -> TagChanged:
    cause = ChangeCause.FACTS
    return TagChanged(customer=name, key="tier", before="LOW", value="HIGH", at=clock.now(), cause=cause, rule="f1")
