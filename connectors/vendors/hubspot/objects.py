"""Map objects of HubSpot to records: the properties of each field, and rows to records."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from connectors.toolkit.converters import contact_points, converter, given, to_amount, to_country, to_text, to_time
from connectors.toolkit.vendor_rows import country_code, is_number, joined, read_day
from connectors.vendors.hubspot.crm import ID
from connectors.vendors.hubspot.roles import ROLE, role_of
from connectors.vendors.hubspot.settings import HubSpotSettings

COMPANY_ID, PARENT_ID = "associatedcompanyid", "hs_parent_company_id"
"""Where a contact has the id of its primary company, and a company that of its parent."""
EMAILS = ("email", "hs_additional_emails")
IDS = (ID, "hs_merged_object_ids")
"""The id of a contact, and those of contacts that were merged into it."""
_SEVERAL = (EMAILS[1], IDS[1])
"""Properties that hold several values, with semicolons between them."""
_PHONES = ("hs_calculated_phone_number", "phone", "hs_calculated_mobile_number", "mobilephone")
"""As E.164, where HubSpot can tell, and as it was written; both of the one phone and of the other."""
_FIRST_TOUCH = ("source", "first_touch_converting_campaign", "first_url", "first_timestamp")
READ_FROM = {
    "name": ("firstname", "lastname"),
    "given_name": ("firstname",),
    "family_name": ("lastname",),
    "email": ("email",),
    "phone": _PHONES,
    "birth_date": ("date_of_birth",),
    "locale": ("hs_language",),
    "address": ("address", "zip", "city", "state", "hs_country_region_code", "country"),
    "gender": ("gender",),
    "occupation": ("job_function",),
    "job_title": ("jobtitle",),
    "industry": ("industry",),
    "education": ("degree",),
    "company": (COMPANY_ID, ROLE),
    "consents": ("hs_email_optout",),
    "social_accounts": ("twitterhandle", "followercount"),
    "acquisition": tuple(f"hs_analytics_{name}" for name in _FIRST_TOUCH),
    "contact_points": (*EMAILS, *_PHONES),
}
"""The properties of a contact that a field is read from."""
OF_COMPANIES = ("name", "industry", "size")
"""The fields of a customer's company that stand with the company, not with the contact."""
COMPANY = ["name", "industry", "numberofemployees"]
ACCOUNT_FROM = {
    "name": ("name",),
    "industry": ("industry",),
    "size": ("numberofemployees",),
    "website": ("website",),
    "parent_id": (PARENT_ID,),
}
"""The properties of a company that a field of an account is read from."""
Word = Callable[..., str | None]
"""What an account's own word means, by record and field."""
_whole = converter(int)


def customer_of(
    own: HubSpotSettings, word: Word, roles: Mapping[str, str], companies: Mapping[str, Any], row: Any
) -> dict[str, Any]:
    has = row["properties"].get
    company = companies.get(str(has(COMPANY_ID)), {})
    phones = [has(_PHONES[0]) or has(_PHONES[1]), has(_PHONES[2]) or has(_PHONES[3])]
    emails = [value for name in EMAILS for value in values_of((name,), row)]
    source, campaign, landing_page, at = (has(name) for name in READ_FROM["acquisition"])
    source = word("customer", "acquisition.source", source) or source
    line, postal_code, city, region, *countries = (has(name) for name in READ_FROM["address"])
    country = word("customer", "address.country", *countries) or next(filter(to_country, countries), None)
    country = country or next(filter(None, countries), None)
    return given(
        id=row["id"],
        kind="PERSON",
        name=joined(has("firstname"), has("lastname")),
        givenName=has("firstname"),
        familyName=has("lastname"),
        email=has("email"),
        phone=phones[0] or phones[1],
        memberNumber=has(own.member_number),
        birthDate=read_day(has("date_of_birth")),
        locale=has("hs_language"),
        gender=word("customer", "gender", has("gender")) or has("gender"),
        occupation=has("job_function"),
        jobTitle=has("jobtitle"),
        industry=has("industry"),
        education=has("degree"),
        consents=[{"channel": "EMAIL", "state": "WITHDRAWN"}] if has("hs_email_optout") in ("true", True) else [],
        socialAccounts=_social_accounts(row),
        createdAt=to_time(row.get("createdAt")),
        updatedAt=to_time(row.get("updatedAt")),
        address=given(line=line, postalCode=postal_code, city=city, region=region, country=country_code(country)),
        company=given(
            name=company.get("name"),
            account=has(COMPANY_ID),
            industry=company.get("industry"),
            size=_whole(company.get("numberofemployees")),
            role=role_of(has(ROLE), roles),
            roleName=has(ROLE),
        ),
        acquisition=given(
            source=word("customer", "acquisition.source", source) or source,
            campaign=campaign,
            landingPage=landing_page,
            at=to_time(at),
        ),
        contactPoints=contact_points(emails, phones),
        externalIds=[{"source": system, "id": has(name)} for system, name in own.external_ids.items() if has(name)],
    )


def account_of(row: Any) -> dict[str, Any]:
    has = row["properties"].get
    return given(
        id=row["id"],
        name=has("name"),
        industry=has("industry"),
        size=_whole(has("numberofemployees")),
        website=has("website"),
        parentId=has(PARENT_ID),
        createdAt=to_time(row.get("createdAt")),
        updatedAt=to_time(row.get("updatedAt")),
    )


def _social_accounts(row: Any) -> list[dict[str, Any]]:
    handle, followers = (row["properties"].get(name) for name in READ_FROM["social_accounts"])
    return [given(platform="twitter", handle=handle, followers=_whole(followers))] if handle else []


def first_contact(contacts: Mapping[str, Sequence[str]], row: Any) -> str | None:
    """Name the first of the contacts of an object, where these were loaded."""
    return next(iter(contacts.get(str(row["id"]), ())), None)


def money_of(amount: Any, currency: Any) -> dict[str, Any] | None:
    """Read an amount. Without a currency there is none."""
    return given(amount=to_amount(amount), currency=currency) if amount and currency else None


def company_id(row: Any) -> str | None:
    id_ = to_text(row["properties"].get(COMPANY_ID))
    return id_ if id_ and is_number(id_) else None


def values_of(names: Iterable[str], row: Any) -> list[Any]:
    """List the values of properties. Some hold several. Addresses are in lower case, as keys are."""
    written = ((name, to_text(row["properties"].get(name))) for name in names)
    parts = (
        (name, part.strip() if isinstance(part, str) else part)
        for name, value in written
        if value
        for part in (value.split(";") if name in _SEVERAL and isinstance(value, str) else [value])
    )
    return [part.lower() if name in EMAILS and isinstance(part, str) else part for name, part in parts]
