"""Documents become operations: limited, parsed, validated and remembered by their text."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import msgspec
from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode

from connectors.seen_keys import SeenKeys
from gateway.documents.limits import Limits
from gateway.documents.literals import Lifted, Outline, Template, outline_of, template_of
from gateway.documents.profiles import Profile
from gateway.documents.validation import DocumentMeasure, Validator, too_large
from gateway.errors import CallerError
from gateway.lru_cache import SegmentedLru

__all__ = ["Limits", "Operation", "OperationError", "Operations", "Restriction", "entries_taken"]

Hasher = Callable[[str], Callable[[str], str]]
"""Gives the function that hashes texts of a field."""

T = TypeVar("T")
_Steps = Generator[Callable[[], Any], Any, T]
"""Work in steps, which give what is to be run and are sent what comes of it."""

RunApart = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs a step elsewhere."""

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


class _Verdict(msgspec.Struct, frozen=True, eq=False):
    """What the callers of a profile get for a document: its operations by name, the only one also by none, or its errors."""

    operations: Mapping[str | None, Operation]
    errors: tuple[GraphQLError, ...] = ()

    def choose(self, name: str | None) -> Operation:
        """Choose the operation of this name, or the only one. Raises `OperationError`."""
        if self.errors:
            raise OperationError(self.errors)
        return choose_operation(self.operations, name)


class _Entry(msgspec.Struct, eq=False):
    """Remember a document by its text: what it measures, and the verdict for each profile that sent it.

    `allowed` is there where it is valid, for those who may not introspect only if `is_for_all`; `errors` are those of
    validation by whether who sends it may introspect, and has suggestions. With a `template` it serves all texts of one
    outline.
    """

    measure: DocumentMeasure
    verdicts: dict[Profile, _Verdict]
    allowed: _Verdict | None = None
    is_for_all: bool = True
    errors: dict[tuple[bool, bool], _Verdict] = {}
    template: Template | None = None
    own_bytes: int = 0

    @property
    def size_bytes(self) -> int:
        """What it takes of memory, without its plan."""
        refusals = {id(verdict): verdict.errors for verdict in (*self.verdicts.values(), *self.errors.values())}
        return self.own_bytes + sum(
            sys.getsizeof(error.message) + BYTES_PER_ERROR for errors in refusals.values() for error in errors
        )

    def find_verdict(self, profile: Profile) -> _Verdict | None:
        """Find the verdict for a profile by what is known. None where the text must be read anew."""
        measure = self.measure
        excess = measure.excess(profile.limits)
        if excess:
            return _Verdict({}, tuple(excess))
        if measure.is_cut:
            return None
        if measure.faults:
            return _Verdict({}, measure.faults)
        if self.allowed is not None and (self.is_for_all or profile.introspection):
            return self.allowed
        return self.errors.get(_rights_in(measure, profile))

    def for_outline(self, outline: Outline) -> _Entry | None:
        """Make the entry of another text of the outline. None where its extent is not known without reading it."""
        assert self.template is not None
        assert self.allowed is not None
        more = outline.list_values - self.template.outline.list_values
        extent = self.measure.extent
        if more > 0 and extent is not None and extent.has_objects:
            return None
        lifted = self.template.lifted(outline)
        operations = {name: replace(operation, lifted=lifted) for name, operation in self.allowed.operations.items()}
        size_bytes = len(outline.text.encode("utf-8", "surrogatepass"))
        measure = msgspec.structs.replace(self.measure, size_bytes=size_bytes, token_count=self.measure.token_count + more)
        own_bytes = sys.getsizeof(outline.text) * 2 + 1_000
        return _Entry(measure, {}, _Verdict(operations), self.is_for_all, own_bytes=own_bytes)


