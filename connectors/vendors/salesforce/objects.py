"""Map objects of Salesforce to records: the columns of each field, and rows to records."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from connectors.toolkit.converters import given, to_time
from connectors.toolkit.vendor_rows import country_code, odd, read_day, read_or_odd
from connectors.vendors.salesforce.roles import role_of
from connectors.vendors.salesforce.soql import Row, is_id, select

PREFIXES = {"Contact": "003", "Account": "001"}
"""How the ids of customers begin."""
PHONES = ("Phone", "MobilePhone")
_MAILING, _BILLING = (
    tuple(kind + name for name in ("Street", "PostalCode", "City", "State", "Country")) for kind in ("Mailing", "Billing")
)
_COMPANY = ("Id", "Name", "AccountNumber", "Industry", "NumberOfEmployees")
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
        "birth_date": ("Birthdate",),
        "created_at": ("CreatedDate",),
        "updated_at": ("LastModifiedDate",),
        "address": _MAILING,
        "job_title": ("Title",),
        "company": (*(f"Account.{name}" for name in _COMPANY), f"({select(['Role', 'AccountId'], 'AccountContactRoles')})"),
        "consents": ("HasOptedOutOfEmail", "DoNotCall"),
        "acquisition": ("LeadSource",),
        "contact_points": ("Email", *PHONES),
    },
    "Account": {
        "name": ("Name",),
        "phone": ("Phone",),
        "member_number": ("AccountNumber",),
        "created_at": ("CreatedDate",),
        "updated_at": ("LastModifiedDate",),
        "address": _BILLING,
        "industry": ("Industry",),
        "company": _COMPANY,
        "acquisition": ("AccountSource",),
        "contact_points": ("Phone",),
    },
    "Case": {
        "number": ("CaseNumber",),
        "customer_id": ("ContactId", "AccountId"),
        "customer_email": ("Contact.Email", "SuppliedEmail"),
        "created_at": ("CreatedDate",),
        "updated_at": ("LastModifiedDate",),
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
ACCOUNT_FROM: dict[str, tuple[str, ...]] = {
    "name": ("Name",),
    "number": ("AccountNumber",),
    "industry": ("Industry",),
    "size": ("NumberOfEmployees",),
    "website": ("Website",),
    "parent_id": ("ParentId",),
    "created_at": ("CreatedDate",),
    "updated_at": ("LastModifiedDate",),
}
"""The columns of an account as a record of its own."""
_WORDS = {
    "Problem": "INCIDENT",
    "Resolved": "SOLVED",
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
_ENDED = ("SOLVED", "CLOSED")
IS_PERSON = "Account.IsPersonAccount"
"""Of a contact: whether it is a person who is the account, and no company's."""
Word = Callable[..., str | None]
"""What an account's own word means, by record and field, None where it has no meaning of its own."""
_US_PHONE = re.compile(r"\((\d{3})\) (\d{3})-(\d{4})")


def as_ids(key: str) -> Iterable[str]:
    return [key] if is_id(key) else []


def as_text(key: str) -> Iterable[str]:
    return [key]


def as_phones(key: str) -> Iterable[str]:
    """Spell a phone in E.164 and in Salesforce's American form.

    It gives that to a number of North America that somebody types.
    """
    is_american = len(key) == 12 and key.startswith("+1")
    return [key, f"({key[2:5]}) {key[5:8]}-{key[8:]}"] if is_american else [key]


def record_of(row: Row, word: Word, roles: Mapping[str, str]) -> dict[str, Any]:
    """Read a row as the record that its object is. `roles` are what the names of roles mean."""
    kind = row["attributes"]["type"]
    return _contact(row, word, roles) if kind == "Contact" else _RECORDS[kind](row, word)


def is_person(row: Row) -> bool:
    return isinstance(account := row.get("Account"), dict) and account.get("IsPersonAccount") is True


def _contact(row: Row, word: Word, roles: Mapping[str, str]) -> dict[str, Any]:
    phones = [_phone(number) for name in PHONES if (number := row.get(name))]
    emails = [read_or_odd(row["Email"], str.lower)] if row.get("Email") else []
    return given(
        id=row["Id"],
        kind="PERSON",
        name=row.get("Name"),
        givenName=row.get("FirstName"),
        familyName=row.get("LastName"),
        email=next(iter(emails), None),
        phone=next(iter(phones), None),
        birthDate=read_day(row.get("Birthdate")),
        createdAt=to_time(row.get("CreatedDate")),
        updatedAt=to_time(row.get("LastModifiedDate")),
        address=_address(row, _MAILING, word),
        jobTitle=row.get("Title"),
        company=None if is_person(row) else read_or_odd(row, lambda row: _company(row.get("Account")) | _role(row, roles)),
        consents=[
            *([{"channel": "EMAIL", "state": "WITHDRAWN"}] if row.get("HasOptedOutOfEmail") is True else []),
            *([{"channel": "PHONE", "state": "DENIED"}] if row.get("DoNotCall") is True else []),
        ],
        acquisition=given(source=_source(row.get("LeadSource"), word)),
        contactPoints=_points("EMAIL", emails) + _points("PHONE", phones),
    )


