"""A TOML file of the operator's, with the places of its settings."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

from gateway.check.problems import ENVIRONMENT, Problem, SettingText, split_fix
from gateway.check.toml_positions import TextPosition, TomlPositions
from gateway.check.toml_syntax import read_toml_text
from gateway.settings.document import SettingsDocument
from gateway.settings.paths import Path, resolve
from gateway.settings.toml_files import limit_depth, read_text, refusing_excess
from gateway.settings.validation import SettingProblem, dotted

_PLACE = re.compile(r" at line (\d+), column (\d+)")
"""How a validator says where in a long text something is wrong."""


class TomlFile:
    """The settings of a file as far as they can be read, and where each stands.

    `document` is None where errors of syntax leave nothing to check. `unset` are the settings that have such an error.
    Raises `ConfigurationError` for a file that cannot be read at all.
    """

    def __init__(self, path: FilePath, option: str) -> None:
        text = read_text(path, option)
        self.name = path.name
        self.folder = path.parent
        self.document: Mapping[str, Any] | None
        self.unset: Sequence[Path]
        with refusing_excess(self.name):
            self._positions = TomlPositions(text)
            self.document, syntax, self.unset = read_toml_text(text, self._positions)
            limit_depth(self.document or {})
        self.syntax_problems = [
            Problem(self.name, place.line, "", f"is not TOML: {message}", "correct it there", place.column)
            for place, message in syntax
        ]

    def problem(self, found: SettingProblem, read: SettingsDocument | None = None) -> Problem:
        """Give a problem the place of its setting; one whose setting a variable sets, the variable."""
        place = self._positions.find(found.path)
        match = _PLACE.search(found.message)
        if match is not None:
            place = self._positions.find_in_text(found.path, int(match[1]), int(match[2]), is_stripped=False)
        return self._placed(found.path, found.message, place, read)

    def problem_of(self, text: SettingText, read: SettingsDocument) -> Problem:
        """Give a problem that a connector has written its place."""
        path = resolve(read.document, (), text.path)
        place = self._positions.find(path)
        if text.line is not None:
            place = self._positions.find_in_text(path, text.line, text.column)
        return self._placed(path, text.words, place, read)

    def _placed(self, path: Path, words: str, place: TextPosition, read: SettingsDocument | None) -> Problem:
        message, fix = split_fix(words)
        variable = None if read is None else read.variable_of(path)
        if variable is not None:
            return Problem(ENVIRONMENT, None, variable, message, fix)
        return Problem(self.name, place.line, dotted(path), message, fix, place.column)
