"""The per-request face of lookups.

A key is asked for once in a request, whichever fields want it; what is asked for in one turn of the loop leaves together. A
failure is a value here.
"""

from collections.abc import Awaitable, Sequence

import msgspec

from gateway.lookups.batching import Entry, settled
from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Failed, Outcome
from gateway.lookups.questions import AnyQuestion
from gateway.lookups.sources import Source
from gateway.lookups.trace import Trace


class Loaders(msgspec.Struct, eq=False):
    """Loaders of one request (or of one renewal in the background). What they ask is noted in a `trace`, if there is one."""

    deadline: Deadline
    trace: Trace | None = None
    _entries: dict[AnyQuestion, dict[str, Entry]] = {}

    def enter(
        self, source: Source, question: AnyQuestion, keys: Sequence[str], deadline: Deadline | None = None
    ) -> list[Entry]:
        """Have keys asked for by the request's deadline, or by an earlier one. Nothing is waited for."""
        known = self._entries.get(question)
        if known is None:
            entered = self._asked(source, question, keys, deadline)
            self._entries[question] = {key: entered[place] for place, key in enumerate(keys)}
            return entered
        new = [key for key in keys if key not in known]
        if new:
            known.update(zip(new, self._asked(source, question, new, deadline), strict=True))
        return [known[key] for key in keys]

    def _asked(self, source: Source, question: AnyQuestion, keys: Sequence[str], deadline: Deadline | None) -> list[Entry]:
        entered = source.batching.enter(question, keys, deadline or self.deadline)
        if self.trace is not None:
            self.trace.note(source.name, question, entered)
        return entered

    def settled(self, entries: Sequence[Entry | Failed]) -> Awaitable[list[Outcome]]:
        """One outcome per entry, in order, by the deadline; what failed before it could be asked stays as it is."""
        return settled(entries, self.deadline)

    def leading(self, source: Source, question: AnyQuestion, keys: Sequence[str]) -> Awaitable[list[Outcome]]:
        """One outcome per key for what others wait for: it leaves them half of the time that is left."""
        deadline = self.deadline.leading()
        return settled(self.enter(source, question, keys, deadline), deadline)
