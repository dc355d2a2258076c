"""What a caller sees of the schema: a decision for each field, and what may not be given as an argument."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec
from graphql import (
    GraphQLSchema,
    get_named_type,
    is_input_object_type,
    is_interface_type,
    is_leaf_type,
    is_object_type,
)

from connectors.contract import KeyKind
from connectors.record_fields import fields_of
from connectors.records import RECORDS, Account, FieldClass
from gateway.execution.field_metadata import DEFINITION
from gateway.execution.schema_types import name_type
from gateway.identity.key_kinds import KEY_KINDS
from gateway.operations import Hasher
from gateway.settings.access_settings import Visibility
from gateway.stitching.find_rights import ALL_WAYS, FindRights
from gateway.views.cursor_seal import CURSOR, CursorSeal
from gateway.views.schema_classes import (
    CONNECTION,
    CURSORS,
    EDGE,
    HOLDING,
    STRUCTS,
    TELLING,
    Classes,
    classes_by_field,
    times_of,
)

_TEXTS = frozenset(["String", "ID"])
"""The types that a changed text is still one of."""

_FILTER = "Filter"
RECORD_ID, _IDS = "id", ("id", "sourceId", "currentId")
RECORD_IDS = ("CustomerIdentity.records", "IdentityLink.records", "LinkedCustomer.records", "WithheldLink.records")
"""The names of fields that are ids of records, and those that are lists of them."""

_BOUNDS = ("since", "until")

_FOUND_BY: Mapping[str, tuple[KeyKind, ...]] = {
    "Query.account": (KeyKind.ACCOUNT,),
    "Query.customers(ids)": (KeyKind.CUSTOMER_ID,),
    "Query.node": (KeyKind.CUSTOMER_ID, KeyKind.ORDER_ID, KeyKind.TICKET_ID, KeyKind.ACCOUNT),
    "Query.order": (KeyKind.ORDER_ID,),
    "Query.searchCustomers": (KeyKind.TEXT,),
    "Query.ticket": (KeyKind.TICKET_ID,),
    "Segment.customers": (KeyKind.TEXT,),
}
"""The fields and arguments that find by keys of these kinds."""


NODE_WAYS = ("Query.node", "Query._entities")
"""The fields that find objects of any type by their ids."""

_OF_ALL = frozenset(f"Segment.{name}" for name in ("count", "known", "unknown", "asOf", "customers"))
_TO_OTHERS = _OF_ALL | frozenset(
    ["Account.parent", "Account.subsidiaries", "CustomerIdentity.withheld", "Query.searchCustomers"]
)
_TO_PEOPLE = frozenset(["Account.members", "Account.orders", "Account.subscriptions", "Account.tickets", "Query.account"])
"""The fields that lead to customers of whom the caller may not be told, and those that do where no company admits them."""


class FieldVisibility(msgspec.Struct, frozen=True):
    """What becomes of a field. `of` is the mark of a masked one, and says as what a hashed one is hashed.

    Of one that is shown in part it lists the fields of the part that are, or the types that are not given.
    """

    visibility: Visibility
    of: str = ""


class CustomerRights(msgspec.Struct, frozen=True):
    """Of which customers callers may be told, which sources are asked for them, for which purposes. None is all.

    `is_his` says that a caller is the customer himself.
    """

    ids: frozenset[str] | None = None
    accounts: frozenset[str] | None = None
    is_his: bool = False
    sources: frozenset[str] | None = None
    purposes: frozenset[str] | None = None

    @property
    def are_some(self) -> bool:
        """Tell whether there are customers of whom they are not told."""
        return self.is_his or self.ids is not None or self.accounts is not None


ALL_CUSTOMERS = CustomerRights()


class View(msgspec.Struct, frozen=True, eq=False):
    """The decisions on all fields that are not shown as they are, or in part, by `Type.field`, and what may not be asked by.

    `places` are all fields, `refused` are fields of input types and `Type.field(argument)`. `hidden_tags` are keys of tags.
    `hasher` hashes for the callers of `group`. `rights` are those to customers and sources. `seal` seals cursors that are not
    shown as they are; the arguments that take one are `sealed_arguments`. By `find_rights` callers find whom they cannot name.
    """

    places: Collection[str]
    fields: Mapping[str, FieldVisibility]
    refused: Collection[str]
    hidden_tags: frozenset[str]
    hasher: Hasher | None
    group: str
    rights: CustomerRights
    seal: CursorSeal | None
    sealed_arguments: Collection[str]
    find_rights: FindRights = ALL_WAYS

    @property
    def hidden(self) -> set[str]:
        """The fields that are not shown as they are."""
        return {where for where, decided in self.fields.items() if decided.visibility is not Visibility.SHOWN}


def make_view(
    schema: GraphQLSchema,
    sees: Mapping[FieldClass, Visibility],
    find_by: Collection[KeyKind],
    hidden_tags: frozenset[str],
    hasher: Hasher | None,
    group: str,
    rights: CustomerRights = ALL_CUSTOMERS,
    seal: CursorSeal | None = None,
) -> View:
    """Decide on all fields of a schema. A class that is not named is withheld, but for the technical one."""
    ways = {name for name, kinds in _FOUND_BY.items() if not set(find_by).issuperset(kinds)}
    classes = classes_by_field(schema)
    hidden = {
        where: FieldVisibility(visibility, _told_of(where, own, visibility))
        for where, own in classes.items()
        if (visibility := _decide(schema, where, own, sees, seals=seal is not None)) is not Visibility.SHOWN
    }
    beyond = _beyond(rights)
    hidden |= {where: FieldVisibility(Visibility.WITHHELD) for where in (ways & classes.keys()) | beyond}
    hidden = {**_holders(schema, classes, hidden), **hidden, **_without_types(classes, sees, hidden, beyond)}
    refused = {
        *(ways - classes.keys()),
        *_refused_keys(find_by),
        *_refused_filters(schema, hidden),
        *_refused_orders(schema, hidden),
    }
    taking = {*_cursors_taken(schema, hidden)}
    refused |= taking if seal is None else set()
    sealed = frozenset() if seal is None else frozenset(taking)
    return View([*classes], hidden, refused, hidden_tags, hasher, group, rights, seal, sealed)


def strictest(classes: Collection[FieldClass], sees: Mapping[FieldClass, Visibility]) -> Visibility:
    """Decide on what reads all of these classes."""
    said = [Visibility.SHOWN if one is FieldClass.TECHNICAL else sees.get(one, Visibility.WITHHELD) for one in classes]
    return max(said, key=lambda decision: decision.strictness, default=Visibility.SHOWN)


def _decide(
    schema: GraphQLSchema, where: str, classes: Classes, sees: Mapping[FieldClass, Visibility], *, seals: bool
) -> Visibility:
    """Decide on a field. What is no text cannot be changed, and what holds others is not. Cursors can be sealed."""
    decision = strictest(classes.all, sees)
    if classes.is_link and decision is not Visibility.SHOWN:
        return Visibility.WITHHELD  # it holds the id as it is
    place = where.rpartition("/")[2]
    type_name, _, name = place.partition(".")
    holder: Any = schema.type_map[type_name]
    kind = get_named_type(holder.fields[name].type)
    if place in TELLING or _is_cursor(place):
        can_be_sealed = seals and _is_cursor(place)
        hidden = Visibility.HASHED if can_be_sealed else Visibility.WITHHELD
        return Visibility.SHOWN if decision is Visibility.SHOWN else hidden
    is_value = is_leaf_type(kind) or kind.name == "Money"
    if decision in (Visibility.MASKED, Visibility.HASHED) and kind.name not in _TEXTS:
        return Visibility.WITHHELD if is_value else Visibility.SHOWN
    return decision


def _is_cursor(place: str) -> bool:
    type_name, _, name = place.partition(".")
    return place in CURSORS or (type_name.endswith(EDGE) and name == "cursor")


def _told_of(where: str, classes: Classes, visibility: Visibility) -> str:
    """Say which mask a masked field has, or as what a hashed one is hashed: ids of records as these, else each as itself.

    So who asks for any text as an id, while a source is down, has the hash of no other field.
    """
    if visibility is Visibility.HASHED:
        if _is_cursor(where.rpartition("/")[2]):
            return CURSOR
        return RECORD_ID if where.rpartition(".")[2] in _IDS or where in RECORD_IDS else where
    return classes.kind.name if classes.kind is not None and visibility is Visibility.MASKED else ""


def _holders(
    schema: GraphQLSchema, classes: Mapping[str, Classes], hidden: Mapping[str, FieldVisibility]
) -> dict[str, FieldVisibility]:
    """Decide on the fields that hold parts of which something is withheld.

    One that would tell nothing but that it is there is withheld. Another one is told by the fields that are shown of it.
    """
    found: dict[str, FieldVisibility] = {}
    for name, is_part in HOLDING.items():
        kind: Any = schema.type_map[name]
        withheld = [own for own in kind.fields if _is_withheld(hidden, f"{name}.{own}")]
        telling = [own for own in kind.fields if classes[f"{name}.{own}"].all != {FieldClass.TECHNICAL}]
        shown = [kind.fields[own].extensions[DEFINITION].python_name for own in telling if own not in withheld]
        if withheld and not shown:
            found |= dict.fromkeys(_fields_of_type(schema, name), FieldVisibility(Visibility.WITHHELD))
        elif withheld and is_part:
            found |= dict.fromkeys(_fields_of_type(schema, name), FieldVisibility(Visibility.SHOWN, ",".join(shown)))
    return found


def _is_withheld(hidden: Mapping[str, FieldVisibility], where: str) -> bool:
    return where in hidden and hidden[where].visibility is Visibility.WITHHELD


def _fields_of_type(schema: GraphQLSchema, type_name: str) -> Iterator[str]:
    """List the fields that give objects of a type."""
    for kind in schema.type_map.values():
        if is_object_type(kind) and not kind.name.startswith("__"):
            yield from (
                f"{kind.name}.{name}" for name, field in kind.fields.items() if get_named_type(field.type).name == type_name
            )


def kinds_of_way(where: str) -> Collection[KeyKind]:
    """List the kinds of keys by which a field finds."""
    return _FOUND_BY.get(where, ())


def leads_beyond(where: str, rights: CustomerRights) -> bool:
    """Tell whether a field leads to customers of whom callers may not be told."""
    return where in _beyond(rights)


def _beyond(rights: CustomerRights) -> frozenset[str]:
    """List the fields that lead from an admitted customer to others: all of a company's, where it is not what admits."""
    if not rights.are_some:
        return frozenset()
    return _TO_OTHERS if rights.accounts is not None else _TO_OTHERS | _TO_PEOPLE


