"""A customer's tags with their evidence, outside a request."""

from collections.abc import Sequence

from connectors.contract import KeyKind
from connectors.shapes import Fields
from gateway.app import opened
from gateway.services import Services
from gateway.stitching.selection import Selection
from gateway.tags.service import TagAnswer


async def explained(services: Services, customer_id: str) -> Sequence[TagAnswer] | None:
    """All tags of a customer, given or not, in the order of their definition; None when there is no such customer."""
    async with opened(services):
        pack = services.tags.pack
        selection = Selection(fields=Fields.of("id"), stitches=frozenset(pack.facts[name].record for name in pack.facts))
        customer = await services.stitcher().customer(KeyKind.CUSTOMER_ID, customer_id, selection)
        if customer is None:
            return None
        return await services.tags.load([(customer, key) for key in pack.tags])
