"""Write down changes that no worker is told of: those of tags, and what people link and cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from gateway.background_pass import BackgroundPass
from gateway.changes.customer_change import ChangeKind, ChangeLog, CustomerChange
from gateway.changes.tag_change import TagChanged
from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.identity.decisions import LogEntry
from gateway.tags.tag_store import LeaseTable

LINKS = "record of links"
"""The name of the lease, and of the mark."""

HOLD = timedelta(seconds=10)
LOOK_S = 1.0
"""How often a worker looks for links and cuts, in seconds."""

log = structlog.get_logger()


class TagRecorder:
    """Writes changes of tags that leave the store. `list_records` gives the ids of the records of a customer with tags."""

    def __init__(self, changes: ChangeLog, list_records: Callable[[str], Sequence[str]]) -> None:
        self._changes = changes
        self._list_records = list_records

    async def take_changes(self, changes: Sequence[TagChanged]) -> None:
        """Write changes, those of one customer and moment as one. Raises `StoreError`."""
        keys: dict[tuple[str, datetime], dict[str, None]] = {}
        for change in changes:
            if change.before != change.value:
                keys.setdefault((change.customer, change.at), {})[change.key] = None
        await self._changes.append(
            [
                CustomerChange(ids=tuple(self._list_records(customer)), kind=ChangeKind.TAGS, at=at, tags=tuple(own))
                for (customer, at), own in keys.items()
            ]
        )


class LinkLog(Protocol):
    """What people decided, in order, and up to where that was recorded. Every method raises `StoreError`."""

    async def last(self) -> int:
        """Read the number of the last document."""
        ...

    async def read_mark(self) -> int | None:
        """Read up to which number links are recorded."""
        ...

    async def write_mark(self, number: int) -> None:
        """Write it."""
        ...

    async def read_links(self, number: int, limit: int) -> tuple[Sequence[LogEntry], int]:
        """Read the entries of so many documents behind that of a number, and the number of the last one."""
        ...


class LinkRecorder(BackgroundPass):
    """Writes what people link and cut, in one worker at a time, each once or more."""

    def __init__(self, links: LinkLog, changes: ChangeLog, leases: LeaseTable, clock: Clock) -> None:
        super().__init__(clock, LOOK_S)
        self._links = links
        self._changes = changes
        self._leases = leases

    async def run_pass(self) -> bool:
        """Write what is new. Tells whether there may be more. Raises `StoreError`."""
        mark = await self._links.read_mark()
        if mark == await self._links.last() or not await self._leases.acquire([LINKS], hold=HOLD):
            return False
        try:
            mark = await self._links.read_mark()  # another one may have written it meanwhile
            if mark is None:
                await self._links.write_mark(await self._links.last())
                return False
            entries, last = await self._links.read_links(mark, 50)
            await self._changes.append(
                [
                    CustomerChange(
                        ids=tuple(sorted(own.node_id for own in entry.records)), kind=ChangeKind.LINKS, at=entry.time
                    )
                    for entry in entries
                ]
            )
            if last > mark:
                await self._links.write_mark(last)
            return last > mark
        finally:
            with suppress(StoreError):
                await self._leases.release([LINKS])

    def _log_mistake(self, error: Exception) -> None:
        log.error("links_not_told", error=type(error).__name__)
