"""Wire what is told of changes: to those who follow customers, and to those who wait for changes of tags."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta

from gateway.actions.action_service import ActionService
from gateway.changes.change_drain import ChangeDrain
from gateway.changes.change_follower import ChangeFollower
from gateway.changes.change_hub import ChangeHub
from gateway.changes.change_recorders import LinkRecorder, TagRecorder
from gateway.changes.change_service import ChangeService
from gateway.changes.customer_change import ChangeKind, CustomerChange
from gateway.changes.recent_changes import RecentChanges
from gateway.changes.tag_change import ChangeConsumer
from gateway.clock import Clock
from gateway.erasure.erasure import Eraser
from gateway.identity.node_ids import node_id
from gateway.settings import Settings
from gateway.stale_follower import StaleFollower
from gateway.stitching.merged_customer import SET_SEPARATOR
from gateway.stitching.source_router import SourceRouter
from gateway.store.customer_changes import read_change
from gateway.store.store import Store
from gateway.tags.definitions import Pack
from gateway.tags.service import TagService


def leaving_tags(settings: Settings, pack: Pack) -> Collection[str]:
    """List the tags whose changes leave the store: all, where changes are told."""
    return pack.leaving if settings.changes is None else pack.tags.keys()


def list_records(router: SourceRouter, customer: str) -> list[str]:
    """List the ids of the records of a customer, of the id that his tags are stored by."""
    if router.customers.are_several:
        return sorted(customer.split(SET_SEPARATOR))
    return [node_id(router.customer_ids.usual or "", customer)]


def new_change_service(
    settings: Settings,
    clock: Clock,
    router: SourceRouter,
    store: Store | None,
    catch_up: Callable[[Sequence[CustomerChange]], Awaitable[None]],
    previous: tuple[Settings, ChangeService | None] | None,
) -> ChangeService | None:
    """Tell of changes where the settings say so. Who follows those of `previous` settings, of the same store, goes on.

    Without MongoDB a worker tells of what it hears itself.
    """
    if settings.changes is None:
        return None
    before = previous[1] if previous is not None and previous[0].changes == settings.changes else None
    hub = ChangeHub(settings.changes.max_subscriptions) if before is None else before.hub
    if store is None:
        return ChangeService(RecentChanges(hub) if before is None else before.log, hub, catch_up)
    log = store.customer_changes
    log.log.keep, log.tells_erasures = timedelta(days=settings.changes.keep_days), True
    position = None if before is None or before.follower is None else before.follower.position
    follower = ChangeFollower(log.log, clock, hub, read_change, catch_up, position)
    recorder = LinkRecorder(store.identity_log, log, store.leases, clock) if router.customers.are_several else None
    return ChangeService(log, hub, catch_up, follower, recorder)


async def catch_up(
    changes: Sequence[CustomerChange],
    router: SourceRouter,
    stale: StaleFollower | None,
    tags: TagService,
    eraser: Eraser | None,
) -> None:
    """Have a worker answer as of after changes: what it keeps from before is stale. Raises `StoreError`."""
    if not changes:
        return
    if stale is not None:
        while await stale.run_pass():
            pass
    tagged = {id_ for change in changes if change.kind is ChangeKind.TAGS for id_ in change.ids}
    if tagged:
        tags.outdate_where(lambda customer: not tagged.isdisjoint(list_records(router, customer)))
    if eraser is not None and any(change.kind is ChangeKind.ERASED for change in changes):
        await eraser.worker.refresh()


def new_change_drain(
    settings: Settings,
    clock: Clock,
    pack: Pack,
    router: SourceRouter,
    store: Store | None,
    actions: ActionService | None,
    live: ChangeService | None,
) -> ChangeDrain | None:
    """Give changes of tags to those who wait for them, where there are any."""
    if store is None or not leaving_tags(settings, pack):
        return None
    consumers: list[ChangeConsumer] = [] if actions is None else [actions.planner]
    if live is not None:
        consumers.append(TagRecorder(live.log, lambda customer: list_records(router, customer)))
    # What counts comes last: it remembers only so many changes, and those that another one could not take come again later.
    consumers.append(store.segment_counts)
    return ChangeDrain(store.tags.outbox, store.leases, clock, consumers, settings.actions.look_s)
