"""Read in the audit who was told of a customer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import msgspec

OPERATOR = "operator:"
"""Stands before the name of an operator in an entry: it may be that of a person. No name of a caller has a colon."""

PAGE = 1_000
"""How many commitments entries are read by at once, where all are read."""

MAX_LISTED = 20_000
"""How many commitments are listed at once then, in about 2 MB."""

MAX_SPAN = timedelta(minutes=1)
"""How much later than the first one in its link an entry may be and still stand in its place among those of other workers."""


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """One request that was told of a customer.

    `caller` is `operator` where one asked, and None where there are no callers. `user` is a person: the HMAC of an end user, or
    the name of an operator. `fields` are classes of fields.
    """

    at: datetime
    caller: str | None
    user: str | None
    purpose: str | None
    fields: tuple[str, ...]
    sources: tuple[str, ...]
    answer: str
    request: str


class StoredEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of an entry. `customers` are commitments."""

    at: datetime
    request: str
    caller: str
    user: str | None
    purpose: str | None
    answer: str
    fields: tuple[str, ...]
    sources: tuple[str, ...]
    customers: frozenset[str]

    @property
    def access(self) -> Access:
        """Tell it without commitments, and a person apart from callers."""
        is_operator = self.caller.startswith(OPERATOR)
        return Access(
            at=self.at,
            caller=OPERATOR.rstrip(":") if is_operator else self.caller or None,
            user=self.caller.removeprefix(OPERATOR) if is_operator else self.user,
            purpose=self.purpose,
            fields=self.fields,
            sources=self.sources,
            answer=self.answer,
            request=self.request,
        )


class AccessStore(Protocol):
    """What is stored of entries and of the people in them. Every method raises `StoreError`, and only that."""

    async def find_oldest(self, customer_ids: Collection[str], first: int, until: datetime | None) -> datetime | None:
        """Find from when the oldest of so many commitments to these customers is, the newest before a time."""

    async def list_commitments(self, customer_ids: Collection[str], since: datetime, until: datetime | None) -> Collection[str]:
        """List the commitments to these customers of a time, the end of which is left out."""

    async def list_entries(self, commitments: Collection[str]) -> list[StoredEntry]:
        """List the entries with these commitments, in no order."""


class AuditReader:
    """Reads accesses. They are there when MongoDB has them, which takes a second or two."""

    def __init__(self, store: AccessStore) -> None:
        self._store = store

    async def read_all(self, customer_ids: Collection[str], since: datetime | None = None) -> AsyncIterator[Sequence[Access]]:
        """Read all who were told of a customer, or since a time, in parts: later ones first, those of a part in no order.

        What is read at once has a bound, and nothing is read twice, however many there are. Raises `StoreError`.
        """
        until: datetime | None = None
        before: set[str] = set()
        while (oldest := await self._store.find_oldest(customer_ids, MAX_LISTED, until)) is not None:
            seen: set[str] = set()
            listed = list(await self._store.list_commitments(customer_ids, oldest, until))
            for start in range(0, len(listed), PAGE):
                part = listed[start : start + PAGE]
                entries = await self._store.list_entries(part)
                new = [own for own in entries if seen.isdisjoint(own.customers) and before.isdisjoint(own.customers)]
                seen.update(part)
                yield [own.access for own in new if since is None or own.at >= since]
            if since is not None and oldest + MAX_SPAN < since:
                return
            until, before = oldest, seen

    async def accesses(self, customer_ids: Collection[str], *, first: int, before: datetime | None) -> list[Access]:
        """List who was told of a customer, by all ids of his records, the newest first.

        They are so many, with all others of the same moment as the last one: so the next page begins before its time. Fewer are
        all that there are. Raises `StoreError`.
        """
        found: list[Access] = []
        seen: set[str] = set()
        until = before
        while len(found) < first:
            oldest = await self._store.find_oldest(customer_ids, first, until)
            if oldest is None:
                break
            commitments = await self._store.list_commitments(customer_ids, oldest - MAX_SPAN, until)
            found += [
                entry.access
                for entry in await self._store.list_entries(commitments)
                if seen.isdisjoint(entry.customers) and (before is None or entry.at < before)
            ]
            seen.update(commitments)
            until = oldest - MAX_SPAN
        found.sort(key=lambda access: access.at, reverse=True)
        return found if len(found) <= first else [access for access in found if access.at >= found[first - 1].at]


A = TypeVar("A", covariant=True)


class AccessReader(Protocol[A]):
    """Gives all accesses as `AuditReader.read_all` does."""

    def read_all(self, customer_ids: Collection[str], since: datetime | None = None) -> AsyncIterator[Sequence[A]]: ...
