"""Proposals that are accepted become links in the identity log; what people have cut stays cut."""

import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.errors import ConfigurationError
from gateway.clock import Clock
from gateway.identity.decisions import LogAction, LogEntry, LogRule, pair_of
from gateway.identity.records import RecordId
from gateway.identity.resolution import WithheldReason
from gateway.linkage.acceptance import (
    Acceptance,
    AcceptedPair,
    accept,
    accepted_over,
    count_decisions,
    read_accepted,
    read_entries,
)
from gateway.linkage.proposals import Proposal
from gateway.settings import MongoSettings
from gateway.store.identity_log import IdentityLog
from gateway.store.mongo import Mongo
from gateway.store.store import Store
from tests.linkage.test_identity_commands import run
from tests.support.doubled_people import doubled_people
from tests.support.people_files import write_people, write_settings

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SOURCES = ["crm", "shop"]


def ids(number: int) -> tuple[RecordId, RecordId]:
    return RecordId("crm", f"c{number:05}"), RecordId("shop", f"s{number:05}")


def pair(number: int) -> AcceptedPair:
    return AcceptedPair(pair_of(*ids(number)), "proposed")


def proposal(number: int, probability: float, withheld: WithheldReason | None = None) -> Proposal:
    one, other = ids(number)
    return Proposal(records=(one.node_id, other.node_id), probability=probability, start=0, weights=(), withheld=withheld)


def decision(number: int, action: LogAction, rule: LogRule = LogRule.OPERATOR) -> LogEntry:
    return LogEntry(time=NOON, action=action, records=pair_of(*ids(number)), rule=rule, who="anna", reason="she called")


@pytest.mark.mongodb
async def test_accepted_pairs_are_links_of_the_log(mongo: Mongo):
    """Each one is an entry; accepting again adds nothing, and what a person has cut is not linked."""
    log = IdentityLog(mongo)
    await log.append([decision(2, LogAction.CUT)])
    assert await accept(log, [pair(number) for number in range(4)], "bo", NOON) == Acceptance(linked=3, known=0, cut=1)
    assert await accept(log, [pair(3), pair(3), pair(4)], "bo", NOON) == Acceptance(linked=1, known=1, cut=0)
    entries = await read_entries(log, [own for number in range(5) for own in ids(number)])
    assert [(own.action, own.rule, own.who, own.reason) for own in entries[1:]] == [
        (LogAction.LINK, LogRule.PROPOSAL, "bo", "proposed")
    ] * 4
    assert [own.records for own in entries] == [pair_of(*ids(number)) for number in (2, 0, 1, 3, 4)]


@pytest.mark.mongodb
async def test_many_pairs_are_accepted_and_read_in_parts(mongo: Mongo):
    """The log is asked about a thousand records at a time; an entry that two parts name is read once."""
    log = IdentityLog(mongo)
    assert await accept(log, [pair(number) for number in range(2_500)], "bo", NOON) == Acceptance(2_500, 0, 0)
    entries = await read_entries(log, [own for number in range(2_500) for own in ids(number)])
    assert len(entries) == 2_500


def test_a_rule_accepts_what_is_likely_and_would_join():
    """What would be withheld, as by two days of birth, is for a person to look at."""
    proposed = [proposal(1, 0.99), proposal(2, 0.999, WithheldReason.BIRTH_DATE), proposal(3, 0.97)]
    assert accepted_over(proposed, 0.98) == [AcceptedPair(pair_of(*ids(1)), "proposed with probability 0.990000")]


@pytest.mark.parametrize(
    "text",
    [
        "crm:c00001\tshop:s00001\t0.990000\tthe same name +7.0\n\n# not sure: crm:c00002\n",
        "shop:s00001\tcrm:c00001\t0.99\n",
        '[{"records": ["crm:c00001", "shop:s00001"], "probability": 0.99, "start": -9, "weights": []}]',
    ],
)
def test_a_file_of_printed_pairs_is_read(tmp_path: Path, text: str):
    """As lines and as JSON, in any order of the two; empty lines and comments are left out."""
    (tmp_path / "pairs").write_text(text, encoding="utf-8")
    expected = [AcceptedPair(pair_of(*ids(1)), "proposed with probability 0.990000")]
    assert read_accepted(tmp_path / "pairs", SOURCES) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("crm:1\n", "pairs:1: this names no two records; leave two ids such as crm:7 as they were printed"),
        ("crm:1\tdesk:2\n", "pairs:1: this names no two records; leave two ids such as crm:7 as they were printed"),
        ("\ncrm:1\tcrm:1\n", "pairs:2: this names no two records; leave two ids such as crm:7 as they were printed"),
        ('[{"records": ["crm:1"]}]', "pairs: this is no list of proposals in JSON"),
    ],
)
def test_a_file_that_names_no_pairs_is_refused(tmp_path: Path, text: str, problem: str):
    """Nothing of it is accepted, and the line is named."""
    (tmp_path / "pairs").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as raised:
        read_accepted(tmp_path / "pairs", SOURCES)
    assert [*raised.value.problems] == [problem]


