"""Find what is missing of a customer in what was shown of him."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.export.document import ExportGap
from gateway.export.exported_types import ROOT, ExportedTypes

UNREADABLE = "UNREADABLE"
PARTIAL = "PARTIAL"

_SAYING_IT_THEMSELVES = {"Tag", "Fact"}
"""Types whose objects are whole as they are: they were computed without something, and say so."""


def find_gaps(types: ExportedTypes, shown: Mapping[str, Any]) -> Iterator[ExportGap]:
    """List what the parts of a customer say of themselves: sources that could not be asked, values that cannot be read."""
    return _find(types, ROOT, shown, ())


def _find(types: ExportedTypes, type_name: str, shown: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[ExportGap]:
    where = ".".join(path) or "customer"
    if type_name == "CustomerSource":
        if shown["errorCode"] is not None:
            yield ExportGap(where, shown["errorCode"], shown["name"])
        if shown["droppedRecords"] or shown["unreadableValues"]:
            yield ExportGap(where, UNREADABLE, shown["name"])
    elif type_name == "CustomerIdentity" and not shown["complete"]:
        yield ExportGap(where, shown["reason"])
    elif type_name not in _SAYING_IT_THEMSELVES and shown.get("partial"):
        yield ExportGap(where, PARTIAL)
    for field in types.fields[type_name]:
        if field.type_name in types.fields:
            value = shown.get(field.name)
            inside = path if field.name in ("sources", "nodes") else (*path, field.name)
            for inner in value if isinstance(value, list) else (value,):
                if inner is not None:
                    yield from _find(types, field.type_name, inner, inside)
