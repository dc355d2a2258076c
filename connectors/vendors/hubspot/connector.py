"""The connector of the `hubspot` kind: read batches of keys, search, and load companies."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any, Self

import msgspec
from pydantic import model_validator

from connectors.contract import Answer, Ask, Change, Found, KeyKind, Keys, WebhookRequest, lookup
from connectors.errors import (
    NoWebhookError,
    SourceError,
    SourceRejectedError,
    SourceThrottledError,
    SourceUnavailableError,
)
from connectors.record_fields import Fields
from connectors.records import Account, Customer
from connectors.toolkit.batches import ask_in_halves
from connectors.toolkit.http_client import RefusedResponse, ask_each
from connectors.toolkit.own_properties import PropertyNames, unknown_properties
from connectors.toolkit.vendor_connector import (
    CHECK_TIMEOUT_S,
    AppSettings,
    Grant,
    PermissionMissingError,
    Secret,
    Trial,
    Vendor,
)
from connectors.toolkit.vendor_rows import as_records, by_key, is_number, needed, readable
from connectors.toolkit.webhook_signatures import expect_hubspot, read
from connectors.vendors.hubspot.objects import (
    ACCOUNT,
    COMPANY,
    EMAILS,
    OF_COMPANIES,
    READ_FROM,
    account_of,
    company_id,
    customer_of,
    values_of,
)

_CONTACT_TYPE = "0-1"
_CONTACTS, _COMPANIES = "/crm/v3/objects/contacts", "/crm/v3/objects/companies"
_BATCH, _PAGE, _MAX_FOUND = 100, 200, 1_000
_IDS = ("hs_object_id", "hs_merged_object_ids")
"""The id of a contact, and those of contacts that were merged into it."""
_IDS_IN_A_SEARCH = 50
"""A search may have 3,000 characters."""
_WAITS_S = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}
"""How long a limit lasts, by its policy. That of a day ends at midnight, in a zone that only the account knows."""
_LOCKED_S = 2.0
"""How long HubSpot asks to leave alone what is locked."""
_PART_ERRORS: Mapping[str, type[SourceError]] = {
    "RATE_LIMITS": SourceThrottledError,
    "VALIDATION_ERROR": SourceRejectedError,
    "MISSING_SCOPES": PermissionMissingError,
}
"""What the error of an input means, by its category. Any other passes."""
_ABSENT = "OBJECT_NOT_FOUND"

Failures = Mapping[str, SourceError]
"""By what was asked for."""


class HubSpotSettings(AppSettings):
    """Configure HubSpot.

    `member_number` and `external_ids` (by the other system's name) are properties whose values are unique.
    """

    base_url: str = "https://api.hubapi.com"
    refresh_token: Secret | None = None
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
        if (self.refresh_token is None) != (self.client_id is None):
            raise ValueError("refresh_token: with client_id and client_secret, and only with them")
        if self.webhook_secret is not None and not self.webhook_url:
            raise ValueError("webhook_url: HubSpot signs the address that it calls; set it as it is set there")
        return self


class After(msgspec.Struct):
    after: str


class Paging(msgspec.Struct):
    next: After | None = None


class HubSpotPage(msgspec.Struct):
    """The response of a batch or a search. `errors` are those of single inputs."""

    results: list[Any]
    errors: list[dict[str, Any]] = []
    paging: Paging | None = None
    total: int = 0

    @property
    def after(self) -> str | None:
        return self.paging.next.after if self.paging and self.paging.next else None


class HubSpotEvent(msgspec.Struct, rename="camel"):
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
    """Read HubSpot by version 3 of its CRM API. The token is a private app's, or tokens are for an app of OAuth."""

    property_names = MappingProxyType(
        {"customer": PropertyNames("[a-z][a-z0-9_]*", "write the internal name of a contact's property", separator=";")}
    )
    kind = "hubspot"
    any_case = True
    settings_type = HubSpotSettings
    own_words = MappingProxyType({"customer": ("acquisition.source", "address.country", "company.role", "gender")})

    async def check(self) -> list[str]:
        return [*await super().check(), *await unknown_properties(self.name, self.own, self._names_of)]

    async def _names_of(self, record: str) -> list[str]:  # noqa: ARG002  contacts alone have some here
        """List the names of contacts' properties."""
        page = await self.get(HubSpotPage, "/crm/v3/properties/contacts", {}, self.ends(CHECK_TIMEOUT_S))
        return readable(page.results, lambda row: str(row["name"]))

    def headers(self) -> Mapping[str, str]:
        token = self.settings.token
        return {} if token is None else self.bearing(token.get_secret_value())

    def grant(self) -> Grant | None:
        own = self.settings
        if own.client_id is None or own.client_secret is None or own.refresh_token is None:
            return None
        app = {"client_id": own.client_id, "client_secret": own.client_secret, "refresh_token": own.refresh_token}
        return Grant("/oauth/v1/token", {"grant_type": "refresh_token", **app})

    def trials(self) -> Sequence[Trial]:
        return [
            Trial(_CONTACTS, "the scope crm.objects.contacts.read", {"limit": 1}),
            Trial(_COMPANIES, "the scope crm.objects.companies.read", {"limit": 1}),
        ]

    def refusal(self, answer: RefusedResponse) -> SourceError | None:
        if answer.status == 429 and "Retry-After" not in answer.headers:
            return SourceThrottledError(retry_after_s=_WAITS_S.get(answer.said["policyName"]))
        if answer.status == 423 and "Retry-After" not in answer.headers:
            return SourceUnavailableError(retry_after_s=_LOCKED_S)
        return super().refusal(answer)

    def changes(self, request: WebhookRequest, now: datetime) -> Sequence[Change]:
        if self.settings.webhook_secret is None:
            raise NoWebhookError
        expect_hubspot(request, self.settings.webhook_secret, self.settings.webhook_url, now)
        return [
            self.own_change(Customer, str(id_)) for event in read(request, list[HubSpotEvent]) for id_ in sorted(event.contacts)
        ]

    @lookup(Customer, by=KeyKind.CUSTOMER_ID, max_batch=_BATCH)
    async def customers_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self._batch(list(filter(is_number, keys)), ask, *_IDS)

    @lookup(Customer, by=KeyKind.EMAIL, max_batch=_BATCH)
    async def customers_by_email(self, keys: Keys, ask: Ask) -> Answer:
        return await self._batch(keys, ask, *EMAILS)

    @lookup(Customer, by=KeyKind.MEMBER_NUMBER, max_batch=_BATCH)
    async def customers_by_member_number(self, keys: Keys, ask: Ask) -> Answer:
        return await self._batch(keys, ask, str(self.settings.member_number))

    @lookup(Customer, by=KeyKind.EXTERNAL_ID, max_batch=_BATCH)
    async def customers_by_external_id(self, keys: Keys, ask: Ask) -> Answer:
        answer: dict[str, Found | SourceError] = {}
        for system, name in self.settings.external_ids.items():
            own = [key.removeprefix(f"{system}:") for key in keys if key.startswith(f"{system}:")]
            answer |= {f"{system}:{value}": outcome for value, outcome in (await self._batch(own, ask, name)).items()}
        return answer

    @lookup(Customer, by=KeyKind.TEXT, max_batch=5)
    async def customers_by_text(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(keys, lambda text: self._search(text, ask))

    @lookup(Customer, by=KeyKind.ACCOUNT, max_batch=5)
    async def customers_by_account(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(list(filter(is_number, keys)), lambda company: self._members(company, ask))

    @lookup(Account, by=KeyKind.ACCOUNT, max_batch=_BATCH)
    async def accounts_by_account(self, keys: Keys, ask: Ask) -> Answer:
        ids = list(filter(is_number, keys))
        rows, failures = await self._read_all(_COMPANIES, {"properties": ACCOUNT}, ids, self.until(ask))
        answer: dict[str, bytes | SourceError] = {**failures, **by_key(ids, rows, lambda row: [row["id"]], account_of)}
        return _unless_all_failed(ids, answer)

    @lookup(Account, by=KeyKind.PARENT_ACCOUNT, max_batch=5)
    async def accounts_by_parent_account(self, keys: Keys, ask: Ask) -> Answer:
        async def parts(company: str) -> bytes:
            own = {"propertyName": "hs_parent_company_id", "operator": "IN", "values": [company]}
            return as_records(await self._found(_COMPANIES, own, ACCOUNT, self.until(ask)), account_of)

        return await ask_each(list(filter(is_number, keys)), parts)

    async def _members(self, company: str, ask: Ask) -> bytes:
        """All contacts whose primary company it is."""
        until = self.until(ask)
        own = {"propertyName": "associatedcompanyid", "operator": "IN", "values": [company]}
        rows = await self._found(_CONTACTS, own, self._properties(ask.fields), until)
        companies, without = await self._companies(rows, ask, until)
        for error in without.values():
            raise error
        return as_records(rows, self._reader(companies))

    async def _found(self, objects: str, own: Any, names: Sequence[str], until: float | None) -> list[Any]:
        """Read all pages of a search by one property."""
        body = {"filterGroups": [{"filters": [own]}], "properties": names, "limit": _PAGE}

        async def turn(after: str | None) -> tuple[list[Any], str | None]:
            page = await self.post(HubSpotPage, f"{objects}/search", body | ({"after": after} if after else {}), until)
            return page.results, page.after

        return await self.paged(turn)

    async def _batch(self, keys: Keys, ask: Ask, name: str, *others: str) -> Answer:
        """Contacts by a property whose values are unique. `others` may hold a value, too."""
        return await ask_in_halves(keys, lambda some: self._some(some, ask, name, *others)) if keys else {}

    async def _some(self, keys: Keys, ask: Ask, name: str, *others: str) -> dict[str, bytes | SourceError]:
        """As many contacts as HubSpot takes in one batch."""
        until = self.until(ask)
        names = [*self._properties(ask.fields), name, *others]
        keys_of = partial(values_of, (name, *others))
        rows, failures = await self._read_all(_CONTACTS, {"idProperty": name, "properties": names}, keys, until)
        if name in _IDS:
            ids = {value for values in readable(rows, keys_of) for value in values if isinstance(value, str)}
            rows += await self._merged([key for key in keys if key not in ids and key not in failures], names, until)
        companies, without = await self._companies(rows, ask, until)
        answer: dict[str, bytes | SourceError] = {**failures}
        answer |= by_key(
            keys,
            rows,
            keys_of,
            self._reader(companies),
        )
        for values, company in readable(rows, lambda row: (keys_of(row), company_id(row) or "")):
            answer |= {key: without[company] for key in values if isinstance(key, str) and key in answer and company in without}
        return _unless_all_failed(keys, answer)

    async def _merged(self, ids: Sequence[str], names: Sequence[str], until: float | None) -> list[Any]:
        """Find the contacts that others were merged into."""
        rows: list[Any] = []
        for start in range(0, len(ids), _IDS_IN_A_SEARCH):
            own = {"propertyName": _IDS[1], "operator": "IN", "values": ids[start : start + _IDS_IN_A_SEARCH]}
            body = {"filterGroups": [{"filters": [own]}], "properties": names, "limit": _PAGE}
            rows += (await self.post(HubSpotPage, f"{_CONTACTS}/search", body, until)).results
        return rows

    async def _search(self, text: str, ask: Ask) -> bytes:
        until = self.until(ask)
        body = {"query": text, "limit": _PAGE, "properties": self._properties(ask.fields)}

        async def turn(after: str | None) -> tuple[list[Any], str | None]:
            page = await self.post(HubSpotPage, f"{_CONTACTS}/search", body | ({"after": after} if after else {}), until)
            if page.total > _MAX_FOUND:
                raise SourceRejectedError(f"more than {_MAX_FOUND} contacts match; write more of the name")
            return page.results, page.after

        rows = await self.paged(turn)
        companies, without = await self._companies(rows, ask, until)
        for error in without.values():
            raise error
        return as_records(rows, self._reader(companies))

    def _reader(self, companies: Mapping[str, Any]) -> Callable[[Any], dict[str, Any]]:
        own = self.settings
        read = partial(customer_of, companies, self.word, own.external_ids, own.member_number)
        return lambda row: read(row) | self.own["customer"].read(row["properties"].get)

    async def _companies(self, rows: Iterable[Any], ask: Ask, until: float | None) -> tuple[Mapping[str, Any], Failures]:
        """Load the contacts' primary companies by id, where asked."""
        selected = {name for name, _ in dict(ask.fields)["company"]} if "company" in ask.fields else {"account"}
        if selected and selected.isdisjoint(OF_COMPANIES):
            return {}, {}
        ids = sorted(set(readable(rows, company_id)))
        companies, failures = await self._read_all(_COMPANIES, {"properties": COMPANY}, ids, until)
        return dict(readable(companies, lambda row: (str(row["id"]), row["properties"]))), failures

    async def _read_all(
        self, objects: str, options: Mapping[str, Any], ids: Sequence[str], until: float | None
    ) -> tuple[list[Any], Failures]:
        rows: list[Any] = []
        failures: dict[str, SourceError] = {}
        for start in range(0, len(ids), _BATCH):
            asked = ids[start : start + _BATCH]
            body = {**options, "inputs": [{"id": id_} for id_ in asked]}
            page = await self.post(HubSpotPage, f"{objects}/batch/read", body, until)
            rows += page.results
            failures |= _part_failures(asked, page.errors)
        return rows, failures

    def _properties(self, fields: Fields) -> list[str]:
        own = self.settings
        more = {"member_number": [own.member_number] if own.member_number else [], "external_ids": own.external_ids.values()}
        return needed(fields, READ_FROM | more | self.own["customer"].by_field)


def _part_failures(asked: Sequence[str], errors: Iterable[Mapping[str, Any]]) -> Failures:
    """The errors of single inputs, without those that are not there. One that names none is about all of them."""
    failures: dict[str, SourceError] = {}
    for error in errors:
        category = error.get("category")
        if category != _ABSENT:
            named = readable([error], lambda error: [str(id_) for id_ in error["context"]["ids"]])
            ids = named[0] if named and named[0] else asked
            kind = _PART_ERRORS.get(str(category), SourceUnavailableError)
            failures |= {id_: kind("a part of a batch has failed") for id_ in ids}
    return failures


def _unless_all_failed(keys: Keys, answer: dict[str, bytes | SourceError]) -> dict[str, bytes | SourceError]:
    """The answer. Where every key has failed, it is the source that has."""
    failed = [outcome for outcome in answer.values() if isinstance(outcome, SourceError)]
    if len(failed) == len(keys) and not isinstance(failed[0], SourceRejectedError):
        raise failed[0]
    return answer
