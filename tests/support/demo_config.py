"""The demo's configurations, and what the sql connector finds wrong with them when it asks the databases."""

import importlib.resources
import tomllib
from collections.abc import Mapping
from string import Template

from connectors.sql import SqlConnector, SqlSettings
from gateway.settings.own_field_settings import OwnFieldsSettings


def read_config(name: str, urls: Mapping[str, str] | None = None) -> dict:
    """A configuration with `urls` in the place of its placeholders."""
    return tomllib.loads(read_text(name, urls or {}))


def read_text(name: str, urls: Mapping[str, str]) -> str:
    """The same as it is written."""
    folder = importlib.resources.files("gateway.demo")
    words = {"DEMO_CALIBRATION": str(folder.joinpath("shop_calibration.json")), **urls}
    return Template(folder.joinpath(name).read_text(encoding="utf-8")).safe_substitute(words)


async def problems_of(name: str, urls: Mapping[str, str]) -> list[str]:
    """Queries that do not run, columns that are no field, fields and keys that no column gives."""
    found: list[str] = []
    config = read_config(name, urls)
    OwnFieldsSettings.model_validate(config.get("fields", {}))
    for source, settings in config["sources"].items():
        assert settings.pop("kind") == "sql"
        connector = SqlConnector(source, SqlSettings.model_validate(settings))
        try:
            found += await connector.check()
        finally:
            await connector.aclose()
    return found
