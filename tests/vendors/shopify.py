"""Shopify's GraphQL Admin API as it is documented: customers by id or identifier, orders in pages, a bucket of points."""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from aiohttp import web
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLObjectType,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    get_named_type,
    graphql_sync,
    parse,
    value_from_ast_untyped,
)

from tests.vendors.api import GrantingApi, Refusal

TOKEN = "shpat_0c1d2e3f40516273"
PATH = "/admin/api/2026-01/graphql.json"
MANY = 260
"""Orders of Ben."""
LARGEST_PAGE, BUCKET, RESTORED = 250, 1000.0, 50.0
MAX_POINTS = 1000
"""Of one document, whatever the bucket holds."""
CLIENT = {"client_id": "0f1e2d3c4b5a", "client_secret": "shpss_6a7b8c9d"}

SCHEMA = build_schema("""
scalar DateTime
scalar Decimal
scalar UnsignedInt64
scalar JSON
enum CurrencyCode { EUR GBP }
enum CountryCode { GB DE }
enum FulfillmentStatus { CANCELLED ERROR FAILURE OPEN PENDING SUCCESS }
enum CustomerSortKeys { CREATED_AT ID LOCATION NAME RELEVANCE UPDATED_AT }
enum OrderSortKeys { CREATED_AT ID PROCESSED_AT UPDATED_AT }
enum OrderDisplayFinancialStatus {
  AUTHORIZED EXPIRED PAID PARTIALLY_PAID PARTIALLY_REFUNDED PENDING REFUNDED VOIDED
}
enum OrderDisplayFulfillmentStatus {
  FULFILLED IN_PROGRESS ON_HOLD OPEN PARTIALLY_FULFILLED PENDING_FULFILLMENT REQUEST_DECLINED RESTOCKED SCHEDULED UNFULFILLED
}
input CustomerIdentifierInput @oneOf { id: ID emailAddress: String phoneNumber: String }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
type MoneyV2 { amount: Decimal! currencyCode: CurrencyCode! }
type MoneyBag { shopMoney: MoneyV2! presentmentMoney: MoneyV2! }
type Product { id: ID! legacyResourceId: UnsignedInt64! productType: String! vendor: String! }
type LineItem {
  id: ID! sku: String name: String! vendor: String quantity: Int! currentQuantity: Int! product: Product
  originalUnitPriceSet: MoneyBag! originalTotalSet: MoneyBag! discountedTotalSet: MoneyBag! totalDiscountSet: MoneyBag!
}
type LineItemConnection { nodes: [LineItem!]! pageInfo: PageInfo! }
type Metafield { id: ID! namespace: String! key: String! type: String! value: String! jsonValue: JSON! }
type Fulfillment { id: ID! status: FulfillmentStatus! deliveredAt: DateTime }
type Order {
  id: ID! legacyResourceId: UnsignedInt64! name: String! sourceName: String test: Boolean!
  createdAt: DateTime! processedAt: DateTime! updatedAt: DateTime! cancelledAt: DateTime
  displayFinancialStatus: OrderDisplayFinancialStatus displayFulfillmentStatus: OrderDisplayFulfillmentStatus!
  totalPriceSet: MoneyBag! currentTotalPriceSet: MoneyBag! originalTotalPriceSet: MoneyBag! totalRefundedSet: MoneyBag!
  totalDiscountsSet: MoneyBag totalShippingPriceSet: MoneyBag! totalTaxSet: MoneyBag
  metafield(namespace: String, key: String!): Metafield
  customer: Customer fulfillments(first: Int): [Fulfillment!]! lineItems(first: Int, after: String): LineItemConnection!
}
type OrderConnection { nodes: [Order!]! pageInfo: PageInfo! }
type MailingAddress { address1: String zip: String city: String province: String countryCodeV2: CountryCode company: String }
enum CustomerEmailAddressMarketingState { INVALID NOT_SUBSCRIBED PENDING SUBSCRIBED UNSUBSCRIBED }
enum CustomerSmsMarketingState { NOT_SUBSCRIBED PENDING REDACTED SUBSCRIBED UNSUBSCRIBED }
type CustomerEmailAddress {
  emailAddress: String! marketingState: CustomerEmailAddressMarketingState! marketingUpdatedAt: DateTime
}
type CustomerPhoneNumber { phoneNumber: String! marketingState: CustomerSmsMarketingState! marketingUpdatedAt: DateTime }
type Customer {
  id: ID! legacyResourceId: UnsignedInt64! displayName: String! firstName: String lastName: String locale: String!
  createdAt: DateTime! updatedAt: DateTime! defaultAddress: MailingAddress
  metafield(namespace: String, key: String!): Metafield
  defaultEmailAddress: CustomerEmailAddress defaultPhoneNumber: CustomerPhoneNumber
  orders(first: Int, after: String, sortKey: OrderSortKeys = ID, reverse: Boolean = false, query: String): OrderConnection!
}
type CustomerConnection { nodes: [Customer!]! pageInfo: PageInfo! }
type Query {
  customers(
    first: Int, after: String, sortKey: CustomerSortKeys = ID, reverse: Boolean = false, query: String
  ): CustomerConnection!
  orders(first: Int, after: String, sortKey: OrderSortKeys = PROCESSED_AT, query: String): OrderConnection!
  customer(id: ID!): Customer customerByIdentifier(identifier: CustomerIdentifierInput!): Customer
}
""")


