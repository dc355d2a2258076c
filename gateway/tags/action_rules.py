"""Define actions: which changes of tags and segments are told to whom."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from connectors.records import Channel
from gateway.tags.segment_keys import segment_tag
from gateway.tags.tag_history import ChangeCause

MEMBER, NO_MEMBER = "true", "false"


class ActionTrigger(msgspec.Struct, frozen=True, kw_only=True):
    """The changes of a tag that start an action. None for `before` and `after` is any value; None in them is no value."""

    key: str
    before: tuple[str | None, ...] | None = None
    after: tuple[str | None, ...] | None = None

    def is_met(self, key: str, before: str | None, after: str | None) -> bool:
        """Tell whether a change is one of these."""
        return (
            key == self.key
            and before != after
            and (self.before is None or before in self.before)
            and (self.after is None or after in self.after)
        )


class ActionCap(msgspec.Struct, frozen=True):
    """How often a customer is told of at most, in any such time."""

    per: timedelta
    times: int


class ActionRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of the file. `causes` are those of changes that start it, `holdout` is the share of customers left out on purpose.

    `line` is where it stands in the file.
    """

    name: str
    trigger: ActionTrigger
    target: str
    purpose: str
    channel: Channel
    owner: str
    description: str
    causes: frozenset[ChangeCause] = frozenset([ChangeCause.FACTS])
    cap: ActionCap | None = None
    holdout: float = 0.0
    line: int = 0


def enters_segment(segment: str) -> ActionTrigger:
    """Write the trigger of those who become members, whether it was known before that they were none or not."""
    return ActionTrigger(key=segment_tag(segment), after=(MEMBER,))


def leaves_segment(segment: str) -> ActionTrigger:
    """Write the trigger of members who are known to be none any more."""
    return ActionTrigger(key=segment_tag(segment), before=(MEMBER,), after=(NO_MEMBER,))


def leaving_keys(rules: Iterable[ActionRule]) -> frozenset[str]:
    """List the tags whose changes start anything."""
    return frozenset(rule.trigger.key for rule in rules)
