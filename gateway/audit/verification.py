"""Verify all chains: in MongoDB, in the spool, and against the heads that the log has."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from gateway.audit.chain_check import ChainCheck, Finding, Tampering
from gateway.audit.entry import Person
from gateway.audit.entry_batch import NONCE_BYTES, commitment_of
from gateway.audit.journal import read_blocks
from gateway.audit.link import AuditLink, ChainHead
from gateway.audit.sealed_head import HeadError, SealedHead, SealedHeads
from gateway.audit.spool import (
    BROKEN,
    CLOSED,
    HEAD,
    OPEN,
    SEALED,
    UNREADABLE,
    Spool,
    SpoolLine,
    is_sealed,
    read_lines,
    read_segment_name,
)
from gateway.audit.stores import LinkStore, PeopleStore, StoredLink
from gateway.clock import Clock

SILENCE = timedelta(minutes=5)
"""A process writes a link every minute, so it has died if nothing came of its chain for so long."""

ChainState = Literal["ended", "running", "crashed", "cut"]


class ChainSummary(msgspec.Struct, frozen=True):
    """What there is of a chain.

    One that `crashed` has no end, though its process is gone. Retention left nothing of one that was `cut`. Of `unsealed`
    entries there are no links yet.
    """

    chain: str
    state: ChainState
    first: int
    last: int | None
    entries: int
    lost: int
    seen_at: datetime | None
    unsealed: int = 0


class Verification(msgspec.Struct, frozen=True):
    """What was found. Of so many `commitments`, those that are `erased` name nobody any more."""

    chains: Sequence[ChainSummary]
    findings: Sequence[Finding]
    commitments: int
    erased: int


class SpoolContent(msgspec.Struct):
    """What a spool holds: links by chain, people by commitment, how far chains are sealed, and how many entries are not."""

    links: defaultdict[str, list[AuditLink]] = msgspec.field(default_factory=lambda: defaultdict(list))
    people: dict[str, Person] = {}
    heads: dict[str, SealedHead] = {}
    unsealed: Counter[str] = msgspec.field(default_factory=Counter)
    findings: list[Finding] = []

    def add_links(self, lines: Iterable[SpoolLine]) -> None:
        """Add what is sealed."""
        for line in lines:
            self.links[line.link.chain].append(line.link)
            self.people |= {person.commitment: person for person in line.people}


class Verifier:
    """Verifies chains with their key."""

    def __init__(self, key: bytes, links: LinkStore, people: PeopleStore, spool: Spool, clock: Clock) -> None:
        self._key = key
        self._links = links
        self._people = people
        self._spool = spool
        self._clock = clock

    async def verify(self, heads: Iterable[ChainHead] = ()) -> Verification:
        """Verify all chains. The heads must have been read before. Raises `StoreError` and `OSError`."""
        seen: dict[str, defaultdict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        for head in heads:
            seen[head.chain][head.seq].add(head.mac)
        spooled = read_spool(self._spool, self._key)  # before MongoDB: what leaves the spool meanwhile is there then
        for own in spooled.heads.values():
            seen[own.chain][own.seq].add(own.mac)
        chains = sorted({*await self._links.list_chains(), *spooled.links, *spooled.unsealed, *seen})
        checks = [await self._check(ChainCheck(own, self._key, seen.get(own)), spooled.links.get(own, [])) for own in chains]
        findings = [*spooled.findings, *(finding for check in checks for finding in check.findings)]
        strangers = await self._links.count_strangers()
        if strangers:
            findings.append(Finding("", None, Tampering.INSERTED, f"{strangers} documents among the links are of no chain"))
        genuine, changed = await self._count_people(spooled.people)
        if changed:
            findings.append(Finding("", None, Tampering.EDITED, f"{changed} documents name others than was committed to"))
        commitments = sum(check.commitments for check in checks)
        summaries = [self._summarise(check, spooled.unsealed[check.chain]) for check in checks]
        return Verification(summaries, findings, commitments, max(0, commitments - genuine))

    async def _check(self, check: ChainCheck, spooled: list[AuditLink]) -> ChainCheck:
        last = await self._links.read_last_seq(check.chain)  # what is added from now on may be seen in part
        checkpoint = await self._links.read_checkpoint(check.chain)
        if checkpoint is not None:
            check.begin_with_checkpoint(checkpoint)
        waiting = sorted(spooled, key=lambda link: link.seq, reverse=True)
        async for stored in self._links.read(check.chain):
            if stored.link is not None and stored.link.seq > last:
                break
            while waiting and stored.link is not None and waiting[-1].seq <= stored.link.seq:
                check.add(_unstored(waiting.pop()))
            check.add(stored)
        while waiting:
            check.add(_unstored(waiting.pop()))
        check.finish()
        return check

    def _summarise(self, check: ChainCheck, unsealed: int) -> ChainSummary:
        last = check.last
        seen_at = None if last is None else last.at
        state: ChainState = "ended" if check.is_ended else "crashed" if check.first == 0 or seen_at is not None else "cut"
        if state == "crashed" and self._lives(check.chain, seen_at):
            state = "running"
        return ChainSummary(
            check.chain, state, check.first, None if last is None else last.seq, check.entries, check.lost, seen_at, unsealed
        )

    def _lives(self, chain: str, seen_at: datetime | None) -> bool:
        return self._spool.is_alive(chain) or (seen_at is not None and self._clock.now() - seen_at < SILENCE)

    async def _count_people(self, spooled: dict[str, Person]) -> tuple[int, int]:
        """Count the people who are those of their commitments, and those who are not."""
        genuine = changed = 0
        left = dict(spooled)
        async for person in self._people.read():
            if person is not None:
                left.pop(person.commitment, None)
            if person is not None and _is_committed(person):
                genuine += 1
            else:
                changed += 1
        own = sum(map(_is_committed, left.values()))
        return genuine + own, changed + len(left) - own


def read_spool(spool: Spool, key: bytes) -> SpoolContent:
    """Read all that is in a spool. What has gone to MongoDB since it was listed is left out."""
    content, heads = SpoolContent(), SealedHeads(spool, key)

    def read_head(path: Path) -> None:
        head = heads.read_head(path.name.removesuffix(HEAD))
        content.heads |= {} if head is None else {head.chain: head}

    def count_unsealed(path: Path) -> None:
        """Count entries, unless they are sealed, and somebody died before their segment was removed."""
        (chain, number), lines = read_segment_name(path), spool.read_requests(path)
        if is_sealed(lines):
            content.add_links(read_lines(lines))
            return
        head = content.heads.get(chain)
        if (head is None or head.segment < number) and not path.with_suffix(SEALED).exists():
            content.unsealed[chain] += sum(len(requests) for _, requests in read_blocks(lines))

    def read_links(path: Path) -> None:
        content.add_links(spool.read(path))

    # Links last: a head is there after them, and requests become them meanwhile.
    for endings, read in (((HEAD,), read_head), ((OPEN, CLOSED), count_unsealed), ((SEALED, BROKEN), read_links)):
        for path in spool.list_segments(*endings):
            try:
                read(path)
            except FileNotFoundError:
                continue
            except (HeadError, ValueError, *UNREADABLE):
                chain, reason = path.name.partition(".")[0], f"{path.name} in the spool is not what was written there"
                content.findings.append(Finding(chain, None, Tampering.UNREADABLE, reason))
    return content


def _unstored(link: AuditLink) -> StoredLink:
    return StoredLink(f"{link.chain} {link.seq}", link)


def _is_committed(person: Person) -> bool:
    """Tell whether it is him. What is hashed is no longer than it was: a part of the id could stand in the nonce."""
    return len(person.nonce) == NONCE_BYTES and commitment_of(person.nonce, person.customer.encode()) == person.commitment