def money(amount: str) -> dict[str, Any]:
    own = {"amount": amount, "currencyCode": "EUR"}
    return {"shopMoney": own, "presentmentMoney": {"amount": "0.86", "currencyCode": "GBP"}}


def order(number: int, created: str, fulfillment: str, financial: str, **more: Any) -> dict[str, Any]:
    lines = [
        {
            "id": f"gid://shopify/LineItem/{number}1",
            "sku": f"SKU-{number}",
            "name": "Teapot - Blue",
            "vendor": "Potters",
            "quantity": 2,
            "currentQuantity": 2,
            "product": {
                "id": "gid://shopify/Product/1",
                "legacyResourceId": "1",
                "productType": "kitchen",
                "vendor": "Potters",
            },
            "originalUnitPriceSet": money("9.95"),
            "originalTotalSet": money("19.90"),
            "totalDiscountSet": money("2.00"),
            "discountedTotalSet": money("17.90"),
        },
        {
            "id": f"gid://shopify/LineItem/{number}2",
            "sku": None,
            "name": "Card",
            "vendor": None,
            "quantity": 1,
            "currentQuantity": 1,
            "originalUnitPriceSet": money("0.0"),
            "originalTotalSet": money("0.0"),
            "totalDiscountSet": money("0.0"),
            "discountedTotalSet": money("0.0"),
        },
    ]
    return {
        "id": f"gid://shopify/Order/{number}",
        "legacyResourceId": str(number),
        "name": f"#{number}",
        "sourceName": "web",
        "test": False,
        "createdAt": created,
        "processedAt": created,
        "updatedAt": created,
        "cancelledAt": None,
        "displayFinancialStatus": financial,
        "displayFulfillmentStatus": fulfillment,
        "totalPriceSet": money("22.80"),
        "currentTotalPriceSet": money("22.80"),
        "originalTotalPriceSet": money("22.80"),
        "totalRefundedSet": money("0.0"),
        "totalDiscountsSet": money("2.00"),
        "totalShippingPriceSet": money("4.90"),
        "totalTaxSet": money("3.64"),
        "fulfillments": [],
        **metafields(),
        "lineItems": {"nodes": lines, "pageInfo": {"hasNextPage": False, "hasPreviousPage": False}},
    } | more


NEVER_ASKED = {"marketingState": "NOT_SUBSCRIBED", "marketingUpdatedAt": None}


def customer(number: int, email: str | None, phone: str | None, **more: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Customer/{number}",
        "legacyResourceId": str(number),
        "displayName": f"Customer {number}",
        "firstName": None,
        "lastName": None,
        "locale": "en",
        "createdAt": "2025-11-03T10:15:00Z",
        "updatedAt": "2026-05-01T00:00:00Z",
        "defaultAddress": None,
        "defaultEmailAddress": email and {"emailAddress": email, **NEVER_ASKED},
        "defaultPhoneNumber": phone and {"phoneNumber": phone, **NEVER_ASKED},
        "orders": [],
        **metafields(),
    } | more


def metafields(**values: Any) -> dict[str, Any]:
    """The metafields of an object in the namespace `custom`. Their values are texts of JSON, but for plain texts."""

    def metafield(_info: Any, key: str, namespace: str = "app") -> dict[str, Any] | None:
        value = values.get(key) if namespace == "custom" else None
        return None if value is None else {"namespace": namespace, "key": key, "value": json.dumps(value), "jsonValue": value}

    return {"metafield": metafield}


def parcel(delivered: str | None, status: str = "SUCCESS") -> dict[str, Any]:
    return {"id": "gid://shopify/Fulfillment/1", "status": status, "deliveredAt": delivered}


