"""A kind of source of numbered customers for gateways in processes of their own: who has bought is in a file."""

from pathlib import Path
from typing import Any

from connectors import Answer, Ask, Connector, ConnectorSettings, Customer, KeyKind, Keys, Order, lookup
from connectors.errors import SourceUnavailableError
from connectors.records import Channel, Consent, ConsentState
from tests.support.shop import order

REFUSERS = 10
"""Each customer whose number is a multiple of this has withdrawn the consent."""


def refuses(customer: str) -> bool:
    return int(customer) % REFUSERS == 0


class ActingSettings(ConnectorSettings):
    folder: Path
    """Has the file `bought` when everybody has bought, and `away` while there are no orders to be had."""


class Acting(Connector[ActingSettings]):
    """Knows a customer of every number."""

    kind = "acting"
    settings_type = ActingSettings

    @lookup(Customer, by=KeyKind.CUSTOMER_ID, max_batch=50)
    async def customers_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return {key: [self._customer(key)] for key in keys}

    @lookup(Order, by=KeyKind.CUSTOMER_ID, max_batch=50)
    async def orders_by_customer_id(self, keys: Keys, ask: Ask) -> Answer:
        if (self.settings.folder / "away").exists():
            raise SourceUnavailableError
        has_bought = (self.settings.folder / "bought").exists()
        return {key: [order(int(key) + 1, key, 1)] if has_bought else [] for key in keys}

    def _customer(self, key: str) -> Any:
        state = ConsentState.WITHDRAWN if refuses(key) else ConsentState.GRANTED
        return Customer(id=key, consents=[Consent(channel=Channel.EMAIL, purpose="marketing", state=state)])
