"""Count what becomes of tags, and log rules that fail."""

from __future__ import annotations

from collections.abc import Collection

import structlog

from gateway.clock import Clock
from gateway.log import SeldomLog
from gateway.tags.computed_tag import ComputedTag, TagReason
from gateway.tags.definitions import Pack
from gateway.tags.rules import failure_kind

log = structlog.get_logger()


class TagCounts:
    """Counts of one process since its start, by a tag's key. They only grow.

    Requests were answered with `fresh` stored tags, with `stale` ones, or with ones that were `computed` for them. `outcomes`
    counts what rules gave, by reason, for requests and renewals. `not_stored` were computed and could not be written.
    """

    def __init__(self, pack: Pack, clock: Clock) -> None:
        self.fresh = dict.fromkeys(pack.tags, 0)
        self.stale = dict.fromkeys(pack.tags, 0)
        self.computed = dict.fromkeys(pack.tags, 0)
        self.not_stored = dict.fromkeys(pack.tags, 0)
        self.outcomes = {(key, reason): 0 for key in pack.tags for reason in TagReason}
        self._pack = pack
        self._seldom = SeldomLog(clock)

    def add_fresh(self, keys: Collection[str], customers: int) -> None:
        """Count fresh tags that so many customers were given."""
        for key in keys:
            self.fresh[key] += customers

    def add_outcome(self, tag: ComputedTag) -> None:
        """Count a computed tag. That its rule failed is logged, seldom: by its key, never with a value."""
        self.outcomes[tag.key, tag.reason] += 1
        if tag.reason is TagReason.FAILED and self._seldom.is_due(tag.key):
            kind = failure_kind(self._pack.tags[tag.key].program, tag.evidence)
            log.warning("tag_failed", tag=tag.key, kind=kind, count=self.outcomes[tag.key, tag.reason])
