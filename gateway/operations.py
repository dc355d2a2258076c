"""Documents become operations: limited, parsed, validated and remembered by their text."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode

from connectors.seen_keys import SeenKeys
from gateway.documents.limits import Limits
from gateway.documents.literals import Lifted, Outline, Template, outline_of, template_of
from gateway.documents.validation import InvalidDocumentError, Validator, too_expensive
from gateway.errors import CallerError
from gateway.lru_cache import SegmentedLru

__all__ = ["Limits", "Operation", "OperationError", "Operations", "Restriction", "entries_taken"]

Hasher = Callable[[str], Callable[[str], str]]
"""Gives the function that hashes texts of a field."""

BYTES_PER_TOKEN = 1_000
"""What a document keeps with its plan, measured; its text comes on top."""
BYTES_PER_ERROR = 1_000
CACHED_BYTES_PER_ENTRY = 100_000
MAX_OUTLINES_SEEN = 4_096


def entries_taken(token_count: int) -> float:
    """Tell of how many entries a document of so many tokens takes the room, one at least."""
    return max(1, token_count * BYTES_PER_TOKEN / CACHED_BYTES_PER_ENTRY)


class OperationError(CallerError):
    """The document cannot be run. Each of `errors` carries its code in its extensions."""

    def __init__(self, errors: Iterable[GraphQLError]) -> None:
        self.errors = list(errors)
        super().__init__("; ".join(error.message for error in self.errors))


@dataclass(frozen=True, eq=False)
class Restriction:
    """Hold what the callers of an operation see: directives in its document say which fields are masked, hashed or withheld.

    `hasher` hashes texts of their fields for them. `schema` is the one that they may ask about, where the operation does.
    """

    hasher: Hasher | None = None
    schema: GraphQLSchema | None = None


@dataclass(frozen=True, eq=False)
class Operation:
    """Hold a valid document and its operation to be run. The same text and name give the same object while cached.

    `known` is for what executors work out of it, each under itself; it goes with the operation. `lifted` are the literals
    of the text that stand in the document as variables. `recurs` says that it came before: its plans are worth keeping.
    `restriction` is there where its callers do not see everything. `is_trusted` says that the settings name its document, so
    that its size is not the caller's choice.
    """

    document: DocumentNode
    definition: OperationDefinitionNode
    known: dict[Any, Any] = field(default_factory=dict)
    lifted: Lifted | None = None
    recurs: bool = False
    restriction: Restriction | None = None
    is_trusted: bool = False


@dataclass(frozen=True)
class _Entry:
    """Remember the result for a document: its operations by name, the only one also by none, or why it is refused.

    With a `template` it serves all texts of one outline.
    """

    operations: Mapping[str | None, Operation]
    errors: tuple[GraphQLError, ...]
    size_bytes: int
    template: Template | None = None

    def for_outline(self, outline: Outline) -> _Entry:
        """Make the entry of another text of the outline."""
        assert self.template is not None
        lifted = self.template.lifted(outline)
        operations = {name: replace(operation, lifted=lifted) for name, operation in self.operations.items()}
        return _Entry(operations, (), sys.getsizeof(outline.text) * 2 + 1_000)


@dataclass(slots=True)
class _Seen:
    """An outline that came before. `places` are the literals in it that are lifted, once a second text of it has come."""

    first: int
    """The hash of its first text. One that comes alone, however often, keeps its literals."""
    is_tried: bool = False
    places: tuple[int, ...] = ()


class Operations:
    """The documents of one schema. At most `size` are remembered, fewer where they are large: 100 kB of memory are for each.

    A document is remembered when it comes again. What comes once goes at once, while collections of garbage still find it
    young: a full one held the loop for seconds, as old documents are hundreds of objects each (decision 67).

    With `lifts`, texts that differ in literals alone share one document, from the second one on.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        limits: Limits,
        size: int = 1000,
        suggestions: bool = True,
        introspection: bool = True,
        lifts: bool = False,
    ) -> None:
        self._schema = schema
        self._validator = Validator(schema, limits, suggestions=suggestions, introspection=introspection)
        self._max_bytes = limits.max_document_bytes
        self._lifts = lifts
        self._entries: SegmentedLru[Any, _Entry] = SegmentedLru(
            size, lambda entry: max(1, entry.size_bytes / CACHED_BYTES_PER_ENTRY)
        )
        self._seen = SeenKeys()
        self._outlines: SegmentedLru[int, _Seen] = SegmentedLru(MAX_OUTLINES_SEEN)

    def prepare(self, query: str, operation_name: str | None) -> Operation:
        """Prepare the operation of this name, or the only one. Raises OperationError."""
        entry = self._entries.get(query) or self._remember(query)
        if entry.errors:
            raise OperationError(entry.errors)
        return choose_operation(entry.operations, operation_name)

    def _remember(self, query: str) -> _Entry:
        # Refused before it is a key: what is too large to parse is too large to keep.
        if len(query.encode("utf-8", "surrogatepass")) > self._max_bytes:
            raise OperationError([too_expensive(f"the document is larger than {self._max_bytes} bytes")])
        recurs = self._seen.add(query)
        outline = outline_of(query) if self._lifts else None
        entry = self._compile(query, recurs=recurs) if outline is None else self._compile_outline(outline, recurs=recurs)
        if recurs:
            self._entries.add(query, entry)
        return entry

    def _compile_outline(self, outline: Outline, *, recurs: bool) -> _Entry:
        seen = self._outlines.get(hash(outline.key))
        if seen is None:
            self._outlines.add(hash(outline.key), _Seen(hash(outline.text)))
            return self._compile(outline.text, recurs=recurs)
        if seen.places:
            shared = self._entries.get((outline.key, outline.fixed_texts(seen.places)))
            if shared is not None:
                return shared.for_outline(outline)
        entry = self._compile(outline.text, recurs=recurs)
        if entry.errors or seen.first == hash(outline.text) or (seen.is_tried and not seen.places):
            return entry
        return self._share(entry, outline, seen)

    def _share(self, entry: _Entry, outline: Outline, seen: _Seen) -> _Entry:
        """Share an entry among all texts of the outline, where possible."""
        document = next(iter(entry.operations.values())).document
        template = template_of(document, outline, self._schema)
        seen.is_tried, seen.places = True, ()
        if template is None or not self._validator.has_valid_variables(template.document):
            return entry
        seen.places = template.places
        shared = _Entry(operations_by_name(template.document, recurs=True), (), entry.size_bytes, template)
        self._entries.add((outline.key, outline.fixed_texts(seen.places)), shared)
        return shared.for_outline(outline)

    def _compile(self, query: str, *, recurs: bool) -> _Entry:
        size_bytes = sys.getsizeof(query)
        try:
            document = self._validator.valid(query)
        except InvalidDocumentError as error:
            size_bytes += sum(sys.getsizeof(located.message) + BYTES_PER_ERROR for located in error.errors)
            return _Entry({}, tuple(error.errors), size_bytes)
        return _Entry(operations_by_name(document, recurs=recurs), (), size_bytes + document.token_count * BYTES_PER_TOKEN)


def choose_operation(operations: Mapping[str | None, Operation], name: str | None) -> Operation:
    """Choose the operation of this name, or the only one. Raises `OperationError`."""
    operation = operations.get(name)
    if operation is None:
        raise OperationError([_not_found(name)])
    return operation


def _not_found(name: str | None) -> GraphQLError:
    if name is not None:
        return GraphQLError("no operation has this name", extensions={"code": "OPERATION_NOT_FOUND"})
    message = "the document has several operations; say which one by operationName"
    return GraphQLError(message, extensions={"code": "OPERATION_RESOLUTION_FAILURE"})


def operations_by_name(document: DocumentNode, *, recurs: bool, is_trusted: bool = False) -> dict[str | None, Operation]:
    """Give the operations of a valid document by their names, the only one also by none."""
    operations = {
        node.name.value if node.name else None: Operation(document, node, recurs=recurs, is_trusted=is_trusted)
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
    }
    return operations if len(operations) != 1 else {**operations, None: next(iter(operations.values()))}
