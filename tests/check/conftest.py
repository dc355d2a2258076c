"""Sources of each kind that can be sampled by queries alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Connector
from connectors.files import FilesConnector, FilesSettings
from connectors.sql import SqlConnector, SqlSettings
from tests.support.literal_sources import Build
from tests.support.sql_shop import sqlite_url

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql), "files"]


@pytest.fixture(params=KINDS)
def build(request: pytest.FixtureRequest, tmp_path: Path) -> Build:
    """Build sources of one kind."""
    url = request.getfixturevalue("postgresql_database") if request.param == "postgresql" else sqlite_url(tmp_path)
    (tmp_path / "none.csv").write_text("none\n")

    def built(name: str, records: Mapping[str, Any]) -> Connector[Any]:
        if request.param == "files":
            settings = {"path": tmp_path, "tables": {"none": "none.csv"}, "records": records}
            return FilesConnector(name, FilesSettings.model_validate(settings))
        return SqlConnector(name, SqlSettings.model_validate({"url": url, "records": records}))

    return built
