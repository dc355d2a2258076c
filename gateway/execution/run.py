"""Run a prepared operation."""

from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult, GraphQLSchema, execute

from gateway.context import RequestContext
from gateway.operations import Operation


async def run(
    schema: GraphQLSchema, operation: Operation, variables: dict[str, Any], context: RequestContext, *, suggestions: bool
) -> ExecutionResult:
    """Run on graphql-core. Errors are in the result, each with its path; with `suggestions` they name near words."""
    name = operation.definition.name
    result = execute(
        schema,
        operation.document,
        context_value=context,
        variable_values=variables,
        operation_name=name.value if name else None,
        hide_suggestions=not suggestions,
    )
    return await result if isawaitable(result) else result