def _account(row: Row, word: Word) -> dict[str, Any]:
    phones = [_phone(row["Phone"])] if row.get("Phone") else []
    return given(
        id=row["Id"],
        kind="COMPANY",
        name=row.get("Name"),
        phone=next(iter(phones), None),
        memberNumber=row.get("AccountNumber"),
        createdAt=to_time(row.get("CreatedDate")),
        updatedAt=to_time(row.get("LastModifiedDate")),
        address=_address(row, _BILLING, word),
        industry=row.get("Industry"),
        company=_company(row),
        acquisition=given(source=_source(row.get("AccountSource"), word)),
        contactPoints=_points("PHONE", phones),
    )


def _case(row: Row, word: Word) -> dict[str, Any]:
    written = given(author="CUSTOMER", body=row.get("Description"), at=to_time(row.get("CreatedDate")))
    return given(
        id=row["Id"],
        number=row.get("CaseNumber"),
        customerId=row.get("ContactId") or row.get("AccountId"),
        customerEmail=read_or_odd(row.get("Contact"), lambda contact: _email_of(contact) or _email_of(row, "SuppliedEmail")),
        createdAt=to_time(row.get("CreatedDate")),
        updatedAt=to_time(row.get("LastModifiedDate")),
        subject=row.get("Subject"),
        kind=_meaning(row.get("Type"), word, "kind"),
        status=_status(row, word),
        priority=_meaning(row.get("Priority"), word, "priority"),
        channel=_meaning(row.get("Origin"), word, "channel"),
        solvedAt=to_time(row.get("ClosedDate")),
        messages=[*([written] if "body" in written else []), *_children(row, "CaseComments", _comment)],
    )


def _email_of(row: Any, name: str = "Email") -> str | None:
    email: str | None = row.get(name) if row else None
    return email.lower() if email else None


_RECORDS: Mapping[str, Callable[[Row, Word], dict[str, Any]]] = {"Account": _account, "Case": _case}


def _comment(row: Row) -> dict[str, Any]:
    author = read_or_odd(row.get("CreatedBy"), lambda user: _AUTHORS.get(user["UserType"], "CUSTOMER") if user else None)
    return given(author=author, body=row.get("CommentBody"), at=to_time(row.get("CreatedDate")))


def _company(account: Any) -> dict[str, Any]:
    has = (account or {}).get
    account = has("AccountNumber") or has("Id")
    return given(name=has("Name"), account=account, industry=has("Industry"), size=has("NumberOfEmployees"))


def _role(row: Row, meanings: Mapping[str, str]) -> dict[str, Any]:
    """Read the role of a contact at its own account."""
    own = (row.get("Account") or {}).get("Id")
    names = _children(row, "AccountContactRoles", lambda role: role["Role"] if role["AccountId"] == own else None)
    role, name = role_of(names, meanings)
    return given(role=role, roleName=name)


def account_of(row: Row) -> dict[str, Any]:
    """Read an account as a record of its own."""
    return given(
        id=row["Id"],
        name=row.get("Name"),
        number=row.get("AccountNumber"),
        industry=row.get("Industry"),
        size=row.get("NumberOfEmployees"),
        website=row.get("Website"),
        parentId=row.get("ParentId"),
        createdAt=to_time(row.get("CreatedDate")),
        updatedAt=to_time(row.get("LastModifiedDate")),
    )


def _children(row: Row, name: str, read: Callable[[Any], Any]) -> list[Any]:
    """Read the rows of a relationship. In the place of rows that are no list is a part that cannot be read."""
    page = row.get(name) or []
    rows = page.get("records") if isinstance(page, dict) else page
    return [read_or_odd(row, read) for row in rows] if isinstance(rows, list) else [odd(rows)]


def _each_once(values: Iterable[Any]) -> list[Any]:
    """Drop repeated values, in order, also unhashable ones."""
    single: list[Any] = []
    for value in values:
        if value not in single:
            single.append(value)
    return single


def _address(row: Row, names: Iterable[str], word: Word) -> dict[str, Any]:
    line, postal_code, city, region, country = names
    written = row.get(f"{country}Code") or row.get(country)
    code = country_code(word("customer", "address.country", written) or written)
    return given(line=row.get(line), postalCode=row.get(postal_code), city=row.get(city), region=row.get(region), country=code)


def _points(kind: str, values: list[str]) -> list[dict[str, Any]]:
    return [{"kind": kind, "value": value, "primary": value == values[0]} for value in _each_once(values)]


def _phone(number: Any) -> Any:
    """As phones are compared, where the form tells the country."""
    match = _US_PHONE.fullmatch(number) if isinstance(number, str) else None
    return f"+1{''.join(match.groups())}" if match else number


def _source(written: Any, word: Word) -> Any:
    return word("customer", "acquisition.source", written) or written


def _meaning(written: Any, word: Word, field: str) -> Any:
    known = _WORDS.get(written) if isinstance(written, str) else None
    return word("ticket", field, written) or known or written


def _status(row: Row, word: Word) -> Any:
    """By its word, but for a closed case: that is solved where the word says so, else closed."""
    meant = _meaning(row.get("Status"), word, "status")
    if row.get("IsClosed") is not True:
        return meant
    return status if (status := str(meant).upper()) in _ENDED else "CLOSED"
