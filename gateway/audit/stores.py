"""Define what MongoDB holds of the audit, as this package needs it. Every method raises `StoreError`, and only that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from gateway.audit.entry import Person
from gateway.audit.link import AuditLink


class StoredLink(NamedTuple):
    """A document by its name. `link` is None where it has not the form of one."""

    name: str
    link: AuditLink | None


class LinkStore(Protocol):
    """The links that have left the spool. Those of a chain are added in their order."""

    async def add(self, links: Sequence[AuditLink]) -> None:
        """Add links. Where one is there, that stays."""
        ...

    async def list_chains(self) -> list[str]:
        """List the chains of which something is there."""
        ...

    async def count_strangers(self) -> int:
        """Count the documents that are of no chain, by its name."""
        ...

    async def read_last_seq(self, chain: str) -> int:
        """Read the number of the last link of a chain, -1 where there is none."""
        ...

    async def read_checkpoint(self, chain: str) -> StoredLink | None: ...

    def read(self, chain: str) -> AsyncIterator[StoredLink]:
        """Read the links of a chain in their order."""
        ...

    async def list_chains_before(self, at: datetime) -> list[str]:
        """List the chains that have links from before a time."""
        ...

    async def cut(self, checkpoint: AuditLink) -> int:
        """Store a checkpoint, and delete the links that it stands for. Gives their number."""
        ...


class PeopleStore(Protocol):
    """Whom commitments are of."""

    async def add(self, people: Sequence[Person], retention: timedelta) -> None:
        """Add people. Each is deleted when the retention is over."""
        ...

    async def forget_customers(self, ids: Collection[str]) -> int:
        """Delete what is there of customers. Gives the number of documents."""
        ...

    def read(self) -> AsyncIterator[Person | None]:
        """Read all people. None is for a document that is none."""
        ...
