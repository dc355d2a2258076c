"""Settings of erasure: whom nothing is kept or shown of any more."""

from pydantic import ConfigDict

from gateway.settings.frozen_settings import FrozenSettings
from gateway.settings.texts import LongSecret

NO_ERASURE_STORE = "tombstones are kept in MongoDB, and there is none; add [mongodb], or remove [erasure]"
"""What is wrong where tombstones have no place."""


class ErasureSettings(FrozenSettings):
    """Tombstones of erased customers."""

    model_config = ConfigDict(hide_input_in_errors=True)

    key: LongSecret
    """What the keys of an erased customer are digested with. With another one no tombstone knows its customer any more."""
