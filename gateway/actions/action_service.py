"""Run the actions of a worker: find whom changes are told to, and tell them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connectors.records import FieldClass
from gateway.actions.delivery_admission import DeliveryAdmission
from gateway.actions.delivery_counts import DeliveryCounts
from gateway.actions.delivery_planner import DeliveryPlanner
from gateway.actions.eligibility import Eligibility
from gateway.actions.orphan_watch import OrphanWatch
from gateway.actions.target_sender import TargetSender
from gateway.actions.webhook_delivery import DeliveryTable
from gateway.clock import Clock
from gateway.settings.access_settings import CallerSettings, Visibility
from gateway.settings.settings import Settings
from gateway.stitching.purpose_rule import PurposeRule
from gateway.stitching.source_router import SourceRouter
from gateway.stitching.stitcher import Stitcher
from gateway.tags.definitions import Fact, Pack
from gateway.tags.fact_classes import classes_of_facts
from gateway.tags.facts import needed_fields
from gateway.tags.tag_store import TagStore


class ActionService:
    """Takes changes as a consumer of the outbox, and sends to each target by itself."""

    def __init__(
        self,
        settings: Settings,
        pack: Pack,
        router: SourceRouter,
        store: TagStore,
        table: DeliveryTable,
        purposes: Mapping[str, PurposeRule | None],
        new_stitcher: Callable[[], Stitcher],
        clock: Clock,
    ) -> None:
        self.counts = DeliveryCounts(lag_s=dict.fromkeys(settings.actions.targets, 0.0))
        self.planner = DeliveryPlanner(pack.actions.values(), table, clock, self.counts)
        targets, callers = settings.actions.targets, settings.callers
        shown = {
            name: shown_facts(pack, router, callers[own.caller]) for name, own in targets.items() if own.caller is not None
        }
        admission = DeliveryAdmission(
            pack, table, store.tags, Eligibility(purposes, table), new_stitcher, clock, self.counts, shown
        )
        self.senders = {
            name: TargetSender(name, own, settings.actions, table, store.leases, admission, clock, self.counts)
            for name, own in targets.items()
        }

        self.orphans = OrphanWatch(targets.keys(), table, clock)

    def start(self) -> None:
        """Begin to send."""
        self.orphans.start()
        for sender in self.senders.values():
            sender.start()

    def stop(self) -> None:
        """Send no more. What is under way is sent again."""
        self.orphans.stop()
        for sender in self.senders.values():
            sender.stop()

    async def aclose(self) -> None:
        """Stop, and wait until leases are given back."""
        await self.orphans.aclose()
        for sender in self.senders.values():
            await sender.aclose()


def shown_facts(pack: Pack, router: SourceRouter, caller: CallerSettings) -> frozenset[str]:
    """List the facts and scores of which a caller sees all that they are computed from."""
    facts = {name for name, fact in pack.facts.items() if _is_shown(fact, router, caller)}
    return frozenset(facts | {name for name, score in pack.scores.items() if facts.issuperset(score.fact_names)})


def _is_shown(fact: Fact, router: SourceRouter, caller: CallerSettings) -> bool:
    sees = caller.visibilities
    classes = classes_of_facts([fact]) - {FieldClass.TECHNICAL}
    if any(sees.get(own, Visibility.WITHHELD) is not Visibility.SHOWN for own in classes):
        return False
    sources = {*router.customers.all}
    sources |= {source for record in needed_fields([fact]) for source, _ in router.sources.for_record(record)}
    return caller.sources is None or all(source.name in caller.sources for source in sources)
