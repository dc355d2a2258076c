"""A kind of source for gateways in processes of their own: people of a file, who can be found by id and by address."""

import json
import os
from pathlib import Path
from typing import Any

from connectors import Answer, Ask, Connector, ConnectorSettings, Customer, CustomerKind, KeyKind, Keys, Order, lookup
from connectors.errors import SourceUnavailableError


class PeopleSettings(ConnectorSettings):
    """`folder` has `people.json`, and `down` while the source is. It gets `called`, with a line of each process that asks."""

    folder: Path


class PeopleSource(Connector[PeopleSettings]):
    """Reads the file at each call."""

    kind = "people"
    settings_type = PeopleSettings

    @lookup(Customer, by=KeyKind.CUSTOMER_ID, max_batch=50)
    async def customers_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return self._find("id", keys)

    @lookup(Customer, by=KeyKind.EMAIL, max_batch=50)
    async def customers_by_email(self, keys: Keys, ask: Ask) -> Answer:
        return self._find("email", keys)

    @lookup(Order, by=KeyKind.CUSTOMER_ID, max_batch=50)
    async def orders_by_customer_id(self, keys: Keys, ask: Ask) -> Answer:
        return {key: [] for key in keys}

    def _find(self, field: str, keys: Keys) -> Answer:
        folder = self.settings.folder
        with (folder / "called").open("a") as file:
            file.write(f"{os.getpid()}\n")
        if (folder / "down").exists():
            raise SourceUnavailableError
        people: list[dict[str, Any]] = json.loads((folder / "people.json").read_text("utf-8"))
        return {
            key: [Customer(kind=CustomerKind.PERSON, **own) for own in people if own[field].lower() == key.lower()]
            for key in keys
        }
