"""The report on tags: who asks for them, what they say of customers, since when their rules are in force."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from gateway.cli import app
from gateway.errors import StoreError
from gateway.settings import MongoSettings
from gateway.store.mongo import Mongo
from gateway.store.store import Store
from gateway.store.tag_usage import RULES, TagUsageCollection
from gateway.tags.pack import shipped_pack
from gateway.tags.rules import evaluate
from gateway.tags.tag_history import MAX_RULE_CHANGES, RuleChange
from gateway.tags.tag_report import SAMPLE, TagReports, report_tags, reported_since
from gateway.tags.tag_usage import MAX_SELECTIONS, NotedRule, TagUsage
from tests.support.caller_keys import keys_in
from tests.support.fixtures_mongodb import HandClock
from tests.support.gateway_server import gateway_on
from tests.support.tag_shop import ShopClock, services_on, sources_by_id
from tests.tags.test_tags_pack import load
from tests.tags.test_tags_rules import known

PACK = """\
defaults: {owner: crm-team, category: VALUE, ttl: 6h, version: 1, review: 2027-01-31}
facts:
  n: {label: Orders, record: order, measure: count}
  category: {label: Category, record: order, measure: top, field: items.category}
tags:
  activity: {label: Activity, description: D., words: W., expression: "n > 3 ? 'HIGH' : 'LOW'", values: [HIGH, LOW]}
  likes: {label: Likes, description: D., words: W., type: list, expression: "[category, n > 3 ? 'REGULAR' : null]"}
