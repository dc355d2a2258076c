"""Define a pack: facts measure records, tags are rules over facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256

import cel
import msgspec

from connectors.contract import Condition, MeasureOp
from connectors.records import RECORD_NAMES, Record


class TagCategory(StrEnum):
    """The subject of a tag."""

    LIFECYCLE = "LIFECYCLE"
    BEHAVIOUR = "BEHAVIOUR"
    VALUE = "VALUE"
    PREFERENCE = "PREFERENCE"
    SATISFACTION = "SATISFACTION"
    SERVICE = "SERVICE"
    ACQUISITION = "ACQUISITION"


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A named aggregate over the records of a customer.

    `window` reaches back from the reference time, None for all time. Money is counted in `currency`; `rates` say how much of
    another currency is one unit of it. `as_days` turns a time into whole days before the reference time.
    """

    name: str
    label: str
    record: type[Record]
    measure: MeasureOp
    field: str | None = None
    window: timedelta | None = None
    where: tuple[Condition, ...] = ()
    currency: str | None = None
    rates: tuple[tuple[str, Decimal], ...] = ()
    as_days: bool = False


class TagDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that gives a customer one value or none.

    `values` is the closed list of values, empty when any value goes. `fact_names` are the facts that `expression` reads,
    sorted. `fingerprint` changes with everything that can change the value. With `purposes` it is given for these alone.
    """

    key: str
    label: str
    description: str
    owner: str
    category: TagCategory
    ttl: timedelta
    version: int
    words: str
    expression: str
    values: tuple[str, ...]
    fact_names: tuple[str, ...]
    fingerprint: str
    program: cel.Program
    purposes: tuple[str, ...] = ()


class Pack(msgspec.Struct, frozen=True):
    """Hold one file's facts by name and tags by key. They are in the order of the file."""

    facts: Mapping[str, Fact]
    tags: Mapping[str, TagDefinition]


def fingerprint_of(version: int, expression: str, values: Sequence[str], facts: Sequence[Fact]) -> str:
    """Name a rule and its facts by twelve hexadecimal digits."""
    rule = (version, expression, values, [_meaning(fact) for fact in sorted(facts, key=lambda fact: fact.name)])
    return sha256(msgspec.json.encode(rule)).hexdigest()[:12]


def _meaning(fact: Fact) -> dict[str, object]:
    fields = msgspec.structs.asdict(fact) | {"record": RECORD_NAMES[fact.record]}
    return {name: value for name, value in fields.items() if name != "label"}
