"""From a text to a valid document: parsed, within its limits, by the rules of the specification."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

import msgspec
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
    TokenKind,
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
    ASTValidationContext,
    MaxIntrospectionDepthRule,
    NoFragmentCyclesRule,
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
    UniqueVariableNamesRule,
    ValuesOfCorrectTypeRule,
    VariablesInAllowedPositionRule,
)

from gateway.admission.pace import pause_if_due
from gateway.documents.limits import Extent, Limits
from gateway.documents.messages import readable
from gateway.documents.profiles import Profile

MAX_ERRORS = 20


class PausingRule(ASTValidationRule):
    """Refuse nothing: let others go on between the fields of a large document."""

    def enter_field(self, *_: Any) -> None:
        pause_if_due()


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
_RULES: tuple[type[ASTValidationRule], ...] = (PausingRule, *specified_rules, MaxIntrospectionDepthRule, OneOfVariablesRule)
_ABOUT_SCHEMA = re.compile(r"__(?:schema|type)(?![0-9A-Za-z_])")


class DocumentMeasure(msgspec.Struct, frozen=True):
    """How large a document is, whether it may be run or not.

    `is_cut` says that it has more tokens than were read, `faults` why it has no syntax tree. `mentions_schema` is false where
    it asks nothing about the schema, whoever sends it.
    """

    size_bytes: int
    token_count: int
    name_length: int
    is_cut: bool = False
    mentions_schema: bool = False
    extent: Extent | None = None
    faults: tuple[GraphQLError, ...] = ()

    def excess(self, limits: Limits) -> list[GraphQLError]:
        """Name the exceeded limits, the first that was met."""
        if self.size_bytes > limits.max_document_bytes:
            return [too_large(self.size_bytes, limits.max_document_bytes)]
        if self.token_count > limits.max_tokens:
            return [too_expensive(f"the document has more than {limits.max_tokens:,} tokens; ask in parts")]
        if self.name_length > limits.max_name_length:
            most = limits.max_name_length
            message = f"the document has a name of {self.name_length:,} characters, and {most:,} are the most; shorten it"
            return [too_expensive(message)]
        return [] if self.extent is None else [too_expensive(message) for message in self.extent.excess(limits)]


def mentions_schema(text: str) -> bool:
    """Tell whether a text may ask about the schema."""
    return _ABOUT_SCHEMA.search(text) is not None


class InvalidDocumentError(Exception):
    """Refuse a document. Each error has its code in its extensions."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        self.errors = list(errors)
        super().__init__(errors[0].message)


class Validator:
    """Validates documents for one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema

    def measure(self, text: str, size_bytes: int, max_tokens: int) -> tuple[DocumentNode | None, DocumentMeasure]:
        """Parse a document, no further than its tokens are allowed. Without a syntax tree the measure says why."""
        document, fault, token_count, name_length = _parsed(Source(text), max_tokens)
        is_cut = document is None and fault is None
        return document, DocumentMeasure(
            size_bytes,
            token_count,
            name_length,
            is_cut,
            mentions_schema(text),
            None if document is None else Extent(document),
            () if fault is None else (fault,),
        )

    def find_errors(self, document: DocumentNode, measure: DocumentMeasure, profile: Profile) -> tuple[GraphQLError, ...]:
        """Validate a document that is within its limits, for callers of a profile."""
        rules = _RULES if profile.introspection else (*_RULES, NoSchemaIntrospectionCustomRule)
        # The other rules take long where fragments go in circles.
        is_circular = measure.extent is not None and measure.extent.is_circular
        errors = self._errors(document, (NoFragmentCyclesRule,) if is_circular else rules, suggests=profile.suggests)
        return tuple(_detached(error, "GRAPHQL_VALIDATION_FAILED") for error in errors)

    def parse_valid(self, text: str, profile: Profile) -> DocumentNode:
        """Parse and validate a document for callers of a profile. Raises `InvalidDocumentError`."""
        limits = profile.limits
        document, measure = self.measure(text, len(text.encode("utf-8", "surrogatepass")), limits.max_tokens)
        errors = measure.excess(limits) or measure.faults
        if document is not None and not errors:
            errors = self.find_errors(document, measure, profile)
        if document is None or errors:
            raise InvalidDocumentError([*errors])
        return document

    def has_valid_variables(self, document: DocumentNode) -> bool:
        """Tell whether the variables of a valid document may stand there."""
        return not self._errors(document, _RULES_OF_VARIABLES, suggests=False)

    def _errors(
        self, document: DocumentNode, rules: Sequence[type[ASTValidationRule]], *, suggests: bool
    ) -> list[GraphQLError]:
        visitors: list[ASTValidationRule] = []

        def make_visitor(rule: type[ASTValidationRule], context: ASTValidationContext) -> ASTValidationRule:
            visitors.append(rule(context))
            return visitors[-1]

        errors = validate(
            self._schema,
            document,
            [cast(type[ASTValidationRule], partial(make_visitor, rule)) for rule in rules],
            max_errors=MAX_ERRORS,
            hide_suggestions=not suggests,
            allow_empty_selection_sets=False,
        )
        # Each holds its own methods, and the document: only the garbage collector would free that.
        for visitor in visitors:
            vars(visitor).clear()
        return errors


def _parsed(source: Source, max_tokens: int) -> tuple[DocumentNode | None, GraphQLError | None, int, int]:
    """Parse a text. Gives its document or its fault, none of both beyond the limit; its tokens, and its longest name."""
    lexer = Lexer(source)
    # As the specification has it: "{ customer {} }" would be a selection of nothing.
    parser = Parser(source, lexer=lexer, max_tokens=max_tokens, allow_empty_selection_sets=False)
    document, fault, name_length = None, None, 0
    token_count: int | None = None
    try:
        document = parser.parse_document()
    except GraphQLSyntaxError as error:
        if error.message.endswith("tokens. Parsing aborted."):
            token_count = max_tokens + 1
        else:
            fault = _detached(error, "GRAPHQL_PARSE_FAILED")
    except RecursionError:
        fault = too_expensive("the document is nested too deeply; ask in parts")
    finally:
        name_length = _unlink(lexer.token)
    return document, fault, parser.token_count if token_count is None else token_count, name_length


def _unlink(token: Token | None) -> int:
    """Take the tokens apart, for each holds its neighbours: only the garbage collector would free them.

    Gives the length of the longest name among them.
    """
    longest = 0
    while token is not None:
        if token.end - token.start > longest and token.kind is TokenKind.NAME:
            longest = token.end - token.start
        before, token.prev, token.next = token.prev, None, None
        token = before
    return longest


def _detached(error: GraphQLError, code: str) -> GraphQLError:
    """Give the error by positions in the text. So a remembered refusal does not keep the syntax tree."""
    return GraphQLError(readable(error.message), source=error.source, positions=error.positions, extensions={"code": code})


def too_expensive(message: str) -> GraphQLError:
    """Refuse a document that exceeds a limit."""
    return GraphQLError(message, extensions={"code": "QUERY_TOO_EXPENSIVE"})


def too_large(size_bytes: int, most: int) -> GraphQLError:
    """Refuse a document for the size of its text."""
    return too_expensive(f"the document has {size_bytes:,} bytes, and {most:,} are the most; ask in parts")
