"""A run goes on where it was by the same settings alone, and changes follow what a run could not refresh."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from connectors.errors import ConfigurationError
from gateway.population.refresh import begin_state, name_walk, read_last, refuse_other_place
from gateway.population.refresh_state import RefreshCounts, RefreshState, StateFile
from gateway.services import Services
from tests.population.test_refresh import buyers, computed_at, name_rules, run, services_of
from tests.support.known_people import knowing, person

pytestmark = pytest.mark.mongodb
BEGAN = datetime(2026, 6, 1, tzinfo=UTC)


def two_sources(uri: str, database: str, *order: str) -> Services:
    """A CRM and a web shop, of different people, asked in an order."""
    sources = [knowing("crm", [person(f"c{number}") for number in range(3)]), knowing("web", [person("w1"), person("w2")])]
    return services_of(sources, uri, database, customer={"priority": [*order]})


async def test_a_run_by_another_order_of_sources_begins_anew(tmp_path: Path, mongodb_uri: str, mongodb_database: str):
    """A place in the second source says that the first one is done: by another order of them it would be left out."""
    file = StateFile(tmp_path / "state.json")
    services = two_sources(mongodb_uri, mongodb_database, "crm", "web")
    rules, walk = name_rules(services.tags.pack), name_walk(services, None)
    file.write(RefreshState(began=datetime.now(UTC), rules=rules, walk=walk, after='["crm",null]'))
    await run(two_sources(mongodb_uri, mongodb_database, "web", "crm"), file.path)
    assert computed_at(mongodb_uri, mongodb_database).keys() == {"crm:c0", "crm:c1", "crm:c2", "web:w1", "web:w2"}


@pytest.mark.parametrize(
    "words",
    [{}, {"purposes": {"marketing": {"basis": "consent"}}}, {"database": "another"}],
    ids=["same", "purpose", "base"],
)
async def test_a_run_goes_on_by_the_same_settings_alone(
    tmp_path: Path, mongodb_uri: str, mongodb_database: str, words: dict[str, Any]
):
    file = StateFile(tmp_path / "state.json")
    before = begin_state(services_of(buyers(1), mongodb_uri, mongodb_database), file)
    before.after = '["crm",null]'
    file.write(before)
    other = {**words}
    database = other.pop("database", mongodb_database)
    if other:
        other |= {"access": {"anonymous": "one"}, "callers": {"one": {"purposes": ["marketing"]}}}
    state = begin_state(services_of(buyers(1), mongodb_uri, database, **other), file)
    assert state.after == (None if words else before.after)


@pytest.mark.parametrize(
    ("since", "missing", "last"),
    [
        (None, 0, BEGAN - timedelta(minutes=1)),
        (BEGAN - timedelta(days=1), 0, BEGAN - timedelta(minutes=1)),
        (BEGAN - timedelta(days=1), 2, BEGAN - timedelta(days=1)),
    ],
)
def test_changes_that_a_source_did_not_give_are_looked_at_again(
    tmp_path: Path, since: datetime | None, missing: int, last: datetime
):
    """Who was missing something changed before the run: by its beginning he would never be refreshed."""
    file = StateFile(tmp_path / "state.json")
    file.write(RefreshState(began=BEGAN, rules="", since=since, counts=RefreshCounts(missing=missing), is_done=True))
    assert read_last(file) == last


@pytest.mark.parametrize("is_done", [True, False])
def test_changes_follow_no_run_for_another_database_or_other_sources(
    tmp_path: Path, mongodb_uri: str, mongodb_database: str, is_done: bool
):
    """Customers who did not change since have no tags there: both are named, without the password."""
    file = StateFile(tmp_path / "state.json")
    server = mongodb_uri.partition("://")[2].rstrip("/")
    state = begin_state(two_sources(f"mongodb://me:secret@{server}/?tls=false", "staging", "crm", "web"), file)
    state.is_done = is_done
    file.write(state)
    assert "secret" not in (tmp_path / "state.json").read_text()
    refuse_other_place(two_sources(f"mongodb://{server}", "staging", "web", "crm"), file)
    for services, words in (
        (two_sources(mongodb_uri, "live", "crm", "web"), f"the database {server}/staging, and the settings name {server}/live"),
        (services_of(buyers(1), mongodb_uri, "staging"), "the sources crm, web, and the settings name crm"),
    ):
        with pytest.raises(ConfigurationError) as refused:
            refuse_other_place(services, file)
        assert [*refused.value.problems] == [
            f"--since last: state.json is of a run for {words}; name the file of a run for these, or begin one with --all"
        ]


async def test_tags_of_answers_from_before_are_computed_again(tmp_path: Path, mongodb_uri: str, mongodb_database: str):
    """A request during a run computed tags of answers that it had kept from before: these are not of the run."""
    file, connectors = StateFile(tmp_path / "state.json"), buyers(1)
    await run(services_of(connectors, mongodb_uri, mongodb_database))
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        tags = client[mongodb_database].tags
        (document,) = tags.find()
        asked = min(datetime.fromisoformat(text) for text in re.findall(r'"asOf":"([^"]+)"', str(document["tags"])))
        later = datetime.now(UTC) + timedelta(seconds=5)
        texts = {
            key: re.sub(r'"computedAt":"[^"]+"', f'"computedAt":"{later.isoformat()}"', text)
            for key, text in document["tags"].items()
        }
        tags.update_one({}, {"$set": {"tags": texts}})
    services = services_of(connectors, mongodb_uri, mongodb_database)
    refreshed = []
    for began in (asked, asked + timedelta(seconds=1)):
        file.write(RefreshState(began=began, rules=name_rules(services.tags.pack)))
        state = await run(services_of(connectors, mongodb_uri, mongodb_database), file.path)
        refreshed.append((state.counts.refreshed, state.counts.fresh))
    assert refreshed == [(0, 1), (1, 0)]
