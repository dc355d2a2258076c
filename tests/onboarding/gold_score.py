"""Compare the settings that `init` wrote with a gold mapping: by what both give for the same keys, field by field.

A field that is proposed and gives another value than each of the right ones is wrong, however its query is written.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from connectors.contract import RECORD_KEYS, Connector, KeyKind, Lookup
from connectors.record_fields import LIST, fields_of, leaves_of
from connectors.records import RECORDS, Customer, Record
from connectors.testing.fetches import fetch, json_of
from connectors.testing.listings import walk
from gateway.lookups.connector_registry import build_connectors
from gateway.settings import SourceSettings
from tests.onboarding.gold_mapping import Gold

MAX_KEYS = 300
"""So many keys of each kind are compared."""

MIN_SHARE = 0.98
"""A field is there if it has so many of the values that are to be had."""

CENT = Decimal("0.006")

Rows = dict[str, Record]


class Score(msgspec.Struct):
    """Paths of fields, such as `order.total.amount`, and of keys, such as `order.keys.email`, by how they were found."""

    name: str
    right: list[str] = []
    missed: list[str] = []
    wrong: dict[str, str] = {}
    scrubbed_right: list[str] = []
    scrubbed_missed: list[str] = []
    extra: list[str] = []
    empty: list[str] = []

    @property
    def share(self) -> float:
        """How much of what is needed is proposed."""
        return len(self.right) / max(1, len(self.right) + len(self.missed))

    def lines(self) -> list[str]:
        """Write it for people."""
        needed = len(self.right) + len(self.missed)
        scrubbed = len(self.scrubbed_right) + len(self.scrubbed_missed)
        return [
            f"## {self.name}: {len(self.wrong)} wrong, {len(self.right)} of {needed} ({self.share:.0%})"
            + (f", {len(self.scrubbed_right)} of {scrubbed} scrubbed" if scrubbed else ""),
            "",
            *(f"- wrong: {path}: {why}" for path, why in sorted(self.wrong.items())),
            *(f"- missed: {path}" for path in sorted(self.missed)),
            *(f"- missed, scrubbed: {path}" for path in sorted(self.scrubbed_missed)),
            *(f"- right, not needed: {path}" for path in sorted(self.extra)),
            *(f"- empty in the data: {path}" for path in sorted(self.empty)),
            "",
        ]

    def note(self, path: str, group: str, is_right: bool) -> None:
        """Count a field of the mapping."""
        if group == "optional":
            self.extra += [path] if is_right else []
        elif group == "scrubbed":
            (self.scrubbed_right if is_right else self.scrubbed_missed).append(path)
        else:
            (self.right if is_right else self.missed).append(path)


def build_source(settings: Mapping[str, Any]) -> Connector[Any]:
    """Build the connector of one source's settings."""
    (connector,) = build_connectors({"compared": SourceSettings.model_validate(settings)})
    return connector


async def score_settings(gold: Gold, proposed: Mapping[str, Any], url: str) -> Score:
    """Score the settings of a source that `init` wrote. `url` is the database, or the folder of files."""
    variants = [build_source(gold.source(number, url)) for number in range(gold.variants)]
    kept = build_source(gold.source(0, url, without_dropped=True))
    mine = build_source(proposed) if proposed["records"] else None
    connectors = [*variants, kept, *([mine] if mine else [])]
    try:
        for connector in connectors:
            await connector.open()
        return await Comparison(gold, variants, kept, mine).run()
    finally:
        for connector in connectors:
            await connector.aclose()


