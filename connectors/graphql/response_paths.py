"""Walk the data of a response; it may have any shape."""

from collections.abc import Iterator, Sequence
from typing import Any

from connectors.errors import SourceProtocolError


def found_at(value: Any, names: Sequence[str]) -> Iterator[Any]:
    """Collect the values under nested names, through lists, without nulls."""
    if isinstance(value, list):
        for item in value:
            yield from found_at(item, names)
    elif value is None:
        return
    elif not names:
        yield value
    elif isinstance(value, dict):
        yield from found_at(value.get(names[0]), names[1:])
    else:
        raise SourceProtocolError("no object where the query has one")


def object_on(value: Any, path: Sequence[Any], names: Sequence[str]) -> dict[str, Any] | None:
    """Find the object under names on an error's path. None where it ends before."""
    left = len(names)
    for step in path:
        if left == 0 and isinstance(value, dict):
            break
        try:
            value = value[step]
        except (TypeError, LookupError):
            return None
        left -= isinstance(step, str)
    return value if left == 0 and isinstance(value, dict) else None


def number_at(value: Any, names: Sequence[str]) -> int:
    """Read the one number under names."""
    values = list(found_at(value, names))
    if len(values) != 1 or type(values[0]) is not int:
        raise SourceProtocolError("no number where `total` stands")
    return values[0]