ALL_DELIVERED = [parcel("2026-05-08T14:00:00Z"), parcel("2026-05-07T09:30:00Z"), parcel(None, "CANCELLED")]
ANNS = [
    order(9001, "2026-05-01T09:00:00Z", "UNFULFILLED", "PAID"),
    order(9002, "2026-05-02T09:00:00Z", "UNFULFILLED", "PENDING"),
    order(9003, "2026-05-03T09:00:00Z", "PARTIALLY_FULFILLED", "PAID"),
    order(9004, "2026-05-04T09:00:00Z", "FULFILLED", "PAID", fulfillments=ALL_DELIVERED),
    order(9005, "2026-05-05T09:00:00Z", "FULFILLED", "REFUNDED"),
    order(9006, "2026-05-06T09:00:00Z", "UNFULFILLED", "VOIDED", cancelledAt="2026-05-06T10:00:00Z"),
    order(9007, "2026-05-07T09:00:00Z", "UNFULFILLED", "EXPIRED"),
]


def customers() -> list[dict[str, Any]]:
    begin = datetime(2026, 1, 1, 12, tzinfo=UTC)
    bens = [
        order(10_000 + n, (begin + timedelta(hours=n)).strftime("%Y-%m-%dT%H:%M:%SZ"), "FULFILLED", "PAID") for n in range(MANY)
    ]
    address = {"address1": "1 High Street", "zip": "N1 1AA", "city": "London", "province": "England", "countryCodeV2": "GB"}
    ann = {"displayName": "Ann Archer", "firstName": "Ann", "lastName": "Archer", "locale": "en-GB"}
    return [
        customer(
            7001, "Ann@Example.com", "+442079460000", **ann, defaultAddress=address | {"company": "Archer & Co"}, orders=ANNS
        ),
        customer(7002, "ben@example.com", None, orders=bens),
        customer(7003, None, "+442079460001"),
        customer(7004, "cy@example.com", "+442079460002", orders=ANNS[:2]),
    ]


