"""Settings of assistants that ask over the Model Context Protocol."""

from importlib.util import find_spec
from typing import Self

from pydantic import model_validator

from gateway.settings.frozen_settings import FrozenSettings


class McpSettings(FrozenSettings):
    """An empty table turns `/mcp` on. Who may call, and what he sees, is said of the callers."""

    @model_validator(mode="after")
    def _is_installed(self) -> Self:
        if find_spec("mcp") is None:
            raise ValueError("assistants need an extra; install customer-profile-gateway[mcp], or remove the table")
        return self
