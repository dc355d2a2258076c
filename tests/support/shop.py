"""A small shop in four memory sources: what most tests of the whole path need."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector


def at(day: int, hour: int = 12) -> datetime:
    """A time in June 2026."""
    return datetime(2026, 6, day, hour, tzinfo=UTC)


ANA = r.Customer(
    id="c1",
    kind=r.CustomerKind.PERSON,
    name="Ana Souza",
    email="ana@example.com",
    phone="+5511912345678",
    contact_points=[
        r.ContactPoint(kind=r.ContactKind.EMAIL, value="ana@example.com", primary=True),
        r.ContactPoint(kind=r.ContactKind.EMAIL, value="ana.work@example.org"),
        r.ContactPoint(kind=r.ContactKind.PHONE, value="+5511912345678", primary=True),
    ],
    device_ids=["d1", "d2"],
    acquisition=r.Acquisition(source="google", lead_id="l1", at=at(1)),
)
LI = r.Customer(id="c2", kind=r.CustomerKind.PERSON, name="李娜", email="li@example.com", phone="+5511912345678")
CUSTOMERS = [ANA, LI]


def order(number: int, customer: str, day: int, amount: str = "10.00", category: str = "books") -> r.Order:
    money = r.Money(amount=Decimal(amount), currency="EUR")
    item = r.OrderItem(sku=f"s{number}", name="A book", category=category, quantity=1, unit_price=money)
    return r.Order(
        id=f"o{customer}{number}",
        number=f"#{number}",
        customer_id=customer,
        placed_at=at(day),
        status=r.OrderStatus.DELIVERED,
        total=money,
        items=[item],
    )


ORDERS = {"c1": [order(n, "c1", n) for n in range(1, 6)], "c2": [order(1, "c2", 3)]}
TICKETS = {
    "ana@example.com": [
        r.Ticket(
            id="t1",
            number="T-1",
            customer_email="ana@example.com",
            created_at=at(2),
            subject="Where is it?",
            status=r.TicketStatus.OPEN,
        )
    ],
    "ana.work@example.org": [
        r.Ticket(
            id="t2",
            number="T-2",
            customer_email="Ana.Work@example.org",
            created_at=at(4),
            subject="Broken",
            status=r.TicketStatus.SOLVED,
            satisfaction=5,
        )
    ],
}
EVENTS = {
    "d1": [r.Event(id="e1", at=at(1), type="page_view", page="/", device_id="d1")],
    "d2": [r.Event(id="e2", at=at(6), type="checkout", page="/checkout", device_id="d2")],
}


DEALS = {
    "c1": [
        r.Deal(id="d1", created_at=at(3), stage=r.DealStage.WON, amount=r.Money(amount=Decimal("99.50"), currency="EUR")),
        r.Deal(id="d2", created_at=at(5), stage=r.DealStage.OPEN, pipeline="partners"),
    ],
    "c2": [r.Deal(id="d3", created_at=at(4), stage=r.DealStage.LOST, closed_at=at(6))],
}
SUBSCRIPTIONS = {
    "c1": [
        r.Subscription(
            id="s1",
            started_at=at(2),
            plan="Pro",
            status=r.SubscriptionStatus.ACTIVE,
            seats=3,
            amount=r.Money(amount=Decimal(29), currency="EUR"),
            interval=r.BillingInterval.MONTH,
            interval_count=1,
        )
    ]
}
SURVEYS = {
    "ana@example.com": [r.Survey(id="n1", at=at(4), kind=r.SurveyKind.NPS, score=9, scale=10, comment="Fast.", order_id="o1")],
    "li@example.com": [r.Survey(id="n2", at=at(5), kind=r.SurveyKind.CSAT, score=Decimal("4.5"), scale=5)],
}


def crm() -> MemoryConnector:
    by_phone = {"+5511912345678": [ANA, LI]}
    return MemoryConnector(
        "crm",
        {
            (r.Customer, KeyKind.CUSTOMER_ID): {one.id: [one] for one in CUSTOMERS},
            (r.Customer, KeyKind.EMAIL): {"ana@example.com": [ANA], "ana.work@example.org": [ANA], "li@example.com": [LI]},
            (r.Customer, KeyKind.PHONE): by_phone,
            (r.Customer, KeyKind.TEXT): {"ana li": CUSTOMERS},
        },
    )


def orders() -> MemoryConnector:
    return MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): ORDERS})


def support() -> MemoryConnector:
    return MemoryConnector("support", {(r.Ticket, KeyKind.EMAIL): TICKETS})


def behaviour() -> MemoryConnector:
    return MemoryConnector("behaviour", {(r.Event, KeyKind.DEVICE_ID): EVENTS})


def sources() -> dict[str, MemoryConnector]:
    """Fresh connectors by name."""
    return {connector.name: connector for connector in (crm(), orders(), support(), behaviour())}


def sales() -> MemoryConnector:
    """Deals, subscriptions and surveys, found also by their own ids."""
    return MemoryConnector(
        "sales",
        {
            (r.Deal, KeyKind.CUSTOMER_ID): DEALS,
            (r.Deal, KeyKind.DEAL_ID): by_id(DEALS),
            (r.Subscription, KeyKind.CUSTOMER_ID): SUBSCRIPTIONS,
            (r.Subscription, KeyKind.SUBSCRIPTION_ID): by_id(SUBSCRIPTIONS),
            (r.Survey, KeyKind.EMAIL): SURVEYS,
            (r.Survey, KeyKind.SURVEY_ID): by_id(SURVEYS),
        },
    )


def by_id(records: Mapping[str, Sequence[r.Record]]) -> dict[str, list[r.Record]]:
    """All records under their own ids."""
    return {record.id: [record] for own in records.values() for record in own}


def by_number(records: Mapping[str, Sequence[r.Order | r.Ticket]]) -> dict[str, list[r.Order | r.Ticket]]:
    """All records under their numbers."""
    everything = [record for own in records.values() for record in own]
    return {str(record.number): [other for other in everything if other.number == record.number] for record in everything}


def sources_by_own_keys() -> dict[str, MemoryConnector]:
    """Fresh connectors that find records also by their own ids and numbers."""
    connectors = sources()
    connectors["orders"].records |= {
        (r.Order, KeyKind.ORDER_ID): by_id(ORDERS),
        (r.Order, KeyKind.ORDER_NUMBER): by_number(ORDERS),
    }
    connectors["support"].records |= {
        (r.Ticket, KeyKind.TICKET_ID): by_id(TICKETS),
        (r.Ticket, KeyKind.TICKET_NUMBER): by_number(TICKETS),
    }
    connectors["behaviour"].records |= {(r.Event, KeyKind.EVENT_ID): by_id(EVENTS)}
    return connectors


PINNED = {"clock": {"pinned": "2026-06-30T12:00:00Z"}}
"""Settings whose windows end with the shop's June."""
