"""A source that lies: every way to break the connector's contract that costs no time, drawn by chance.

What it says of a key depends on its seed, the question and the key alone. So two who ask at different times, together with
other keys or twice, hear the same.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any

import msgspec

from connectors.contract import Ask, KeyKind, Keys, Measure, Page
from connectors.errors import (
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceRejectedError,
    SourceThrottledError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.record_fields import all_fields
from connectors.records import RECORDS, Record
from connectors.testing import MemoryConnector
from tests.support.strange_answers import strange

FAILURES: list[SourceError] = [
    SourceUnavailableError(),
    SourceTimeoutError(),
    SourceThrottledError(retry_after_s=0),
    SourceAuthError(),
    SourceProtocolError(),
    SourceRejectedError(),
]

NO_ANSWERS: list[Any] = [None, [], "x", b"[]", 5]
"""What is no mapping from keys."""

NO_RECORDS: list[Any] = [
    b"", b"[", b"[]]", b"<html></html>", b"\xff\xfe", b'["\xff"]', b"null", b"5", b'{"id": "o1"}', b"[" * 5_000, b"[1]",
    "[]", 5, True, {}, [{"id": "o1"}], (), [None], Page("[]"), Page(b"[]", -1), Page(b"[]", 1.0), Page(b"[]", "1"),  # type: ignore[arg-type]
]  # fmt: skip
"""What is no page of records."""

TOTALS: list[Any] = [None, 0, 1, 3, 10**6, 2**31 - 1, 2**31, True]

VALUES: list[Any] = [
    None, 0, 7, -1, 0.5, "7", "x", "", True, [], {}, "2026-06-03T12:00:00Z", "2026-06-03T14:00:00+02:00", "2026-06-03T12:00:00",
    [{"amount": "5.00", "currency": "EUR"}], [{"amount": 5, "currency": "BRL"}], [{"amount": "5.00", "currency": "euro"}],
    [{"amount": "x", "currency": "EUR"}], [{"amount": "5.00"}], {"amount": "5.00", "currency": "EUR"}, [None], "NaN",
    2**31 - 1, 2**31, 2**40, "0001-01-01T00:00:00+14:00", [{"amount": "sNaN", "currency": "EUR"}],
    [{"amount": "1E+41", "currency": "EUR"}],
]  # fmt: skip
"""What may stand where a measured value is expected; each is right for some measures at most."""

Told = list[Any]
"""Records as JSON has them; a lie may put anything among them."""


class Lying(MemoryConnector):
    """Tells the truth until `seed` is set."""

    seed: int | None = None

    async def _fetch(self, record: type[Record], by: KeyKind, keys: Keys, ask: Ask) -> Any:
        honest = await super()._fetch(record, by, keys, ask)
        question = msgspec.structs.replace(ask, remaining_s=None)
        lie = partial(self._found, record, by, ask)
        return self._answer(honest, keys, (record.__name__, by, question), lie)

    async def _measure(
        self, record: type[Record], by: KeyKind, keys: Keys, measures: Sequence[Measure], *remaining_s: float | None
    ) -> Any:
        honest = await super()._measure(record, by, keys, measures)
        lie = lambda random, key: _values(random, list(honest[key]))  # noqa: E731
        return self._answer(honest, keys, (record.__name__, by, tuple(measures)), lie)

    def _answer(self, honest: Mapping[str, Any], keys: Keys, question: Any, lie: Callable[[Random, str], Any]) -> Any:
        if self.seed is None:
            return honest
        # Of the whole call by the question alone, for which keys share a call is chance.
        random = Random(f"{self.seed} {self.name} {question}")
        match random.randrange(12):
            case 0:
                raise random.choice([*FAILURES, ValueError("secret"), TimeoutError(), KeyError("secret")])
            case 1:
                return random.choice(NO_ANSWERS)
        answer: dict[Any, Any] = {"not asked": b"[]", "neither": ValueError("secret"), 7: None}
        for key in keys:
            random = Random(f"{self.seed} {self.name} {question} {key}")
            match random.randrange(8):
                case 0 if key in honest:
                    answer[key] = honest[key]
                case 1:
                    answer[key] = random.choice(FAILURES)
                case 2 | 3 | 4 | 5 | 6:
                    answer[key] = lie(random, key)
        return answer

    def _found(self, record: type[Record], by: KeyKind, ask: Ask, random: Random, key: str) -> Any:
        heard = random.choice(HALF_HEARD)(ask)
        page = self._page(record, self.records[record, by].get(key, ()), heard)
        told = msgspec.json.decode(page.records)
        for lie in random.sample(LIES, random.randint(0, 2)):
            told = lie(random, told, record, ask)
        match random.randrange(8):
            case 0:
                return random.choice(NO_RECORDS)
            case 1:
                return _structs(random, told, record)
            case 2:
                return msgspec.json.encode(told)
            case 3:
                return Page(msgspec.json.encode(told), random.choice(TOTALS))
        return Page(msgspec.json.encode(told), page.total)


def _heard(**words: Any) -> Callable[[Ask], Ask]:
    return lambda ask: msgspec.structs.replace(ask, **words)


HALF_HEARD: list[Callable[[Ask], Ask]] = [
    _heard(),
    _heard(),
    _heard(first=None),
    _heard(first=1),
    _heard(after=None),
    _heard(where=(), since=None, until=None),
    _heard(count=False),
    lambda ask: msgspec.structs.replace(ask, oldest_first=not ask.oldest_first),
    lambda ask: msgspec.structs.replace(ask, fields=type(ask.fields).from_paths("id")),
]
"""What of an ask a source does, or does not, in spite of what it says it can."""


def _shuffled(random: Random, told: Told, record: type[Record], ask: Ask) -> Told:
    return random.sample(told, len(told))


def _doubled(random: Random, told: Told, record: type[Record], ask: Ask) -> Told:
    return [*told, *told[: random.randint(1, 2)]]


def _strange_among(random: Random, told: Told, record: type[Record], ask: Ask) -> Told:
    fields = random.choice([ask.fields, ask.fields, all_fields(record)])
    return _shuffled(random, [*told, *(strange(random, record, fields) for _ in range(random.randint(1, 4)))], record, ask)


def _of_another_type(random: Random, told: Told, record: type[Record], ask: Ask) -> Told:
    other = random.choice(list(RECORDS.values()))
    return [strange(random, other, all_fields(other)), *told]


def _no_records_among(random: Random, told: Told, record: type[Record], ask: Ask) -> Told:
    return [*told, random.choice([None, 5, "x", [], {}, True, [[]]])]


def _many(random: Random, told: Told, record: type[Record], ask: Ask) -> Told:
    return [{**one, "id": f"{number}"} for number in range(5) for one in told if isinstance(one, dict)]


LIES: list[Callable[[Random, Told, type[Record], Ask], Told]] = [
    _shuffled, _doubled, _strange_among, _strange_among, _of_another_type, _no_records_among, _many,
]  # fmt: skip


def _structs(random: Random, told: Told, record: type[Record]) -> list[Record]:
    """What can be read, as structs; one of them may hold what its type forbids, for nothing checks that."""
    good = []
    for one in told:
        try:
            good.append(msgspec.convert(one, record, strict=False))
        except msgspec.ValidationError:
            continue
    if good and random.random() < 0.5:
        name = random.choice(record.__struct_fields__)
        good[0] = msgspec.structs.replace(good[0], **{name: random.choice([None, 5, "x", [], {}])})
    return good


def _values(random: Random, values: list[Any]) -> Any:
    place = random.randrange(len(values))
    match random.randrange(8):
        case 0:
            return values[:-1]
        case 1:
            return [*values, 0]
        case 2:
            return random.choice([None, {}, "x", 5, b"[]", (), [], [None] * len(values)])
        case 3:
            return tuple(values)
        case 4:
            return [random.choice(VALUES) for _ in values]
    return [*values[:place], random.choice(VALUES), *values[place + 1 :]]
