"""All tags of all customers: stored once, by a run that may be killed, and of nobody whose tags may not be."""

import gc
import json
import os
import signal
import subprocess
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from bench.refresh_shop import write_people, write_settings
from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import ConfigurationError, SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.app import create_services, opened
from gateway.erasure.person import read_record
from gateway.lookups.deadline import Deadline
from gateway.lookups.loaders import Loaders
from gateway.population.batch_refresh import SourcesAwayError
from gateway.population.refresh import name_rules, refresh_all
from gateway.population.refresh_state import RefreshState, StateFile
from gateway.services import Services
from tests.population.test_walk import InstantClock
from tests.support.gateway_server import settings_for
from tests.support.known_people import knowing, person
from tests.support.paths import ROOT
from tests.support.serve_process import COMMAND, wait_until
from tests.support.shipped_packs import shipped_text

pytestmark = pytest.mark.mongodb
PEOPLE, BATCH = 600, 20
ERASURE_KEY = "the key of the tombstones, 32 characters long"


def child(config: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "tags", "refresh", "--config", str(config), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def computed_at(uri: str, database: str) -> dict[str, dict[str, datetime]]:
    """When each tag of each customer was computed, as MongoDB has it."""
    with MongoClient(uri, tz_aware=True) as client:
        return {document["_id"]: document["at"] for document in client[database].tags.find()}


def listed(state: Path) -> int:
    count: int = json.loads(state.read_text("utf-8"))["counts"]["listed"] if state.exists() else 0
    return count


async def run(services: Services, file: Path | None = None, batch: int = BATCH) -> RefreshState:
    return await refresh_all(services, StateFile(file), batch, lambda _: None)


def services_of(
    connectors: list[MemoryConnector], uri: str, database: str, clock: InstantClock | None = None, **words: Any
) -> Services:
    mongodb = {"uri": uri, "database": database, "timeout_ms": 20_000}
    settings = settings_for(connectors, mongodb=mongodb, **words)
    return create_services(settings, connectors=connectors, clock=clock or InstantClock())


def buyers(count: int, **fields: Any) -> list[MemoryConnector]:
    """A CRM that lists people, and a source of their orders, on which all facts of the shipped tags but some rest."""
    crm = knowing("crm", [person(f"{number:04}", **fields) for number in range(count)], by=[KeyKind.CUSTOMER_ID])
    held: dict[str, list[r.Order]] = {f"{number:04}": [] for number in range(count)}
    return [crm, MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): held})]


