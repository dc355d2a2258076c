"""A tool of assistants: what it is called, what it takes, and the document that it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import resources
from typing import Any

import msgspec

from gateway.errors import InvalidArgumentError

_DOCUMENTS = resources.files("gateway.mcp") / "documents"


class ToolArgument(msgspec.Struct, frozen=True, kw_only=True):
    """An argument of a tool, which is the variable of this name: a text, or a whole number where it has a `maximum`."""

    name: str
    description: str
    max_length: int = 0
    maximum: int = 0
    default: int | None = None

    @property
    def schema(self) -> dict[str, Any]:
        """Describe it in JSON Schema."""
        if not self.maximum:
            return {"type": "string", "description": self.description, "minLength": 1, "maxLength": self.max_length}
        limits = {"minimum": 1, "maximum": self.maximum, "default": self.default}
        return {"type": "integer", "description": self.description, **limits}

    def check_value(self, value: Any) -> None:
        """Check a value that was given. Raises `InvalidArgumentError`."""
        if self.maximum:
            if type(value) is not int or not 1 <= value <= self.maximum:
                raise InvalidArgumentError(f"{self.name}: must be a whole number from 1 to {self.maximum}")
        elif not isinstance(value, str) or not 0 < len(value) <= self.max_length:
            raise InvalidArgumentError(f"{self.name}: must be a text of 1 to {self.max_length} characters")


class Tool(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A tool. Its document is the file of its name, and its description never changes with data."""

    name: str
    title: str
    description: str
    arguments: Sequence[ToolArgument]

    @cached_property
    def document(self) -> str:
        """Read the text of its document."""
        return (_DOCUMENTS / f"{self.name}.graphql").read_text("utf-8")

    @property
    def input_schema(self) -> dict[str, Any]:
        """Describe what it takes in JSON Schema."""
        return {
            "type": "object",
            "properties": {argument.name: argument.schema for argument in self.arguments},
            "required": [argument.name for argument in self.arguments if argument.default is None],
            "additionalProperties": False,
        }

    def read_variables(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Read the variables of the document from what an assistant gave. Raises `InvalidArgumentError`."""
        names = [argument.name for argument in self.arguments]
        if unknown := given.keys() - set(names):
            raise InvalidArgumentError(f"{self.name} takes {' and '.join(names)}; leave the other {len(unknown)} out")
        variables: dict[str, Any] = {}
        for argument in self.arguments:
            value = given.get(argument.name, argument.default)
            if value is None:
                raise InvalidArgumentError(f"{argument.name}: is missing; give it")
            argument.check_value(value)
            variables[argument.name] = value
        return variables
