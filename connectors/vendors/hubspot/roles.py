"""Read the roles of contacts at their company, and narrow a search to one."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.contract import Condition
from connectors.records import AccountRole

ROLE = "hs_buying_role"
"""The property of a contact that holds its roles in buying, several with semicolons between them."""
_FIELD = "company.role"
_ROLES = {
    "DECISION_MAKER": "DECISION_MAKER",
    "EXECUTIVE_SPONSOR": "DECISION_MAKER",
    "BUDGET_HOLDER": "BUYER",
    "END_USER": "USER",
    **dict.fromkeys(("BLOCKER", "CHAMPION", "INFLUENCER", "LEGAL_AND_COMPLIANCE", "OTHER"), "OTHER"),
}
"""What HubSpot's own words mean."""
_RANKS = [role.value for role in AccountRole if role is not AccountRole.UNKNOWN]


def role_meanings(values: Mapping[str, Mapping[str, Mapping[str, str]]]) -> dict[str, str]:
    """Join what words mean here and by the settings. A word without a meaning is of an unknown role."""
    own = values.get("customer", {}).get(_FIELD, {})
    return {word: role for word, role in {**_ROLES, **own}.items() if role in _RANKS}


def role_of(written: Any, meanings: Mapping[str, str]) -> str | None:
    """Tell the role of a contact: of several the first in the order of our roles, so that a search can tell it, too."""
    words = [word for word in written.split(";") if word] if isinstance(written, str) else []
    roles = {meanings.get(word) for word in words}
    return next((role for role in _RANKS if role in roles), AccountRole.UNKNOWN.value) if words else None


def narrow_roles(
    where: Sequence[Condition], meanings: Mapping[str, str]
) -> tuple[list[dict[str, Any]], tuple[Condition, ...]] | None:
    """Write conditions for one role as filters, and give the other conditions. None where nobody has the role."""
    filters: list[dict[str, Any]] = []
    rest: list[Condition] = []
    words: dict[str, list[str]] = {}
    for word, role in meanings.items():
        words.setdefault(role, []).append(word)
    for condition in where:
        if condition.field != _FIELD or condition.negated or len(condition.values) != 1:
            rest.append(condition)
            continue
        role = condition.values[0]
        if role == AccountRole.UNKNOWN:
            filters.append({"propertyName": ROLE, "operator": "HAS_PROPERTY"})
        elif role in words:
            filters.append({"propertyName": ROLE, "operator": "IN", "values": words[role]})
        else:
            return None
        before = _RANKS[: _RANKS.index(role)] if role in _RANKS else _RANKS
        stronger = [word for own in before for word in words.get(own, ())]
        filters += [{"propertyName": ROLE, "operator": "NOT_IN", "values": stronger}] if stronger else []
    return filters, tuple(rest)
