"""Tell those who follow changes in a worker of each that they want, in the order of the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from gateway.changes.change_feed import ChangeFeed
from gateway.changes.customer_change import UNWRITTEN, CustomerChange
from gateway.errors import CallerError

MAX_FOLLOWERS = 5_000
"""How many follow changes in a worker, whoever they are."""


class TooManySubscriptionsError(CallerError):
    """A caller has as many subscriptions in a worker as it may."""

    code = "TOO_MANY_SUBSCRIPTIONS"

    def __init__(self, most: int) -> None:
        super().__init__(f"{most:,} subscriptions are open here, which are the most; end some, or ask by Query.changes")


class ChangeHub:
    """Tells of changes. Each caller has `most` feeds."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._feeds: dict[ChangeFeed, None] = {}
        self._by_caller: Counter[str] = Counter()
        self._last = UNWRITTEN

    @property
    def followers(self) -> int:
        """Count those who follow."""
        return len(self._feeds)

    def follow(self, caller: str, wants: Callable[[CustomerChange], bool]) -> ChangeFeed:
        """Hear of changes from now on. The feed is to be closed. Raises `TooManySubscriptionsError`."""
        if self._by_caller[caller] >= self._most:
            raise TooManySubscriptionsError(self._most)
        if len(self._feeds) >= MAX_FOLLOWERS:
            raise TooManySubscriptionsError(MAX_FOLLOWERS)
        feed = ChangeFeed(wants, partial(self._leave, caller))
        self._feeds[feed] = None
        self._by_caller[caller] += 1
        return feed

    def publish(self, changes: Sequence[CustomerChange]) -> None:
        """Tell of changes, each once and in order, whoever hears of them."""
        changes = [own for own in changes if own.position.log != self._last.log or own.position.position > self._last.position]
        if changes:
            self._last = changes[-1].position
        for feed in [*self._feeds]:
            for change in changes:
                feed.add(change)

    def break_off(self) -> None:
        """Tell all that there may have been changes which nobody can read."""
        for feed in [*self._feeds]:
            feed.break_off()

    def _leave(self, caller: str, feed: ChangeFeed) -> None:
        if feed in self._feeds:
            del self._feeds[feed]
            self._by_caller[caller] -= 1
            if not self._by_caller[caller]:
                del self._by_caller[caller]
