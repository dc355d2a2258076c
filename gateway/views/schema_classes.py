"""Find the classes of all fields of the schema: of each that it reads of records, or as they are listed here.

A field that gives records of a type has the class of their time: that there are any says that something happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type, is_interface_type, is_object_type

from connectors import records
from connectors.record_fields import fields_of
from connectors.records import FieldClass, Part, Personal, Record
from gateway.execution.field_metadata import DEFINITION, FieldMetadata, RequiredFields, metadata_of
from gateway.execution.schema_types import name_type
from gateway.tags.fact_classes import classes_on, held_classes, paths_of

IDENTIFYING, TECHNICAL = FieldClass.IDENTIFYING, FieldClass.TECHNICAL
COMMERCIAL, BEHAVIOURAL = FieldClass.COMMERCIAL, FieldClass.BEHAVIOURAL

_TYPES: Mapping[str, FieldClass] = {
    "AccessLog": TECHNICAL,  # `access_log` of a caller decides
    "AccessLogEntry": TECHNICAL,
    "Changes": TECHNICAL,
    "CustomerChange": TECHNICAL,  # changes are told one by one
    "Border": TECHNICAL,  # of facts of a tag that is shown
    "Completeness": TECHNICAL,  # the field that gives it has the classes of all that it looks at
    "CodeCount": TECHNICAL,  # `operate` of a caller decides
    "CustomerIdentity": IDENTIFYING,
    "CustomerRecord": IDENTIFYING,
    "CustomerSource": TECHNICAL,
    "CustomersChange": IDENTIFYING,
    "ErasureReceipt": TECHNICAL,
    "ErasureRecipient": TECHNICAL,
    "Fact": TECHNICAL,  # tags are judged one by one
    "FindMatch": TECHNICAL,  # it tells of nothing but what its caller has typed, and sees
    "FindResult": TECHNICAL,
    "FieldOrigin": TECHNICAL,  # of fields that are shown alone
    "IdentityLink": IDENTIFYING,
    "DroppedPath": TECHNICAL,
    "LinkedCustomer": IDENTIFYING,
    "Money": TECHNICAL,  # the field that gives it has a class
    "Mutation": IDENTIFYING,
    "NotTried": TECHNICAL,
    "OrderStatistics": COMMERCIAL,
    "OtherValue": TECHNICAL,
    "PageInfo": TECHNICAL,
    "PastIdentity": IDENTIFYING,
    "RecordedOutcome": TECHNICAL,
    "ProfilePart": TECHNICAL,
    "Query": TECHNICAL,
    "Rule": TECHNICAL,
    "RuleChange": TECHNICAL,  # as `TagReport`
    "Segment": TECHNICAL,  # judged one by one, as tags
    "SegmentMembership": TECHNICAL,
    "Source": TECHNICAL,
    "SourceActivity": TECHNICAL,
    "SourceCounts": TECHNICAL,
    "SourceHolding": TECHNICAL,
    "SourceLookup": TECHNICAL,
    "SourceMinute": TECHNICAL,
    "StoreRemoval": TECHNICAL,
    "Subscription": TECHNICAL,
    "Tag": TECHNICAL,
    "TagCaller": TECHNICAL,  # `tag_report` of a caller decides
    "TagChange": TECHNICAL,  # of the value of a tag that is shown
    "TagDefinition": TECHNICAL,
    "TagReport": TECHNICAL,
    "TagValueCount": TECHNICAL,
    "Threshold": TECHNICAL,
    "ValueLabel": TECHNICAL,
    "Viewer": TECHNICAL,
    "ViewerPurpose": TECHNICAL,
    "WhyNot": TECHNICAL,
    "_Service": TECHNICAL,
    "Window": TECHNICAL,
    "WithheldLink": IDENTIFYING,
}
"""The classes of the fields of types that are no records."""

_FIELDS: Mapping[str, tuple[FieldClass, ...]] = {
    "Account.orders": (COMMERCIAL,),
    "Account.subscriptions": (COMMERCIAL,),
    "Account.tickets": (BEHAVIOURAL,),
    "Account.parent": (IDENTIFYING,),
    "Account.subsidiaries": (IDENTIFYING,),
    "Account.members": (IDENTIFYING,),
    "AccountMember.customer": (TECHNICAL,),
    "Customer.accessLog": (TECHNICAL,),
    "Customer.currentId": (IDENTIFYING,),
    "Customer.identity": (IDENTIFYING,),
    "Customer.origins": (TECHNICAL,),
    "Customer.records": (IDENTIFYING,),
    "Customer.sources": (TECHNICAL,),
    "Customer.account": (IDENTIFYING,),
    "Customer.facts": (TECHNICAL,),
    "Customer.segments": (TECHNICAL,),
    "Customer.tag": (TECHNICAL,),
    "Customer.tags": (TECHNICAL,),
    "CustomerChange.ids": (IDENTIFYING,),
    "Order.currentId": (COMMERCIAL,),
    "Order.origins": (TECHNICAL,),
    "Order.partial": (TECHNICAL,),
    "Order.sources": (TECHNICAL,),
    "Query.searchCustomers": (FieldClass.PERSONAL, FieldClass.CONTACT),
    "Query.identityAsOf": (IDENTIFYING,),
    "WithheldLink.reason": (IDENTIFYING, FieldClass.PERSONAL),
}
"""The classes of fields that read no field of their record, or read one for a key alone."""

STRUCTS: Mapping[str, type[msgspec.Struct]] = {
    **{name_type(record): record for record in records.RECORDS.values()},
    **{part.__name__: part for part in Part.__subclasses__()},
    "AccountMember": records.Customer,
}
"""The records and parts that types show, by the names of the types."""

TELLING = ("Customer.timeline", "Query.searchCustomers")
"""Fields that tell what they read by what they find, or in which order: they are shown where all of it is."""

HOLDING: Mapping[str, bool] = {
    **{part.__name__: True for part in Part.__subclasses__() if part is not records.Money},
    "OrderStatistics": False,
}
"""Types whose objects tell by being there what their fields tell, and whether they are parts of records."""

CONNECTION, EDGE = "Connection", "Edge"
CURSORS = ("PageInfo.startCursor", "PageInfo.endCursor")
"""Fields whose classes hang on the connection around them."""


class UnclassifiedFieldError(Exception):
    """A field of the schema has no class."""


class Classes(msgspec.Struct, frozen=True):
    """The classes of a field. `kind` says which mask it has, where it shows one text of a record.

    `is_link` says that it leads to a record's page, by the id.
    """

    all: frozenset[FieldClass]
    kind: Personal | None = None
    is_link: bool = False


@lru_cache(maxsize=2)
def classes_by_field(schema: GraphQLSchema) -> Mapping[str, Classes]:
    """Find the classes of all fields of a schema by `Type.field`, cursors of pages also by `Connection/PageInfo.field`.

    Raises `UnclassifiedFieldError`.
    """
    found: dict[str, Classes] = {}
    for kind in schema.type_map.values():
        if is_object_type(kind) and not kind.name.startswith("__"):
            found |= {f"{kind.name}.{name}": _classes(kind, name, field) for name, field in kind.fields.items()}
    for kind in schema.type_map.values():
        if is_object_type(kind) and kind.name.endswith(CONNECTION):
            cursors = _position_classes(schema, get_named_type(kind.fields["nodes"].type))
            found |= {f"{kind.name}/{where}": cursors for where in CURSORS}
            edge: Any = get_named_type(kind.fields["edges"].type)
            found[f"{edge.name}.cursor"] = cursors
        if is_interface_type(kind):
            types = schema.get_possible_types(kind)
            found |= {f"{kind.name}.{name}": _joined(found[f"{own.name}.{name}"] for own in types) for name in kind.fields}
    anywhere = _joined(found[where] for where in found if "/" in where)
    return found | dict.fromkeys(CURSORS, anywhere)


def _joined(classes: Iterable[Classes]) -> Classes:
    return Classes(frozenset().union(*(own.all for own in classes)))


def _classes(kind: GraphQLObjectType, name: str, field: GraphQLField) -> Classes:
    where = f"{kind.name}.{name}"
    if where in _FIELDS:
        return Classes(frozenset(_FIELDS[where]))
    definition = field.extensions[DEFINITION]
    metadata = metadata_of(definition)
    struct = STRUCTS.get(kind.name)
    if struct is not None:
        classes = _of_record(struct, definition.python_name, metadata)
        if classes is None:
            raise UnclassifiedFieldError(f"{where}: nothing says what it tells of a person; name its classes")
        return classes
    if metadata.finds is not None:
        return Classes(frozenset(times_of(metadata.finds.types.values())) if len(metadata.finds.types) == 1 else frozenset())
    if kind.name.endswith((CONNECTION, EDGE)):
        return Classes(frozenset([TECHNICAL]))
    if kind.name not in _TYPES:
        raise UnclassifiedFieldError(f"{where}: nothing says what {kind.name} tells of a person; name its class")
    return Classes(frozenset([_TYPES[kind.name]]), is_link=metadata.link is not None)


def _of_record(struct: type[msgspec.Struct], name: str, metadata: FieldMetadata) -> Classes | None:
    reads, own = metadata.reads, fields_of(struct)
    if metadata.of_source is not None and reads is not None and not reads.paths:
        return Classes(frozenset([TECHNICAL]))  # the name of the source
    if reads is None or metadata.of_source is not None:
        field = own.get("id" if metadata.of_source else name)
        if field is None:
            return None
        return Classes(frozenset(held_classes(field)), field.personal)
    found = frozenset(_read(struct, reads))
    return Classes(found, is_link=metadata.link is not None) if found else None


def _read(struct: type[msgspec.Struct], reads: RequiredFields) -> Iterator[FieldClass]:
    yield from classes_on((*reads.paths, *paths_of(reads.unseen)), struct)
    yield from times_of(reads.stitches)


def times_of(types: Iterable[type[Record]]) -> Iterator[FieldClass]:
    """List the classes of the times of records."""
    for record in types:
        if record.time_field is not None:
            yield from held_classes(fields_of(record)[record.time_field])


def _position_classes(schema: GraphQLSchema, kind: Any) -> Classes:
    """Find the classes of what a cursor holds: the time and the id of a record."""
    types = [kind] if is_object_type(kind) else schema.get_possible_types(kind)
    found: set[FieldClass] = set()
    for own in types:
        record: Any = STRUCTS[own.name]
        found |= {*times_of([record]), *held_classes(fields_of(record)["id"])}
    return Classes(frozenset(found))
