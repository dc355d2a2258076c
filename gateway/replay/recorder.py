"""Record the questions to a connector and its answers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import structlog

from connectors.contract import Aggregate, Answer, Ask, Connector, KeyKind, Keys, Lookup, Measure, Measured, Page
from connectors.errors import SourceError, SourceProtocolError, SourceThrottledError
from connectors.record_fields import Fields, fields_of, narrow
from connectors.records import RECORD_NAMES, BirthDates, Record
from connectors.toolkit.evaluation import encode_json, json_hook
from gateway.lookups.answer_page import validate_page
from gateway.lookups.measure_validation import validate_measures
from gateway.lookups.post_filter import filter_fields, position_fields
from gateway.lookups.source_call import Decoded, by_key, decode_records, validate_records
from gateway.replay.connector_wrapper import ConnectorWrapper
from gateway.replay.pseudonymisation import hidden, hidden_ask, hidden_key, hidden_value
from gateway.replay.recording_files import Manifest, RecordedLine, RecordedLookup, RecordedSource, RecordingWriter, hashed

log = structlog.get_logger()


def describe_lookups(connector: Connector[Any], phone_region: str | None = None) -> RecordedSource:
    """Describe a connector's lookups for a replay, with the region of its phone numbers where it has its own."""
    return RecordedSource(
        kind=connector.kind,
        phone_region=phone_region,
        lookups=[
            RecordedLookup(
                record=RECORD_NAMES[lookup.record], by=lookup.by, max_batch=lookup.max_batch, pushdown=sorted(lookup.pushdown)
            )
            for lookup in connector.lookups()
        ],
        aggregates=[
            RecordedLookup(
                record=RECORD_NAMES[aggregate.record],
                by=aggregate.by,
                max_batch=aggregate.max_batch,
                ops=sorted(aggregate.ops),
                keys_share_nothing=aggregate.keys_share_nothing,
            )
            for aggregate in connector.aggregates()
        ],
    )


@lru_cache(maxsize=1024)
def recorded_fields(record: type[Record], ask: Ask) -> Fields:
    """List the fields that a replay needs: also those of conditions, and required ones."""
    return _completed(record, ask.fields | position_fields(record) | filter_fields(ask))


def _completed(struct: type[msgspec.Struct], fields: Fields) -> Fields:
    own = fields_of(struct)
    inner = Fields(tuple((name, _completed(part, below) if (part := own[name].struct) else below) for name, below in fields))
    return inner | Fields.from_paths(*(name for name, field in own.items() if field.required))


