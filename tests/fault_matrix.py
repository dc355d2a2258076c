"""What a caller gets for each fault of each kind of source: the table of docs/faults.md, and of the tests."""

from typing import NamedTuple

KINDS = ("http", "sql", "mongo")


class Cell(NamedTuple):
    """What comes of the orders.

    With a code they are null. `attempts` is how many calls are made, at most; `dropped` how many orders are left out of a good
    answer. `given` says whether any order is in it.
    """

    code: str | None = None
    attempts: int = 1
    dropped: int = 0
    given: bool = False

    def text(self) -> str:
        """As it stands in the docs."""
        if self.code is not None:
            return f"`{self.code}`, {self.attempts} call{'s' if self.attempts > 1 else ''}"
        return f"the good orders, {self.dropped} left out" if self.given else "no orders, no error"


AWAY = Cell("SOURCE_UNAVAILABLE", 3)
ASKED_ONCE = Cell("SOURCE_UNAVAILABLE", 1)
LATE = Cell("SOURCE_TIMEOUT")
AUTH = Cell("SOURCE_AUTH")
PROTOCOL = Cell("SOURCE_PROTOCOL")
ONE_LEFT_OUT = Cell(given=True, dropped=1)

MATRIX: dict[str, dict[str, Cell]] = {
    "refuse": {"http": AWAY, "sql": AWAY, "mongo": AWAY},
    "reset": {"http": AWAY, "sql": AWAY, "mongo": AWAY},
    "hang": {"http": LATE, "sql": LATE, "mongo": LATE},
    "drip": {"http": LATE, "sql": LATE, "mongo": LATE},
    "500": {"http": AWAY, "sql": AWAY, "mongo": AWAY},
    "503": {"http": ASKED_ONCE, "sql": AWAY, "mongo": AWAY},
    "429": {"http": Cell("SOURCE_THROTTLED"), "sql": AWAY, "mongo": Cell("SOURCE_THROTTLED")},
    "401": {"http": AUTH, "sql": AUTH, "mongo": AUTH},
    "404": {"http": PROTOCOL, "sql": PROTOCOL, "mongo": Cell()},
    "html": {"http": PROTOCOL, "sql": AWAY, "mongo": AWAY},
    "truncated": {"http": PROTOCOL, "sql": PROTOCOL, "mongo": PROTOCOL},
    "types": {"http": ONE_LEFT_OUT, "sql": PROTOCOL, "mongo": ONE_LEFT_OUT},
    "large": {"http": PROTOCOL, "sql": ONE_LEFT_OUT, "mongo": PROTOCOL},
    "dns": {"http": AWAY, "sql": AWAY, "mongo": AWAY},
}
