"""Price an operation before anything is asked, and what it gave afterwards.

Its price is in two currencies. Nodes are the records that it gives, and a weight for each field that is made of what sources
say. Calls are those to sources, as if the operation were alone and nothing cached. Further keys of a customer, its other
addresses and spellings, add none: what a caller does not see of a customer must not show in a price.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import msgspec
from graphql import (
    BooleanValueNode,
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_object_type,
)

from connectors.contract import KeyKind
from connectors.records import Customer
from gateway.execution.call_prices import CallPrice, calls_of, prices_of
from gateway.execution.collect_fields import FieldCollector
from gateway.execution.field_metadata import DEFINITION, CustomerFinder, FieldMetadata, metadata_of
from gateway.execution.field_visibility import is_withheld
from gateway.execution.schema_types import reaches_sources
from gateway.quota.cost import Cost
from gateway.stitching.source_router import SourceRouter

PAGE, KEY, MEMBERS, ENTITIES = "first", "by", "members", "representations"
LISTS = ("ids", "by", ENTITIES)
"""The arguments that say how many."""

RECORDS_OF_PAGE = ("nodes", "edges", "matches")

MAX_ESTIMATES = 64

_CAPITAL = re.compile("[A-Z]")

Place = tuple[tuple[str, ...], str]
"""Where a field stands in an operation: the keys in the answer that lead to it, and its type."""


class Size(msgspec.Struct, frozen=True):
    """How many: a number, or that of variables. Of several, such as `ids` and `by`, all but one have to be null."""

    usual: int
    variables: tuple[str, ...] = ()

    def read(self, variables: Mapping[str, Any]) -> int:
        """Read the size from coerced variables: a whole number, or the length of a list."""
        for name in self.variables:
            value = variables.get(name)
            if isinstance(value, list):
                return len(value)
            if isinstance(value, int):
                return max(0, value)
        return self.usual


_IDS = frozenset({KeyKind.CUSTOMER_ID})


class Keys(msgspec.Struct, frozen=True):
    """The kinds of keys of a field, in its text and in variables."""

    kinds: frozenset[KeyKind] = frozenset()
    variables: tuple[str, ...] = ()

    def read(self, variables: Mapping[str, Any]) -> frozenset[KeyKind]:
        """Read all kinds, also from coerced variables: inputs, or lists of them. Where there are none, ids are given."""
        values = [variables.get(name) for name in self.variables]
        return self.kinds.union(*(_kinds_in(value) for value in values)) or _IDS


_KEYS_OF_ENTITIES = Keys(frozenset({KeyKind.CUSTOMER_ID, KeyKind.EMAIL}))


class PricedField(msgspec.Struct, frozen=True):
    """One field of an operation with its price.

    `parent` is the place in the model of the field whose objects it stands on, None for the query itself. `size` is how many
    records it gives for each of them, None where it gives no list; `is_shown` says that these are in the answer. It finds by
    `keys`.
    """

    metadata: FieldMetadata
    parent: int | None
    size: Size | None
    is_shown: bool
    keys: Keys
    gives_customers: bool
    asks_members: bool


class PricingCollector(FieldCollector):
    """Collect fields also where a condition cannot be told: they cost as if they were asked for."""

    def _included(self, node: SelectionNode) -> bool:
        try:
            return super()._included(node)
        except GraphQLError:
            return True


class CostModel:
    """The priced fields of an operation, for one way its variables select. `places` are those of its fields, by path."""

    def __init__(self, schema: GraphQLSchema, collector: PricingCollector, definition: OperationDefinitionNode) -> None:
        self.places: dict[Place, int] = {}
        self.fields: list[PricedField] = []
        self._schema = schema
        self._collector = collector
        root = schema.get_root_type(definition.operation)
        if root is not None:
            self._add(root, [definition], None, ())
        del self._collector
        self._sizing = tuple(dict.fromkeys(name for own in self.fields if own.size for name in own.size.variables))
        self._keyed = tuple(dict.fromkeys(name for own in self.fields for name in own.keys.variables))
        self._prices: dict[tuple[Any, ...], Sequence[CallPrice]] = {}
        self._estimates: dict[tuple[Any, ...], Cost] = {}

    @property
    def varies(self) -> bool:
        """Tell whether the estimate depends on variables."""
        return bool(self._sizing or self._keyed)

    def estimate(self, router: SourceRouter, variables: Mapping[str, Any], *, has_rule: bool = False) -> Cost:
        """Bound the cost of the operation at these sources. `has_rule` says that its caller sees some customers only."""
        name: tuple[Any, ...] = router, has_rule
        if self._sizing:
            name += tuple(_extent(variables.get(variable)) for variable in self._sizing)
        if self._keyed:
            name += tuple(_kinds_in(variables.get(variable)) for variable in self._keyed)
        cost = self._estimates.get(name)
        if cost is None:
            if len(self._estimates) >= MAX_ESTIMATES:
                self._estimates.clear()
            cost = self._estimates[name] = self._add_up(router, variables, has_rule, None)
        return cost

    def actual(
        self, router: SourceRouter, variables: Mapping[str, Any], given: Sequence[int], *, has_rule: bool = False
    ) -> Cost:
        """Price what the operation gave: of each of its fields so many records."""
        return self._add_up(router, variables, has_rule, given)

    def _add_up(self, router: SourceRouter, variables: Mapping[str, Any], has_rule: bool, given: Sequence[int] | None) -> Cost:
        nodes = calls = customers = 0
        objects: list[int] = []
        split: list[bool] = []
        for place, own in enumerate(self.fields):
            kinds = own.keys.read(variables)
            prices = self._prices.get((place, router, has_rule, kinds))
            if prices is None:
                prices = prices_of(
                    own.metadata, router, kinds, has_rule=has_rule, members=own.asks_members, is_list=own.size is not None
                )
                self._prices[place, router, has_rule, kinds] = prices
            parents = 1 if own.parent is None else objects[own.parent]
            size = 1 if own.size is None else own.size.read(variables)
            keys = parents * size if own.metadata.finds else parents
            calls += calls_of(prices, keys, None if own.metadata.finds or own.size is None else size, parents * size)
            if own.parent is not None and split[own.parent]:
                calls += len(prices)  # of customers whose ids are known sooner, records are asked for ahead
            split.append(len(kinds) > 1 and KeyKind.CUSTOMER_ID in kinds)
            records = 0
            if own.is_shown:
                records = parents * size if given is None else given[place]
            objects.append(parents if own.size is None else records)
            nodes += parents * own.metadata.weight + records
            customers += records if own.gives_customers else 0
        return Cost(nodes, calls, customers)

    def _add(self, kind: GraphQLObjectType, nodes: Sequence[Any], parent: int | None, path: tuple[str, ...]) -> None:
        for key, own in self._collector.fields(nodes, kind).items():
            field = kind.fields.get(own[0].name.value)
            if field is None or is_withheld(own):
                continue
            metadata = metadata_of(field.extensions[DEFINITION])
            inner, below = parent, (*path, key)
            if metadata.is_priced:
                inner = self.places[below, kind.name] = len(self.fields)
                self.fields.append(self._priced(metadata, field, own, parent))
            for possible in self._possible(field):
                self._add(possible, own, inner, below)

    def _priced(
        self, metadata: FieldMetadata, field: GraphQLField, nodes: Sequence[FieldNode], parent: int | None
    ) -> PricedField:
        written = {argument.name.value: argument.value for argument in nodes[0].arguments or ()}
        arguments = {name: value for name, value in written.items() if not isinstance(value, NullValueNode)}
        size, is_shown, keys = None, False, Keys()
        if PAGE in field.args:
            size = _size(arguments.get(PAGE), int(field.args[PAGE].default_value))
            page: Any = get_named_type(field.type)
            is_shown = any(own[0].name.value in RECORDS_OF_PAGE for own in self._collector.fields(nodes, page).values())
        elif metadata.lists_customers:
            size, is_shown = Size(1), True
        elif metadata.finds is not None:
            lists = [_size(arguments[name], 1) for name in LISTS if name in arguments and _is_list(field, name)]
            names = tuple(name for own in lists for name in own.variables)
            size, is_shown = Size(max((own.usual for own in lists), default=1), names), True
            keys = _keys(arguments[KEY]) if KEY in arguments else Keys()
            if ENTITIES in field.args:
                keys, metadata = _KEYS_OF_ENTITIES, self._of_selected(metadata, metadata.finds, nodes)
        return PricedField(
            metadata=metadata,
            parent=parent,
            size=size,
            is_shown=is_shown,
            gives_customers=metadata.searches
            or metadata.lists_customers
            or Customer in (*metadata.of_account, *_types(metadata)),
            keys=keys,
            asks_members=MEMBERS in arguments and not _is_false(arguments[MEMBERS]),
        )

    def _of_selected(self, metadata: FieldMetadata, finds: CustomerFinder, nodes: Sequence[FieldNode]) -> FieldMetadata:
        """Leave out the types of a union of which nothing is selected: they are not looked for."""
        types = {
            name: record
            for name, record in finds.types.items()
            if self._collector.fields(nodes, cast(Any, self._schema.type_map[name]))
        }
        return msgspec.structs.replace(metadata, finds=msgspec.structs.replace(finds, types=types))

    def _possible(self, field: GraphQLField) -> Sequence[GraphQLObjectType]:
        kind: Any = get_named_type(field.type)
        if not reaches_sources(self._schema, kind.name) and kind.name not in _priced_types(self._schema):
            return ()
        if is_abstract_type(kind):
            return [own for own in self._schema.get_possible_types(kind) if reaches_sources(self._schema, own.name)]
        return [kind] if is_object_type(kind) else ()


@lru_cache(maxsize=4)
def _priced_types(schema: GraphQLSchema) -> frozenset[str]:
    """Name the types with fields that have a price, though nothing is asked at sources for them."""
    kinds = [kind for kind in schema.type_map.values() if is_object_type(kind) and not kind.name.startswith("__")]
    return frozenset(
        kind.name
        for kind in kinds
        if any(metadata_of(field.extensions[DEFINITION]).is_priced for field in kind.fields.values())
    )


def _types(metadata: FieldMetadata) -> Sequence[Any]:
    return () if metadata.finds is None else [*metadata.finds.types.values()]


def _size(value: ValueNode | None, usual: int) -> Size:
    match value:
        case VariableNode():
            return Size(usual, (value.name.value,))
        case ListValueNode():
            return Size(len(value.values))
        case IntValueNode():
            return Size(max(0, int(value.value)))
    return Size(usual)


def _keys(value: ValueNode) -> Keys:
    """Read kinds of keys from a value: an input, a list of inputs, variables for either."""
    inputs = value.values if isinstance(value, ListValueNode) else (value,)
    written = (field for own in inputs if isinstance(own, ObjectValueNode) for field in own.fields)
    variables = tuple(own.name.value for own in inputs if isinstance(own, VariableNode))
    return Keys(frozenset(_kind_of(field.name.value) for field in written), variables)


def _kinds_in(value: Any) -> frozenset[KeyKind]:
    inputs = value if isinstance(value, list) else [value]
    return frozenset(_kind_of(name) for own in inputs if isinstance(own, dict) for name, key in own.items() if key is not None)


def _kind_of(name: str) -> KeyKind:
    """Give the kind of key of a field of an input, as callers and as resolvers write it."""
    return KeyKind.CUSTOMER_ID if name == "id" else KeyKind(_CAPITAL.sub(lambda found: f"_{found[0].lower()}", name))


def _is_list(field: GraphQLField, name: str) -> bool:
    return name in field.args and str(field.args[name].type).startswith("[")


def _is_false(value: ValueNode) -> bool:
    return isinstance(value, BooleanValueNode) and not value.value


def _extent(value: Any) -> Any:
    return len(value) if isinstance(value, list) else value
