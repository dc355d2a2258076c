"""The schema: exported as it is in the code, described throughout, in step with the records."""

from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLNamedType, is_enum_type, is_introspection_type, is_specified_scalar_type

from connectors import records
from connectors.record_fields import fields_of
from gateway.execution.field_metadata import DEFINITION, metadata_of
from gateway.execution.schema_types import name_type
from gateway.stitching.customer_finder import OWNER_FIELDS
from resolvers.schema import schema, sdl

TYPES: dict[str, GraphQLNamedType] = {
    name: kind
    for name, kind in schema._schema.type_map.items()
    if not is_introspection_type(kind) and not is_specified_scalar_type(kind)
}


def test_the_exported_schema_is_that_of_the_code():
    """`make schema` was run after the last change."""
    assert Path("schema.graphql").read_text(encoding="utf-8") == sdl()


@pytest.mark.parametrize("name", sorted(TYPES))
def test_everything_is_described(name: str):
    """The type, its fields, their arguments and its values say what they are."""
    kind: Any = TYPES[name]
    assert kind.description
    for field_name, field in getattr(kind, "fields", {}).items():
        assert field.description, field_name
        for argument_name, argument in getattr(field, "args", {}).items():
            assert argument.description, f"{field_name}({argument_name})"
    if is_enum_type(kind):
        assert [value for value, definition in kind.values.items() if not definition.description] == []


@pytest.mark.parametrize("record", records.RECORDS.values())
def test_every_field_of_a_record_is_shown(record: type[records.Record]):
    """A field that is added to a record and forgotten in the schema is found here, and the other way round."""
    kind: Any = TYPES[name_type(record)]
    shown = {field.extensions[DEFINITION] for field in kind.fields.values()}
    plain = {one.python_name for one in shown if metadata_of(one).reads is None}
    of_source = {metadata_of(one).reads.paths for one in shown if metadata_of(one).of_source is not None}
    assert of_source == {("id",), ()}
    of_owner = {name for name, _ in OWNER_FIELDS if record not in (records.Customer, records.Account)}
    computed = {path.partition(".")[0] for one in shown for path in getattr(metadata_of(one).reads, "paths", ())}
    assert plain | computed | of_owner == set(fields_of(record))
    assert plain.isdisjoint(of_owner)


def test_what_a_source_owns_is_nullable_on_a_customer():
    """A failed source costs its fields, never the customer: only its ids and the reports are always there."""
    kind: Any = TYPES["Customer"]
    assert {name for name, field in kind.fields.items() if str(field.type).endswith("!")} == {
        "id",
        "source",
        "sourceId",
        "sources",
        "currentId",
        "records",
        "origins",
        "identity",
        "completeness",
    }
