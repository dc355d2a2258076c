"""Find the customers among all listed records: those that a request would find, without asking for any.

Records that a key connects are gathered in integers alone; only the records of one group at a time are resolved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import msgspec

from connectors.contract import KeyKind
from gateway.identity.records import IdentityLimits, IdentityRecord, Key, RecordId
from gateway.identity.resolution import NOTHING_ONE_WAY, Component, OneWay, links_between, resolve
from gateway.linkage.record_table import RecordTable

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


def write_components(table: RecordTable, rules: ResolutionRules) -> ComponentCounts:
    """Resolve all records, and write the table of members: the component of each record."""
    _write_shared_keys(table, rules)
    component = [*range(table.count + 1)]  # numbers begin with 1
    counts = ComponentCounts()
    counts.sizes[1] = table.count
    _write_groups(table, _groups(table))
    for records, shared in read_groups(table, "groups"):
        numbers = {record.id: number for number, record in records}
        found = resolve(
            [record for _, record in records],
            links_between((record for _, record in records), shared),
            rules.limits,
            shared,
            rules.one_way,
        )
        for own in found:
            _count(own, counts)
            first = numbers[own.records[0]]
            for id_ in own.records:
                component[numbers[id_]] = first
    table.write("members", ("number", "component"), [*enumerate(component)][1:])
    return counts


def _count(component: Component, counts: ComponentCounts) -> None:
    counts.sizes[1] -= len(component.records)
    counts.sizes[len(component.records)] += 1
    counts.links.update(link.by.value for link in component.links)
    own = [link for link in component.withheld if link.records[0] in component.records]
    counts.withheld.update(link.reason.value for link in own)


def _write_shared_keys(table: RecordTable, rules: ResolutionRules) -> None:
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


def _groups(table: RecordTable) -> list[int]:
    """Give each record the number of its group: the smallest one that keys connect it with."""
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
    for one, other in table.rows(statement):
        roots = sorted((find_root(one), find_root(other)))
        parent[roots[1]] = roots[0]
    return [find_root(number) for number in range(table.count + 1)]


def _write_groups(table: RecordTable, groups: Sequence[int]) -> None:
    sizes = Counter(groups)
    table.write("groups", ("number", "first"), [(number, first) for number, first in enumerate(groups) if sizes[first] > 1])


def read_groups(table: RecordTable, groups: str) -> Iterator[tuple[list[tuple[int, IdentityRecord]], set[Key]]]:
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
        yield records, shared


def _identity_record(id_: RecordId, keys: Sequence[Key], birth_date: str | None) -> IdentityRecord:
    number = next((key.value for key in keys if key.kind is KeyKind.MEMBER_NUMBER), None)
    return IdentityRecord(id=id_, keys=frozenset(keys), member_number=number, birth_date=birth_date)
