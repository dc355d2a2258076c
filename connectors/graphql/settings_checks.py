"""Check that a mapping names each value that a record needs."""

from collections.abc import Collection, Iterator

import msgspec

from connectors.record_fields import LIST, fields_of, leaf_field
from connectors.records import Record
from connectors.toolkit.mapping.settings_checks import RecordMapping


def gaps(record: type[Record], rules: RecordMapping) -> Iterator[str]:
    """List the gaps of a mapping that names no wrong fields."""
    yield from _gaps("fields", record, {"id", *rules.fields})
    for path, part in rules.lists.items():
        shape = leaf_field(record, path)
        assert shape is not None
        assert shape.struct is not None
        yield from _gaps(f"lists.{path}.fields", shape.struct, {*part.fields, *part.outer})


def _gaps(where: str, struct: type[msgspec.Struct], given: Collection[str], prefix: str = "") -> Iterator[str]:
    for shape in fields_of(struct).values():
        path = prefix + shape.name
        if shape.struct is not None and path in given:
            what = "a list; say in lists" if shape.form == LIST else "an object; say here"
            yield f"{where}: `{path}` is {what} what its fields are"
        elif shape.required and path not in given:
            yield f"{where}: `{path}` is needed; say where it is"
        elif shape.struct is not None and shape.form != LIST and any(one.startswith(f"{path}.") for one in given):
            yield from _gaps(where, shape.struct, given, f"{path}.")
