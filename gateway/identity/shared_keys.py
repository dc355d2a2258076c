"""Keys that so many records have that they link nobody, as they are stored: by digest, never in clear."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from gateway.identity.records import RecordId


class KeySharers(msgspec.Struct, frozen=True):
    """The records of one source that were found by a key, its digest, and when."""

    digest: str
    records: Sequence[RecordId]
    seen_at: datetime


class UnsharedKeys(msgspec.Struct, frozen=True):
    """Digests of keys that were found to be of few records, and when."""

    digests: Collection[str]
    seen_at: datetime


class SharedKeyStore(Protocol):
    """Where shared keys are kept. All methods raise `StoreError` when it fails. `timeout_s` is how long a read may take."""

    @property
    def timeout_s(self) -> float: ...

    async def read(self, digests: Collection[str]) -> set[str]:
        """Give those of the digests that are of shared keys, with one command."""
        ...

    async def write(self, shared: Iterable[KeySharers], unshared: Iterable[UnsharedKeys]) -> None:
        """Keep shared keys, and drop those that were found to be unshared later than shared."""
        ...
