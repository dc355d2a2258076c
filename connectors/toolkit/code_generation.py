"""Compile Python that is written while running, here alone.

It is safe, since no text of a request, a source or the settings becomes code. Callers write fixed forms, into which go names
that are given here, names of fields of our records and of our schema, and texts from elsewhere in hex or as literals (`repr`).
Each other value is kept, and the code has a name for it.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any


class CodeWriter:
    """Gives names to the functions that are written together, and compiles them."""

    def __init__(self, **values: Any) -> None:
        self._values = values
        self._numbers = count(1)

    def new_name(self) -> str:
        """Name a variable."""
        return f"v{next(self._numbers)}"

    def keep(self, value: Any) -> str:
        """Name a value that the code reads, the same one once."""
        known = next((name for name, known in self._values.items() if known is value), None)
        if known is not None:
            return known
        title = getattr(value, "__name__", "").strip("_")
        name = f"{title if title.isidentifier() else 'value'}_{len(self._values)}"
        self._values[name] = value
        return name

    def function(self, arguments: str, lines: Iterable[str]) -> Callable[..., Any]:
        """Compile a function of these lines."""
        source = "\n".join([f"def written({arguments}):", *indented(lines)])
        compiled: dict[str, Any] = {}
        exec(source, self._values, compiled)  # noqa: S102  see above
        written: Callable[..., Any] = compiled["written"]
        return written

    def expression(self, arguments: str, source: str) -> Callable[..., Any]:
        """Compile a function that returns the value of an expression."""
        return self.function(arguments, [f"return {source}"])


def indented(lines: Iterable[str], spaces: int = 2) -> Iterator[str]:
    return (" " * spaces + line for line in lines)
