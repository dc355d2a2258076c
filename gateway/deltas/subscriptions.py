"""Answer a field of a subscription: at its beginning with a feed of changes, then for each change that the feed gives."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from connectors.contract import KeyKind
from gateway.changes.change_cursors import open_cursor
from gateway.changes.customer_change import ChangeKind, CustomerChange
from gateway.context import RequestContext
from gateway.deltas.told_changes import ToldChange, tell_changes
from gateway.errors import InvalidArgumentError, WithheldError
from gateway.identity.keys import normalised_or_plain
from gateway.identity.node_ids import node_id
from gateway.stitching.source_router import SourceRouter

MAX_IDS = 100


class Wanted(msgspec.Struct, frozen=True):
    """What changes of whom a subscription is about: of all customers without `ids`, of anything without `tags`."""

    ids: frozenset[str] | None
    tags: frozenset[str] | None

    def covers(self, change: CustomerChange | ToldChange) -> bool:
        """Tell whether it is about a change, and that of somebody."""
        if not change.ids:
            return False
        if self.tags is not None and (change.kind is not ChangeKind.TAGS or self.tags.isdisjoint(change.tags)):
            return False
        return self.ids is None or not self.ids.isdisjoint(change.ids)


async def answer_turn(
    context: RequestContext,
    field: str,
    since: str | None,
    ids: Sequence[str] | None = None,
    tags: Collection[str] | None = None,
) -> ToldChange | None:
    """Answer one turn: None where the subscription begins, and where the caller is not to hear of the change.

    Raises `CallerError`, `SourceFailure` and `StoreError`.
    """
    live, turn = context.require_live(f"Subscription.{field}", of_all=ids is None), context.turn
    if turn is None:
        raise InvalidArgumentError(f"{field}: subscriptions are answered at /graphql/stream, and over WebSockets")
    wanted = Wanted(_read_ids(context.services.router, ids), None if tags is None else frozenset(tags))
    if tags is not None:
        _check_tags(context, field, tags)
    if turn.change is None:
        cursor = turn.since if since is None or turn.since is not None else since
        position = None
        if cursor is not None:
            position = open_cursor(cursor, (await live.log.read_end()).log, context.caller.name)
        turn.feed = await live.follow(context.caller.name, wanted.covers, position)
        return None
    (told,) = await tell_changes(context, [turn.change])
    if told is None or not wanted.covers(told):
        turn.is_hidden = True
        return None
    turn.cursor = told.cursor
    if wanted.tags is not None:
        return msgspec.structs.replace(told, tags=tuple(own for own in told.tags if own in wanted.tags))
    return told


def _read_ids(router: SourceRouter, ids: Sequence[str] | None) -> frozenset[str] | None:
    """Read ids of customers, with or without source. Raises `InvalidArgumentError`."""
    if ids is None:
        return None
    if not 1 <= len(ids) <= MAX_IDS:
        raise InvalidArgumentError(f"ids: {len(ids)} are not from 1 to {MAX_IDS}; subscribe in parts, or to all without ids")
    read: set[str] = set()
    for text in ids:
        source, own_id = router.customer_ids.read(text) or ("", text)
        key = normalised_or_plain(KeyKind.CUSTOMER_ID, own_id)
        read |= {node_id(name, key) for name in (source, router.customers.id_space(source or "")) if name}
    return frozenset(read)


def _check_tags(context: RequestContext, field: str, tags: Collection[str]) -> None:
    """Raise `InvalidArgumentError` for a tag that is not defined, and `WithheldError` for one that the caller does not see."""
    for key in tags:
        if key not in context.services.tags.pack.tags:
            raise InvalidArgumentError(f"{field}: nothing is called {key[:60]}; tagDefinitions and segments list what is")
        if key in context.hidden_tags:
            raise WithheldError(f"{field}: {key} is withheld from this caller")
