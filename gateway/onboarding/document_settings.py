"""Write the settings of proposed records for collections of documents. What paths and words cannot say is a comment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from connectors.catalogue import CatalogueTable, ColumnKind
from connectors.record_fields import LEAF, FieldInfo, fields_of, leaves_of
from connectors.records import RECORDS
from gateway.onboarding.proposal import Confidence, FieldProposal, KeyProposal, ListProposal, RecordProposal, ValueForm
from gateway.onboarding.table_graph import TableGraph

UNSET = "unset"
"""The first step of a path that no document has: for fields whose own names mean something else there, or are unsure."""
_TIMES = (ColumnKind.ZONED_TIMESTAMP, ColumnKind.TIMESTAMP)


class FieldLine(NamedTuple):
    """A field as settings have it. `place` is `fields`, or `outer` for what is around a list."""

    place: str
    path: str
    setting: str
    words: Mapping[str, str]


class DocumentWriter:
    """Write the records of one database. `runs` are the confidences of what runs."""

    def __init__(self, graph: TableGraph, runs: Sequence[Confidence]) -> None:
        self._graph = graph
        self._runs = frozenset(runs)

    def why_not(self, record: RecordProposal) -> str | None:
        """Say why a record cannot be read as it is. None if it can."""
        time_field = RECORDS[record.record].time_field
        field = None if time_field is None else record.field(time_field)
        if field is not None and field.reached is not None and field.reached.column.kind not in _TIMES:
            return f"{field.reached.column.name} is no date of BSON: make it one"
        if not self._keys(record):
            return "no key of the documents themselves finds them: use a view"
        return None

    def record_lines(self, at: str, record: RecordProposal) -> Iterator[str]:
        """Write a record's table with its fields, words, keys and lists. `at` is the table's name."""
        table, struct = self._graph.table(record.table), RECORDS[record.record]
        yield f"[{at}]"
        yield f"collection = {quoted(table.name)}"
        id_column = record.fields[0].reached
        if id_column is not None and id_column.column.kind is ColumnKind.INTEGER:
            yield "integer_ids = true"
        for own in record.filters:
            yield f"# {own.column}: {own.note}; a view can leave them out"
        yield from self._fields(at, struct, record.fields, self._taken(table, struct, record))
        yield ""
        yield f"[{at}.keys]"
        running = self._keys(record)
        for key in record.keys:
            line = self._key(record, key)
            if line is not None:
                yield line if key in running else f"# {line} # {key.confidence.value}{f': {key.note}' if key.note else ''}"
        for part in record.lists:
            yield from self._list(at, record, part)

    def _list(self, at: str, record: RecordProposal, own: ListProposal) -> Iterator[str]:
        table, struct = self._graph.table(own.table), fields_of(RECORDS[record.record])[own.name].struct
        yield ""
        if table.embedded_in != record.table or table.path is None:
            yield f"# {own.name}: {own.table} is a collection of its own; a view with $lookup can put it into {record.table}"
            return
        assert struct is not None
        lines = [f"[{at}.lists.{own.name}]", f"path = {quoted(table.path)}"]
        at_list, unset = f"{at}.lists.{own.name}", self._taken(table, struct, own)
        lines += self._fields(at_list, struct, own.fields, unset, record.table)
        yield from lines if own.confidence in self._runs else (f"# {line}".rstrip() for line in lines)

    def _fields(
        self,
        at: str,
        struct: type[msgspec.Struct],
        fields: Sequence[FieldProposal],
        unset: Iterable[str],
        around: str | None = None,
    ) -> Iterator[str]:
        """Write the tables of fields, of those around a list, and of words."""
        leaves = {path.replace(".", "_"): (path, info) for path, info in leaves_of(struct).items()}
        lines: list[FieldLine] = []
        comments: list[str] = []
        for field in fields:
            path, info = leaves[field.field]
            line = self._field(path, info, field, around)
            reason = f"{field.confidence.value}{f': {field.note}' if field.note else ''}"
            if line is not None and field.confidence in self._runs:
                lines.append(line)
            elif line is not None:
                comments.append(f"# {quoted(path)} = {line.setting} # {reason}")
            elif field.field != "position":
                comments.append(f"# {path}: {_way(field)}; documents are read as they are")
        lines += [FieldLine("fields", path, quoted(f"{UNSET}.{path}"), {}) for path in unset]
        for place in ("fields", "outer"):
            own = [line for line in lines if line.place == place]
            if own or (place == "fields" and comments):
                yield ""
                yield f"[{at}.{place}]"
                yield from (f"{quoted(line.path)} = {line.setting}" for line in own)
                yield from comments if place == "fields" else ()
        for line in lines:
            if line.words:
                yield ""
                yield f"[{at}.values.{quoted(line.path)}]"
                yield from (f"{quoted(word)} = {quoted(meaning)}" for word, meaning in line.words.items())

    def _field(self, path: str, info: FieldInfo, field: FieldProposal, around: str | None) -> FieldLine | None:
        """Write a field. None for what documents cannot say: columns of other collections, and what is made of several."""
        if field.form is ValueForm.CONSTANT:
            return FieldLine("fields", path, f"{{ value = {quoted(field.constant or '')} }}", {})
        if field.reached is None or field.form in (ValueForm.JOINED, ValueForm.ITEM_SUM, ValueForm.PAYMENT_SUM):
            return None
        joins, name = field.reached.joins, field.reached.column.name
        place = "outer" if [join.table for join in joins] == [around] else "fields"
        if joins and place == "fields":
            return None
        words = {word: own for word, own in field.words.items() if word.upper() != own}
        if words and (info.form != LEAF or info.leaf is str):
            return None  # a word that is no enum's, such as the name of a country
        if field.form is ValueForm.CENTS:
            return FieldLine(place, path, f"{{ path = {quoted(name)}, scale = 2 }}", {})
        return FieldLine(place, path, quoted(name), words)

    def _taken(self, table: CatalogueTable, struct: type[msgspec.Struct], own: RecordProposal | ListProposal) -> list[str]:
        """List fields that would be read under their own names, though nothing that runs says that they are there."""
        running = {field.field for field in own.fields if field.confidence in self._runs}
        names = {column.name for column in table.columns}
        return [
            path
            for path, info in leaves_of(struct).items()
            if _camel(path) in names and path.replace(".", "_") not in running and not info.required
        ]

    def _keys(self, record: RecordProposal) -> list[KeyProposal]:
        return [
            key
            for key in record.keys
            if key.confidence in self._runs
            and all(self._is_plain(record, name) for name in (key.columns or (key.column,)))
            and (key.kind == "text" or self._form(record, key.column) is ValueForm.PLAIN)
        ]

    def _is_plain(self, record: RecordProposal, name: str) -> bool:
        field = record.field(name)
        return field is not None and field.reached is not None and not field.reached.joins and field.confidence in self._runs

    def _form(self, record: RecordProposal, name: str) -> ValueForm | None:
        field = record.field(name)
        return None if field is None else field.form

    def _key(self, record: RecordProposal, key: KeyProposal) -> str | None:
        """Write a key by the path of its field. None where that is not in the documents."""
        fields = [record.field(name) for name in (key.columns or (key.column,))]
        paths = [field.reached.column.name for field in fields if field is not None and field.reached is not None]
        if len(paths) < len(fields) or any(field is not None and field.reached and field.reached.joins for field in fields):
            return None
        if key.columns:
            return f"{key.kind} = {{ paths = [{', '.join(map(quoted, paths))}] }}"
        if key.type == "text":
            return f"{key.kind} = {quoted(paths[0])}"
        return f"{key.kind} = {{ path = {quoted(paths[0])}, type = {quoted(key.type)} }}"


def quoted(text: str) -> str:
    """Write a text, or a name with dots, as TOML has it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _way(field: FieldProposal) -> str:
    """Say where a value is that no path leads to."""
    if field.form is ValueForm.JOINED:
        return "of the given name and the family name"
    if field.form is ValueForm.ITEM_SUM:
        return "the sum of the items"
    if field.form is ValueForm.PAYMENT_SUM:
        return "the sum of the payments"
    if field.reached is not None and field.reached.joins:
        return f"in {field.reached.joins[-1].table}"
    return "in words that are no code"


def _camel(path: str) -> str:
    steps = [step.split("_") for step in path.split(".")]
    return ".".join(first + "".join(map(str.capitalize, others)) for first, *others in steps)
