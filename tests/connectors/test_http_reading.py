"""Whatever answers the fast way reads, it reads as the way row by row does."""

import os
from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import datetime
from decimal import Decimal
from numbers import Number
from random import Random
from typing import Any

import msgspec
import pytest

from connectors.contract import Ask, KeyKind
from connectors.errors import SourceError
from connectors.http.lookup import HttpLookup
from connectors.http.settings import HttpSettings
from connectors.record_fields import LEAF, LIST, OBJECT, FieldInfo, Fields, all_fields, fields_of, narrow
from connectors.records import RECORDS
from gateway.lookups.source_call import decode_records, validate_records
from tests.support.strange_answers import NAMED

MAPPINGS = int(os.environ.get("READING_MAPPINGS", "400"))
SHARDS = 4
ANSWERS = 12
"""How many answers each mapping reads."""

CHAINS = [
    "a",
    "b",
    "c",
    "a.b",
    "b.a",
    "d.e",
    "d.e.f",
    "d.g",
    '"odd name"',
    "id",
    "total",
    "total.value",
    "placedAt",
    "created_at",
]

RIGHT: dict[type | None, list[Any]] = {
    str: ["x", "", "李娜", 'a"b\\c\n', "12"],
    bool: [True, False],
    int: [0, 1, 5, 2**31 - 1],
    Number: [0, 1, 5, 2, 0.5, "2.50", 3.0],
    Decimal: ["12.30", "0", "-0.005", "1E+2", "1E+50", "NaN", 12, 12.5, -3, 97.0, 1e22, 1e-7, 0.1 + 0.2],
    datetime: ["2026-06-03T12:00:00Z", "2026-06-03T14:00:00+02:00", "2026-06-02T22:30:00.123456-05:30", "1969-12-31T23:59:59Z"],
    dict: [{}, {"a": [1, None, {"b": 0.5}]}],
}
"""Values as most sources write them, by the leaf of a field."""

ODD: list[Any] = [
    None, "", " ", True, 5, 0.5, 7.0, "12", " 12 ", "1e3", "NaN", 2**31, 10**30, "eur", [], {}, ["x", None],
    [None, {"id": "x"}], {"id": "x"}, 1714557600, "2026-06-03T12:00:00", "2026-06-03",
    "2026-06-03t12:00:00z", "0001-01-01T00:00:00+14:00",
]  # fmt: skip
"""Values that some fields can be read from, after a conversion, and some cannot."""


