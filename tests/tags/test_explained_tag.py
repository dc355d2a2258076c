"""What the command line tells about a tag: which comparisons decided, why there is none, and what is left out."""

from pathlib import Path

import pytest

from connectors import records as r
from connectors.contract import Answer, Ask, KeyKind, Keys, Lookup
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.app import create_services
from gateway.errors import AmbiguousIdentityError, InvalidArgumentError, SourceFailure
from gateway.explain import ExplainedTags, explained, unreadable_values
from gateway.replay.connector_wrapper import ConnectorWrapper
from gateway.services import Services
from gateway.tags.decision import Decision, Step, decide
from gateway.tags.explained_tag import ExplainedTag
from tests.support import shop
from tests.support.clocks import SteppedClock
from tests.support.gateway_server import settings_for

PACK = """\
defaults: {owner: crm-team, category: VALUE, ttl: 6h, version: 1}
facts:
  n: {label: Orders, record: order, measure: count}
  spend: {label: Spend, record: order, measure: sum, field: total, currency: GBP}
  category: {label: Favourite category, record: order, measure: top, field: items.category}
  rating: {label: Rating, record: ticket, measure: average, field: satisfaction}
tags:
  activity: {label: Activity, description: A., words: W., expression: "n >= 9 ? 'HIGH' : n >= 1 ? 'LOW' : 'NONE'"}
  basket: {label: Basket, description: A., words: W., expression: "n == 0 ? null : spend / double(n) >= 5.0 ? 'BIG' : 'SMALL'"}
  taste: {label: Taste, description: A., words: W., expression: category, values: [toys]}
  digit: {label: Digit, description: A., words: W., expression: "category == null ? null : string(int(category))"}
  mood: {label: Mood, description: A., words: W., expression: "rating == null ? null : rating > 3.0 ? 'GOOD' : 'BAD'"}
"""


def shop_without_support() -> dict[str, MemoryConnector]:
    return {connector.name: connector for connector in (shop.crm(), shop.orders())}


async def explain(
    tmp_path: Path, connectors: dict[str, MemoryConnector], key: str, by: str | None = None
) -> ExplainedTags | None:
    path = tmp_path / "tags.yaml"
    path.write_text(PACK, "utf-8")
    settings = settings_for(list(connectors.values()), tags={"file": str(path)}, **shop.PINNED)
    return await explained(create_services(settings, connectors=list(connectors.values())), key, by)


async def tags(tmp_path: Path, connectors: dict[str, MemoryConnector]) -> dict[str, ExplainedTag]:
    explanation = await explain(tmp_path, connectors, "c1")
    assert explanation is not None
    return {entry.answer.definition.key: entry for entry in explanation.tags}


def test_a_decision_is_the_way_through_the_branches() -> None:
    """Each condition that was looked at, with the facts in it, and the branch at its end."""
    expression = "a == null || b > 3 ? 'X'\n  : b >= 1 ? (b > 1 ? 'Y' : 'Z') : 'W'"
    assert decide(expression, {"a": 1, "b": 2}) == Decision(
        [
            Step("a == null || b > 3", False, {"a": 1, "b": 2}),
            Step("b >= 1", True, {"b": 2}),
            Step("b > 1", True, {"b": 2}),
        ],
        "'Y'",
    )
    assert decide(expression, {"a": 1}) == Decision([Step("a == null || b > 3", None, {"a": 1})], None)
    assert decide("a", {"a": 1}) == Decision([], "a")


async def test_the_border_that_decided_is_shown(tmp_path: Path) -> None:
    """A value with its comparisons; and without them where the rule has none."""
    found = await tags(tmp_path, shop_without_support())
    assert (found["activity"].decision, found["activity"].notes) == (
        ["n >= 9: no (n is 5)", "n >= 1: yes (n is 5)", "so: 'LOW'"],
        [],
    )
    assert found["taste"].decision == []


