"""Map a source's row to canonical JSON of the asked fields."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from connectors.record_fields import LEAF, LIST, FieldInfo, Fields, fields_of
from connectors.toolkit.converters import field_converter, to_list, to_object, translated
from connectors.toolkit.mapping.jmespath_expressions import field_getter
from connectors.toolkit.mapping.settings import MappingSettings, PartSettings
from connectors.toolkit.ratings import RATING, rating_reader

MapRow = Callable[..., Any]
Read = Callable[[Any, Any, Any], Any]
"""(row, what the row holds for the field's parent, the row around the list that holds this one) -> value, None for no value.

An expression of the configuration is read from a row, a field that has none from the parent, by its name.
"""


class RowMapping:
    """The mapping of one record type, compiled once per selection of fields."""

    def __init__(self, struct: type[msgspec.Struct], rules: MappingSettings | PartSettings) -> None:
        self._struct = struct
        self._rules = rules
        self._parts = rules.lists if isinstance(rules, MappingSettings) else {}
        self._outer = rules.outer if isinstance(rules, PartSettings) else {}
        self._rating_scale = rules.rating_scale if isinstance(rules, MappingSettings) else None
        self.mapper = lru_cache(maxsize=256)(self._mapper)

    def _mapper(self, fields: Fields) -> MapRow:
        """Make a function from a row to a record.

        It takes the row around its list, too, and gives a mapping that is ready to be encoded.
        """
        read = self._object(self._struct, fields, "")
        return lambda row, outer=None: read(row, row, outer)

    def _object(self, struct: type[msgspec.Struct], fields: Fields, prefix: str) -> Read:
        own = fields_of(struct)
        steps = [(own[name].json_name, self._read(own[name], inner, prefix + name)) for name, inner in fields]

        def read(row: Any, parent: Any, outer: Any) -> Any:
            values = ((name, step(row, parent, outer)) for name, step in steps)
            return {name: value for name, value in values if value is not None}

        return read

    def _read(self, field: FieldInfo, inner: Fields, path: str) -> Read:
        raw = self._raw(field, path)
        if field.struct is not None:
            return (
                self._list(field.struct, inner, path, raw) if field.form == LIST else self._part(field.struct, inner, path, raw)
            )
        convert = field_converter(field)
        if path == RATING and self._rating_scale is not None:
            convert = rating_reader(self._rating_scale, convert)
        if path in self._rules.values:
            convert = translated(self._rules.values[path], convert)
        if field.form == LEAF:
            return lambda row, parent, outer: convert(raw(row, parent, outer))

        def read_leaves(row: Any, parent: Any, outer: Any) -> Any:
            items = to_list(raw(row, parent, outer))
            return [convert(item) for item in items if item is not None] if isinstance(items, list) else items

        return read_leaves

    def _raw(self, field: FieldInfo, path: str) -> Read:
        part = self._parts.get(path)
        expression = part.list if part is not None and part.list is not None else self._rules.fields.get(path)
        if path in self._outer:
            get_outer = field_getter(self._outer[path])
            return lambda _row, _parent, outer: get_outer(outer)
        if expression is not None:
            get = field_getter(expression)
            return lambda row, _parent, _outer: get(row)
        json_name, name = field.json_name, field.name

        def read_named(_row: Any, parent: Any, _outer: Any) -> Any:
            if not isinstance(parent, dict):
                return None
            value = parent.get(json_name)
            return parent.get(name) if value is None else value

        return read_named

    def _part(self, struct: type[msgspec.Struct], inner: Fields, path: str, raw: Read) -> Read:
        # An object whose required fields have no value is no object: a price of null is no money, whatever its currency.
        needed = [field for field in fields_of(struct).values() if field.required]
        names = {field.json_name for field in needed}
        inner = inner | Fields.from_paths(*(field.name for field in needed)) if needed else inner
        read_inner = self._object(struct, inner, f"{path}.")
        # What is under the object's own name does not matter where each of its fields is read from elsewhere.
        reads_here = any(f"{path}.{name}" not in {**self._rules.fields, **self._outer} for name, _ in inner)

        def read(row: Any, parent: Any, outer: Any) -> Any:
            here = to_object(raw(row, parent, outer)) if reads_here else None
            value = read_inner(row, here, outer)
            if not value and not isinstance(here, dict):
                return here
            return value if value and names <= value.keys() else None

        return read

    def _list(self, struct: type[msgspec.Struct], inner: Fields, path: str, raw: Read) -> Read:
        map_item = RowMapping(struct, self._parts.get(path, PartSettings())).mapper(inner)

        def read_item(item: Any, row: Any) -> Any:
            # What is no object, and holds nothing that is asked for, is no item of defaults.
            value = map_item(item, row)
            return value if value or isinstance(item, dict) else item

        def read(row: Any, parent: Any, outer: Any) -> Any:
            items = to_list(raw(row, parent, outer))
            return [read_item(item, row) for item in items if item is not None] if isinstance(items, list) else items

        return read
