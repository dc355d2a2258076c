"""Read which customers have changed since a caller asked last."""

from __future__ import annotations

from gateway.changes.change_cursors import open_cursor, seal_position
from gateway.changes.customer_change import ChangePage
from gateway.context import RequestContext
from gateway.deltas.told_changes import tell_changes
from gateway.errors import InvalidArgumentError

FIELD = "Query.changes"
MAX_FIRST = 100


async def read_changes(context: RequestContext, since: str | None, first: int) -> ChangePage:
    """Read so many changes behind a cursor. Without one it is where the log ends now, for who begins.

    Raises `CallerError`, `SourceFailure` and `StoreError`.
    """
    live = context.require_live(FIELD, of_all=True)
    if not 1 <= first <= MAX_FIRST:
        raise InvalidArgumentError(f"first: {first} is not from 1 to {MAX_FIRST}")
    caller, end = context.caller.name, await live.log.read_end()
    if since is None:
        return ChangePage([], seal_position(end, caller), has_more=False)
    position = open_cursor(since, end.log, caller)
    changes = await live.read_page(position, first + 1)
    page, has_more = changes[:first], len(changes) > first
    told = await tell_changes(context, page)
    last = page[-1].position if page else position
    return ChangePage([own for own in told if own is not None], seal_position(last, caller), has_more)
