"""The transport is tested on both event loops."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.endpoint import LOOPS


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, Any]:
    return LOOPS
