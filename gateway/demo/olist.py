"""Olist's marketplace, from its published files: the sellers are the customers.

A seller came as a marketing lead (CRM, behaviour), signed a deal (CRM), fulfilled orders (orders) and was reviewed
(support). All sellers of the sellers file are written, with a deal or without; deals whose seller is not in it, and leads
that never signed, belong to nobody and are left out, as are orders without items. Olist's times have no zone: taken as UTC.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from connectors.records import DealStage, OrderStatus, PaymentMethod
from gateway.demo.databases import Progress, Row, Rows, write_postgresql, write_sqlite
from gateway.demo.olist_files import Line, read_files
from gateway.demo.olist_tables import OLIST_TABLES

OLIST_CLOCK = datetime(2018, 9, 3, tzinfo=UTC)
"""The end of the windows: after the last order, before a few deliveries and answers to reviews."""

EXAMPLE_ORDERS = 20

_STATUS = {
    "created": OrderStatus.PENDING,
    "approved": OrderStatus.CONFIRMED,
    "invoiced": OrderStatus.PROCESSING,
    "processing": OrderStatus.PROCESSING,
    "shipped": OrderStatus.SHIPPED,
    "delivered": OrderStatus.DELIVERED,
    "canceled": OrderStatus.CANCELLED,
    "unavailable": OrderStatus.CANCELLED,
}
_METHOD = {
    "credit_card": PaymentMethod.CARD,
    "debit_card": PaymentMethod.CARD,
    "boleto": PaymentMethod.BANK_TRANSFER,
    "voucher": PaymentMethod.VOUCHER,
}


def read_olist(data: Path, *, progress: Progress | None = None) -> Rows:
    """Read the rows of `OLIST_TABLES` from the published files under `data`.

    Raises `ConfigurationError` that lists every missing file.
    """
    files = read_files(data, (lambda done, total: progress("read", done, total)) if progress else None)
    sellers_of = _sellers_of(files["items"])
    row_ids = _row_ids(sellers_of)
    return {
        **_crm(files),
        **_orders(files, sellers_of, row_ids),
        **_reviews(files["reviews"], sellers_of, row_ids),
    }


def write_olist(data: Path, folder: Path, *, progress: Progress | None = None) -> str:
    """Write the four databases into `folder`. Gives the id of the example seller."""
    rows = read_olist(data, progress=progress)
    write_sqlite(folder, OLIST_TABLES, rows, progress)
    return example_seller(rows)


async def copy_olist(data: Path, url: str, *, progress: Progress | None = None) -> str:
    """Write the four schemas of a PostgreSQL database. Gives the id of the example seller.

    The database should be the demo's own: its search path is set to the four schemas. Raises `ConfigurationError` when it has
    schemas of these names that the demo did not write.
    """
    rows = read_olist(data, progress=progress)
    await write_postgresql(url, OLIST_TABLES, rows, progress)
    return example_seller(rows)


def example_seller(rows: Rows) -> str:
    """Choose the seller with the most orders. It has a lead, a deal, a review and at least `EXAMPLE_ORDERS` orders.

    Where nobody has all of them, as in a part of the files, the seller with the most orders.
    """
    orders: Counter[str] = Counter(seller for _, seller, *_ in rows["orders"])
    complete = {seller for seller, count in orders.items() if count >= EXAMPLE_ORDERS}
    for table in ("events", "deals", "tickets"):
        complete &= {seller for _, seller, *_ in rows[table]}
    sellers: list[str] = [seller for seller, *_ in rows["sellers"]]
    return min(sellers, key=lambda seller: (seller not in complete, -orders[seller], seller))


def _sellers_of(items: Iterable[Line]) -> dict[str, list[str]]:
    sellers_by_order: defaultdict[str, set[str]] = defaultdict(set)
    for item in items:
        sellers_by_order[item["order_id"]].add(item["seller_id"])
    return {order: sorted(sellers) for order, sellers in sellers_by_order.items()}


def _row_ids(sellers_of: dict[str, list[str]]) -> dict[tuple[str, str], str]:
    """The id of each seller's part of an order: the order's own id, numbered where several sellers share the order."""
    return {
        (order, seller): order if len(sellers) == 1 else f"{order}-{n}"
        for order, sellers in sellers_of.items()
        for n, seller in enumerate(sellers, 1)
    }


def _crm(files: dict[str, list[Line]]) -> Rows:
    leads = {lead["mql_id"]: lead for lead in files["leads"]}
    deal_of = {deal["seller_id"]: deal for deal in files["deals"]}
    sellers: list[Row] = []
    deals: list[Row] = []
    events: list[Row] = []
    for line in files["sellers"]:
        seller, city = line["seller_id"], line["seller_city"]
        deal = deal_of.get(seller)
        lead = leads.get(deal["mql_id"]) if deal else None
        won: Row = (None,) * 4
        if lead is not None:
            origin, page = lead["origin"] or None, lead["landing_page_id"]
            at = datetime.strptime(lead["first_contact_date"], "%d-%m-%Y").replace(tzinfo=UTC)
            won = (origin, page, lead["mql_id"], at)
            properties = msgspec.json.encode({"origin": origin} if origin else {}).decode()
            events.append((lead["mql_id"], seller, at, "first_touch", page, properties))
        if deal is not None:
            closed = datetime.strptime(deal["won_date"], "%d-%m-%Y %H:%M").replace(tzinfo=UTC)
            deals.append((deal["mql_id"], seller, DealStage.WON, deal["business_segment"] or None, closed))
        postal_code = line["seller_zip_code_prefix"].zfill(5)
        sellers.append((seller, f"Seller {seller[:8]} ({city})", city, line["seller_state"], postal_code, *won))
    return {"sellers": sellers, "deals": deals, "events": events}


def _orders(files: dict[str, list[Line]], sellers_of: dict[str, list[str]], row_ids: dict[tuple[str, str], str]) -> Rows:
    english = {line["product_category_name"]: line["product_category_name_english"] for line in files["categories"]}
    names = {line["product_id"]: line["product_category_name"] for line in files["products"]}
    category_of = {product: english.get(name, name) or None for product, name in names.items()}
    parts: defaultdict[str, list[Line]] = defaultdict(list)
    for line in files["items"]:
        parts[row_ids[line["order_id"], line["seller_id"]]].append(line)
    orders: list[Row] = []
    items: list[Row] = []
    for order in files["orders"]:
        order_id = order["order_id"]
        status = _STATUS.get(order["order_status"], OrderStatus.UNKNOWN)
        placed, delivered = _time(order["order_purchase_timestamp"]), _time(order["order_delivered_customer_date"])
        for seller in sellers_of.get(order_id, ()):
            row_id = row_ids[order_id, seller]
            total = sum(_cents(line["price"]) + _cents(line["freight_value"]) for line in parts[row_id])
            orders.append((row_id, seller, placed, status, total, delivered))
            items += _items(row_id, parts[row_id], category_of)
    return {"orders": orders, "order_items": items, "payments": _payments(files["payments"], sellers_of)}


def _items(row_id: str, lines: Sequence[Line], category_of: dict[str, str | None]) -> list[Row]:
    """One item for each product at one price. Olist has a line for every piece; the freight is in the order's total only."""
    pieces = Counter((line["product_id"], _cents(line["price"])) for line in lines)
    return [
        (row_id, position, sku, category_of.get(sku), quantity, cents)
        for position, ((sku, cents), quantity) in enumerate(pieces.items(), 1)
    ]


