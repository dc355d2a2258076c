"""Write customers and their activity as rows of the shop's tables."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec

from connectors.records import (
    Acquisition,
    Channel,
    Company,
    ContactKind,
    CustomerKind,
    DealStage,
    MessageAuthor,
    OrderStatus,
    PaymentMethod,
    TicketKind,
    TicketPriority,
    TicketStatus,
)
from gateway.demo.databases import Row
from gateway.demo.shop_accounts import account_rows
from gateway.demo.shop_activity import Activity, TicketPlan, VisitPlan, at_age, plan_activity
from gateway.demo.shop_goods import AGENT_REPLIES, CUSTOMER_REPLIES, GOODS, OPENINGS, SUBJECTS
from gateway.demo.shop_people import SHOP_CLOCK, Shopper
from gateway.demo.shop_profiles import profile_rows
from gateway.demo.shop_tables import SHOP_TABLES

_METHODS = {
    "zh": (PaymentMethod.WALLET, PaymentMethod.WALLET, PaymentMethod.CARD),
    "en": (PaymentMethod.CARD, PaymentMethod.CARD, PaymentMethod.WALLET),
    "pt": (PaymentMethod.CARD, PaymentMethod.BANK_TRANSFER, PaymentMethod.CASH),
}
_CATEGORIES = tuple(GOODS)
_FINISHED = frozenset({TicketStatus.SOLVED, TicketStatus.CLOSED})


class ShopRows:
    """Gathers the rows of every table. `rows` is what there is so far."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.rows: dict[str, list[Row]] = {table.name: [] for tables in SHOP_TABLES.values() for table in tables}

    def add(self, shopper: Shopper) -> None:
        """Write down a customer with everything that it did."""
        rng = Random(f"{self._seed}:activity:{shopper.number}")  # noqa: S311  made-up data
        activity = plan_activity(shopper, rng)
        self._add_customer(shopper)
        for table, rows in (*account_rows(shopper, self._seed).items(), *profile_rows(shopper, self._seed).items()):
            self.rows[table] += rows
        self._add_deals(shopper, rng)
        favourites = rng.sample(_CATEGORIES, 2)
        orders = [self._add_order(shopper, n, age, favourites, rng) for n, age in enumerate(activity.order_ages, 1)]
        for n, ticket in enumerate(activity.tickets, 1):
            self._add_ticket(shopper, n, ticket, activity, orders, rng)
        for n, visit in enumerate(activity.visits, 1):
            self._add_visit(shopper, n, visit, favourites, rng)

    def _add_customer(self, who: Shopper) -> None:
        first, company = who.acquisition or Acquisition(), who.company or Company()
        won = (first.source, first.campaign, first.landing_page, first.lead_id, first.at)
        work = (company.name, company.account, company.industry)
        role = (who.gender, who.job_title, company.role, company.role_name)
        person = (who.id, who.kind, who.name, who.given_name, who.family_name, who.emails[0], who.phones[0])
        place = msgspec.structs.astuple(who.address)
        self.rows["customers"].append(
            (*person, who.member_number, who.market.locale, who.created_at, *place, *work, *won, *role)
        )
        points = [(ContactKind.EMAIL, email, email.lower(), n == 0) for n, email in enumerate(who.emails)]
        points += [(ContactKind.PHONE, phone, phone, n == 0) for n, phone in enumerate(who.phones)]
        self.rows["contact_points"] += [(who.id, n, *point) for n, point in enumerate(points, 1)]
        self.rows["devices"] += [(who.id, n, device) for n, device in enumerate(who.device_ids, 1)]
        self.rows["external_ids"] += [(who.id, n, known.source, known.id) for n, known in enumerate(who.external_ids, 1)]

    def _add_deals(self, who: Shopper, rng: Random) -> None:
        if who.kind is not CustomerKind.COMPANY or who.company is None:
            return
        for n in range(1, rng.randint(0, 2) + 1):
            stage = rng.choices((DealStage.WON, DealStage.LOST, DealStage.OPEN), (60, 20, 20))[0]
            closed = None if stage is DealStage.OPEN else _between(who.created_at, SHOP_CLOCK, rng)
            self.rows["deals"].append((f"{who.id}-deal{n}", who.id, stage, who.company.industry, closed))

    def _add_order(self, who: Shopper, n: int, age: float, favourites: list[str], rng: Random) -> str:
        order_id = f"{who.id}-o{n:02d}"
        placed = at_age(age)
        currency, factor = who.market.currency, who.market.price_factor
        status = _order_status(age, rng)
        arrived = min(placed + timedelta(days=rng.uniform(1, 6)), SHOP_CLOCK)
        delivered = arrived.replace(microsecond=0) if status in (OrderStatus.DELIVERED, OrderStatus.RETURNED) else None
        items = []
        for position in range(1, rng.choices((1, 2, 3, 4, 5), (40, 27, 17, 10, 6))[0] + 1):
            category, sku, name, pence = _goods(favourites, rng)
            price = round(pence * factor)
            items.append((order_id, position, sku, name, category, rng.choices((1, 2, 3), (80, 15, 5))[0], price, currency))
        total = sum(quantity * price for *_, quantity, price, _ in items)
        self.rows["orders"].append((order_id, who.id, placed, status, total, currency, delivered))
        self.rows["order_items"] += items
        self.rows["payments"] += [
            (order_id, position, method, amount, currency, installments)
            for position, (method, amount, installments) in enumerate(_payments(who, total, rng), 1)
        ]
        return order_id

    def _add_ticket(self, who: Shopper, n: int, plan: TicketPlan, activity: Activity, orders: list[str], rng: Random) -> None:
        ticket_id = f"{who.id}-t{n}"
        language = who.market.language
        created = at_age(plan.age)
        room = (SHOP_CLOCK - created) * 0.9
        solved = None
        if plan.status in _FINISHED:
            solved = _between(created, created + min(room, timedelta(days=6)), rng)
        about = next((order for order, age in zip(orders, activity.order_ages, strict=True) if age > plan.age), None)
        if plan.kind is TicketKind.INCIDENT or (who.number > 1 and rng.random() < 0.3):
            about = None
        priority = TicketPriority.HIGH if plan.kind is TicketKind.COMPLAINT else rng.choice(tuple(TicketPriority)[:3])
        channels = (Channel.EMAIL, Channel.CHAT, Channel.WEB, Channel.PHONE)
        channel = Channel.REVIEW if plan.kind is TicketKind.REVIEW else rng.choices(channels, (40, 25, 20, 15))[0]
        said = list(_conversation(language, plan, rng))
        last = solved or created + min(room, timedelta(hours=8 * len(said)))
        email = rng.choice(who.emails).lower()
        subject = SUBJECTS[language][plan.kind]
        head = (ticket_id, email, created, subject, plan.kind, plan.status, priority, channel)
        self.rows["tickets"].append((*head, plan.satisfaction, about, solved))
        for position, (author, body) in enumerate(said):
            at = created + (last - created) * position / max(1, len(said) - 1)
            self.rows["messages"].append((ticket_id, position + 1, author, body, at.replace(microsecond=0)))

    def _add_visit(self, who: Shopper, n: int, plan: VisitPlan, favourites: list[str], rng: Random) -> None:
        session = f"{who.id}-s{n:02d}"
        device = who.device_ids[n % len(who.device_ids)]
        at = at_age(plan.age)
        for position, (kind, page, properties) in enumerate(_steps(who, plan, favourites, rng), 1):
            text = msgspec.json.encode(properties).decode()
            self.rows["events"].append((f"{session}-{position}", device, session, at, kind, page, text))
            at += timedelta(seconds=rng.randint(8, 110))


