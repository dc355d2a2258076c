"""Count the words of enums in records that mean none of the members."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from connectors.record_fields import fields_of, leaves_of
from connectors.records import KnownEnum, Record

UNKNOWN = "UNKNOWN"


def count_unmapped(record: type[Record], content: bytes) -> Counter[tuple[str, str]]:
    """Count the words by path and word. JSON that cannot be read has none: whoever reads it says so."""
    try:
        rows = msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Counter()
    enums = {path: field.leaf for path, field in leaves_of(record).items() if field.leaf and issubclass(field.leaf, KnownEnum)}
    return Counter(
        (path, text)
        for path, leaf in enums.items()
        for text in _texts(rows, record, path.split("."))
        if text.strip() and text.strip().upper() != UNKNOWN and leaf(text).value == UNKNOWN
    )


def _texts(value: Any, struct: Any, names: list[str]) -> Iterator[str]:
    """List the texts at a path of a record, in whatever lists they are."""
    if isinstance(value, list):
        for item in value:
            yield from _texts(item, struct, names)
    elif not names:
        if isinstance(value, str):
            yield value
    elif isinstance(value, dict):
        field = fields_of(struct)[names[0]]
        yield from _texts(value.get(field.json_name), field.struct, names[1:])
