"""The connector of the `hubspot` kind: read batches of keys, search in pages, load companies and associations."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any

import msgspec

from connectors.contract import Answer, Ask, Change, Found, KeyKind, Keys, Listing, Page, Push, WebhookRequest, listing, lookup
from connectors.errors import (
    ListingCursorError,
    NoWebhookError,
    SourceError,
    SourceProtocolError,
    SourceRejectedError,
)
from connectors.record_fields import Fields
from connectors.records import Account, Customer, Deal, Subscription, Survey, Ticket
from connectors.toolkit.batches import ask_in_halves
from connectors.toolkit.http_client import ask_each
from connectors.toolkit.listing_cursor import decode_cursor, encode_cursor
from connectors.toolkit.own_properties import PropertyNames
from connectors.toolkit.vendor_connector import CHECK_TIMEOUT_S, Trial
from connectors.toolkit.vendor_rows import as_records, by_key, is_number, needed, readable
from connectors.toolkit.webhook_signatures import expect_hubspot, read
from connectors.vendors.hubspot.answers import (
    Failures,
    HubSpotEvent,
    HubSpotPage,
    unless_all_failed,
)
from connectors.vendors.hubspot.crm import (
    AT_ONCE,
    BATCH,
    COMPANIES,
    CONTACTS,
    DEALS,
    PAGE,
    SUBSCRIPTIONS,
    SURVEYS,
    TICKETS,
    Crm,
    Objects,
)
from connectors.vendors.hubspot.deals import DEAL_FROM, deal_of
from connectors.vendors.hubspot.objects import (
    ACCOUNT_FROM,
    COMPANY,
    COMPANY_ID,
    EMAILS,
    IDS,
    OF_COMPANIES,
    PARENT_ID,
    READ_FROM,
    account_of,
    company_id,
    customer_of,
    values_of,
)
from connectors.vendors.hubspot.roles import narrow_roles, role_meanings
from connectors.vendors.hubspot.settings import HubSpotSettings
from connectors.vendors.hubspot.subscriptions import SUBSCRIPTION_FROM, subscription_of
from connectors.vendors.hubspot.surveys import SURVEY_FROM, survey_of
from connectors.vendors.hubspot.tickets import TICKET_FROM, ticket_of

_OBJECTS = {
    "customer": "contacts",
    "ticket": "tickets",
    "deal": "deals",
    "subscription": "subscriptions",
    "survey": "feedback_submissions",
}
"""The objects whose properties fields of one's own are read from."""
_MORE = (
    ("ticket", TICKETS, "tickets"),
    ("deal", DEALS, "crm.objects.deals.read"),
    ("subscription", SUBSCRIPTIONS, "crm.objects.subscriptions.read"),
    ("survey", SURVEYS, "crm.objects.feedback_submissions.read"),
)
"""Where other records are, and the scopes that they need."""
_PROPERTY = PropertyNames("[a-z][a-z0-9_]*", "write the internal name of a property", separator=";")
_MAX_FOUND = 1_000
_WINDOW = (Push.FIRST, Push.AFTER, Push.ORDER, Push.WHERE, Push.COUNT)
_IDS_IN_A_SEARCH = 50
"""A search may have 3,000 characters."""