def test_a_killed_refresh_goes_on(tmp_path: Path, mongodb_uri: str, mongodb_database: str):
    """It is killed halfway: what it had stored stays, everybody is there at the end, one batch at most is done again."""
    write_people(tmp_path, PEOPLE)
    config, state = write_settings(tmp_path, mongodb_uri, mongodb_database), tmp_path / "state.json"
    words = ["--all", "--resume", str(state), "--batch", str(BATCH)]
    first = child(config, *words)
    wait_until(lambda: listed(state) >= PEOPLE // 2 or first.poll() is not None, "half of the people")
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert first.returncode == -signal.SIGKILL
    before, done = computed_at(mongodb_uri, mongodb_database), listed(state)
    assert PEOPLE // 2 <= done <= len(before) <= done + BATCH

    second = child(config, *words, "--json")
    output, problems = second.communicate(timeout=100)
    assert (second.returncode, problems) == (0, "")
    after, counts = computed_at(mongodb_uri, mongodb_database), json.loads(output)
    assert {customer: after[customer] for customer in before} == before
    assert len(after) == PEOPLE
    assert {len(tags) for tags in after.values()} == {24}
    assert counts["listed"] == PEOPLE * 3 // 2
    assert counts["refreshed"] + counts["fresh"] == PEOPLE


def test_output_and_state_tell_nothing_of_people(tmp_path: Path, mongodb_uri: str, mongodb_database: str):
    write_people(tmp_path, 30)
    config, state = write_settings(tmp_path, mongodb_uri, mongodb_database), tmp_path / "state.json"
    ended = child(config, "--all", "--resume", str(state))
    output, problems = ended.communicate(timeout=100)
    assert ended.returncode == 0
    for word in ("p7@example.com", "c0000007", "Person"):
        assert word not in output + problems + state.read_text("utf-8")
    assert state.stat().st_mode & 0o077 == 0


async def test_a_second_refresh_computes_everything_anew(tmp_path: Path, mongodb_uri: str, mongodb_database: str):
    """A run that has ended is not gone on with; its count of records is the total of the next one."""
    file, clock = tmp_path / "state.json", InstantClock()
    first = await run(services_of(buyers(45), mongodb_uri, mongodb_database, clock), file)
    second = await run(services_of(buyers(45), mongodb_uri, mongodb_database, clock), file)
    assert (first.counts.refreshed, second.counts.refreshed, second.counts.fresh) == (45, 45, 0)
    assert (first.total, second.total) == (None, 45)
    assert second.began > first.began


async def test_a_run_by_other_rules_begins_anew(tmp_path: Path, mongodb_uri: str, mongodb_database: str):
    """A state of other rules is not gone on with: customers before its place would keep tags of the old ones."""
    file = tmp_path / "state.json"
    old = RefreshState(began=datetime.now(UTC) - timedelta(hours=1), rules="others", after='["crm",null]')
    StateFile(file).write(old)
    state = await run(services_of(buyers(5), mongodb_uri, mongodb_database), file)
    assert state.counts.refreshed == 5


async def test_tags_that_callers_were_given_meanwhile_are_left(mongodb_uri: str, mongodb_database: str, tmp_path: Path):
    """What was computed since the run began is not computed again, nor asked for."""
    file, connectors = tmp_path / "state.json", buyers(45)
    await run(services_of(connectors, mongodb_uri, mongodb_database))
    state = RefreshState(began=datetime.now(UTC) - timedelta(hours=1), rules="")
    services = services_of(connectors, mongodb_uri, mongodb_database)
    state.rules = name_rules(services.tags.pack)
    StateFile(file).write(state)
    calls = len(connectors[1].calls)
    ended = await run(services, file)
    assert (ended.counts.refreshed, ended.counts.fresh, len(connectors[1].calls)) == (0, 45, calls)


class SlowClock(InstantClock):
    """It is a day late."""

    def now(self) -> datetime:
        return super().now() - timedelta(days=1)


async def test_tags_that_expire_while_a_run_goes_on_are_of_it(mongodb_uri: str, mongodb_database: str, tmp_path: Path):
    """A run may take longer than a tag lives. Only one that was marked stale meanwhile is computed again."""
    file, connectors = tmp_path / "state.json", buyers(45)
    await run(services_of(connectors, mongodb_uri, mongodb_database, SlowClock()))
    services = services_of(connectors, mongodb_uri, mongodb_database)
    began = datetime.now(UTC) - timedelta(days=2)
    StateFile(file).write(RefreshState(began=began, rules=name_rules(services.tags.pack)))
    async with opened(services_of(connectors, mongodb_uri, mongodb_database, SlowClock())) as others:
        await others.tags.outdate(["0007"])
    ended = await run(services, file)
    assert (ended.counts.refreshed, ended.counts.fresh) == (1, 44)


async def test_erased_customers_are_left_out(mongodb_uri: str, mongodb_database: str):
    """Nothing is stored of who is erased, and he is counted."""
    words = {"erasure": {"key": ERASURE_KEY}}
    connectors = buyers(10)
    services = services_of(connectors, mongodb_uri, mongodb_database, **words)
    async with opened(services):
        assert services.eraser is not None
        loaders = Loaders(Deadline.within(services.clock, 60))
        await services.eraser.erase(read_record(services.router, "crm:0004"), "asked", loaders, ())
    state = await run(services_of(connectors, mongodb_uri, mongodb_database, **words))
    assert (state.counts.refreshed, state.counts.erased) == (9, 1)
    assert "0004" not in computed_at(mongodb_uri, mongodb_database)
    assert len(computed_at(mongodb_uri, mongodb_database)) == 9


async def test_tags_for_a_purpose_are_of_those_who_permit_it(mongodb_uri: str, mongodb_database: str, tmp_path: Path):
    """A tag for marketing alone is computed of who has said yes to it; all other tags of everybody."""
    tags = tmp_path / "tags.yaml"
    text = shipped_text()
    tags.write_text(text.replace("  activity:\n", "  activity:\n    purposes: [marketing]\n", 1), "utf-8")
    granted = [r.Consent(channel=r.Channel.EMAIL, purpose="marketing", state=r.ConsentState.GRANTED)]
    connectors = buyers(4)
    people = [person("0000", consents=granted), *(person(f"000{number}") for number in range(1, 4))]
    connectors[0] = knowing("crm", people, by=[KeyKind.CUSTOMER_ID])
    words = {
        "access": {"anonymous": "one"},
        "callers": {"one": {"purposes": ["marketing"]}},
        "purposes": {"marketing": {"basis": "consent"}},
        "tags": {"file": str(tags)},
    }
    await run(services_of(connectors, mongodb_uri, mongodb_database, **words))
    stored = computed_at(mongodb_uri, mongodb_database)
    assert [customer for customer in sorted(stored) if "activity" in stored[customer]] == ["0000"]
    assert len(stored) == 4


async def test_a_source_that_is_down_ends_the_run(mongodb_uri: str, mongodb_database: str, tmp_path: Path):
    """Nothing is lost while orders cannot be had: the run ends with its state, and goes on when they can."""
    file, connectors = tmp_path / "state.json", buyers(60)
    connectors[1].failure = SourceUnavailableError()
    with pytest.raises(SourcesAwayError, match=r"about 20 of 20 customers of a batch"):
        await run(services_of(connectors, mongodb_uri, mongodb_database), file)
    assert listed(file) == 0
    connectors[1].failure = None
    state = await run(services_of(connectors, mongodb_uri, mongodb_database), file)
    assert (state.counts.refreshed, state.counts.missing) == (60, 0)


async def test_customers_who_lack_something_are_counted(mongodb_uri: str, mongodb_database: str):
    """A few customers whose orders cannot be read do not end the run."""
    connectors = buyers(60)
    connectors[1] = Unreadable("orders", connectors[1].records)
    state = await run(services_of(connectors, mongodb_uri, mongodb_database))
    assert (state.counts.refreshed, state.counts.missing) == (58, 2)


class Unreadable(MemoryConnector):
    """Fails for two keys alone."""

    async def _measure(self, record, by, keys, measures, remaining_s=None):
        answers = await super()._measure(record, by, keys, measures, remaining_s)
        return {key: SourceUnavailableError() if key in ("0007", "0031") else own for key, own in answers.items()}


async def test_a_refresh_needs_a_store():
    connectors = buyers(1)
    services = create_services(settings_for(connectors), connectors=connectors)
    with pytest.raises(ConfigurationError) as refused:
        await run(services)
    assert [*refused.value.problems] == ["mongodb: computed tags are stored there; add its table to the settings"]


def test_one_refresh_holds_its_file(tmp_path: Path):
    file = StateFile(tmp_path / "state.json")
    with file.held(), pytest.raises(ConfigurationError) as refused, file.held():
        pass
    assert [*refused.value.problems] == [
        "--resume: another refresh goes on by state.json; wait for its end, or name another file"
    ]
    with file.held():
        pass


@pytest.mark.parametrize("text", ["", "{}", '{"form": 99, "began": "2026-01-01T00:00:00Z", "rules": ""}'])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "state.json"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError) as refused:
        StateFile(path).read()
    assert [*refused.value.problems] == [
        "--resume: state.json is no state of a refresh; name another file, or remove this one to begin anew"
    ]


