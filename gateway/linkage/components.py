"""Find the customers among all listed records: those that a request would find, without asking for any.

Records that a key connects are gathered in integers alone; only the records of one group at a time are resolved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from typing import NamedTuple

import msgspec

from connectors.contract import KeyKind
from gateway.identity.decisions import NO_DECISIONS, Decisions, LogRule, Pair
from gateway.identity.records import IdentityLimits, IdentityRecord, Key, RecordId
from gateway.identity.resolution import NOTHING_ONE_WAY, Component, Link, OneWay, links_between, resolve
from gateway.linkage.linkage_table import LinkageTable

MAX_HOLDERS = 1_000
"""A key that more records have links nobody here: they are too many to look at each two of them."""


class ResolutionRules(msgspec.Struct, frozen=True, kw_only=True):
    """What decides which records are one customer.

    `found_by` are the kinds of keys that each source is asked by, `owners` the sources that find the ids of a system.
    """

    limits: IdentityLimits
    max_sharers: int = 1
    found_by: Mapping[str, Iterable[KeyKind]] = {}
    owners: Mapping[str, Iterable[str]] = {}
    one_way: OneWay = NOTHING_ONE_WAY


class ComponentCounts(msgspec.Struct, kw_only=True):
    """The customers that were found: how many of which size, links by kind, withheld links by reason."""

    sizes: Counter[int] = msgspec.field(default_factory=Counter)
    links: Counter[str] = msgspec.field(default_factory=Counter)
    withheld: Counter[str] = msgspec.field(default_factory=Counter)


class ListedDecisions:
    """What people decided about the listed records, to be read for some of them."""

    def __init__(self, decisions: Decisions = NO_DECISIONS) -> None:
        self.links = decisions.links
        self.cuts = decisions.cuts
        self._of: dict[RecordId, list[Pair]] = {}
        for pair in (*decisions.links, *decisions.cuts):
            for id_ in pair:
                self._of.setdefault(id_, []).append(pair)

    def between(self, records: Iterable[IdentityRecord]) -> tuple[dict[Pair, LogRule], set[Pair]]:
        """Give the links and the cuts that are about these records."""
        pairs = {pair for record in records for pair in self._of.get(record.id, ())}
        return {pair: self.links[pair] for pair in pairs & self.links.keys()}, pairs & self.cuts


def write_components(table: LinkageTable, rules: ResolutionRules, decisions: ListedDecisions | None = None) -> ComponentCounts:
    """Resolve all records, and write the table of members: the component of each record."""
    decided = decisions or ListedDecisions()
    _write_shared_keys(table, rules)
    component = [*range(table.count + 1)]  # numbers begin with 1
    counts = ComponentCounts()
    counts.sizes[1] = table.count
    _write_groups(table, _groups(table, decided.links))
    for group in read_groups(table, "groups"):
        numbers = {record.id: number for number, record in group.records}
        for own in group.resolve(rules, decided):
            _count(own, counts)
            first = numbers[own.records[0]]
            for id_ in own.records:
                component[numbers[id_]] = first
    table.write("members", ("number", "component"), [*enumerate(component)][1:])
    return counts


class Group(NamedTuple):
    """Records that may be of one customer, with their numbers, and their keys that link nobody."""

    records: Sequence[tuple[int, IdentityRecord]]
    shared: frozenset[Key]

    def resolve(self, rules: ResolutionRules, decisions: ListedDecisions, proposed: Sequence[Link] = ()) -> list[Component]:
        """Resolve them to customers, as if the `proposed` links were accepted."""
        records = [record for _, record in self.records]
        links, cuts = decisions.between(records)
        found = {link.records: link for link in (*proposed, *links_between(records, self.shared, links))}
        return resolve(records, found.values(), rules.limits, self.shared, rules.one_way, cuts)


def _count(component: Component, counts: ComponentCounts) -> None:
    counts.sizes[1] -= len(component.records)
    counts.sizes[len(component.records)] += 1
    counts.links.update(link.by.value for link in component.links)
    own = [link for link in component.withheld if link.records[0] in component.records]
    counts.withheld.update(link.reason.value for link in own)


def _write_shared_keys(table: LinkageTable, rules: ResolutionRules) -> None:
    """Write the keys that link nobody, because a source finds several records by them, or too many records have them.

    An id at a system is no key by which the source is asked that is this system.
    """
    table.write("finders", ("source", "kind"), [(name, kind.value) for name, kinds in rules.found_by.items() for kind in kinds])
    table.write("owners", ("system", "source"), [(system, name) for system, names in rules.owners.items() for name in names])
    table.connection.execute(
        f"""
        CREATE TABLE shared AS
        SELECT kind, value FROM keys JOIN records USING (number) JOIN finders USING (source, kind)
        WHERE kind <> '{KeyKind.EXTERNAL_ID.value}' OR (split_part(value, ':', 1), source) NOT IN (FROM owners)
        GROUP BY source, kind, value HAVING count(DISTINCT number) > {rules.max_sharers:d}
        UNION
        SELECT kind, value FROM keys WHERE links GROUP BY kind, value HAVING count(*) > {MAX_HOLDERS}
        """
    )


def _groups(table: LinkageTable, links: Iterable[Pair]) -> list[int]:
    """Give each record the number of its group: the smallest one that keys or decided links connect it with."""
    parent = [*range(table.count + 1)]

    def find_root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    statement = """
        SELECT * FROM (
            SELECT min(number) OVER (PARTITION BY kind, value) AS one, number AS other
            FROM keys ANTI JOIN shared USING (kind, value) WHERE links
        ) WHERE one <> other
    """
    for one, other in chain(table.rows(statement), _numbers_of(table, links)):
        roots = sorted((find_root(one), find_root(other)))
        parent[roots[1]] = roots[0]
    return [find_root(number) for number in range(table.count + 1)]


def _numbers_of(table: LinkageTable, pairs: Iterable[Pair]) -> Iterator[tuple[int, int]]:
    """Give the numbers of pairs of records that are both listed."""
    table.write("pairs", ("source_l", "id_l", "source_r", "id_r"), [(*one, *other) for one, other in pairs])
    yield from table.rows(
        "SELECT l.number, r.number FROM pairs JOIN records AS l ON source_l = l.source AND id_l = l.id "
        "JOIN records AS r ON source_r = r.source AND id_r = r.id ORDER BY ALL"
    )


def _write_groups(table: LinkageTable, groups: Sequence[int]) -> None:
    sizes = Counter(groups)
    table.write("groups", ("number", "first"), [(number, first) for number, first in enumerate(groups) if sizes[first] > 1])


def read_groups(table: LinkageTable, groups: str) -> Iterator[Group]:
    """Read the records of one group after the other, in the order of their first numbers, with their keys that are shared."""
    statement = f"""
        SELECT first, number, source, id, birth_date, kind, value, shared.kind IS NOT NULL
        FROM {groups} JOIN records USING (number) JOIN keys USING (number) LEFT JOIN shared USING (kind, value)
        WHERE links ORDER BY first, number, kind, value
    """
    for _, rows in groupby(table.rows(statement), key=lambda row: row[0]):
        shared: set[Key] = set()
        records = []
        for number, own in groupby(rows, key=lambda row: row[1]):
            held = [*own]
            keys = [Key(KeyKind(kind), value) for *_, kind, value, _ in held]
            shared.update(key for key, row in zip(keys, held, strict=True) if row[-1])
            _, _, source, id_, birth_date, *_ = held[0]
            records.append((number, _identity_record(RecordId(source, id_), keys, birth_date)))
        yield Group(records, frozenset(shared))


def _identity_record(id_: RecordId, keys: Sequence[Key], birth_date: str | None) -> IdentityRecord:
    number = next((key.value for key in keys if key.kind is KeyKind.MEMBER_NUMBER), None)
    return IdentityRecord(id=id_, keys=frozenset(keys), member_number=number, birth_date=birth_date)
