"""Documents that the settings trust, found by id or by text. What was prepared of one stays."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode

from connectors.errors import ConfigurationError
from gateway.documents.limits import Limits
from gateway.documents.manifests import (
    SETTING,
    DocumentFile,
    DocumentText,
    parse_document_files,
    read_document_files,
    sha256_of,
)
from gateway.documents.messages import shortened
from gateway.documents.profiles import Profile
from gateway.documents.validation import InvalidDocumentError, Validator, mentions_schema
from gateway.operations import BYTES_PER_TOKEN, Operation, OperationError, choose_operation, operations_by_name
from gateway.settings import Settings

TRUSTED_LIMITS = Limits(
    max_depth=100,
    max_tokens=100_000,
    max_aliases=10_000,
    max_root_fields=1_000,
    max_fields=50_000,
    max_document_bytes=1 << 20,
    max_operations=100,
    max_fragments=1_000,
    max_variables=1_000,
    max_directives=100,
    max_alias_length=1_000,
    max_name_length=1_000,
    max_object_values=10_000,
)
"""They protect the parser and the validation alone: who writes these documents is trusted not to attack."""

MAX_PROBLEMS = 100
"""A field that is gone makes many documents wrong."""

SHA256 = "sha256:"
"""The prefix of an id that is the hash of the text."""


class TrustedDocument:
    """A document that is trusted. Its operations are prepared when it is first asked for, and stay."""

    __slots__ = ("_operations", "_profile", "_schema_errors", "_validator", "text")

    def __init__(self, text: str, validator: Validator, profile: Profile) -> None:
        self.text = text
        self._validator = validator
        self._profile = profile
        self._operations: Mapping[str | None, Operation] | None = None
        self._schema_errors: Sequence[GraphQLError] | None = None

    @property
    def is_prepared(self) -> bool:
        """Tell whether it was asked for before."""
        return self._operations is not None

    def find_operation(self, name: str | None, *, introspects: bool = True) -> Operation:
        """Find the operation of this name, or the only one, for who may ask for the schema or not. Raises `OperationError`."""
        if not introspects and mentions_schema(self.text):
            self._refuse_introspection()
        if self._operations is None:
            try:
                document = self._validator.parse_valid(self.text, self._profile)
            except InvalidDocumentError as error:  # not where the settings were checked with the same schema
                raise OperationError(error.errors) from None
            self._operations = operations_by_name(document, recurs=True, is_trusted=True)
        return choose_operation(self._operations, name)

    def _refuse_introspection(self) -> None:
        if self._schema_errors is None:
            self._schema_errors = ()
            try:
                self._validator.parse_valid(self.text, Profile(TRUSTED_LIMITS, introspection=False))
            except InvalidDocumentError as error:
                self._schema_errors = error.errors
        if self._schema_errors:
            raise OperationError(self._schema_errors)


class TrustedDocuments:
    """The documents of some files. Each is found by the ids that they give it, and by the sha256 of its text.

    Raises `ConfigurationError` for files that cannot be read, and an id that is there twice with another text.
    """

    def __init__(self, schema: GraphQLSchema, files: Iterable[DocumentFile], max_bytes: int, *, introspection: bool) -> None:
        self._validator = Validator(schema)
        self._profile = Profile(TRUSTED_LIMITS, introspection=introspection)
        self._checked = Profile(TRUSTED_LIMITS, introspection=introspection, suggests=True)
        self._max_bytes = max_bytes
        self.by_text: dict[str, TrustedDocument] = {}
        self._by_id: dict[str, TrustedDocument] = {}
        self._sources: dict[str, DocumentText] = {}
        documents, problems = parse_document_files(files)
        for document in documents:
            problems += self._add(document)
        if not documents and not problems:
            problems.append(f"{SETTING}: there is no document; have a client's tool write its manifest there")
        if problems:
            raise ConfigurationError(_limited(problems))

    def __len__(self) -> int:
        return len(self.by_text)

    def find_document(self, name: str) -> TrustedDocument | None:
        """Find the document of an id, which may be a hash behind `sha256:`."""
        document = self._by_id.get(name)
        return self._by_id.get(name.removeprefix(SHA256)) if document is None else document

    def check_all(self) -> None:
        """Validate all documents, and add up what they take. Raises `ConfigurationError`."""
        problems: list[str] = []
        size_bytes = 0
        for text in self.by_text:
            source = self._sources[text]
            if len(text.encode("utf-8", "surrogatepass")) > TRUSTED_LIMITS.max_document_bytes:
                problems.append(source.problem(f"is larger than {TRUSTED_LIMITS.max_document_bytes:,} bytes; ask in parts"))
                continue
            try:
                document = self._validator.parse_valid(text, self._checked)
            except InvalidDocumentError as error:
                problems.append(source.problem(_words_of(error)))
                continue
            size_bytes += sys.getsizeof(text) + document.token_count * BYTES_PER_TOKEN
            if not source.file.endswith(".json"):
                problems += _find_miscount(source, document)
        if size_bytes > self._max_bytes:
            fix = "raise documents.trusted_bytes, or remove what no client sends any more"
            taken = f"the documents take {size_bytes:,} bytes of each worker, and {self._max_bytes:,} are the most"
            problems.append(f"{SETTING}: {taken}; {fix}")
        if problems:
            raise ConfigurationError(_limited(problems))

    def _add(self, source: DocumentText) -> list[str]:
        text = source.text
        document = self.by_text.get(text)
        if document is None:
            document = self.by_text[text] = TrustedDocument(text, self._validator, self._profile)
            self._sources[text] = source
        for name in {source.id, sha256_of(text)}:
            other = self._by_id.setdefault(name, document)
            if other is not document:
                before = self._sources[other.text].file
                fix = "have clients share one manifest, or make ids by hashes of texts"
                return [source.problem(f"{before} has another text of this id; {fix}")]
        return []


def load_documents(
    schema: GraphQLSchema, settings: Settings, files: Sequence[DocumentFile] | None, *, checks: bool
) -> TrustedDocuments | None:
    """Load the documents that the settings trust, from `files` where these were read before. None where there are no such.

    Raises `ConfigurationError`, for documents that are not valid, too, where it `checks` them.
    """
    own = settings.documents
    if own.trusted is None:
        return None
    files = read_document_files(own.trusted, own.trusted_bytes) if files is None else files
    documents = TrustedDocuments(schema, files, own.trusted_bytes, introspection=settings.introspection)
    if checks:
        documents.check_all()
    return documents


def _words_of(error: InvalidDocumentError) -> str:
    """Write the first problem of a document, with its place in the text."""
    first = error.errors[0]
    place = f" (line {first.locations[0].line}, column {first.locations[0].column})" if first.locations else ""
    more = f", and {len(error.errors) - 1} more" if len(error.errors) > 1 else ""
    said = shortened(first.message).replace("; ", ", ")
    return f"{said}{place}{more}; correct the client, or take the document out"


def _find_miscount(source: DocumentText, document: DocumentNode) -> list[str]:
    count = sum(isinstance(node, OperationDefinitionNode) for node in document.definitions)
    if count == 1:
        return []
    return [source.problem(f"the file has {count} operations; give each a file, with the fragments that it needs")]


def _limited(problems: list[str]) -> list[str]:
    if len(problems) <= MAX_PROBLEMS:
        return problems
    return [*problems[:MAX_PROBLEMS], f"{SETTING}: there are {len(problems) - MAX_PROBLEMS} more problems; correct these first"]
