"""Say what is wrong with the records of samples: values, words, rows and keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from numbers import Number
from typing import NamedTuple

from connectors.contract import KeyKind
from connectors.errors import SourceTimeoutError
from connectors.record_fields import LIST, FieldInfo, fields_of, leaves_of, limits
from connectors.records import RECORD_NAMES, Customer, Record
from connectors.toolkit.converters import code_pattern, is_day
from connectors.toolkit.ratings import RATING
from gateway.check.problems import Problem
from gateway.check.sampler import MAX_SAMPLE_S, LookupSample, Sampler
from gateway.identity.keys import words
from gateway.identity.node_ids import ID_KINDS

MAX_WORDS_SHOWN, MAX_WORDS_OF_ENUM, MAX_WORD = 5, 20, 40
"""How many words of an enum are shown. None is of a field of more words than the second number, or of longer ones: that is no
enum, and may hold anything."""

MAX_SHARED, MAX_CUSTOMERS_OF_KEY = 0.25, 20
"""Families share a telephone, so some keys find several customers. So large a share of the keys does, and a key finds so many,
where all is well. An account is a company's, and has as many contacts as there are."""


_NORMAL_FORMS = {
    KeyKind.EMAIL: "in its normal form, in lower case",
    KeyKind.PHONE: "in E.164, such as +442079460000",
}


class Findings(NamedTuple):
    """What a check has found: what loses records or values, and what is slow or looks wrong."""

    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()


def find_in_records(samples: Sequence[LookupSample]) -> Findings:
    """Say what the gateway could not read, what comes twice, and which words nobody mapped. Each is said once of a record."""
    by_setting: dict[str, list[LookupSample]] = {}
    for sample in samples:
        by_setting.setdefault(sample.setting, []).append(sample)
    problems = [problem for own in by_setting.values() for problem in (*_unreadable(own), *_repeated(own))]
    failures = [problem for sample in samples for problem in _failed(sample)]
    warnings = [problem for own in by_setting.values() for problem in (*_unmapped(own), *_shared_keys(own), *_shared_ids(own))]
    return Findings([*failures, *problems], warnings)


async def find_unusual_keys(samples: Sequence[LookupSample], sampler: Sampler) -> list[Problem]:
    """Say which keys of customers callers do not find, since they are asked for in another form."""
    problems = []
    for sample in samples:
        if sample.lookup.record is not Customer or not (keys := [key for key, records in sample.read.items() if records]):
            continue
        forms = {key: sampler.forms(sample, key) for key in keys}
        asked = list(dict.fromkeys(form for own in forms.values() for form in own))
        found = await sampler.find_keys(sample.lookup, asked)
        lost = sum(not any(found.get(form, True) for form in own) for own in forms.values())
        if lost:
            problems.append(
                _problem(
                    sample.key_setting,
                    f"{lost} of {len(keys)} keys find nobody in the form that callers' keys have",
                    f"give each {words(sample.lookup.by)} {_NORMAL_FORMS.get(sample.lookup.by, 'in its normal form')}",
                )
            )
    return problems


def _problem(path: str, message: str, fix: str) -> Problem:
    return Problem(None, None, path, message, fix)


def _failed(sample: LookupSample) -> Iterator[Problem]:
    if isinstance(sample.failure, SourceTimeoutError):
        yield _problem(sample.key_setting, f"a sample of it takes longer than {MAX_SAMPLE_S:g} s", "look for an index to make")
    elif sample.failure is not None:
        yield _problem(sample.key_setting, f"a lookup of keys that are there fails: {sample.failure}", "run the check again")
    elif sample.keys and not any(own.rows for own in sample.keys):
        message = f"none of {len(sample.keys)} keys that are there leads to a record"
        fix = "set its type to the column's; a query of its own needs the ids of the record's query"
        yield _problem(sample.key_setting, message, fix)
    elif sample.keys and not sample.count:
        message = f"none of {len(sample.read)} keys finds a record when it is asked for"
        yield _problem(sample.key_setting, message, "give keys without spaces around them, and of one type")


def _unreadable(samples: Iterable[LookupSample]) -> Iterator[Problem]:
    worst: dict[tuple[str, str], tuple[int, LookupSample]] = {}
    for sample in samples:
        for kind, count in sample.unreadable.items():
            if kind not in worst or worst[kind][0] < count:
                worst[kind] = count, sample
    for (path, reason), (count, sample) in sorted(worst.items(), key=lambda pair: pair[0]):
        message = f"{path} is {reason}, {_times(count)} in {_records(sample.count)}: {_loss(sample.lookup.record, path)}"
        yield _problem(sample.setting, message, _advice(_leaf(sample.lookup.record, path)))


