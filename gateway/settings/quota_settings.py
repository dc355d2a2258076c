"""Settings of quotas: what a caller may ask for in a while."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from gateway.settings.frozen_settings import FrozenSettings

Amount = Annotated[int, Field(ge=1, le=1_000_000_000)]


class QuotaSettings(FrozenSettings):
    """The quota of a caller. What is not set is not counted."""

    nodes: Amount | None = None
    """Nodes of answers in a window."""
    calls: Amount | None = None
    """Calls to sources in a window."""
    window_s: Annotated[int, Field(ge=1, le=86_400)] = 60
    """The length of a window."""
    customers_per_day: Amount | None = None
    """Different customers in a day, UTC."""

    @model_validator(mode="after")
    def _counts_something(self) -> Self:
        if self.nodes is None and self.calls is None and self.customers_per_day is None:
            raise ValueError("counts nothing; set nodes, calls or customers_per_day")
        return self