class ShopifyApi(GrantingApi):
    """`available` is what the bucket holds; it is not refilled. Without the scope a field that needs one is denied."""

    authorization_header = "X-Shopify-Access-Token"
    authorization = TOKEN
    unauthorized = Refusal(401, {"errors": f"[API] Invalid API key or access token: {TOKEN}"})

    token_path = "/admin/oauth/access_token"
    client = CLIENT
    grant: ClassVar = {"grant_type": "client_credentials"}
    token_name = "shpat_of_day_"
    scheme = ""

    def __init__(self) -> None:
        super().__init__()
        self.customers = customers()
        self.available = BUCKET
        self.scopes = {"read_customers", "read_orders"}
        self.costs: list[int] = []

    def grants(self, token: str) -> dict[str, Any]:
        return {"access_token": token, "scope": ",".join(self.scopes), "expires_in": 86399}

    def respond(self, request: web.Request, body: Any) -> web.Response:
        if request.method != "POST" or request.path != PATH:
            return web.json_response({"errors": "Not Found"}, status=404)
        requested = cost_of(body["query"], body.get("variables") or {})
        self.costs.append(requested)
        cost: dict[str, Any] = {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": self._bucket()}
        if requested > MAX_POINTS:
            said = f"Query cost is {requested}, which exceeds the single query max cost limit ({MAX_POINTS})."
            refused = {"code": "MAX_COST_EXCEEDED", "cost": requested, "maxCost": MAX_POINTS}
            return web.json_response({"errors": [{"message": said, "extensions": refused}]})
        if requested > self.available:
            throttled = {"code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/rate-limits"}
            errors = [{"message": "Throttled", "extensions": throttled}]
            return web.json_response({"errors": errors, "extensions": {"cost": cost}})
        result = graphql_sync(SCHEMA, body["query"], _Root(self), variable_values=body.get("variables"))
        cost["actualQueryCost"] = requested
        return web.json_response(result.formatted | {"extensions": {"cost": cost}})

    def _bucket(self) -> dict[str, float]:
        return {"maximumAvailable": BUCKET, "currentlyAvailable": self.available, "restoreRate": RESTORED}


def _search(term: str) -> Callable[[Any], bool]:
    """One term of a search. Those that Shopify does not know find everything, and a name finds those that begin with it."""
    if term in {"test:false", "test:true"}:
        return lambda one: one["test"] is (term == "test:true")
    if own := re.fullmatch(r'(id|name):"?(.+?)"?', term):
        if own[1] == "name":
            return lambda one: one["name"].startswith(own[2])
        return lambda one: one["legacyResourceId"] == own[2]
    bound = re.fullmatch(r"(created|processed)_at:>='(.+)'", term)
    return lambda one: bound is None or one[f"{bound[1]}At"] >= bound[2]


def cost_of(document: str, variables: Mapping[str, Any]) -> int:
    """The points of a document: one for each object, none for values, and connections by the size of their pages."""
    (operation,) = (one for one in parse(document).definitions if isinstance(one, OperationDefinitionNode))
    assert SCHEMA.query_type is not None
    return _cost(SCHEMA.query_type, operation.selection_set, variables)


def _cost(parent: GraphQLObjectType, selections: SelectionSetNode | None, variables: Mapping[str, Any]) -> int:
    fields = [one for one in selections.selections if isinstance(one, FieldNode)] if selections else []
    return sum(_field_cost(parent, one, variables) for one in fields if one.name.value != "__typename")


def _field_cost(parent: GraphQLObjectType, field: FieldNode, variables: Mapping[str, Any]) -> int:
    kind = get_named_type(parent.fields[field.name.value].type)
    if not isinstance(kind, GraphQLObjectType) or kind.name == "PageInfo":
        return 0
    inside = _cost(kind, field.selection_set, variables)
    if not kind.name.endswith("Connection"):
        return 1 + inside
    first = next(value_from_ast_untyped(one.value, variables) for one in field.arguments if one.name.value == "first")
    return 2 + _size(first) * inside


def _size(first: int) -> int:
    """How many objects a page counts for: one for one, eleven for 250 by what callers have measured, scaled in between."""
    return max(1, round(2 * math.log(first)))


def _orders_of(own: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [one | {"customer": {"legacyResourceId": own["legacyResourceId"]}} for one in own["orders"]]


class _Root:
    def __init__(self, api: ShopifyApi) -> None:
        self._api = api

    def customer(self, _info: Any, id: str) -> Any:  # noqa: A002  Shopify's name
        if not re.fullmatch(r"gid://shopify/Customer/\d+", id):
            raise GraphQLError(f"Invalid global id '{id}'", extensions={"code": "argumentLiteralsIncompatible"})
        return self._shown(lambda one: one["id"] == id)

    def customerByIdentifier(self, _info: Any, identifier: dict[str, str]) -> Any:  # noqa: N802  Shopify's name
        email, phone = identifier.get("emailAddress", ""), identifier.get("phoneNumber")
        return self._shown(
            lambda one: (
                email.lower() == (one["defaultEmailAddress"] or {}).get("emailAddress", "-").lower()
                or phone == (one["defaultPhoneNumber"] or {}).get("phoneNumber", "-")
            )
        )

    def customers(self, _info: Any, first: int, after: str = "id-0", **window: Any) -> Any:
        """A page by ids. A cursor names the customer at whom the page before it ended, there or not."""
        self._need("customers")
        if not 1 <= first <= LARGEST_PAGE or not re.fullmatch(r"id-\d+", after) or window.get("sortKey", "ID") != "ID":
            raise GraphQLError("Invalid cursor for current pagination sort.", extensions={"code": "BAD_USER_INPUT"})
        numbers = sorted(int(one["legacyResourceId"]) for one in self._api.customers)
        rest = [number for number in numbers if number > int(after.removeprefix("id-"))]
        page = rest[:first]
        info = {"hasNextPage": len(rest) > first, "hasPreviousPage": False, "endCursor": f"id-{page[-1]}" if page else None}
        shown = [self._shown(lambda one, number=number: one["legacyResourceId"] == str(number)) for number in page]
        return {"nodes": shown, "pageInfo": info}

    def orders(self, _info: Any, **window: Any) -> Any:
        return self._orders([one for own in self._api.customers for one in _orders_of(own)], window)

    def _need(self, what: str) -> None:
        if f"read_{what}" not in self._api.scopes:
            raise GraphQLError(f"Access denied for {what} field.", extensions={"code": "ACCESS_DENIED"})

    def _shown(self, fits: Any) -> Any:
        found = next((one for one in self._api.customers if fits(one)), None)
        return found and found | {"orders": lambda _info, **window: self._orders(_orders_of(found), window)}

    def _orders(self, orders: Any, window: Any) -> Any:
        self._need("orders")
        first, start = window["first"], int(window.get("after", "cursor-0").removeprefix("cursor-"))
        if not 1 <= first <= LARGEST_PAGE:
            raise GraphQLError(f"first cannot exceed {LARGEST_PAGE}", extensions={"code": "BAD_REQUEST"})
        tests = [_search(term) for term in (window.get("query") or "").split()]
        found = [one for one in orders if all(test(one) for test in tests)]
        by = {"CREATED_AT": "createdAt", "PROCESSED_AT": "processedAt"}.get(window.get("sortKey"), "id")
        found.sort(key=lambda one: (one[by], one["id"]), reverse=window.get("reverse", False))
        page = found[start : start + first]
        more = start + first < len(found)
        info = {"hasNextPage": more, "hasPreviousPage": start > 0, "endCursor": f"cursor-{start + len(page)}" if page else None}
        return {"nodes": page, "pageInfo": info}
