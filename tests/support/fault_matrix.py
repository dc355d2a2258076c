"""What a caller gets for each fault of each kind of source: the table of docs/faults.md, and of the tests."""

from typing import NamedTuple

KINDS = ("http", "sql", "mongo", "graphql")


class Cell(NamedTuple):
    """What comes of the orders.

    With a code they are null. `attempts` is how many calls are made, at most; `dropped` how many orders are left out of a good
    answer. `given` says whether any order is in it, `nulled` whether all are, one without the value that cannot be read.
    """

    code: str | None = None
    attempts: int = 1
    dropped: int = 0
    given: bool = False
    nulled: bool = False

    def text(self) -> str:
        """As it stands in the docs."""
        if self.code is not None:
            return f"`{self.code}`, {self.attempts} call{'s' if self.attempts > 1 else ''}"
        if self.nulled:
            return "all orders, one value null"
        return f"the good orders, {self.dropped} left out" if self.given else "no orders, no error"


NAMES = {
    "refuse": "connections are refused",
    "reset": "reset in mid-answer",
    "hang": "silence",
    "drip": "one byte a second",
    "500": "500",
    "503": "503 with `Retry-After`",
    "429": "429",
    "401": "401",
    "404": "404",
    "html": "HTML",
    "truncated": "cut short",
    "types": "wrong type",
    "large": "100 MB",
    "dns": "its name does not resolve",
}
"""What the faults are called in the docs."""

AWAY = Cell("SOURCE_UNAVAILABLE", 3)
ASKED_ONCE = Cell("SOURCE_UNAVAILABLE")
THROTTLED = Cell("SOURCE_THROTTLED")
LATE = Cell("SOURCE_TIMEOUT")
AUTH = Cell("SOURCE_AUTH")
PROTOCOL = Cell("SOURCE_PROTOCOL")
ONE_LEFT_OUT = Cell(given=True, dropped=1)

MATRIX: dict[str, dict[str, Cell]] = {
    "refuse": {"http": AWAY, "sql": AWAY, "mongo": AWAY, "graphql": AWAY},
    "reset": {"http": AWAY, "sql": AWAY, "mongo": AWAY, "graphql": AWAY},
    "hang": {"http": LATE, "sql": LATE, "mongo": LATE, "graphql": LATE},
    "drip": {"http": LATE, "sql": LATE, "mongo": LATE, "graphql": LATE},
    "500": {"http": AWAY, "sql": AWAY, "mongo": AWAY, "graphql": AWAY},
    "503": {"http": ASKED_ONCE, "sql": AWAY, "mongo": AWAY, "graphql": ASKED_ONCE},
    "429": {
        "http": Cell("SOURCE_THROTTLED"),
        "sql": AWAY,
        "mongo": Cell("SOURCE_THROTTLED"),
        "graphql": Cell("SOURCE_THROTTLED"),
    },
    "401": {"http": AUTH, "sql": AUTH, "mongo": AUTH, "graphql": AUTH},
    "404": {"http": PROTOCOL, "sql": PROTOCOL, "mongo": Cell(), "graphql": PROTOCOL},
    "html": {"http": PROTOCOL, "sql": AWAY, "mongo": AWAY, "graphql": PROTOCOL},
    "truncated": {"http": PROTOCOL, "sql": PROTOCOL, "mongo": PROTOCOL, "graphql": PROTOCOL},
    "types": {"http": ONE_LEFT_OUT, "sql": Cell(given=True, nulled=True), "mongo": ONE_LEFT_OUT, "graphql": ONE_LEFT_OUT},
    "large": {"http": PROTOCOL, "sql": ONE_LEFT_OUT, "mongo": PROTOCOL, "graphql": PROTOCOL},
    "dns": {"http": AWAY, "sql": AWAY, "mongo": AWAY, "graphql": AWAY},
}