class Drawing:
    """A mapping of a record, and rows as a source would write them for it."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.name = random.choice(list(RECORDS))
        self.record = RECORDS[self.name]
        self.odd_share = 0.0

    def rules(self) -> dict[str, Any]:
        """Settings of the record."""
        own = self._part_rules(self.record, 0.5)
        own["lists"] = {
            shape.name: self._list_rules(shape)
            for shape in fields_of(self.record).values()
            if _is_parts(shape) and self._by(0.6)
        }
        with_time = self.record.time_field is not None
        order = self.random.choice(["none", "newest_first", "oldest_first"]) if with_time else "none"
        return own | {
            "list": self.random.choice(["@", "rows", "data.rows"]),
            "order": order,
            "keys": {"customer_id": self._lookup()},
        }

    def _lookup(self) -> dict[str, Any]:
        several = {"path": "/all?of={keys}&n={first}", "key": self.random.choice(["owner", "owner.key", "id"])}
        lookup = self.random.choice([{"path": "/{key}"}, {"path": "/{key}?n={first}"}, several])
        return lookup | ({"records": "records"} if self._by(0.3) else {})

    def _list_rules(self, shape: FieldInfo) -> dict[str, Any]:
        assert shape.struct is not None
        rules = self._part_rules(shape.struct, 0.4)
        rules["outer"] = {path: self._chain() for path, _ in _paths(shape.struct) if self._by(0.1)}
        return rules | ({"list": self._chain()} if self._by(0.4) else {})

    def _part_rules(self, struct: type[msgspec.Struct], share: float) -> dict[str, Any]:
        fields: dict[str, str] = {}
        values: dict[str, dict[str, str]] = {}
        for path, shape in _paths(struct):
            if shape.form == LEAF and self._by(share / 10):
                fields[path] = self._literal(shape)
            elif self._by(share):
                fields[path] = self._chain()
            members = getattr(shape.leaf, "__members__", None)
            if members is not None and self._by(0.3):
                values[path] = {"x": self.random.choice(list(members)), "12": self.random.choice(list(members))}
            elif shape.form == LEAF and shape.leaf is str and self._by(0.1):
                values[path] = {"x": "X", "eur": "EUR", "": "nothing"}
        return {"fields": fields, "values": values}

    def _literal(self, shape: FieldInfo) -> str:
        return f"`{msgspec.json.encode(self._right(shape)).decode()}`"

    def _chain(self) -> str:
        return self.random.choice([*CHAINS, f"z{self.random.randrange(30)}", f"y.z{self.random.randrange(30)}"])

    def _by(self, share: float) -> bool:
        return self.random.random() < share

    def answer(self, rules: Mapping[str, Any]) -> Any:
        """An answer of a source with these rules."""
        self.odd_share = self.random.choice([0, 0, 0.01, 0.05])
        lookup = rules["keys"]["customer_id"]
        rows = []
        for _ in range(self.random.randint(0, 4)):
            inner = [self._row(self.record, rules, None) for _ in range(self.random.randint(0, 3))]
            row = {"records": inner} if "records" in lookup else self._row(self.record, rules, None)
            if "key" in lookup:
                _put(row, lookup["key"].split("."), self.random.choice(["k1", "k2", "k3", "k1", 7, None]))
            rows.append(None if self._by(0.03) else row)
        answer: Any = rows
        for name in reversed([] if rules["list"] == "@" else rules["list"].split(".")):
            answer = {name: answer, "more": 1}
        return answer

    def _row(self, struct: type[msgspec.Struct], rules: Mapping[str, Any], outer: dict[str, Any] | None) -> dict[str, Any]:
        row: dict[str, Any] = {"unread": [1]}
        for path, shape in _paths(struct):
            if self._by(0.1 if shape.required else 0.2):
                continue
            value = self._value(shape, rules, row)
            around = rules.get("outer", {}).get(path)
            expression = around or rules.get("lists", {}).get(path, {}).get("list") or rules["fields"].get(path)
            place = outer if around and outer is not None else row
            if expression is None:
                _put(place, self._named(path, rules, struct), value)
            elif not expression.startswith("`"):
                _put(place, [name.strip('"') for name in expression.split(".")], value)
        return row

    def _named(self, path: str, rules: Mapping[str, Any], struct: type[msgspec.Struct]) -> list[str]:
        """Where a field without an expression is: under one of its names, in the object around it."""
        parent, _, name = path.rpartition(".")
        above = rules["fields"].get(parent)
        here = self._named(parent, rules, struct) if parent and above is None else []
        json_name = name.split("_")[0] + "".join(word.title() for word in name.split("_")[1:])
        return [
            *(one.strip('"') for one in (above or "").split(".") if one),
            *here,
            self.random.choice([json_name, json_name, name]),
        ]

    def _value(self, shape: FieldInfo, rules: Mapping[str, Any], row: dict[str, Any]) -> Any:
        if self._by(self.odd_share):
            return deepcopy(self.random.choice(ODD))
        if shape.form == OBJECT:
            return {}
        if shape.form != LIST:
            return self._right(shape)
        inner = rules.get("lists", {}).get(shape.name, {"fields": {}})
        one = (lambda: self._right(shape)) if shape.struct is None else (lambda: self._row(shape.struct, inner, row))
        return [None if self._by(0.05) else one() for _ in range(self.random.randint(0, 2))]

    def _right(self, shape: FieldInfo) -> Any:
        if shape.name in NAMED and shape.name not in ("device_ids", "satisfaction", "currency", "country"):
            return self.random.choice(NAMED[shape.name])
        if shape.name in ("currency", "country", "satisfaction"):
            return {"currency": "EUR", "country": "BR", "satisfaction": 3}[shape.name]
        members = getattr(shape.leaf, "__members__", None)
        if members is not None:
            return self.random.choice([*members, "x", "not known", next(iter(members)).lower()])
        return deepcopy(self.random.choice(RIGHT[shape.leaf]))


def _is_parts(shape: FieldInfo) -> bool:
    return shape.form == LIST and shape.struct is not None


def _paths(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Fields by path, objects before what is in them; nothing of what is inside lists."""
    for shape in fields_of(struct).values():
        yield prefix + shape.name, shape
        if shape.form == OBJECT and shape.struct is not None:
            yield from _paths(shape.struct, f"{prefix}{shape.name}.")


