"""From a text to a valid document: parsed, within its limits, by the rules of the specification."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    Source,
    Token,
    ValidationRule,
    get_named_type,
    is_input_object_type,
    is_nullable_type,
    specified_rules,
    validate,
)
from graphql.language import Lexer
from graphql.language.parser import Parser
from graphql.utilities import type_from_ast
from graphql.validation import (
    MaxIntrospectionDepthRule,
    NoFragmentCyclesRule,
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
    UniqueVariableNamesRule,
    ValuesOfCorrectTypeRule,
    VariablesInAllowedPositionRule,
)

from gateway.documents.limits import Extent, Limits
from gateway.documents.messages import readable

MAX_ERRORS = 20


class InvalidDocumentError(Exception):
    """Refuse a document. Each error has its code in its extensions."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        self.errors = list(errors)
        super().__init__(errors[0].message)


class OneOfVariablesRule(ValidationRule):
    """Refuse nullable variables in a `@oneOf` input, also in a nullable one.

    graphql-core's own rule looks at nullable positions of the input only.
    """

    def leave_operation_definition(self, operation: OperationDefinitionNode, *_: Any) -> None:
        declared = {definition.variable.name.value: definition for definition in operation.variable_definitions or ()}
        for usage in self.context.get_recursive_variable_usages(operation):
            within: Any = get_named_type(usage.parent_type) if usage.parent_type else None
            definition = declared.get(usage.node.name.value)
            if definition is None or not is_input_object_type(within) or not within.is_one_of:
                continue
            kind: Any = type_from_ast(self.context.schema, definition.type)
            if usage.parent_type is not within and is_nullable_type(kind):
                message = (
                    f"Variable '${usage.node.name.value}' is of type '{kind}' but must be non-nullable"
                    f" to be used for OneOf Input Object '{within}'."
                )
                self.report_error(GraphQLError(message, [definition, usage.node]))


_RULES_OF_VARIABLES = (
    UniqueVariableNamesRule,
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
    ValuesOfCorrectTypeRule,
    VariablesInAllowedPositionRule,
    OneOfVariablesRule,
)
_RULES = (*specified_rules, MaxIntrospectionDepthRule, OneOfVariablesRule)


class Validator:
    """Validates documents for one schema."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, suggestions: bool, introspection: bool) -> None:
        self._schema = schema
        self._limits = limits
        self._suggestions = suggestions
        self._rules: Sequence[type[ASTValidationRule]] = _RULES if introspection else (*_RULES, NoSchemaIntrospectionCustomRule)

    def valid(self, text: str) -> DocumentNode:
        """Parse and validate a document. Raises `InvalidDocumentError`."""
        document = _parsed(Source(text), self._limits.max_tokens)
        extent = Extent(document)
        if excess := extent.excess(self._limits):
            raise InvalidDocumentError([too_expensive(message) for message in excess])
        # The other rules take long where fragments go in circles.
        errors = self._errors(document, (NoFragmentCyclesRule,) if extent.is_circular else self._rules)
        if errors:
            raise InvalidDocumentError([_detached(error, "GRAPHQL_VALIDATION_FAILED") for error in errors])
        return document

    def has_valid_variables(self, document: DocumentNode) -> bool:
        """Tell whether the variables of a valid document may stand there."""
        return not self._errors(document, _RULES_OF_VARIABLES)

    def _errors(self, document: DocumentNode, rules: Sequence[type[ASTValidationRule]]) -> list[GraphQLError]:
        return validate(
            self._schema,
            document,
            rules,
            max_errors=MAX_ERRORS,
            hide_suggestions=not self._suggestions,
            allow_empty_selection_sets=False,
        )


def _parsed(source: Source, max_tokens: int) -> DocumentNode:
    lexer = Lexer(source)
    # As the specification has it: "{ customer {} }" would be a selection of nothing.
    parser = Parser(source, lexer=lexer, max_tokens=max_tokens, allow_empty_selection_sets=False)
    refused: GraphQLError
    try:
        return parser.parse_document()
    except GraphQLSyntaxError as error:
        if error.message.endswith("tokens. Parsing aborted."):
            refused = too_expensive(f"the document has more than {max_tokens} tokens")
        else:
            refused = _detached(error, "GRAPHQL_PARSE_FAILED")
    except RecursionError:
        refused = too_expensive("the document is nested too deeply")
    finally:
        _unlink(lexer.token)
    raise InvalidDocumentError([refused])


def _unlink(token: Token | None) -> None:
    """Take the tokens apart, for each holds its neighbours: only the garbage collector would free them."""
    while token is not None:
        before, token.prev, token.next = token.prev, None, None
        token = before


def _detached(error: GraphQLError, code: str) -> GraphQLError:
    """Give the error by positions in the text. So a remembered refusal does not keep the syntax tree."""
    return GraphQLError(readable(error.message), source=error.source, positions=error.positions, extensions={"code": code})


def too_expensive(message: str) -> GraphQLError:
    """Refuse a document that exceeds a limit."""
    return GraphQLError(message, extensions={"code": "QUERY_TOO_EXPENSIVE"})
