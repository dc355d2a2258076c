"""Read the roles of contacts at their account, and narrow a query to one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.contract import Condition
from connectors.records import AccountRole
from connectors.vendors.salesforce.soql import any_in, select

_FIELD = "company.role"
_ROLES_OF_CONTACTS = "AccountContactRole"
_RANKS = [role.value for role in AccountRole if role is not AccountRole.UNKNOWN]
_ROLES = {
    **{role.replace("_", sign): role for role in _RANKS for sign in "_ -"},
    **dict.fromkeys(("Approver", "Decision Maker", "Economic Decision Maker", "Executive Sponsor"), "DECISION_MAKER"),
    **dict.fromkeys(("Buyer", "Economic Buyer"), "BUYER"),
    "Business User": "USER",
    "Technical Buyer": "TECHNICAL",
    **dict.fromkeys(("Evaluator", "Influencer"), "OTHER"),
}
"""What Salesforce's words mean, and our own."""


def role_meanings(values: Mapping[str, Mapping[str, Mapping[str, str]]]) -> dict[str, str]:
    """Join what words mean here and by the settings. SOQL compares them without their case."""
    own = values.get("customer", {}).get(_FIELD, {})
    return {word.casefold(): role for word, role in {**_ROLES, **own}.items()}


def role_of(names: Iterable[Any], meanings: Mapping[str, str]) -> tuple[str | None, Any]:
    """Tell a contact's role at its account, and its name: of several the first in the order of our roles.

    So a query can tell it, too. Names without a meaning are of an unknown role; without a name there is none.
    """
    own = [name for name in names if name]
    role_by_name = {name: meanings.get(name.casefold()) for name in own if isinstance(name, str)}
    for role in _RANKS:
        for name, meaning in role_by_name.items():
            if meaning == role:
                return role, name
    return (AccountRole.UNKNOWN.value, own[0]) if own else (None, None)


def narrow_roles(
    where: Sequence[Condition], meanings: Mapping[str, str], column: str, account: str
) -> tuple[list[str], tuple[Condition, ...]]:
    """Write conditions for one role as SOQL about contacts of an account, and give the other conditions."""
    conditions: list[str] = []
    rest: list[Condition] = []
    for condition in where:
        if condition.field != _FIELD or condition.negated or len(condition.values) != 1 or conditions:
            rest.append(condition)
            continue
        role, own = condition.values[0], any_in([column], [account])
        stronger = _RANKS[: _RANKS.index(role)] if role in _RANKS else _RANKS
        has = any_in(["Role"], _names_of([role], meanings)) if role in _RANKS else "Role != null"
        conditions.append(f"Id IN ({select(['ContactId'], _ROLES_OF_CONTACTS, [own, has])})")
        if stronger:
            lacks = any_in(["Role"], _names_of(stronger, meanings))
            conditions.append(f"Id NOT IN ({select(['ContactId'], _ROLES_OF_CONTACTS, [own, lacks])})")
    return conditions, tuple(rest)


def _names_of(roles: Sequence[str], meanings: Mapping[str, str]) -> list[str]:
    return [name for name, meaning in meanings.items() if meaning in roles]
