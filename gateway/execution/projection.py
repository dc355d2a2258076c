"""Code for values that are already here: a Python expression per selection, so that an answer costs no call per field.

Such values are records that were validated where they entered, or of our own making; reading them cannot fail. What they
hold goes into the answer as it is, except where GraphQL writes it in another way than JSON would. Each object of the answer is
a struct of its selection, whose fields are written under the keys of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any, get_args

import msgspec
from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from msgspec.structs import FieldInfo

from connectors.interned_values import intern_results
from connectors.toolkit.code_generation import CodeWriter
from gateway.execution.arguments import Words
from gateway.execution.collect_fields import FieldCollector
from gateway.execution.field_metadata import DEFINITION, metadata_of
from gateway.execution.field_visibility import blank_test, is_withheld, transform_of, visibility_of
from gateway.lookups.outcome import Found
from gateway.lookups.source_links import NO_LINKS, SourceLinks
from gateway.operations import Restriction
from gateway.settings.access_settings import Visibility


class ProjectionCompiler:
    """Writes the expressions of one plan, and the names that they use. `words` are the arguments of a field that takes some.

    Without generated code a request for lists costs 60 to 112 % more instructions (decision 39).
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        collector: FieldCollector,
        words: Callable[[GraphQLField, FieldNode], Words],
        restriction: Restriction | None = None,
        links: SourceLinks = NO_LINKS,
    ) -> None:
        self._schema = schema
        self._links = links
        self._restriction = restriction
        self._collector = collector
        self._words = words
        self._code = CodeWriter()
        self._records: type[msgspec.Struct] | None = None
        self._has_one_source = False
        self._record_sources: dict[str, str] = {}
        self._told_sources: set[str] = set()
        self._exact: dict[str, type[msgspec.Struct]] = {}
        self.sources: list[str] = []

    def function(self, kind: Any, nodes: list[FieldNode], records: type[msgspec.Struct] | None = None) -> Callable[[Any], Any]:
        """Compile a function from a value, not null, to its answer.

        `records` is the struct of the records in it. Lists of them that encode to what is selected are shown as they are.
        """
        self._records = records
        compiled = self._made("v", self._changed(kind, nodes, self.value_of(kind, nodes, "v")))
        self._records = None
        return compiled

    def record_function(self, kind: Any, nodes: list[FieldNode]) -> Callable[[Any], Any]:
        """Compile a function from a record with its source, not null, to its answer."""
        record, owner = self._code.new_name(), self._code.new_name()
        self._record_sources[record] = owner
        shown = self.value_of(kind, nodes, record)
        return self._made("v", f"(({record} := v.record), ({owner} := v.source), {shown})[2]")

    def short_function(
        self, kind: GraphQLObjectType, nodes: list[FieldNode], records: type[msgspec.Struct]
    ) -> Callable[[Found], Any] | None:
        """Compile `function` for one outcome. None where more is selected than an outcome has.

        No page is made, and no source is looked up for each record: 3 % of Q3 at most (decision 39).
        """
        names = {own[0].name.value for own in self._collector.fields(nodes, kind).values()} - {"__typename"}
        definitions = [kind.fields[name].extensions[DEFINITION] for name in names]
        if not all(
            metadata_of(definition).gives_nodes or definition.python_name in Found.__struct_fields__
            for definition in definitions
        ):
            return None
        self._has_one_source = True
        function = self.function(kind, nodes, records)
        self._has_one_source = False
        return function

    def assembly(
        self, kind: GraphQLObjectType, projected: Mapping[str, list[FieldNode] | None]
    ) -> tuple[Callable[[Any, Any], Any], Callable[..., Any]]:
        """Compile functions that assemble objects of their values.

        One takes an object and its other values in order, one all its values.

        `projected` are the nodes of the fields by key, None for those whose values are given.
        """
        owners: dict[str, str] = {}
        others = count()
        values = [
            f"x[{next(others)}]" if nodes is None else self.field(kind, nodes, "v", owners) for nodes in projected.values()
        ]
        name, struct = self._shown(list(projected))
        source = f"{name}({', '.join(values)})"
        for owner, name in owners.items():
            source = f"(({name} := v.{owner}), {source})[1]"
        return self._made("v, x", source), struct

    def alone(self, kind: GraphQLObjectType, nodes: list[FieldNode]) -> Callable[[Any], Any]:
        """Compile a function from an object to one projected field."""
        return self._made("v", self.field(kind, nodes, "v"))

    def value(self, kind: Any, nodes: list[FieldNode], source: str) -> str:
        """Write the expression for a value of any type. `source` is an expression that is evaluated once."""
        if not is_non_null_type(kind):
            name = self._code.new_name()
            shown = self.value_of(kind, nodes, name)
            return source if shown == name else f"(None if ({name} := {source}) is None else {shown})"
        return self.value_of(get_nullable_type(kind), nodes, source)

    def value_of(self, kind: Any, nodes: list[FieldNode], source: str) -> str:
        if is_list_type(kind):
            name, result = self._code.new_name(), self._code.new_name()
            shown = self.value(kind.of_type, nodes, name)
            if shown == name:
                return source
            if self._records is None or not self._encodes_to(self._records, get_named_type(kind), nodes):
                return f"[{shown} for {name} in {source}]"
            return f"({result} if {self._are_exact(f'{result} := {source}')} else [{shown} for {name} in {result}])"
        named: Any = get_named_type(kind)
        if is_leaf_type(named):
            return self._leaf(named, source)
        if is_abstract_type(named):
            return self._one_of(named, nodes, source)
        return self.object(named, nodes, source)

    def object(self, kind: GraphQLObjectType, nodes: list[FieldNode], source: str) -> str:
        """Write a struct of the selected fields."""
        if not source.isidentifier():
            name = self._code.new_name()
            return f"({self.object(kind, nodes, name)} if ({name} := {source}) is not None else None)"
        fields = self._collector.fields(nodes, kind)
        name, _ = self._shown(list(fields))
        return f"{name}({', '.join(self.field(kind, own, source) for own in fields.values())})"

    def field(self, kind: GraphQLObjectType, nodes: list[FieldNode], source: str, owners: dict[str, str] | None = None) -> str:
        """Write the expression for one field of an object. What `owners` are given are read once, into variables."""
        if nodes[0].name.value == "__typename":
            return repr(kind.name)
        if is_withheld(nodes):
            return "None"
        return self._changed(kind.fields[nodes[0].name.value].type, nodes, self._read(kind, nodes, source, owners))

    def _changed(self, kind: Any, nodes: list[FieldNode], read: str) -> str:
        """Write the expression of a text, or a list of them, as it is decided to be shown."""
        transform = transform_of(nodes, self._restriction)
        if transform is None:
            return read
        name, change = self._code.new_name(), self._code.keep(transform)
        changed = f"[*map({change}, {name})]" if is_list_type(get_nullable_type(kind)) else f"{change}({name})"
        return f"(None if ({name} := {read}) is None else {changed})"

    def _read(self, kind: GraphQLObjectType, nodes: list[FieldNode], source: str, owners: dict[str, str] | None) -> str:
        name = nodes[0].name.value
        definition = kind.fields[name].extensions[DEFINITION]
        about = metadata_of(definition)
        owner = self._record_sources.get(source, f"{source}.source")
        if about.of_source is not None:
            self._told_sources.add(source)
            return about.of_source(owner, f"{source}.id")
        if about.link is not None:
            self._told_sources.add(source)
            return f"{self._code.keep(self._links.writer(about.link.record, about.link.own_id))}({owner}, {source})"
        if about.gives_nodes:
            return self._nodes(kind.fields[name].type, nodes, source)
        if about.owner is not None:
            source = f"{source}.{about.owner}" if owners is None else owners.setdefault(about.owner, self._code.new_name())
        if self._goes_as_it_is(source, definition.python_name, kind, nodes):
            return f"{source}.{definition.python_name}"
        is_blank = blank_test(nodes)
        if definition.base_resolver is None:
            read = f"{source}.{definition.python_name}"
            if is_blank is not None and not is_list_type(get_nullable_type(kind.fields[name].type)):
                part = self._code.new_name()
                read = f"(None if ({part} := {read}) is None or {self._code.keep(is_blank)}({part}) else {part})"
        else:
            resolve, field = definition.base_resolver.wrapped_func, kind.fields[name]
            if field.args:
                resolve = partial(resolve, **self._words(field, nodes[0]))
            read = f"{self._code.keep(resolve)}({source})"
        return self.value(kind.fields[name].type, nodes, read)

    def _nodes(self, kind: Any, nodes: list[FieldNode], source: str) -> str:
        """Write the records of a page, or the one of an edge.

        A record and its source are two variables, so that no object is made to hold them.
        """
        record, owner = self._code.new_name(), self._code.new_name()
        self._record_sources[record] = owner
        if not is_list_type(get_nullable_type(kind)):
            node, shown = self._code.new_name(), self.value(kind, nodes, record)
            return f"(({record} := ({node} := {source}.node).record), ({owner} := {node}.source), {shown})[2]"
        kind = get_nullable_type(kind)
        shown = self.value(kind.of_type, nodes, record)
        if record not in self._told_sources:
            return self.value_of(kind, nodes, f"{source}.records")
        each = f"for {record}, {owner} in zip({source}.records, {source}.owners)"
        if self._has_one_source:
            each = f"for {record} in {source}.records"
        items = f"[{shown} {each}]"
        if self._records is not None:
            self._exact[record] = self._records
            exact = self.value(kind.of_type, nodes, record)
            items = f"([{exact} {each}] if {self._are_exact(f'{source}.records')} else {items})"
        return f"(({owner} := {source}.source), {items})[1]" if self._has_one_source else items

    def _goes_as_it_is(self, source: str, name: str, kind: GraphQLObjectType, nodes: list[FieldNode]) -> bool:
        """Tell whether a record's field encodes to its selection."""
        struct = self._exact.get(source)
        if struct is None:
            return False
        own = next((field for field in msgspec.structs.fields(struct) if field.name == name), None)
        return own is not None and self._encodes_field_to(own, kind, nodes)

    def _are_exact(self, records: str) -> str:
        """Write the test that records have the selected fields alone. Another source may have given more."""
        return f"{{{self._code.keep(self._records)}}}.issuperset(map(type, {records}))"

    def _leaf(self, kind: Any, source: str) -> str:
        if is_enum_type(kind):
            same = all(definition.value == name for name, definition in kind.values.items())
            return source if same else f"{source}.name"
        return source

    def _encodes_to(self, struct: type[msgspec.Struct], kind: Any, nodes: list[FieldNode]) -> bool:
        """Tell whether a struct's JSON is the selection of it."""
        if not is_object_type(kind):
            return False
        selected = self._collector.fields(nodes, kind)
        own = msgspec.structs.fields(struct)
        return [field.encode_name for field in own] == list(selected) and all(
            self._encodes_field_to(definition, kind, nodes) for definition, nodes in zip(own, selected.values(), strict=True)
        )

    def _encodes_field_to(self, own: FieldInfo, kind: GraphQLObjectType, nodes: list[FieldNode]) -> bool:
        field = kind.fields.get(nodes[0].name.value)
        if field is None or visibility_of(nodes) is not Visibility.SHOWN:
            return False
        definition = field.extensions[DEFINITION]
        if definition.python_name != own.name or definition.base_resolver is not None:
            return False
        named: Any = get_named_type(field.type)
        if is_leaf_type(named):
            return self._leaf(named, "v") == "v"
        inner = _struct_in(own.type)
        return inner is not None and self._encodes_to(inner, named, nodes)

    def _one_of(self, kind: Any, nodes: list[FieldNode], source: str) -> str:
        if not source.isidentifier():
            name = self._code.new_name()
            return f"({self._one_of(kind, nodes, name)} if ({name} := {source}) is not None else None)"
        shown = "None"
        for possible in self._schema.get_possible_types(kind):
            test = f"{self._code.keep(possible.is_type_of)}({source}, None)"
            shown = f"({self.object(possible, nodes, source)} if {test} else {shown})"
        return shown

    def _made(self, arguments: str, source: str) -> Callable[..., Any]:
        self.sources.append(f"lambda {arguments}: {source}")
        return self._code.expression(arguments, source)

    def _shown(self, keys: Sequence[str]) -> tuple[str, type[msgspec.Struct]]:
        """Make a struct for an object of the answer, and name it."""
        struct = _struct_of(tuple(keys))
        name = self._code.keep(struct)
        line = f"{name}: {', '.join(keys)}"
        if line not in self.sources:
            self.sources.append(line)
        return name, struct


@intern_results
def _struct_of(keys: tuple[str, ...]) -> type[msgspec.Struct]:
    """Make the struct of an object with these keys. Plans share it."""
    names = [f"f{place}" for place in range(len(keys))]
    return msgspec.defstruct("Shown", names, rename=dict(zip(names, keys, strict=True)), gc=False)


def _struct_in(kind: Any) -> type[msgspec.Struct] | None:
    """Find the struct in a list of it, or beside None."""
    return next((member for member in get_args(kind) if isinstance(member, type) and issubclass(member, msgspec.Struct)), None)
