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
        field = leaf_field(record, path)
        assert field is not None
        assert field.struct is not None
        yield from _gaps(f"lists.{path}.fields", field.struct, {*part.fields, *part.outer})


def _gaps(where: str, struct: type[msgspec.Struct], given: Collection[str], prefix: str = "") -> Iterator[str]:
    for field in fields_of(struct).values():
        path = prefix + field.name
        if field.struct is not None and path in given:
            what = "a list; say in lists" if field.form == LIST else "an object; say here"
            yield f"{where}: `{path}` is {what} what its fields are"
        elif field.required and path not in given:
            yield f"{where}: `{path}` is needed; say where it is"
        elif field.struct is not None and field.form != LIST and any(given_path.startswith(f"{path}.") for given_path in given):
            yield from _gaps(where, field.struct, given, f"{path}.")
