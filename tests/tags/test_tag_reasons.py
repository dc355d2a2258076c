"""Why a tag has no value: said with the tag, kept with it, counted, and seldom logged."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.settings import MongoSettings
from gateway.store.mongo import Mongo
from gateway.store.tags import TagCollection
from gateway.tags.computed_tag import ComputedTag, FactValue, TagReason
from gateway.tags.rules import FAILURE_KINDS, compile_rule, evaluate, failure_kind
from tests.store.test_store_tags import tag
from tests.support import shop
from tests.support.fixtures_mongodb import HandClock
from tests.support.gateway_server import gateway_on
from tests.support.tag_shop import ShopClock, services_on, sources_by_id, stitched, store_of
from tests.tags.test_tags_rules import NOW, definition, known

PACK = """\
defaults: {owner: crm-team, category: VALUE, ttl: 6h, version: 1}
facts:
  category: {label: Favourite category, record: order, measure: top, field: items.category}
  orders: {label: Orders, record: order, measure: count}
tags:
  given: {label: Given, description: A tag., words: Always., expression: "orders >= 0 || orders < 0 ? 'YES' : null"}
  none: {label: None given, description: A tag., words: Never., expression: "orders > 100 ? 'MANY' : null", values: [MANY]}
  listed: {label: Listed, description: A tag., words: Toys., expression: category, values: [toys]}
  failing: {label: Failing, description: A tag., words: W., expression: "category == null ? null : string(int(category))"}
"""
KEYS = ["given", "none", "listed", "failing"]
REASONS = """query ($id: ID!) { customer(by: {id: $id}) {
    given: tag(key: "given") { value reason partial } none: tag(key: "none") { value reason partial }
    listed: tag(key: "listed") { value reason partial } failing: tag(key: "failing") { value reason partial } } }"""


@pytest.fixture
def pack(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "tags.yaml"
    path.write_text(PACK, "utf-8")
    return {"file": str(path)}


async def reasons(sources: Sequence[MemoryConnector], pack: dict[str, str], **words: Any) -> dict[str, tuple[Any, ...]]:
    async with gateway_on(sources, with_clock=ShopClock(), tags=pack, **words) as gateway:
        tags = (await gateway.data(REASONS, {"id": "c1"}))["customer"]
    return {key: (tags[key]["value"], tags[key]["reason"], tags[key]["partial"]) for key in KEYS}


@pytest.mark.parametrize(
    ("expression", "values", "a", "expected"),
    [
        ("a", [], "x", ("x", TagReason.RULE)),
        ("a", [], None, (None, TagReason.RULE)),
        ("a", ["HIGH"], "HIGH", ("HIGH", TagReason.RULE)),
        ("a", ["HIGH"], None, (None, TagReason.RULE)),
        ("a", ["HIGH"], "LOW", (None, TagReason.NOT_LISTED)),
        ("a > 3 ? 'A' : 'B'", [], "x", (None, TagReason.FAILED)),
        ("[a]", [], "x", (None, TagReason.FAILED)),
    ],
)
def test_a_rule_says_why(expression: str, values: list[str], a: Any, expected: tuple[str | None, TagReason]) -> None:
    """That a rule gives none is told from a value that is not listed, and from a rule that fails."""
    computed = evaluate(definition(expression, *values), known(a=a), NOW)
    assert (computed.value, computed.reason) == expected


def test_a_rule_that_lacks_a_fact_is_not_one_that_failed() -> None:
    """Unless it gives its value without the fact."""
    facts = known(a=1) | {"b": FactValue(name="b", label="b", missing="SOURCE_TIMEOUT")}
    needed, unneeded = (evaluate(definition(rule), facts, NOW) for rule in ("b > 1 ? 'A' : 'B'", "a == 1 ? 'A' : b"))
    assert [(one.value, one.reason, one.partial) for one in (needed, unneeded)] == [
        (None, TagReason.UNKNOWN, True),
        ("A", TagReason.RULE, True),
    ]


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("1 / a", "division_by_zero"),
        ("a + 9223372036854775807 + 9223372036854775807", "overflow"),
        ("a + 'x'", "types"),
        ("int('secret')", "function"),
        ("[a]", "no_value"),
    ],
)
def test_a_failure_has_a_kind_without_a_value(expression: str, kind: str) -> None:
    """It is one of a closed list, whatever the library says."""
    assert failure_kind(compile_rule(expression), [FactValue(name="a", label="a", value=0)]) == kind
    assert kind in {*FAILURE_KINDS.values(), "no_value"}


async def test_a_caller_reads_the_reason(pack: dict[str, str]) -> None:
    """Beside the value, on the plan."""
    assert await reasons(sources_by_id(), pack) == {
        "given": ("YES", "RULE", False),
        "none": (None, "RULE", False),
        "listed": (None, "NOT_LISTED", False),
        "failing": (None, "FAILED", False),
    }


async def test_while_a_source_is_away_the_reason_is_unknown(pack: dict[str, str]) -> None:
    """An outage reads neither as a mistake of the rule nor as its answer."""
    sources = sources_by_id()
    sources[1].failure = SourceUnavailableError()
    assert await reasons(sources, pack) == dict.fromkeys(KEYS, (None, "UNKNOWN", True))


@pytest.mark.mongodb
async def test_the_reason_is_kept_with_the_tag(mongodb_settings: MongoSettings, pack: dict[str, str]) -> None:
    """Another worker reads it, and asks no source."""
    sources, settings = sources_by_id(), mongodb_settings.model_dump()
    first = await reasons(sources, pack, mongodb=settings)
    async with store_of(mongodb_settings) as store:
        kept = (await store.tags.read(["c1"], KEYS))["c1"]
    calls = len(sources[1].calls)
    assert await reasons(sources, pack, mongodb=settings) == first
    assert len(sources[1].calls) == calls
    assert {key: one.reason.value for key, one in kept.items()} == {key: reason for key, (_, reason, _) in first.items()}


@pytest.mark.mongodb
async def test_tags_of_before_reasons_are_read(mongo: Mongo, hand_clock: HandClock) -> None:
    """A value came from the rule, none of a partial tag is unknown, and none else is the rule's answer."""
    table = TagCollection(mongo, hand_clock)
    written = {"given": tag(), "unknown": tag(value=None), "none": msgspec.structs.replace(tag(value=None), partial=False)}
    texts = {key: msgspec.json.encode(_as_before(key, one)).decode() for key, one in written.items()}
    await mongo.run(lambda database: database.tags.insert_one({"_id": "c1", "tags": texts}))
    found = (await table.read(["c1"], [*written]))["c1"]
    assert {key: (one.value, one.reason) for key, one in found.items()} == {
        "given": ("GOLD", TagReason.RULE),
        "unknown": (None, TagReason.UNKNOWN),
        "none": (None, TagReason.RULE),
    }


