"""Checks of a mapping against the record that it fills: what it names must exist, what the record needs must be named."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import msgspec

from connectors.graphql.query import Query
from connectors.mapping.checks import mapping_problems
from connectors.records import RECORDS
from connectors.shapes import LIST, leaf_shape, shapes

if TYPE_CHECKING:
    from connectors.graphql.settings import RecordSettings


def record_problems(name: str, rules: RecordSettings) -> Iterator[str]:
    """What a configuration says about a record that the record does not have, and what it does not say."""
    record = RECORDS[name]
    problems = list(mapping_problems(record, rules))
    if problems:
        yield from problems
        return
    yield from _gaps("fields", record, {"id", *rules.fields})
    for path, part in rules.lists.items():
        shape = leaf_shape(record, path)
        assert shape is not None
        assert shape.struct is not None
        yield from _gaps(f"lists.{path}.fields", shape.struct, {*part.fields, *part.outer})
    if record.time_field is None:
        if rules.order != "none":
            yield "order: this record has no time to be ordered by"
        for kind, lookup in rules.keys.items():
            if "since" in Query(lookup.query, lookup.variables).sends:
                yield f"keys.{kind}.query: $since and {{since}} need a record with a time"


def _gaps(where: str, struct: type[msgspec.Struct], given: Collection[str], prefix: str = "") -> Iterator[str]:
    for shape in shapes(struct).values():
        path = prefix + shape.name
        if shape.struct is not None and path in given:
            what = "a list; say in lists" if shape.form == LIST else "an object; say here"
            yield f"{where}: `{path}` is {what} what its fields are"
        elif shape.required and path not in given:
            yield f"{where}: `{path}` is needed; say where it is"
        elif shape.struct is not None and shape.form != LIST and any(one.startswith(f"{path}.") for one in given):
            yield from _gaps(where, shape.struct, given, f"{path}.")
