"""The `shopify` kind: customers of a shop and their orders, from Shopify's GraphQL Admin API."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Field

from connectors.contract import Answer, Ask, KeyKind, Keys, Listing, Push, listing, lookup
from connectors.errors import SourceAuthError, SourceError, SourceUnavailableError
from connectors.graphql.client import ACCEPT, GraphQLClient
from connectors.graphql.lister import listers_of
from connectors.graphql.lookup import lookups_of
from connectors.graphql.response import of_the_call, read_response
from connectors.graphql.selection import absent_fields_of
from connectors.graphql.settings import GraphQLSettings
from connectors.record_fields import Fields
from connectors.records import Customer, Order, Record
from connectors.toolkit.http_client import RefusedResponse
from connectors.toolkit.own_properties import PropertyNames
from connectors.toolkit.text_forms import fits
from connectors.toolkit.vendor_connector import AppSettings, Grant, Vendor
from connectors.toolkit.vendor_rows import is_number

_CHECK_TIMEOUT_S = 5.0
_WINDOW = {Push.FIRST, Push.ORDER, Push.SINCE}
_BY = {
    KeyKind.CUSTOMER_ID: ("$id: ID!", "customer(id: $id)", {"id": "gid://shopify/Customer/{key}"}),
    KeyKind.EMAIL: ("$key: String!", "customerByIdentifier(identifier: {emailAddress: $key})", {}),
    KeyKind.PHONE: ("$key: String!", "customerByIdentifier(identifier: {phoneNumber: $key})", {}),
}
"""How a customer is found: the variable that this takes, the field, and what a key makes of the variable."""
_ORDERS = """{
  orders(first: $first, after: $after, sortKey: PROCESSED_AT, reverse: true, query: $search) { nodes { ...fields } }
}"""
_FOUND_ORDERS = """query ($search: String!) {
  orders(first: 10, after: $after, query: $search) { nodes { key: %s ...fields } }
}"""
"""A search for a name finds others like it, too."""
_ALL_CUSTOMERS = """query ($first: Int!, $after: String) {
  customers(first: $first, after: $after, sortKey: ID) { nodes { ...fields } }
}"""
"""By their ids, so that a customer who is changed meanwhile stays at his place."""
_MAX_PAGE = 250
_NO_TESTS = "test:false"
_PARCELS = "fulfillments[?!contains(['CANCELLED', 'ERROR', 'FAILURE'], status)]"
_HAS_COME = f"displayFulfillmentStatus == 'FULFILLED' && {_PARCELS} && !({_PARCELS[:-1]} && !deliveredAt])"
"""Whether everything was sent, and each parcel has been delivered."""


def _money(path: str, where: str) -> dict[str, str]:
    """An amount in the shop's own currency."""
    return {f"{path}.amount": f"{where}.shopMoney.amount", f"{path}.currency": f"{where}.shopMoney.currencyCode"}


_CUSTOMER = {
    "fields": {
        "id": "legacyResourceId",
        "kind": "'PERSON'",
        "name": "displayName",
        "given_name": "firstName",
        "family_name": "lastName",
        "email": "defaultEmailAddress.emailAddress",
        "phone": "defaultPhoneNumber.phoneNumber",
        "locale": "locale",
        "created_at": "createdAt",
        "updated_at": "updatedAt",
        "company.name": "defaultAddress.company",
        "address.line": "defaultAddress.address1",
        "address.postal_code": "defaultAddress.zip",
        "address.city": "defaultAddress.city",
        "address.region": "defaultAddress.province",
        "address.country": "defaultAddress.countryCodeV2",
    },
    "lists": {
        "consents": {
            "list": "[defaultEmailAddress, defaultPhoneNumber][?marketingState && marketingState != 'NOT_SUBSCRIBED']",
            "fields": {
                "channel": "__typename",
                "purpose": "'marketing'",
                "state": "marketingState",
                "at": "marketingUpdatedAt",
            },
            "values": {
                "channel": {"CustomerEmailAddress": "EMAIL", "CustomerPhoneNumber": "SMS"},
                "state": {"SUBSCRIBED": "GRANTED", "UNSUBSCRIBED": "WITHDRAWN"},
            },
        }
    },
}
"""Who never subscribed said nothing. A state that is none of the values, such as one that waits for an answer, is unknown."""
_ORDER = {
    "order": "newest_first",
    "fields": {
        "id": "legacyResourceId",
        "number": "name",
        "customer_id": "customer.legacyResourceId",
        "channel": "sourceName",
        "placed_at": "processedAt",
        "updated_at": "updatedAt",
        "status": "cancelledAt && 'CANCELLED' || displayFinancialStatus == 'REFUNDED' && 'RETURNED'"
        f" || {_HAS_COME} && 'DELIVERED' || displayFulfillmentStatus == 'FULFILLED' && 'SHIPPED'"
        " || contains(['UNFULFILLED', 'OPEN', 'RESTOCKED'], displayFulfillmentStatus) && displayFinancialStatus"
        " || displayFulfillmentStatus",
        **_money("total", "totalPriceSet"),
        **_money("refunded", "totalRefundedSet"),
        **_money("discount", "totalDiscountsSet"),
        **_money("shipping", "totalShippingPriceSet"),
        **_money("tax", "totalTaxSet"),
        "delivered_at": f"{_HAS_COME} && max({_PARCELS}.deliveredAt) || `null`",
    },
    "values": {
        "status": {
            **dict.fromkeys(("AUTHORIZED", "PAID", "PARTIALLY_PAID", "PARTIALLY_REFUNDED"), "CONFIRMED"),
            **dict.fromkeys(("EXPIRED", "VOIDED"), "CANCELLED"),
            **dict.fromkeys(("IN_PROGRESS", "ON_HOLD", "PARTIALLY_FULFILLED"), "PROCESSING"),
            **dict.fromkeys(("PENDING_FULFILLMENT", "REQUEST_DECLINED", "SCHEDULED"), "PROCESSING"),
        }
    },
    "lists": {
        "items": {
            "list": "lineItems(first: 100).nodes",
            "fields": {
                "sku": "sku",
                "product_id": "product.legacyResourceId",
                "name": "name",
                "brand": "vendor",
                "category": "product.productType",
                "quantity": "quantity",
                **_money("unit_price", "originalUnitPriceSet"),
                **_money("discount", "totalDiscountSet"),
                **_money("total", "discountedTotalSet"),
            },
        }
    },
}