class Comparison:
    """The comparison of one proposal with the variants of a mapping."""

    def __init__(
        self, gold: Gold, variants: Sequence[Connector[Any]], kept: Connector[Any], proposed: Connector[Any] | None
    ) -> None:
        self._gold, self._variants, self._kept, self._proposed = gold, variants, kept, proposed
        self._score = Score(gold.title)

    async def run(self) -> Score:
        await self._compare_listings()
        names = [*self._gold.records, *(name for name in RECORDS if name not in self._gold.records)]
        for name in names:
            mine = _lookups(self._proposed, RECORDS[name])
            if name in self._gold.records:
                await self._compare_record(name, mine)
            elif mine:
                await self._note_stranger(name, mine)
        return self._score

    async def _compare_listings(self) -> None:
        """Whoever is listed as a customer is one."""
        right, mine = [await _listed_ids(connector) for connector in (self._variants[0], self._proposed)]
        if further := mine - right:
            self._score.wrong["customer.rows"] = f"{len(further)} of {len(mine)} are no customers"

    async def _compare_record(self, name: str, mine: Mapping[KeyKind, Lookup]) -> None:
        record, gold = RECORDS[name], self._gold.records[name]
        rights: list[Rows] = [{} for _ in self._variants]
        found: Rows = {}
        for kind, lookup in _lookups(self._variants[0], record).items():
            keys = [own.key for own in (await lookup.sample(MAX_KEYS)).keys] if lookup.sample else []
            by_variant = [await _fetched(own, record, kind, keys) for own in self._variants]
            for rows, answer in zip(rights, by_variant, strict=True):
                rows |= _by_id(answer)
            answer = await _fetched(self._proposed, record, kind, keys)
            found |= _by_id(answer)
            droppable = _by_id(by_variant[0]).keys() - _by_id(await _fetched(self._kept, record, kind, keys)).keys()
            self._compare_key(f"{name}.keys.{kind.value}", keys, by_variant, answer, droppable, kind in mine, gold.is_optional)
        known = {*gold.keys, *gold.optional_keys}
        for kind in mine:
            if kind not in known and kind not in RECORD_KEYS and kind is not KeyKind.TEXT:
                self._score.wrong[f"{name}.keys.{kind.value}"] = "is no key of these records"
        if not (gold.is_optional and not found):
            self._compare_fields(name, rights, found)

    def _compare_key(
        self,
        path: str,
        keys: Sequence[str],
        rights: Sequence[Mapping[str, Sequence[Record]]],
        mine: Mapping[str, Sequence[Record]],
        droppable: set[str],
        proposed: bool,
        optional: bool,
    ) -> None:
        ids = [{key: {row.id for row in rows} for key, rows in answer.items()} for answer in rights]
        own = {key: {row.id for row in mine.get(key, ())} for key in keys}
        strange = [key for key in keys if not any(own[key] <= right.get(key, set()) for right in ids)]
        lacking = [key for key in keys if not any(right.get(key, set()) - droppable <= own[key] for right in ids)]
        if strange:
            self._score.wrong[path] = f"{len(strange)} of {len(keys)} keys find other records"
        elif not keys:
            self._score.empty.append(path)
        else:
            self._score.note(path, "optional" if optional else "needed", proposed and not lacking)

    def _compare_fields(self, name: str, rights: Sequence[Rows], mine: Rows) -> None:
        record, gold, groups = RECORDS[name], self._gold.records[name], self._gold.paths(name)
        differing = {path for path in groups if path.replace(".", "_") in gold.may_differ}
        every = {id_: [rows[id_] for rows in rights if id_ in rows] for id_ in set().union(*rights)}
        ids = every.keys() & mine.keys()
        for path in leaf_paths(record):
            right = {id_: [value_at(row, path) for row in every[id_]] for id_ in ids or every}
            own = {id_: value_at(mine[id_], path) for id_ in ids}
            self._compare_field(f"{name}.{path}", groups.get(path), right, own, path in differing, gold.is_optional)

    def _compare_field(
        self,
        path: str,
        group: str | None,
        right: Mapping[str, Sequence[Any]],
        own: Mapping[str, Any],
        differs: bool,
        optional: bool,
    ) -> None:
        given = {id_: value for id_, value in own.items() if value is not None}
        if group is None:
            if given:
                self._score.wrong[path] = f"has no such field: {len(given)} of {len(own)} records have one"
            return
        known = {id_: values for id_, values in right.items() if values and values[0] is not None}
        strange = [id_ for id_, value in given.items() if not any(_is_same(value, own) for own in right[id_])]
        if strange and not differs:
            self._score.wrong[path] = f"{len(strange)} of {len(own)} records have another value"
        elif not known:
            self._score.empty += [path] if group != "optional" else []
        else:
            there = len(given.keys() & known.keys()) >= MIN_SHARE * len(known)
            self._score.note(path, "optional" if optional else group, there)

    async def _note_stranger(self, name: str, mine: Mapping[KeyKind, Lookup]) -> None:
        """Every field of a record that the database does not have is wrong."""
        rows: Rows = {}
        for kind, lookup in mine.items():
            keys = [own.key for own in (await lookup.sample(MAX_KEYS)).keys] if lookup.sample else []
            rows |= _by_id(await _fetched(self._proposed, RECORDS[name], kind, keys))
        for path in leaf_paths(RECORDS[name]):
            if any(value_at(row, path) is not None for row in rows.values()):
                self._score.wrong[f"{name}.{path}"] = "the database has no such records"