def _rights_in(measure: DocumentMeasure, profile: Profile) -> tuple[bool, bool]:
    """Say on which rights of a profile the errors of a document depend."""
    return profile.introspection or not measure.mentions_schema, profile.suggests


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
        """`limits`, `suggestions` and `introspection` are those of who has no profile of his own."""
        self._schema = schema
        self._validator = Validator(schema)
        self._usual = Profile(limits, introspection, suggestions)
        self._lifts = lifts
        self._entries: SegmentedLru[Any, _Entry] = SegmentedLru(
            size, lambda entry: max(1, entry.size_bytes / CACHED_BYTES_PER_ENTRY)
        )
        self._seen = SeenKeys()
        self._outlines: SegmentedLru[int, _Seen] = SegmentedLru(MAX_OUTLINES_SEEN)

    def prepare(self, query: str, operation_name: str | None, profile: Profile | None = None) -> Operation:
        """Prepare the operation of this name, or the only one, for callers of a profile. Raises OperationError."""
        profile = profile or self._usual
        entry = self._entries.get(query)
        if entry is not None and (known := entry.verdicts.get(profile)) is not None:
            operation = known.operations.get(operation_name)
            return known.choose(operation_name) if operation is None else operation
        return _run_here(self._judge(query, entry, profile)).choose(operation_name)

    async def prepare_apart(self, query: str, operation_name: str | None, profile: Profile, run_apart: RunApart) -> Operation:
        """Do the same, with what takes long run elsewhere. Raises OperationError, and what `run_apart` does."""
        steps = self._judge(query, self._entries.get(query), profile)
        done: Any = None
        try:
            while True:
                done = await run_apart(steps.send(done))
        except StopIteration as end:
            verdict: _Verdict = end.value
        return verdict.choose(operation_name)

    def knows(self, query: str) -> bool:
        """Tell whether a text is remembered, so that it needs not be read."""
        return query in self._entries

    def _judge(self, query: str, entry: _Entry | None, profile: Profile) -> _Steps[_Verdict]:
        """Find the verdict on a text for a profile that has none yet, by what is known of it or by reading it.

        The steps that it gives take long, and nothing else changes with them: they may be run in another thread.
        """
        if entry is not None:
            verdict = entry.find_verdict(profile)
            if verdict is not None:
                entry.verdicts[profile] = verdict
                self._entries.add(query, entry)
                return verdict
        # Refused before it is a key: what is too large to parse is too large to keep.
        size_bytes = len(query.encode("utf-8", "surrogatepass"))
        if size_bytes > profile.limits.max_document_bytes:
            raise OperationError([too_large(size_bytes, profile.limits.max_document_bytes)])
        recurs = self._seen.add(query)
        read = yield from self._read(query, size_bytes, profile, recurs=recurs)
        if recurs:
            entry = self._entries.get(query)
            verdict = None if entry is None else entry.find_verdict(profile)
            if entry is not None and verdict is not None:  # another request was faster
                entry.verdicts[profile] = verdict
                return verdict
            if entry is not None:
                read.verdicts = {**entry.verdicts, **read.verdicts}
                read.errors = {**entry.errors, **read.errors}
                if read.allowed is None and entry.allowed is not None:
                    read.allowed, read.is_for_all, read.own_bytes = entry.allowed, entry.is_for_all, entry.own_bytes
            self._entries.add(query, read)
        return read.verdicts[profile]

    def _read(self, query: str, size_bytes: int, profile: Profile, *, recurs: bool) -> _Steps[_Entry]:
        compile_text = partial(self._compile, query, size_bytes, profile, recurs=recurs)
        outline = outline_of(query) if self._lifts else None
        if outline is None:
            only: _Entry = yield compile_text
            return only
        seen = self._outlines.get(hash(outline.key))
        if seen is None:
            self._outlines.add(hash(outline.key), _Seen(hash(outline.text)))
            first: _Entry = yield compile_text
            return first
        if seen.places:
            shared = self._entries.get((outline.key, outline.fixed_texts(seen.places)))
            entry = None if shared is None else _for_profile(shared.for_outline(outline), profile)
            if entry is not None:
                return entry
        own: _Entry = yield compile_text
        if own.allowed is None or seen.first == hash(outline.text) or (seen.is_tried and not seen.places):
            return own
        return (yield from self._share(own, outline, seen, profile))

    def _share(self, entry: _Entry, outline: Outline, seen: _Seen, profile: Profile) -> _Steps[_Entry]:
        """Share an entry among all texts of the outline, where possible."""
        assert entry.allowed is not None
        document = next(iter(entry.allowed.operations.values())).document
        template = yield partial(self._make_template, document, outline)
        seen.is_tried, seen.places = True, ()
        if template is None:
            return entry
        seen.places = template.places
        shared = _Entry(
            entry.measure,
            {},
            _Verdict(operations_by_name(template.document, recurs=True)),
            entry.is_for_all,
            template=template,
            own_bytes=entry.own_bytes,
        )
        self._entries.add((outline.key, outline.fixed_texts(seen.places)), shared)
        return _for_profile(shared.for_outline(outline), profile) or entry

    def _make_template(self, document: DocumentNode, outline: Outline) -> Template | None:
        template = template_of(document, outline, self._schema)
        return template if template is not None and self._validator.has_valid_variables(template.document) else None

    def _compile(self, query: str, size_bytes: int, profile: Profile, *, recurs: bool) -> _Entry:
        document, measure = self._validator.measure(query, size_bytes, profile.limits.max_tokens)
        entry = _Entry(measure, {}, own_bytes=sys.getsizeof(query), errors={})
        if document is not None and not measure.excess(profile.limits):
            errors = self._validator.find_errors(document, measure, profile)
            if errors:
                entry.errors[_rights_in(measure, profile)] = _Verdict({}, errors)
            else:
                entry.allowed = _Verdict(operations_by_name(document, recurs=recurs))
                entry.is_for_all = not (measure.mentions_schema and profile.introspection)
                entry.own_bytes += document.token_count * BYTES_PER_TOKEN
        verdict = entry.find_verdict(profile)
        assert verdict is not None
        entry.verdicts[profile] = verdict
        return entry


def _run_here(steps: _Steps[T]) -> T:
    """Run the steps where they are."""
    done: Any = None
    try:
        while True:
            done = steps.send(done)()
    except StopIteration as end:
        result: T = end.value
        return result


def _for_profile(entry: _Entry | None, profile: Profile) -> _Entry | None:
    """Give an entry with the verdict for a profile, where it is known."""
    verdict = None if entry is None else entry.find_verdict(profile)
    if entry is None or verdict is None:
        return None
    entry.verdicts[profile] = verdict
    return entry


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
