"""The connector of the `stripe` kind: ask for each key, page by page."""

import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any

import msgspec

from connectors.contract import Answer, Ask, Change, KeyKind, Keys, Listing, Page, Push, WebhookRequest, listing, lookup
from connectors.errors import ListingCursorError, NoWebhookError, SourceError, SourceProtocolError, SourceRejectedError
from connectors.record_fields import Fields
from connectors.records import Customer, Order, Record, Subscription
from connectors.toolkit.converters import contact_points, given, to_time
from connectors.toolkit.http_client import RefusedResponse, ask_each, gathered
from connectors.toolkit.listing_cursor import decode_cursor, encode_cursor
from connectors.toolkit.text_forms import fits
from connectors.toolkit.vendor_connector import Parameters, Secret, Trial, Vendor, VendorSettings
from connectors.toolkit.vendor_rows import (
    as_records,
    country_code,
    cut_page,
    joined,
    read_or_odd,
    readable,
    step,
    unsure_of_letters,
)
from connectors.toolkit.webhook_signatures import expect_stripe, read
from connectors.vendors.stripe.charges import order_of, orders_of, place
from connectors.vendors.stripe.subscriptions import subscription_of

_CUSTOMERS, _CHARGES, _DISPUTES, _SUBSCRIPTIONS = "/v1/customers", "/v1/charges", "/v1/disputes", "/v1/subscriptions"
_DASHBOARD = "https://dashboard.stripe.com"
_PAGES = {"customer": "customers", "order": "payments", "subscription": "subscriptions"}
"""What the pages of records are called there."""
_PAGE, _AT_ONCE = 100, 20
_PLACES = 3
"""How many customers a cursor of a listing names. The last of them may be deleted before the next page is asked for."""
_WINDOW = (Push.FIRST, Push.AFTER, Push.SINCE, Push.ORDER)
_ID = re.compile(r"[A-Za-z0-9_.-]{1,255}")
Word = Annotated[str, fits(r"[\w.-]+", "cannot stand in a header; write letters, digits, _, . and - only")]


class StripeSettings(VendorSettings):
    """`search` is off where Stripe has none, as in India. Addresses are then found in the case of letters that they have."""

    base_url: str = "https://api.stripe.com"
    token: Secret
    api_version: Word = "2025-04-30.basil"
    account: Word | None = None
    search: bool = True
    webhook_secret: Secret | None = None


class StripeList(msgspec.Struct):
    data: list[Any]
    has_more: bool = False
    next_page: str | None = None


class StripeEvent(msgspec.Struct):
    """The object of an event: a charge, a customer, a subscription, or another one."""

    object: str
    id: str = ""
    customer: str | None = None


class Data(msgspec.Struct):
    object: StripeEvent


class StripeWebhook(msgspec.Struct):
    data: Data


class NotThereError(SourceRejectedError):
    """A parameter names an object that does not exist."""


