"""What tables of settings have in common."""

from pydantic import BaseModel, ConfigDict


class FrozenSettings(BaseModel):
    """A table that is read once. Unknown names in it are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")
