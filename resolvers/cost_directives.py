"""Write what fields cost into the schema, by the directives that Apollo, IBM and Hive read."""

from collections.abc import Sequence
from typing import Any

import strawberry
from graphql import GraphQLField, get_named_type
from strawberry.schema_directive import Location

from gateway.execution.cost import PAGE, RECORDS_OF_PAGE
from gateway.execution.field_metadata import FieldMetadata
from resolvers.customer_key import MAX_KEYS


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="What the field costs in nodes, for each object that it stands on. Each record that it gives is one more.",
)
class Cost:
    weight: int


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description="How many records the field gives at most, or by which argument; of pages, those in `sizedFields`.",
)
class ListSize:
    assumed_size: int | None = strawberry.UNSET
    slicing_arguments: list[str] | None = strawberry.UNSET
    sized_fields: list[str] | None = strawberry.UNSET
    require_one_slicing_argument: bool | None = True


def cost_directives(metadata: FieldMetadata, field: GraphQLField) -> Sequence[Cost | ListSize]:
    """List the directives of a field, none for one that costs nothing."""
    if not metadata.is_priced:
        return []
    weight = [Cost(weight=metadata.weight)] if metadata.weight else []
    if PAGE in field.args:
        given: Any = get_named_type(field.type)
        sized = [name for name in RECORDS_OF_PAGE if name in given.fields]
        page = {"slicing_arguments": [PAGE], "sized_fields": sized or strawberry.UNSET, "require_one_slicing_argument": False}
        return [*weight, ListSize(**page)]  # type: ignore[arg-type]
    if metadata.finds is not None and "[" in str(field.type):
        return [*weight, ListSize(assumed_size=MAX_KEYS, require_one_slicing_argument=False)]
    return weight