class Recorder(ConnectorWrapper):
    """Pass on the answers of the connector inside. Nothing that goes wrong with the recording reaches who asks."""

    kind = "recording"

    def __init__(self, inner: Connector[Any], folder: Path, manifest: Manifest) -> None:
        super().__init__(inner)
        self._pseudonyms = manifest.pseudonyms(inner.name)
        self._hide = manifest.hide(inner.name)
        self._writer = RecordingWriter(folder, inner.name)

    async def open(self) -> None:
        self._writer.open()
        await super().open()

    async def aclose(self) -> None:
        await super().aclose()
        self._writer.close()

    async def fetched(self, lookup: Lookup, keys: Keys, ask: Ask) -> Answer:
        asked = msgspec.structs.replace(ask, remaining_s=None)
        fields = recorded_fields(lookup.record, asked)

        def line(key: str, given: Any) -> RecordedLine:
            return self._found(lookup, key, asked, fields, given)

        call = super().fetched(lookup, keys, msgspec.structs.replace(ask, fields=fields))
        answer = await self._noted(call, keys, line)
        return answer if fields == ask.fields else _as_bytes(answer, narrow(lookup.record, fields))

    async def measured(
        self, aggregate: Aggregate, keys: Keys, measures: Sequence[Measure], remaining_s: float | None = None
    ) -> Measured:
        def line(key: str, given: Any) -> RecordedLine:
            return self._values(aggregate, key, measures, given)

        return await self._noted(super().measured(aggregate, keys, measures, remaining_s), keys, line)

    async def _noted(self, call: Awaitable[Any], keys: Keys, line: Callable[[str, Any], RecordedLine]) -> Mapping[str, Any]:
        """Write an answer down, also that there is none."""
        try:
            answer = by_key(await call, keys)
        except SourceError as error:
            answer = error
        for key in keys:
            given = answer if isinstance(answer, SourceError) else answer.get(key)
            try:
                self._writer.append(line(key, given))
            except Exception as error:  # noqa: BLE001  a connector may give anything; the boundary deals with that
                log.error("recording_failed", source=self.name, error=type(error).__name__)
        if isinstance(answer, SourceError):
            raise answer
        return answer

    def _found(self, lookup: Lookup, key: str, ask: Ask, fields: Fields, given: Any) -> RecordedLine:
        record, hide = lookup.record, self._hide
        words = self._words(record, lookup.by, key) | {"ask": hidden_ask(record, ask, hide)}
        if isinstance(given, SourceError):
            return RecordedLine(**words, **_failure(given))
        try:
            page = validate_page(given)
            records, dropped, unreadable = _readable(page.records, record, fields, ask.fields, self.birth_dates)
        except SourceProtocolError as error:
            return RecordedLine(**words, **_failure(error))
        rows = [hidden(record, msgspec.to_builtins(row, enc_hook=json_hook), hide) for row in records]
        ids = {original.id: shown["id"] for original, shown in zip(records, rows, strict=True)}
        places = [(ids[value.record_id], value.path) for value in unreadable if value.record_id in ids]
        return RecordedLine(**words, found=rows, total=page.total, dropped=dropped, unreadable=places, partial=page.partial)

    def _values(self, aggregate: Aggregate, key: str, measures: Sequence[Measure], given: Any) -> RecordedLine:
        record, hide = aggregate.record, self._hide
        asked = tuple(hidden_ask(record, measure, hide) for measure in measures)
        words = self._words(record, aggregate.by, key) | {"measures": asked}
        if isinstance(given, SourceError):
            return RecordedLine(**words, **_failure(given))
        try:
            values = msgspec.to_builtins(validate_measures(given, record, measures), enc_hook=json_hook)
        except SourceProtocolError as error:
            return RecordedLine(**words, **_failure(error))
        shown = [hidden_value(record, measure, value, hide) for measure, value in zip(measures, values, strict=True)]
        return RecordedLine(**words, values=shown)

    def _words(self, record: type[Record], by: KeyKind, key: str) -> dict[str, Any]:
        name = hashed(self._pseudonyms, by, hidden_key(by, key, self._hide))
        return {"record": RECORD_NAMES[record], "by": by, "key": name}


def _failure(error: SourceError) -> dict[str, Any]:
    after_s = error.retry_after_s if isinstance(error, SourceThrottledError) else None
    return {"error": error.code, "retry_after_s": after_s}


def _readable(
    records: bytes | list[Any], record: type[Record], fields: Fields, asked: Fields, birth_dates: BirthDates | None
) -> Decoded:
    """Validate records with the fields that a replay needs.

    Where the source has not all of these, with those that were asked for.
    """
    validated = validate_records(records, narrow(record, fields), birth_dates)
    if validated.dropped and isinstance(records, bytes):
        fewer = decode_records(records, narrow(record, asked | Fields.from_paths("id")), birth_dates)
        if fewer.dropped < validated.dropped:
            return fewer
    return validated


def _as_bytes(answer: Mapping[str, Any], kind: type[msgspec.Struct]) -> Answer:
    """Encode records again, for the gateway to decode with its fields."""
    return {key: _page_as_bytes(given, kind) for key, given in answer.items()}


def _page_as_bytes(given: Any, kind: type[msgspec.Struct]) -> Any:
    if isinstance(given, Page) and isinstance(given.records, list) and all(type(record) is kind for record in given.records):
        return Page(encode_json(given.records), given.total, given.partial)
    return given
