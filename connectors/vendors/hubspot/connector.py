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
    SourceThrottledError,
    SourceUnavailableError,
)
from connectors.record_fields import Fields
from connectors.records import Account, Customer, Record, Ticket
from connectors.toolkit.batches import ask_in_halves
from connectors.toolkit.http_client import RefusedResponse, ask_each
from connectors.toolkit.listing_cursor import decode_cursor, encode_cursor
from connectors.toolkit.own_properties import PropertyNames, unknown_properties
from connectors.toolkit.vendor_connector import CHECK_TIMEOUT_S, Grant, Trial, Vendor, too_much
from connectors.toolkit.vendor_rows import as_records, by_key, is_number, needed, readable, rows_meeting
from connectors.toolkit.webhook_signatures import expect_hubspot, read
from connectors.vendors.hubspot.answers import (
    AssociationPage,
    Failures,
    HubSpotEvent,
    HubSpotPage,
    part_failures,
    unless_all_failed,
)
from connectors.vendors.hubspot.objects import (
    ACCOUNT_FROM,
    COMPANY,
    COMPANY_ID,
    EMAILS,
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
from connectors.vendors.hubspot.tickets import TICKET_FROM, ticket_of

_CONTACTS, _COMPANIES, _TICKETS = (f"/crm/v3/objects/{name}" for name in ("contacts", "companies", "tickets"))
_BATCH, _PAGE, _MAX_FOUND = 100, 200, 1_000
_AT_ONCE = 20
"""Contacts or companies whose tickets are asked for at once."""
_WINDOW = (Push.FIRST, Push.AFTER, Push.ORDER, Push.WHERE, Push.COUNT)
_IDS = ("hs_object_id", "hs_merged_object_ids")
"""The id of a contact, and those of contacts that were merged into it."""
_IDS_IN_A_SEARCH = 50
"""A search may have 3,000 characters."""
_WAITS_S = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}
"""How long a limit lasts, by its policy. That of a day ends at midnight, in a zone that only the account knows."""
_LOCKED_S = 2.0
"""How long HubSpot asks to leave alone what is locked."""


