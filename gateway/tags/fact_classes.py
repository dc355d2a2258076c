"""Find the classes of what facts read of records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from connectors.record_fields import FieldInfo, Fields, leaf_field
from connectors.records import FieldClass
from gateway.tags.definitions import Fact
from gateway.tags.facts import needed_fields


def classes_of_facts(facts: Iterable[Fact]) -> set[FieldClass]:
    """List the classes of all that facts read, but for the ids by which records with a time are counted."""
    found = set[FieldClass]()
    for record, fields in needed_fields(facts).items():
        counted = "id" if record.time_field is not None else None
        found |= {*classes_on((path for path in paths_of(fields) if path != counted), record)}
    return found


def classes_on(paths: Iterable[str], struct: type[msgspec.Struct]) -> Iterator[FieldClass]:
    """List the classes of the fields at dotted paths, and of those that hold them."""
    for path in paths:
        names = path.split(".")
        for length in range(1, len(names) + 1):
            field = leaf_field(struct, ".".join(names[:length]))
            assert field is not None
            yield from held_classes(field)


def paths_of(fields: Fields, before: str = "") -> Iterator[str]:
    """List the dotted paths of a selection."""
    for name, inner in fields:
        yield from paths_of(inner, f"{before}{name}.") if inner.items else [f"{before}{name}"]


def held_classes(field: FieldInfo) -> Iterator[FieldClass]:
    """List the class of a field, if it has one. What holds others has none, and is decided by them."""
    if field.field_class is not None:
        yield field.field_class