def _without_types(
    classes: Collection[str],
    sees: Mapping[FieldClass, Visibility],
    hidden: Mapping[str, FieldVisibility],
    beyond: Collection[str],
) -> dict[str, FieldVisibility]:
    """Have `node`, and entities, be no records of which the view does not show that they are there."""
    types = [
        name_type(record)
        for record in RECORDS.values()
        if record.time_field is not None and strictest([*times_of([record])], sees) is Visibility.WITHHELD
    ]
    if "Query.account" in beyond:
        types.append(Account.__name__)
    without = FieldVisibility(Visibility.SHOWN, ",".join(types))
    return {where: without for where in NODE_WAYS if types and where in classes and where not in hidden}


def _refused_keys(find_by: Collection[KeyKind]) -> Iterator[str]:
    for kind, row in KEY_KINDS.items():
        if row.finds_customers and kind not in find_by:
            yield f"CustomerKey.{'id' if kind is KeyKind.CUSTOMER_ID else _camel(kind.value)}"


def _refused_filters(schema: GraphQLSchema, hidden: Mapping[str, FieldVisibility]) -> Iterator[str]:
    """List the fields of filters by which values would be told that are not shown."""
    for kind in schema.type_map.values():
        if is_input_object_type(kind) and kind.name.endswith(_FILTER):
            shown = kind.name.removesuffix(_FILTER)
            for name in kind.fields:
                if f"{shown}.{_time_of(shown) if name in _BOUNDS else name}" in hidden:
                    yield f"{kind.name}.{name}"


