"""Random operations with parts that are deferred and lists that are streamed, and answers put together of their parts."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import msgspec
from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_nullable_type,
    is_list_type,
    parse,
    print_ast,
    visit,
)

from connectors.toolkit.evaluation import encode_json
from gateway.execution.deliveries import Deliveries, IncrementalResult
from gateway.operations import Operation, OperationError, Operations


def deferring(document: DocumentNode, schema: GraphQLSchema, random: Random, streamed: float) -> DocumentNode:
    """Defer random fields, one by one and together, and stream a share of the lists. The answer has the same fields."""
    info = TypeInfo(schema)
    return visit(document, TypeInfoVisitor(info, _Deferring(info, random, streamed)))


def draw_incremental(
    text: str, operations: Operations, schema: GraphQLSchema, random: Random, streamed: float = 0.15
) -> Operation:
    """Prepare a random incremental form of an operation. A list that is merged of two fields cannot be streamed."""
    document = operations.prepare(text, None).document
    try:
        return operations.prepare(print_ast(deferring(document, schema, random, streamed)), None)
    except OperationError:
        return draw_incremental(text, operations, schema, random, streamed / 2 if streamed > 0.05 else 0.0)


class _Deferring(Visitor):
    def __init__(self, info: TypeInfo, random: Random, streamed: float) -> None:
        super().__init__()
        self._info = info
        self._streamed = streamed
        self._random = random
        self._labels = 0

    def _directive(self, name: str, more: str = "") -> DirectiveNode:
        self._labels += 1
        condition = self._random.choice(["", "", ", if: true", ", if: false"])
        (definition,) = parse(f'{{ a @{name}(label: "l{self._labels}"{condition}{more}) }}', no_location=True).definitions
        assert isinstance(definition, OperationDefinitionNode)
        return (definition.selection_set.selections[0].directives or ())[0]

    def _fragment(self, selections: Sequence[SelectionNode]) -> InlineFragmentNode:
        selected = SelectionSetNode(selections=tuple(selections))
        return InlineFragmentNode(directives=(self._directive("defer"),), selection_set=selected, type_condition=None)

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode | None:
        late: list[SelectionNode] = [own for own in node.selections if self._random.random() < 0.35]
        if not late or self._random.random() < 0.4:
            return None
        half = self._random.randrange(len(late) + 1)
        at_once = tuple(own for own in node.selections if own not in late or self._random.random() < 0.1)
        fragments = [self._fragment(own) for own in (late[:half], late[half:]) if own]
        if len(fragments) == 2 and self._random.random() < 0.3:  # one in the other
            inner = fragments.pop()
            own = fragments[0].selection_set
            fragments[0] = replace(fragments[0], selection_set=replace(own, selections=(*own.selections, inner)))
        return replace(node, selections=(*at_once, *fragments))

    def enter_field(self, node: FieldNode, *_: Any) -> FieldNode | None:
        kind = self._info.get_type()
        if kind is None or not is_list_type(get_nullable_type(kind)) or self._random.random() >= self._streamed:
            return None
        more = f", initialCount: {self._random.randrange(3)}"
        return replace(node, directives=(*(node.directives or ()), self._directive("stream", more)))


async def put_together(result: Any) -> tuple[Any, list[Any], int]:
    """Merge the parts of an answer into its data. Gives also all errors, and how many parts there were."""
    data, errors = msgspec.json.decode(encode_json(result.data)), [*(result.errors or ())]
    if not isinstance(result, IncrementalResult):
        return data, errors, 0
    deliveries: Deliveries = result.deliveries
    count = 0
    while ready := await deliveries.wait_ready():
        for part in ready:
            count += 1
            for place, own in part.results:
                errors += own.errors or ()
                _merge(data, part.paths[place], msgspec.json.decode(encode_json(own.data)), part.starts)
    deliveries.end()
    return data, errors, count


def _merge(data: Any, path: Sequence[str | int], late: Any, starts: Sequence[int] | None) -> None:
    for step in path:
        data = data[step]
    if starts is not None:
        assert len(data) == starts[0]
        data += late
        return
    assert late is not None, f"a part became null at {path}"
    _merge_objects(data, late)


def _merge_objects(data: dict[str, Any], late: dict[str, Any]) -> None:
    for key, value in late.items():
        assert key not in data or data[key] == value, f"{key} was sent twice, once as another"
        data[key] = value
