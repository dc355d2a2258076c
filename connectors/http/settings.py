"""Settings of the `http` kind: base URL, mappings of rows, lookups."""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, model_validator

from connectors.contract import ConnectorSettings, KeyKind, RecordName, misplaced_keys
from connectors.records import RECORD_NAMES, Record
from connectors.toolkit.http_client import HeaderSettings
from connectors.toolkit.mapping.jmespath_expressions import Expression
from connectors.toolkit.mapping.settings import MappingSettings, refuse
from connectors.toolkit.mapping.settings_checks import mapping_problems
from connectors.toolkit.ratings import scale_problems
from connectors.toolkit.record_settings import check_names
from connectors.toolkit.request_templates import PLACEHOLDERS, placeholders_of

Count = Annotated[int, Field(ge=1)]


class LookupSettings(ConnectorSettings):
    """One call: its request, the keys of its rows, its next page."""

    path: str
    method: Literal["GET", "POST"] = "GET"
    body: dict[str, JsonValue] | None = None
    key: Expression | None = None
    records: Expression | None = None
    max_batch: Count | None = None
    max_pages: Count = 10
    next: Expression | None = None
    next_cursor: Expression | None = None
    cursor_parameter: str | None = None
    total: Expression | None = None
    refuses_unknown: bool = False
    """Whether the API refuses keys that nobody has, such as ids of another form."""

    @cached_property
    def placeholders(self) -> frozenset[str]:
        return placeholders_of(self.path) | placeholders_of(self.body)

    @cached_property
    def one_key(self) -> bool:
        """One call per key (`{key}`), not one for all (`{keys}`)."""
        return "key" in self.placeholders

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        used = self.placeholders
        fixed_part = self.path.partition("?")[0]
        rules = {
            "path: must start with `/`": self.path.startswith("/"),
            f"placeholders are {', '.join(f'{{{name}}}' for name in PLACEHOLDERS)}": used <= set(PLACEHOLDERS),
            "path: must hold {key} or {keys}, here or in the body, and not both": len(used & {"key", "keys"}) == 1,
            "path: {first}, {since}, {until} and {updated_since} belong after the `?`": placeholders_of(fixed_part)
            <= {"key", "keys"},
            "{until} needs {since}": "until" not in used or "since" in used,
            "key: with {keys}, an expression must give the key of a row": "keys" not in used or self.key is not None,
            "refuses_unknown: only with {key}": not self.refuses_unknown or "keys" not in used,
            "total: only with {key}": self.total is None or "keys" not in used,
            "body: only with method = 'POST'": self.body is None or self.method == "POST",
            "next: only with method = 'GET'; a POST pages by next_cursor": self.next is None or self.method == "GET",
            "next and next_cursor: only one of them": self.next is None or self.next_cursor is None,
            "next_cursor and cursor_parameter: both or neither": (self.next_cursor is None) == (self.cursor_parameter is None),
        }
        refuse([problem for problem, holds in rules.items() if not holds])
        return self


class ListingSettings(ConnectorSettings):
    """The call that lists all records: its path with `{first}` and `{after}`, and where an answer says what comes next."""

    path: str
    next: Expression | None = None
    next_cursor: Expression | None = None
    page_size: Annotated[int, Field(ge=1, le=1_000)] = 100

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        used = placeholders_of(self.path)
        rules = {
            "path: must start with `/`": self.path.startswith("/"),
            "path: the placeholders are {first} and {after}": used <= {"first", "after"},
            "path: {first} and {after} belong after the `?`": not placeholders_of(self.path.partition("?")[0]),
            "next and next_cursor: exactly one of them": (self.next is None) != (self.next_cursor is None),
            "next_cursor: the path must hold {after}": self.next_cursor is None or "after" in used,
            "next: a link has all that the next call needs; leave out {after}": self.next is None or "after" not in used,
        }
        refuse([problem for problem, holds in rules.items() if not holds])
        return self


class RecordSettings(MappingSettings):
    """Map the rows of an answer to records of one type. Kinds of keys find them."""

    list: Expression = "@"
    order: Literal["newest_first", "oldest_first", "none"] = "none"
    keys: dict[KeyKind, LookupSettings] = Field(min_length=1)
    listing: ListingSettings | None = None

    def problems(self, record: type[Record]) -> Iterator[str]:
        """List fields that the record lacks."""
        yield from mapping_problems(record, self)
        yield from scale_problems(record, self.rating_scale)
        yield from misplaced_keys(RECORD_NAMES[record], self.keys)
        for kind, lookup in self.keys.items():
            if "updated_since" in lookup.placeholders and "updated_at" not in self.fields:
                yield f"keys.{kind}: {{updated_since}} needs fields.updated_at; say where a row has it"
        if record.time_field is None:
            if self.order != "none":
                yield "order: this record has no time to be ordered by; remove it"
            for kind, lookup in self.keys.items():
                if "since" in lookup.placeholders:
                    yield f"keys.{kind}: {{since}} needs a record with a time"


class HttpSettings(HeaderSettings):
    """One source."""

    max_batch: Count = 100
    records: Annotated[dict[RecordName, RecordSettings], check_names(RecordSettings)] = Field(min_length=1)
