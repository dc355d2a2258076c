"""Give a worker's changes of customers to those who follow them, and to those who ask what has changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from gateway.background_pass import BackgroundPass
from gateway.changes.change_feed import MAX_WAITING, ChangeFeed
from gateway.changes.change_follower import ChangeFollower
from gateway.changes.change_hub import ChangeHub
from gateway.changes.customer_change import ChangeLog, ChangesMissedError, CustomerChange, LogPosition, PositionTooOldError

MAX_BACKLOG = 2_000
"""How many changes are looked at to go on with a subscription. Who has more to hear of asks by pages."""

CatchUp = Callable[[Sequence[CustomerChange]], Awaitable[None]]


class ChangeService:
    """The changes of a worker. `catch_up` has it answer as of after changes, whichever worker heard of them.

    Without MongoDB there is no `follower`. `recorder` writes the changes that no worker is told of.
    """

    def __init__(
        self,
        log: ChangeLog,
        hub: ChangeHub,
        catch_up: CatchUp,
        follower: ChangeFollower | None = None,
        recorder: BackgroundPass | None = None,
    ) -> None:
        self.log = log
        self.hub = hub
        self.follower = follower
        self.recorder = recorder
        self.is_handed_over = False
        """Whether a following service tells the followers of the hub."""
        self._catch_up = catch_up

    async def open(self) -> None:
        """Begin to follow the log."""
        if self.follower is not None:
            await self.follower.open()

    async def aclose(self) -> None:
        """Follow it no more. Who follows changes here is told that he misses some, unless another service goes on."""
        for own in (self.follower, self.recorder):
            if own is not None:
                await own.aclose()
        if not self.is_handed_over:
            self.hub.break_off()

    async def announce(self, changes: Sequence[CustomerChange]) -> None:
        """Write changes, from which all workers hear of them. Raises `StoreError`."""
        if changes:
            await self.log.append(changes)

    async def follow(
        self, caller: str, wants: Callable[[CustomerChange], bool], since: LogPosition | None = None
    ) -> ChangeFeed:
        """Hear of changes from now on, or from a position on. The feed is to be closed.

        Raises `TooManySubscriptionsError`, `ChangesMissedError` and `StoreError`.
        """
        feed = self.hub.follow(caller, wants)
        if since is None:
            return feed
        try:
            past = await self._read_after(since, MAX_BACKLOG)
            if len(past) >= MAX_BACKLOG or sum(map(wants, past)) > MAX_WAITING:
                raise ChangesMissedError
            await self._catch_up(past)
            feed.prepend(past)
        except BaseException:
            feed.close()
            raise
        return feed

    async def read_page(self, since: LogPosition, limit: int) -> list[CustomerChange]:
        """Read about so many changes behind a position. What is asked of this worker then is of after them.

        Raises `ChangesMissedError` and `StoreError`.
        """
        changes = await self._read_after(since, limit)
        await self._catch_up(changes)
        return changes

    async def _read_after(self, since: LogPosition, limit: int) -> list[CustomerChange]:
        try:
            return await self.log.read_after(since, limit)
        except PositionTooOldError:
            raise ChangesMissedError from None
