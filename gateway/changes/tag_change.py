"""Define a change of a customer's tag as it leaves the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any, Protocol

import msgspec

from gateway.tags.tag_history import ChangeCause


class TagChanged(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A change of a tag, or of a membership, which is a tag `segment:KEY`. `rule` is the fingerprint that gave the value.

    `before` is None for the first one, and where the customer had no such tag. After a merge it is what one of the parts had.
    """

    customer: str
    key: str
    before: str | None
    value: str | None
    at: datetime
    cause: ChangeCause
    rule: str

    @cached_property
    def id(self) -> str:
        """Name the change by 32 hexadecimal digits, the same ones however often it is read."""
        own = [self.customer, self.key, self.before, self.value, self.at, self.rule]
        return sha256(msgspec.json.encode(own)).hexdigest()[:32]

    @classmethod
    def read(cls, customer: str, stored: Mapping[str, Any]) -> TagChanged:
        """Read an entry of an outbox."""
        return cls(
            customer=customer,
            key=stored["key"],
            before=stored["from"],
            value=stored["to"],
            at=stored["at"],
            cause=ChangeCause(stored["cause"]),
            rule=stored["rule"],
        )


class ChangeConsumer(Protocol):
    """Somebody to whom each change is given, at least once."""

    async def take_changes(self, changes: Sequence[TagChanged]) -> None:
        """Take changes, each at least once and with the same id again. Raises `StoreError`: then they all come again."""
        ...


class OutboxPage(msgspec.Struct, frozen=True):
    """The changes of some customers that have not left. `since` is when the first of them could."""

    entries: Mapping[str, Sequence[Mapping[str, Any]]]
    since: datetime | None = None

    def changes(self, customer: str) -> list[TagChanged]:
        """Read the changes of one of the customers, the oldest first."""
        return [TagChanged.read(customer, own) for own in self.entries[customer]]
