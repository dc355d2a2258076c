"""The tags of who changed alone: by what sources tell, and by marks."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.refresh_shop import change_people, run_statement, write_people, write_settings
from connectors.errors import ConfigurationError
from gateway.app import create_services, opened
from gateway.population.changed_customers import changing_sources
from gateway.population.refresh import name_rules, read_last, refresh_all
from gateway.population.refresh_state import RefreshState, StateFile
from gateway.services import Services
from gateway.settings import load_settings
from tests.population.test_refresh import child, computed_at

pytestmark = pytest.mark.mongodb
PEOPLE, BATCH = 1_000, 20
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Shop:
    """The databases of a folder, and refreshes of their people; `calls` are those of the last one."""

    def __init__(self, folder: Path, uri: str, database: str, people: int) -> None:
        write_people(folder, people)
        self.folder, self.config = folder, write_settings(folder, uri, database)
        self.file = StateFile(folder / "state.json")
        self.stored = lambda: computed_at(uri, database)
        self.calls, self.batch = 0, BATCH

    def services(self) -> Services:
        return create_services(load_settings(self.config))

    async def refresh(self, since: datetime | None = None) -> RefreshState:
        services = self.services()
        state = await refresh_all(services, self.file, self.batch, lambda _: None, since)
        self.calls = sum(sum(source.statistics.calls.values()) for source in services.sources.all)
        return state

    async def refreshed(self, since: datetime | None) -> set[str]:
        """Whose tags a refresh computed."""
        before = self.stored()
        await self.refresh(since)
        after = self.stored()
        return {customer for customer in after if after[customer] != before.get(customer)}


@pytest.fixture
def shop(tmp_path: Path, mongodb_uri: str, mongodb_database: str) -> Shop:
    return Shop(tmp_path, mongodb_uri, mongodb_database, 40)


def ids(*numbers: int) -> set[str]:
    """The member sets of people; those with even numbers have an account."""
    return {f"crm:c{number:07}" + ("" if number % 2 else f"\nweb:w{number:07}") for number in numbers}


async def test_changes_to_one_in_a_hundred_cost_few_calls(tmp_path: Path, mongodb_uri: str, mongodb_database: str):
    """Of 1,000 people ten have a new order: their tags are computed, those of nobody else, by at most 2 % of the calls."""
    shop = Shop(tmp_path, mongodb_uri, mongodb_database, PEOPLE)
    shop.batch = 10
    await shop.refresh()
    all_calls = shop.calls
    changed = range(100, 120, 2)
    change_people(tmp_path, changed, datetime.now(UTC))
    assert await shop.refreshed(read_last(shop.file)) == ids(*changed)
    assert shop.calls <= all_calls * 0.02


async def test_every_kind_of_change_counts(shop: Shop):
    """A new person, a new address, a ticket by e-mail, a mark: each brings the tags of its customer, once."""
    await shop.refresh()
    now = datetime.now(UTC).isoformat()
    run_statement(shop.folder, "crm", "INSERT INTO people VALUES ('c0000999', 'new@example.com', 'New', ?)", now)
    run_statement(shop.folder, "web", "UPDATE accounts SET updated_at = ? WHERE id = 'w0000004'", now)
    run_statement(
        shop.folder, "desk", "INSERT INTO tickets VALUES ('t', 'p7@example.com', ?, 'COMPLAINT', 'OPEN', 1, ?)", now, now
    )
    change_people(shop.folder, [4], datetime.now(UTC))
    async with opened(shop.services()) as services:
        await services.tags.outdate(ids(9, 10))
    assert await shop.refreshed(read_last(shop.file)) == ids(999, 4, 7, 9, 10)


async def test_a_shared_key_brings_all_who_have_it(shop: Shop):
    """An address that two people of the CRM have links nobody; a ticket by it is looked at for both."""
    run_statement(shop.folder, "crm", "UPDATE people SET email = 'office@example.com' WHERE id IN ('c0000011', 'c0000013')")
    await shop.refresh()
    now = datetime.now(UTC).isoformat()
    run_statement(
        shop.folder, "desk", "INSERT INTO tickets VALUES ('t', 'office@example.com', ?, 'COMPLAINT', 'OPEN', 1, ?)", now, now
    )
    assert await shop.refreshed(read_last(shop.file)) == ids(11, 13)


async def test_a_run_over_changes_goes_on(shop: Shop):
    """A run that was ended goes on behind its last batch, with the time that it had."""
    await shop.refresh()
    since = datetime.now(UTC)
    change_people(shop.folder, range(0, 40, 2), since)
    state = await shop.refresh(since - timedelta(minutes=1))
    assert (state.counts.listed, state.counts.refreshed) == (20, 20)
    state.is_done, state.after = False, '["web customer",null]'
    shop.file.write(state)
    assert read_last(shop.file) == since - timedelta(minutes=1)
    again = await shop.refresh(read_last(shop.file))
    assert (again.counts.listed, again.counts.refreshed, again.counts.fresh) == (40, 20, 20)


async def test_sources_that_cannot_tell_are_named(tmp_path: Path, shop: Shop):
    """Without a column of changes nobody knows whose ticket is new; the command says so."""
    shop.config.write_text(shop.config.read_text("utf-8").replace('FROM tickets"\nchanged = "updated_at"', 'FROM tickets"'))
    text = shop.config.read_text("utf-8").replace("satisfaction, updated_at FROM", "satisfaction FROM")
    shop.config.write_text(text)
    able, unable = changing_sources(shop.services())
    assert Counter(source.name for source, _ in able) == {"crm": 1, "web": 2}
    assert unable == ["ticket of desk"]
    ended = child(shop.config, "--since", "1d")
    output, problems = ended.communicate(timeout=100)
    assert (ended.returncode, "refreshed: 0" in output) == (0, True)
    assert " ".join(problems.split()) == (
        "warning: not known who changed: ticket of desk; webhooks tell it, or a source with `changed` in its settings"
    )


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "tags refresh: say of whom; give --all, or --since and a time"),
        (["--since", "soon"], "--since: is no time; write one such as 2026-06-30T12:00Z, a span such as 1d, or last"),
        (["--since", "last"], "--since last: needs the file of the run before; name it with --resume"),
    ],
)
def test_a_time_that_cannot_be_read_is_refused(shop: Shop, words: list[str], problem: str):
    ended = child(shop.config, *words)
    output, problems = ended.communicate(timeout=100)
    assert (ended.returncode, output, problems.strip()) == (2, "", problem)


def test_changes_follow_a_run_that_has_ended(tmp_path: Path):
    file = StateFile(tmp_path / "state.json")
    file.write(RefreshState(began=LONG_AGO, rules=""))
    with pytest.raises(ConfigurationError) as refused:
        read_last(file)
    assert [*refused.value.problems] == [
        "--since last: the run of this file over all customers has not ended; end it, with --all alone"
    ]
    file.write(RefreshState(began=LONG_AGO, rules="", is_done=True))
    assert read_last(file) == LONG_AGO - timedelta(minutes=1)


def test_sources_of_other_changes_are_refused(shop: Shop):
    """A place of a source that no longer tells changes is none."""
    state = RefreshState(began=datetime.now(UTC), since=LONG_AGO, rules="", after='["old order",null]')
    state.rules = name_rules(shop.services().tags.pack)
    shop.file.write(state)
    ended = child(shop.config, "--since", "last", "--resume", str(shop.file.path))
    _, problems = ended.communicate(timeout=100)
    assert ended.returncode == 2
    assert problems.strip() == "--resume: the sources that tell changes are others by now; remove the file to begin anew"