def leaf_paths(record: type[Record]) -> list[str]:
    """List the paths of a record's fields, and of those of its lists."""
    return list(leaves_of(record))


def value_at(row: msgspec.Struct, path: str) -> Any:
    """Read a value. Of a list it is a counter of its items' values. What means "none", or is a default, is None."""
    name, _, rest = path.partition(".")
    field, value = fields_of(type(row))[name], getattr(row, name)
    if field.form == LIST:
        values = Counter(_plain(value_at(item, rest) if rest else item) for item in value)
        return values if any(own is not None for own in values) else None
    if rest:
        return None if value is None else value_at(value, rest)
    if value is None or value == field.default or value == {}:
        return None
    return None if isinstance(value, StrEnum) and value == "UNKNOWN" else value


def _plain(value: Any) -> Any:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return round(Decimal(value), 2)
    return value if value.__hash__ else str(value)


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, Counter) and isinstance(other, Counter):
        return one == other or _are_near(one, other)
    if isinstance(one, int | Decimal) and isinstance(other, int | Decimal):
        return abs(Decimal(one) - Decimal(other)) < CENT
    return bool(one == other)


def _are_near(one: Counter[Any], other: Counter[Any]) -> bool:
    """Tell whether two lists of amounts differ by roundings alone."""
    mine, others = sorted(filter(_is_amount, one.elements())), sorted(filter(_is_amount, other.elements()))
    return 0 < len(mine) == one.total() == len(others) == other.total() and max(
        abs(a - b) for a, b in zip(mine, others, strict=True)
    ) <= Decimal("0.011")


def _is_amount(value: Any) -> bool:
    return isinstance(value, Decimal)


def _lookups(connector: Connector[Any] | None, record: type[Record]) -> dict[KeyKind, Lookup]:
    return {own.by: own for own in connector.lookups() if own.record is record} if connector else {}


def _by_id(answer: Mapping[str, Iterable[Record]]) -> Rows:
    return {row.id: row for rows in answer.values() for row in rows}


async def _fetched(
    connector: Connector[Any] | None, record: type[Record], kind: KeyKind, keys: Sequence[str]
) -> Mapping[str, Sequence[Record]]:
    lookup = _lookups(connector, record).get(kind)
    pages = await fetch(lookup, keys) if lookup and keys else {}
    return {key: list(_readable(record, msgspec.json.decode(json_of(page)))) for key, page in pages.items()}


def _readable(record: type[Record], rows: Iterable[Any]) -> Iterator[Record]:
    """Read the rows as the gateway does: a value that cannot be read costs itself, or its record if that needs it."""
    for row in rows:
        while True:
            try:
                yield msgspec.convert(row, record)
            except msgspec.ValidationError as error:
                path = re.findall(r"\w+", str(error).rpartition("$")[2])
                inner = row
                for step in path[:-1]:
                    inner = inner[int(step) if step.isdigit() else step]
                if inner.pop(path[-1], None) is None:
                    break
            else:
                break


async def _listed_ids(connector: Connector[Any] | None) -> set[str]:
    listers = [own for own in connector.listings() if own.record is Customer] if connector else []
    return {row["id"] for lister in listers async for _, rows in walk(lister, lister.max_first) for row in rows}
