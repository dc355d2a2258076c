"""Load keys for one request (DataLoader).

A key is asked for once in a request, whichever fields want it; what is asked for in one turn of the loop leaves together. A
failure is a value here.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence

import msgspec

from gateway.lookups.access_notes import AccessNotes
from gateway.lookups.call_tracer import RequestSpan
from gateway.lookups.deadline import Deadline
from gateway.lookups.fetches import Fetch
from gateway.lookups.outcome import Failed, Outcome
from gateway.lookups.pending_keys import PendingKeys, wait_all, wait_for
from gateway.lookups.sources import Source
from gateway.lookups.trace import Trace


class Loaders(msgspec.Struct, eq=False):
    """Loaders of one request (or of one renewal in the background). What they ask is noted in a `trace`, if there is one.

    `span` is that of a request that is traced: calls for it have spans, too. `notes` are there where the audit is on.
    `max_age_s` is the most that a cached answer may have, for a request that wants newer ones than usual.
    """

    deadline: Deadline
    trace: Trace | None = None
    span: RequestSpan | None = None
    notes: AccessNotes | None = None
    max_age_s: float | None = None
    _known: dict[Fetch, dict[str, PendingKeys]] = {}

    def enqueue(self, source: Source, fetch: Fetch, keys: Sequence[str], deadline: Deadline | None = None) -> PendingKeys:
        """Ask for keys by the request's deadline, or an earlier one. Nothing is waited for."""
        known = self._known.get(fetch)
        if known is None:
            wanted = self._asked(source, fetch, keys, deadline)
            self._known[fetch] = dict.fromkeys(keys, wanted)
            return wanted
        same = known.get(keys[0]) if keys else None
        if same is None or same.keys != keys:
            return self._together(source, fetch, keys, deadline)
        same.extend(deadline or self.deadline)
        return same

    def _together(self, source: Source, fetch: Fetch, keys: Sequence[str], deadline: Deadline | None) -> PendingKeys:
        """Ask for the new keys, and join them with earlier ones."""
        known = self._known[fetch]
        new = [key for key in dict.fromkeys(keys) if key not in known]
        if new or not keys:
            asked = self._asked(source, fetch, new, deadline)
            known.update(dict.fromkeys(new, asked))
            if len(new) == len(keys):
                return asked
        before = list(dict.fromkeys(map(known.__getitem__, keys)))
        return PendingKeys.of_parts(keys, deadline or self.deadline, before)

    def _asked(self, source: Source, fetch: Fetch, keys: Sequence[str], deadline: Deadline | None) -> PendingKeys:
        wanted = source.batching.enqueue(fetch, keys, deadline or self.deadline, self.max_age_s)
        if self.span is not None:
            wanted.span = self.span
        if self.trace is not None:
            self.trace.note(source.name, fetch, wanted)
        return wanted

    @property
    def fetches(self) -> Iterable[Fetch]:
        """The fetches that were asked for."""
        return self._known

    def list_sources(self) -> tuple[str, ...]:
        """List the sources that were asked, sorted, also where a cache had the answers."""
        asked = {next(iter(known.values())).caller.source for known in self._known.values() if known}
        return tuple(sorted(asked))

    def source_times(self) -> dict[str, float | None]:
        """Tell how long calls to each source that was asked took, in milliseconds: the longest, None where one is missing."""
        times: dict[str, float | None] = {}
        for wanted in {id(wanted): wanted for known in self._known.values() for wanted in known.values()}.values():
            name, outcomes = wanted.caller.source, wanted.outcomes
            for key in wanted.keys:
                outcome = outcomes.get(key)
                if outcome is None:
                    times[name] = None
                elif outcome.attempts and (longest := times.get(name, 0.0)) is not None:
                    times[name] = max(longest, outcome.latency_ms)
        return times

    def list_failures(self) -> list[str]:
        """List why keys have no answer, by the codes of errors: one for each key of each fetch."""
        failed: list[str] = []
        for wanted in {id(wanted): wanted for known in self._known.values() for wanted in known.values()}.values():
            failed += [own.error.code for own in map(wanted.outcomes.get, wanted.keys) if isinstance(own, Failed)]
        return failed

    def wait_all(
        self,
        parts: Sequence[PendingKeys | Failed],
        deadline: Deadline | None = None,
        beside: asyncio.Future[None] | None = None,
    ) -> Awaitable[list[Sequence[Outcome]]]:
        """Wait for the outcomes of each part, in order, by the request's deadline or an earlier one.

        Parts that failed before they could be asked stay as they are. `beside` is waited for with them.
        """
        return wait_all(parts, deadline or self.deadline, beside)

    def leave(self) -> None:
        """Wait for nothing more: the caller has gone."""
        self.deadline.expire()
        for known in self._known.values():
            for wanted in known.values():
                wanted.deadline.expire()

    def leading(self, source: Source, fetch: Fetch, keys: Sequence[str]) -> Awaitable[list[Outcome]]:
        """Wait for one outcome per key that others depend on: it leaves them half of the time that is left."""
        deadline = self.deadline.leading()
        return wait_for(self.enqueue(source, fetch, keys, deadline), deadline)
