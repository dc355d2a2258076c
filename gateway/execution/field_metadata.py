"""Describe a field of the schema to an executor. It is declared beside the field, once, and both executors go by it.

A field without a declaration is the attribute of its name, and reads the record's field of that name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from connectors.contract import Ask
from connectors.record_fields import Fields
from connectors.records import Customer, Record
from gateway.lru_cache import SharedList

CUSTOMERS: Mapping[str, type[Record]] = MappingProxyType({"Customer": Customer})

DEFINITION = GraphQLCoreConverter.DEFINITION_BACKREF


class RequiredFields(msgspec.Struct, frozen=True, kw_only=True):
    """List the fields that a field needs of its record.

    `paths`: fields of the record, dotted. `unseen`: fields that are read and not shown. `inside`: the selection below is
    still on that record. `position`: what orders the record. `more`: whether there are more records. `count`: the number of
    records. `stitches`: keys of the customer that find these records. `reports`: what each source contributed to the
    customer. `members`: which records the customer is made of. `facts`: keys of the customer that find the records that facts
    of tags measure.
    """

    paths: tuple[str, ...] = ()
    unseen: Fields = Fields()
    inside: bool = False
    position: bool = False
    more: bool = False
    count: bool = False
    stitches: tuple[type[Record], ...] = ()
    reports: bool = False
    members: bool = False
    facts: bool = False

    @property
    def asks_sources(self) -> bool:
        """Tell whether other records are asked for by the customer's keys."""
        return bool(self.stitches) or self.facts


class RecordList(msgspec.Struct, frozen=True, kw_only=True):
    """A field that gives records that the customer's keys find.

    `ask` makes the ask of the selection and of the field's arguments.
    """

    record: type[Record]
    ask: Callable[..., Ask]


def _no_ids(**_arguments: Any) -> Sequence[str]:
    return ()


class CustomerFinder(msgspec.Struct, frozen=True):
    """A field that gives customers, or records by their own ids.

    `find` takes a stitcher, the selection and the field's arguments. `ids` are those of customers that the arguments name,
    whose records can be asked for at once. `types` are those that the field may give, each with its record: of several, `find`
    takes a selection by record. `in_context` says that both functions take the request's context in the place of the stitcher.
    """

    find: Callable[..., Awaitable[Any]]
    ids: Callable[..., Sequence[str]] = _no_ids
    types: Mapping[str, type[Record]] = CUSTOMERS
    in_context: bool = False


class BatchResolver(msgspec.Struct, frozen=True):
    """Resolve a field for many objects of a request in one call.

    `resolve` takes the request's context, the objects and the field's arguments, and gives a value for each object. `expect`
    takes the context, the ids of customers who will be asked about once they are found, and the arguments. `at_hand` is as
    `resolve`, but gives nothing when it would have to wait.
    """

    resolve: Callable[..., Awaitable[Sequence[Any]]]
    expect: Callable[..., None]
    at_hand: Callable[..., Sequence[SharedList[Any]] | None] | None = None


class RecordLink(msgspec.Struct, frozen=True):
    """A field that leads to the page of a record at its source. `own_id` is the attribute that holds the id there."""

    record: type[Record]
    own_id: str = "id"


class FieldMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """All that is declared of one field. `owner` is the attribute that holds what the field is an attribute of.

    `of_source` writes the expression of a field that tells whose a record is, of those for its source and for its own id there.
    `gives_nodes` says that its values are records with their sources.
    Its price is `weight` nodes for each object that it stands on, beside a node for each record that it gives. `of_account` are
    the records that the id of an account finds for it; `searches` says that it looks for customers by a text, `tries_keys` that
    by all keys which that may be, `lists_customers` that it finds a page of them by ids that are stored. `aside` says that it
    waits, and that objects without it in their selection are shown as if there were no such field. `link` says that it
    leads to the page of a record.
    """

    reads: RequiredFields | None = None
    lists: RecordList | None = None
    finds: CustomerFinder | None = None
    together: BatchResolver | None = None
    owner: str | None = None
    of_source: Callable[[str, str], str] | None = None
    gives_nodes: bool = False
    weight: int = 0
    of_account: tuple[type[Record], ...] = ()
    searches: bool = False
    lists_customers: bool = False
    tries_keys: bool = False
    aside: bool = False
    link: RecordLink | None = None

    @property
    def is_priced(self) -> bool:
        """Tell whether the field gives records, or is made of what sources say."""
        return bool(self.weight or self.finds or self.searches)


METADATA_KEY = "declared"
_NOTHING = FieldMetadata()


def metadata_of(definition: StrawberryField) -> FieldMetadata:
    """Read the metadata of a field."""
    metadata: FieldMetadata = definition.metadata.get(METADATA_KEY, _NOTHING)
    return metadata
