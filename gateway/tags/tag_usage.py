"""Count how often callers are given tags, and store the counts once a minute."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

import structlog

from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.log import SeldomLog
from gateway.tags.background import BackgroundTasks
from gateway.tags.definitions import Pack

INTERVAL_S = 60.0
"""How long counts wait in the worker."""

MAX_SELECTIONS = 256
"""Of so many selections of tags the counts are held apart, before they are added up."""

Keys = tuple[str, ...]

log = structlog.get_logger()


class NotedRule(NamedTuple):
    """A rule in force."""

    fingerprint: str
    version: int


class UsageTable(Protocol):
    """Where counts and changes of rules are stored."""

    async def add(self, day: date, counts: Mapping[tuple[str, str], int], now: datetime) -> None:
        """Add counts of a day, by tag and caller. Raises `StoreError`."""
        ...

    async def note_rules(self, rules: Mapping[str, NotedRule], now: datetime) -> None:
        """Note the rules in force, and since when. Raises `StoreError`."""
        ...


class TagUsage:
    """Counts of one worker: how many customers' tags each caller was given. No customer is in them."""

    def __init__(self, pack: Pack, clock: Clock, table: UsageTable | None) -> None:
        self._clock = clock
        self._table = table
        self._rules = {key: NotedRule(tag.fingerprint, tag.version) for key, tag in pack.tags.items()}
        self._asked: dict[tuple[str, Keys], int] = {}
        self._summed: Counter[tuple[str, str]] = Counter()
        self._timer: asyncio.TimerHandle | None = None
        self._tasks = BackgroundTasks()
        self._writing = asyncio.Lock()
        self._are_rules_noted = False
        self._seldom = SeldomLog(clock)

    def add(self, caller: str, keys: Keys, customers: int) -> None:
        """Count tags that a caller was given, of so many customers."""
        if self._table is None:
            return
        name = caller, keys
        self._asked[name] = self._asked.get(name, 0) + customers
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(INTERVAL_S, self._start_flush)
        elif len(self._asked) > MAX_SELECTIONS:
            self._sum_up()

    async def flush(self) -> None:
        """Store what was counted. When that fails it is counted further, and stored later."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._table is None:
            return
        async with self._writing:
            self._sum_up()
            counts, self._summed = self._summed, Counter()
            now = self._clock.now()
            try:
                if not self._are_rules_noted:
                    await self._table.note_rules(self._rules, now)
                    self._are_rules_noted = True
                if counts:
                    await self._table.add(now.date(), counts, now)
            except StoreError:
                self._summed.update(counts)
                if self._seldom.is_due("tag_usage"):
                    log.warning("tag_usage_not_stored", tags=len(counts))

    async def aclose(self) -> None:
        """Store the rest."""
        await self.flush()
        await self._tasks.join()

    def _start_flush(self) -> None:
        self._timer = None
        self._tasks.start(self.flush())

    def _sum_up(self) -> None:
        for (caller, keys), count in self._asked.items():
            for key in keys:
                self._summed[key, caller] += count
        self._asked.clear()


def usage_by_caller(counts: Sequence[tuple[str, str, int]], key: str) -> dict[str, int]:
    """Pick the counts of one tag by caller, the most first."""
    own = {caller: count for tag, caller, count in counts if tag == key}
    return dict(sorted(own.items(), key=lambda entry: (-entry[1], entry[0])))
