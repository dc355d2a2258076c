"""Generated people in five sources, as trouble has them, and who they are by a plain union-find over all records."""

from collections.abc import Sequence
from itertools import combinations
from random import Random
from typing import NamedTuple

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from tests.support.known_people import knowing, person

FINDS = {
    "crm": ["customer_id", "external_id", "email", "phone"],
    "shop": ["customer_id", "email", "phone"],
    "pay": ["customer_id", "external_id", "email"],
    "desk": ["customer_id", "email", "phone"],
    "club": ["customer_id", "member_number", "email"],
}
TRUSTS = {"club": ["external_id", "member_number", "email"]}
"""The club states ids of the shop and is not found by them."""
STRENGTHS = ["external_id", "member_number", "email", "phone"]
BUSY_PHONE = "+441632960000"

Id = tuple[str, str]
Key = tuple[str, str]


class Entry(NamedTuple):
    """A record, whose it is in truth, and the keys that link it."""

    id: Id
    person: int
    record: r.Customer
    keys: frozenset[Key]


class Population(NamedTuple):
    entries: dict[Id, Entry]
    components: dict[Id, frozenset[Id]]

    @staticmethod
    def of(seed: int, people: int) -> "Population":
        random = Random(seed)
        entries: dict[Id, Entry] = {}
        for number in range(people):
            for source, record in _records(random, number, people):
                entry = Entry((source, record.id), number, record, _keys(source, record))
                entries[entry.id] = entry
        return Population(entries, _components(entries))

    def connectors(self) -> list[MemoryConnector]:
        return [
            knowing(
                source, [entry.record for id_, entry in self.entries.items() if id_[0] == source], list(map(KeyKind, finds))
            )
            for source, finds in FINDS.items()
        ]

    def holders(self, key: Key) -> set[frozenset[Id]]:
        """The customers with a key, of the records that are found by it."""
        return {self.components[id_] for id_, entry in self.entries.items() if key in entry.keys and key[0] in FINDS[id_[0]]}


def _records(random: Random, number: int, people: int) -> list[tuple[str, r.Customer]]:
    """The records of one person: in some of the sources, linked by one key or another, in a star or in a chain of four."""
    sources = random.sample(list(FINDS), random.choice([1, 2, 3, 3, 4, 5]))
    ids = {source: f"{number}" if random.random() < 0.5 else f"{source[0]}{number}" for source in sources}
    is_chain = len(sources) <= 4 and random.random() < 0.3
    birth = f"{1950 + number % 50}-0{1 + number % 9}-11" if random.random() < 0.5 else None
    records = []
    for place, source in enumerate(sources):
        words = {
            "birth_date": birth if random.random() < 0.7 else None,
            "phone": _phone(random, number, people, source),
            "member_number": f"M-{number:04}" if source == "club" and random.random() < 0.9 else None,
            "ids": _stated(random, source, ids),
        }
        emails = _chained(number, place) if is_chain else _emails(random, number)
        records.append((source, person(ids[source], email=next(iter(emails), None), emails=emails[1:], **words)))
    return records


def _chained(number: int, place: int) -> list[str]:
    return [f"p{number}.{own}@example.com" for own in (place, place + 1)]


def _emails(random: Random, number: int) -> list[str]:
    """One address, in any letters, with an alias, or the alias alone."""
    alias, chance = f"p{number}+alias@example.com", random.random()
    if chance < 0.75:
        own = f"P{number}@Example.com" if random.random() < 0.3 else f"p{number}@example.com"
        return [own, alias] if random.random() < 0.2 else [own]
    return [alias] if chance < 0.9 else []


def _phone(random: Random, number: int, people: int, source: str) -> str | None:
    """A number of one's own, one that somebody else had before, or that of an office where about fifty people work."""
    chance = random.random()
    if source == "crm" and number < 80:
        return BUSY_PHONE
    return f"+4416329{number if chance < 0.4 else random.randrange(people):05}" if chance < 0.45 else None


def _stated(random: Random, source: str, ids: dict[str, str]) -> list[str]:
    others = [other for other in ids if other != source]
    if not others or random.random() >= {"crm": 0.4, "pay": 0.4, "club": 0.6}.get(source, 0):
        return []
    other = "shop" if source == "club" and "shop" in others else random.choice(others)
    return [f"{other}:{ids[other]}"]


def _keys(source: str, record: r.Customer) -> frozenset[Key]:
    own = {("external_id", f"{source}:{record.id}")}
    told = {
        "external_id": [f"{external.source}:{external.id}" for external in record.external_ids],
        "member_number": [record.member_number],
        "email": [record.email, *(point.value for point in record.contact_points)],
        "phone": [record.phone],
    }
    trusted = TRUSTS.get(source, FINDS[source])
    return frozenset(
        own | {(kind, key.lower() if kind == "email" else key) for kind in told if kind in trusted for key in told[kind] if key}
    )


def _components(entries: dict[Id, Entry]) -> dict[Id, frozenset[Id]]:
    """Join the pairs of records with a key in common, the strongest first, unless a rule forbids it."""
    by_key: dict[Key, list[Id]] = {}
    for id_, entry in entries.items():
        for key in entry.keys:
            by_key.setdefault(key, []).append(id_)
    pairs = {
        (STRENGTHS.index(kind), one, other)
        for (kind, _), ids in by_key.items()
        if not _is_shared(kind, ids)
        for one, other in combinations(sorted(ids), 2)
    }
    joined = {id_: frozenset([id_]) for id_ in entries}
    for _, one, other in sorted(pairs):
        both = joined[one] | joined[other]
        if joined[one] is not joined[other] and _may_be_one([entries[id_] for id_ in both]):
            joined |= dict.fromkeys(both, both)
    return joined


def _is_shared(kind: str, ids: Sequence[Id]) -> bool:
    """More than one record of a source that is found by the key."""
    sources = [source for source, _ in ids if kind in FINDS[source]]
    return len(sources) > len(set(sources))


def _may_be_one(entries: Sequence[Entry]) -> bool:
    days = {entry.record.birth_date for entry in entries} - {None}
    numbers = {entry.record.member_number for entry in entries} - {None}
    addresses = {key for entry in entries for kind, key in entry.keys if kind == "email"}
    phones = {key for entry in entries for kind, key in entry.keys if kind == "phone"}
    sources = [source for source, _ in (entry.id for entry in entries)]
    return (
        len(days) <= 1 and len(numbers) <= 1 and len(addresses) <= 5 and len(phones) <= 5 and len(sources) == len(set(sources))
    )
