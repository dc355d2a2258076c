"""For authors of connectors: the contract test that every kind passes, and a connector that serves from memory."""

import pytest

# Before the imports, so that a failing assert shows its values.
pytest.register_assert_rewrite(*(f"connectors.testing.{name}" for name in ("aggregates", "asking", "contract", "pushdown")))

from connectors.testing.contract import ConnectorContract  # noqa: E402
from connectors.testing.memory import MemoryConnector  # noqa: E402

__all__ = ["ConnectorContract", "MemoryConnector"]
