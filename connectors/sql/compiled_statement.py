"""Compile a statement once: its text, and the places of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Dialect, Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement


class CompiledStatement:
    """The text of a statement in a driver's style, and what it is sent with."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        assert isinstance(statement, ClauseElement)
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self._compiled = compiled
        self._expands = bool(compiled.post_compile_params)
        self._text = str(compiled)
        self._places = [(name, compiled.params[name]) for name in compiled.positiontup or ()]

    def bind(self, parameters: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
        """Give the text to send and its values by position. Where a list is written out, the text depends on its length."""
        if not self._expands:
            return self._text, tuple([parameters.get(name, value) for name, value in self._places])
        asked = self._compiled.construct_expanded_state(dict(parameters))
        return asked.statement, tuple(asked.positional_parameters)
