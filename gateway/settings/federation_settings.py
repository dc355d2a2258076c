"""Settings of a gateway that is a subgraph of a supergraph."""

from gateway.settings.frozen_settings import FrozenSettings


class FederationSettings(FrozenSettings):
    """What Apollo Federation needs of the schema."""

    enabled: bool = False
    """Whether the schema has `_service` and `_entities`, by which a supergraph's router asks."""
