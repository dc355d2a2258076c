"""Answer an ask for orders from the answers of sources that know the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from connectors.contract import Ask
from connectors.record_fields import Fields
from connectors.records import Order
from connectors.toolkit.evaluation import filter_records, records_after, sort_records
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.stitching.order_join import join_orders
from gateway.stitching.order_sources import OrderSources
from gateway.stitching.position import OwnedRecord, ask_of_source


class OrderAnswers(msgspec.Struct, frozen=True):
    """All that sources which know the same orders say of a customer's.

    `is_cut` says that orders may be missing: a source is not known, or has more than is read, or numbers are in doubt.
    `has_all` says that all records were read. `parts` are the records that each order is made of.
    """

    owned: list[OwnedRecord]
    parts: Sequence[Sequence[OwnedRecord]]
    found: list[Found]
    is_cut: bool
    has_all: bool


def join_answers(outcomes: Sequence[Outcome], sources: OrderSources, fields: Fields) -> OrderAnswers:
    """Join the orders of all answers, each record once."""
    found = [outcome for outcome in outcomes if isinstance(outcome, Found) and outcome.source in sources.rank]
    failed = {outcome.source for outcome in outcomes if isinstance(outcome, Failed)}
    answered = {outcome.source for outcome in found}
    ranked = sources.rank.keys()
    # What fails for want of a customer's keys is said of the source that would know them.
    unknown = (failed & ranked) | (ranked - answered if failed - ranked else set())
    cut = {outcome.source for outcome in found if outcome.has_more or outcome.partial}
    records = {(outcome.source, record.id): record for outcome in found for record in outcome.records}
    joined = join_orders([(record, source) for (source, _), record in records.items()], sources, fields, unknown | cut)
    is_short = bool(unknown or cut or joined.is_doubtful)
    return OrderAnswers(joined.owned, joined.parts, found, is_short, not (unknown or cut))


def page_answers(outcomes: Sequence[Outcome], joined: OrderAnswers, ask: Ask) -> list[Outcome]:
    """Turn answers with all orders of a customer into answers to an ask, as if each order were of its source alone."""
    used = {id(outcome) for outcome in joined.found}
    rest = [outcome for outcome in outcomes if id(outcome) not in used]
    records: dict[str, list[Any]] = {outcome.source: [] for outcome in joined.found[:1]}
    for record, source in joined.owned:
        records.setdefault(source, []).append(record)
    return [*rest, *(_page(joined, source, own, ask) for source, own in records.items())]


def _page(joined: OrderAnswers, source: str, records: list[Any], ask: Ask) -> Found:
    matching = sort_records(filter_records(records, ask), oldest_first=ask.oldest_first)
    total = len(matching) if ask.count and joined.has_all else None
    after = ask_of_source(ask, Order, source).after
    if after is not None:
        matching = records_after(matching, after, oldest_first=ask.oldest_first)
    return msgspec.structs.replace(
        next((own for own in joined.found if own.source == source), joined.found[0]),
        source=source,
        records=matching[: ask.first],
        total=total,
        has_more=ask.first is not None and len(matching) > ask.first,
        partial=joined.is_cut,
    )
