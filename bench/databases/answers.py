"""Answers of different schemas in one form: those of all servers must be equal before anything is timed."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

import msgspec

from bench.asking import post
from bench.databases.queries import CUSTOMERS, request, rotate_variables, text_of
from bench.equality import find_difference
from bench.processes import BenchError

_CASES = 12
_UNKNOWN = {"Q1": {"id": "c99999"}, "Q2": {"email": "nobody@example.com"}}
_MONEY = {"total", "unitPrice"}
_TIMES = {"placedAt", "createdAt", "at", "firstAt", "lastAt"}


def compare_answers(urls: dict[str, str], query: str, customers: int = CUSTOMERS) -> dict[str, float]:
    """Compare what all servers answer. Gives the mean size of an answer in bytes, by server.

    Raises `BenchError` at the first that differs.
    """
    lengths: dict[str, list[int]] = {server: [] for server in urls}
    for variables in _cases(query, customers):
        right = None
        for server, url in urls.items():
            text = post(url, request(text_of(server, query), query, variables))
            answer = msgspec.json.decode(text)
            if "errors" in answer:
                raise BenchError(f"{server}, {query}, {variables}: {str(answer['errors'])[:500]}")
            found = plain(answer["data"])
            right = found if right is None else right
            if found != right:
                raise BenchError(f"{server}, {query}, {variables}: the answer differs: {find_difference(found, right)}")
            lengths[server].append(len(text))
    return {server: sum(sizes[:_CASES]) / _CASES for server, sizes in lengths.items()}


def _cases(query: str, customers: int) -> Iterator[dict[str, Any]]:
    yield from islice(rotate_variables(query, customers), _CASES)
    if query in _UNKNOWN:
        yield _UNKNOWN[query]


def plain(value: Any) -> Any:
    """An answer without what only its schema has.

    - an id is without the name of its source, a page `{nodes: [...]}` is its list
    - the parts of an address stand in the customer, the currency of an amount beside it
    - of sums by currency there is one, for the shop has one currency
    - amounts are numbers, times are times, customers stand in the order of their ids
    """
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"nodes"}:
        return plain(value["nodes"])
    found: dict[str, Any] = {}
    for name, inner in value.items():
        found |= _of_field(name, inner)
    return found


def _of_field(name: str, value: Any) -> dict[str, Any]:
    if name == "address":
        parts: dict[str, Any] = plain(value)
        return parts
    if name == "customers":
        return {name: sorted(plain(value), key=lambda customer: str(customer["id"]))}
    if name == "id":
        return {name: value.rpartition(":")[2]}
    if name in _TIMES:
        return {name: datetime.fromisoformat(value)}
    if name in _MONEY:
        (one,) = value if isinstance(value, list) else [value]
        amount = one if isinstance(one, dict) else {"amount": one}
        currency = {"currency": amount["currency"]} if "currency" in amount else {}
        return {name: Decimal(str(amount["amount"])), **currency}
    return {name: plain(value)}
