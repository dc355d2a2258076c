"""Paths and bodies with placeholders: `/tickets?emails={keys}&limit={first}`.

A placeholder in a path is percent-encoded. Whatever depends on a placeholder without a value (a query parameter, an
entry of a body) is left out.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from connectors.contract import Ask
from connectors.toolkit.evaluation import as_text

PLACEHOLDERS = ("keys", "key", "first", "since", "until", "updated_since")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_NOTHING: Any = object()

Values = Mapping[str, Any]
"""Placeholder to value: `keys` a list, `key` a text, `first` a number, the others times by RFC 3339. No value, no entry."""


def values_of(keys: Sequence[str], ask: Ask, *, with_first: bool) -> Values:
    values: dict[str, Any] = {"keys": list(keys), "key": keys[0]}
    if with_first:
        values["first"] = ask.first
    if ask.since is not None:
        values["since"] = as_text(ask.since)
    if ask.until is not None:
        values["until"] = as_text(ask.until)
    if ask.updated_since is not None:
        values["updated_since"] = as_text(ask.updated_since)
    return values


def placeholders_of(template: Any) -> frozenset[str]:
    """Name the placeholders in a path, or anywhere in a body."""
    match template:
        case str():
            return frozenset(_PLACEHOLDER.findall(template))
        case dict():
            return placeholders_of(list(template.values()))
        case list():
            return frozenset().union(*map(placeholders_of, template))
    return frozenset()


def render_path(template: str, values: Values) -> str:
    """Render the path and query, encoded and ready to send."""
    whole = _rendered(template, values)
    if whole is not None:
        return whole
    path, _, query = template.partition("?")
    parameters = "&".join(filter(None, [_rendered(parameter, values) for parameter in query.split("&")]))
    path = _rendered(path, values) or ""
    return f"{path}?{parameters}" if parameters else path


def render_body(template: Any, values: Values) -> Any:
    """Render the body as JSON values. A string that is one placeholder takes the value's own type."""
    match template:
        case str():
            whole = _PLACEHOLDER.fullmatch(template)
            rendered = values.get(whole[1]) if whole else _rendered(template, values, _plain)
            return _NOTHING if rendered is None else rendered
        case dict():
            entries = ((name, render_body(value, values)) for name, value in template.items())
            return {name: value for name, value in entries if value is not _NOTHING}
        case list():
            return [value for value in (render_body(item, values) for item in template) if value is not _NOTHING]
    return template


def with_parameter(path: str, name: str, value: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}{quote(name, safe='')}={quote(value, safe='')}"


def _encoded(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(value if _is_simple("".join(value)) else map(_quoted, value))
    return _quoted(str(value))


def _quoted(text: str) -> str:
    return text if _is_simple(text) else quote(text, safe="")


def _is_simple(text: str) -> bool:
    return text.encode().isalnum()


def _plain(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def _rendered(text: str, values: Values, write: Callable[[Any], str] = _encoded) -> str | None:
    """None where a placeholder has no value."""
    form, names = _parsed(text)
    try:
        return form % tuple([write(values[name]) for name in names])
    except KeyError:
        return None


@lru_cache(maxsize=1024)
def _parsed(text: str) -> tuple[str, list[str]]:
    """Replace each placeholder of a text by `%s`. Gives their names, too."""
    return _PLACEHOLDER.sub("%s", text.replace("%", "%%")), _PLACEHOLDER.findall(text)