async def test_why_there_is_no_value_is_told(tmp_path: Path) -> None:
    """The rule gave none, its value is not listed, it failed, or a fact is not known."""
    sources = {**shop_without_support(), "support": shop.support()}
    sources["support"].failure = SourceUnavailableError()
    found = await tags(tmp_path, sources)
    assert found["taste"].notes == ["Not given: the rule gave a value that 'values' does not list"]
    assert (found["digit"].notes, found["digit"].decision) == (
        ["Not given: the rule failed (function)"],
        ["category == null: no (category is books)", "so: string(int(category))"],
    )
    assert (found["mood"].notes, found["mood"].decision) == (
        [
            "Not given: the rule needs a fact whose source could not be asked",
            "Partial: Rating: a source could not be asked (SOURCE_UNAVAILABLE)",
        ],
        ["rating == null: cannot be told"],
    )
    sources["support"].failure = None
    sources["support"].records = {(r.Ticket, KeyKind.EMAIL): {}}
    assert (await tags(tmp_path, sources))["mood"].notes == ["Not given: the rule gives this customer no such tag"]


async def test_money_without_a_rate_is_told(tmp_path: Path) -> None:
    """A customer who pays in another currency is not silently small."""
    basket = (await tags(tmp_path, shop_without_support()))["basket"]
    assert basket.answer.tag.partial
    assert basket.decision == ["n == 0: no (n is 5)", "spend / double(n) >= 5.0: no (n is 5, spend is 0.0)", "so: 'SMALL'"]
    assert basket.notes == ["Partial: Spend: amounts that have no rate to GBP, or records, are left out"]


@pytest.mark.parametrize(
    ("key", "by"),
    [("c1", None), ("crm:c1", None), ("id:c1", None), ("email:ana@example.com", None), ("ANA@example.com", "email")],
)
async def test_any_key_finds_the_customer(tmp_path: Path, key: str, by: str | None) -> None:
    """An id as it is, another key by its kind, named before it or beside."""
    explanation = await explain(tmp_path, shop_without_support(), key, by)
    assert explanation is not None
    assert explanation.warning is None
    assert explanation.tags[0].answer.tag.value == "LOW"


class Slow(ConnectorWrapper):
    """A source whose every call takes three seconds of a clock."""

    kind = "memory"

    def __init__(self, inner: MemoryConnector, clock: SteppedClock) -> None:
        super().__init__(inner)
        self._clock = clock

    async def fetched(self, lookup: Lookup, keys: Keys, ask: Ask) -> Answer:
        self._clock.passed_s += 3
        return await super().fetched(lookup, keys, ask)


async def test_the_deadline_of_requests_does_not_bind_the_command() -> None:
    """A slow source is waited for, whatever deadline callers have."""
    clock = SteppedClock()

    def services() -> Services:
        sources = [Slow(connector, clock) for connector in (shop.crm(), shop.orders())]
        return create_services(settings_for(sources, deadline_ms=2_000, **shop.PINNED), connectors=sources, clock=clock)

    found = await explained(services(), "c1")
    assert found is not None
    assert {entry.answer.definition.key: entry.answer.tag.partial for entry in found.tags}["activity"] is False
    assert clock.passed_s >= 3
    assert await unreadable_values(services(), ["c1"]) == []


async def test_nobody_is_said_only_when_it_is_true(tmp_path: Path) -> None:
    """A source that is away, a key of several customers and an unknown kind are told as what they are."""
    sources = shop_without_support()
    assert await explain(tmp_path, sources, "nobody") is None
    assert await explain(tmp_path, sources, "email:nobody@example.com") is None
    with pytest.raises(AmbiguousIdentityError):
        await explain(tmp_path, sources, "phone:+5511912345678")
    with pytest.raises(InvalidArgumentError) as unknown:
        await explain(tmp_path, sources, "c1", "mail")
    assert str(unknown.value) == "--by: there are no keys of kind 'mail'; did you mean 'email'?"
    with pytest.raises(InvalidArgumentError) as unlike:
        await explain(tmp_path, sources, "c1", "card")
    assert str(unlike.value) == (
        "--by: there are no keys of kind 'card'; known: id, external_id, member_number, email, phone, device_id, "
        "account, order_id, order_number, ticket_number"
    )
    sources["crm"].failure = SourceUnavailableError()
    with pytest.raises(SourceFailure) as away:
        await explain(tmp_path, sources, "email:ana@example.com")
    assert str(away.value) == "crm: the source is unavailable"
    explanation = await explain(tmp_path, sources, "c1")
    assert explanation is not None
    assert explanation.warning == "crm: the source is unavailable; whether there is such a customer is not known"
    assert explanation.tags[0].answer.tag.value == "LOW"
