"""Write the settings of records in documents of MongoDB: collections, paths and words. What needs a join is a comment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from connectors.record_fields import fields_of, leaves_of
from connectors.records import RECORDS
from gateway.onboarding.proposal import (
    Confidence,
    FieldProposal,
    KeyProposal,
    ListProposal,
    RecordProposal,
    SourceProposal,
    ValueForm,
)
from gateway.onboarding.table_graph import TableGraph
from gateway.onboarding.toml_text import toml_key, toml_value

_NEEDS_VIEW = "a path cannot say it; write a view that has it"


def limit_to_documents(graph: TableGraph, proposal: SourceProposal) -> SourceProposal:
    """Make comments of what settings of documents cannot say: joins, sums, conditions, lists of other collections."""
    return msgspec.structs.replace(proposal, records=[_limit_record(graph, record) for record in proposal.records])


def _limit_record(graph: TableGraph, record: RecordProposal) -> RecordProposal:
    fields = [_limit_field(field, ()) for field in record.fields]
    lists = [_limit_list(graph, own, record) for own in record.lists]
    lower = {field.field for field in record.fields if field.form is ValueForm.LOWER}
    keys = [
        _unsure(key, "some have capitals, and keys are compared exactly") if key.column in lower else key for key in record.keys
    ]
    filters = [msgspec.structs.replace(own, confidence=Confidence.UNSURE) for own in record.filters]
    limited = msgspec.structs.replace(record, fields=fields, lists=lists, keys=keys, filters=filters)
    owner = limited.field("customer_id")
    if owner is not None and owner.confidence is Confidence.UNSURE and record.confidence is not Confidence.UNSURE:
        return msgspec.structs.replace(limited, confidence=Confidence.UNSURE, note=_NEEDS_VIEW)
    if any(own.test in ("null", "false") for own in record.filters):
        note = "some documents are deleted or tests: read a view that leaves them out"
        return msgspec.structs.replace(limited, note="; ".join(part for part in (record.note, note) if part))
    return limited


def _limit_field(field: FieldProposal, allowed: Sequence[str]) -> FieldProposal:
    joins = field.reached.joins if field.reached is not None else ()
    if field.form in (ValueForm.JOINED, ValueForm.ITEM_SUM) or any(join.table not in allowed for join in joins):
        return msgspec.structs.replace(field, confidence=Confidence.UNSURE, note=_NEEDS_VIEW)
    return field


def _limit_list(graph: TableGraph, own: ListProposal, record: RecordProposal) -> ListProposal:
    if graph.table(own.table).embedded_in != record.table:
        return msgspec.structs.replace(own, confidence=Confidence.UNSURE, note="another collection; write a view with $lookup")
    return msgspec.structs.replace(own, fields=[_limit_field(field, (record.table,)) for field in own.fields])


def _unsure(key: KeyProposal, note: str) -> KeyProposal:
    return msgspec.structs.replace(key, confidence=Confidence.UNSURE, note=note)


class DocumentWriter:
    """Write the lines of records and lists. `runs` are the confidences of what runs; all else is a comment."""

    def __init__(self, graph: TableGraph, runs: Sequence[Confidence]) -> None:
        self._graph = graph
        self._runs = frozenset(runs)

    def does_run(self, confidence: Confidence) -> bool:
        """Tell whether what is so certain runs."""
        return confidence in self._runs

    def record_lines(self, record: RecordProposal) -> Iterable[str]:
        """Write where a record's documents and fields are."""
        yield f"collection = {toml_value(record.table)}"
        id_column = record.fields[0].reached
        if id_column is not None and next(own.type for own in record.keys if own.column == "id") == "integer":
            yield "integer_ids = true"
        paths = _paths(RECORDS[record.record])
        yield from self._fields(record.fields, paths, "fields")

    def list_lines(self, own: ListProposal, record: RecordProposal) -> Iterable[str]:
        """Write where the items of a list are, and what of them stands around it."""
        struct = fields_of(RECORDS[record.record])[own.name].struct
        yield f"path = {toml_value(self._graph.table(own.table).path or own.table.partition('.')[2])}"
        if struct is not None:
            paths = _paths(struct)
            inner = [field for field in own.fields if field.reached is None or not field.reached.joins]
            yield from self._fields(inner, paths, "fields")
            yield from self._fields([field for field in own.fields if field not in inner], paths, "outer")

    def key_text(self, key: KeyProposal, record: RecordProposal) -> str:
        """Write where documents have a key."""
        if key.columns:
            return f"{{ paths = {toml_value([self._path_of(record, name) for name in key.columns])} }}"
        path = self._path_of(record, key.column)
        return toml_value(path) if key.type == "text" else f"{{ path = {toml_value(path)}, type = {toml_value(key.type)} }}"

    def _path_of(self, record: RecordProposal, name: str) -> str:
        field = record.field(name)
        return name if field is None or field.reached is None else field.reached.column.name

    def _fields(self, fields: Sequence[FieldProposal], paths: dict[str, str], setting: str) -> Iterable[str]:
        for field in fields:
            path = paths.get(field.field, field.field)
            text = _place(field)
            if text is None or (path == "id" and text == '"_id"'):
                continue
            told = "; ".join(part for part in (", ".join(own.value for own in field.evidence), field.note) if part)
            line = f"{setting}.{toml_key(path)} = {text} # {field.confidence.value}: {told}"
            yield line if self.does_run(field.confidence) else f"# {line}"
            if field.form is ValueForm.WORDS and self.does_run(field.confidence):
                yield f"values.{toml_key(path)} = {toml_value(dict(field.words))}"


def _place(field: FieldProposal) -> str | None:
    """Write where a field is. None for what only a view can give."""
    if field.form is ValueForm.CONSTANT:
        return toml_value({"value": field.constant or ""})
    if field.reached is None:
        return None
    path = field.reached.column.name
    return toml_value({"path": path, "scale": 2}) if field.form is ValueForm.CENTS else toml_value(path)


def _paths(struct: type[msgspec.Struct]) -> dict[str, str]:
    return {path.replace(".", "_"): path for path in leaves_of(struct)}
