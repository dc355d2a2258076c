"""The per-request face of lookups.

A key is asked for once in a request, whichever fields want it; what is asked for in one turn of the loop leaves together. A
failure is a value here.
"""

from collections.abc import Awaitable, Sequence

import msgspec

from gateway.lookups.batching import Entry, Question, settled
from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Failed, Outcome
from gateway.lookups.sources import Source


class Loaders(msgspec.Struct, eq=False):
    """Loaders of one request (or of one renewal in the background)."""

    deadline: Deadline
    _entries: dict[Question, dict[str, Entry]] = {}

    def enter(self, source: Source, question: Question, keys: Sequence[str], deadline: Deadline | None = None) -> list[Entry]:
        """Have keys asked for by the request's deadline, or by an earlier one. Nothing is waited for."""
        known = self._entries.get(question)
        if known is None:
            entered = source.batching.enter(question, keys, deadline or self.deadline)
            self._entries[question] = {key: entered[place] for place, key in enumerate(keys)}
            return entered
        new = [key for key in keys if key not in known]
        if new:
            known.update(zip(new, source.batching.enter(question, new, deadline or self.deadline), strict=True))
        return [known[key] for key in keys]

    def settled(self, entries: Sequence[Entry | Failed]) -> Awaitable[list[Outcome]]:
        """One outcome per entry, in order, by the deadline; what failed before it could be asked stays as it is."""
        return settled(entries, self.deadline)

    def leading(self, source: Source, question: Question, keys: Sequence[str]) -> Awaitable[list[Outcome]]:
        """One outcome per key for what others wait for: it leaves them half of the time that is left."""
        deadline = self.deadline.leading()
        return settled(self.enter(source, question, keys, deadline), deadline)
