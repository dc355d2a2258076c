"""Find what the schema shows of a customer: every field, but for those that are left out, each for a reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import msgspec
from graphql import (
    GraphQLField,
    GraphQLSchema,
    get_named_type,
    is_enum_type,
    is_leaf_type,
    is_object_type,
    is_required_argument,
)

ROOT = "Customer"
TAGS = "tags"
"""The field of the customer with his tags. Each is asked for by its key: so those are there that the rules do not give."""

LEFT_OUT: Mapping[str, str] = {
    "Customer.accessLog": "`accesses` has it",
    "Customer.facts": "`tags` has those that rules read",
    "Customer.tag": "`tags` has it",
    "Customer.timeline": "the lists of records have it",
    "CustomerSource.ageMs": "is of the call, not of the customer",
    "CustomerSource.attempts": "is of the call, not of the customer",
    "CustomerSource.fromCache": "is of the call, not of the customer",
    "CustomerSource.hedged": "is of the call, not of the customer",
    "CustomerSource.latencyMs": "is of the call, not of the customer",
    "Tag.whyNot": "follows from the rule and the facts, which are there",
    "Ticket.assignee": "names an employee",
    "WithheldLink.records": "has ids of other customers",
    **{
        f"{name}.link": "leads into a system that is not the customer's"
        for name in ("CustomerRecord", "CustomerSubscription", "Deal", "Event", "Order", "Survey", "Ticket")
    },
}
"""Fields that are not exported, and why. Every other field is, also one that is added later."""

OF_OTHERS: Mapping[str, str] = {"Account": "is the company's, not the customer's"}
"""Types of whom others are spoken of, too: only their own values are exported, and nothing that they lead to."""

PLACES = {"edges", "pageInfo"}
"""What pages have for those who page. All pages are exported."""

WHOLE: Mapping[str, tuple[str, Collection[str]]] = {"Customer.completeness": ("records", {"CUSTOMER"})}
"""Fields that show more with an argument: it is asked with all words of its enum, without those that it refuses."""


class UnexportableFieldError(Exception):
    """A field of the schema that the export cannot ask for as it does for others."""


class ExportedField(msgspec.Struct, frozen=True, eq=False):
    """A field that is exported: its type in the schema, what it says, and the arguments that it is asked with."""

    name: str
    type: Any
    description: str
    arguments: str = ""
    is_paged: bool = False

    @property
    def type_name(self) -> str:
        """Name the type of its values."""
        name: str = get_named_type(self.type).name
        return name


class ExportedTypes:
    """The types that a customer is shown with, each with its exported fields. `left_out` says of the others why.

    Raises `UnexportableFieldError` for a field that needs arguments which nobody gives, gives one of several types, pages
    inside of pages, or leads back to where it stands.
    """

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self.fields: dict[str, list[ExportedField]] = {}
        self.left_out: dict[str, str] = {}
        self._add(schema.type_map[ROOT], ())

    def leaf_types(self) -> Iterator[Any]:
        """List the scalars and enums of the fields, each once."""
        named = {field.type_name for fields in self.fields.values() for field in fields}
        return (self._schema.type_map[name] for name in sorted(named - self.fields.keys()))

    def describe(self, type_name: str) -> str:
        """Say what a type is, in the words of the schema."""
        return self._schema.type_map[type_name].description or ""

    def write_fields(self, fields: Iterable[ExportedField]) -> str:
        """Write fields with all that is exported below them, as GraphQL."""
        return " ".join(f"{field.name}{field.arguments}{self.write_selection(field.type_name)}" for field in fields)

    def write_selection(self, type_name: str) -> str:
        """Write the selection on a type, in braces. Nothing for a scalar."""
        fields = self.fields.get(type_name)
        return "" if fields is None else f" {{ {self.write_fields(fields)} }}"

    def _add(self, kind: Any, above: tuple[str, ...]) -> None:
        if kind.name in above:
            raise UnexportableFieldError(f"{kind.name}: stands inside itself ({', '.join(above)}); leave a field out")
        if kind.name in self.fields:
            return
        own = self.fields[kind.name] = []
        for name, field in kind.fields.items():
            reason = _reason_against(kind, name, field)
            if reason is not None:
                self.left_out[f"{kind.name}.{name}"] = reason
            elif not (name in PLACES and is_connection(kind)):
                own.append(_read_field(kind, name, field))
                named = get_named_type(field.type)
                if not is_leaf_type(named):
                    self._add(named, (*above, kind.name))


def is_connection(kind: Any) -> bool:
    """Tell whether a type is a page of a list."""
    return is_object_type(kind) and {"nodes", "pageInfo"} <= kind.fields.keys()


def _reason_against(kind: Any, name: str, field: GraphQLField) -> str | None:
    reason = LEFT_OUT.get(f"{kind.name}.{name}")
    if reason is None and kind.name in OF_OTHERS and not _is_value(get_named_type(field.type)):
        return OF_OTHERS[kind.name]
    return reason


def _is_value(kind: Any) -> bool:
    """Tell whether a type is no more than a value, such as an amount of money."""
    return is_leaf_type(kind) or (kind.name == "Money")


def _read_field(kind: Any, name: str, field: GraphQLField) -> ExportedField:
    where, named = f"{kind.name}.{name}", get_named_type(field.type)
    needed = [argument for argument, own in field.args.items() if is_required_argument(own)]
    if needed:
        raise UnexportableFieldError(f"{where}: nobody gives {', '.join(needed)}")
    if not is_leaf_type(named) and not is_object_type(named):
        raise UnexportableFieldError(f"{where}: {named.name} may be of several types")
    is_paged = is_connection(named)
    if is_paged and kind.name != ROOT:
        raise UnexportableFieldError(f"{where}: only lists of the customer are paged through")
    return ExportedField(name, field.type, field.description or "", _write_arguments(where, field), is_paged)


def _write_arguments(where: str, field: GraphQLField) -> str:
    if where not in WHOLE:
        return ""
    argument, refused = WHOLE[where]
    enum: Any = get_named_type(field.args[argument].type)
    assert is_enum_type(enum)
    return f"({argument}: [{', '.join(word for word in enum.values if word not in refused)}])"
