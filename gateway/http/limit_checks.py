"""Refuse what a caller's profile does not allow, beside his document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.execution.variables import find_long_lists
from gateway.http.negotiation import RefusedError
from gateway.operations import Operation, OperationError


def refuse_body(size_bytes: int, most: int) -> RefusedError:
    """Refuse a body for its size."""
    return RefusedError(413, f"the body has {size_bytes:,} bytes or more, and {most:,} are the most; ask in parts")


def check_lists(operation: Operation, variables: Mapping[str, Any], max_values: int) -> None:
    """Check the lists in variables as they came. Those that were literals count as tokens. Raises `OperationError`."""
    errors = find_long_lists(operation.definition.variable_definitions or (), variables, max_values)
    if errors:
        raise OperationError(errors)
