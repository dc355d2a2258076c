"""Define who is kept out of MongoDB although the spool names him: whoever was erased since."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from gateway.audit.reader import OPERATOR
from gateway.audit.spool import SpoolLine


class Told(NamedTuple):
    """A caller who was told of a customer, as `Access` has them."""

    customer: str
    caller: str | None
    at: datetime


class Withholding(Protocol):
    """Knows who is erased. Methods raise `StoreError`."""

    async def read(self) -> Callable[[str], bool]:
        """Give what tells by an id of a customer whether he is erased by now."""
        ...

    async def note_told(self, told: Sequence[Told]) -> None:
        """Keep who was told of the erased customers, whose names are about to be dropped."""
        ...


def list_told(lines: Iterable[SpoolLine], is_withheld: Callable[[str], bool]) -> Iterator[Told]:
    """List who was told of the customers of whom that is true."""
    for line in lines:
        names = {own.commitment: own.customer for own in line.people if is_withheld(own.customer)}
        for entry in line.link.entries if names else ():
            caller = OPERATOR.rstrip(":") if entry.caller.startswith(OPERATOR) else entry.caller or None
            for commitment in entry.customers:
                if commitment in names:
                    yield Told(names[commitment], caller, entry.at)
