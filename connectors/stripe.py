"""The `stripe` kind: the charges of Stripe's customers as orders, and the customers."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from pydantic import Field

from connectors.contract import Answer, Ask, Change, KeyKind, Keys, Page, Position, Push, WebhookRequest, lookup
from connectors.errors import NoWebhookError, SourceError, SourceProtocolError, SourceRejectedError
from connectors.records import Customer, Order
from connectors.semantics import EXACT, as_time
from connectors.transport import Refused, ask_each, gathered
from connectors.values import contact_points, given, to_country, to_money, to_time
from connectors.vendor import Parameters, Secret, Trial, Vendor, VendorSettings, as_records, readable, step, window
from connectors.webhooks import expect_stripe, read

_CUSTOMERS, _CHARGES = "/v1/customers", "/v1/charges"
_PAGE, _AT_ONCE = 100, 20
_WINDOW = (Push.FIRST, Push.AFTER, Push.SINCE, Push.ORDER)
_ID = re.compile(r"[A-Za-z0-9_.-]{1,255}")
_PLACES = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA"), 0),
    **dict.fromkeys(("PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}
"""The decimals of amounts where there are not two. ISK and UGX have none and are written with two all the same."""
_METHODS = {
    **dict.fromkeys(("card", "card_present", "interac_present"), "CARD"),
    **dict.fromkeys(("us_bank_account", "sepa_debit", "bacs_debit", "acss_debit", "au_becs_debit"), "BANK_TRANSFER"),
    **dict.fromkeys(("customer_balance", "ach_credit_transfer", "ideal", "bancontact", "eps", "p24", "pix"), "BANK_TRANSFER"),
    **dict.fromkeys(("paypal", "link", "alipay", "wechat_pay", "cashapp", "amazon_pay", "revolut_pay", "twint"), "WALLET"),
    **dict.fromkeys(("klarna", "affirm", "afterpay_clearpay"), "INVOICE"),
    **dict.fromkeys(("boleto", "oxxo", "konbini", "multibanco"), "VOUCHER"),
}


Word = Annotated[str, Field(pattern=r"^[\w.-]+$")]
"""What can stand in a header."""


class StripeSettings(VendorSettings):
    base_url: str = "https://api.stripe.com"
    token: Secret
    api_version: Word = "2025-04-30.basil"
    account: Word | None = None
    webhook_secret: Secret | None = None


class Listed(msgspec.Struct):
    data: list[Any]
    has_more: bool = False
    next_page: str | None = None


class Told(msgspec.Struct):
    """What an event is about: a charge, a customer, or something else."""

    object: str
    id: str = ""
    customer: str | None = None


class Data(msgspec.Struct):
    object: Told


class Occurred(msgspec.Struct):
    data: Data


class NotThereError(SourceRejectedError):
    """What a parameter names does not exist."""


class Stripe(Vendor[StripeSettings]):
    """Stripe, with a secret or a restricted key. Charges that have failed are attempts and no orders."""

    kind = "stripe"
    settings_type = StripeSettings

    def headers(self) -> Mapping[str, str]:
        own = self.settings
        fixed = {"Authorization": f"Bearer {own.token.get_secret_value()}", "Stripe-Version": own.api_version}
        return fixed | ({"Stripe-Account": own.account} if own.account else {})

    def trials(self) -> Sequence[Trial]:
        return [
            Trial(_CUSTOMERS, "the permission to read customers", {"limit": 1}),
            Trial(_CHARGES, "the permission to read charges", {"limit": 1}),
        ]

    def refusal(self, answer: Refused) -> SourceError | None:
        if answer.status == 400 and answer.said["error"]["code"] == "resource_missing":
            return NotThereError()
        return super().refusal(answer)

    def changes(self, request: WebhookRequest, now: datetime) -> Sequence[Change]:
        if self.settings.webhook_secret is None:
            raise NoWebhookError
        expect_stripe(request, self.settings.webhook_secret, now)
        told = read(request, Occurred).data.object
        if told.object == "customer":
            return [self.own_change(Customer, told.id)]
        return [self.own_change(Order, told.customer)] if told.object == "charge" and told.customer else []

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
        return await ask_each(keys, lambda email: self._customers(_CUSTOMERS, {"email": email}, until))

    @lookup(Customer, by=KeyKind.TEXT, max_batch=5)
    async def customers_by_text(self, keys: Keys, ask: Ask) -> Answer:
        until = self.until(ask)
        return await ask_each(keys, lambda text: self._customers(f"{_CUSTOMERS}/search", {"query": _query(text)}, until))

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

        async def orders(email: str) -> Page:
            customers = await self._listed(_CUSTOMERS, {"email": email}, until)
            return await self._orders(readable(customers, lambda customer: str(customer["id"])), ask, until)

        return await ask_each(keys, orders)

    async def _customer_by_id(self, id_: str, until: float | None) -> bytes | None:
        if not _ID.fullmatch(id_):
            return None
        found = await self.find(dict[str, Any], f"{_CUSTOMERS}/{step(id_)}", {}, until)
        return None if found is None or found.get("deleted") else as_records([found], self._customer)

    async def _customers(self, path: str, parameters: Parameters, until: float | None) -> bytes:
        return as_records(await self._listed(path, parameters, until), self._customer)

    async def _orders(self, ids: Sequence[str], ask: Ask, until: float | None) -> Page:
        found = await gathered(self._charges(id_, ask, until) for id_ in ids if _ID.fullmatch(id_))
        rows, _ = window([row for rows in found for row in rows], ask, _place)
        return Page(as_records(rows, _order))

    async def _charges(self, id_: str, ask: Ask, until: float | None) -> list[Any]:
        """The charges of a customer, newest first, as far as an ask goes. Those of one second come in any order."""
        after = None if ask.after is None or ask.oldest_first else ask.after.time
        wanted = None if ask.oldest_first else ask.first
        parameters: Parameters = {
            "customer": id_,
            "created[gte]": _second(ask.since, math.ceil),
            "created[lt]": _second(ask.until, math.ceil),
            "created[lte]": _second(after, math.floor),
        }

        def is_enough(rows: list[Any]) -> bool:
            last = min(readable(rows, lambda row: int(row["created"])), default=0)
            whole_seconds = [row for row in rows if readable([row], lambda one: one["created"] > last) == [True]]
            return wanted is not None and len(window(_orders_of(id_, whole_seconds), ask, _place)[0]) >= wanted

        first_page = _PAGE if wanted is None else min(_PAGE, wanted + 1)
        return _orders_of(id_, await self._listed(_CHARGES, parameters, until, is_enough, first_page))

    async def _listed(
        self,
        path: str,
        parameters: Parameters,
        until: float | None,
        is_enough: Callable[[list[Any]], bool] = lambda _: False,
        first_page: int = _PAGE,
    ) -> list[Any]:
        """The rows of a list, or of a search, which names its next page itself."""
        cursor = "page" if "query" in parameters else "starting_after"

        async def turn(start: str | None) -> tuple[list[Any], str | None]:
            own = {"limit": first_page if start is None else _PAGE, cursor: start}
            found = await self.find(Listed, path, {**parameters, **own}, until)
            if found is None or not found.has_more:
                return found.data if found else [], None
            ids = readable(found.data, lambda row: str(row["id"]))
            if not ids:
                raise SourceProtocolError("a page has no ids to go on from")
            return found.data, found.next_page or ids[-1]

        try:
            return await self.paged(turn, is_enough)
        except NotThereError:
            return []

    def _customer(self, row: Any) -> dict[str, Any]:
        address = row.get("address") or {}
        return given(
            id=row["id"],
            name=row.get("name"),
            email=row.get("email"),
            phone=row.get("phone"),
            locale=next(iter(row.get("preferred_locales") or ()), None),
            createdAt=to_time(row.get("created")),
            address=given(
                line=", ".join(filter(None, (address.get("line1"), address.get("line2")))),
                postalCode=address.get("postal_code"),
                city=address.get("city"),
                region=address.get("state"),
                country=to_country(address.get("country")),
            ),
            contactPoints=contact_points([row.get("email")], [row.get("phone")]),
            externalIds=[{"source": self.name, "id": row["id"]}],
        )


def _query(text: str) -> str:
    words = text.replace("\\", "\\\\").replace('"', '\\"')
    return " OR ".join(f'{name}~"{words}"' for name in ("name", "email", "phone"))


def _second(time: datetime | None, rounded: Callable[[float], int]) -> int | None:
    return None if time is None else max(0, rounded(time.timestamp()))


def _orders_of(id_: str, rows: list[Any]) -> list[Any]:
    """Without failed attempts, and without what is another customer's. What cannot be read stays in."""
    return [row for row in rows if readable([row], lambda one: one["status"] != "failed" and one["customer"] == id_) != [False]]


def _place(row: Any) -> Position:
    return Position(as_time(to_time(int(row["created"]))), str(row["id"]))


def _order(row: Any) -> dict[str, Any]:
    details: dict[str, Any] = row.get("payment_method_details") or {}
    own = details.get(details.get("type", "")) or {}
    total = _money(row["amount"], row["currency"])
    return given(
        id=row["id"],
        placedAt=to_time(row["created"]),
        status=_status(row),
        total=total,
        payments=[
            given(
                method="WALLET" if own.get("wallet") else _METHODS.get(details.get("type", "")),
                amount=total,
                installments=((own.get("installments") or {}).get("plan") or {}).get("count"),
            )
        ],
    )


def _status(row: Any) -> str:
    if row["status"] != "succeeded":
        return "PENDING"
    return "RETURNED" if row.get("refunded") else "CONFIRMED" if row.get("captured") else "PROCESSING"


def _money(amount: int, currency: str) -> dict[str, Any] | None:
    """From the currency's smallest unit."""
    return to_money(str(Decimal(amount).scaleb(-_PLACES.get(currency.upper(), 2), EXACT)), currency)
