"""Decide which records are one customer: a function of the records and their links, whatever order they came in.

Links are taken from the strongest reason to the weakest, and in the order of the record ids. Each joins its two sides,
unless that would break a cut, a limit or a contradiction: then it is withheld, which costs the link and not the customer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import combinations
from types import MappingProxyType

import msgspec

from connectors.contract import KeyKind
from gateway.identity.decisions import LogRule, Pair
from gateway.identity.records import IdentityLimits, IdentityRecord, Key, RecordId, kinds_beyond, limited_keys


class LinkBasis(StrEnum):
    """Why two records may be one customer, the strongest reason first: a kind of key, or what people decided."""

    EXTERNAL_ID = KeyKind.EXTERNAL_ID.value
    OPERATOR = "operator"
    MEMBER_NUMBER = KeyKind.MEMBER_NUMBER.value
    EMAIL = KeyKind.EMAIL.value
    PROPOSAL = "proposal"
    PHONE = KeyKind.PHONE.value
    DEVICE_ID = KeyKind.DEVICE_ID.value


_BASES: tuple[LinkBasis, ...] = tuple(LinkBasis)

STRENGTH = {KeyKind(basis.value): place for place, basis in enumerate(_BASES) if basis.value in tuple(KeyKind)}
"""The place of a kind of key from the strongest reason on."""

DECIDED_STRENGTH = {rule: _BASES.index(LinkBasis[rule.name]) for rule in LogRule}
"""The place of what people decided."""

SHARED_BASES = frozenset({LinkBasis.PHONE, LinkBasis.DEVICE_ID})
"""Keys that people share or hand on. They link only where no stronger link, nor one of their own kind, can be missing."""


OneWay = Mapping[str, Collection[KeyKind]]
"""The kinds of keys by which records of a source are linked and not found, by source: it may have more of them."""

NOTHING_ONE_WAY: OneWay = MappingProxyType({})

NOTHING_DECIDED: Mapping[Pair, LogRule] = MappingProxyType({})


class WithheldReason(StrEnum):
    """Why a link joins nothing."""

    CUT = "CUT"
    SHARED_KEY = "SHARED_KEY"
    BIRTH_DATE = "BIRTH_DATE"
    MEMBER_NUMBER = "MEMBER_NUMBER"
    RECORDS_PER_SOURCE = "RECORDS_PER_SOURCE"
    RECORDS_PER_CUSTOMER = "RECORDS_PER_CUSTOMER"
    KEYS_PER_KIND = "KEYS_PER_KIND"
    TWO_PEOPLE = "TWO_PEOPLE"
    UNCONFIRMED = "UNCONFIRMED"


class Link(msgspec.Struct, frozen=True, order=True):
    """Two records with a reason to be one customer. The records are in order."""

    strength: int
    records: tuple[RecordId, RecordId]

    @property
    def by(self) -> LinkBasis:
        return _BASES[self.strength]


class WithheldLink(msgspec.Struct, frozen=True):
    """A link that joins nothing. A shared key has one record here, for those that share it are not read.

    Nor are others that have a key of a record with too many.
    """

    by: LinkBasis
    records: tuple[RecordId, ...]
    reason: WithheldReason


class Component(msgspec.Struct, frozen=True):
    """The records of one customer in order, the links between them, and those that would lead to others."""

    records: tuple[RecordId, ...]
    links: tuple[Link, ...] = ()
    withheld: tuple[WithheldLink, ...] = ()


def links_between(
    records: Iterable[IdentityRecord],
    shared: Collection[Key] = frozenset(),
    decided: Mapping[Pair, LogRule] = NOTHING_DECIDED,
) -> list[Link]:
    """Link the records that have a key in common, but for `shared` ones, and those of which people `decided` it.

    Two records have one link, the strongest.
    """
    known = set[RecordId]()
    holders: dict[Key, list[RecordId]] = {}
    for record in records:
        known.add(record.id)
        for key in record.keys:
            if key not in shared:
                holders.setdefault(key, []).append(record.id)
    strongest: dict[tuple[RecordId, RecordId], int] = {}
    for key, ids in holders.items():
        for pair in combinations(sorted(set(ids)), 2):
            strength = STRENGTH[key.kind]
            strongest[pair] = min(strength, strongest.get(pair, strength))
    for pair, rule in decided.items():
        if known.issuperset(pair):
            strength = DECIDED_STRENGTH[rule]
            strongest[pair] = min(strength, strongest.get(pair, strength))
    return [Link(strength, pair) for pair, strength in strongest.items()]


def resolve(
    records: Iterable[IdentityRecord],
    links: Iterable[Link],
    limits: IdentityLimits,
    shared: Collection[Key] = frozenset(),
    one_way: OneWay = NOTHING_ONE_WAY,
    cuts: Collection[Pair] = (),
) -> list[Component]:
    """Put records together by their links. The components are in the order of their first records."""
    known = {record.id: record for record in records}
    apart: dict[RecordId, set[RecordId]] = {}
    for one_id, other_id in cuts:
        apart.setdefault(one_id, set()).add(other_id)
        apart.setdefault(other_id, set()).add(one_id)
    sides = {id_: _Side([record], one_way, apart.get(id_, set())) for id_, record in known.items()}
    reasons: dict[Link, WithheldReason] = {}
    ordered = sorted(links)
    for link in ordered:
        one, other = map(sides.__getitem__, link.records)
        if one is other:
            continue
        reason = _reason(link, one, other, limits)
        if reason is not None:
            reasons[link] = reason
            if reason is WithheldReason.UNCONFIRMED:
                one.doubt(link.strength)
                other.doubt(link.strength)
            continue
        one.join(other)
        for record in other.records:
            sides[record.id] = one
    return _components(known, sides, ordered, reasons, shared, limits)


def components_of(components: Iterable[Component], records: Collection[RecordId]) -> list[Component]:
    """List the components that hold any of the records."""
    return [component for component in components if not set(records).isdisjoint(component.records)]


class _Side:
    """Records that have been joined so far. `doubtful_from` is the strength from which on more records may belong to it."""

    def __init__(self, records: list[IdentityRecord], one_way: OneWay, apart: Collection[RecordId]) -> None:
        self.records = records
        self.apart = frozenset(apart)
        self._one_way = one_way
        self.keys: Mapping[str, set[str]] = limited_keys(key for record in records for key in record.keys)
        self.open_from = min((STRENGTH[kind] for record in records for kind in record.open_kinds), default=len(_BASES))
        self.doubtful_from = len(_BASES)

    def doubt(self, strength: int) -> None:
        self.doubtful_from = min(self.doubtful_from, strength)

    def join(self, other: _Side) -> None:
        self.records += other.records
        self.apart |= other.apart
        self.keys = _merged(self.keys, other.keys)
        self.open_from = min(self.open_from, other.open_from)
        self.doubtful_from = min(self.doubtful_from, other.doubtful_from)

    def is_known(self, link: Link) -> bool:
        """Tell whether no link can be missing that would forbid this one."""
        if link.by not in SHARED_BASES:
            return True
        sources = {record.id.source for record in self.records}
        unseen = [STRENGTH[kind] for source, kinds in self._one_way.items() if source not in sources for kind in kinds]
        return link.strength < min(self.open_from, self.doubtful_from, *unseen)


def _reason(link: Link, one: _Side, other: _Side, limits: IdentityLimits) -> WithheldReason | None:
    """Say why two sides must not be joined."""
    if one.apart and not one.apart.isdisjoint(record.id for record in other.records):
        return WithheldReason.CUT
    records = [*one.records, *other.records]
    if len({record.birth_date for record in records if record.birth_date}) > 1:
        return WithheldReason.BIRTH_DATE
    if len({record.member_number for record in records if record.member_number}) > 1:
        return WithheldReason.MEMBER_NUMBER
    counts: dict[str, int] = {}
    for record in records:
        counts[record.id.source] = counts.get(record.id.source, 0) + 1
    if max(counts.values()) > limits.records_per_source:
        return WithheldReason.RECORDS_PER_SOURCE
    if len(records) > limits.records:
        return WithheldReason.RECORDS_PER_CUSTOMER
    if kinds_beyond(_merged(one.keys, other.keys), limits):
        return WithheldReason.KEYS_PER_KIND
    if link.by is LinkBasis.DEVICE_ID and all(any(record.is_person for record in side.records) for side in (one, other)):
        return WithheldReason.TWO_PEOPLE
    return None if one.is_known(link) and other.is_known(link) else WithheldReason.UNCONFIRMED


def _merged(one: Mapping[str, set[str]], other: Mapping[str, set[str]]) -> dict[str, set[str]]:
    return {name: one.get(name, set()) | other.get(name, set()) for name in {*one, *other}}


def _components(
    known: Mapping[RecordId, IdentityRecord],
    sides: Mapping[RecordId, _Side],
    links: Sequence[Link],
    reasons: Mapping[Link, WithheldReason],
    shared: Collection[Key],
    limits: IdentityLimits,
) -> list[Component]:
    inside: dict[_Side, list[Link]] = {}
    leading_out: dict[_Side, list[WithheldLink]] = {}
    for link in links:
        one, other = (sides[id_] for id_ in link.records)
        if one is other:
            inside.setdefault(one, []).append(link)
        else:
            for side in (one, other):
                leading_out.setdefault(side, []).append(WithheldLink(link.by, link.records, reasons[link]))
    components: list[Component] = []
    for side in dict.fromkeys(sides[id_] for id_ in sorted(known)):
        own = tuple(sorted(record.id for record in side.records))
        withheld = [*leading_out.get(side, ())]
        for id_ in own:
            places = {STRENGTH[key.kind] for key in known[id_].keys if key in shared}
            withheld += [WithheldLink(_BASES[place], (id_,), WithheldReason.SHARED_KEY) for place in sorted(places)]
        beyond = sorted(STRENGTH[kind] for kind in kinds_beyond(side.keys, limits))  # of one record: it was joined to none
        withheld += [WithheldLink(_BASES[place], own, WithheldReason.KEYS_PER_KIND) for place in beyond]
        components.append(Component(own, tuple(inside.get(side, ())), tuple(withheld)))
    return components
