"""Random views of a schema."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from random import Random

from graphql import GraphQLSchema

from connectors.contract import KeyKind
from connectors.records import FieldClass
from gateway.settings.access_settings import WAYS_IN, Visibility
from gateway.tags.pack import uncalibrated_pack
from gateway.views.view import View, make_view

TAGS = [*uncalibrated_pack().tags]
PERSONAL = [own for own in FieldClass if own is not FieldClass.TECHNICAL]


def draw_view(schema: GraphQLSchema, random: Random) -> View:
    """Draw a view that shows more than it hides, and lets find by most keys."""
    weights = {Visibility.SHOWN: 5, Visibility.MASKED: 1, Visibility.HASHED: 1, Visibility.WITHHELD: 1}
    sees = dict(zip(PERSONAL, random.choices([*weights], [*weights.values()], k=len(PERSONAL)), strict=True))
    kinds: list[KeyKind] = [kind for kind in WAYS_IN if random.random() < 0.95]
    group = f"g{random.random()}"
    hidden = frozenset(key for key in TAGS if random.random() < 0.1)
    return make_view(schema, sees, kinds, hidden, partial(_hasher, group), group)


def _hasher(group: str, classes: str) -> Callable[[str], str]:
    return lambda text: sha256(f"{group}{classes}{text}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
