"""Show the kinds of outcomes of actions."""

from typing import Any

import strawberry

from gateway.actions.action_outcome import OutcomeKind

__all__ = ["OutcomeKind"]

_DESCRIPTIONS = {
    "CONTACTED": "Somebody or something has reached the customer.",
    "RESPONDED": "The customer has answered, or come back.",
    "CONVERTED": "The customer has done what the action is for.",
}

_shown: Any = strawberry.enum(OutcomeKind, description="What became of a customer after an action.")
for _value in _shown.__strawberry_definition__.values:
    _value.description = _DESCRIPTIONS[_value.name]
