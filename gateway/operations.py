"""Documents become operations: limited, parsed, validated and remembered by their text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import islice
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Source,
    TokenKind,
    parse,
    validate,
)
from graphql.language import Lexer

from gateway.errors import CallerError
from gateway.kept import Kept

_MAX_ERRORS = 20
_BYTES_PER_TOKEN = 600  # of a syntax tree, measured
_CACHED_BYTES_PER_ENTRY = 100_000


class OperationError(CallerError):
    """The document cannot be run. Each of `errors` carries its code in its extensions."""

    def __init__(self, errors: Iterable[GraphQLError]) -> None:
        self.errors = list(errors)
        super().__init__("; ".join(error.message for error in self.errors))


@dataclass(frozen=True)
class Limits:
    """What one document may ask for.

    `max_depth` counts levels of fields, `max_fields` fields after fragments are put in place, `max_aliases` aliases and fields
    named again among them, `max_root_fields` fields of the root type; each per operation. Comments count as tokens.
    """

    max_depth: int = 15
    max_tokens: int = 5000
    max_aliases: int = 50
    max_root_fields: int = 20
    max_fields: int = 5000
    max_document_bytes: int = 64 * 1024


@dataclass(frozen=True, eq=False)
class Operation:
    """A valid document and the operation in it that is to be run. The same text and name give the same object while cached.

    `known` is for what executors work out of it, each under itself; it goes with the operation.
    """

    document: DocumentNode
    definition: OperationDefinitionNode
    known: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Entry:
    """What is remembered of a document: its operations by name, the only one also by none, or why it is refused."""

    operations: Mapping[str | None, Operation]
    errors: tuple[GraphQLError, ...]
    size_bytes: int


class Operations:
    """The documents of one schema. At most `size` are remembered, fewer where they are large: 100 kB of memory are for each."""

    def __init__(self, schema: GraphQLSchema, *, limits: Limits, size: int = 1000, suggestions: bool = True) -> None:
        self._schema = schema
        self._limits = limits
        self._suggestions = suggestions
        self._entries: Kept[str, _Entry] = Kept(size, lambda entry: max(1, entry.size_bytes / _CACHED_BYTES_PER_ENTRY))

    def prepare(self, query: str, operation_name: str | None) -> Operation:
        """The operation of this name, or the only one. Raises OperationError."""
        entry = self._entries.get(query) or self._remember(query)
        operation = entry.operations.get(operation_name)
        if operation is None:
            raise OperationError(entry.errors or [_not_found(operation_name)])
        return operation

    def _remember(self, query: str) -> _Entry:
        # Refused before it is a key: what is too large to parse is too large to keep.
        size_bytes = len(query.encode("utf-8", "surrogatepass"))
        if size_bytes > self._limits.max_document_bytes:
            raise OperationError([_too_expensive("the document is larger than {} bytes", self._limits.max_document_bytes)])
        try:
            document = self._checked(Source(query))
        except OperationError as error:
            entry = _Entry({}, tuple(error.errors), size_bytes)
        else:
            entry = _Entry(_by_name(document), (), size_bytes + document.token_count * _BYTES_PER_TOKEN)
        self._entries.put(query, entry)
        return entry

    def _checked(self, source: Source) -> DocumentNode:
        try:
            if _has_more_tokens(source, self._limits.max_tokens):
                raise OperationError([_too_expensive("the document has more than {} tokens", self._limits.max_tokens)])
            # As the specification has it: "{ customer {} }" would be a selection of nothing.
            document = parse(source, allow_empty_selection_sets=False)
        except GraphQLSyntaxError as error:
            raise OperationError([_detached(error, "GRAPHQL_PARSE_FAILED")]) from None
        # Before validation, because the cost of validation grows faster than the document.
        if refusals := list(islice(_refusals(document, self._limits), _MAX_ERRORS)):
            raise OperationError(refusals)
        errors = validate(
            self._schema,
            document,
            max_errors=_MAX_ERRORS,
            hide_suggestions=not self._suggestions,
            allow_empty_selection_sets=False,
        )
        if errors:
            raise OperationError(_detached(error, "GRAPHQL_VALIDATION_FAILED") for error in errors)
        return document


def _not_found(name: str | None) -> GraphQLError:
    if name is not None:
        return GraphQLError("no operation has this name", extensions={"code": "OPERATION_NOT_FOUND"})
    message = "the document has several operations; say which one by operationName"
    return GraphQLError(message, extensions={"code": "OPERATION_RESOLUTION_FAILURE"})


def _by_name(document: DocumentNode) -> dict[str | None, Operation]:
    nodes = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    operations = {node.name.value if node.name else None: Operation(document, node) for node in nodes}
    return operations if len(operations) > 1 else {**operations, None: next(iter(operations.values()))}


def _detached(error: GraphQLError, code: str) -> GraphQLError:
    """The error by positions in the text, so that a remembered refusal does not keep the syntax tree."""
    return GraphQLError(error.message, source=error.source, positions=error.positions, extensions={"code": code})


def _too_expensive(message: str, most: int) -> GraphQLError:
    return GraphQLError(message.format(most), extensions={"code": "QUERY_TOO_EXPENSIVE"})


def _has_more_tokens(source: Source, most: int) -> bool:
    lexer = Lexer(source)
    last = lexer.token
    for _ in range(most + 1):
        if last.next is None:
            lexer.advance()
        assert last.next is not None
        last = last.next
        if last.kind is TokenKind.EOF:
            return False
    return True


@dataclass(slots=True)
class _Reach:
    """How far a selection reaches, and the fragments spread in it with the level of each."""

    depth: int = 0
    fields: int = 0
    repeats: int = 0
    roots: int = 0
    spreads: list[tuple[str, int]] = field(default_factory=list)


def _refusals(document: DocumentNode, limits: Limits) -> Iterator[GraphQLError]:
    own = {
        node.name.value: _own_reach(node.selection_set)
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    try:
        order = list(
            TopologicalSorter({name: [spread for spread, _ in reach.spreads] for name, reach in own.items()}).static_order()
        )
    except CycleError:
        return  # a fragment inside itself has no size; validation says which
    total: dict[str, _Reach] = {}
    for name in order:
        # A name that no fragment has reaches nothing; validation says which.
        total[name] = _with_fragments(own.get(name, _Reach()), total)
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            reach = _with_fragments(_own_reach(node.selection_set), total)
            for got, most, message in (
                (reach.depth, limits.max_depth, "the operation is nested deeper than {} levels"),
                (reach.fields, limits.max_fields, "the operation has more than {} fields"),
                (reach.repeats, limits.max_aliases, "the operation has more than {} aliases and repeated fields"),
                (reach.roots, limits.max_root_fields, "the operation has more than {} root fields"),
            ):
                if got > most:
                    yield _too_expensive(message, most)


def _own_reach(selection_set: SelectionSetNode) -> _Reach:
    reach = _Reach()
    names: set[str] = set()
    stack = [(selection_set, 1, names)]
    while stack:
        here, depth, names = stack.pop()
        for node in here.selections:
            if isinstance(node, FieldNode):
                name = (node.alias or node.name).value
                reach.depth = max(reach.depth, depth)
                reach.fields += 1
                reach.repeats += node.alias is not None or name in names
                reach.roots += depth == 1
                names.add(name)
                if node.selection_set is not None:
                    stack.append((node.selection_set, depth + 1, set()))
            elif isinstance(node, InlineFragmentNode):
                stack.append((node.selection_set, depth, names))
            elif isinstance(node, FragmentSpreadNode):
                reach.spreads.append((node.name.value, depth))
    return reach


def _with_fragments(own: _Reach, total: Mapping[str, _Reach]) -> _Reach:
    """What `own` reaches once its spreads, all of them in `total`, are put in place."""
    whole = _Reach(own.depth, own.fields, own.repeats, own.roots)
    for name, depth in own.spreads:
        inner = total.get(name, _Reach())
        whole.depth = max(whole.depth, depth - 1 + inner.depth)
        whole.fields += inner.fields
        whole.repeats += inner.repeats
        whole.roots += inner.roots if depth == 1 else 0
    return whole