def test_what_people_cut_after_acceptance_is_counted():
    """A proposal that was accepted and then cut says how good proposals are; a cut of anything else does not."""
    entries = [
        decision(1, LogAction.LINK, LogRule.PROPOSAL),
        decision(2, LogAction.LINK, LogRule.PROPOSAL),
        decision(3, LogAction.LINK),
        decision(1, LogAction.CUT),
        decision(3, LogAction.CUT),
        decision(3, LogAction.WITHDRAW),
    ]
    assert count_decisions(entries) == {"accepted": 2, "linked": 1, "cut": 2, "withdrawn": 1, "cut_after_acceptance": 1}


@pytest.mark.mongodb
async def test_proposals_are_accepted_by_a_person_and_by_a_rule(tmp_path: Path, mongodb_uri: str, mongodb_database: str):
    """Accepted pairs are one customer in the report and proposed no more; a pair that was cut is not proposed either."""
    pairs = [*doubled_people(120)]
    write_people(tmp_path / "crm.csv", [own.crm for own in pairs])
    write_people(tmp_path / "shop.csv", [own.shop for own in pairs])
    mongodb = f'[mongodb]\nuri = "{mongodb_uri}"\ndatabase = "{mongodb_database}"\ntimeout_ms = 20000\n'
    config = str(write_settings(tmp_path, mongodb))
    first = run("propose", "--config", config)
    assert first.returncode == 0, first.stderr
    lines = first.stdout.splitlines(keepends=True)
    (tmp_path / "accepted.txt").write_text("".join(lines[:10]), encoding="utf-8")
    by_person = run("propose", "--config", config, "--accept", str(tmp_path / "accepted.txt"), "--who", "anna")
    assert (by_person.stdout, by_person.stderr) == ("", "10 links are accepted; 0 were links before; 0 stay cut.\n")
    cut = [tuple(line.split("\t")[:2]) for line in lines[10:13]]
    await _append_cuts(mongodb_uri, mongodb_database, cut)
    by_rule = run("propose", "--config", config, "--accept-over", "0.99", "--who", "nightly")
    accepted = by_rule.stdout.splitlines()
    likely = [line for line in lines[13:] if float(line.split("\t")[2]) >= 0.99]
    assert [line.split("\t")[:2] for line in accepted] == [line.split("\t")[:2] for line in likely]
    joined = [line for line in likely if "would be withheld" not in line]
    assert 0 < len(joined) < len(likely)
    assert f"{len(joined)} links are accepted" in by_rule.stderr
    report = json.loads(run("report", "--config", config, "--json").stdout)
    linked = 10 + len(joined)
    assert report["sizes"] == {"1": 240 - 2 * linked, "2": linked}
    assert report["links"] == {"proposal": linked}
    assert report["decisions"] == {"accepted": linked, "linked": 0, "cut": 3, "withdrawn": 0, "cut_after_acceptance": 0}


async def _append_cuts(uri: str, database: str, pairs: Sequence[tuple[str, ...]]) -> None:
    store = Store(MongoSettings(uri=uri, database=database, timeout_ms=20_000), Clock())
    await store.open()
    records = [pair_of(*(RecordId(*own.split(":")) for own in node_ids)) for node_ids in pairs]
    cuts = [
        LogEntry(
            time=NOON + timedelta(hours=1), action=LogAction.CUT, records=own, rule=LogRule.OPERATOR, who="bo", reason="twins"
        )
        for own in records
    ]
    await store.identity_log.append(cuts)
    await store.aclose()


def test_accepting_needs_a_store(tmp_path: Path):
    """Without MongoDB there is nothing to write to, and the command says so."""
    for name in SOURCES:
        write_people(tmp_path / f"{name}.csv", [])
    (tmp_path / "accepted.txt").write_text("crm:1\tshop:2\n", encoding="utf-8")
    done: subprocess.CompletedProcess[str] = run(
        "propose", "--config", str(write_settings(tmp_path)), "--accept", str(tmp_path / "accepted.txt")
    )
    assert (done.returncode, done.stderr) == (2, "mongodb: links are stored there; add its table to the settings\n")