def _put(row: dict[str, Any], chain: list[str], value: Any) -> None:
    """Put a value where a path leads, unless something else is in its way."""
    for name in chain[:-1]:
        row = row.setdefault(name, {})
        if not isinstance(row, dict):
            return
    if not (isinstance(row.get(chain[-1]), dict) and value == {}):
        row[chain[-1]] = value


def selection(random: Random, fields: Fields) -> Fields:
    """Some of these fields, and all that is inside most of them."""
    kept = [(name, selection(random, inner) if inner.items else inner) for name, inner in fields if random.random() < 0.6]
    return Fields(tuple(kept)) if kept else fields


def slowly(route: HttpLookup, content: bytes, keys: list[str], ask: Ask) -> dict[str, Any]:
    """What the way row by row comes to: the records of each key, and how many of them had to be dropped."""
    rows: dict[str, Any] = {}
    route.add_rows(msgspec.json.decode(content), keys, rows)
    pages = {key: own if isinstance(own, SourceError) else route.page(own, ask, None) for key, own in rows.items()}
    return {
        key: page if isinstance(page, SourceError) else decode_records(page.records, narrow(route.record, ask.fields))[:2]
        for key, page in pages.items()
    }


def written(value: Any) -> Any:
    """A value as JSON has it, amounts in their digits."""
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    match value:
        case Decimal():
            return f"{value:f}"
        case dict():
            return {name: written(part) for name, part in value.items()}
        case list() | tuple():
            return [written(item) for item in value]
    return value


def compare(seed: str) -> tuple[int, int, list[str]]:
    """How many answers one drawn mapping read the fast way, of how many; and what was read otherwise."""
    random = Random(seed)
    drawing = Drawing(random)
    rules = drawing.rules()
    settings = HttpSettings.model_validate({"base_url": "http://source", "records": {drawing.name: rules}})
    record_rules = settings.records[drawing.name]
    (lookup,) = record_rules.keys.values()
    route = HttpLookup(drawing.name, record_rules, KeyKind.CUSTOMER_ID, lookup, settings)
    fast, found = 0, []
    for _ in range(ANSWERS):
        fields = selection(random, all_fields(drawing.record)) | Fields.from_paths("id")
        shown = random.random() < 0.5
        ask = Ask(fields=fields, first=random.choice([None, None, 1, 2]), oldest_first=random.random() < 0.3, shown=shown)
        content = msgspec.json.encode(drawing.answer(rules))
        keys = ["k1"] if lookup.one_key else ["k1", "k2", "7"]
        route._seen.add((fields, shown))
        pages = route.read(content, keys, ask)
        if pages is None:
            continue
        fast += 1
        quick = {key: validate_records(page.records, narrow(route.record, ask.fields))[:2] for key, page in pages.items()}
        try:
            slow: Any = slowly(route, content, keys, ask)
        except SourceError as error:
            slow = error
        # Amounts that are only shown may be text.
        if (quick != slow and not shown) or written(quick) != written(slow):
            found.append(f"{seed}: {rules}\n{content.decode()}\n{ask}\nfast: {quick}\nslow: {slow}\n")
    return fast, ANSWERS, found


@pytest.mark.parametrize("shard", range(SHARDS))
def test_both_ways_read_the_same(shard: int):
    """Random mappings and answers, right ones and odd ones: not one difference in what the fast way reads, which is much."""
    read = asked = 0
    for number in range(MAPPINGS // SHARDS):
        fast, answers, found = compare(f"{shard} {number}")
        assert found == []
        read, asked = read + fast, asked + answers
    assert read > asked / 10
