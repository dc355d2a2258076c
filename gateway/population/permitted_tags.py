"""Tell which tags are computed of a customer nobody has asked about: those that somebody may be given."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gateway.population.walk import WITH_FACTS
from gateway.services import Services
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.purpose_rule import CONSENT_FIELDS, PurposeRule, read_purpose
from gateway.stitching.selection import Selection


class PermittedTags:
    """The tags of a customer, without those that are for purposes alone for which the customer may not be shown.

    `selection` is what has to be known of a customer.
    """

    def __init__(self, services: Services) -> None:
        pack, router = services.tags.pack, services.router
        givers = router.customers.givers(["consents"])
        rules = {name: read_purpose(name, own, givers) for name, own in services.settings.purposes.items()}
        self._keys = [*pack.tags]
        self._rules: dict[str, Sequence[PurposeRule]] = {}
        for key, tag in pack.tags.items():
            own = [rules[purpose] for purpose in tag.purposes if purpose in rules]
            if tag.purposes and None not in own:
                self._rules[key] = [rule for rule in own if rule is not None]
        self.selection: Selection = (
            msgspec.structs.replace(WITH_FACTS, fields=WITH_FACTS.fields | CONSENT_FIELDS) if self._rules else WITH_FACTS
        )

    def keys_of(self, customer: StitchedCustomer) -> Sequence[str]:
        """List the keys of the tags that are computed of a customer, in order."""
        if not self._rules:
            return self._keys
        permitted = {rule: rule.permits(customer) for rules in self._rules.values() for rule in rules}
        return [key for key in self._keys if key not in self._rules or any(permitted[rule] for rule in self._rules[key])]
