"""Put the variables of the environment into the settings of a file."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gateway.settings.paths import Path, at
from gateway.settings.types import VariableText
from gateway.settings.validation import SettingProblem

PREFIX = "GATEWAY_"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class SettingsDocument(NamedTuple):
    """The settings of a file with those of the environment on top, before they are validated."""

    written: Mapping[str, Any]
    """What stands in the file."""
    document: Mapping[str, Any]
    from_environment: Mapping[Path, str]
    """The `GATEWAY_` variables, by the setting that they set."""
    problems: Sequence[SettingProblem]
    """The settings whose variables are not set."""

    @property
    def unset(self) -> list[Path]:
        """List the settings whose values are not known."""
        return [problem.path for problem in self.problems]

    def describe(self, problem: SettingProblem, file: str) -> str:
        """Write a problem behind the file or the variable that it is in."""
        variable = self.variable_of(problem.path)
        return f"{file}: {problem}" if variable is None else f"{variable}: {problem.message}"

    def variable_of(self, path: Path) -> str | None:
        """Name the variable that sets a setting, or that makes its table. None for one that stands in the file."""
        is_written = at(self.written, path) is not None
        for own, name in self.from_environment.items():
            if own == path[: len(own)] or (path == own[: len(path)] and not is_written):
                return name
        return None


def fill_in(written: Mapping[str, Any], variables: Mapping[str, str]) -> SettingsDocument:
    """Put the variables into what stands in a file."""
    unset: list[SettingProblem] = []
    from_environment: dict[Path, str] = {}
    document = _overlay(_expand(written, variables, (), unset), variables, from_environment)
    return SettingsDocument(written, document, from_environment, unset)


def variables_in(written: Any) -> set[str]:
    """Name the variables that stand in the texts of a document."""
    if isinstance(written, Mapping):
        return {name for inner in written.values() for name in variables_in(inner)}
    if isinstance(written, list):
        return {name for inner in written for name in variables_in(inner)}
    return set(_VARIABLE.findall(written)) if isinstance(written, str) else set()


def _expand(value: Any, variables: Mapping[str, str], path: Path, unset: list[SettingProblem]) -> Any:
    if isinstance(value, dict):
        return {key: _expand(inner, variables, (*path, key), unset) for key, inner in value.items()}
    if isinstance(value, list):
        return [_expand(inner, variables, (*path, index), unset) for index, inner in enumerate(value)]
    if not isinstance(value, str):
        return value
    names = dict.fromkeys(_VARIABLE.findall(value))
    unset += [
        SettingProblem(path, f"the variable {name} is not set; set it in the environment")
        for name in names
        if name not in variables
    ]
    filled = _VARIABLE.sub(lambda match: variables.get(match[1], ""), value)
    return VariableText(filled) if names else value


def _overlay(document: dict[str, Any], variables: Mapping[str, str], from_environment: dict[Path, str]) -> dict[str, Any]:
    for name, value in variables.items():
        if not name.startswith(PREFIX) or name.startswith(f"{PREFIX}TEST_"):
            continue
        *tables, key = name.removeprefix(PREFIX).lower().split("__")
        here = document
        for table in tables:
            inner = here.get(table)
            if not isinstance(inner, dict):
                inner = here[table] = {}
            here = inner
        here[key] = VariableText(value)
        from_environment[(*tables, key)] = name
    return document
