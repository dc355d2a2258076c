"""Carry what one result of a subscription is about, from its transport to the field that gives it."""

from __future__ import annotations

import msgspec

from gateway.changes.change_feed import ChangeFeed
from gateway.changes.customer_change import CustomerChange


class SubscriptionTurn(msgspec.Struct, eq=False):
    """One request of an operation that is answered as a stream.

    The first request of a subscription has no `change`: its field sets the `feed`, of what comes after the position `since`.
    For each change of it there is a request of its own, whose field sets the `cursor` of its position, and says by `is_hidden`
    that the caller is not to hear of it.
    """

    since: str | None = None
    change: CustomerChange | None = None
    feed: ChangeFeed | None = None
    cursor: str | None = None
    is_hidden: bool = False
