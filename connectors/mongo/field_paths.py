"""Where documents have the fields of a record. Pure, read off the settings and `connectors.record_fields`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from connectors.errors import SourceProtocolError
from connectors.mongo.enum_filters import enum_converter
from connectors.mongo.record_settings import FieldSettings, ListSettings, RecordSettings
from connectors.mongo.values import Convert, converter, to_date, to_exact, to_text
from connectors.record_fields import LEAF, LIST, OBJECT, FieldInfo, Fields, fields_of, leaf_field
from connectors.records import RECORDS
from connectors.toolkit.converters import translated
from connectors.toolkit.ratings import RATING, Scale, rating_reader


class FieldSource(NamedTuple):
    """The source of a field: a path, or a constant. `outer`: from the document around the list, not from its item."""

    field: FieldInfo
    path: str | None
    constant: str | None
    scale: int
    words: Mapping[str, str]
    convert: Convert
    outer: bool
    rating_scale: Scale | None

    @property
    def default(self) -> Any:
        """Give the field's canonical default. None when it is null or there is none."""
        default = self.field.default
        if default is msgspec.NODEFAULT or isinstance(default, list | dict):
            return None
        return default.value if isinstance(default, Enum) else default


class FieldPath(NamedTuple):
    """Where a dotted path leads. `needed` are the fields without which an object around it, or it itself, is none."""

    spot: FieldSource
    in_list: str | None
    needed: tuple[FieldSource, ...]


class FieldPaths:
    """The places of one struct: a record, or the items of one of its lists."""

    def __init__(self, struct: type[msgspec.Struct], names: str, rules: RecordSettings | ListSettings) -> None:
        self.struct = struct
        self._names = names
        self._rules = rules
        self._outer = rules.outer if isinstance(rules, ListSettings) else {}
        self._lists = rules.lists if isinstance(rules, RecordSettings) else {}
        self._rating_scale = rules.rating_scale if isinstance(rules, RecordSettings) else None

    def spot(self, path: str) -> FieldSource:
        """Find the source of a field by its dotted path."""
        info = leaf_field(self.struct, path)
        assert info is not None
        field, outer = self._field(path, info)
        words = self._rules.values.get(path, {})
        convert, rating_scale = self._converter(path, info, field, words), self._rating_scale if path == RATING else None
        return FieldSource(info, field.path, field.value, field.scale, words, convert, outer, rating_scale)

    def list_path(self, name: str) -> str:
        """Where the items of a list of objects are."""
        rules = self._lists.get(name)
        return rules.path if rules is not None and rules.path is not None else self._name(fields_of(self.struct)[name])

    def items(self, name: str) -> FieldPaths:
        """The places of a list's items."""
        struct = fields_of(self.struct)[name].struct
        assert struct is not None
        return FieldPaths(struct, self._names, self._lists.get(name, ListSettings()))

    def needed(self, path: str) -> tuple[FieldSource, ...]:
        """List the paths that an object at a path needs."""
        field = leaf_field(self.struct, path)
        if field is None or field.struct is None:
            return ()
        return tuple(self.spot(f"{path}.{field.name}") for field in fields_of(field.struct).values() if field.required)

    def place(self, path: str) -> FieldPath:
        """Where a dotted path leads, into a list of objects too. Raises `SourceProtocolError` when nowhere."""
        field = leaf_field(self.struct, path)
        if field is None:
            raise SourceProtocolError(f"{path} is no field of this record")
        first, _, rest = path.partition(".")
        own = fields_of(self.struct)[first]
        if rest and own.form == LIST:
            inside = self.items(first).place(rest)
            return inside._replace(in_list=self.list_path(first))
        around = path.rpartition(".")[0]
        return FieldPath(self.spot(path), None, self.needed(path) or (self.needed(around) if around else ()))

    def paths(self, fields: Fields, prefix: str = "") -> Iterator[str]:
        """The paths of the document that a selection reads."""
        for name, inner in fields:
            field = fields_of(self.struct if not prefix else _struct(self.struct, prefix))[name]
            path = f"{prefix}{name}"
            if field.form == OBJECT:
                yield from (spot.path for spot in self.needed(path) if spot.path is not None)
                yield from self.paths(inner, f"{path}.")
            elif field.struct is not None:
                yield from self._list_paths(name, inner)
            elif (source_path := self.spot(path).path) is not None:
                yield source_path

    def _list_paths(self, name: str, inner: Fields) -> Iterator[str]:
        items, around = self.items(name), self.list_path(name)
        required = Fields.from_paths(
            *(field.name for field in fields_of(items.struct).values() if field.required and field.form == LEAF)
        )
        spots = list(items.spots(inner | required))
        if not any(spot.path is not None and not spot.outer for spot in spots):
            yield around
        for spot in spots:
            if spot.path is not None:
                yield spot.path if spot.outer else f"{around}.{spot.path}"

    def spots(self, fields: Fields, prefix: str = "") -> Iterator[FieldSource]:
        """List the sources of a selection without lists."""
        struct = self.struct if not prefix else _struct(self.struct, prefix)
        for name, inner in fields:
            if fields_of(struct)[name].form == OBJECT:
                yield from self.needed(prefix + name)
                yield from self.spots(inner, f"{prefix}{name}.")
            else:
                yield self.spot(prefix + name)

    def _field(self, path: str, info: FieldInfo) -> tuple[FieldSettings, bool]:
        if path in self._outer:
            return self._outer[path], True
        if path in self._rules.fields:
            return self._rules.fields[path], False
        parent, _, _ = path.rpartition(".")
        if not parent:
            is_record = path == "id" and isinstance(self._rules, RecordSettings)
            return FieldSettings(path="_id" if is_record else self._name(info)), False
        around = leaf_field(self.struct, parent)
        assert around is not None
        field, outer = self._field(parent, around)
        return FieldSettings(path=f"{field.path}.{self._name(info)}"), outer

    def _name(self, field: FieldInfo) -> str:
        return field.json_name if self._names == "camel" else field.name

    def _converter(self, path: str, info: FieldInfo, field: FieldSettings, words: Mapping[str, str]) -> Convert:
        if info.leaf is not None and issubclass(info.leaf, Enum) and info.form == LEAF:
            return enum_converter(info.leaf, words)
        if path == getattr(self.struct, "time_field", None):
            return to_date
        convert = converter(info, field.scale)
        if path == RATING and self._rating_scale is not None:
            rate = rating_reader(self._rating_scale, convert)
            return lambda value: rate(to_exact(value))
        if not words:
            return convert
        translate = translated(words, convert)
        return lambda value: translate(to_text(value) if info.leaf is str else value)


def record_paths(name: str, rules: RecordSettings) -> FieldPaths:
    return FieldPaths(RECORDS[name], rules.names, rules)


def projection(paths: Iterable[str]) -> dict[str, Any]:
    """Project a document onto paths, without those inside others."""
    wanted = set(paths)
    projected: dict[str, Any] = {path: 1 for path in sorted(wanted) if not any(outer in wanted for outer in _around(path))}
    return projected if "_id" in projected else {"_id": 1 if not projected else 0, **projected}


def _around(path: str) -> Iterator[str]:
    while "." in path:
        path = path.rpartition(".")[0]
        yield path


def _struct(struct: type[msgspec.Struct], prefix: str) -> type[msgspec.Struct]:
    field = leaf_field(struct, prefix.removesuffix("."))
    assert field is not None
    assert field.struct is not None
    inner: type[msgspec.Struct] = field.struct
    return inner
