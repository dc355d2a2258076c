"""Define a pack: facts measure records, tags are rules over facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Any

import cel
import msgspec

from connectors.contract import Condition, MeasureOp
from connectors.records import RECORD_NAMES, Record
from gateway.tags.action_rules import ActionRule, leaving_keys
from gateway.tags.expressions.thresholds import Threshold
from gateway.tags.score_definitions import Score, ScorecardDefinition
from gateway.tags.segment_keys import SEGMENT_PREFIX, segment_tag


class TagCategory(StrEnum):
    """The subject of a tag."""

    LIFECYCLE = "LIFECYCLE"
    BEHAVIOUR = "BEHAVIOUR"
    VALUE = "VALUE"
    PREFERENCE = "PREFERENCE"
    SATISFACTION = "SATISFACTION"
    SERVICE = "SERVICE"
    ACQUISITION = "ACQUISITION"


class TagType(StrEnum):
    """What the value of a tag is. An enum is one of its `values`, a list holds texts, a date is a day in UTC."""

    BOOLEAN = "BOOLEAN"
    ENUM = "ENUM"
    NUMBER = "NUMBER"
    TEXT = "TEXT"
    LIST = "LIST"
    DATE = "DATE"


class DerivedMeasure(StrEnum):
    """What is worked out from several measures, or from the records themselves."""

    DISTINCT = "distinct"
    INTERVAL = "interval"
    NEXT = "next"
    SHARE = "share"
    TREND = "trend"
    SPREAD = "spread"
    STREAK = "streak"
    SESSIONS = "sessions"
    SESSION_LENGTH = "session_length"


FactMeasure = MeasureOp | DerivedMeasure


class ItemWeight(StrEnum):
    """What counts where the most frequent value is asked for."""

    LINES = "lines"
    PIECES = "pieces"
    MONEY = "money"


class TimeForm(StrEnum):
    """What a time is turned into: whole days until it, the hour of the day, or the day."""

    DAYS_UNTIL = "days_until"
    HOUR = "hour"
    DAY = "day"


Labels = tuple[tuple[str, str], ...]
"""A label by language."""


class Fact(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """A named aggregate over the records of a customer.

    `window` reaches back from the reference time, None for all time, to `window_to` before it. `months` are whole calendar
    months in `timezone` (None for UTC), 0 the present one. `since_first` is so long from the customer's first record. Money is
    counted in `currency`; `rates` say how much of another currency is one unit of it. `as_days` turns a time into whole days
    before the reference time. Only the items of a list count that meet `part_where`. `share_of` says which records a share is
    of, `weight` what counts for `top`. A session ends after `inactivity`; `by_device` tells those of devices apart. `time_form`
    turns times into something else; hours and days are those in `timezone`. `labels` has the label by language, the first of
    the file first, where it has any.
    """

    name: str
    label: str
    record: type[Record]
    measure: FactMeasure
    field: str | None = None
    window: timedelta | None = None
    where: tuple[Condition, ...] = ()
    currency: str | None = None
    rates: tuple[tuple[str, Decimal], ...] = ()
    as_days: bool = False
    window_to: timedelta | None = None
    months: int | None = None
    timezone: str | None = None
    since_first: timedelta | None = None
    part_where: tuple[Condition, ...] = ()
    share_of: tuple[Condition, ...] = ()
    weight: ItemWeight = ItemWeight.LINES
    inactivity: timedelta | None = None
    by_device: bool = False
    time_form: TimeForm | None = None
    labels: Labels = ()


class TagExample(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's facts by name, and the value that the rule gives for them. Facts that are not named measure nothing.

    `file` is that of an included one.
    """

    facts: Mapping[str, Any]
    value: str | None
    line: int = 0
    file: str | None = None


class TagWords(msgspec.Struct, frozen=True, kw_only=True):
    """What people read of a tag in one language. None is what that language does not have. `values` are labels of values."""

    label: str | None = None
    description: str | None = None
    words: str | None = None
    values: Mapping[str, str] = {}


class TagDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that gives a customer one value or none.

    `values` is the closed list of values, empty when any value goes. `fact_names` are the facts that `expression` reads,
    sorted, with those of the scores that it reads; `thresholds` those that it reads. `fingerprint` changes with everything that
    can change the value. `times` are the facts among them that are times, `fact_labels` the labels of those that have some by
    language. With `purposes` it is given for these alone. `review` is the day by which its owner looks at the rule again.
    `label`, `description`, `words` and `value_labels` are without a language, or in the first of the file; `translations` has
    all by language. `tag_names` are the tags that the rule of a segment reads: they are computed first, and their facts are
    among `fact_names`. `first_thresholds` are those that a file which includes the rule's own has set to another value, as its
    own file has them: its words and examples go by these.
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
    type: TagType = TagType.TEXT
    thresholds: tuple[Threshold, ...] = ()
    review: date | None = None
    examples: tuple[TagExample, ...] = ()
    value_labels: Mapping[str, str] = {}
    translations: Mapping[str, TagWords] = {}
    score_names: tuple[str, ...] = ()
    times: frozenset[str] = frozenset()
    fact_labels: Mapping[str, Labels] = {}
    tag_names: tuple[str, ...] = ()
    first_thresholds: tuple[Threshold, ...] = ()


class CustomerSegment(msgspec.Struct, frozen=True, kw_only=True):
    """A named group of customers: those whose tag `tag_key` is true, or those of an uploaded list (`is_list`).

    `definition` has what people read of it, and its rule, which nobody computes where it is a list.
    """

    key: str
    definition: TagDefinition
    is_list: bool = False

    @property
    def tag_key(self) -> str:
        return segment_tag(self.key)


class Pack(msgspec.Struct, frozen=True):
    """Hold one file's facts and scores by name, tags, segments and actions by key. They are in the order of the file.

    `tags` has the tags of segments with a condition as well, behind all others.
    """

    facts: Mapping[str, Fact]
    tags: Mapping[str, TagDefinition]
    scores: Mapping[str, Score] = {}
    scorecards: Mapping[str, ScorecardDefinition] = {}
    segments: Mapping[str, CustomerSegment] = {}
    actions: Mapping[str, ActionRule] = {}

    @property
    def own_tags(self) -> Mapping[str, TagDefinition]:
        """Give the tags without those of segments."""
        if not self.segments:
            return self.tags
        return {key: tag for key, tag in self.tags.items() if not key.startswith(SEGMENT_PREFIX)}

    @property
    def leaving(self) -> frozenset[str]:
        """List the tags whose changes are given to those who wait for them."""
        counted = {own.tag_key for own in self.segments.values() if not own.is_list}
        return leaving_keys(self.actions.values()) | counted


def fingerprint_of(
    version: int,
    expression: str,
    values: Sequence[str],
    facts: Sequence[Fact],
    *,
    type_: TagType = TagType.TEXT,
    thresholds: Sequence[Threshold] = (),
) -> str:
    """Name a rule and its facts by twelve hexadecimal digits.

    What was not always there counts only where it is used, so that the stored tags of other rules stay good.
    """
    rule: list[object] = [version, expression, values, [_meaning(fact) for fact in sorted(facts, key=lambda fact: fact.name)]]
    if type_ not in (TagType.TEXT, TagType.ENUM):
        rule.append({"type": type_})
    if thresholds:
        rule.append({"thresholds": {threshold.name: threshold.value for threshold in thresholds}})
    return sha256(msgspec.json.encode(rule)).hexdigest()[:12]


def _meaning(fact: Fact) -> dict[str, object]:
    """Describe what a fact measures. Settings that came later are left out where they are not used, so that names stay."""
    fields = msgspec.structs.asdict(fact) | {"record": RECORD_NAMES[fact.record]}
    return {name: value for name, value in fields.items() if name not in _SAID and value != _LATER.get(name, _UNSET)}


_UNSET = object()
_SAID = ("label", "labels")
"""What people read of a fact. It is none of its meaning."""

_LATER = {
    field.name: field.default
    for field in msgspec.structs.fields(Fact)
    if field.name not in ("name", "label", "record", "measure", "field", "window", "where", "currency", "rates", "as_days")
}