def _payments(lines: Iterable[Line], sellers_of: dict[str, list[str]]) -> list[Row]:
    """Payments of the orders of one seller. Those of a shared order are the shopper's to all of its sellers, and no one
    can say which part was whose.
    """
    return [
        (
            line["order_id"],
            int(line["payment_sequential"]),
            _METHOD.get(line["payment_type"], PaymentMethod.UNKNOWN),
            _cents(line["payment_value"]),
            int(line["payment_installments"]),
        )
        for line in lines
        if len(sellers_of.get(line["order_id"], ())) == 1
    ]


def _reviews(lines: Iterable[Line], sellers_of: dict[str, list[str]], row_ids: dict[tuple[str, str], str]) -> Rows:
    """Give each seller of a reviewed order a ticket. They are numbered where one review stands for several."""
    given = [(line, seller) for line in lines for seller in sellers_of.get(line["order_id"], ())]
    times_given = Counter(line["review_id"] for line, _ in given)
    used: Counter[str] = Counter()
    tickets: list[Row] = []
    messages: list[Row] = []
    for line, seller in given:
        ticket_id = line["review_id"]
        if times_given[ticket_id] > 1:
            used[ticket_id] += 1
            ticket_id = f"{ticket_id}-{used[ticket_id]}"
        created, answered = _time(line["review_creation_date"]), _time(line["review_answer_timestamp"])
        subject = line["review_comment_title"].strip() or "Review"
        order = row_ids[line["order_id"], seller]
        tickets.append((ticket_id, seller, created, subject, int(line["review_score"]), order, answered))
        if line["review_comment_message"].strip():
            messages.append((ticket_id, line["review_comment_message"], created))
    return {"tickets": tickets, "messages": messages}


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def _cents(text: str) -> int:
    return int(Decimal(text) * 100)
