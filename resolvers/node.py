"""What can be asked for again by its id alone."""

import strawberry

from resolvers.fields import field


@strawberry.interface(description="Something that can be asked for again by its id.")
class Node:
    id: strawberry.ID = field("The id; stable.")