def _refused_orders(schema: GraphQLSchema, hidden: Mapping[str, FieldVisibility]) -> Iterator[str]:
    """List the arguments by which an order would be told, an update time, a role, or who belongs to an account."""
    for kind in schema.type_map.values():
        if not is_object_type(kind) and not is_interface_type(kind):
            continue
        for name, field in kind.fields.items():
            given: Any = get_named_type(field.type)
            if "order" in field.args and given.name.endswith(CONNECTION):
                shown = get_named_type(given.fields["nodes"].type).name
                if f"{shown}.{_time_of(shown)}" in hidden:
                    yield f"{kind.name}.{name}(order)"
            if "updatedSince" in field.args:
                shown = get_named_type(get_named_type(field.type).fields["nodes"].type).name
                if f"{shown}.updatedAt" in hidden:
                    yield f"{kind.name}.{name}(updatedSince)"
            if "members" in field.args and "Account.members" in hidden:
                yield f"{kind.name}.{name}(members)"
            if "role" in field.args and "AccountMember.role" in hidden:
                yield f"{kind.name}.{name}(role)"


def _cursors_taken(schema: GraphQLSchema, hidden: Mapping[str, FieldVisibility]) -> Iterator[str]:
    """List the arguments that take cursors which are not shown as they are."""
    for kind in schema.type_map.values():
        if is_object_type(kind) or is_interface_type(kind):
            for name, field in kind.fields.items():
                if "after" in field.args and f"{get_named_type(field.type).name}/{CURSORS[0]}" in hidden:
                    yield f"{kind.name}.{name}(after)"


def _time_of(type_name: str) -> str:
    """Name the field of a type by which its records are ordered."""
    record: Any = STRUCTS[type_name]
    return fields_of(record)[record.time_field or "id"].json_name


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
