"""A kind of source for gateways in processes of their own: files say how it behaves, and it writes down what happens to it."""

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from connectors import Answer, Ask, Connector, ConnectorSettings, Customer, CustomerKind, KeyKind, Keys, Order, lookup
from connectors.errors import SourceUnavailableError
from tests.support.kind_folder import write_kinds


class ProbeSettings(ConnectorSettings):
    """`folder` has the files `stall` (while it is made), `crash` and `broken` (at its opening, `broken` in one process),
    `freeze` (while it is opened), `stubborn` (at its closing), `down` and `hold`. It gets `made`, `opened`, `closed` and
    `called`.
    """

    folder: Path
    customer_name: str = "Ana Souza"


class Probe(Connector[ProbeSettings]):
    """Knows a customer of every id, without orders."""

    kind = "probe"
    settings_type = ProbeSettings

    def __init__(self, name: str, settings: ProbeSettings) -> None:
        super().__init__(name, settings)
        self._note("made")
        while (settings.folder / "stall").exists():
            time.sleep(0.01)

    async def open(self) -> None:
        if (self.settings.folder / "crash").exists():
            os._exit(9)
        with suppress(FileNotFoundError):
            (self.settings.folder / "broken").unlink()
            raise OSError
        if (self.settings.folder / "hang").exists():
            (self.settings.folder / "hang").unlink()
            os.kill(os.getpid(), 19)  # as a loop that does not turn any more: SIGSTOP
        while (self.settings.folder / "freeze").exists():
            await asyncio.sleep(0.01)
        self._note("opened")

    async def aclose(self) -> None:
        self._note("closed")
        if (self.settings.folder / "stubborn").exists():
            raise OSError

    @lookup(Customer, by=KeyKind.CUSTOMER_ID, max_batch=50)
    async def customers_by_id(self, keys: Keys, ask: Ask) -> Answer:
        self._note("called")
        while (self.settings.folder / "hold").exists():
            await asyncio.sleep(0.01)
        if (self.settings.folder / "down").exists():
            raise SourceUnavailableError
        return {key: [self._customer(key)] for key in keys}

    @lookup(Order, by=KeyKind.CUSTOMER_ID, max_batch=50)
    async def orders_by_customer_id(self, keys: Keys, ask: Ask) -> Answer:
        return {key: [] for key in keys}

    def _customer(self, key: str) -> Any:
        return Customer(id=key, kind=CustomerKind.PERSON, name=self.settings.customer_name)

    def _note(self, event: str) -> None:
        with (self.settings.folder / event).open("a") as file:
            file.write(f"{self.name} {os.getpid()}\n")


def write_entry_point(folder: Path) -> None:
    """Make the kind known to a gateway that has the folder in its path."""
    write_kinds(folder, probe=f"{__name__}:Probe")
