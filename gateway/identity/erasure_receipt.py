"""Receipts of erasures: what was removed where, and what was not. There is nothing of the customer in one that is complete."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

NOT_PROMISED = (
    "memory of processes that was freed and is not overwritten yet",
    "the journal and the oplog of MongoDB, until they are overwritten",
    "backups and dumps of MongoDB: after a restore run `profile-gateway customer replay-erasures`",
    "logs and recordings that were copied elsewhere",
    "HMACs in the audit, until its retention is over: of keys that were tried, and of people behind callers; either may be his",
)
"""What an erasure does not reach."""


class ErasureState(StrEnum):
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"


class StoreRemoval(msgspec.Struct, frozen=True):
    """How many documents were removed from a store."""

    name: str
    removed: int


class SourceHolding(msgspec.Struct, frozen=True):
    """A source that still holds records of the customer; None where it could not be asked."""

    source: str
    records: int | None


class ErasureRecipient(msgspec.Struct, frozen=True, rename="camel"):
    """A caller who was told of the customer, and when last: to be told of the erasure (GDPR, Article 19)."""

    caller: str
    last_at: datetime


class ErasureReceipt(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One erasure. `workers` have taken it up, for `waiting` it is waited.

    `pending` are the ids of the customer's records, for as long as they are needed: it is empty once the erasure is complete.
    """

    id: str
    state: ErasureState
    erased_at: datetime
    reason: str
    completed_at: datetime | None = None
    workers: Sequence[str] = ()
    waiting: int = 0
    stores: Sequence[StoreRemoval] = ()
    sources_still_hold: Sequence[SourceHolding] = ()
    incomplete: Sequence[str] = ()
    recipients: Sequence[ErasureRecipient] = ()
    recipients_known: bool = False
    recordings: Sequence[str] = ()
    pending: Sequence[str] = ()
