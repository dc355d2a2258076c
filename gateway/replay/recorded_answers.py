"""Hold the recording of one source: records by id, and the answers for each key."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from connectors.contract import Ask, KeyKind, Measure
from connectors.errors import SOURCE_ERRORS, SourceError, SourceThrottledError
from connectors.record_fields import Fields
from connectors.records import RECORDS, Record
from gateway.replay.recording_files import RecordedLine

Raw = dict[str, Any]
"""A record as canonical JSON has it, with all fields that any ask brought."""


class RecordedPage(msgspec.Struct, frozen=True):
    """Hold an ask's records in order, the dropped, and whether more follow."""

    ids: tuple[str, ...]
    dropped: int
    partial: bool


class KnownKey:
    """The answers for one key: pages by ask, totals by filter, values by measure, and all records."""

    def __init__(self) -> None:
        self.ids: dict[str, None] = {}
        self.pages: dict[Ask, RecordedPage] = {}
        self.totals: dict[Ask, int] = {}
        self.values: dict[Measure, Any] = {}
        self.failure: SourceError | None = None
        self.measured_failure: SourceError | None = None


class RecordedAnswers:
    """Merge the lines of a source. Of two answers to one ask the later counts."""

    def __init__(self, lines: Iterable[RecordedLine]) -> None:
        self._records: dict[tuple[type[Record], str], Raw] = {}
        self._unreadable: dict[tuple[type[Record], str], list[str]] = {}
        self._keys: dict[tuple[type[Record], KeyKind, str], KnownKey] = {}
        for line in lines:
            self._learn(line)

    def __len__(self) -> int:
        return len(self._keys)

    def key(self, record: type[Record], by: KeyKind, name: str) -> KnownKey | None:
        """`name` is the hash of a key."""
        return self._keys.get((record, by, name))

    def record(self, record: type[Record], id_: str) -> Raw:
        return self._records[record, id_]

    def has_update_times(self, record: type[Record]) -> bool:
        """Tell whether a record of this type has one."""
        return any(own is record and row.get("updatedAt") is not None for (own, _), row in self._records.items())

    def with_unreadable(self, record: type[Record], row: Raw) -> Raw:
        """Spoil a record in each place that could not be read."""
        for path in self._unreadable.get((record, row["id"]), ()):
            row = _spoilt(row, path.split("."))
        return row

    def _learn(self, line: RecordedLine) -> None:
        record = RECORDS[line.record]
        known = self._keys.setdefault((record, line.by, line.key), KnownKey())
        failure = None if line.error is None else _error(line.error, line.retry_after_s)
        if line.ask is None:
            known.measured_failure = failure
            known.values |= zip(line.measures, line.values, strict=False)
        elif failure is not None:
            known.failure = failure
        else:
            for raw in line.found:
                place = record, raw["id"]
                self._records[place] = merge_answers(self._records.get(place, {}), raw)
                own = [path for id_, path in line.unreadable if id_ == raw["id"]]
                older = [path for path in self._unreadable.pop(place, ()) if path.partition(".")[0] not in raw]
                if own or older:
                    self._unreadable[place] = older + own
            ids = tuple(raw["id"] for raw in line.found)
            known.ids |= dict.fromkeys(ids)
            known.pages[window_of(line.ask)] = RecordedPage(ids, line.dropped, line.partial)
            total = line.total if line.total is not None else _whole(line.ask, line)
            if total is not None:
                known.totals[counted_of(line.ask)] = total


def _whole(ask: Ask, line: RecordedLine) -> int | None:
    """Count the records of an uncut page. None where it may have been cut."""
    if line.partial:
        return None
    count = len(line.found) + line.dropped
    return count if ask.after is None and (ask.first is None or count < ask.first) else None


def window_of(ask: Ask) -> Ask:
    """Take the part of an ask that chooses records."""
    return msgspec.structs.replace(ask, fields=Fields(), more=True, count=False, remaining_s=None)


def counted_of(ask: Ask) -> Ask:
    """Take the part of an ask that chooses records to count."""
    return Ask(fields=Fields(), since=ask.since, until=ask.until, updated_since=ask.updated_since, where=ask.where)


def merge_answers(old: Mapping[str, Any], new: Mapping[str, Any]) -> Raw:
    """Merge two answers about one thing. Their fields may differ, and the new one wins."""
    return {**old, **{name: _merged(old.get(name), value) for name, value in new.items()}}


def _merged(old: Any, new: Any) -> Any:
    match old, new:
        case dict(), dict():
            return merge_answers(old, new)
        case list(), list() if len(old) == len(new):
            return [_merged(*pair) for pair in zip(old, new, strict=True)]
    return new


def _spoilt(part: Raw, path: Sequence[str]) -> Raw:
    """Copy a part with an unreadable value at the path. It is a list of nothing, or one more item of the first list on it."""
    name, *further = path
    inner = part.get(name)
    if isinstance(inner, list):
        return {**part, name: [*inner, []]}
    return {**part, name: _spoilt(inner, further) if further and isinstance(inner, dict) else [[]]}


def _error(code: str, retry_after_s: float | None) -> SourceError:
    kind = SOURCE_ERRORS.get(code, SourceError)
    return SourceThrottledError(retry_after_s=retry_after_s) if kind is SourceThrottledError else kind()
