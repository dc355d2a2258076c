"""Write the JSON Schema of an export, of the types of the schema that it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from graphql import GraphQLNamedType, is_enum_type, is_list_type, is_non_null_type

from gateway.export.document import CustomerExport
from gateway.export.exported_types import ROOT, ExportedTypes

JsonSchema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_REFERENCE = "#/$defs/{name}"
_SCALARS: Mapping[str, JsonSchema] = {
    "Boolean": {"type": "boolean"},
    "CountryCode": {"type": "string"},
    "CurrencyCode": {"type": "string"},
    "DateTime": {"type": "string", "format": "date-time"},
    "Decimal": {"type": "string"},
    "Float": {"type": "number"},
    "ID": {"type": "string"},
    "Int": {"type": "integer"},
    "JSON": {},
    "Locale": {"type": "string"},
    "Quantity": {"type": ["integer", "string"]},
    "String": {"type": "string"},
}


def write_json_schema(types: ExportedTypes) -> JsonSchema:
    """Write the schema of an export of these types. Objects may have more properties: fields of one's own."""
    (root,), shared = msgspec.json.schema_components((CustomerExport,), ref_template=_REFERENCE)
    definitions: JsonSchema = {**shared}
    customer = definitions[CustomerExport.__name__]["properties"]["customer"]
    definitions[CustomerExport.__name__]["properties"]["customer"] = {
        "description": customer["description"],
        **_reference(ROOT),
    }
    definitions |= {kind.name: _of_leaf(kind) for kind in types.leaf_types()}
    for name, fields in types.fields.items():
        properties = {field.name: {"description": field.description, **_of_type(field.type)} for field in fields}
        definitions[name] = {
            "type": "object",
            "description": types.describe(name),
            "properties": properties,
            "required": [*properties],
        }
    return {"$schema": DIALECT, **root, "$defs": dict(sorted(definitions.items()))}


def _reference(name: str) -> JsonSchema:
    return {"$ref": _REFERENCE.format(name=name)}


def _of_type(kind: Any) -> JsonSchema:
    if is_non_null_type(kind):
        return _of_present(kind.of_type)
    return {"anyOf": [_of_present(kind), {"type": "null"}]}


def _of_present(kind: Any) -> JsonSchema:
    return {"type": "array", "items": _of_type(kind.of_type)} if is_list_type(kind) else _reference(kind.name)


def _of_leaf(kind: GraphQLNamedType) -> JsonSchema:
    form = {"enum": [*kind.values]} if is_enum_type(kind) else _SCALARS[kind.name]
    return {**form, "description": kind.description or kind.name}
