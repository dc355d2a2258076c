"""Tell what comes again from what comes once."""

from collections.abc import Hashable

MAX_SEEN = 4_096


class SeenKeys:
    """The keys that came, in bounded memory.

    What is worth keeping is kept when it comes again. What came once is freed while it is young, and what a caller makes up
    costs no room (decision 67).
    """

    def __init__(self) -> None:
        self._seen: dict[int, None] = {}

    def add(self, key: Hashable) -> bool:
        """Note a key. Tell whether it came before."""
        name = hash(key)
        if name in self._seen:
            return True
        self._seen[name] = None
        if len(self._seen) > MAX_SEEN:
            del self._seen[next(iter(self._seen))]
        return False
