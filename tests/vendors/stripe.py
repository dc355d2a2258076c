"""Stripe's API as it is documented: lists from the newest on, cursors that are ids, amounts in the smallest unit."""

import re
from typing import Any

from aiohttp import web

from tests.vendors.api import Refusal, VendorApi, refused

TOKEN = "rk_test_51Habc"
MANY = 260
"""Charges of Ben, in groups of five that were made in the same second."""
START = 1_767_225_600
"""2026-01-01 in UTC."""
_CLAUSE = re.compile(r'((name|email|phone)([:~])"((?:[^"\\]|\\.)*)")')
_ESCAPED = re.compile(r"\\(.)")


def customer(id_: str, email: str | None, **more: Any) -> dict[str, Any]:
    fixed = {"id": id_, "object": "customer", "created": START - 86_400, "email": email, "name": None, "phone": None}
    return fixed | {"address": None, "preferred_locales": [], "livemode": False, "metadata": {}} | more


ADDRESS = {
    "line1": "1 High Street",
    "line2": "Flat 2",
    "city": "London",
    "state": None,
    "postal_code": "N1 1AA",
    "country": "GB",
}
CUSTOMERS = [
    customer(
        "cus_Ann",
        "ann@example.com",
        name="Ann Archer",
        phone="+442079460000",
        address=ADDRESS,
        preferred_locales=["en-GB"],
    ),
    customer("cus_Ann2", "ann@example.com", name="Ann A."),
    customer("cus_Ben", "ben@example.com", name='Ben "The Bean" Brown'),
    customer("cus_Cleo", "Cleo@Example.com"),
    {"id": "cus_Gone", "object": "customer", "deleted": True},
]


def charge(id_: str, owner: str, second: int, amount: int, currency: str = "eur", **more: Any) -> dict[str, Any]:
    fixed = {
        "id": id_,
        "object": "charge",
        "customer": owner,
        "created": START + second,
        "amount": amount,
        "currency": currency,
    }
    state = {"status": "succeeded", "captured": True, "refunded": False, "disputed": False, "receipt_number": None}
    known = fixed | state | {"payment_method_details": {"type": "card", "card": {"brand": "visa", "wallet": None}}} | more
    captured = known["amount"] if known["captured"] and known["status"] != "failed" else 0
    return {"amount_captured": captured, "amount_refunded": known["amount"] if known["refunded"] else 0} | known


def dispute(id_: str, charge: str, amount: int, status: str, currency: str = "eur") -> dict[str, Any]:
    fixed = {"id": id_, "object": "dispute", "charge": charge, "created": START + 9_000, "reason": "fraudulent"}
    return fixed | {"amount": amount, "currency": currency, "status": status}


