"""Keep secrets out of what databases say: a query may hold a variable, and a database repeats queries."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from gateway.check.problems import Problem
from gateway.settings.document import SettingsDocument, variables_in

MIN_SECRET = 4
"""A shorter text is in too many words by chance, and is no secret."""

HIDDEN = "***"

_PASSWORD = re.compile(r"://[^/?#\s]*?:([^/?#\s]+)@")
_SECRET_NAMES = re.compile(r"secret|token|password|passwd|api_?key|authorization", re.IGNORECASE)


class Redaction:
    """Replaces secrets of the settings, and values of variables, which may be some."""

    def __init__(self, read: SettingsDocument, variables: Mapping[str, str]) -> None:
        hidden = dict.fromkeys(_secrets(read.document), HIDDEN)
        hidden |= {variables[name]: f"${{{name}}}" for name in variables_in(read.written) if name in variables}
        self._hidden = {own: shown for own, shown in hidden.items() if len(own) >= MIN_SECRET}
        longest_first = sorted(self._hidden, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def hide(self, problem: Problem) -> Problem:
        """Write a problem's words without secrets."""
        if self._pattern is None:
            return problem
        message = self._pattern.sub(self._shown, problem.message)
        return msgspec.structs.replace(problem, message=message, fix=self._pattern.sub(self._shown, problem.fix))

    def _shown(self, match: re.Match[str]) -> str:
        return self._hidden[match[0]]


def _secrets(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _secrets(inner, name if name == "headers" else key)
    elif isinstance(value, list):
        for inner in value:
            yield from _secrets(inner, name)
    elif isinstance(value, str):
        if name == "headers" or _SECRET_NAMES.search(name):
            yield value
            yield from value.split()[1:]
        for password in _PASSWORD.findall(value):
            yield from {password, unquote(password)}
