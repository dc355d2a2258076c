"""Tell which tags are computed of a customer nobody has asked about: those that somebody may be given."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gateway.population.walk import WITH_FACTS
from gateway.services import Services
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.purpose_rule import read_purpose
from gateway.stitching.selection import Selection
from gateway.tags.definitions import Pack
from gateway.tags.purpose_check import PurposeCheck


class PermittedTags:
    """The tags of a customer, without those that are for purposes alone for which the customer may not be shown.

    They are those of the pack in force, or of another one. `selection` is what has to be known of a customer.
    """

    def __init__(self, services: Services, pack: Pack | None = None) -> None:
        pack, givers = pack or services.tags.pack, services.router.customers.givers(["consents"])
        rules = {name: read_purpose(name, own, givers) for name, own in services.settings.purposes.items()}
        self._keys = [*pack.tags]
        self._check = PurposeCheck(pack, rules)
        self.selection: Selection = msgspec.structs.replace(WITH_FACTS, fields=WITH_FACTS.fields | self._check.fields)

    def keys_of(self, customer: StitchedCustomer) -> Sequence[str]:
        """List the keys of the tags that are computed of a customer, in order."""
        return [key for key in self._keys if self._check.permits(customer, key)]
