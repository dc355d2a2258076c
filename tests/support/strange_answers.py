"""Strange records: drawn field by field from the shape of a record, most of them good, some as no source should give them."""

from datetime import datetime
from decimal import Decimal
from numbers import Number
from random import Random
from typing import Any

import msgspec

from connectors.record_fields import LIST, FieldInfo, Fields, fields_of

MISSING_SHARE = 0.02
"""How many fields are left out though they are required; of the others a quarter is."""

WRONG_SHARE = 0.02
"""How many values are of no kind that was agreed. A record has many, and one is enough to spoil it."""

WRONG: list[Any] = [None, True, 5, -1.5, "12", "x", [], ["x"], {}, {"id": "x"}, 10**30]

RIGHT: dict[type | None, list[Any]] = {
    str: ["x", "", " ", "李娜", 'a"b\\c\n', "\u2028", "é" * 300],
    int: [0, 1, 5, -1, 2**31 - 1, -(2**31), 2**31, 2**63],
    Number: [0, 1, 5, -1, 0.5, "2.50", 2.0, "3.000", 2**53 - 1, 2**53, "1E+41", "NaN"],
    bool: [True, False],
    Decimal: [
        "12.30",
        "0",
        "-0.005",
        "1E+3",
        "1000000000000000.01",
        12,
        12.5,
        "1e-30",
        "NaN",
        "Infinity",
        "sNaN",
        "1E+40",
        "1E+41",
    ],
    datetime: [
        "2026-06-03T12:00:00Z",
        "2026-06-03T14:00:00+02:00",
        "2026-06-02T22:30:00.123456-05:30",
        "1969-12-31T23:59:59Z",
        "2026-06-03T12:00:00",
        "2026-06-03",
        "2026-06-31T12:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "soon",
    ],
    dict: [{}, {"a": [1, None, {"b": 0.5}]}, {"": ""}, {"a": msgspec.json.decode("[" * 800 + "]" * 800)}],
}
"""Values by the leaf that a field has, as JSON has them. Some can be read in one way only, some cannot."""

NAMED: dict[str, list[Any]] = {
    "id": ["x", "c1", "c2", "oc11", "oc12", "t1", "e1"],
    "email": ["ana@example.com", "LI@example.com", "not an address", ""],
    "phone": ["+5511912345678", "12"],
    "value": ["ana.work@example.org", "+5511912345678", "x"],
    "device_ids": ["d1", "d2", "d1", ""],
    "currency": ["EUR", "EUR", "BRL", "eur", "EURO", ""],
    "country": ["BR", "br", "Brazil"],
    "satisfaction": [1, 5, 0, 6],
}
"""Values by the name of a field: keys that lead on to other sources, and texts of which only some are allowed."""


def strange(random: Random, struct: type[msgspec.Struct], fields: Fields) -> dict[str, Any]:
    """These fields of a record or part, as JSON has them."""
    shown: dict[str, Any] = {}
    wanted = dict(fields)
    for name, shape in fields_of(struct).items():
        if name in wanted and random.random() >= (MISSING_SHARE if shape.required else 0.25):
            shown[shape.json_name] = _value(random, shape, wanted[name])
    return shown


def _value(random: Random, shape: FieldInfo, inner: Fields) -> Any:
    if random.random() < WRONG_SHARE:
        return random.choice(WRONG)
    values = [_one(random, shape, inner) for _ in range(random.randint(0, 3) if shape.form == LIST else 1)]
    return values if shape.form == LIST else values[0]


def _one(random: Random, shape: FieldInfo, inner: Fields) -> Any:
    if shape.struct is not None:
        return strange(random, shape.struct, inner)
    if shape.name in NAMED:
        return random.choice(NAMED[shape.name])
    members = getattr(shape.leaf, "__members__", None)
    if members is not None:
        return random.choice([*members, "not known", "", next(iter(members)).lower(), f" {next(iter(members))} "])
    return random.choice(RIGHT[shape.leaf])
