"""Random fields of one's own, and records that have values of them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from connectors.own_fields import OWNERS, FieldClass, OwnField, OwnType
from connectors.record_fields import all_fields, fields_of, narrow
from connectors.records import OrderItem, Record
from connectors.testing.memory import Served

ENUM = ("GOLD", "SILVER")

VALUES: dict[OwnType, Callable[[Random], Any]] = {
    OwnType.STRING: lambda random: random.choice(["", "a", "tea"]),
    OwnType.INT: lambda random: random.randint(-3, 2**31 - 1),
    OwnType.DECIMAL: lambda random: Decimal(random.randint(-500, 500)) / 8,
    OwnType.BOOLEAN: lambda random: random.random() < 0.5,
    OwnType.DATETIME: lambda random: datetime(2026, 6, 1, tzinfo=UTC) + timedelta(hours=random.randint(0, 99)),
    OwnType.MONEY: lambda random: {"amount": Decimal(random.randint(0, 9_999)) / 100, "currency": "EUR"},
    OwnType.ENUM: lambda random: random.choice([*ENUM, "UNKNOWN"]),
    OwnType.LIST: lambda random: random.choices(["x", "y", ""], k=random.randint(0, 3)),
}


def draw_own_fields(random: Random, prefix: str) -> tuple[OwnField, ...]:
    """Draw up to three fields for each record, and for items. The prefix keeps their names apart from those of other draws."""
    return tuple(
        OwnField(
            owner=owner,
            name=f"{prefix}_{number}",
            type=(type_ := random.choice(list(OwnType))),
            description="drawn",
            field_class=random.choice(list(FieldClass)),
            values=ENUM if type_ is OwnType.ENUM else (),
        )
        for owner in OWNERS
        for number in range(random.randint(0, 3))
    )


def with_own_fields(served: Served, fields: Sequence[OwnField], random: Random) -> Served:
    """Give three of four records values of their declared fields, the same wherever one of them is found."""
    drawn: dict[tuple[type[Record], str], Record] = {}

    def dressed(record: Record) -> Record:
        known = drawn.get((type(record), record.id))
        if known is None:
            whole = narrow(type(record), all_fields(type(record)))
            plain = msgspec.to_builtins(record, builtin_types=(datetime, Decimal)) | _drawn(fields, type(record), random)
            for item in plain.get("items", ()):
                item |= _drawn(fields, OrderItem, random)
            known = drawn[type(record), record.id] = msgspec.convert(plain, whole)
        return known

    return {place: {key: [*map(dressed, held)] for key, held in keys.items()} for place, keys in served.items()}


def _drawn(fields: Sequence[OwnField], owner: type[Any], random: Random) -> dict[str, Any]:
    """Values of the owner's own fields, by their names in JSON."""
    names = [field for field in fields if OWNERS[field.owner] is owner and random.random() < 0.75]
    return {fields_of(owner)[field.name].json_name: VALUES[field.type](random) for field in names}
