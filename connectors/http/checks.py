"""Checks of a record's settings against the record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from connectors.mapping.checks import mapping_problems
from connectors.records import RECORDS

if TYPE_CHECKING:
    from connectors.http.settings import RecordSettings


def record_problems(name: str, rules: RecordSettings) -> Iterator[str]:
    """What a configuration says about a record that the record does not have."""
    record = RECORDS[name]
    yield from mapping_problems(record, rules)
    if record.time_field is None:
        if rules.order != "none":
            yield "order: this record has no time to be ordered by"
        for kind, lookup in rules.keys.items():
            if "since" in lookup.placeholders:
                yield f"keys.{kind}: {{since}} needs a record with a time"
