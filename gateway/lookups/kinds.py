"""The kinds of sources that there are, and a connector for each that is configured."""

import importlib
import pkgutil
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from pydantic import ValidationError

import connectors
from connectors.contract import Connector
from connectors.errors import ConfigurationError
from gateway.settings import SourceSettings, problems_of

ENTRY_POINTS = "profile_gateway.connectors"
"""The group under which an installed package names its connectors."""

NOT_KINDS = {"testing"}
"""It has a connector too, and needs what only tests have."""


def connector_kinds() -> dict[str, type[Connector[Any]]]:
    """Every kind of connector: those of the modules of `connectors`, and those of installed packages.

    Raises `ConfigurationError` for a package whose connector is of no use.
    """
    kinds: dict[str, type[Connector[Any]]] = {}
    for module in pkgutil.iter_modules(connectors.__path__):
        if module.name in NOT_KINDS:
            continue
        for value in vars(importlib.import_module(f"connectors.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, Connector) and "kind" in vars(value):
                kinds[value.kind] = value
    problems = []
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            value = entry.load()
        except Exception as error:  # noqa: BLE001  a package may fail in any way while it is imported
            problems.append(
                f"{ENTRY_POINTS}: {entry.name} cannot be imported ({type(error).__name__}); mend or remove the package"
            )
            continue
        if not (isinstance(value, type) and issubclass(value, Connector) and hasattr(value, "kind")):
            problems.append(f"{ENTRY_POINTS}: {entry.name} is no connector with a `kind`; name the class in the entry point")
        elif value.kind in kinds:
            problems.append(f"{ENTRY_POINTS}: {entry.name} is of the kind '{value.kind}', which there is already; rename it")
        else:
            kinds[value.kind] = value
    if problems:
        raise ConfigurationError(problems)
    return kinds


def build_connectors(settings: Mapping[str, SourceSettings]) -> list[Connector[Any]]:
    """A connector for each source block.

    Raises `ConfigurationError` with the problems of all blocks.
    """
    kinds = connector_kinds()
    problems: list[str] = []
    built: list[Connector[Any]] = []
    for name, block in settings.items():
        kind = kinds.get(block.kind)
        if kind is None:
            problems.append(f"sources.{name}.kind: there is no kind '{block.kind}'; known are {', '.join(sorted(kinds))}")
            continue
        try:
            built.append(kind(name, kind.settings_type.model_validate(block.connector_settings)))
        except ValidationError as error:
            problems += problems_of(error, f"sources.{name}")
        except ConfigurationError as error:
            problems += [f"sources.{name}: {problem}" for problem in error.problems]
    if problems:
        raise ConfigurationError(problems)
    return built
