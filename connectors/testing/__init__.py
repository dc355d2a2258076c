"""For authors: the contract test that every kind of connector passes, one that serves from memory, and a hostile one."""

import pytest

# Before the imports, so that a failing assert shows its values.
pytest.register_assert_rewrite(
    *(f"connectors.testing.{name}" for name in ("aggregates", "fetches", "contract", "listings", "pushdown"))
)

from connectors.testing.contract import ConnectorContract  # noqa: E402
from connectors.testing.hostile import ODD_ERRORS, HostileConnector, OnCall, OnKey  # noqa: E402
from connectors.testing.memory import MemoryConnector  # noqa: E402

__all__ = ["ODD_ERRORS", "ConnectorContract", "HostileConnector", "MemoryConnector", "OnCall", "OnKey"]
