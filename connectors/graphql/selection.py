"""Choose the source's fields that fill a record's asked fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

import msgspec

from connectors.graphql.expressions import Names, Path, ReadPaths
from connectors.graphql.settings import PartSettings, RecordSettings
from connectors.record_fields import LIST, Fields, absent_paths, all_fields, fields_of
from connectors.toolkit.mapping import settings as rows

Paths = AbstractSet[Path]
_NOTHING = ("__typename",)
"""What can be asked of any object, where something must be."""


class SourceSelection:
    """The mapping of one record type. `rules` are the same mapping, over answers."""

    def __init__(self, rules: RecordSettings) -> None:
        fields = {"id": "id"} | rules.fields
        self._names = Names([*fields.values(), *(text for part in rules.lists.values() for text in _texts(part))])
        plain = self._names.plain
        lists = {
            path: rows.PartSettings.model_construct(
                list=plain(part.list), fields=_each(part.fields, plain), outer=_each(part.outer, plain), values=part.values
            )
            for path, part in rules.lists.items()
        }
        self.rules = rows.MappingSettings.model_construct(
            fields=_each(fields, plain), values=rules.values, lists=lists, rating_scale=rules.rating_scale
        )
        self._mapping = _Mapping(self.rules.fields, {}, {path: _list(part) for path, part in lists.items()})

    def select(self, record: type[msgspec.Struct], fields: Fields) -> tuple[Fields, str]:
        """Select the fields that the source has, and write their text."""
        known, paths, _ = self._mapping.needs(record, fields)
        return known, self._text(paths or {_NOTHING})

    def _text(self, paths: Iterable[Path]) -> str:
        inside: dict[str, set[Path]] = {}
        for name, *rest in sorted(paths):
            inside.setdefault(name, set()).update([tuple(rest)] if rest else [])
        return " ".join(
            self._names.asked(name) + (f" {{ {self._text(rests)} }}" if rests else "") for name, rests in inside.items()
        )


def absent_fields_of(record: type[msgspec.Struct], rules: RecordSettings) -> frozenset[str]:
    """Name the fields that the mapping does not have, by dotted paths."""
    known, _ = SourceSelection(rules).select(record, all_fields(record))
    given = set(_paths(known))
    return absent_paths(record, given.__contains__)


def _paths(fields: Fields, prefix: str = "") -> Iterator[str]:
    for name, inner in fields:
        yield prefix + name
        yield from _paths(inner, f"{prefix}{name}.")


class _Mapping:
    """Map fields to the paths of a row and the outer one."""

    def __init__(
        self, own: Mapping[str, str], outer: Mapping[str, str], lists: Mapping[str, tuple[ReadPaths, _Mapping]]
    ) -> None:
        self._own = {path: ReadPaths(expression).all for path, expression in own.items() if path not in outer}
        self._outer = {path: ReadPaths(expression).all for path, expression in outer.items()}
        self._lists = lists

    def needs(self, struct: type[msgspec.Struct], fields: Fields, prefix: str = "") -> tuple[Fields, Paths, Paths]:
        """List the mapped fields, and their paths in both rows."""
        own = fields_of(struct)
        known: list[tuple[str, Fields]] = []
        here: set[Path] = set()
        around: set[Path] = set()
        for name, inner in fields:
            field, path = own[name], prefix + name
            if field.struct is None:
                if path not in self._own and path not in self._outer:
                    continue
                here |= self._own.get(path, set())
                around |= self._outer.get(path, set())
            elif field.form == LIST:
                if path not in self._lists:
                    continue
                items, mapping = self._lists[path]
                inner, of_items, outside = mapping.needs(field.struct, inner)
                here |= items.passed | outside | {(*end, *rest) for end in items.ends for rest in of_items or {_NOTHING}}
            else:
                needed = Fields.from_paths(*(field.name for field in fields_of(field.struct).values() if field.required))
                inner, of_object, outside = self.needs(field.struct, inner | needed, f"{path}.")
                if not inner.items:
                    continue
                here |= of_object
                around |= outside
            known.append((name, inner))
        return Fields(tuple(known)), here, around


def _list(part: rows.PartSettings) -> tuple[ReadPaths, _Mapping]:
    return ReadPaths(part.list or "@"), _Mapping(part.fields, part.outer, {})


def _each(expressions: Mapping[str, str], change: Callable[[str], str]) -> dict[str, str]:
    return {path: change(expression) for path, expression in expressions.items()}


def _texts(part: PartSettings) -> Iterator[str]:
    yield from (part.list, *part.fields.values(), *part.outer.values())
