"""The data loaders of the Strawberry peer: one for each relation, a statement for each batch."""

import os
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import InstrumentedAttribute, aliased
from strawberry.dataloader import DataLoader

from bench.databases.peers.tables import CustomerRow, EventRow, ItemRow, MessageRow, OrderRow, TicketRow

_URL = os.environ["BENCH_DATABASE"].replace("postgresql://", "postgresql+asyncpg://")
ENGINE = create_async_engine(_URL, pool_size=10, max_overflow=0)
_sessions = async_sessionmaker(ENGINE, expire_on_commit=False)

Page = tuple[str, int]
"""Of which customer, and how many records."""


class Loaders:
    """Those of one request."""

    def __init__(self) -> None:
        self.customers = DataLoader[str, CustomerRow | None](load_fn=_rows_by(CustomerRow.id))
        self.customers_by_email = DataLoader[str, CustomerRow | None](load_fn=_rows_by(CustomerRow.email))
        self.orders = DataLoader[Page, list[OrderRow]](load_fn=_newest_by(OrderRow.customer_id, OrderRow.placed_at))
        self.tickets = DataLoader[Page, list[TicketRow]](load_fn=_newest_by(TicketRow.customer_id, TicketRow.created_at))
        self.events = DataLoader[Page, list[EventRow]](load_fn=_newest_by(EventRow.customer_id, EventRow.at))
        self.items = DataLoader[str, list[ItemRow]](load_fn=_lists_by(ItemRow.order_id, ItemRow.position))
        self.messages = DataLoader[str, list[MessageRow]](load_fn=_lists_by(MessageRow.ticket_id, MessageRow.position))
        self.statistics = DataLoader[str, Any](load_fn=_load_statistics)


def _rows_by(column: InstrumentedAttribute[str]) -> Callable[[list[str]], Awaitable[list[Any]]]:
    async def load(keys: list[str]) -> list[Any]:
        async with _sessions() as session:
            rows = await session.scalars(select(column.class_).where(column.in_(keys)))
            found = {getattr(row, column.key): row for row in rows}
        return [found.get(key) for key in keys]

    return load


def _lists_by(
    parent: InstrumentedAttribute[str], position: InstrumentedAttribute[int]
) -> Callable[[list[str]], Awaitable[list[list[Any]]]]:
    async def load(keys: list[str]) -> list[list[Any]]:
        found = defaultdict(list)
        async with _sessions() as session:
            for row in await session.scalars(select(parent.class_).where(parent.in_(keys)).order_by(position)):
                found[getattr(row, parent.key)].append(row)
        return [found[key] for key in keys]

    return load


def _newest_by(
    parent: InstrumentedAttribute[str], time: InstrumentedAttribute[Any]
) -> Callable[[list[Page]], Awaitable[list[list[Any]]]]:
    """The newest rows of each parent, numbered by a window function."""
    table = parent.class_
    place = func.row_number().over(partition_by=parent, order_by=(time.desc(), table.id.desc())).label("place")

    async def load(pages: list[Page]) -> list[list[Any]]:
        keys, most = [key for key, _ in pages], max(first for _, first in pages)
        numbered = select(table, place).where(parent.in_(keys)).subquery()
        newest = select(aliased(table, numbered)).where(numbered.c.place <= most).order_by(numbered.c.place)
        found = defaultdict(list)
        async with _sessions() as session:
            for row in await session.scalars(newest):
                found[getattr(row, parent.key)].append(row)
        return [found[key][:first] for key, first in pages]

    return load


async def _load_statistics(keys: list[str]) -> list[Any]:
    total, currency = func.sum(OrderRow.total).label("total"), func.min(OrderRow.currency).label("currency")
    first, last = func.min(OrderRow.placed_at).label("first_at"), func.max(OrderRow.placed_at).label("last_at")
    figures = select(OrderRow.customer_id, func.count().label("orders"), total, currency, first, last)
    kept = figures.where(OrderRow.customer_id.in_(keys), OrderRow.status != "CANCELLED").group_by(OrderRow.customer_id)
    async with _sessions() as session:
        rows = await session.execute(kept)
        found = {row.customer_id: row for row in rows}
    return [found.get(key) for key in keys]
