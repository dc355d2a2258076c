"""Settings of the `graphql` kind: endpoint, records, queries."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from connectors.contract import ConnectorSettings, KeyKind, RecordName, misplaced_keys
from connectors.graphql.expressions import Expression
from connectors.graphql.query import ListQuery, Query
from connectors.graphql.settings_checks import gaps
from connectors.records import RECORD_NAMES, Record
from connectors.toolkit.http_client import HeaderSettings
from connectors.toolkit.mapping.settings_checks import mapping_problems
from connectors.toolkit.ratings import RatingScale, scale_problems
from connectors.toolkit.record_settings import NamedSettings, check_names

Count = Annotated[int, Field(ge=1)]


class PartSettings(ConnectorSettings):
    """Map the items of a row's list to parts of a record.

    `outer` are fields that are read from the row around the list, such as the currency of an order for the prices of its items.
    """

    list: Expression
    fields: dict[str, Expression] = {}
    outer: dict[str, Expression] = {}
    values: dict[str, dict[str, str]] = {}


class LookupSettings(ConnectorSettings):
    """Configure one query, with `...fields` for the record's fields. It says how many keys and records go into one call."""

    query: str
    variables: dict[str, str] = {}
    max_batch: Annotated[int, Field(ge=1, le=1000)] | None = None
    page_size: Count | None = None
    max_pages: Count = 10
    refuses_unknown: bool = False
    """Whether the API refuses keys that nobody has, such as ids of another form."""

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        query = Query(self.query, self.variables)
        if self.refuses_unknown and not query.one_key:
            raise ValueError("refuses_unknown: the query must use $key, for one key alone")
        if self.page_size is not None and not {"first", "after"} <= query.sends:
            raise ValueError("page_size: the query must use $first and $after")
        return self


class ListingSettings(ConnectorSettings):
    """Configure the query that lists all records, with `...fields` for a record's fields, in pages of `page_size` at most."""

    query: str
    page_size: Annotated[int, Field(ge=1, le=1000)] = 100

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        ListQuery(self.query)
        return self


class RecordSettings(NamedSettings):
    """Map the rows of an answer to records of one type. The queries find them.

    A field without an expression is not asked for; `id` is `id`.
    """

    order: Literal["newest_first", "oldest_first", "none"] = "none"
    fields: dict[str, Expression]
    values: dict[str, dict[str, str]] = {}
    lists: dict[str, PartSettings] = {}
    rating_scale: RatingScale | None = None
    keys: dict[KeyKind, LookupSettings] = Field(min_length=1)
    listing: ListingSettings | None = None

    def problems(self, record: type[Record]) -> Iterator[str]:
        """List fields that the record lacks, or that the settings lack."""
        unknown = [*mapping_problems(record, self), *scale_problems(record, self.rating_scale)]
        yield from unknown or gaps(record, self)
        yield from misplaced_keys(RECORD_NAMES[record], self.keys)
        for kind, lookup in () if unknown else self.keys.items():
            sends = Query(lookup.query, lookup.variables).sends
            if {"updatedSince", "updated_since"} & sends and "updated_at" not in self.fields:
                yield f"keys.{kind}.query: $updatedSince and {{updated_since}} need fields.updated_at; say where it is"
        if record.time_field is None and not unknown:
            if self.order != "none":
                yield "order: this record has no time to be ordered by; remove it"
            for kind, lookup in self.keys.items():
                if "since" in Query(lookup.query, lookup.variables).sends:
                    yield f"keys.{kind}.query: $since and {{since}} need a record with a time"


class GraphQLSettings(HeaderSettings):
    """One source."""

    max_batch: Annotated[int, Field(ge=1, le=1000)] = 100
    records: Annotated[dict[RecordName, RecordSettings], check_names(RecordSettings)] = Field(min_length=1)
