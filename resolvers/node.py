"""Define objects that an id alone finds again."""

import strawberry

from resolvers.fields import node_id_field


@strawberry.interface(description="Something that can be asked for again by its id.")
class Node:
    node_id: strawberry.ID = node_id_field("The id, `SOURCE:ID`; stable.")