def charges() -> list[dict[str, Any]]:
    return [
        charge("ch_1", "cus_Ann", 10, 1999),
        charge("ch_2", "cus_Ann", 20, 500, "jpy", payment_method_details={"type": "konbini", "konbini": {}}),
        charge("ch_3", "cus_Ann", 30, 5120, "kwd", payment_method_details={"type": "klarna", "klarna": {}}, refunded=True),
        charge("ch_4", "cus_Ann", 40, 500, "isk", status="pending", payment_method_details={"type": "sepa_debit"}),
        charge("ch_5", "cus_Ann", 50, 700, "ugx", captured=False, payment_method_details=None),
        charge("ch_6", "cus_Ann", 60, 4200, status="failed", captured=False),
        charge(
            "ch_7",
            "cus_Ann",
            70,
            30000,
            "mxn",
            payment_method_details={"type": "card", "card": {"installments": {"plan": {"count": 3, "interval": "month"}}}},
        ),
        charge("ch_8", "cus_Ann2", 65, 100, payment_method_details={"type": "card", "card": {"wallet": {"type": "apple_pay"}}}),
        *(charge(f"ch_b{(n * 7) % MANY:03}", "cus_Ben", n // 5, 100 + n) for n in range(MANY)),
    ]


def subscription(id_: str, owner: str, day: int, status: str = "active", **more: Any) -> dict[str, Any]:
    start = START + day * 86_400
    known = {
        "id": id_,
        "object": "subscription",
        "customer": owner,
        "created": start,
        "start_date": start,
        "status": status,
        "cancel_at_period_end": False,
        "pause_collection": None,
        **dict.fromkeys(("cancel_at", "canceled_at", "ended_at")),
        "items": {"object": "list", "has_more": False, "data": [item("Pro, monthly", 2900, 5, start + 30 * 86_400)]},
    }
    return known | more


def item(name: str | None, amount: int | None, quantity: int, period_end: int, **price: Any) -> dict[str, Any]:
    """docs.stripe.com/api/subscription_items/object"""
    own = {"id": "price_1", "nickname": name, "product": "prod_1", "currency": "eur", "unit_amount": amount}
    decimal = {"unit_amount_decimal": None if amount is None else str(amount), "lookup_key": None}
    recurring = {"recurring": {"interval": "month", "interval_count": 1}}
    return {"id": "si_1", "quantity": quantity, "current_period_end": period_end, "price": own | decimal | recurring | price}


def subscriptions() -> list[dict[str, Any]]:
    end = START + 40 * 86_400
    two = [item("Base", 1000, 1, end), item("Seat", 250, 4, end, unit_amount_decimal="250.5")]
    return [
        subscription("sub_1", "cus_Ann", 0),
        subscription(
            "sub_2", "cus_Ann", 1, "trialing", items={"data": two}, cancel_at_period_end=True, canceled_at=START + 90_000
        ),
        subscription("sub_3", "cus_Ann2", 2, "canceled", canceled_at=START + 5 * 86_400, ended_at=START + 6 * 86_400),
        subscription("sub_4", "cus_Ben", 3, pause_collection={"behavior": "void"}, items={"data": [item(None, None, 1, end)]}),
        subscription("sub_5", "cus_Ben", 4, "incomplete"),
        subscription("sub_6", "cus_Ben", 5, "past_due"),
    ]


class StripeApi(VendorApi):
    authorization = f"Bearer {TOKEN}"
    unauthorized = Refusal(401, {"error": {"type": "invalid_request_error", "message": f"Invalid API Key provided: {TOKEN}"}})

    def __init__(self) -> None:
        super().__init__()
        self.customers = list(CUSTOMERS)
        self.charges = charges()
        self.subscriptions = subscriptions()
        self.disputes: list[dict[str, Any]] = []
        self.behind: set[str] = set()
        """Customers whom a search does not know yet."""

    def respond(self, request: web.Request, body: Any) -> web.Response:
        assert request.headers["Stripe-Version"] == "2025-04-30.basil"
        query = request.query
        match request.path.removeprefix("/v1/").split("/"):
            case ["customers", "search"]:
                return self._search(query)
            case ["customers", id_]:
                found = [one for one in self.customers if one["id"] == id_]
                return web.json_response(found[0]) if found else _missing(404, id_)
            case ["customers"]:
                there = [one for one in self.customers if not one.get("deleted")]
                return _list([one for one in there if query.get("email") in {None, one.get("email")}], query)
            case ["disputes"]:
                return _list([one for one in self.disputes if query.get("charge") in {None, one["charge"]}], query)
            case ["subscriptions", id_]:  # docs.stripe.com/api/subscriptions/retrieve
                found = [one for one in self.subscriptions if one["id"] == id_]
                return web.json_response(found[0]) if found else _missing(404, id_)
            case [
                "subscriptions"
            ]:  # docs.stripe.com/api/subscriptions/list: without a status those that have ended are left out
                hidden = () if query.get("status") == "all" else ("canceled",)
                theirs = [one for one in self.subscriptions if query.get("customer") in {None, one["customer"]}]
                return _list([one for one in reversed(theirs) if one["status"] not in hidden], query)
            case ["charges", id_]:  # docs.stripe.com/api/charges/retrieve
                found = [one for one in self.charges if one["id"] == id_]
                return web.json_response(found[0]) if found else _missing(404, id_)
            case ["charges"]:
                own = query.get("customer")
                if own is not None and not any(one["id"] == own for one in self.customers):
                    return _missing(400, own)
                found = [one for one in self.charges if own in {None, one["customer"]} and _is_between(one, query)]
                return _list(
                    sorted(found, key=lambda one: one["created"] if isinstance(one["created"], int) else 0)[::-1], query
                )
        return refused(Refusal(404, {"error": {"type": "invalid_request_error", "message": "Unrecognized request URL"}}))

    def _search(self, query: Any) -> web.Response:
        """Clauses are joined by OR. Letters are compared in any case; `~` finds parts of at least three of them."""
        clauses = _CLAUSE.findall(query["query"])
        if " OR ".join(whole for whole, *_ in clauses) != query["query"]:
            return refused(Refusal(400, {"error": {"type": "invalid_request_error", "message": "a clause"}}))
        asked = [(name, operator, _ESCAPED.sub(r"\1", text).lower()) for _, name, operator, text in clauses]
        if any(operator == "~" and len(text) < 3 for _, operator, text in asked):
            return refused(Refusal(400, {"error": {"type": "invalid_request_error", "message": "at least 3 characters"}}))
        found = [one for one in self.customers if one["id"] not in self.behind and any(_meets(one, *ask) for ask in asked)]
        start, size = int(query.get("page", "p0")[1:]), int(query.get("limit", 10))
        more = start + size < len(found)
        answer = {"object": "search_result", "data": found[start : start + size], "has_more": more}
        return web.json_response(answer | {"next_page": f"p{start + size}" if more else None})


def _meets(one: dict[str, Any], name: str, operator: str, text: str) -> bool:
    value = str(one.get(name) or "").lower()
    return text in value if operator == "~" else text == value


def _is_between(row: dict[str, Any], query: Any) -> bool:
    created = row["created"]
    if not isinstance(created, int):
        return True
    tests = {"gte": created.__ge__, "lt": created.__lt__, "lte": created.__le__}
    return all(test(int(query[f"created[{name}]"])) for name, test in tests.items() if f"created[{name}]" in query)


def _missing(status: int, id_: str) -> web.Response:
    said = {"type": "invalid_request_error", "code": "resource_missing", "message": f"No such customer: '{id_}'"}
    return refused(Refusal(status, {"error": said}))


def _list(rows: list[dict[str, Any]], query: Any) -> web.Response:
    size, after = int(query.get("limit", 10)), query.get("starting_after")
    if not 1 <= size <= 100:
        return refused(Refusal(400, {"error": {"type": "invalid_request_error", "message": "limit"}}))
    ids = [one["id"] for one in rows]
    if after is not None and after not in ids:  # docs.stripe.com/error-codes: resource_missing
        return _missing(400, after)
    start = 0 if after is None else ids.index(after) + 1
    has_more = start + size < len(rows)
    return web.json_response({"object": "list", "data": rows[start : start + size], "has_more": has_more})
