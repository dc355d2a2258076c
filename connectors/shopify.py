"""The `shopify` kind: customers of a shop and their orders, from Shopify's GraphQL Admin API."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from connectors.contract import Answer, Ask, KeyKind, Keys, Push, lookup
from connectors.errors import SourceAuthError, SourceError, SourceUnavailableError
from connectors.graphql.answers import answer_in, of_the_call
from connectors.graphql.asking import ACCEPT, Asking
from connectors.graphql.lookup import lookups_of
from connectors.graphql.settings import GraphQLSettings
from connectors.records import Customer, Order, Record
from connectors.transport import Refused
from connectors.vendor import Secret, Vendor, VendorSettings, is_number

_CHECK_TIMEOUT_S = 5.0
_WINDOW = {Push.FIRST, Push.ORDER, Push.SINCE}
_BY = {
    KeyKind.CUSTOMER_ID: ("query ($id: ID!) { customer(id: $id) %s }", {"id": "gid://shopify/Customer/{key}"}),
    KeyKind.EMAIL: ("query ($key: String!) { customerByIdentifier(identifier: {emailAddress: $key}) %s }", {}),
    KeyKind.PHONE: ("query ($key: String!) { customerByIdentifier(identifier: {phoneNumber: $key}) %s }", {}),
}
"""How a customer is found, and the variables that this takes."""
_ORDERS = """{
  orders(first: $first, after: $after, sortKey: CREATED_AT, reverse: true, query: $search) { nodes { ...fields } }
}"""
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
        "company.name": "defaultAddress.company",
        "address.line": "defaultAddress.address1",
        "address.postal_code": "defaultAddress.zip",
        "address.city": "defaultAddress.city",
        "address.region": "defaultAddress.province",
        "address.country": "defaultAddress.countryCodeV2",
    },
}
_ORDER = {
    "order": "newest_first",
    "fields": {
        "id": "legacyResourceId",
        "placed_at": "createdAt",
        "status": "cancelledAt && 'CANCELLED' || displayFinancialStatus == 'REFUNDED' && 'RETURNED'"
        " || displayFulfillmentStatus == 'FULFILLED' && 'SHIPPED'"
        " || contains(['UNFULFILLED', 'OPEN', 'RESTOCKED'], displayFulfillmentStatus) && displayFinancialStatus"
        " || 'PROCESSING'",
        "total.amount": "totalPriceSet.shopMoney.amount",
        "total.currency": "totalPriceSet.shopMoney.currencyCode",
        "delivered_at": "max(fulfillments(first: 10)[].deliveredAt)",
    },
    "values": {
        "status": {
            **dict.fromkeys(("AUTHORIZED", "PAID", "PARTIALLY_PAID", "PARTIALLY_REFUNDED"), "CONFIRMED"),
            **dict.fromkeys(("EXPIRED", "VOIDED"), "CANCELLED"),
        }
    },
    "lists": {
        "items": {
            "list": "lineItems(first: 100).nodes",
            "fields": {
                "sku": "sku",
                "name": "name",
                "category": "product.productType",
                "quantity": "quantity",
                "unit_price.amount": "originalUnitPriceSet.shopMoney.amount",
                "unit_price.currency": "originalUnitPriceSet.shopMoney.currencyCode",
            },
        }
    },
}


class ShopifySettings(VendorSettings):
    """`base_url` is that of the shop: `https://NAME.myshopify.com`."""

    token: Secret
    api_version: Annotated[str, Field(pattern=r"^(20\d\d-(01|04|07|10)|unstable)$")] = "2026-01"
    page_size: Annotated[int, Field(ge=1, le=250)] = 100


class Shopify(Vendor[ShopifySettings]):
    """One shop, with the access token of a custom app."""

    kind = "shopify"
    any_case = True
    settings_type = ShopifySettings

    def __init__(self, name: str, settings: ShopifySettings) -> None:
        super().__init__(name, settings)
        self._asking = Asking(self._post, _wait_s)
        self._asked = {(one.record, one.by): one for one in lookups_of(_described(settings))}

    def headers(self) -> Mapping[str, str]:
        return {"X-Shopify-Access-Token": self.settings.token.get_secret_value(), **ACCEPT}

    def refusal(self, answer: Refused) -> SourceError | None:
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

    async def _find_by_id(self, record: type[Record], ids: Mapping[str, str], ask: Ask) -> Answer:
        found = await self._find(record, KeyKind.CUSTOMER_ID, [id_ for id_ in ids.values() if is_number(id_)], ask)
        return {key: found[id_] for key, id_ in ids.items() if id_ in found}

    async def _find(self, record: type[Record], by: KeyKind, keys: Keys, ask: Ask) -> Answer:
        return await self._asking.fetch(self._asked[record, by], keys, ask)

    async def _post(self, body: Any, until: float | None) -> bytes | None:
        return await self.call("POST", f"/admin/api/{self.settings.api_version}/graphql.json", body=body, until=until)

    async def _problem(self, record: str) -> str | None:
        """What is wrong when one of the shop's records is asked for, None when nothing is."""
        until = asyncio.get_running_loop().time() + _CHECK_TIMEOUT_S
        try:
            answer = answer_in(await self._post({"query": f"{{ {record}s(first: 1) {{ nodes {{ id }} }} }}"}, until) or b"")
            if answer.errors:
                raise of_the_call(answer.errors, None)
        except SourceAuthError as error:
            return f"sources.{self.name}.token: {error}; it is wrong or revoked, or lacks the scope read_{record}s"
        except SourceError as error:
            return self.trouble(error, f"{record}s")
        return None


def _described(settings: ShopifySettings) -> GraphQLSettings:
    """The shop as a source of the `graphql` kind."""
    paged = {"page_size": settings.page_size, "max_pages": settings.max_pages}
    since = {"search": "created_at:>='{since}'"}
    customers = {by: {"query": query % "{ ...fields }", "variables": own} for by, (query, own) in _BY.items()}
    orders = {by: {"query": query % _ORDERS, "variables": own | since, **paged} for by, (query, own) in _BY.items()}
    records = {"customer": _CUSTOMER | {"keys": customers}, "order": _ORDER | {"keys": orders}}
    return GraphQLSettings.model_validate({"base_url": settings.base_url, "records": records})


def _wait_s(extensions: Any) -> float | None:
    """Until the bucket of points holds what was asked for."""
    try:
        cost = extensions["cost"]
        bucket = cost["throttleStatus"]
        missing = float(cost["requestedQueryCost"]) - float(bucket["currentlyAvailable"])
        return max(0.0, missing / float(bucket["restoreRate"]))
    except (TypeError, ValueError, LookupError, ZeroDivisionError):
        return None
