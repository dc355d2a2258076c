"""Tests of a module that has `LOOPS` run on each of those event loops."""

from collections.abc import Mapping
from typing import Any

import pytest


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, Any] | None:
    return getattr(getattr(item, "module", None), "LOOPS", None)
