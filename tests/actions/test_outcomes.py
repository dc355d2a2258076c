"""What became of customers: recorded by callers who may, and compared with those who were held out."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import SourceUnavailableError
from gateway.actions.action_outcome import OutcomeKind
from gateway.actions.action_report import ActionReport, report_action
from gateway.actions.proportions import Interval, newcombe_interval, wilson_interval
from gateway.settings import MongoSettings
from tests.support.acting_shop import YES, SendingClock, acting_words, people, tags_file
from tests.support.gateway_server import gateway_on
from tests.support.known_people import knowing, person
from tests.support.tag_shop import store_of

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
RECORD = """mutation ($customer: ID!, $rule: String!, $at: DateTime) {
    recordOutcome(rule: $rule, customer: $customer, outcome: CONVERTED, at: $at) { rule outcome at isNew } }"""


def rounded(interval: Interval) -> tuple[float, float]:
    return round(interval.low, 4), round(interval.high, 4)


def test_intervals_are_the_published_ones():
    """Examples of both papers of Newcombe of 1998, of one proportion and of differences."""
    assert rounded(wilson_interval(81, 263)) == (0.2553, 0.3662)
    assert rounded(wilson_interval(15, 148)) == (0.0624, 0.1605)
    assert rounded(wilson_interval(0, 20)) == (0.0, 0.1611)
    assert rounded(newcombe_interval((56, 70), (48, 80))) == (0.0524, 0.3339)
    assert rounded(newcombe_interval((9, 10), (3, 10))) == (0.1705, 0.8090)
    assert rounded(newcombe_interval((10, 10), (0, 10))) == (0.6075, 1.0)


async def parts(of: Iterable[tuple[list[str], str]]) -> AsyncIterator[dict[str, Any]]:
    for records, group in of:
        yield {"records": records, "group": group, "decidedAt": NOON}


async def reported(
    of: Iterable[tuple[list[str], str]], *converted: str, at: datetime = NOON + timedelta(days=1)
) -> ActionReport:
    return await report_action(parts(of), [([name], at) for name in converted])


async def test_both_parts_are_compared():
    """Of each how many converted, once each, and the difference with its interval."""
    of = [([f"t{number}"], "TREATED") for number in range(70)] + [([f"h{number}"], "HOLDOUT") for number in range(80)]
    converted = [f"t{number}" for number in range(56)] + [f"h{number}" for number in range(48)]
    found = await reported([*of, *of], *converted, *converted, "somebody")
    assert (found.treated.customers, found.treated.converted) == (70, 56)
    assert (found.holdout.customers, found.holdout.converted) == (80, 48)
    assert (found.left, round(found.difference or 0, 4)) == (0, 0.2)
    assert found.interval is not None
    assert rounded(found.interval) == (0.0524, 0.3339)


async def test_too_few_are_not_compared():
    """With 29 held out nothing is said of the difference."""
    of = [([f"t{number}"], "TREATED") for number in range(70)] + [([f"h{number}"], "HOLDOUT") for number in range(29)]
    found = await reported(of, "t1")
    assert (found.holdout.customers, found.difference, found.interval) == (29, None, None)


async def test_who_was_several_of_both_parts_leaves():
    """Also where a third document joins them; two of one part are one customer of it."""
    of = [(["a"], "TREATED"), (["b"], "HOLDOUT"), (["a", "b"], "TREATED"), (["c"], "TREATED"), (["d"], "TREATED")]
    found = await reported([*of, (["c", "d"], "TREATED"), (["e"], "HOLDOUT")], "a", "d")
    assert (found.left, found.treated.customers, found.treated.converted, found.holdout.customers) == (1, 1, 1, 1)


async def test_what_was_before_is_no_outcome():
    """A conversion counts from when it was decided."""
    found = await reported([(["a"], "TREATED")], "a", at=NOON - timedelta(seconds=1))
    assert found.treated.converted == 0


@pytest.mark.mongodb
async def test_callers_who_may_record_outcomes(tmp_path: Path, mongodb_uri: str, mongodb_database: str):
    """One again is the same one; who may not, an unknown action, an unknown customer and the future are refused."""
    mongodb = MongoSettings(uri=mongodb_uri, database=mongodb_database, timeout_ms=20_000)
    clock = SendingClock()
    words = acting_words("http://127.0.0.1:9/hook", tags_file(tmp_path), mongodb.model_dump())
    words |= {"callers": {"mailer": {"outcomes": True}, "desk": {}}, "access": {"anonymous": "mailer"}, "purposes": {}}
    words["purposes"] = {"marketing": {"basis": "consent"}}
    at = (clock.now() - timedelta(hours=1)).isoformat()
    async with gateway_on(people(c1=YES), with_clock=clock, **words) as gateway:
        told = {"customer": "crm:c1", "rule": "welcome", "at": at}
        first = await gateway.data(RECORD, told)
        again = await gateway.data(RECORD, told)
        wrong = [
            (await gateway.ask(RECORD, told | changed))["errors"][0]["message"]
            for changed in (
                {"rule": "other"},
                {"customer": "crm:nobody"},
                {"at": (clock.now() + timedelta(hours=1)).isoformat()},
            )
        ]
    assert [own["recordOutcome"]["isNew"] for own in (first, again)] == [True, False]
    assert wrong == [
        "rule: there is no action of this name; name one of the file of tags",
        "customer: nobody has this id; name a customer, SOURCE:ID",
        "at: is in the future; record what has been",
    ]
    words["access"] = {"anonymous": "desk"}
    async with gateway_on(people(c1=YES), with_clock=clock, **words) as gateway:
        refused = await gateway.ask(RECORD, told)
    assert refused["data"] == {"recordOutcome": None}
    expected = "Mutation.recordOutcome is withheld from this caller; its setting outcomes shows it"
    assert refused["errors"][0]["message"] == expected
    async with store_of(mongodb) as store:
        assert [records for records, _ in await store.outcomes.read("welcome", OutcomeKind.CONVERTED)] == [["c1"]]


@pytest.mark.mongodb
@pytest.mark.parametrize("at", [None, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_outcomes_of_any_time_of_whom_records_are_missing(
    tmp_path: Path, mongodb_uri: str, mongodb_database: str, at: str | None
):
    """Those that are known are stored, and no sign for the others; a moment that no clock had is refused as bad input."""
    mongodb = MongoSettings(uri=mongodb_uri, database=mongodb_database, timeout_ms=20_000)
    crm, away = knowing("crm", [person("7", email="ana@example.com")]), knowing("shop", [])
    away.failure = SourceUnavailableError()
    words = acting_words("http://127.0.0.1:9/hook", tags_file(tmp_path), mongodb.model_dump())
    words |= {"callers": {"mailer": {"outcomes": True}}, "access": {"anonymous": "mailer"}}
    async with gateway_on([crm, away], **words) as gateway:
        found = await gateway.ask(RECORD, {"customer": "crm:7", "rule": "welcome", "at": at})
    if at is not None:
        assert [own["extensions"]["code"] for own in found["errors"]] == ["BAD_USER_INPUT"]
        return
    assert found["data"]["recordOutcome"]["isNew"]
    async with store_of(mongodb) as store:
        assert [records for records, _ in await store.outcomes.read("welcome", OutcomeKind.CONVERTED)] == [["crm:7"]]


@pytest.mark.mongodb
async def test_outcomes_are_of_all_records(tmp_path: Path, mongodb_uri: str, mongodb_database: str):
    """By whichever he is named: as deliveries are, so that the report finds who converted."""
    mongodb = MongoSettings(uri=mongodb_uri, database=mongodb_database, timeout_ms=20_000)
    sources = [knowing(name, [person(own, email="ana@example.com")]) for name, own in (("crm", "7"), ("shop", "42"))]
    words = acting_words("http://127.0.0.1:9/hook", tags_file(tmp_path), mongodb.model_dump())
    words |= {"callers": {"mailer": {"outcomes": True}}, "access": {"anonymous": "mailer"}}
    at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    async with gateway_on(sources, **words) as gateway:
        told = [await gateway.data(RECORD, {"customer": own, "rule": "welcome", "at": at}) for own in ("crm:7", "shop:42")]
    assert [own["recordOutcome"]["isNew"] for own in told] == [True, False]
    async with store_of(mongodb) as store:
        found = await store.outcomes.read("welcome", OutcomeKind.CONVERTED)
    assert [records for records, _ in found] == [["crm:7", "shop:42"]]
