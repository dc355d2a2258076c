"""Write the asked fields of a document as canonical JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from connectors.mongo.field_paths import FieldPaths, FieldSource
from connectors.record_fields import LEAF, OBJECT, Fields, fields_of
from connectors.toolkit.converters import to_list

Read = Callable[[Any, Any], Any]
"""(the document or an item of its list, the document around) -> a canonical value, None for no value."""


def values_at(value: Any, path: str) -> Any:
    """Collect the values at a dotted path. Through an array it is an array, as MongoDB sees it."""
    for name in path.split("."):
        if isinstance(value, list):
            value = [item[name] for item in value if isinstance(item, dict) and name in item]
        elif isinstance(value, dict):
            value = value.get(name)
        else:
            return None
    return value


def each_at(value: Any, path: str) -> Iterator[Any]:
    """The plain values at a dotted path, in whatever arrays they are."""
    waiting = [values_at(value, path)]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        else:
            yield item


def reader(places: FieldPaths, fields: Fields, prefix: str = "") -> Read:
    """Reads the selected fields of an object. A value that cannot be read goes on as it is."""
    inside = places.struct
    for name in prefix.split(".")[:-1]:
        inside = fields_of(inside)[name].struct or inside
    own = fields_of(inside)
    steps = [(own[name].json_name, _read(places, own[name].form, prefix, name, inner)) for name, inner in fields]

    def read(here: Any, around: Any) -> Any:
        values = ((name, step(here, around)) for name, step in steps)
        return {name: value for name, value in values if value is not None}

    return read


def _read(places: FieldPaths, form: str, prefix: str, name: str, inner: Fields) -> Read:
    path = f"{prefix}{name}"
    if form == OBJECT:
        return _object(places, path, inner)
    if form == LEAF:
        return leaf(places.spot(path))
    if fields_of(places.struct)[name].struct is not None:
        return _list(places, name, inner)
    return _leaves(places.spot(path))


def leaf(spot: FieldSource) -> Read:
    """Reads one value."""
    convert = spot.convert
    if spot.path is None:
        constant = convert(spot.constant)
        return lambda _here, _around: constant
    path, outer = spot.path, spot.outer
    if "." in path:
        return lambda here, around: convert(_value_at(around if outer else here, path))
    return lambda here, around: convert((around if outer else here).get(path))


def _value_at(value: Any, path: str) -> Any:
    """As `values_at`, where nothing was found in an array nothing."""
    values = values_at(value, path)
    return None if values == [] else values


def _leaves(spot: FieldSource) -> Read:
    assert spot.path is not None
    convert, path = spot.convert, spot.path

    def read(here: Any, _around: Any) -> Any:
        values = to_list(values_at(here, path))
        return [convert(item) for item in values if item is not None] if isinstance(values, list) else values

    return read


def _object(places: FieldPaths, path: str, inner: Fields) -> Read:
    # An object whose required fields have no value is no object: a price of null is no money, whatever its currency.
    needed = [leaf(spot) for spot in places.needed(path)]
    read_inner = reader(places, inner, f"{path}.")

    def read(here: Any, around: Any) -> Any:
        if any(step(here, around) is None for step in needed):
            return None
        return read_inner(here, around) or ({} if needed else None)

    return read


def _list(places: FieldPaths, name: str, inner: Fields) -> Read:
    path, read_item = places.list_path(name), reader(places.items(name), inner)

    def read(here: Any, _around: Any) -> Any:
        items = values_at(here, path)
        if not isinstance(items, dict):  # of an object the server leaves out what is not asked for: it need not be empty
            items = to_list(items)
        if not isinstance(items, list):
            return items
        return [read_item(item, here) if isinstance(item, dict) else item for item in items if item is not None]

    return read