Version = Annotated[
    str, fits(r"20\d\d-(01|04|07|10)|unstable", "is no version of the API; write the first month of a quarter, such as 2026-01")
]


_METAFIELDS = PropertyNames(
    r"([\w-]+)\.([\w-]+)", "write namespace and key of a metafield, such as custom.loyalty_tier", has_objects=True
)


def _metafield(name: str) -> str:
    """Write the expression of a metafield."""
    namespace, _, key = name.partition(".")
    return f'metafield(namespace: "{namespace}", key: "{key}").jsonValue'


class ShopifySettings(AppSettings):
    """`base_url` is that of the shop: `https://NAME.myshopify.com`. Orders of tests are none, unless `test_orders` says so."""

    api_version: Version = "2026-01"
    page_size: Annotated[int, Field(ge=1, le=250)] = 100
    test_orders: bool = False


class Shopify(Vendor[ShopifySettings]):
    """Read one shop. The access token is a custom app's, or tokens of a day are for an app's id and secret."""

    kind = "shopify"
    any_case = True
    settings_type = ShopifySettings
    update_times = ("order",)
    property_names = MappingProxyType(dict.fromkeys(("customer", "order"), _METAFIELDS))

    def __init__(self, name: str, settings: ShopifySettings) -> None:
        super().__init__(name, settings)
        self._asking = GraphQLClient(self._post, _wait_s)
        described = _described(settings, {name: own.expressions(_metafield) for name, own in self.own.items()})
        self._absent[Order] = absent_fields_of(Order, described.records["order"])
        (self._customers,) = listers_of(described, self._post, _wait_s)
        self._asked = {(lookup.record, lookup.by): lookup for lookup in lookups_of(described)}

    def headers(self) -> Mapping[str, str]:
        token = self.settings.token
        return dict(ACCEPT) if token is None else {**self.bearing(token.get_secret_value()), **ACCEPT}

    def grant(self) -> Grant | None:
        client_id, client_secret = self.settings.client_id, self.settings.client_secret
        if client_id is None or client_secret is None:
            return None
        app = {"client_id": client_id, "client_secret": client_secret}
        return Grant("/admin/oauth/access_token", {"grant_type": "client_credentials", **app})

    def bearing(self, token: str) -> Mapping[str, str]:
        return {"X-Shopify-Access-Token": token}

    def page_links(self) -> Mapping[str, str]:
        admin = f"{self.settings.base_url}/admin"
        return {"customer": f"{admin}/customers/{{sourceId}}", "order": f"{admin}/orders/{{sourceId}}"}

    def refusal(self, answer: RefusedResponse) -> SourceError | None:
        if answer.status in {402, 423}:
            return SourceUnavailableError("the shop is frozen or locked")
        return self._asking.refusal(answer) or super().refusal(answer)

    async def check(self) -> list[str]:
        problems = await asyncio.gather(*map(self._problem, self.settings.keys))
        return list(dict.fromkeys(problem for problem in problems if problem is not None))

    @lookup(Customer, by=KeyKind.CUSTOMER_ID, max_batch=25)
    async def customers_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find_by_id(Customer, {key: key for key in keys}, ask)

    @lookup(Customer, by=KeyKind.EXTERNAL_ID, max_batch=25)
    async def customers_by_external_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find_by_id(Customer, self.own_ids(keys), ask)

    @lookup(Customer, by=KeyKind.EMAIL, max_batch=25)
    async def customers_by_email(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find(Customer, KeyKind.EMAIL, keys, ask)

    @lookup(Customer, by=KeyKind.PHONE, max_batch=25)
    async def customers_by_phone(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find(Customer, KeyKind.PHONE, keys, ask)

    @lookup(Order, by=KeyKind.CUSTOMER_ID, max_batch=5, pushdown=_WINDOW)
    async def orders_by_customer_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find_by_id(Order, {key: key for key in keys}, ask)

    @lookup(Order, by=KeyKind.EXTERNAL_ID, max_batch=5, pushdown=_WINDOW)
    async def orders_by_external_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find_by_id(Order, self.own_ids(keys), ask)

    @lookup(Order, by=KeyKind.EMAIL, max_batch=5, pushdown=_WINDOW)
    async def orders_by_email(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find(Order, KeyKind.EMAIL, keys, ask)

    @lookup(Order, by=KeyKind.ORDER_ID, max_batch=25)
    async def orders_by_id(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find(Order, KeyKind.ORDER_ID, [key for key in keys if is_number(key)], ask)

    @lookup(Order, by=KeyKind.ORDER_NUMBER, max_batch=25)
    async def orders_by_number(self, keys: Keys, ask: Ask) -> Answer:
        return await self._find(Order, KeyKind.ORDER_NUMBER, [key for key in keys if _can_be_quoted(key)], ask)

    @listing(Customer, max_first=_MAX_PAGE)
    async def all_customers(self, fields: Fields, after: str | None, first: int, remaining_s: float | None = None) -> Listing:
        return await self._customers.fetch(fields, after, first, remaining_s)

    async def _find_by_id(self, record: type[Record], ids: Mapping[str, str], ask: Ask) -> Answer:
        answer = await self._find(record, KeyKind.CUSTOMER_ID, [id_ for id_ in ids.values() if is_number(id_)], ask)
        return {key: answer[id_] for key, id_ in ids.items() if id_ in answer}

    async def _find(self, record: type[Record], by: KeyKind, keys: Keys, ask: Ask) -> Answer:
        return await self._asking.fetch(self._asked[record, by], keys, ask)

    async def _post(self, body: Any, until: float | None) -> bytes | None:
        return await self.call("POST", f"/admin/api/{self.settings.api_version}/graphql.json", body=body, until=until)

    async def _problem(self, record: str) -> str | None:
        """Report the problem of asking for a record, else None."""
        until = asyncio.get_running_loop().time() + _CHECK_TIMEOUT_S
        try:
            answer = read_response(await self._post({"query": f"{{ {record}s(first: 1) {{ nodes {{ id }} }} }}"}, until) or b"")
            if answer.errors:
                raise of_the_call(answer.errors, None)
        except SourceAuthError as error:
            return f"sources.{self.name}.{self.credential}: {error}; it is wrong or revoked, or lacks the scope read_{record}s"
        except SourceError as error:
            return self.trouble(error, f"{record}s")
        return None


def _described(settings: ShopifySettings, metafields: Mapping[str, Mapping[str, str]]) -> GraphQLSettings:
    """The shop as a source of the `graphql` kind, with the expressions of fields of one's own."""
    paged = {"page_size": settings.page_size, "max_pages": settings.max_pages}
    only = "" if settings.test_orders else f" {_NO_TESTS}"
    search = f'$search: String = "{only.strip()}"' if only else "$search: String"
    since = {"search": "processed_at:>='{since}'" + only}
    customers = {
        by: {"query": f"query ({variable}) {{ {field} {{ ...fields }} }}", "variables": own}
        for by, (variable, field, own) in _BY.items()
    }
    orders = {
        by: {"query": f"query ({variable}, {search}) {{ {field} {_ORDERS} }}", "variables": own | since, **paged}
        for by, (variable, field, own) in _BY.items()
    }
    searches = {KeyKind.ORDER_ID: ("legacyResourceId", "id:{key}"), KeyKind.ORDER_NUMBER: ("name", 'name:"{key}"')}
    orders |= {
        by: {"query": _FOUND_ORDERS % key, "variables": {"search": term + only}, "max_pages": settings.max_pages}
        for by, (key, term) in searches.items()
    }
    every = {"query": _ALL_CUSTOMERS, "page_size": _MAX_PAGE}
    records: dict[str, dict[str, Any]] = {
        "customer": _CUSTOMER | {"keys": customers, "listing": every},
        "order": _ORDER | {"keys": orders},
    }
    for name, own in metafields.items():
        table, words = records[name], settings.values.get(name, {})
        records[name] = table | {"fields": table["fields"] | own, "values": table.get("values", {}) | words}
    return GraphQLSettings.model_validate({"base_url": settings.base_url, "records": records})


def _can_be_quoted(key: str) -> bool:
    """Tell whether a search can hold the key between quotes."""
    return '"' not in key and "\\" not in key


def _wait_s(extensions: Any) -> float | None:
    """Compute the wait until the bucket holds enough points."""
    try:
        cost = extensions["cost"]
        bucket = cost["throttleStatus"]
        missing = float(cost["requestedQueryCost"]) - float(bucket["currentlyAvailable"])
        return max(0.0, missing / float(bucket["restoreRate"]))
    except (TypeError, ValueError, LookupError, ZeroDivisionError):
        return None