class HubSpot(Crm):
    """Read HubSpot by version 3 of its CRM API. The token is a private app's, or tokens are for an app of OAuth."""

    property_names = MappingProxyType(dict.fromkeys(_OBJECTS, _PROPERTY))
    kind = "hubspot"
    any_case = True
    settings_type = HubSpotSettings
    update_times = ("ticket",)
    own_words = MappingProxyType(
        {
            "customer": ("acquisition.source", "address.country", "company.role", "gender"),
            "ticket": ("channel", "kind", "priority", "status"),
            "deal": ("pipeline", "stage", "stage_name"),
            "subscription": ("status",),
            "survey": ("channel", "kind"),
        }
    )

    def __init__(self, name: str, settings: HubSpotSettings) -> None:
        super().__init__(name, settings)
        self._roles = role_meanings(settings.values)
        self._tickets = Objects("tickets", "ticket", TICKET_FROM, partial(ticket_of, self.word))
        self._deals = Objects("deals", "deal", DEAL_FROM, partial(deal_of, settings.currency, self.word))
        self._subscriptions = Objects(
            "subscriptions", "subscription", SUBSCRIPTION_FROM, partial(subscription_of, settings.currency, self.word)
        )
        self._surveys = Objects(_OBJECTS["survey"], "survey", SURVEY_FROM, partial(survey_of, self.word))

    async def property_list(self, record: str) -> list[str]:
        """List the names of the properties that the objects of a record have."""
        page = await self.get(HubSpotPage, f"/crm/v3/properties/{_OBJECTS[record]}", {}, self.ends(CHECK_TIMEOUT_S))
        return readable(page.results, lambda row: str(row["name"]))

    def trials(self) -> Sequence[Trial]:
        return [
            Trial(CONTACTS, "the scope crm.objects.contacts.read", {"limit": 1}),
            Trial(COMPANIES, "the scope crm.objects.companies.read", {"limit": 1}),
            *(Trial(path, f"the scope {scope}", {"limit": 1}) for record, path, scope in _MORE if record in self.settings.keys),
        ]

    def changes(self, request: WebhookRequest, now: datetime) -> Sequence[Change]:
        if self.settings.webhook_secret is None:
            raise NoWebhookError
        expect_hubspot(request, self.settings.webhook_secret, self.settings.webhook_url, now)
        return [
            self.own_change(Customer, str(id_)) for event in read(request, list[HubSpotEvent]) for id_ in sorted(event.contacts)
        ]

    @listing(Customer, max_first=BATCH)
    async def all_customers(self, fields: Fields, after: str | None, first: int, remaining_s: float | None = None) -> Listing:
        """List the contacts by HubSpot's own cursors, in the order of their ids."""
        cursor, until = None if after is None else decode_cursor(self.kind, after), self.ends(remaining_s)
        names = ",".join(self._properties(fields)) or None
        try:
            page = await self.find(HubSpotPage, CONTACTS, {"limit": first, "after": cursor, "properties": names}, until)
        except SourceRejectedError:
            if cursor is None:
                raise
            raise ListingCursorError from None
        if page is None:
            raise SourceProtocolError("there is no list of contacts")
        content = await self._with_companies(page.results, fields, until)
        return Listing(content, encode_cursor(self.kind, page.after) if page.after else None)

    @lookup(Customer, by=KeyKind.CUSTOMER_ID, max_batch=BATCH)
    async def customers_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self._batch(list(filter(is_number, keys)), ask, *IDS)

    @lookup(Customer, by=KeyKind.EMAIL, max_batch=BATCH)
    async def customers_by_email(self, keys: Keys, ask: Ask) -> Answer:
        return await self._batch(keys, ask, *EMAILS)

    @lookup(Customer, by=KeyKind.MEMBER_NUMBER, max_batch=BATCH)
    async def customers_by_member_number(self, keys: Keys, ask: Ask) -> Answer:
        return await self._batch(keys, ask, str(self.settings.member_number))

    @lookup(Customer, by=KeyKind.EXTERNAL_ID, max_batch=BATCH)
    async def customers_by_external_id(self, keys: Keys, ask: Ask) -> Answer:
        answer: dict[str, Found | SourceError] = {}
        for system, name in self.settings.external_ids.items():
            own = [key.removeprefix(f"{system}:") for key in keys if key.startswith(f"{system}:")]
            answer |= {f"{system}:{value}": outcome for value, outcome in (await self._batch(own, ask, name)).items()}
        return answer

    @lookup(Customer, by=KeyKind.TEXT, max_batch=5)
    async def customers_by_text(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(keys, lambda text: self._search(text, ask))

    @lookup(Customer, by=KeyKind.ACCOUNT, max_batch=5, pushdown=_WINDOW)
    async def customers_by_account(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(list(filter(is_number, keys)), lambda company: self._members(company, ask))

    @lookup(Account, by=KeyKind.ACCOUNT, max_batch=BATCH)
    async def accounts_by_account(self, keys: Keys, ask: Ask) -> Answer:
        ids = list(filter(is_number, keys))
        rows, failures = await self.read_all(COMPANIES, {"properties": needed(ask.fields, ACCOUNT_FROM)}, ids, self.until(ask))
        answer: dict[str, bytes | SourceError] = {**failures, **by_key(ids, rows, lambda row: [row["id"]], account_of)}
        return unless_all_failed(ids, answer)

    @lookup(Account, by=KeyKind.PARENT_ACCOUNT, max_batch=5, pushdown=_WINDOW)
    async def accounts_by_parent_account(self, keys: Keys, ask: Ask) -> Answer:
        names, until = needed(_read_fields(ask), ACCOUNT_FROM), self.until(ask)

        async def subsidiaries(company: str) -> Page:
            own = [_equal(PARENT_ID, company)]
            return await self.sorted_page(COMPANIES, own, names, Account, ask, account_of, until)

        return await ask_each(list(filter(is_number, keys)), subsidiaries)

    @lookup(Ticket, by=KeyKind.CUSTOMER_ID, max_batch=AT_ONCE)
    async def tickets_by_customer_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self.objects_of("contacts", self._tickets, keys, ask)

    @lookup(Ticket, by=KeyKind.ACCOUNT, max_batch=AT_ONCE)
    async def tickets_by_account(self, keys: Keys, ask: Ask) -> Answer:
        return await self.objects_of("companies", self._tickets, keys, ask)

    @lookup(Ticket, by=KeyKind.TICKET_ID, max_batch=BATCH)
    async def tickets_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self.objects_by_id(self._tickets, keys, ask)

    @lookup(Ticket, by=KeyKind.TICKET_NUMBER, max_batch=BATCH)
    async def tickets_by_number(self, keys: Keys, ask: Ask) -> Answer:
        return await self.objects_by_id(self._tickets, keys, ask)

    @lookup(Deal, by=KeyKind.CUSTOMER_ID, max_batch=AT_ONCE)
    async def deals_by_customer_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self.objects_of("contacts", self._deals, keys, ask)

    @lookup(Deal, by=KeyKind.ACCOUNT, max_batch=AT_ONCE)
    async def deals_by_account(self, keys: Keys, ask: Ask) -> Answer:
        return await self.objects_of("companies", self._deals, keys, ask)

    @lookup(Deal, by=KeyKind.DEAL_ID, max_batch=BATCH)
    async def deals_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self.objects_by_id(self._deals, keys, ask)

    @lookup(Subscription, by=KeyKind.CUSTOMER_ID, max_batch=AT_ONCE)
    async def subscriptions_by_customer_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self.objects_of("contacts", self._subscriptions, keys, ask)

    @lookup(Subscription, by=KeyKind.ACCOUNT, max_batch=AT_ONCE)
    async def subscriptions_by_account(self, keys: Keys, ask: Ask) -> Answer:
        return await self.objects_of("companies", self._subscriptions, keys, ask)

    @lookup(Subscription, by=KeyKind.SUBSCRIPTION_ID, max_batch=BATCH)
    async def subscriptions_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self.objects_by_id(self._subscriptions, keys, ask)

    @lookup(Survey, by=KeyKind.CUSTOMER_ID, max_batch=AT_ONCE)
    async def surveys_by_customer_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self.objects_of("contacts", self._surveys, keys, ask)

    @lookup(Survey, by=KeyKind.SURVEY_ID, max_batch=BATCH)
    async def surveys_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self.objects_by_id(self._surveys, keys, ask)

    async def _members(self, company: str, ask: Ask) -> Page:
        """Load a page of the contacts whose primary company it is."""
        until, fields = self.until(ask), _read_fields(ask)
        narrowing = narrow_roles(ask.where, self._roles)
        if narrowing is None:
            return Page(b"[]", 0 if ask.count else None)
        roles, rest = narrowing
        companies, without = await self._companies([company], fields, until)
        for error in without.values():
            raise error
        own, names = [_equal(COMPANY_ID, company), *roles], self._properties(fields)
        ask = msgspec.structs.replace(ask, where=rest)
        return await self.sorted_page(CONTACTS, own, names, Customer, ask, self._reader(companies), until)

    async def _batch(self, keys: Keys, ask: Ask, name: str, *others: str) -> Answer:
        """Contacts by a property whose values are unique. `others` may hold a value, too."""
        return await ask_in_halves(keys, lambda some: self._some(some, ask, name, *others)) if keys else {}

    async def _some(self, keys: Keys, ask: Ask, name: str, *others: str) -> dict[str, bytes | SourceError]:
        """As many contacts as HubSpot takes in one batch."""
        until = self.until(ask)
        names = [*self._properties(ask.fields), name, *others]
        keys_of = partial(values_of, (name, *others))
        rows, failures = await self.read_all(CONTACTS, {"idProperty": name, "properties": names}, keys, until)
        if name in IDS:
            ids = {value for values in readable(rows, keys_of) for value in values if isinstance(value, str)}
            rows += await self._merged([key for key in keys if key not in ids and key not in failures], names, until)
        companies, without = await self._companies(readable(rows, company_id), ask.fields, until)
        answer: dict[str, bytes | SourceError] = {**failures}
        answer |= by_key(keys, rows, keys_of, self._reader(companies))
        for values, company in readable(rows, lambda row: (keys_of(row), company_id(row) or "")):
            answer |= {key: without[company] for key in values if isinstance(key, str) and key in answer and company in without}
        return unless_all_failed(keys, answer)

    async def _merged(self, ids: Sequence[str], names: Sequence[str], until: float | None) -> list[Any]:
        """Find the contacts that others were merged into."""
        rows: list[Any] = []
        for start in range(0, len(ids), _IDS_IN_A_SEARCH):
            own = {"propertyName": IDS[1], "operator": "IN", "values": ids[start : start + _IDS_IN_A_SEARCH]}
            body = {"filterGroups": [{"filters": [own]}], "properties": names, "limit": PAGE}
            rows += (await self.post(HubSpotPage, f"{CONTACTS}/search", body, until)).results
        return rows

    async def _search(self, text: str, ask: Ask) -> bytes:
        until = self.until(ask)
        body = {"query": text, "limit": PAGE, "properties": self._properties(ask.fields)}

        async def turn(after: str | None) -> tuple[list[Any], str | None]:
            page = await self.post(HubSpotPage, f"{CONTACTS}/search", body | ({"after": after} if after else {}), until)
            if page.total > _MAX_FOUND:
                raise SourceRejectedError(f"more than {_MAX_FOUND} contacts match; write more of the name")
            return page.results, page.after

        return await self._with_companies(await self.paged(turn), ask.fields, until)

    async def _with_companies(self, rows: Sequence[Any], fields: Fields, until: float | None) -> bytes:
        """Write contacts as customers, each with its company. One that cannot be loaded fails all."""
        companies, without = await self._companies(readable(rows, company_id), fields, until)
        for error in without.values():
            raise error
        return as_records(rows, self._reader(companies))

    def _reader(self, companies: Mapping[str, Any]) -> Callable[[Any], dict[str, Any]]:
        read = partial(customer_of, self.settings, self.word, self._roles, companies)
        return lambda row: read(row) | self.own["customer"].read(row["properties"].get)

    async def _companies(self, ids: Iterable[str], fields: Fields, until: float | None) -> tuple[Mapping[str, Any], Failures]:
        """Load contacts' primary companies by id, where asked."""
        selected = {name for name, _ in dict(fields)["company"]} if "company" in fields else {"account"}
        if selected and selected.isdisjoint(OF_COMPANIES):
            return {}, {}
        companies, failures = await self.read_all(COMPANIES, {"properties": COMPANY}, sorted(set(ids)), until)
        return dict(readable(companies, lambda row: (str(row["id"]), row["properties"]))), failures

    def _properties(self, fields: Fields) -> list[str]:
        own = self.settings
        more = {"member_number": [own.member_number] if own.member_number else [], "external_ids": own.external_ids.values()}
        return needed(fields, READ_FROM | more | self.own["customer"].by_field)


def _equal(name: str, value: str) -> dict[str, str]:
    """Write the filter of a search for one value."""
    return {"propertyName": name, "operator": "EQ", "value": value}


def _read_fields(ask: Ask) -> Fields:
    """List the fields that are asked for, and those that conditions are about."""
    return ask.fields | Fields.from_paths(*(condition.field for condition in ask.where))
