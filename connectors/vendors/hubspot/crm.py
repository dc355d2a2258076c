"""HubSpot's CRM API, version 3: credentials, refusals, batches by id, searches in the order of ids, and associations."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from connectors.contract import Answer, Ask, Keys, Page
from connectors.errors import SourceError, SourceProtocolError, SourceThrottledError, SourceUnavailableError
from connectors.records import Record
from connectors.toolkit.batches import ask_in_halves
from connectors.toolkit.http_client import RefusedResponse
from connectors.toolkit.vendor_connector import Grant, Vendor, too_much
from connectors.toolkit.vendor_rows import as_records, by_key, is_number, needed, readable, rows_meeting
from connectors.vendors.hubspot.answers import AssociationPage, Failures, HubSpotPage, part_failures, unless_all_failed
from connectors.vendors.hubspot.settings import HubSpotSettings

_OBJECTS = "/crm/v3/objects"
SURVEYS, SUBSCRIPTIONS = f"{_OBJECTS}/feedback_submissions", f"{_OBJECTS}/subscriptions"
CONTACTS, COMPANIES, TICKETS, DEALS = (f"{_OBJECTS}/{name}" for name in ("contacts", "companies", "tickets", "deals"))
_APP = "https://app.hubspot.com"
_OBJECT_TYPES = {"customer": "0-1", "deal": "0-3", "ticket": "0-5", "subscription": "0-69"}
"""The types of HubSpot's own objects, as addresses of its pages have them."""
BATCH, PAGE = 100, 200
AT_ONCE = 20
"""Contacts or companies whose tickets or deals are asked for at once."""
ID = "hs_object_id"
"""The property that holds the id of any object, and orders them."""
_WAITS_S = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}
"""How long a limit lasts, by its policy. That of a day ends at midnight, in a zone that only the account knows."""
_LOCKED_S = 2.0
"""How long HubSpot asks to leave alone what is locked."""


class Objects(NamedTuple):
    """Objects that are associated with contacts and companies, and how one becomes a record.

    `record_of` takes the contacts of objects by id, where these were loaded, and a row.
    """

    name: str
    record: str
    read_from: dict[str, tuple[str, ...]]
    record_of: Callable[[Mapping[str, Sequence[str]], Any], dict[str, Any]]


class Crm(Vendor[HubSpotSettings]):
    """The API of an account, shared by all lookups."""

    quota_field = b"x-hubspot-ratelimit-daily-remaining"

    def headers(self) -> Mapping[str, str]:
        token = self.settings.token
        return {} if token is None else self.bearing(token.get_secret_value())

    def page_links(self) -> Mapping[str, str]:
        if self.settings.hub_id is None:
            return {}
        records = f"{_APP}/contacts/{self.settings.hub_id}/record"
        return {record: f"{records}/{kind}/{{sourceId}}" for record, kind in _OBJECT_TYPES.items()}

    def grant(self) -> Grant | None:
        own = self.settings
        if own.client_id is None or own.client_secret is None or own.refresh_token is None:
            return None
        app = {"client_id": own.client_id, "client_secret": own.client_secret, "refresh_token": own.refresh_token}
        return Grant("/oauth/v1/token", {"grant_type": "refresh_token", **app})

    def refusal(self, answer: RefusedResponse) -> SourceError | None:
        if answer.status == 429 and "Retry-After" not in answer.headers:
            return SourceThrottledError(retry_after_s=_WAITS_S.get(answer.said["policyName"]))
        if answer.status == 423 and "Retry-After" not in answer.headers:
            return SourceUnavailableError(retry_after_s=_LOCKED_S)
        return super().refusal(answer)

    async def read_all(
        self, objects: str, options: Mapping[str, Any], ids: Sequence[str], until: float | None
    ) -> tuple[list[Any], Failures]:
        rows: list[Any] = []
        failures: dict[str, SourceError] = {}
        for start in range(0, len(ids), BATCH):
            asked = ids[start : start + BATCH]
            body = {**options, "inputs": [{"id": id_} for id_ in asked]}
            page = await self.post(HubSpotPage, f"{objects}/batch/read", body, until)
            rows += page.results
            failures |= part_failures(asked, page.errors)
        return rows, failures

    async def associated(
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

    async def objects_by_id(self, objects: Objects, keys: Keys, ask: Ask) -> Answer:
        ids, until = list(filter(is_number, keys)), self.until(ask)
        return await ask_in_halves(ids, lambda some: self._load(objects, some, {id_: [id_] for id_ in some}, ask, until))

    async def objects_of(self, owners: str, objects: Objects, keys: Keys, ask: Ask) -> Answer:
        """Load the objects that contacts or companies are associated with."""
        until = self.until(ask)

        async def some(keys: Keys) -> Answer:
            found, failures = await self.associated(keys, owners, objects.name, until)
            keys_by_id: dict[str, list[str]] = {}
            for key, ids in found.items():
                for id_ in ids:
                    keys_by_id.setdefault(id_, []).append(key)
            answer = await self._load(objects, keys, keys_by_id, ask, until)
            return unless_all_failed(keys, {**answer, **failures})

        return await ask_in_halves(list(filter(is_number, keys)), some)

    async def _load(
        self, objects: Objects, keys: Keys, keys_by_id: Mapping[str, Sequence[str]], ask: Ask, until: float | None
    ) -> dict[str, bytes | SourceError]:
        """Load objects by id, with their contacts where these are wanted. One that fails costs its keys."""
        own = self.own[objects.record]
        options = {"properties": needed(ask.fields, objects.read_from | own.by_field)}
        rows, failures = await self.read_all(f"{_OBJECTS}/{objects.name}", options, list(keys_by_id), until)
        ids = readable(rows, lambda row: str(row["id"]))
        contacts, without = (
            await self.associated(ids, objects.name, "contacts", until) if "customer_id" in ask.fields else ({}, {})
        )
        answer: dict[str, bytes | SourceError] = {
            **by_key(
                keys,
                rows,
                lambda row: keys_by_id[str(row["id"])],
                lambda row: objects.record_of(contacts, row) | own.read(row["properties"].get),
            )
        }
        for id_, error in {**failures, **without}.items():
            answer |= dict.fromkeys(keys_by_id[id_], error)
        return unless_all_failed(keys, answer)

    async def sorted_page(
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
            page = await self._behind(objects, own, start or (None if ask.where else last), names, first or PAGE, until)
            totals.append(page.total)
            ids = readable(page.results[-1:], lambda row: str(row["id"]))
            if page.after and not ids:
                raise SourceProtocolError("a page has no id to go on from")
            return page.results, ids[0] if page.after else None

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
        filters = [*own, *([{"propertyName": ID, "operator": "GT", "value": last}] if last else [])]
        sorts = [{"propertyName": ID, "direction": "ASCENDING"}]
        body = {"filterGroups": [{"filters": filters}], "sorts": sorts, "properties": names, "limit": min(limit, PAGE)}
        return await self.post(HubSpotPage, f"{objects}/search", body, until)
