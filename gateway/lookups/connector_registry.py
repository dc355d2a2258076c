"""Find the kinds of sources, and build each configured connector."""

import importlib
import pkgutil
from collections.abc import Collection, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import connectors
from connectors import vendors
from connectors.contract import Connector, ConnectorSettings
from connectors.errors import ConfigurationError
from connectors.suggestions import suggest
from gateway.settings import SourceSettings
from gateway.settings.messages import split_message
from gateway.settings.paths import Path
from gateway.settings.validation import SettingProblem, Validated, validate

ENTRY_POINTS = "profile_gateway.connectors"
"""The group under which an installed package names its connectors."""

PACKAGES = (connectors, vendors)
"""Each module in these is a kind, if it has a connector of its name."""

NO_KINDS = {"testing", "toolkit", "vendors"}
"""These are not imported: what they need is not there for users."""


def connector_kinds(wanted: Collection[str] | None = None) -> dict[str, type[Connector[Any]]]:
    """Find every kind of connector, or those that are wanted: modules of `connectors`, and connectors of installed packages.

    Only the wanted ones are imported: each may need libraries that the others do not. Raises `ConfigurationError` for a package
    whose connector is of no use.
    """
    paths = {
        name: f"{package.__name__}.{name}" for package in PACKAGES for _, name, _ in pkgutil.iter_modules(package.__path__)
    }
    kinds: dict[str, type[Connector[Any]]] = {}
    for name in sorted(paths.keys() - NO_KINDS):
        if wanted is None or name in wanted:
            exports = vars(importlib.import_module(paths[name])).values()
            kinds |= {value.kind: value for value in exports if _is_connector(value) and value.kind == name}
    entries = [entry for entry in entry_points(group=ENTRY_POINTS) if wanted is None or entry.name in wanted]
    problems = []
    for entry in entries:
        value = _loaded(entry)
        if entry.name in kinds:
            value = "is a kind that there is already; rename it"
        if isinstance(value, str):
            problems.append(f"{ENTRY_POINTS}: {entry.name} {value}")
        else:
            kinds[entry.name] = value
    if problems:
        raise ConfigurationError(problems)
    return kinds


def _loaded(entry: EntryPoint) -> type[Connector[Any]] | str:
    """Load the connector of a package, or report its problem."""
    try:
        value = entry.load()
    except Exception as error:  # noqa: BLE001  a package may fail in any way while it is imported
        return f"cannot be imported ({type(error).__name__}); mend or remove the package"
    if not _is_connector(value):
        return "is no connector with a `kind`; name the class in the entry point"
    connector_class: type[Connector[Any]] = value
    return (
        connector_class
        if connector_class.kind == entry.name
        else f"is of the kind '{connector_class.kind}'; name the entry point so"
    )


def _is_connector(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, Connector) and "kind" in vars(value)


def build_connectors(settings: Mapping[str, SourceSettings]) -> list[Connector[Any]]:
    """Build a connector for each source block.

    Raises `ConfigurationError` with the problems of all blocks.
    """
    kinds = connector_kinds({block.kind for block in settings.values()})
    problems: list[SettingProblem] = []
    built: list[Connector[Any]] = []
    for name, block in settings.items():
        validated = validate_block(kinds, name, block.kind, block.connector_settings)
        problems += validated.problems
        if not validated.problems:
            connector, further = build_connector(kinds[block.kind], name, validated.settings, block.connector_settings)
            problems += further
            if connector is not None:
                connector.birth_dates = block.birth_dates
                built.append(connector)
    if problems:
        raise ConfigurationError([str(problem) for problem in problems])
    return built


def validate_block(
    kinds: Mapping[str, type[Connector[Any]]],
    name: str,
    kind: str,
    block: Mapping[str, Any],
    unset: Collection[Path] = (),
) -> Validated:
    """Validate the connector's part of a source block, but for what is `unset`."""
    at = ("sources", name)
    if kind not in kinds:
        known = sorted(connector_kinds())
        fix = suggest(kind, known, f"known are {', '.join(known)}")
        return Validated(None, [SettingProblem((*at, "kind"), f"there is no kind '{kind}'{fix}")])
    return validate(kinds[kind].settings_type, block, at=at, unset=unset, others=SourceSettings.model_fields)


def build_connector(
    kind: type[Connector[Any]], name: str, settings: ConnectorSettings, block: Mapping[str, Any]
) -> tuple[Connector[Any] | None, list[SettingProblem]]:
    """Build the connector of a source from its validated settings, or list the problems of its block."""
    try:
        return kind(name, settings), []
    except ConfigurationError as error:
        found = [split_message(block, (), text) for text in error.problems]
        return None, [SettingProblem(("sources", name, *path), message) for path, message in found]