"""
REPORT = "{ tagReport(days: 7) { key asked neverAsked callers { caller asked } sampled given changedAt } }"
CONFIG = """\
[sources.crm]
kind = "files"
path = "."
[sources.crm.records.customer]
query = "SELECT 1 AS id"
"""


class Table:
    """A table of counts that may be away."""

    def __init__(self) -> None:
        self.counts: list[tuple[date, dict[tuple[str, str], int]]] = []
        self.rules: list[dict[str, NotedRule]] = []
        self.is_away = False

    async def add(self, day: date, counts: dict[tuple[str, str], int], _now: datetime) -> None:
        if self.is_away:
            raise StoreError
        self.counts.append((day, dict(counts)))

    async def note_rules(self, rules: Mapping[str, NotedRule], _now: datetime) -> None:
        if self.is_away:
            raise StoreError
        self.rules.append(dict(rules))


async def test_counts_are_added_up_and_none_is_lost() -> None:
    """By tag and caller, once; while the store is away they wait, and it is said once a minute."""
    table = Table()
    usage = TagUsage(shipped_pack(), HandClock(), table)
    usage.add("shop", ("activity", "recency"), 2)
    usage.add("shop", ("activity", "recency"), 3)
    usage.add("crm", ("activity",), 1)
    table.is_away = True
    with capture_logs() as logs:
        await usage.flush()
        await usage.flush()
    assert [entry["event"] for entry in logs] == ["tag_usage_not_stored"]
    table.is_away = False
    usage.add("crm", ("activity",), 1)
    await usage.aclose()
    await usage.flush()
    assert [counts for _, counts in table.counts] == [{("activity", "shop"): 5, ("recency", "shop"): 5, ("activity", "crm"): 2}]
    assert len(table.rules) == 1


async def test_selections_of_callers_take_no_room_without_end() -> None:
    """However many subsets of the tags somebody asks for, the counts are by tag."""
    table = Table()
    usage = TagUsage(shipped_pack(), HandClock(), table)
    for number in range(10 * MAX_SELECTIONS):
        usage.add("shop", ("activity",) * (number + 1), 1)
        assert len(usage._asked) <= MAX_SELECTIONS + 1
    await usage.aclose()
    assert sum(table.counts[0][1].values()) == sum(range(10 * MAX_SELECTIONS + 1))


@pytest.mark.mongodb
async def test_days_callers_and_workers_are_added_up(mongo: Mongo, hand_clock: HandClock) -> None:
    """Of the days that are asked about alone; a rule that changes has the time of the change, another keeps its own."""
    table, now = TagUsageCollection(mongo), hand_clock.now().replace(microsecond=0)
    for day, count in ((0, 1), (0, 2), (1, 10), (8, 100)):
        await table.add((now - timedelta(days=day)).date(), {("a", "shop"): count, ("b", "crm"): 1}, now)
    assert sorted(await table.read(reported_since(now, 2))) == [("a", "shop", 13), ("b", "crm", 3)]
    first, second = NotedRule("1", 1), NotedRule("2", 2)
    await table.note_rules({"a": first, "b": first}, now)
    await table.note_rules({"a": second, "b": first}, now + timedelta(days=1))
    await table.note_rules({"a": second, "b": first}, now + timedelta(days=2))
    since_then = RuleChange(at=now, version=1, fingerprint="1")
    assert await table.read_rules() == {
        "a": [RuleChange(at=now + timedelta(days=1), version=2, fingerprint="2"), since_then],
        "b": [since_then],
    }


@pytest.mark.mongodb
async def test_the_history_of_rules_begins_with_what_was_noted_before(mongo: Mongo, hand_clock: HandClock) -> None:
    """Its version is not known. It holds the last changes, and no more of them."""
    table, now = TagUsageCollection(mongo), hand_clock.now().replace(microsecond=0)

    async def note(database: Any) -> None:
        await database[RULES].insert_one({"_id": "a", "fingerprint": "0", "changedAt": now})

    await mongo.run(note)
    assert await table.read_rules() == {"a": [RuleChange(at=now, fingerprint="0")]}
    await table.note_rules({"a": NotedRule("0", 1)}, now + timedelta(days=1))
    assert await table.read_rules() == {"a": [RuleChange(at=now, fingerprint="0")]}
    for number in range(1, MAX_RULE_CHANGES):
        await table.note_rules({"a": NotedRule(str(number), number)}, now + timedelta(days=number))
    changes = (await table.read_rules())["a"]
    assert (len(changes), changes[-1]) == (MAX_RULE_CHANGES, RuleChange(at=now, fingerprint="0"))
    await table.note_rules({"a": NotedRule("x", 99)}, now + timedelta(days=99))
    changes = (await table.read_rules())["a"]
    assert (len(changes), changes[0].version, changes[-1].fingerprint) == (MAX_RULE_CHANGES, 99, "1")


@pytest.mark.mongodb
async def test_the_report_rests_on_stored_tags(mongodb_settings: MongoSettings, tmp_path: Path) -> None:
    """Each value with its customers, those without one, and those that are partial; a rare text is not told."""
    pack, clock = load(tmp_path, PACK), HandClock()
    store = Store(mongodb_settings, clock)
    await store.open()
    try:
        tags = []
        for number in range(8):
            facts = known(n=number, category="books" if number < 6 else "rare")
            if number == 7:
                facts["n"] = msgspec.structs.replace(facts["n"], partial=True)
            tags += [(f"c{number}", evaluate(tag, facts, clock.now())) for tag in pack.tags.values()]
        await store.tags.write(tags)
        activity, likes = await report_tags(pack, store.tag_usage, store.tags, date(2020, 1, 1))
    finally:
        await store.aclose()
    assert (activity.sampled, activity.given, activity.partial, activity.failed, activity.review) == (8, 8, 1, 0, "2027-01-31")
    assert [(own.value, own.count) for own in activity.values] == [("HIGH", 4), ("LOW", 4)]
    assert [(own.value, own.count) for own in likes.values] == [("books", 6)]
    assert (activity.asked, activity.changed_at) == (0, None)


@pytest.mark.mongodb
async def test_a_text_of_a_rule_of_before_is_not_told(mongodb_settings: MongoSettings, tmp_path: Path) -> None:
    """A tag that has a closed list by now may be stored with a text that only one customer has."""
    pack, clock = load(tmp_path, PACK), HandClock()
    store = Store(mongodb_settings, clock)
    await store.open()
    try:
        tag = evaluate(pack.tags["activity"], known(n=1), clock.now())
        await store.tags.write([("c1", tag), ("c2", msgspec.structs.replace(tag, value="only one has this"))])
        activity, _ = await report_tags(pack, store.tag_usage, store.tags, date(2020, 1, 1))
    finally:
        await store.aclose()
    assert (activity.sampled, [own.value for own in activity.values]) == (2, ["LOW"])


@pytest.mark.mongodb
async def test_who_governs_reads_who_asks(mongodb_settings: MongoSettings, tmp_path: Path) -> None:
    """Callers with the right, and no others; what a worker counted is stored when it ends."""
    path = tmp_path / "tags.yaml"
    path.write_text(PACK, "utf-8")
    keys, access = await keys_in(tmp_path, ["desk", "shop", "owner"])
    words: dict[str, Any] = {
        "tags": {"file": str(path)},
        "mongodb": mongodb_settings.model_dump(),
        "access": access,
        "callers": {"desk": {"tag_report": True}, "shop": {}, "owner": {"govern": True}},
    }
    asked = '{ customers(ids: ["c1", "c2"]) { tag(key: "activity") { value } } }'
    async with gateway_on(sources_by_id(), with_clock=ShopClock(), **words) as gateway:
        for _ in range(3):
            await gateway.ask(asked, authorization=f"Bearer {keys['shop']}")
        refused = await gateway.ask(REPORT, authorization=f"Bearer {keys['shop']}")
        governed = await gateway.ask("{ tagReport { key } }", authorization=f"Bearer {keys['owner']}")
        wrong = await gateway.ask("{ tagReport(days: 0) { key } }", authorization=f"Bearer {keys['desk']}")
    async with gateway_on(sources_by_id(), with_clock=ShopClock(), **words) as gateway:
        answer = await gateway.ask(REPORT, authorization=f"Bearer {keys['desk']}")
    assert refused["data"] == {"tagReport": None}
    assert [error["extensions"]["code"] for error in refused["errors"]] == ["FORBIDDEN"]
    assert governed["data"] == {"tagReport": [{"key": "activity"}, {"key": "likes"}]}
    assert wrong["errors"][0]["message"] == "days: 0 is not between 1 and 400; choose a number of days between them"
    activity, likes = answer["data"]["tagReport"]
    assert activity["changedAt"] is not None
    assert {name: activity[name] for name in ("asked", "neverAsked", "callers")} == {
        "asked": 6,
        "neverAsked": False,
        "callers": [{"caller": "shop", "asked": 6}],
    }
    assert (likes["asked"], likes["neverAsked"], likes["callers"]) == (0, True, [])


async def test_reports_of_many_days_are_of_one_sample(tmp_path: Path) -> None:
    """Whoever asks for all numbers of days reads the tags of customers once a minute, and no more."""
    clock, sampled = HandClock(), []

    class CountingTable:
        async def sample(self, size: int) -> list[str]:
            sampled.append(size)
            return []

        async def read(self, *_: object) -> list[tuple[str, str, int]]:
            return []

        async def read_rules(self) -> dict[str, list[RuleChange]]:
            return {}

    table: Any = CountingTable()
    reports = TagReports(load(tmp_path, PACK), clock)
    for days in range(1, 401):
        await reports.read(table, table, days)
    assert sampled == [SAMPLE]
    clock.advance(timedelta(minutes=1))
    await reports.read(table, table, 7)
    assert sampled == [SAMPLE, SAMPLE]


async def test_a_report_has_the_price_of_what_it_reads() -> None:
    """As many nodes as customers whose tags are looked at."""
    async with gateway_on(sources_by_id(), with_clock=ShopClock()) as gateway:
        answer = await gateway.ask("{ tagReport(days: 7) { key } }", **{"x-cost": "1"})
    assert answer["extensions"]["cost"]["estimate"]["nodes"] == SAMPLE


async def test_without_a_store_nothing_is_counted() -> None:
    """The report says so, by the setting that is missing."""
    async with gateway_on(sources_by_id()) as gateway:
        answer = await gateway.ask("{ tagReport { key } }")
    assert answer["errors"][0]["message"] == "tagReport: nothing is counted without a store; add [mongodb] to the settings"


@pytest.mark.mongodb
async def test_tags_at_hand_are_counted_too(mongodb_settings: MongoSettings) -> None:
    """What the worker has and gives without waiting, as well as what it computes."""
    async with gateway_on(sources_by_id(), with_clock=ShopClock(), mongodb=mongodb_settings.model_dump()) as gateway:
        for _ in range(4):
            await gateway.data('{ customer(by: {id: "c1"}) { tags(keys: ["activity"]) { value } } }')
        report = await gateway.data("{ tagReport { key asked } }")
        assert {own["key"]: own["asked"] for own in report["tagReport"]}["activity"] == 0
    async with services_on(sources_by_id(), mongodb=mongodb_settings.model_dump()) as services:
        assert services.store is not None
        counts = await services.store.tag_usage.read(date(2020, 1, 1))
    assert counts == [("activity", "", 4)]


def test_the_command_needs_a_store(tmp_path: Path) -> None:
    """And says which setting is missing."""
    config = tmp_path / "gateway.toml"
    config.write_text(CONFIG, "utf-8")
    result = CliRunner().invoke(app, ["tags", "report", "--config", str(config)])
    assert result.exit_code == 2
    assert "add [mongodb] to the settings" in result.output
