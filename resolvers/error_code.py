"""Codes of errors, as an enum of the schema: generators write it into the types of clients."""

from typing import Any

import strawberry

from gateway.error_codes import ErrorCode

__all__ = ["ErrorCode"]

_DESCRIPTION = (
    "What happened: `extensions.code` of an error, or why a source gave nothing newer. More codes may come; "
    "take one that you do not know for `INTERNAL`."
)

_DESCRIPTIONS = {
    ErrorCode.SOURCE_UNAVAILABLE: "A source cannot be reached, is out of service, or is left alone because it kept failing.",
    ErrorCode.SOURCE_TIMEOUT: "A source did not answer before the deadline.",
    ErrorCode.GATEWAY_BUSY: "The gateway was held up; the source may not have been late.",
    ErrorCode.SOURCE_THROTTLED: "A source asks for fewer calls.",
    ErrorCode.SOURCE_AUTH: "A source refuses the gateway's credentials.",
    ErrorCode.SOURCE_PROTOCOL: "The answer of a source is not what was agreed.",
    ErrorCode.SOURCE_REJECTED: "A source refuses this key, or this cursor.",
    ErrorCode.SOURCE_ERROR: "A source failed in a way that its connector does not tell apart.",
    ErrorCode.INVALID_KEY: "A key that cannot be one of its kind, or a kind by which no source finds customers.",
    ErrorCode.AMBIGUOUS_IDENTITY: "Several customers have the key; `candidates` has their ids.",
    ErrorCode.INVALID_ARGUMENT: "An argument outside its limits, a cursor of another place, an unknown tag.",
    ErrorCode.FORBIDDEN: "The caller may not ask by or for this.",
    ErrorCode.WITHHELD_PURPOSE: "The customer is not shown for the purpose of the request.",
    ErrorCode.ERASED: "The customer was erased.",
    ErrorCode.ERASURES_UNKNOWN: "It is not known yet who was erased; ask again.",
    ErrorCode.WITHHELD: "The field is withheld from the caller.",
    ErrorCode.OPERATOR_REQUIRED: "Only operators may do this.",
    ErrorCode.IDENTITY_INCOMPLETE: "Not all records of the customers are known; nothing was changed.",
    ErrorCode.CHANGES_MISSED: "Some changes cannot be told; read anew what you keep, and begin without `since`.",
    ErrorCode.TOO_MANY_SUBSCRIPTIONS: "The caller has as many subscriptions as it may; end some.",
    ErrorCode.QUERY_TOO_EXPENSIVE: "The document exceeds what one request may; ask in parts.",
    ErrorCode.BAD_USER_INPUT: "A variable or argument has a value that its type does not have.",
    ErrorCode.BAD_REQUEST: "This is not GraphQL over HTTP.",
    ErrorCode.QUOTA_EXCEEDED: "The caller's quota is used up; wait as `Retry-After` says.",
    ErrorCode.OVERLOADED: "The gateway has too much to do; wait as `Retry-After` says.",
    ErrorCode.CROSS_ORIGIN_REFUSED: "Pages of this origin may not ask.",
    ErrorCode.CSRF_HEADER_MISSING: "A request by the cookie of a session has no header X-CSRF.",
    ErrorCode.UNAUTHENTICATED: "The credential is missing, nobody's, or holds no more.",
    ErrorCode.AUDIT_UNAVAILABLE: "The audit cannot be written; wait as `Retry-After` says.",
    ErrorCode.ACCESS_UNAVAILABLE: "It cannot be told whose the credential is; wait as `Retry-After` says.",
    ErrorCode.GRAPHQL_PARSE_FAILED: "The document is not GraphQL.",
    ErrorCode.GRAPHQL_VALIDATION_FAILED: "The document does not fit the schema.",
    ErrorCode.OPERATION_NOT_FOUND: "The document has no operation of this name.",
    ErrorCode.OPERATION_RESOLUTION_FAILURE: "The document has several operations, and none was named.",
    ErrorCode.PERSISTED_QUERY_NOT_FOUND: "Only a hash was sent, and it is not known; send the text with it.",
    ErrorCode.PERSISTED_QUERY_NOT_SUPPORTED: "Only a hash was sent, and none are remembered; send texts.",
    ErrorCode.DOCUMENT_NOT_FOUND: "No trusted document has this id.",
    ErrorCode.DOCUMENT_NOT_TRUSTED: "The caller may send trusted documents alone, and this is none.",
    ErrorCode.INTERNAL: "A mistake in the gateway.",
    ErrorCode.STORE_UNAVAILABLE: "The gateway's own database failed.",
}

_enum: Any = strawberry.enum(ErrorCode, description=_DESCRIPTION)
for _value in _enum.__strawberry_definition__.values:
    _value.description = _DESCRIPTIONS[ErrorCode[_value.name]]
