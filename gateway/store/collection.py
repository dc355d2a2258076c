"""Define what every collection is that stores something of customers, so that all of it has an end and can be erased."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Protocol

from gateway.identity.records import RecordId


class CustomerCollection(Protocol):
    """A collection of MongoDB about customers. The store lists all of them."""

    @property
    def name(self) -> str: ...

    @property
    def retention(self) -> timedelta | None:
        """For how long something is stored at most; None for until it is erased."""
        ...

    async def forget(self, records: Iterable[RecordId], /) -> int:
        """Erase what is stored of these records. Gives the number of documents. Raises `StoreError`."""
        ...
