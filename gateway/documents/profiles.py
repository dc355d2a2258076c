"""What the callers of a profile may send, and be told of the schema."""

from __future__ import annotations

from dataclasses import fields

import msgspec

from gateway.documents.limits import MAX_LIST, Limits
from gateway.quota.cost import DEFAULT_COST_LIMITS, CostLimits
from gateway.settings.access_settings import CallerSettings
from gateway.settings.limit_settings import LimitSettings
from gateway.settings.settings import Settings

TRUSTED_TIMES = 5
"""So many times of what others may cost an operation of a trusted document may."""


class Profile(msgspec.Struct, frozen=True, eq=False):
    """What some callers may send. Those with the same limits and rights share one object, by which verdicts are remembered.

    `cost` is what an operation may cost; `introspection` allows to ask for the schema, `suggests` has messages name near words.
    """

    limits: Limits = Limits()
    introspection: bool = True
    suggests: bool = False
    max_body_bytes: int = 1 << 20
    max_variable_values: int = MAX_LIST
    cost: CostLimits = DEFAULT_COST_LIMITS

    @property
    def trusted_cost(self) -> CostLimits:
        """Give what an operation of a trusted document may cost."""
        return CostLimits(TRUSTED_TIMES * self.cost.max_nodes, TRUSTED_TIMES * self.cost.max_calls)


USUAL = Profile(suggests=True)
"""That of who has none of his own, where there are no settings."""


class Profiles:
    """The profiles of the callers of the settings. `everybody` is that of all others, of operators too."""

    def __init__(self, settings: Settings) -> None:
        made: dict[tuple[object, ...], Profile] = {}

        def profile(limits: LimitSettings, introspection: bool, suggests: bool) -> Profile:
            own = (
                Limits(**{field.name: getattr(limits, field.name) for field in fields(Limits)}),
                introspection,
                suggests,
                limits.max_body_bytes,
                limits.max_variable_values,
                CostLimits(limits.max_nodes, limits.max_calls),
            )
            return made.setdefault(own, Profile(*own))

        development, introspection = settings.is_development, settings.introspection
        self.everybody = profile(settings.limits, introspection, introspection and development)
        self._by_caller = {
            name: profile(
                own.limits.within(settings.limits),
                introspection if own.introspection is None else own.introspection,
                _suggests(own, introspection=introspection, development=development),
            )
            for name, own in settings.callers.items()
        }

    def find(self, caller: str) -> Profile:
        """Find the profile of a caller by his name."""
        return self._by_caller.get(caller, self.everybody)

    @property
    def suggest(self) -> bool:
        """Tell whether messages name near words for anybody."""
        return any(profile.suggests for profile in (self.everybody, *self._by_caller.values()))


def _suggests(own: CallerSettings, *, introspection: bool, development: bool) -> bool:
    """In production who may introspect by name, and sees all of the schema: suggestions come out of the whole one."""
    if development:
        return introspection if own.introspection is None else own.introspection
    return own.introspection is True and not own.is_restricted
