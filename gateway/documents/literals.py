"""Lift literals to variables, so that texts share documents and plans."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import msgspec
from graphql import (
    SKIP,
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    IntValueNode,
    ListTypeNode,
    ListValueNode,
    NamedTypeNode,
    NameNode,
    Node,
    NonNullTypeNode,
    OperationDefinitionNode,
    Source,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    TypeNode,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_location,
    get_nullable_type,
    is_list_type,
    visit,
)

from gateway.documents.limits import MAX_LIST

PREFIX = "_literal"
"""Of the names of these variables. A text with it in is left as it is."""

MAX_LITERALS = 50

_TEXT = r'"[^"\\\x00-\x1f\ud800-\udfff]*"'
_SCALARS = re.compile(
    r"#[^\n\r]*"  # a comment
    r'|"""'  # a block string: the text is left as it is
    rf'|(?P<list>\[[ \t,]*(?:(?!"""){_TEXT}[ \t,]*)+\])'
    rf"|(?P<text>{_TEXT})"
    r'|"(?:[^"\\\n\r]|\\.)*"?'  # a string with escapes stays where it is; one without an end is passed over as well, and once
    r"|(?P<int>(?<![0-9A-Za-z_.-])-?(?:0|[1-9][0-9]{0,9})(?![0-9A-Za-z_.]))"
)
_TEXTS = re.compile(_TEXT)

Value: TypeAlias = str | tuple[str, ...]


class Literal(msgspec.Struct, frozen=True):
    """A literal of a text: its place, its value, and the number that equal literals share."""

    start: int
    end: int
    number: int
    value: Value


class Outline(msgspec.Struct, frozen=True):
    """Hold a text with marks for its literals, equal for equal ones."""

    text: str
    key: str
    literals: list[Literal]

    @property
    def list_values(self) -> int:
        """Count the values of lists: texts of one outline may differ in that, and so in their tokens."""
        return sum(len(literal.value) for literal in self.literals if isinstance(literal.value, tuple))

    def fixed_texts(self, lifted: Iterable[int]) -> tuple[str, ...]:
        """The texts of the literals that are not lifted."""
        places = set(lifted)
        return tuple(
            self.text[literal.start : literal.end] for place, literal in enumerate(self.literals) if place not in places
        )


def outline_of(text: str) -> Outline | None:
    """Outline a text. None where it has no literals, or something that is not worth a look."""
    if "\x00" in text or PREFIX in text:
        return None
    literals: list[Literal] = []
    numbers: dict[tuple[str, Value], int] = {}
    parts: list[str] = []
    end = 0
    for match in _SCALARS.finditer(text):
        kind = match.lastgroup
        if kind is None:
            if match[0] == '"""':
                return None
            continue
        said = match[0]
        value: Value = said if kind == "int" else said[1:-1]
        if kind == "list":
            value = tuple(text[1:-1] for text in _TEXTS.findall(said))
            if len(value) > MAX_LIST:
                continue  # no variable may be so long
        number = numbers.setdefault((kind, value), len(numbers))
        parts += text[end : match.start()], f"\x00{kind}{number}\x00"
        end = match.end()
        literals.append(Literal(match.start(), end, number, value))
    if not 0 < len(literals) <= MAX_LITERALS:
        return None
    return Outline(text, "".join(parts) + text[end:], literals)


@dataclass(frozen=True)
class Template:
    """A document with variables in place of literals.

    `places` says which literals of the outline they are, `names` which variable stands for each.
    """

    document: DocumentNode
    outline: Outline
    places: tuple[int, ...]
    names: tuple[str, ...]

    def lifted(self, outline: Outline) -> Lifted:
        """Lift the literals of another text of this outline."""
        values: dict[str, Any] = {}
        for name, place in zip(self.names, self.places, strict=True):
            value = outline.literals[place].value
            values[name] = list(value) if isinstance(value, tuple) else value
        return Lifted(values, self, outline)


@dataclass(frozen=True, eq=False)
class Lifted:
    """Hold one text's literals as variables, and where its places differ."""

    variables: Mapping[str, Any]
    template: Template
    outline: Outline

    def put_right(self, error: GraphQLError) -> None:
        """Have an error speak of the caller's text instead of the template."""
        if PREFIX in error.message:
            for name, place in zip(self.template.names, self.template.places, strict=True):
                literal = self.outline.literals[place]
                error.message = error.message.replace(f"${name}", self.outline.text[literal.start : literal.end])
        if error.positions:
            source = Source(self.outline.text)
            error.source, error.positions = source, [self._moved(position) for position in error.positions]
            error.locations = [get_location(source, position) for position in error.positions]

    def _moved(self, position: int) -> int:
        by = 0
        for was, now in zip(self.template.outline.literals, self.outline.literals, strict=True):
            if was.end > position:
                break
            by = now.end - was.end
        return position + by


