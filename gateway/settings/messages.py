"""Write pydantic's problems in our words: what is wrong; what to do. A value is never repeated, for it may be a secret."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from connectors.suggestions import suggest
from gateway.settings.paths import Path, at, inside, resolve

_TYPES = {
    "missing": "is missing; add it",
    "int": "must be a whole number; write it in digits, without quotes",
    "float": "must be a number; write it in digits, such as 2.5",
    "bool": "must be true or false; write one of these, without quotes",
    "path_type": "must be text; put it in quotes",
    "string_type": "must be text; put it in quotes",
    "model": "must be a table; give it settings of its own",
    "dict": "must be a table; give it settings of its own",
    "list": "must be a list; put its values in [ and ]",
    "tuple": "must be a list; put its values in [ and ]",
    "timezone": "has no offset from UTC; end it with Z, or with an offset such as +01:00",
    "datetime": "must be a time; write it as in 2026-01-31T12:00:00Z",
    "finite_number": "must be a finite number; write it in digits",
    "invalid-json-value": "must be text, a number, true or false, a list or a table; put a time in quotes",
    "too_long": "has too many values; give {max_length} at most",
    "too_short": "is empty; give at least one",
    "string_too_short": "is empty; give it a text",
    "string_pattern": "has characters or a length that it may not have; it must fit {pattern}",
}
"""By the type of a problem, or how it begins."""
_BOUNDS = {
    "greater_than_equal": "is too small; give {ge} or more",
    "greater_than": "is too small; give more than {gt}",
    "less_than_equal": "is too great; give {le} or less",
    "less_than": "is too great; give less than {lt}",
}
"""By the whole type of a problem."""
_QUOTED = re.compile(r"'([^']*)'")
"""How pydantic writes the words of an enum."""
_WHAT_SHOULD = re.compile(r"^\w+ should ")
"""How pydantic's other problems begin, as in `Input should be a valid URL`."""
_INNER_PATH = re.compile(r"([A-Za-z_][\w-]*(?:\.[\w-]+)*): (.+)", re.DOTALL)
"""How a message begins that is about a setting below the one that is validated."""
_NAMED = re.compile(r"[`']([^`']+)[`'] (?:is|has) ")
"""How a message begins that is about a name in a table, or about the value of one."""


def explain_unknown(name: str, known: Collection[str]) -> str:
    """Say that a name is no setting, with the known one that is meant."""
    return f"is no setting{suggest(name, sorted(known), 'remove it, or correct its name')}"


def explain_error(item: Any) -> str:
    """Write a problem of pydantic's."""
    kind, context = item["type"], item.get("ctx", {})
    if kind in ("enum", "literal_error"):
        words = _QUOTED.findall(context.get("expected", ""))
        given = item.get("input")
        return f"must be one of {', '.join(words)}{suggest(given if isinstance(given, str) else '', words, 'choose one')}"
    text = _BOUNDS.get(kind) or next((text for start, text in _TYPES.items() if kind.startswith(start)), None)
    if text is not None:
        return text.format_map({own: f"{value:g}" if isinstance(value, float) else value for own, value in context.items()})
    message: str = item["msg"].removeprefix("Value error, ").partition(", unable to ")[0]
    return _WHAT_SHOULD.sub("must ", message)


def split_message(document: Mapping[str, Any], path: Path, message: str) -> tuple[Path, str]:
    """Move the path with which a validator's message begins, and the name in it, to the path of the setting."""
    match = _INNER_PATH.fullmatch(message)
    if match is not None and _is_table(at(document, path)):
        path, message = resolve(document, path, match[1]), match[2]
    named = _NAMED.match(message)
    if named is not None:
        table = at(document, path)
        found = inside(document, path, named[1])
        if found is None and isinstance(table, Mapping):
            found = next(((*path, key) for key, value in table.items() if value == named[1]), None)
        path = path if found is None else found
    return path, message


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping | list)
