"""Settings of orders that several sources know: which sources these are, and whose values count."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.settings.texts import SourceName


class OrderSettings(BaseModel):
    """Which sources know the same orders. Without `priority` each order of each source is one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    priority: Annotated[list[SourceName], Field(max_length=20)] = []
    """Sources that know the same orders, the one first whose values count most."""
    same_numbers: list[SourceName] = []
    """Those of them whose orders are the same where their numbers are."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(set(self.priority)) < len(self.priority):
            raise ValueError("priority: a source is named twice; name each once")
        if others := [name for name in self.same_numbers if name not in self.priority]:
            raise ValueError(f"same_numbers: {', '.join(others)} is not in priority; add it there, or remove it")
        if len(self.same_numbers) == 1:
            raise ValueError("same_numbers: one source has no other to share numbers with")
        return self