def template_of(document: DocumentNode, outline: Outline, schema: GraphQLSchema) -> Template | None:
    """Make the template of a valid document. None where no literal can be lifted."""
    info = TypeInfo(schema)
    lifter = _Lifter(info, outline)
    changed: DocumentNode = visit(document, TypeInfoVisitor(info, lifter))
    if not lifter.types:
        return None
    places = tuple(sorted(lifter.names))
    declared = _declared(changed, lifter.types, document.token_count)
    return Template(declared, outline, places, tuple(lifter.names[place] for place in places))


class _Lifter(Visitor):
    """Puts variables in place of literals. `names` are theirs by the literal's place in the outline, `types` by name.

    Only texts, and lists of them, where an `ID` or a `String` is asked for, and whole numbers for an `ID`: these mean the same
    as a literal and as a variable, whatever they say.
    """

    def __init__(self, info: TypeInfo, outline: Outline) -> None:
        super().__init__()
        self._info = info
        self._places = {(literal.start, literal.end): place for place, literal in enumerate(outline.literals)}
        self._outline = outline
        self.names: dict[int, str] = {}
        self.types: dict[str, TypeNode] = {}

    def enter_directive(self, _node: DirectiveNode, *_: Any) -> Any:
        return SKIP

    def enter_variable_definition(self, _node: VariableDefinitionNode, *_: Any) -> Any:
        return SKIP

    def enter_list_value(self, node: ListValueNode, *_: Any) -> Any:
        kind: Any = get_nullable_type(self._info.get_parent_input_type())
        item = _scalar(kind.of_type) if is_list_type(kind) else None
        if item is None or self._place(node) is None:
            return SKIP
        return self._variable(node, f"{item}s", NonNullTypeNode(type=ListTypeNode(type=_non_null(item))))

    def enter_string_value(self, node: StringValueNode, *_: Any) -> Any:
        item = _scalar(self._info.get_input_type())
        return None if item is None else self._variable(node, item, _non_null(item))

    def enter_int_value(self, node: IntValueNode, *_: Any) -> Any:
        item = _scalar(self._info.get_input_type())
        return self._variable(node, item, _non_null(item)) if item == "ID" else None

    def _place(self, node: Node) -> int | None:
        return self._places.get((node.loc.start, node.loc.end)) if node.loc else None

    def _variable(self, node: ValueNode, kind: str, declared: TypeNode) -> VariableNode | None:
        place = self._place(node)
        if place is None:
            return None
        name = f"{PREFIX}{self._outline.literals[place].number}_{kind}"
        self.names[place] = name
        self.types[name] = declared
        return VariableNode(name=NameNode(value=name), loc=node.loc)


def _scalar(kind: Any) -> str | None:
    name: str | None = getattr(get_nullable_type(kind), "name", None)
    return name if name in ("ID", "String") else None


def _non_null(name: str) -> NonNullTypeNode:
    return NonNullTypeNode(type=NamedTypeNode(name=NameNode(value=name)))


class _Uses(Visitor):
    """Collect a definition's literal variables and the fragments spread in it."""

    def __init__(self, definition: Node) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.spreads: set[str] = set()
        visit(definition, self)

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        if node.name.value.startswith(PREFIX):
            self.names.add(node.name.value)

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
        self.spreads.add(node.name.value)


def _declared(document: DocumentNode, types: Mapping[str, TypeNode], token_count: int) -> DocumentNode:
    """Declare on each operation the variables that it and fragments take."""
    of_fragments = {node.name.value: _Uses(node) for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    definitions: list[Any] = []
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            names = sorted(_reached(_Uses(node), of_fragments))
            own = [VariableDefinitionNode(variable=_variable(name), type=types[name], directives=()) for name in names]
            definitions.append(replace(node, variable_definitions=(*(node.variable_definitions or ()), *own)))
        else:
            definitions.append(node)
    declared = replace(document, definitions=tuple(definitions))
    object.__setattr__(declared, "token_count", token_count)  # as the parser does: it is no field of the node
    return declared


def _reached(uses: _Uses, of_fragments: Mapping[str, _Uses]) -> set[str]:
    names, reached = set(uses.names), set(uses.spreads)
    waiting = list(uses.spreads)
    while waiting:
        inner = of_fragments[waiting.pop()]
        names |= inner.names
        waiting += inner.spreads - reached
        reached |= inner.spreads
    return names


def _variable(name: str) -> VariableNode:
    return VariableNode(name=NameNode(value=name))