async def test_memory_is_flat(mongodb_uri: str, mongodb_database: str):
    """What a run holds does not grow with the customers it has refreshed: after 60 batches it is what it was after 20."""
    connectors, held = buyers(1_200), []

    def note(state: RefreshState) -> None:
        connectors[0].calls.clear()
        connectors[1].calls.clear()
        if state.counts.listed in (20 * BATCH, 60 * BATCH):
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])

    services = services_of(connectors, mongodb_uri, mongodb_database)
    tracemalloc.start()
    try:
        await refresh_all(services, StateFile(None), BATCH, note)
    finally:
        tracemalloc.stop()
    after_20, after_60 = held
    assert after_60 - after_20 < 200_000, held


async def test_who_is_linked_behind_a_run_is_not_lost(mongodb_uri: str, mongodb_database: str):
    """A record that joins a customer who was refreshed already has tags of the joined customer at the end."""
    crm = knowing("crm", [person(f"{number:04}", email=f"p{number}@example.com") for number in range(4)])
    web = knowing("web", [person("s1", email="new@example.com")])

    def link(state: RefreshState) -> None:
        if state.counts.listed == 4:
            web.records = knowing("web", [person("s1", email="p2@example.com")]).records

    services = services_of([crm, web], mongodb_uri, mongodb_database)
    state = await refresh_all(services, StateFile(None), BATCH, link)
    stored = computed_at(mongodb_uri, mongodb_database)
    assert {"crm:0002", "crm:0002\nweb:s1"} < stored.keys()
    assert (state.counts.refreshed, len(stored)) == (5, 5)