def _as_before(key: str, computed: ComputedTag) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(computed) | {"key": key, "form": 1}
    del fields["reason"]
    return fields


@pytest.mark.mongodb
async def test_what_becomes_of_tags_is_counted(mongodb_settings: MongoSettings, pack: dict[str, str]) -> None:
    """Computed for the first request, fresh for the second, stale a day later and renewed behind."""
    clock = ShopClock()
    async with services_on(sources_by_id(), clock=clock, tags=pack, mongodb=mongodb_settings.model_dump()) as services:
        counts = services.tags.counts
        await services.tags.load_all(await stitched(services, "c1", "c2"), ("given", "none"))
        await services.tags.aclose()
        first = (dict(counts.computed), dict(counts.fresh), dict(counts.stale))
    clock.advance(timedelta(hours=1))
    async with services_on(sources_by_id(), clock=clock, tags=pack, mongodb=mongodb_settings.model_dump()) as services:
        again = services.tags.counts
        await services.tags.load_all(await stitched(services, "c1", "c2"), ("given", "none"))
        clock.advance(timedelta(days=1))
        await services.tags.load([(customer, "given") for customer in await stitched(services, "c1")])
        await services.tags.aclose()
    nothing = dict.fromkeys(KEYS, 0)
    assert first == (nothing | {"given": 2, "none": 2}, nothing, nothing)
    assert (again.computed, again.fresh, again.stale) == (nothing, nothing | {"given": 2, "none": 2}, nothing | {"given": 1})
    assert counts.outcomes["given", TagReason.RULE] == 2
    assert counts.not_stored == nothing


async def test_a_rule_that_fails_is_logged_once_in_a_while(pack: dict[str, str]) -> None:
    """Once a minute for each tag, with the count since the start, and without any value or customer."""
    clock = ShopClock()
    people = {f"c{n}": [r.Customer(id=f"c{n}")] for n in range(1, 4)}
    orders = {one: [shop.order(1, one, 3)] for one in people}
    sources = [
        MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): people}),
        MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): orders}),
    ]
    async with services_on(sources, clock=clock, tags=pack) as services:
        with capture_logs() as logs:
            await services.tags.load_all(await stitched(services, *people), tuple(KEYS))
            clock.advance(timedelta(seconds=61))
            await services.tags.load_all(await stitched(services, "c1"), tuple(KEYS))
        outcomes = services.tags.counts.outcomes
    failed = {"event": "tag_failed", "log_level": "warning", "tag": "failing", "kind": "function"}
    assert logs == [failed | {"count": 1}, failed | {"count": 4}]
    assert {key: count for key, count in outcomes.items() if count} == {
        ("given", TagReason.RULE): 4,
        ("none", TagReason.RULE): 4,
        ("listed", TagReason.NOT_LISTED): 4,
        ("failing", TagReason.FAILED): 4,
    }