def _between(start: datetime, end: datetime, rng: Random) -> datetime:
    return (start + (end - start) * rng.random()).replace(microsecond=0)


def _order_status(age: float, rng: Random) -> OrderStatus:
    if age < 7:
        steps = (OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.PROCESSING, OrderStatus.SHIPPED)
        return steps[min(3, int(age))]
    return rng.choices((OrderStatus.DELIVERED, OrderStatus.RETURNED, OrderStatus.CANCELLED), (91, 5, 4))[0]


def _goods(favourites: list[str], rng: Random) -> tuple[str, str, str, int]:
    category = rng.choice(favourites if rng.random() < 0.7 else _CATEGORIES)
    place = rng.randrange(len(GOODS[category]))
    name, pence = GOODS[category][place]
    return category, f"{category[:3].upper()}-{place + 1:02d}", name, pence


def _payments(who: Shopper, total: int, rng: Random) -> list[tuple[PaymentMethod, int, int]]:
    if who.kind is CustomerKind.COMPANY:
        return [(PaymentMethod.INVOICE, total, 1)]
    method = rng.choice(_METHODS[who.market.language])
    installments = rng.choice((1, 1, 2, 3, 6)) if who.market.country == "BR" and method is PaymentMethod.CARD else 1
    if rng.random() < 0.15 and total > 2_000:
        voucher = 500 * rng.randint(1, 3)
        return [(PaymentMethod.VOUCHER, voucher, 1), (method, total - voucher, installments)]
    return [(method, total, installments)]


def _conversation(language: str, plan: TicketPlan, rng: Random) -> Iterator[tuple[MessageAuthor, str]]:
    yield MessageAuthor.CUSTOMER, OPENINGS[language][plan.kind]
    if plan.status is TicketStatus.NEW or plan.kind is TicketKind.REVIEW:
        return
    first, later, last = AGENT_REPLIES[language]
    yield MessageAuthor.AGENT, first
    for reply in CUSTOMER_REPLIES[language][: rng.randint(0, 2)]:
        yield MessageAuthor.CUSTOMER, reply
    if rng.random() < 0.4:
        yield MessageAuthor.AGENT, later
    if plan.status in _FINISHED:
        yield MessageAuthor.AGENT, last


def _steps(who: Shopper, plan: VisitPlan, favourites: list[str], rng: Random) -> Iterator[tuple[str, str, dict[str, Any]]]:
    yield "page_view", "/", {"locale": who.market.locale, "referrer": rng.choice(("direct", "search", "newsletter"))}
    filled = False
    for _ in range(rng.randint(1, 5)):
        category, sku, name, pence = _goods(favourites, rng)
        price = round(pence * who.market.price_factor) / 100
        what = {"sku": sku, "name": name, "category": category, "price": price, "currency": who.market.currency}
        yield "product_view", f"/p/{sku.lower()}", what
        if rng.random() < 0.25 or (plan.bought and not filled):
            filled = True
            yield "cart_add", "/cart", what
    if plan.bought or (filled and rng.random() < 0.2):
        yield "checkout", "/checkout", {"step": "payment" if plan.bought else "address"}
