"""Settings of what is told of changes."""

from typing import Annotated

from pydantic import Field

from gateway.settings.frozen_settings import FrozenSettings


class ChangeSettings(FrozenSettings):
    """How long changes of customers are kept, for those who ask for them, and who may follow them."""

    keep_days: Annotated[int, Field(ge=1, le=400)] = 31
    """For how many days changes are kept: whoever asks again within them misses nothing."""
    max_subscriptions: Annotated[int, Field(ge=1, le=5_000)] = 1_000
    """How many subscriptions a caller has in a worker at most."""