class HubSpot(Vendor[HubSpotSettings]):
    """Read HubSpot by version 3 of its CRM API. The token is a private app's, or tokens are for an app of OAuth."""

    property_names = MappingProxyType(
        {"customer": PropertyNames("[a-z][a-z0-9_]*", "write the internal name of a contact's property", separator=";")}
    )
    kind = "hubspot"
    any_case = True
    settings_type = HubSpotSettings
    own_words = MappingProxyType(
        {
            "customer": ("acquisition.source", "address.country", "company.role", "gender"),
            "ticket": ("channel", "kind", "priority", "status"),
        }
    )

    def __init__(self, name: str, settings: HubSpotSettings) -> None:
        super().__init__(name, settings)
        self._roles = role_meanings(settings.values)

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
            *([Trial(_TICKETS, "the scope tickets", {"limit": 1})] if "ticket" in self.settings.keys else []),
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

    @listing(Customer, max_first=_BATCH)
    async def all_customers(self, fields: Fields, after: str | None, first: int, remaining_s: float | None = None) -> Listing:
        """List the contacts by HubSpot's own cursors, in the order of their ids."""
        cursor, until = None if after is None else decode_cursor(self.kind, after), self.ends(remaining_s)
        names = ",".join(self._properties(fields)) or None
        try:
            page = await self.find(HubSpotPage, _CONTACTS, {"limit": first, "after": cursor, "properties": names}, until)
        except SourceRejectedError:
            if cursor is None:
                raise
            raise ListingCursorError from None
        if page is None:
            raise SourceProtocolError("there is no list of contacts")
        content = await self._with_companies(page.results, fields, until)
        return Listing(content, encode_cursor(self.kind, page.after) if page.after else None)

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

    @lookup(Customer, by=KeyKind.ACCOUNT, max_batch=5, pushdown=_WINDOW)
    async def customers_by_account(self, keys: Keys, ask: Ask) -> Answer:
        return await ask_each(list(filter(is_number, keys)), lambda company: self._members(company, ask))

    @lookup(Account, by=KeyKind.ACCOUNT, max_batch=_BATCH)
    async def accounts_by_account(self, keys: Keys, ask: Ask) -> Answer:
        ids = list(filter(is_number, keys))
        rows, failures = await self._read_all(
            _COMPANIES, {"properties": needed(ask.fields, ACCOUNT_FROM)}, ids, self.until(ask)
        )
        answer: dict[str, bytes | SourceError] = {**failures, **by_key(ids, rows, lambda row: [row["id"]], account_of)}
        return unless_all_failed(ids, answer)

    @lookup(Account, by=KeyKind.PARENT_ACCOUNT, max_batch=5, pushdown=_WINDOW)
    async def accounts_by_parent_account(self, keys: Keys, ask: Ask) -> Answer:
        names, until = needed(_read_fields(ask), ACCOUNT_FROM), self.until(ask)

        async def subsidiaries(company: str) -> Page:
            own = [_equal(PARENT_ID, company)]
            return await self._sorted_page(_COMPANIES, own, names, Account, ask, account_of, until)

        return await ask_each(list(filter(is_number, keys)), subsidiaries)

    @lookup(Ticket, by=KeyKind.CUSTOMER_ID, max_batch=_AT_ONCE)
    async def tickets_by_customer_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self._tickets_of("contacts", keys, ask)

    @lookup(Ticket, by=KeyKind.ACCOUNT, max_batch=_AT_ONCE)
    async def tickets_by_account(self, keys: Keys, ask: Ask) -> Answer:
        return await self._tickets_of("companies", keys, ask)

    @lookup(Ticket, by=KeyKind.TICKET_ID, max_batch=_BATCH)
    async def tickets_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self._tickets_by_id(keys, ask)

    @lookup(Ticket, by=KeyKind.TICKET_NUMBER, max_batch=_BATCH)
    async def tickets_by_number(self, keys: Keys, ask: Ask) -> Answer:
        return await self._tickets_by_id(keys, ask)

    async def _tickets_by_id(self, keys: Keys, ask: Ask) -> Answer:
        ids, until = list(filter(is_number, keys)), self.until(ask)
        return await ask_in_halves(ids, lambda some: self._tickets(some, {id_: [id_] for id_ in some}, ask, until))

    async def _tickets_of(self, owners: str, keys: Keys, ask: Ask) -> Answer:
        """Load the tickets that contacts or companies are associated with."""
        until = self.until(ask)

        async def some(keys: Keys) -> Answer:
            tickets, failures = await self._associated(keys, owners, "tickets", until)
            keys_by_ticket: dict[str, list[str]] = {}
            for key, ids in tickets.items():
                for id_ in ids:
                    keys_by_ticket.setdefault(id_, []).append(key)
            answer = await self._tickets(keys, keys_by_ticket, ask, until)
            return unless_all_failed(keys, {**answer, **failures})

        return await ask_in_halves(list(filter(is_number, keys)), some)

    async def _tickets(
        self, keys: Keys, keys_by_ticket: Mapping[str, Sequence[str]], ask: Ask, until: float | None
    ) -> dict[str, bytes | SourceError]:
        """Load tickets by id, with their contacts where these are wanted. One that fails costs its keys."""
        options = {"properties": needed(ask.fields, TICKET_FROM)}
        rows, failures = await self._read_all(_TICKETS, options, list(keys_by_ticket), until)
        ids = readable(rows, lambda row: str(row["id"]))
        contacts, without = (
            await self._associated(ids, "tickets", "contacts", until) if "customer_id" in ask.fields else ({}, {})
        )
        answer: dict[str, bytes | SourceError] = {}
        answer |= by_key(keys, rows, lambda row: keys_by_ticket[str(row["id"])], partial(ticket_of, self.word, contacts))
        for id_, error in {**failures, **without}.items():
            answer |= dict.fromkeys(keys_by_ticket[id_], error)
        return unless_all_failed(keys, answer)

    async def _associated(
        self, ids: Keys, of: str, with_: str, until: float | None
    ) -> tuple[Mapping[str, Sequence[str]], Failures]:
        """Load the ids of the objects that are associated with objects, with all pages of each."""
        found: dict[str, list[str]] = {}
        failures: dict[str, SourceError] = {}
        inputs = [{"id": id_} for id_ in ids]
        for _ in range(self.settings.max_pages):
            if not inputs:
                break
            page = await self.post(AssociationPage, f"/crm/v4/associations/{of}/{with_}/batch/read", {"inputs": inputs}, until)
            failures |= part_failures([own["id"] for own in inputs], page.errors)
            for association in page.results:
                found.setdefault(str(association.source.id), []).extend(str(target.id) for target in association.to)
            inputs = [following for association in page.results if (following := association.following) is not None]
        if inputs:
            raise too_much("more pages than max_pages")
        return found, failures

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
        return await self._sorted_page(_CONTACTS, own, names, Customer, ask, self._reader(companies), until)

    async def _sorted_page(
        self,
        objects: str,
        own: Sequence[Any],
        names: Sequence[str],
        record: type[Record],
        ask: Ask,
        record_of: Callable[[Any], Any],
        until: float | None,
    ) -> Page:
        """Search in the order of ids, from the last one of the page before. Conditions have all read, and are applied here."""
        last = ask.after.id if ask.after else None
        first = None if ask.where else ask.first
        totals: list[int] = []

        async def turn(start: str | None) -> tuple[list[Any], str | None]:
            page = await self._behind(objects, own, start or (None if ask.where else last), names, first or _PAGE, until)
            totals.append(page.total)
            return page.results, str(page.results[-1]["id"]) if page.after and page.results else None

        rows = await self.paged(turn, lambda rows: first is not None and len(rows) >= first)
        total = totals[0]
        if ask.where:
            rows = rows_meeting(rows, record_of, record, ask.where)
            total = len(rows)
            rows = [row for row in rows if last is None or readable([row], lambda row: int(row["id"]) > int(last)) != [False]]
        elif ask.count and last is not None:
            total = (await self._behind(objects, own, None, (), 1, until)).total
        return Page(as_records(rows[: ask.first], record_of), total if ask.count else None)

    async def _behind(
        self, objects: str, own: Sequence[Any], last: str | None, names: Sequence[str], limit: int, until: float | None
    ) -> HubSpotPage:
        """Search for what comes behind an id, which is a number. A search by HubSpot's own cursors ends after 10,000."""
        name = _IDS[0]
        filters = [*own, *([{"propertyName": name, "operator": "GT", "value": last}] if last else [])]
        sorts = [{"propertyName": name, "direction": "ASCENDING"}]
        body = {"filterGroups": [{"filters": filters}], "sorts": sorts, "properties": names, "limit": min(limit, _PAGE)}
        return await self.post(HubSpotPage, f"{objects}/search", body, until)

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
        companies, failures = await self._read_all(_COMPANIES, {"properties": COMPANY}, sorted(set(ids)), until)
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
            failures |= part_failures(asked, page.errors)
        return rows, failures

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
