"""Find the document that a request means: its text, or one that is known by an id. Untrusted texts have a ladder.

Ids come as `documentId` (GraphQL over HTTP), as `doc_id` (Relay) and as `extensions.persistedQuery` (Apollo).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
import structlog
from graphql import ExecutionResult

from gateway.clock import Clock
from gateway.documents.manifests import sha256_of
from gateway.documents.persisted_queries import PersistedQueries
from gateway.documents.trusted_documents import TrustedDocument, TrustedDocuments
from gateway.errors import DocumentNotFoundError, DocumentNotTrustedError
from gateway.http.negotiation import RefusedError
from gateway.http.parameters import Parameters
from gateway.http.request_head import Head
from gateway.log import SeldomLog
from gateway.settings.access_settings import CallerSettings
from gateway.settings.documents_settings import DocumentMode, DocumentsSettings

PERSISTED_QUERY = "persistedQuery"
WARNING = {
    "trusted": False,
    "message": "this document is not one of the trusted ones, and may be refused later; have it added to the manifest",
}
"""What a caller is told of a text that is not trusted, in `extensions.documents`."""

_NOTHING = object()
_SHA256 = re.compile("[0-9A-Fa-f]{64}")

log = structlog.get_logger()


class RequestDocument(msgspec.Struct, eq=False):
    """The document of a request.

    `sha256` is there where its text is to be remembered once it is valid, `warning` where the caller is told something.
    """

    text: str
    trusted: TrustedDocument | None = None
    sha256: str | None = None
    warning: Mapping[str, Any] | None = None


class DocumentFinder:
    """Find the documents of requests, as the settings of their callers have it."""

    def __init__(
        self,
        settings: DocumentsSettings | None = None,
        callers: Mapping[str, CallerSettings] | None = None,
        trusted: TrustedDocuments | None = None,
        clock: Clock | None = None,
    ) -> None:
        settings = DocumentsSettings() if settings is None else settings
        self._trusted = trusted
        self._persisted = PersistedQueries(settings.persisted_bytes)
        self._mode = settings.mode
        self._modes = {name: own.documents for name, own in (callers or {}).items() if own.documents is not None}
        self._seldom = SeldomLog(clock or Clock())
        self._untrusted: Counter[str] = Counter()

    def find_document(self, parameters: Parameters, head: Head) -> RequestDocument | None:
        """Find the document of a request. None for a text that anybody may send. Raises `RefusedError` and `CallerError`."""
        if (
            self._trusted is None
            and parameters.query is not None
            and parameters.extensions is None
            and parameters.document_id is None
            and parameters.doc_id is None
        ):
            return None
        text, caller = parameters.query, head.caller.name
        given = {
            "documentId": parameters.document_id,
            "doc_id": parameters.doc_id,
            PERSISTED_QUERY: _read_persisted_query(parameters.extensions),
        }
        named = [(way, name) for way, name in given.items() if name is not None]
        if not named:
            if text is None:
                raise RefusedError(400, "query is missing")
            return self._admit_text(text, caller)
        if len(named) > 1:
            raise RefusedError(400, f"{named[0][0]} and {named[1][0]} both name a document; send one of them")
        way, name = named[0]
        if way == PERSISTED_QUERY:
            return self._find_persisted(name, text, caller)
        if text is not None:
            raise RefusedError(400, f"{way} and query both say what is asked; send one of them")
        trusted = self._find_trusted(name)
        if trusted is None:
            raise DocumentNotFoundError(are_there=self._trusted is not None)
        return RequestDocument(trusted.text, trusted)

    def complete(self, document: RequestDocument, result: ExecutionResult, head: Head) -> None:
        """Tell the caller of a document that ran what there is to tell, and remember its text where it came with its hash."""
        if document.sha256 is not None:
            self._persisted.remember_text(head.caller.name, document.sha256, document.text)
        if document.warning is not None:
            result.extensions = {**(result.extensions or {}), "documents": document.warning}

    def _find_persisted(self, name: str, text: str | None, caller: str) -> RequestDocument:
        """Find a document as Apollo's clients ask for one: by a hash, with or without its text."""
        trusted = self._find_trusted(name) or self._find_trusted(name.lower())
        if trusted is not None and text in (None, trusted.text):
            return RequestDocument(trusted.text, trusted)
        if _SHA256.fullmatch(name) is None:
            raise RefusedError(400, f"{PERSISTED_QUERY}: sha256Hash must be 64 hexadecimal digits")
        sha256 = name.lower()
        if text is None:
            return self._admit_text(self._find_remembered(sha256, caller), caller)
        if sha256_of(text) != sha256:
            raise RefusedError(400, f"{PERSISTED_QUERY}: sha256Hash is not that of the query")
        document = self._admit_text(text, caller)
        if document.trusted is None and self._persisted:
            document.sha256 = sha256
        return document

    def _find_remembered(self, sha256: str, caller: str) -> str:
        """Find a text that this caller sent before. Apollo's clients read code and message, and only with status 200."""
        if self._trusted is None and not self._persisted:
            raise RefusedError(200, "PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED")
        text = self._persisted.find_text(caller, sha256)
        if text is None:  # also where no text is taken: told "not supported", a client would send no ids, either
            raise RefusedError(200, "PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
        return text

    def _find_trusted(self, name: str) -> TrustedDocument | None:
        return None if self._trusted is None else self._trusted.find_document(name)

    def _admit_text(self, text: str, caller: str) -> RequestDocument:
        """Admit a text as the ladder has it. Raises `DocumentNotTrustedError`."""
        trusted = None if self._trusted is None else self._trusted.by_text.get(text)
        if trusted is not None:
            return RequestDocument(text, trusted)
        mode = self._mode_of(caller)
        if mode == "off":
            return RequestDocument(text)
        if mode == "require":
            raise DocumentNotTrustedError
        self._untrusted[caller] += 1
        if self._seldom.is_due(caller):
            named = {"caller": caller} if caller else {}
            log.warning("document_not_trusted", count=self._untrusted[caller], **named)
        return RequestDocument(text, warning=WARNING if mode == "warn" else None)

    def _mode_of(self, caller: str) -> DocumentMode:
        return self._modes.get(caller, self._mode)


class FramedDocumentFinder(DocumentFinder):
    """Hold pages in frames to the texts of the page. Callers `in_frames` are they."""

    def __init__(self, in_frames: Collection[str], texts: Collection[str], *args: Any) -> None:
        super().__init__(*args)
        self._in_frames = frozenset(in_frames)
        self._texts = texts

    def find_document(self, parameters: Parameters, head: Head) -> RequestDocument | None:
        if head.caller.name in self._in_frames:
            named = (parameters.document_id, parameters.doc_id, parameters.extensions)
            if parameters.query not in self._texts or any(own is not None for own in named):
                raise DocumentNotTrustedError
        return super().find_document(parameters, head)


def _read_persisted_query(extensions: Mapping[str, Any] | None) -> str | None:
    """Read the id in Apollo's extension. Raises `RefusedError` for one of another form."""
    persisted = _NOTHING if extensions is None else extensions.get(PERSISTED_QUERY, _NOTHING)
    if persisted is _NOTHING:
        return None
    if not isinstance(persisted, dict) or type(persisted.get("version")) is not int or persisted["version"] != 1:
        raise RefusedError(400, f"{PERSISTED_QUERY} must be of version 1")
    name = persisted.get("sha256Hash")
    if not isinstance(name, str):
        raise RefusedError(400, f"{PERSISTED_QUERY}: sha256Hash must be 64 hexadecimal digits")
    return name
