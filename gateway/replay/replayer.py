"""Answer from a recording: the same questions as recorded, others from its records."""

from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from connectors.contract import (
    Aggregate,
    Answer,
    Ask,
    Connector,
    ConnectorSettings,
    KeyKind,
    Keys,
    Lookup,
    Measure,
    Measured,
    Page,
)
from connectors.errors import SourceError, SourceUnavailableError
from connectors.record_fields import Fields, all_fields, leaf_field, narrow
from connectors.records import RECORDS, Record
from connectors.toolkit import evaluation
from gateway.lookups.post_filter import filter_fields, position_fields
from gateway.replay.pseudonymisation import either_way, hidden_ask, hidden_key
from gateway.replay.recorded_answers import KnownKey, Raw, RecordedAnswers, counted_of, window_of
from gateway.replay.recording_files import Manifest, RecordedLookup, hashed, read_lines

T = TypeVar("T")


class Replayer(Connector[ConnectorSettings]):
    """A source of a recording. A key may be given as it was, or as its pseudonym; one that was not recorded finds nothing."""

    kind = "replay"
    settings_type = ConnectorSettings

    def __init__(self, name: str, folder: Path, manifest: Manifest) -> None:
        super().__init__(name, ConnectorSettings())
        self._source = manifest.sources[name]
        self._pseudonyms = manifest.pseudonyms(name)
        self._hide = manifest.hide(name)
        self.known = RecordedAnswers(read_lines(folder, name))
        self._is_open = False

    async def open(self) -> None:
        self._is_open = True

    async def aclose(self) -> None:
        self._is_open = False

    def has_update_times(self, record: type[Record]) -> bool:
        return self.known.has_update_times(record)

    def lookups(self) -> Sequence[Lookup]:
        return [self._lookup(lookup) for lookup in self._source.lookups]

    def aggregates(self) -> Sequence[Aggregate]:
        return [self._aggregate(aggregate) for aggregate in self._source.aggregates]

    def _lookup(self, recorded: RecordedLookup) -> Lookup:
        record = RECORDS[recorded.record]
        fetch = partial(self._fetch, record, recorded.by)
        return Lookup(
            record=record, by=recorded.by, fetch=fetch, max_batch=recorded.max_batch, pushdown=frozenset(recorded.pushdown)
        )

    def _aggregate(self, recorded: RecordedLookup) -> Aggregate:
        record = RECORDS[recorded.record]
        measure = partial(self._measure, record, recorded.by)
        return Aggregate(
            record=record,
            by=recorded.by,
            measure=measure,
            max_batch=recorded.max_batch,
            ops=frozenset(recorded.ops),
            keys_share_nothing=recorded.keys_share_nothing,
        )

    async def _fetch(self, record: type[Record], by: KeyKind, keys: Keys, ask: Ask) -> Answer:
        known_keys = {key: self._known(record, by, key) for key in keys}
        return {key: self._page(record, known, ask) for key, known in known_keys.items() if known is not None}

    async def _measure(
        self,
        record: type[Record],
        by: KeyKind,
        keys: Keys,
        measures: Sequence[Measure],
        remaining_s: float | None = None,  # noqa: ARG002  nobody is asked
    ) -> Measured:
        known_keys = {key: self._known(record, by, key) or KnownKey() for key in keys}
        return {key: self._values(record, known, measures) for key, known in known_keys.items()}

    def _known(self, record: type[Record], by: KeyKind, key: str) -> KnownKey | None:
        if not self._is_open:
            raise SourceUnavailableError("the connector is closed")
        named = self.known.key(record, by, hashed(self._pseudonyms, by, key))
        return named or self.known.key(record, by, hashed(self._pseudonyms, by, hidden_key(by, key, self._hide)))

    def _page(self, record: type[Record], known: KnownKey, ask: Ask) -> Page | SourceError:
        if known.failure is not None and not known.pages:
            return known.failure
        kind = narrow(record, ask.fields | position_fields(record) | filter_fields(ask))
        shown, total = evaluation.page(self._read(record, known.ids, kind), either_way(record, ask, self._hide))
        given = self._recorded(known.pages, record, window_of(ask))
        partial = any(page.partial for page in known.pages.values()) if given is None else given.partial
        if ask.count:
            counted = self._recorded(known.totals, record, counted_of(ask))
            total = None if counted is None and partial else total if counted is None else counted
        ids = [record.id for record in shown] if given is None else given.ids
        rows = [self.known.with_unreadable(record, self.known.record(record, id_)) for id_ in ids]
        return Page(msgspec.json.encode(rows + [{}] * (0 if given is None else given.dropped)), total, partial)

    def _values(self, record: type[Record], known: KnownKey, measures: Sequence[Measure]) -> list[Any] | SourceError:
        if known.measured_failure is not None and not known.values:
            return known.measured_failure
        return [self._value(record, known, measure) for measure in measures]

    def _value(self, record: type[Record], known: KnownKey, measure: Measure) -> Any:
        for asked in (measure, hidden_ask(record, measure, self._hide)):
            if asked in known.values:
                return known.values[asked]
        kind = narrow(record, _measured_fields(record, measure))
        return evaluation.evaluate_measure(record, self._read(record, known.ids, kind), either_way(record, measure, self._hide))

    def _recorded(self, answers: dict[Ask, T], record: type[Record], ask: Ask) -> T | None:
        """Conditions may be given as they were, or by their pseudonyms."""
        return answers.get(ask, answers.get(hidden_ask(record, ask, self._hide)))

    def _read(self, record: type[Record], ids: Iterable[str], kind: type[msgspec.Struct]) -> list[Any]:
        """Read the records that are known well enough."""
        return [converted for id_ in ids if (converted := _converted(self.known.record(record, id_), kind)) is not None]


@lru_cache(maxsize=256)
def _measured_fields(record: type[Record], measure: Measure) -> Fields:
    looked_at = position_fields(record) | Fields.from_paths(*(condition.field for condition in measure.where))
    if measure.field is None:
        return looked_at
    field = leaf_field(record, measure.field)
    whole = all_fields(field.struct) if field is not None and field.struct is not None else Fields()
    for name in reversed(measure.field.split(".")):
        whole = Fields(((name, whole),))
    return looked_at | whole


def _converted(raw: Raw, kind: type[msgspec.Struct]) -> Any | None:
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError:
        return None
