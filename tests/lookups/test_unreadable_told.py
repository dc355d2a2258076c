"""The log and `check --customer` say which values could not be read, of each kind of source, and never what they are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.app import create_services, opened
from gateway.explain import unreadable_values
from tests.connectors.test_random_sources import KINDS, MAILS, People, Row, RowsSettings
from tests.support.gateway_server import settings_for

ROWS = [
    Row("o1", MAILS[0], "2026-06-03T10:00:00Z", "12.30", "EUR"),
    Row("o2", MAILS[0], "2026-06-02T10:00:00Z", "secret", "EUR"),
    Row("o3", MAILS[0], "2026-06-01T10:00:00Z", "twelve", "EUR"),
    Row("o4", MAILS[0], "secret", "12.30", "EUR"),
]


@pytest.mark.cases
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_what_cannot_be_read_is_told(kind: Callable[..., Any], tmp_path: Path) -> None:
    async with kind("shop", ROWS, tmp_path) as shop:
        connectors = [People("crm", RowsSettings()), shop]
        services = create_services(settings_for(connectors), connectors=connectors)
        with capture_logs() as logs:
            problems = await _told(services)
    assert [one for one in problems if one.startswith("shop: ")] == problems
    assert sorted(problems) == [
        "shop: order.placedAt: malformed, 1 time, first in order o4",
        "shop: order.total.amount: malformed, 2 times, first in order o2",
    ]
    told = {(one["path"], one["reason"], one["record"]) for one in logs if one["event"] == "value_unreadable"}
    assert told == {("placedAt", "malformed", "order"), ("total.amount", "malformed", "order")}
    assert "secret" not in f"{problems} {logs}"


async def _told(services: Any) -> list[str]:
    async with opened(services):
        return await unreadable_values(services, ["c1"])
