"""Say of nullable fields that they are null with an error alone."""

from collections.abc import Sequence

import strawberry
from strawberry.schema_directive import Location


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="semanticNonNull",
    description="The field is null only where an error says why, at its path. `levels` says at which depths of a list.",
)
class SemanticNonNull:
    levels: Sequence[int] = (0,)


NULL_WITH_ERROR_ALONE = frozenset(
    [
        "Customer.accessLog",
        "Customer.consents",
        "Customer.contactPoints",
        "Customer.deviceIds",
        "Customer.externalIds",
        "Customer.segments",
        "Customer.socialAccounts",
        "Customer.tags",
        "Customer.timeline",
        "Customer.touches",
        "Query.searchCustomers",
        "Query.sourceActivity",
        "Query.tagReport",
    ]
)
"""Nullable fields that are never null without an error, for callers who see them. A test with random operations proves it."""


def nullability_directives(where: str) -> Sequence[SemanticNonNull]:
    """List the directive of a field, `Type.field`, where it has one."""
    return [SemanticNonNull()] if where in NULL_WITH_ERROR_ALONE else []
