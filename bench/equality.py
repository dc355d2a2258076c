"""All servers say the same: each answer is compared with what the sources' data say. One that differs is not timed.

The gateway's schema is not the peers', so its answers are *unwrapped* first; everything that this takes is in `unwrapped`.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from bench import data
from bench.asking import post
from bench.data import CUSTOMERS, Row, customer_id
from bench.processes import BenchError
from bench.queries import GROUP, body, queries_of

NUMBERS = [0, 1, 2, 17, 999, 5000, 9999, *range(100, 133)]
GROUPS = [[(start + 7 * place) % CUSTOMERS for place in range(GROUP)] for start in (0, 3, 4999, 9990, 1234, 777)]
UNKNOWN = "c99999"

_ORDER_STATES = {"PENDING": "placed", "CONFIRMED": "paid"}
"""Our words for states of an order that the source calls otherwise; the other words differ in case only."""

_WORDS: dict[str, Callable[[str], str]] = {
    "id": lambda node_id: node_id.rpartition(":")[2],
    "status": str.lower,
    "priority": str.lower,
    "author": str.lower,
}
"""How the peers write the values of fields."""


class Expected:
    """What a right answer is, from the records as the sources hold them."""

    def __init__(self, folder: Path) -> None:
        wanted = {*NUMBERS, *(number for group in GROUPS for number in group)}
        self._rows = {kind: data.read(folder, kind, wanted) for kind in data.KINDS}

    def cases(self, query: str) -> Iterator[tuple[dict[str, Any], Row]]:
        """Variables and the data that answer them; an unknown id as well."""
        if query == "Q3":
            for group in GROUPS:
                yield {"ids": [customer_id(number) for number in group]}, {"customers": [self._overview(one) for one in group]}
        else:
            of_one = self._console if query == "Q1" else self._header
            for number in NUMBERS:
                yield {"id": customer_id(number)}, {"customer": of_one(number)}
            yield {"id": UNKNOWN}, {"customer": None}

    def _header(self, number: int) -> Row:
        (customer,) = self._rows["crm"][number]
        return {"id": customer["id"], "name": customer["full_name"]}

    def _overview(self, number: int) -> Row:
        orders = [
            {
                "id": row["order_id"],
                "total": row["total"],
                "status": row["status"],
                "items": [{"sku": item["sku"], "quantity": item["quantity"]} for item in row["items"]],
            }
            for row in self._rows["orders"][number][:5]
        ]
        return {**self._header(number), "email": self._rows["crm"][number][0]["email"], "orders": orders}

    def _console(self, number: int) -> Row:
        (customer,) = self._rows["crm"][number]
        return {
            **self._header(number),
            "email": customer["email"],
            "phone": customer["phone"],
            "lifecycleStage": customer["lifecycle_stage"],
            "orders": [_order(row) for row in self._rows["orders"][number][:20]],
            "tickets": [_ticket(row) for row in self._rows["tickets"][number][:10]],
            "recentEvents": [
                {"type": row["type"], "page": row["page"], "at": row["at"]} for row in self._rows["events"][number][:20]
            ],
        }


def _order(row: Row) -> Row:
    items = [
        {"sku": item["sku"], "name": item["name"], "quantity": item["quantity"], "unitPrice": item["unit_price"]}
        for item in row["items"]
    ]
    return {
        "id": row["order_id"],
        "status": row["status"],
        "total": row["total"],
        "currency": row["currency"],
        "placedAt": row["placed_at"],
        "items": items,
    }


def _ticket(row: Row) -> Row:
    return {
        "id": row["ticket_id"],
        "subject": row["subject"],
        "status": row["status"],
        "priority": row["priority"],
        "createdAt": row["created_at"],
        "messages": [{"author": one["author"], "body": one["body"], "createdAt": one["created_at"]} for one in row["messages"]],
    }


def unwrapped(value: Any) -> Any:
    """An answer of the gateway in the peers' form.

    - an id is without the name of its source
    - a page `{nodes: [...]}` is its list
    - money `{amount: "9.50"}` is the number; the currency of an order's total stands beside the total
    - the time of a message is called `createdAt`
    - words of enums are in lower case, and an order's state is in the source's words
    """
    if isinstance(value, list):
        return [unwrapped(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"nodes"}:
        return unwrapped(value["nodes"])
    if value.keys() == {"amount"}:
        return float(value["amount"])
    found: dict[str, Any] = {}
    for name, inner in value.items():
        if name == "total" and inner.keys() == {"amount", "currency"}:
            found |= {"total": float(inner["amount"]), "currency": inner["currency"]}
        elif name == "status" and "items" in value:
            found[name] = _ORDER_STATES.get(inner, inner.lower())
        elif name in _WORDS:
            found[name] = _WORDS[name](inner)
        elif name == "at" and "author" in value:
            found["createdAt"] = inner
        else:
            found[name] = unwrapped(inner)
    return found


def check(server: str, url: str, expected: Expected, queries: Sequence[str]) -> dict[str, float]:
    """Compare all answers. Gives the mean size of an answer in bytes, by query.

    Raises `BenchError` at the first that differs.
    """
    sizes = {}
    for query in queries:
        lengths = []
        for variables, right in expected.cases(query):
            text = post(url, body(query, queries_of(server)[query], variables))
            answer = msgspec.json.decode(text)
            found = unwrapped(answer) if server == "gateway" else answer
            if found != {"data": right}:
                raise BenchError(
                    f"{server}, {query}, {variables}: the answer differs: {find_difference(found, {'data': right})}"
                )
            if UNKNOWN not in variables.values():
                lengths.append(len(text))
        sizes[query] = sum(lengths) / len(lengths)
    return sizes


def find_difference(found: Any, right: Any, path: str = "") -> str:
    """Where two answers part, with both values."""
    if isinstance(found, dict) and isinstance(right, dict) and found.keys() == right.keys():
        parts = [(f"{path}.{name}", found[name], right[name]) for name in right]
    elif isinstance(found, list) and isinstance(right, list) and len(found) == len(right):
        parts = [(f"{path}[{place}]", *both) for place, both in enumerate(zip(found, right, strict=True))]
    else:
        return f"{path}: {str(found)[:200]} instead of {str(right)[:200]}"
    return next((find_difference(one, other, where) for where, one, other in parts if one != other), "")
