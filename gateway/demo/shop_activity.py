"""Plan the activity of the shop's customers, in days of age."""

from datetime import datetime, timedelta
from random import Random

import msgspec

from connectors.records import CustomerKind, TicketKind, TicketStatus
from gateway.demo.shop_people import SHOP_CLOCK, Shopper

MAX_ORDERS = 60


class TicketPlan(msgspec.Struct):
    age: float
    kind: TicketKind
    status: TicketStatus
    satisfaction: int | None = None


class VisitPlan(msgspec.Struct):
    """`bought` is whether the visit ends at the checkout."""

    age: float
    bought: bool = False


class Activity(msgspec.Struct):
    order_ages: list[float]
    tickets: list[TicketPlan]
    visits: list[VisitPlan]


def plan_activity(shopper: Shopper, rng: Random) -> Activity:
    """Fix the first customer's activity, draw the others'. The documentation shows the first one."""
    if shopper.number == 1:
        return _EXAMPLE
    tenure = (SHOP_CLOCK - shopper.created_at) / timedelta(days=1)
    usual_hour = rng.uniform(0, 24)
    orders = sorted(_at_hour(age, usual_hour, tenure, rng) for age in _order_ages(tenure, rng))
    visits = _visits(shopper, tenure, orders, rng)
    for visit in visits:
        if not visit.bought:
            visit.age = _at_hour(visit.age, usual_hour, tenure, rng)
    return Activity(orders, _tickets(tenure, rng), sorted(visits, key=lambda visit: visit.age))


def at_age(age: float) -> datetime:
    """The moment `age` days before the shop's clock, in whole seconds."""
    return SHOP_CLOCK - timedelta(seconds=round(age * 86_400))


_EXAMPLE = Activity(
    order_ages=[
        4.71, 19.66, 33.74, 58.69, 81.62, 112.70, 140.78, 171.71, 203.65, 239.72, 260.68, 301.74, 333.70,
        370.66, 402.71, 455.69, 498.77, 560.72, 611.65, 688.68, 742.74, 830.70, 951.63, 1102.71, 1190.69,
    ],
    tickets=[
        TicketPlan(2.5, TicketKind.COMPLAINT, TicketStatus.OPEN),
        TicketPlan(79.2, TicketKind.QUESTION, TicketStatus.SOLVED, 5),
        TicketPlan(330.0, TicketKind.COMPLAINT, TicketStatus.CLOSED, 3),
        TicketPlan(600.4, TicketKind.TASK, TicketStatus.CLOSED, 4),
    ],
    visits=[
        VisitPlan(age, bought=age in (4.73, 19.68))
        for age in (0.7, 1.69, 4.73, 6.74, 11.66, 19.68, 27.71, 44.65, 61.7, 92.72)
    ],
)  # fmt: skip


def _at_hour(age: float, usual_hour: float, tenure: float, rng: Random) -> float:
    """Give that day at about the customer's active hour. Never in the last hours before the clock."""
    hours_before_clock = (SHOP_CLOCK.hour - rng.gauss(usual_hour, 2.0)) % 24
    moved = max(int(age) + hours_before_clock / 24, 0.1)
    return moved - 1 if moved > tenure else moved


def _order_ages(tenure: float, rng: Random) -> list[float]:
    temper = rng.random()
    if temper < 0.12:
        return []
    count = min(MAX_ORDERS, 1 + int(rng.lognormvariate(1.2, 1.0)))
    lapsed = temper > 0.6 and tenure > 130
    youngest = rng.uniform(100, tenure * 0.9) if lapsed else 0.2
    return [rng.uniform(youngest, tenure) for _ in range(count)]


def _tickets(tenure: float, rng: Random) -> list[TicketPlan]:
    count = rng.choices((0, 1, 2, 3, 5), (50, 28, 13, 6, 3))[0]
    ages = sorted(rng.uniform(0.3, min(tenure, 500.0)) for _ in range(count))
    return [_ticket(age, rng) for age in ages]


def _ticket(age: float, rng: Random) -> TicketPlan:
    kind = rng.choices(
        (TicketKind.QUESTION, TicketKind.COMPLAINT, TicketKind.INCIDENT, TicketKind.TASK, TicketKind.REVIEW),
        (40, 25, 13, 10, 12),
    )[0]
    if kind is TicketKind.REVIEW:
        return TicketPlan(age, kind, TicketStatus.CLOSED, rng.choices((1, 2, 3, 4, 5), (8, 6, 12, 30, 44))[0])
    if age < 45 and rng.random() < (0.9 if age < 4 else 0.4):
        pending = (TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.PENDING, TicketStatus.ON_HOLD)
        return TicketPlan(age, kind, rng.choices(pending, (2 if age < 4 else 0, 5, 2, 1))[0])
    weights = (22, 18, 22, 22, 16) if kind is TicketKind.COMPLAINT else (4, 6, 14, 34, 42)
    rating = rng.choices((1, 2, 3, 4, 5), weights)[0] if rng.random() < 0.6 else None
    return TicketPlan(age, kind, TicketStatus.SOLVED if age < 60 else TicketStatus.CLOSED, rating)


def _visits(shopper: Shopper, tenure: float, order_ages: list[float], rng: Random) -> list[VisitPlan]:
    if not shopper.device_ids:
        return []
    latest = min(tenure, 180.0)
    count = 0 if shopper.kind is CustomerKind.COMPANY else int(rng.lognormvariate(0.8, 0.9))
    browsing = [VisitPlan(rng.uniform(0.2, latest)) for _ in range(min(count, 30))]
    buying = [VisitPlan(age + 0.02, bought=True) for age in order_ages if age < latest - 1 and rng.random() < 0.7]
    return browsing + buying
