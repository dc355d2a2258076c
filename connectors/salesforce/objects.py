"""What Salesforce keeps in its objects: which columns a field of ours is read from, and how a row becomes a record."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from connectors.salesforce.soql import Row, children, is_id, select, value_at
from connectors.values import given, to_country, to_time

PREFIXES = {"Contact": "003", "Account": "001"}
"""How the ids of customers begin."""
PHONES = ("Phone", "MobilePhone")
_MAILING, _BILLING = (
    tuple(kind + name for name in ("Street", "PostalCode", "City", "State", "Country")) for kind in ("Mailing", "Billing")
)
_DEAL = ("Id", "IsClosed", "IsWon", "Type", "CloseDate")
_COMMENTS = select(
    ["CommentBody", "CreatedDate", "CreatedBy.UserType"], "CaseComments", ["IsPublished = TRUE"], order=["CreatedDate"]
)
READ_FROM: dict[str, dict[str, tuple[str, ...]]] = {
    "Contact": {
        "name": ("Name",),
        "given_name": ("FirstName",),
        "family_name": ("LastName",),
        "email": ("Email",),
        "phone": PHONES,
        "created_at": ("CreatedDate",),
        "address": _MAILING,
        "company": ("Account.Name", "Account.AccountNumber", "Account.Industry"),
        "acquisition": ("LeadSource",),
        "contact_points": ("Email", *PHONES),
        "deals": (f"({select([f'Opportunity.{name}' for name in _DEAL], 'OpportunityContactRoles')})",),
    },
    "Account": {
        "name": ("Name",),
        "phone": ("Phone",),
        "member_number": ("AccountNumber",),
        "created_at": ("CreatedDate",),
        "address": _BILLING,
        "company": ("Name", "AccountNumber", "Industry"),
        "acquisition": ("AccountSource",),
        "contact_points": ("Phone",),
        "deals": (f"({select(_DEAL, 'Opportunities')})",),
    },
    "Case": {
        "created_at": ("CreatedDate",),
        "subject": ("Subject",),
        "kind": ("Type",),
        "status": ("Status", "IsClosed"),
        "priority": ("Priority",),
        "channel": ("Origin",),
        "solved_at": ("ClosedDate",),
        "messages": ("Description", "CreatedDate", f"({_COMMENTS})"),
    },
}
"""The columns that a field is read from, by object. What stands in parentheses asks for children."""
_WORDS = {
    "Problem": "INCIDENT",
    "Feature Request": "TASK",
    "Working": "OPEN",
    "Escalated": "OPEN",
    "Medium": "NORMAL",
    "Critical": "URGENT",
    "Live Chat": "CHAT",
    "Facebook": "SOCIAL",
    "Twitter": "SOCIAL",
}
"""What the words of a case mean that are not ours."""
_AUTHORS = {"Standard": "AGENT", "AutomatedProcess": "SYSTEM"}
"""Who writes comments, by the type of their user; the others are customers in a portal."""
_US_PHONE = re.compile(r"\((\d{3})\) (\d{3})-(\d{4})")


def as_ids(key: str) -> Iterable[str]:
    return [key] if is_id(key) else []


def as_text(key: str) -> Iterable[str]:
    return [key]


def as_phones(key: str) -> Iterable[str]:
    """E.164, and the form that Salesforce gives to a number of North America that somebody types."""
    is_american = len(key) == 12 and key.startswith("+1")
    return [key, f"({key[2:5]}) {key[5:8]}-{key[8:]}"] if is_american else [key]


def record_of(row: Row) -> dict[str, Any]:
    return _RECORDS[row["attributes"]["type"]](row)


def _contact(row: Row) -> dict[str, Any]:
    account = row.get("Account") or {}
    phones = [_phone(number) for name in PHONES if (number := row.get(name))]
    emails = [row["Email"].lower()] if row.get("Email") else []
    return given(
        id=row["Id"],
        kind="PERSON",
        name=row.get("Name"),
        givenName=row.get("FirstName"),
        familyName=row.get("LastName"),
        email=next(iter(emails), None),
        phone=next(iter(phones), None),
        createdAt=to_time(row.get("CreatedDate")),
        address=_address(row, _MAILING),
        company=given(name=account.get("Name"), account=account.get("AccountNumber"), industry=account.get("Industry")),
        acquisition=given(source=row.get("LeadSource")),
        contactPoints=_points("EMAIL", emails) + _points("PHONE", phones),
        deals=[_deal(role["Opportunity"]) for role in children(row, "OpportunityContactRoles")],
    )


def _account(row: Row) -> dict[str, Any]:
    phones = [_phone(row["Phone"])] if row.get("Phone") else []
    return given(
        id=row["Id"],
        kind="COMPANY",
        name=row.get("Name"),
        phone=next(iter(phones), None),
        memberNumber=row.get("AccountNumber"),
        createdAt=to_time(row.get("CreatedDate")),
        address=_address(row, _BILLING),
        company=given(name=row.get("Name"), account=row.get("AccountNumber"), industry=row.get("Industry")),
        acquisition=given(source=row.get("AccountSource")),
        contactPoints=_points("PHONE", phones),
        deals=[_deal(one) for one in children(row, "Opportunities")],
    )


def _case(row: Row) -> dict[str, Any]:
    written = given(author="CUSTOMER", body=row.get("Description"), at=to_time(row.get("CreatedDate")))
    return given(
        id=row["Id"],
        createdAt=to_time(row.get("CreatedDate")),
        subject=row.get("Subject"),
        kind=_word(row.get("Type")),
        status="CLOSED" if row.get("IsClosed") else _word(row.get("Status")),
        priority=_word(row.get("Priority")),
        channel=_word(row.get("Origin")),
        solvedAt=to_time(row.get("ClosedDate")),
        messages=[*([written] if "body" in written else []), *(_comment(one) for one in children(row, "CaseComments"))],
    )


_RECORDS: Mapping[str, Callable[[Row], dict[str, Any]]] = {"Contact": _contact, "Account": _account, "Case": _case}


def _comment(row: Row) -> dict[str, Any]:
    author = _AUTHORS.get(value_at(row, "CreatedBy.UserType"), "CUSTOMER")
    return given(author=author, body=row.get("CommentBody"), at=to_time(row.get("CreatedDate")))


def _deal(row: Row) -> dict[str, Any]:
    stage = "OPEN" if not row["IsClosed"] else "WON" if row["IsWon"] else "LOST"
    closed_at = to_time(row.get("CloseDate")) if row["IsClosed"] else None
    return given(id=row["Id"], stage=stage, segment=row.get("Type"), closedAt=closed_at)


def _address(row: Row, names: Iterable[str]) -> dict[str, Any]:
    line, postal_code, city, region, country = names
    code = to_country(row.get(f"{country}Code") or row.get(country))
    return given(line=row.get(line), postalCode=row.get(postal_code), city=row.get(city), region=row.get(region), country=code)


def _points(kind: str, values: list[str]) -> list[dict[str, Any]]:
    return [{"kind": kind, "value": value, "primary": value == values[0]} for value in dict.fromkeys(values)]


def _phone(number: str) -> str:
    """As phones are compared, where the form tells the country."""
    found = _US_PHONE.fullmatch(number)
    return f"+1{''.join(found.groups())}" if found else number


def _word(word: str | None) -> str | None:
    return _WORDS.get(word, word) if word else None
