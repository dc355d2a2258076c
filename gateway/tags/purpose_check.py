"""Tell which tags of a customer may be renewed though nobody asks for them, by the purposes that they are for."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.record_fields import Fields
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.purpose_rule import CONSENT_FIELDS, PurposeRule
from gateway.tags.definitions import Pack


class PurposeCheck:
    """Checks tags that are given for some purposes alone. `rules` are those of the purposes, None where none is needed."""

    def __init__(self, pack: Pack, rules: Mapping[str, PurposeRule | None]) -> None:
        self._rules = {
            key: own
            for key, tag in pack.tags.items()
            if tag.purposes and None not in (own := [rules.get(name) for name in tag.purposes])
        }
        self.fields = CONSENT_FIELDS if self._rules else Fields()
        """The fields of a customer's record that tell."""

    def permits(self, customer: StitchedCustomer, key: str) -> bool:
        """Tell whether any purpose of a tag allows it. A tag without purposes is for all."""
        rules = self._rules.get(key)
        return rules is None or any(rule is not None and rule.permits(customer) for rule in rules)
