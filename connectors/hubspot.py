"""The `hubspot` kind: contacts of HubSpot's CRM as customers, each with its primary company."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Self

import msgspec
from pydantic import model_validator

from connectors.contract import Answer, Ask, Change, KeyKind, Keys, WebhookRequest, lookup
from connectors.errors import NoWebhookError, SourceError, SourceProtocolError, SourceRejectedError, SourceThrottledError
from connectors.records import Customer
from connectors.shapes import Fields
from connectors.transport import Refused, ask_each
from connectors.values import contact_points, given, to_country, to_time
from connectors.vendor import Secret, Trial, Vendor, VendorSettings, as_records, by_key, is_number, needed, readable
from connectors.webhooks import expect_hubspot, read

_CONTACT_TYPE = "0-1"
_CONTACTS, _COMPANIES = "/crm/v3/objects/contacts", "/crm/v3/objects/companies"
_BATCH, _PAGE, _MOST_FOUND = 100, 200, 1_000
_EMAILS = ("email", "hs_additional_emails")
_PHONES = ("hs_calculated_phone_number", "phone", "hs_calculated_mobile_number", "mobilephone")
"""As E.164, where HubSpot can tell, and as it was written; both of the one phone and of the other."""
_FIRST_TOUCH = ("source", "first_touch_converting_campaign", "first_url", "first_timestamp")
_READ_FROM = {
    "name": ("firstname", "lastname"),
    "given_name": ("firstname",),
    "family_name": ("lastname",),
    "email": ("email",),
    "phone": _PHONES,
    "locale": ("hs_language",),
    "address": ("address", "zip", "city", "state", "hs_country_region_code"),
    "company": ("associatedcompanyid",),
    "acquisition": tuple(f"hs_analytics_{name}" for name in _FIRST_TOUCH),
    "contact_points": (*_EMAILS, *_PHONES),
}
"""The properties of a contact that a field is read from."""
_WAITS_S = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}
"""How long a limit lasts, by its policy. That of a day ends at midnight, in a zone that only the account knows."""


class HubSpotSettings(VendorSettings):
    """`member_number` and `external_ids` (by the other system's name) are properties whose values are unique."""

    base_url: str = "https://api.hubapi.com"
    token: Secret
    member_number: str | None = None
    external_ids: dict[str, str] = {}
    webhook_secret: Secret | None = None
    webhook_url: str = ""

    @model_validator(mode="after")
    def _can_find_by_its_keys(self) -> Self:
        kinds = self.keys.get("customer", ())
        if (KeyKind.MEMBER_NUMBER in kinds and not self.member_number) or (
            KeyKind.EXTERNAL_ID in kinds and not self.external_ids
        ):
            raise ValueError("keys: to find by member_number or external_id, set the property that holds it")
        if self.webhook_secret is not None and not self.webhook_url:
            raise ValueError("webhook_url: HubSpot signs the address that it calls; set it as it is set there")
        return self


class After(msgspec.Struct):
    after: str


class Paging(msgspec.Struct):
    next: After | None = None


class Answered(msgspec.Struct):
    """What a batch or a search gives. `errors` are those of single inputs."""

    results: list[Any]
    errors: list[dict[str, Any]] = []
    paging: Paging | None = None
    total: int = 0

    @property
    def after(self) -> str | None:
        return self.paging.next.after if self.paging and self.paging.next else None


class Told(msgspec.Struct, rename="camel"):
    """One of the events of a webhook. Those of contacts are named after them, or have their type."""

    subscription_type: str
    object_type_id: str = ""
    object_id: int | None = None
    from_object_id: int | None = None
    primary_object_id: int | None = None
    new_object_id: int | None = None
    merged_object_ids: list[int] = []

    @property
    def contacts(self) -> set[int]:
        if not self.subscription_type.startswith("contact.") and self.object_type_id != _CONTACT_TYPE:
            return set()
        ids = {self.object_id, self.from_object_id, self.primary_object_id, self.new_object_id, *self.merged_object_ids}
        return {id_ for id_ in ids if id_ is not None}


class HubSpot(Vendor[HubSpotSettings]):
    """HubSpot, by version 3 of its CRM API, with the token of a private app."""

    kind = "hubspot"
    any_case = True
    settings_type = HubSpotSettings

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.settings.token.get_secret_value()}"}

    def trials(self) -> Sequence[Trial]:
        return [
            Trial(_CONTACTS, "the scope crm.objects.contacts.read", {"limit": 1}),
            Trial(_COMPANIES, "the scope crm.objects.companies.read", {"limit": 1}),
        ]

    def refusal(self, answer: Refused) -> SourceError | None:
        if answer.status == 429 and "Retry-After" not in answer.headers:
            return SourceThrottledError(retry_after_s=_WAITS_S.get(answer.said["policyName"]))
        return super().refusal(answer)

    def changes(self, request: WebhookRequest, now: datetime) -> Sequence[Change]:
        if self.settings.webhook_secret is None:
            raise NoWebhookError
        expect_hubspot(request, self.settings.webhook_secret, self.settings.webhook_url, now)
        return [self.own_change(Customer, str(id_)) for told in read(request, list[Told]) for id_ in sorted(told.contacts)]

    @lookup(Customer, by=KeyKind.CUSTOMER_ID, max_batch=_BATCH)
    async def customers_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self._batch(list(filter(is_number, keys)), ask, "hs_object_id")

    @lookup(Customer, by=KeyKind.EMAIL, max_batch=_BATCH)
    async def customers_by_email(self, keys: Keys, ask: Ask) -> Answer:
        return await self._batch(keys, ask, *_EMAILS)

    @lookup(Customer, by=KeyKind.MEMBER_NUMBER, max_batch=_BATCH)
    async def customers_by_member_number(self, keys: Keys, ask: Ask) -> Answer:
        return await self._batch(keys, ask, str(self.settings.member_number))

    @lookup(Customer, by=KeyKind.EXTERNAL_ID, max_batch=_BATCH)
    async def customers_by_external_id(self, keys: Keys, ask: Ask) -> Answer:
        answer: dict[str, bytes] = {}
        for system, name in self.settings.external_ids.items():
            own = [key.removeprefix(f"{system}:") for key in keys if key.startswith(f"{system}:")]
            answer |= {f"{system}:{value}": found for value, found in (await self._batch(own, ask, name)).items()}
        return answer

    @lookup(Customer, by=KeyKind.TEXT, max_batch=5)
    async def customers_by_text(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(keys, lambda text: self._search(text, ask))

    async def _batch(self, keys: Keys, ask: Ask, name: str, *others: str) -> dict[str, bytes]:
        """Contacts by a property whose values are unique. `others` may hold a value, too."""
        if not keys:
            return {}
        until = self.until(ask)
        names = [*self._properties(ask.fields), name, *others]
        rows = await self._read_all(_CONTACTS, {"idProperty": name, "properties": names}, keys, until)
        companies = await self._companies(rows, ask, until)
        return by_key(keys, rows, partial(_values, (name, *others)), partial(self._customer, companies))

    async def _search(self, text: str, ask: Ask) -> bytes:
        until = self.until(ask)
        body = {"query": text, "limit": _PAGE, "properties": self._properties(ask.fields)}

        async def turn(after: str | None) -> tuple[list[Any], str | None]:
            found = await self.post(Answered, f"{_CONTACTS}/search", body | ({"after": after} if after else {}), until)
            if found.total > _MOST_FOUND:
                raise SourceRejectedError(f"more than {_MOST_FOUND} contacts match; write more of the name")
            return found.results, found.after

        rows = await self.paged(turn)
        return as_records(rows, partial(self._customer, await self._companies(rows, ask, until)))

    async def _companies(self, rows: Iterable[Any], ask: Ask, until: float | None) -> Mapping[str, Any]:
        """The properties of the contacts' primary companies by id, where companies are asked for."""
        if "company" not in ask.fields:
            return {}
        ids = sorted(set(readable(rows, _company_id)))
        found = await self._read_all(_COMPANIES, {"properties": ["name", "industry"]}, ids, until)
        return dict(readable(found, lambda row: (str(row["id"]), row["properties"])))

    async def _read_all(self, objects: str, question: Mapping[str, Any], ids: Sequence[str], until: float | None) -> list[Any]:
        rows: list[Any] = []
        for start in range(0, len(ids), _BATCH):
            body = {**question, "inputs": [{"id": id_} for id_ in ids[start : start + _BATCH]]}
            found = await self.post(Answered, f"{objects}/batch/read", body, until)
            if any(error.get("category") != "OBJECT_NOT_FOUND" for error in found.errors):
                raise SourceProtocolError("a part of a batch has failed")
            rows += found.results
        return rows

    def _properties(self, fields: Fields) -> list[str]:
        own = self.settings
        more = {"member_number": [own.member_number] if own.member_number else [], "external_ids": own.external_ids.values()}
        return needed(fields, _READ_FROM | more)

    def _customer(self, companies: Mapping[str, Any], row: Any) -> dict[str, Any]:
        has = row["properties"].get
        company = companies.get(has("associatedcompanyid"), {})
        phones = [has(_PHONES[0]) or has(_PHONES[1]), has(_PHONES[2]) or has(_PHONES[3])]
        emails = [value for name in _EMAILS for value in _values((name,), row)]
        source, campaign, landing_page, at = (has(name) for name in _READ_FROM["acquisition"])
        line, postal_code, city, region, country = (has(name) for name in _READ_FROM["address"])
        return given(
            id=row["id"],
            kind="PERSON",
            name=" ".join(filter(None, (has("firstname"), has("lastname")))),
            givenName=has("firstname"),
            familyName=has("lastname"),
            email=has("email"),
            phone=phones[0] or phones[1],
            memberNumber=has(self.settings.member_number),
            locale=has("hs_language"),
            createdAt=to_time(row.get("createdAt")),
            address=given(line=line, postalCode=postal_code, city=city, region=region, country=to_country(country)),
            company=given(name=company.get("name"), account=has("associatedcompanyid"), industry=company.get("industry")),
            acquisition=given(source=source, campaign=campaign, landingPage=landing_page, at=to_time(at)),
            contactPoints=contact_points(emails, phones),
            externalIds=[
                {"source": system, "id": has(name)} for system, name in self.settings.external_ids.items() if has(name)
            ],
        )


def _company_id(row: Any) -> str | None:
    id_ = row["properties"]["associatedcompanyid"]
    return id_ if is_number(id_) else None


def _values(names: Iterable[str], row: Any) -> list[str]:
    """The values of properties that may hold several. Addresses are in lower case, as keys are."""
    written = ((name, row["properties"].get(name)) for name in names)
    parts = ((name, part.strip()) for name, text in written if text for part in text.split(";"))
    return [part.lower() if name in _EMAILS else part for name, part in parts]
