"""What becomes of an answer where a field fails, as its caller wants it.

As the drafted request parameter `onError` of GraphQL says (https://github.com/graphql/graphql-spec/pull/1163).
"""

from __future__ import annotations

from enum import StrEnum


class ErrorBehavior(StrEnum):
    """`PROPAGATE` nulls the next object above that may be null, `NULL` the field alone, `HALT` the whole answer."""

    PROPAGATE = "PROPAGATE"
    NULL = "NULL"
    HALT = "HALT"