def _repeated(samples: Iterable[LookupSample]) -> Iterator[Problem]:
    worst = max(samples, key=lambda sample: sum(own.rows - own.ids for own in sample.keys))
    count = sum(own.rows - own.ids for own in worst.keys)
    if count:
        rows = sum(own.rows for own in worst.keys)
        message = f"{count} of {rows} rows have the id of another row of the same key, and one of these is shown"
        yield _problem(
            worst.setting, message, "give a record one row; look for a join that repeats rows, or an id that is none"
        )


def _unmapped(samples: Iterable[LookupSample]) -> Iterator[Problem]:
    worst: dict[str, tuple[Mapping[str, int], LookupSample]] = {}
    for sample in samples:
        for path, counts in sample.unmapped.items():
            if path not in worst or sum(worst[path][0].values()) < sum(counts.values()):
                worst[path] = counts, sample
    for path, (counts, sample) in sorted(worst.items()):
        leaf = leaves_of(sample.lookup.record)[path].leaf
        assert leaf is not None
        members = ", ".join(name for name in leaf.__members__)
        yield _problem(
            sample.setting,
            f"{path} has words that nobody mapped, and that become UNKNOWN: {shown_words(counts)}",
            f"say which of {members} each of them means, by CASE in the query or in values",
        )


def _shared_keys(samples: Iterable[LookupSample]) -> Iterator[Problem]:
    for sample in samples:
        shared, most = sum(own.ids > 1 for own in sample.keys), max((own.ids for own in sample.keys), default=0)
        is_usual = shared <= MAX_SHARED * len(sample.keys) and most <= MAX_CUSTOMERS_OF_KEY
        if sample.lookup.record is Customer and sample.lookup.by is not KeyKind.ACCOUNT and not is_usual:
            message = f"{shared} of {len(sample.keys)} keys find more than one customer, one of them {most}"
            fix = "give customers keys of their own, and leave out texts that stand for no key"
            yield _problem(sample.key_setting, message, fix)


def _shared_ids(samples: Iterable[LookupSample]) -> Iterator[Problem]:
    """Say where an id finds several records: only one that has the id itself is given."""
    for sample in samples:
        record, shared = sample.lookup.record, sum(own.ids > 1 for own in sample.keys)
        if record is not Customer and sample.lookup.by is ID_KINDS.get(record) and shared:
            message = f"{shared} of {len(sample.keys)} ids find more than one {RECORD_NAMES[record]}"
            yield _problem(sample.key_setting, message, "find records by the same column that gives their id")


def shown_words(counts: Mapping[str, int]) -> str:
    """Write words with their counts, the most common ones first. Words of no closed list are only counted."""
    if len(counts) > MAX_WORDS_OF_ENUM or any(len(word) > MAX_WORD for word in counts):
        return f"{len(counts)} different texts"
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = [f"'{word}' ({count})" for word, count in ranked[:MAX_WORDS_SHOWN]]
    return ", ".join([*shown, *([f"{len(ranked) - MAX_WORDS_SHOWN} more"] if len(ranked) > MAX_WORDS_SHOWN else [])])


def _leaf(record: type[Record], path: str) -> FieldInfo | None:
    """Find a field by its path in JSON. None where there is none, such as that of a record that is no object."""
    struct, field = record, None
    for name in path.split("."):
        field = next((own for own in fields_of(struct).values() if own.json_name == name), None) if struct else None
        if field is None:
            return None
        struct = field.struct  # type: ignore[assignment]  # of a part
    return field


def _loss(record: type[Record], path: str) -> str:
    field = _leaf(record, path)
    if field is None or ("." not in path and field.required):
        return "these records are left out"
    if field.required or field.form == LIST:
        return "what holds it is left out"
    return "it is null there"


def _advice(field: FieldInfo | None) -> str:
    """Say what a field needs."""
    if field is None:
        return "give objects with the fields of the record"
    if field.name == RATING:
        return "give a whole number from 1 to 5, or set rating_scale"
    if field.name == "country":
        return "give the code of two letters, such as DE"
    if is_day(field):
        return (
            "give the day alone, such as 1971-05-05; say by birth_dates of the source what 03/04/1971 means there, or how "
            "days are counted"
        )
    if code_pattern(field):
        return "give the code of three letters, such as EUR"
    if field.leaf is datetime:
        return "give a time such as 2026-06-30T12:00:00Z, or leave such rows out"
    if field.leaf is int:
        least, most = limits(field.type)
        return f"give a whole number from {least} to {most}"
    if field.leaf in (Decimal, Number):
        return "give a number of digits and a point alone, such as 12.30"
    return "give it a value in each row"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _records(count: int) -> str:
    return f"{count} record{'' if count == 1 else 's'}"
