"""Read the response of a GraphQL server: data, errors by place, and the meaning of each."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from connectors.errors import (
    UNTIL_IT_FITS,
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceRejectedError,
    SourceThrottledError,
    SourceUnavailableError,
)
from connectors.toolkit.converters import json_decoder

ABSENT = "NOT_FOUND"
REFUSED = "BAD_USER_INPUT"
_MEANINGS: dict[str, type[SourceError]] = {
    **dict.fromkeys(("UNAUTHENTICATED", "UNAUTHORIZED", "FORBIDDEN", "ACCESS_DENIED"), SourceAuthError),
    **dict.fromkeys(("THROTTLED", "RATE_LIMITED", "RATE_LIMIT_EXCEEDED", "TOO_MANY_REQUESTS"), SourceThrottledError),
    **dict.fromkeys(("TIMEOUT", "GATEWAY_TIMEOUT", "REQUEST_TIMEOUT"), SourceUnavailableError),
    **dict.fromkeys(("INTERNAL_SERVER_ERROR", "INTERNAL", "SERVICE_UNAVAILABLE", "UNAVAILABLE"), SourceUnavailableError),
    **dict.fromkeys(("GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", REFUSED), SourceProtocolError),
    **dict.fromkeys(("OPERATION_RESOLUTION_FAILURE", "PERSISTED_QUERY_NOT_FOUND"), SourceProtocolError),
}
"""By `extensions.code`. What an error says in words is never looked at."""
_TOO_LARGE = frozenset(
    (
        *("MAX_COST_EXCEEDED", "COST_ESTIMATED_TOO_EXPENSIVE", "COST_LIMIT_EXCEEDED", "QUERY_COST_EXCEEDED", "QueryCostError"),
        *("QUERY_TOO_COMPLEX", "COMPLEXITY_LIMIT_EXCEEDED", "QUERY_COMPLEXITY_EXCEEDED", "MAX_COMPLEXITY_EXCEEDED"),
        *("QueryComplexityLimitExceeded", "MAX_ALIASES_LIMIT", "MAX_ROOT_FIELDS_LIMIT", "MAX_HEIGHT_LIMIT", "HC0047"),
        *("MAX_NODE_LIMIT_EXCEEDED", "MAX_QUERY_SIZE_EXCEEDED", "QUERY_TOO_LARGE", "PAYLOAD_TOO_LARGE"),
    )
)
"""Codes of servers that bound what one document may ask for."""

Errors = Sequence[Mapping[str, Any]]


class GraphQLResponse(msgspec.Struct):
    """One answer. Neither data nor errors is no answer."""

    data: dict[str, Any] | None = None
    errors: list[dict[str, Any]] | None = None
    extensions: Any = None


_decode = json_decoder(GraphQLResponse, exact=False)
_decode_exactly = json_decoder(GraphQLResponse)


def read_response(content: bytes, *, has_amounts: bool = False) -> GraphQLResponse:
    """Read a response into data and errors. Where it `has_amounts`, numbers are Decimals, as they are written."""
    try:
        answer: GraphQLResponse = _decode_exactly(content) if has_amounts else _decode(content)
    except (ValueError, RecursionError) as error:
        raise SourceProtocolError("not an answer of GraphQL") from error
    if answer.data is None and not answer.errors:
        raise SourceProtocolError("neither data nor errors")
    return answer


def code_of(error: Mapping[str, Any]) -> str:
    """Empty where an error has none."""
    extensions = error.get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    return code if isinstance(code, str) else ""


def path_of(error: Mapping[str, Any]) -> list[Any]:
    """Read the path of an error, from the field's name on. It is empty where an error is about the whole."""
    path = error.get("path")
    return path if isinstance(path, list) and path and isinstance(path[0], str) else []


def meaning(errors: Errors, retry_after_s: float | None = None) -> SourceError | None:
    """Map the first known error code to our error. None if no code is known."""
    codes = [code_of(error) for error in errors]
    if not _TOO_LARGE.isdisjoint(codes):
        return _for_a_batch(SourceProtocolError("the query asks for too much"), UNTIL_IT_FITS, refuses_keys=True)
    known = next((_MEANINGS[code] for code in codes if code in _MEANINGS), None)
    if known is SourceThrottledError:
        return SourceThrottledError(retry_after_s=retry_after_s)
    if known is SourceProtocolError:
        return _for_a_batch(SourceProtocolError(), halvings=2, refuses_keys=True)
    return None if known is None else _for_a_batch(known(), halvings=int(known is SourceUnavailableError))


def of_a_key(errors: Errors, retry_after_s: float | None, *, one_key: bool) -> SourceError:
    """Map errors about one key to our error. `one_key`: it alone was asked for, so it is the key that is refused."""
    if one_key and any(code_of(error) == REFUSED for error in errors):
        return SourceRejectedError()
    return meaning(errors, retry_after_s) or SourceError()


def of_the_call(errors: Errors, retry_after_s: float | None) -> SourceError:
    """Map errors about the whole call to our error. Without a code, one that is about no place is about the query itself."""
    meant = meaning(errors, retry_after_s)
    if meant is not None:
        return meant
    if all(path_of(error) for error in errors):
        return _for_a_batch(SourceError(), halvings=2)
    return _for_a_batch(SourceProtocolError("the query is refused"), halvings=2, refuses_keys=True)


def _for_a_batch(error: SourceError, halvings: int, *, refuses_keys: bool = False) -> SourceError:
    error.halvings, error.refuses_keys = halvings, refuses_keys
    return error
