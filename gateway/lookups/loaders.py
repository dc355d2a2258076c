"""The per-request face of lookups.

A key is asked for once in a request, whichever fields want it; what is asked for in one turn of the loop leaves together. A
failure is a value here.
"""

from collections.abc import Sequence

from gateway.lookups.batching import Entry, Question, settled
from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Failed, Outcome
from gateway.lookups.sources import Source


class Loaders:
    """Loaders of one request (or of one renewal in the background)."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self._entries: dict[tuple[Question, str], Entry] = {}

    def enter(self, source: Source, question: Question, key: str, deadline: Deadline | None = None) -> Entry:
        """Have a key asked for by the request's deadline, or by an earlier one. Nothing is waited for."""
        entry = self._entries.get((question, key))
        if entry is None:
            entry = source.batching.enter(question, key, deadline or self.deadline)
            self._entries[question, key] = entry
        return entry

    async def settled(self, entries: Sequence[Entry | Failed]) -> list[Outcome]:
        """One outcome per entry, in order, by the deadline; what failed before it could be asked stays as it is."""
        return await settled(entries, self.deadline)

    async def leading(self, source: Source, question: Question, keys: Sequence[str]) -> list[Outcome]:
        """One outcome per key for what others wait for: it leaves them half of the time that is left."""
        deadline = self.deadline.leading()
        return await settled([self.enter(source, question, key, deadline) for key in keys], deadline)