class Stripe(Vendor[StripeSettings]):
    """Stripe, with a secret or a restricted key. Charges that have failed are attempts and no orders."""

    kind = "stripe"
    filled_fields = MappingProxyType({"order": "id number customer_id placed_at status total refunded payments"})
    settings_type = StripeSettings

    def __init__(self, name: str, settings: StripeSettings) -> None:
        super().__init__(name, settings)
        self.any_case = settings.search

    def headers(self) -> Mapping[str, str]:
        own = self.settings
        fixed = {"Authorization": f"Bearer {own.token.get_secret_value()}", "Stripe-Version": own.api_version}
        return fixed | ({"Stripe-Account": own.account} if own.account else {})

    def page_links(self) -> Mapping[str, str]:
        if self.settings.account is not None:  # pages of another account are under its own, which is not documented
            return {}
        dashboard = _DASHBOARD + ("/test" if "_test_" in self.settings.token.get_secret_value()[:8] else "")
        return {record: f"{dashboard}/{page}/{{sourceId}}" for record, page in _PAGES.items()}

    def trials(self) -> Sequence[Trial]:
        paths = [_CUSTOMERS, _CHARGES, _DISPUTES, *([_SUBSCRIPTIONS] if "subscription" in self.settings.keys else [])]
        return [Trial(path, f"the permission to read {path.rpartition('/')[2]}", {"limit": 1}) for path in paths]

    def refusal(self, answer: RefusedResponse) -> SourceError | None:
        if answer.status == 400 and answer.said["error"]["code"] == "resource_missing":
            return NotThereError()
        return super().refusal(answer)

    def changes(self, request: WebhookRequest, now: datetime) -> Sequence[Change]:
        if self.settings.webhook_secret is None:
            raise NoWebhookError
        expect_stripe(request, self.settings.webhook_secret, now)
        changed = read(request, StripeWebhook).data.object
        if changed.object == "customer":
            return [self.own_change(Customer, changed.id)]
        records: dict[str, type[Record]] = {"charge": Order, "subscription": Subscription}
        record = records.get(changed.object)
        return [self.own_change(record, changed.customer)] if record and changed.customer else []

    @listing(Customer, max_first=_PAGE)
    async def all_customers(
        self,
        fields: Fields,  # noqa: ARG002  customers come whole
        after: str | None,
        first: int,
        remaining_s: float | None = None,
    ) -> Listing:
        """List the customers, the newest first, behind the last one who is still there."""
        places = [] if after is None else decode_cursor(self.kind, after).split(" ")
        page = await self._page_behind(places, first, self.ends(remaining_s))
        content = as_records(page.data, self._customer)
        if not page.has_more:
            return Listing(content)
        places = [*places, *_ids_of(page)][-_PLACES:]
        return Listing(content, encode_cursor(self.kind, " ".join(places)))

    @lookup(Customer, by=KeyKind.CUSTOMER_ID, max_batch=_AT_ONCE)
    async def customers_by_id(self, keys: Keys, ask: Ask) -> Answer:
        until = self.until(ask)
        return await ask_each(keys, lambda id_: self._customer_by_id(id_, until))

    @lookup(Customer, by=KeyKind.EXTERNAL_ID, max_batch=_AT_ONCE)
    async def customers_by_external_id(self, keys: Keys, ask: Ask) -> Answer:
        ids, until = self.own_ids(keys), self.until(ask)
        return await ask_each(list(ids), lambda key: self._customer_by_id(ids[key], until))

    @lookup(Customer, by=KeyKind.EMAIL, max_batch=_AT_ONCE)
    async def customers_by_email(self, keys: Keys, ask: Ask) -> Answer:
        until = self.until(ask)

        async def customers(email: str) -> bytes:
            return as_records(await self._by_email(email, until), self._customer)

        return await ask_each(keys, customers)

    @lookup(Customer, by=KeyKind.TEXT, max_batch=5)
    async def customers_by_text(self, keys: Keys, ask: Ask) -> Answer:
        until = self.until(ask)

        async def customers(text: str) -> bytes:
            return as_records(await self._listed(f"{_CUSTOMERS}/search", {"query": _query(text)}, until), self._customer)

        return await ask_each(keys, customers)

    @lookup(Order, by=KeyKind.CUSTOMER_ID, max_batch=_AT_ONCE, pushdown=_WINDOW)
    async def orders_by_customer_id(self, keys: Keys, ask: Ask) -> Answer:
        until = self.until(ask)
        return await ask_each(keys, lambda id_: self._orders([id_], ask, until))

    @lookup(Order, by=KeyKind.EXTERNAL_ID, max_batch=_AT_ONCE, pushdown=_WINDOW)
    async def orders_by_external_id(self, keys: Keys, ask: Ask) -> Answer:
        ids, until = self.own_ids(keys), self.until(ask)
        return await ask_each(list(ids), lambda key: self._orders([ids[key]], ask, until))

    @lookup(Order, by=KeyKind.EMAIL, max_batch=_AT_ONCE, pushdown=_WINDOW)
    async def orders_by_email(self, keys: Keys, ask: Ask) -> Answer:
        until = self.until(ask)

        return await self._by_emails(keys, lambda ids: self._orders(ids, ask, until), until)

    @lookup(Order, by=KeyKind.ORDER_ID, max_batch=_AT_ONCE)
    async def orders_by_id(self, keys: Keys, ask: Ask) -> Answer:
        until = self.until(ask)
        return await ask_each(keys, lambda id_: self._order_by_id(id_, ask, until))

    @lookup(Subscription, by=KeyKind.CUSTOMER_ID, max_batch=_AT_ONCE)
    async def subscriptions_by_customer_id(self, keys: Keys, ask: Ask) -> Answer:
        until = self.until(ask)
        return await ask_each(keys, lambda id_: self._subscriptions([id_], until))

    @lookup(Subscription, by=KeyKind.EXTERNAL_ID, max_batch=_AT_ONCE)
    async def subscriptions_by_external_id(self, keys: Keys, ask: Ask) -> Answer:
        ids, until = self.own_ids(keys), self.until(ask)
        return await ask_each(list(ids), lambda key: self._subscriptions([ids[key]], until))

    @lookup(Subscription, by=KeyKind.EMAIL, max_batch=_AT_ONCE)
    async def subscriptions_by_email(self, keys: Keys, ask: Ask) -> Answer:
        until = self.until(ask)
        return await self._by_emails(keys, lambda ids: self._subscriptions(ids, until), until)

    @lookup(Subscription, by=KeyKind.SUBSCRIPTION_ID, max_batch=_AT_ONCE)
    async def subscriptions_by_id(self, keys: Keys, ask: Ask) -> Answer:
        until = self.until(ask)

        async def subscription(id_: str) -> bytes | None:
            row = await self.find(dict[str, Any], f"{_SUBSCRIPTIONS}/{step(id_)}", {}, until)
            return None if row is None else as_records([row], subscription_of)

        return await ask_each([key for key in keys if _ID.fullmatch(key)], subscription)

    async def _subscriptions(self, ids: Sequence[str], until: float | None) -> bytes:
        """Load customers' subscriptions, with those that have ended."""
        questions = [{"customer": id_, "status": "all"} for id_ in ids if _ID.fullmatch(id_)]
        pages = await gathered(self._listed(_SUBSCRIPTIONS, question, until) for question in questions)
        return as_records([row for page in pages for row in page], subscription_of)

    async def _by_emails(self, keys: Keys, load: Callable[[list[str]], Awaitable[Page | bytes]], until: float | None) -> Answer:
        """Find what the customers with an address have, by their ids."""

        async def load_by_email(email: str) -> Page | bytes | None:
            customers = await self._by_email(email, until)
            if not customers and not self.settings.search:
                return None
            return await load(readable(customers, lambda customer: str(customer["id"])))

        answer = await ask_each(keys, load_by_email)
        return answer if self.settings.search else unsure_of_letters(keys, answer)

    async def _page_behind(self, places: Sequence[str], first: int, until: float | None) -> StripeList:
        """Load the customers behind the last of these who is there, or the first of all."""
        for start in reversed(places) if places else (None,):
            if start is not None and not _ID.fullmatch(start):
                raise ListingCursorError
            try:
                page = await self.find(StripeList, _CUSTOMERS, {"limit": first, "starting_after": start}, until)
            except NotThereError:
                continue
            if page is None:
                raise SourceProtocolError("there is no list of customers")
            return page
        raise ListingCursorError

    async def _order_by_id(self, id_: str, ask: Ask, until: float | None) -> bytes | None:
        if not _ID.fullmatch(id_):
            return None
        charge = await self.find(dict[str, Any], f"{_CHARGES}/{step(id_)}", {}, until)
        return None if charge is None else await self._records(orders_of([charge]), ask, until)

    async def _customer_by_id(self, id_: str, until: float | None) -> bytes | None:
        if not _ID.fullmatch(id_):
            return None
        customer = await self.find(dict[str, Any], f"{_CUSTOMERS}/{step(id_)}", {}, until)
        return None if customer is None or customer.get("deleted") else as_records([customer], self._customer)

    async def _by_email(self, email: str, until: float | None) -> list[Any]:
        """Find the customers who have an address, in any case of letters.

        A list compares letters as they are, and is up to date; a search does not, and is a minute behind.
        """
        searches: list[tuple[str, Parameters]] = [(_CUSTOMERS, {"email": email})]
        if self.settings.search:
            searches.append((f"{_CUSTOMERS}/search", {"query": f"email:{_quoted(email)}"}))
        pages = await gathered(self._listed(path, parameters, until) for path, parameters in searches)
        rows = [row for page in pages for row in page]
        wanted = email.casefold()
        own = readable(rows, lambda row: (str(row["id"]), row) if _address(row) == wanted else None)
        return list(dict(own).values())

    async def _orders(self, ids: Sequence[str], ask: Ask, until: float | None) -> Page:
        charges = await gathered(self._charges(id_, ask, until) for id_ in ids if _ID.fullmatch(id_))
        rows, _ = cut_page([row for own, _ in charges for row in own], ask, place)
        return Page(await self._records(rows, ask, until), partial=any(is_cut for _, is_cut in charges))

    async def _records(self, rows: Sequence[Any], ask: Ask, until: float | None) -> bytes:
        """Write charges as orders, with the disputes that their states need."""
        disputed = readable(rows, lambda row: str(row["id"]) if row.get("disputed") else None)
        reads_them = disputed and ("status" in ask.fields or "refunded" in ask.fields)
        lost = await gathered(self._lost(id_, until) for id_ in disputed) if reads_them else []
        return as_records(rows, partial(order_of, dict(zip(disputed, lost, strict=False))))

    async def _lost(self, charge: str, until: float | None) -> list[Any]:
        """Find the disputes that were lost: what the bank gave back to the customer."""
        disputes = await self._listed(_DISPUTES, {"charge": charge}, until)
        return [dispute for dispute in disputes if readable([dispute], lambda dispute: dispute["status"] == "lost") == [True]]

    async def _charges(self, id_: str, ask: Ask, until: float | None) -> tuple[list[Any], bool]:
        """Load a customer's charges, newest first, as far as needed. It also says whether there are more of them.

        Those of one second come in any order.
        """
        after = None if ask.after is None or ask.oldest_first else ask.after.time
        wanted = None if ask.oldest_first else ask.first
        parameters: Parameters = {
            "customer": id_,
            "created[gte]": _second(ask.since, math.ceil),
            "created[lt]": _second(ask.until, math.ceil),
            "created[lte]": _second(after, math.floor),
        }

        def is_enough(rows: list[Any]) -> bool:
            last = min(readable(rows, lambda row: place(row).time), default=None)
            whole_seconds = [row for row in rows if readable([row], lambda row: place(row).time != last) == [True]]
            return wanted is not None and len(cut_page(orders_of(whole_seconds, id_), ask, place)[0]) >= wanted

        first_page = _PAGE if wanted is None else min(_PAGE, wanted + 1)
        rows, is_cut = await self._pages(_CHARGES, parameters, until, is_enough, first_page)
        if is_cut and ask.oldest_first:
            raise SourceProtocolError("more pages than max_pages")
        return orders_of(rows, id_), is_cut

    async def _listed(self, path: str, parameters: Parameters, until: float | None) -> list[Any]:
        """Read all rows of a list or of a search."""
        rows, is_cut = await self._pages(path, parameters, until)
        if is_cut:
            raise SourceProtocolError("more pages than max_pages")
        return rows

    async def _pages(
        self,
        path: str,
        parameters: Parameters,
        until: float | None,
        is_enough: Callable[[list[Any]], bool] = lambda _: False,
        first_page: int = _PAGE,
    ) -> tuple[list[Any], bool]:
        """Read the rows of a list or search, and whether more follow. A search names its next page itself."""
        cursor = "page" if "query" in parameters else "starting_after"

        async def turn(start: str | None) -> tuple[list[Any], str | None]:
            own = {"limit": first_page if start is None else _PAGE, cursor: start}
            page = await self.find(StripeList, path, {**parameters, **own}, until)
            if page is None or not page.has_more:
                return page.data if page else [], None
            return page.data, page.next_page or _ids_of(page)[-1]

        try:
            return await self.first_pages(turn, is_enough)
        except NotThereError:
            return [], False

    def _customer(self, row: Any) -> dict[str, Any]:
        return given(
            id=row["id"],
            name=row.get("name"),
            email=row.get("email"),
            phone=row.get("phone"),
            locale=next(iter(locales), None) if isinstance(locales := row.get("preferred_locales"), list) else locales,
            createdAt=to_time(row.get("created")),
            address=read_or_odd(row.get("address"), _postal_address),
            contactPoints=contact_points([row.get("email")], [row.get("phone")]),
            externalIds=[{"source": self.name, "id": row["id"]}],
        )


def _ids_of(page: StripeList) -> list[str]:
    """List the ids of a page that another one follows."""
    ids = readable(page.data, lambda row: str(row["id"]))
    if not ids:
        raise SourceProtocolError("a page has no ids to go on from")
    return ids


def _postal_address(address: Any) -> dict[str, Any]:
    has = (address or {}).get
    return given(
        line=joined(has("line1"), has("line2"), by=", "),
        postalCode=has("postal_code"),
        city=has("city"),
        region=has("state"),
        country=country_code(has("country")),
    )


def _query(text: str) -> str:
    return " OR ".join(f"{name}~{_quoted(text)}" for name in ("name", "email", "phone"))


def _quoted(text: str) -> str:
    words = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{words}"'


def _address(row: Any) -> str:
    address: str = row["email"]
    return address.casefold()


def _second(time: datetime | None, rounded: Callable[[float], int]) -> int | None:
    return None if time is None else max(0, rounded(time.timestamp()))
