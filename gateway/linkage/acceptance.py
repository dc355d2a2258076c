"""Accept proposals: write links to the identity log, with rule PROPOSAL. What a person has cut stays cut."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

import msgspec

from connectors.errors import ConfigurationError
from gateway.identity.decisions import Decisions, LogAction, LogEntry, LogRule, Pair, decisions_of, pair_of
from gateway.identity.node_ids import SEPARATOR
from gateway.identity.records import RecordId
from gateway.linkage.proposals import Proposal
from gateway.stitching.decision_log import DecisionLog

MAX_RECORDS = 1_000
"""About how many records the log is read at a time."""

MAX_LINKS = 1_000
"""How many links are written at a time."""


class Acceptance(msgspec.Struct, frozen=True):
    """What came of accepting: pairs that are links from now on, that were links before, that people have cut."""

    linked: int
    known: int
    cut: int


class AcceptedPair(msgspec.Struct, frozen=True):
    """Two records that are accepted as one person, and the reason that the log gives."""

    records: Pair
    reason: str


class _Line(msgspec.Struct):
    """A printed proposal, as it is read again."""

    records: tuple[str, str]
    probability: float | None = None


async def read_entries(log: DecisionLog, records: Iterable[RecordId]) -> list[LogEntry]:
    """Read all entries about records, in the order of the log."""
    entries: dict[tuple[int, int], LogEntry] = {}
    left = iter(records)
    while some := [*islice(left, MAX_RECORDS)]:
        entries |= {entry.position: entry for entry in await log.about(some)}
    return [entries[position] for position in sorted(entries)]


async def accept(log: DecisionLog, pairs: Sequence[AcceptedPair], who: str, now: datetime) -> Acceptance:
    """Write links for pairs that are neither linked nor cut."""
    decisions = decisions_of(await read_entries(log, dict.fromkeys(id_ for pair in pairs for id_ in pair.records)))
    wanted = {pair.records: pair for pair in pairs}
    new = [pair for records, pair in wanted.items() if not _is_decided(records, decisions)]
    for start in range(0, len(new), MAX_LINKS):
        await log.append([_entry(pair, who, now) for pair in new[start : start + MAX_LINKS]])
    cut = sum(records in decisions.cuts for records in wanted)
    return Acceptance(linked=len(new), known=len(wanted) - len(new) - cut, cut=cut)


def _is_decided(records: Pair, decisions: Decisions) -> bool:
    return records in decisions.links or records in decisions.cuts


def _entry(pair: AcceptedPair, who: str, now: datetime) -> LogEntry:
    return LogEntry(time=now, action=LogAction.LINK, records=pair.records, rule=LogRule.PROPOSAL, who=who, reason=pair.reason)


def accepted_over(proposals: Iterable[Proposal], probability: float) -> list[AcceptedPair]:
    """Accept by a rule: what is at least so likely, and would join its records."""
    return [
        AcceptedPair(_pair(proposal.records), _reason(proposal.probability))
        for proposal in proposals
        if proposal.probability >= probability and proposal.withheld is None
    ]


def read_accepted(path: Path, sources: Collection[str]) -> list[AcceptedPair]:
    """Read a file of printed proposals, as lines or as JSON: all that is left in it is accepted.

    Raises `ConfigurationError` for what names no two records of these sources.
    """
    text = path.read_text("utf-8")
    problems: list[str] = []
    pairs: list[AcceptedPair] = []
    for number, line in _lines(text, path.name):
        unknown = [id_ for id_ in line.records if not _names_record(id_, sources)]
        if unknown or line.records[0] == line.records[1]:
            problems.append(
                f"{path.name}:{number}: this names no two records; leave two ids such as crm:7 as they were printed"
            )
        else:
            pairs.append(AcceptedPair(_pair(line.records), _reason(line.probability)))
    if problems:
        raise ConfigurationError(problems)
    return pairs


def _lines(text: str, name: str) -> Iterator[tuple[int, _Line]]:
    if text.lstrip().startswith("["):
        try:
            yield from enumerate(msgspec.json.decode(text, type=list[_Line]), 1)
        except msgspec.MsgspecError:
            raise ConfigurationError([f"{name}: this is no list of proposals in JSON"]) from None
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            one, other, probability, *_ = *line.split("\t"), "", "", ""
            yield number, _Line((one.strip(), other.strip()), _number(probability))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _names_record(id_: str, sources: Collection[str]) -> bool:
    source, separator, own_id = id_.partition(SEPARATOR)
    return bool(separator and own_id) and source in sources


def _pair(records: Sequence[str]) -> Pair:
    one, other = (RecordId(source, own_id) for source, _, own_id in (id_.partition(SEPARATOR) for id_ in records))
    return pair_of(one, other)


def _reason(probability: float | None) -> str:
    return "proposed" if probability is None else f"proposed with probability {probability:.6f}"


def count_decisions(entries: Iterable[LogEntry]) -> Mapping[str, int]:
    """Count what the log says: accepted proposals, links of people, what was withdrawn, and cut after it was accepted."""
    counts = {"accepted": 0, "linked": 0, "cut": 0, "withdrawn": 0, "cut_after_acceptance": 0}
    accepted: set[Pair] = set()
    for entry in entries:
        counts[_count_of(entry)] += 1
        if entry.rule is LogRule.PROPOSAL and entry.action is LogAction.LINK:
            accepted.add(entry.records)
        elif entry.action is LogAction.CUT and entry.records in accepted:
            counts["cut_after_acceptance"] += 1
            accepted.remove(entry.records)
    return counts


def _count_of(entry: LogEntry) -> str:
    if entry.action is LogAction.LINK:
        return "accepted" if entry.rule is LogRule.PROPOSAL else "linked"
    return "cut" if entry.action is LogAction.CUT else "withdrawn"
