"""Find the documents of tools, whatever documents a caller may send: they are the gateway's own, and trusted."""

from __future__ import annotations

from graphql import GraphQLSchema

from gateway.documents.profiles import Profile
from gateway.documents.trusted_documents import TRUSTED_LIMITS, TrustedDocument
from gateway.documents.validation import Validator
from gateway.http.document_finder import DocumentFinder, RequestDocument
from gateway.http.parameters import Parameters
from gateway.http.request_head import Head
from gateway.mcp.tools import TOOLS


class ToolDocuments(DocumentFinder):
    """The documents of all tools, each found by the name of its tool, and no other ones."""

    def __init__(self, schema: GraphQLSchema) -> None:
        super().__init__()
        validator, profile = Validator(schema), Profile(TRUSTED_LIMITS, introspection=False)
        self._documents = {name: TrustedDocument(tool.document, validator, profile) for name, tool in TOOLS.items()}

    def find_document(self, parameters: Parameters, head: Head) -> RequestDocument:  # noqa: ARG002  the finder's signature
        """Find the document of a tool."""
        document = self._documents[parameters.document_id or ""]
        return RequestDocument(document.text, document)
