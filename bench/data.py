"""The shop that all sources serve: generated, the same for the same seed, kept in `bench/.data`.

`KIND.jsonl` has a line for each customer, the list of that customer's records as their source writes them, newest first.
`KIND.bin` holds the same for the C source: a count of customers, for each a count of records, for each record its length and
its bytes; all numbers are 32 bits, little-endian.
"""

import random
import struct
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

FOLDER = Path(__file__).parent / ".data"
CUSTOMERS = 10_000
SEED = 42

Row = dict[str, Any]

ORDERS, ITEMS, TICKETS, MESSAGES, EVENTS = 24, 3, 12, 3, 24
"""Of each customer, each order, each customer, each ticket, each customer: at least what the queries ask for."""

NEWEST_FIRST: dict[str, Callable[[Row], tuple[str, str]]] = {
    "orders": lambda row: (row["placed_at"], row["order_id"]),
    "tickets": lambda row: (row["created_at"], row["ticket_id"]),
    "events": lambda row: (row["at"], row["session"]),
}
KINDS = ("crm", *NEWEST_FIRST)

_STAGES = ["lead", "trial", "active", "at_risk", "churned", "reactivated"]
_ORDER_STATES = ["placed", "paid", "shipped", "delivered", "returned", "cancelled"]
_TICKET_STATES = ["open", "pending", "solved", "closed"]
_PRIORITIES = ["low", "normal", "high", "urgent"]
_CURRENCIES = ["EUR", "USD", "GBP", "SEK", "JPY"]
_EVENT_TYPES = ["page_view", "add_to_cart", "search", "checkout", "click", "signup"]
_GIVEN, _FAMILY, _WORDS = (
    words.split()
    for words in (
        "Ana Björn Chloé Dmitri Elena Farid Grace Håkan Ines João Kenji Lúcia Mina Noor Olga Pía Quentin Rosa Søren Tomás",
        """Abel Brandt Castro Dubois Eriksson Fischer García Haddad Ito Jansen
        Kowalski López Müller Novák Okafor Petrov Rossi Silva Tanaka Weiß""",
        """invoice delivery refund damaged parcel account login password late missing wrong size colour thanks
        please urgent reply phone courier address change order discount code voucher return label warehouse
        café naïve résumé façade""",
    )
)
_FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
_SECONDS = 60_000_000
_DRAWN_AND_DROPPED = 12


def customer_id(number: int) -> str:
    return f"c{number:05d}"


def prepared(*, customers: int = CUSTOMERS, orders: int = ORDERS) -> Path:
    """The folder with the data, generated where it is not there yet (about 20 seconds for 10,000 customers)."""
    folder = FOLDER / f"{customers}-customers-{orders}-orders"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder, customers, orders)
        (folder / "done").touch()
    return folder


def read(folder: Path, kind: str, numbers: Collection[int]) -> dict[int, list[Row]]:
    """The records of some customers, by the customer's number."""
    with (folder / f"{kind}.jsonl").open("rb") as lines:
        return {number: msgspec.json.decode(line) for number, line in enumerate(lines) if number in numbers}


def _write(folder: Path, customers: int, orders: int) -> None:
    found: dict[str, list[list[Row]]] = {kind: [] for kind in KINDS}
    for rows in generated(customers, orders, random.Random(SEED)):
        for kind in KINDS:
            found[kind].append(rows[kind])
    encode = msgspec.json.encode
    for kind, lists in found.items():
        (folder / f"{kind}.jsonl").write_bytes(b"".join(encode(rows) + b"\n" for rows in lists))
        (folder / f"{kind}.bin").write_bytes(_packed([[encode(row) for row in rows] for rows in lists]))


def _packed(lists: list[list[bytes]]) -> bytes:
    parts = [struct.pack("<I", len(lists))]
    for rows in lists:
        parts.append(struct.pack("<I", len(rows)))
        for row in rows:
            parts += [struct.pack("<I", len(row)), row]
    return b"".join(parts)


def generated(customers: int, orders: int, draw: random.Random) -> Iterator[dict[str, list[Row]]]:
    """The rows of each customer, by kind."""
    for number in range(customers):
        given, family = draw.choice(_GIVEN), draw.choice(_FAMILY)
        rows = {
            "crm": [_customer(draw, number, f"{given} {family}")],
            "orders": [_order(draw, number, place) for place in range(orders)],
            "tickets": [_ticket(draw, number, place, given) for place in range(TICKETS)],
        }
        for _ in range(_DRAWN_AND_DROPPED):  # so that the records stay those that earlier figures were measured with
            draw.choice(_WORDS), draw.random()
        rows["events"] = [_event(draw) for _ in range(EVENTS)]
        for kind, place_in_time in NEWEST_FIRST.items():
            rows[kind].sort(key=place_in_time, reverse=True)
        yield rows


def _customer(draw: random.Random, number: int, name: str) -> Row:
    return {
        "id": customer_id(number),
        "full_name": name,
        "email": None if draw.random() < 0.03 else f"user{number}@example.com",
        "phone": None if draw.random() < 0.1 else f"+{draw.randrange(10**10, 10**11)}",
        "lifecycle_stage": draw.choice(_STAGES),
        "owner": f"rep{draw.randrange(50)}",
        "created_at": _time(draw),
        "marketing_opt_in": draw.random() < 0.5,
        "address": {"city": _words(draw, 1), "country": draw.choice(["SE", "DE", "FR", "US"])},
    }


def _order(draw: random.Random, number: int, place: int) -> Row:
    return {
        "order_id": f"o{number:05d}{place:03d}",
        "status": draw.choice(_ORDER_STATES),
        "total": round(draw.uniform(5, 900), 2),
        "currency": draw.choice(_CURRENCIES),
        "placed_at": _time(draw),
        "channel": draw.choice(["web", "store"]),
        "items": [
            {
                "sku": f"SKU-{draw.randrange(10**6):06d}",
                "name": _words(draw, 2),
                "quantity": draw.randrange(1, 6),
                "unit_price": round(draw.uniform(1, 200), 2),
            }
            for _ in range(ITEMS)
        ],
    }


def _ticket(draw: random.Random, number: int, place: int, given: str) -> Row:
    return {
        "ticket_id": f"t{number:05d}{place:03d}",
        "subject": _words(draw, 4),
        "status": draw.choice(_TICKET_STATES),
        "priority": draw.choice(_PRIORITIES),
        "created_at": _time(draw),
        "assignee": f"agent{draw.randrange(30)}",
        "messages": [
            {
                "author": draw.choice(["customer", "agent"]),
                "body": _words(draw, 8) + draw.choice(["", f'\nBest,\n"{given}"', " \u2014 ok?"]),
                "created_at": _time(draw),
            }
            for _ in range(MESSAGES)
        ],
    }


def _event(draw: random.Random) -> Row:
    return {
        "type": draw.choice(_EVENT_TYPES),
        "page": "/" + "/".join(draw.choice(_WORDS) for _ in range(2)),
        "at": _time(draw),
        "session": f"{draw.getrandbits(48):012x}",
    }


def _time(draw: random.Random) -> str:
    return (_FIRST_DAY + timedelta(seconds=draw.randrange(_SECONDS))).strftime("%Y-%m-%dT%H:%M:%SZ")


def _words(draw: random.Random, count: int) -> str:
    return " ".join(draw.choice(_WORDS) for _ in range(count))
