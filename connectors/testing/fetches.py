"""Ask a lookup as the gateway does, and read its answer."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from connectors.contract import Ask, Found, Keys, Lookup, Page
from connectors.errors import SourceError
from connectors.record_fields import LIST, Fields, all_fields, fields_of, narrow
from connectors.records import Record


async def fetch(lookup: Lookup, keys: Keys, **ask: Any) -> dict[str, Page]:
    """Fetch the pages by key, in batches of at most `max_batch`. They have every field unless `fields` says less.

    Raises the `SourceError` of the first key that has one.
    """
    asked = Ask(**{"fields": all_fields(lookup.record)} | ask)
    pages: dict[str, Page] = {}
    for start in range(0, len(keys), lookup.max_batch):
        batch = keys[start : start + lookup.max_batch]
        answer = await lookup.fetch(batch, asked)
        assert set(answer) <= set(batch), "an answer holds keys that were not asked for"
        pages |= {key: page_of(outcome) for key, outcome in answer.items()}
    return pages


async def fetch_records(lookup: Lookup, keys: Keys, **ask: Any) -> dict[str, list[Record]]:
    """Fetch the records of every asked key, in the answer's order, narrowed to `fields`."""
    pages = await fetch(lookup, keys, **ask)
    record: type[Any] = narrow(lookup.record, ask["fields"]) if "fields" in ask else lookup.record
    return {key: records_in(record, pages.get(key)) for key in keys}


def page_of(outcome: Found | SourceError) -> Page:
    if isinstance(outcome, SourceError):
        raise outcome
    return outcome if isinstance(outcome, Page) else Page(outcome if isinstance(outcome, bytes) else list(outcome))


def json_of(page: Page) -> bytes:
    """Write the records of a page as canonical JSON."""
    return page.records if isinstance(page.records, bytes) else msgspec.json.encode(page.records)


def records_in(record: type[Record], page: Page | None) -> list[Record]:
    """Decode records as strictly as the gateway does, so a malformed one raises."""
    return msgspec.json.decode(json_of(page), type=list[record]) if page else []  # type: ignore[valid-type]


def decoded(record: type[Record], page: Page, fields: Fields) -> list[Any]:
    """Narrowed to a selection, as plain values."""
    kind = narrow(record, fields)
    return [msgspec.to_builtins(row) for row in msgspec.json.decode(json_of(page), type=list[kind])]  # type: ignore[valid-type]


def strays(struct: type[msgspec.Struct], value: Mapping[str, Any], where: str) -> Iterator[str]:
    """List the parts of a record's JSON that are not canonical: unknown keys, times outside UTC."""
    known = {field.json_name: field for field in fields_of(struct).values()}
    for name, inner in value.items():
        field = known.get(name)
        if field is None:
            yield f"{where}.{name} is no field"
        elif inner is None:
            continue
        elif field.struct is not None:
            for item in inner if field.form == LIST else [inner]:
                yield from strays(field.struct, item, f"{where}.{name}")
        elif field.leaf is datetime and datetime.fromisoformat(inner).utcoffset() != timedelta(0):
            yield f"{where}.{name} is not in UTC"


def spread(records: Sequence[Record]) -> list[datetime]:
    """The times of records, oldest first."""
    return sorted(getattr(record, record.time_field).astimezone(UTC) for record in records if record.time_field)
