"""Checks of a mapping against the record that it fills: every field it names must exist, every enum value too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Protocol

import msgspec

from connectors.record_fields import LIST, fields_of, leaf_field
from connectors.records import Record
from connectors.suggestions import did_you_mean, explain_choice


class PartMapping(Protocol):
    """The settings of a list: expressions by field, and what words mean."""

    @property
    def fields(self) -> Mapping[str, str]: ...

    @property
    def outer(self) -> Mapping[str, str]: ...

    @property
    def values(self) -> Mapping[str, Mapping[str, str]]: ...


class RecordMapping(Protocol):
    """The settings of a record, whichever kind they belong to."""

    @property
    def fields(self) -> Mapping[str, str]: ...

    @property
    def values(self) -> Mapping[str, Mapping[str, str]]: ...

    @property
    def lists(self) -> Mapping[str, PartMapping]: ...


def mapping_problems(record: type[Record], rules: RecordMapping) -> Iterator[str]:
    """Report names of a mapping that the record does not have."""
    yield from _mapping_problems("", record, rules.fields, rules.values)
    for path, part in rules.lists.items():
        info = leaf_field(record, path)
        if info is None or info.form != LIST or info.struct is None:
            lists = [own for own, field in fields_of(record).items() if field.form == LIST and field.struct]
            yield f"lists: `{path}` is no list of parts{did_you_mean(path, lists) or '; there are none'}"
        else:
            yield from _mapping_problems(f"lists.{path}.", info.struct, part.fields, part.values)
            yield from (f"lists.{path}.outer: {problem}" for problem in _unknown_paths(info.struct, part.outer))


def _mapping_problems(
    where: str, struct: type[msgspec.Struct], fields: Mapping[str, str], values: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    known = list(_paths(struct))
    yield from (f"{where}fields: {problem}" for problem in _unknown_paths(struct, fields))
    for path, pairs in values.items():
        field = leaf_field(struct, path) if path in known else None
        if field is None:
            yield f"{where}values: {_unknown(struct, path, known)}"
        elif field.leaf is not None and issubclass(field.leaf, Enum):
            members = field.leaf.__members__
            for value in pairs.values():
                if value not in members:
                    yield f"{where}values.{path}: {explain_choice(value, members)}"


def _unknown_paths(struct: type[msgspec.Struct], paths: Iterable[str]) -> Iterator[str]:
    known = list(_paths(struct))
    yield from (_unknown(struct, path, known) for path in paths if path not in known)


def _paths(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[str]:
    for field in fields_of(struct).values():
        yield prefix + field.name
        if field.struct is not None and field.form != LIST:
            yield from _paths(field.struct, f"{prefix}{field.name}.")


def _unknown(struct: type[msgspec.Struct], path: str, known: Iterable[str]) -> str:
    if leaf_field(struct, path) is not None:
        list_name, _, inner = path.partition(".")
        return f"`{path}` is inside a list; set `{inner}` in lists.{list_name}.fields"
    return f"`{path}` is no field of {struct.__name__}{did_you_mean(path, list(known))}"
