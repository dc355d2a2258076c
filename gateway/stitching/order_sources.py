"""The sources that know the same orders: how they are read, and by what their orders are told to be one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from connectors.contract import Ask, KeyKind
from connectors.errors import NoUpdateTimesError
from connectors.record_fields import Fields
from connectors.records import Order, Record
from gateway.identity.blocked_keys import is_placeholder
from gateway.lookups import post_filter
from gateway.lookups.fetches import RecordFetch
from gateway.lookups.outcome import Found, Outcome
from gateway.lookups.sources import Source, Sources
from gateway.settings import Settings

MAX_JOINED = 1_000
"""How many orders per key are read of each source. Where one has more, lists and figures are partial."""

MONEY_FIELDS = ("total", "refunded", "discount", "shipping", "tax")
"""Amounts that are taken from one record, for they add up only there."""

OrderId = tuple[str, str]
"""A source, and an id of an order there."""

_MONEY = Fields.from_paths(*(f"{name}.{part}" for name in MONEY_FIELDS for part in ("amount", "currency")))
_NAMES = Fields.from_paths("external_ids.source", "external_ids.id")


class OrderSources:
    """The sources in `order.priority` that have orders. `rank` is empty where no two of them have."""

    def __init__(self, sources: Sources, settings: Settings) -> None:
        connectors = {source.name: source.connector for source, _ in sources.for_record(Order)}
        self._connectors, finders = connectors, connectors.keys()
        named = [name for name in settings.order.priority if name in finders]
        self.rank = {name: place for place, name in enumerate(named)} if len(named) > 1 else {}
        self._ids_of = {name: block.order_ids_of for name, block in settings.sources.items() if block.order_ids_of}
        self._numbered = frozenset(settings.order.same_numbers)
        letters = Counter(name.lower() for name in settings.sources)
        self._spelled = {own: name for name in settings.sources if letters[own := name.lower()] == 1}

    def join(self, record: type[Record]) -> OrderSources | None:
        """Give these sources where records of a type are joined."""
        return self if record is Order and self.rank else None

    def whole(self, ask: Ask) -> Ask:
        """Ask for all orders of a customer: a filter and a page are of what they are together."""
        own = ask.fields | post_filter.position_fields(Order) | post_filter.filter_fields(ask) | _NAMES
        if any(name in own for name in MONEY_FIELDS):
            own |= _MONEY
        if self._numbered:
            own |= Fields.from_paths("number")
        return Ask(fields=own, first=MAX_JOINED, shown=ask.shown)

    def same_ids(self, name: str) -> list[str]:
        """List the sources whose orders have the ids of a source's, itself first."""
        space = self._ids_of.get(name, name)
        return [name, *(other for other in self.rank if other != name and space in (other, self._ids_of.get(other)))]

    def fetch(self, source: Source, kind: KeyKind, ask: Ask) -> RecordFetch:
        """Fetch all orders of customers, with the fields of an ask. Equal ones are the same."""
        return source.records(Order, kind, self.whole(ask))

    def with_update_times(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Refuse the answers of sources that cannot tell which orders have changed."""
        return [
            outcome.as_failed(NoUpdateTimesError())
            if isinstance(outcome, Found) and not self._connectors[outcome.source].has_update_times(Order)
            else outcome
            for outcome in outcomes
        ]

    def ids(self, source: str, record: Any) -> Iterator[OrderId]:
        """List the ids of an order: its own, that at the source whose ids it has, and those that it states.

        The name of a source is read in any case of letters, where no two differ in nothing else.
        """
        yield source, record.id
        if (other := self._ids_of.get(source)) is not None:
            yield other, record.id
        for stated in record.external_ids:
            if not _is_none(own_id := stated.id.strip()):
                system = stated.source.strip()
                yield self._spelled.get(system.lower(), system), own_id

    def number(self, source: str, record: Any) -> str | None:
        """Give the number of an order, where other sources have the same ones."""
        if source not in self._numbered or record.number is None:
            return None
        number = record.number.strip()
        return None if _is_none(number) else number


def _is_none(text: str) -> bool:
    """Tell whether an id of another system stands for none: it is empty, 0 or a placeholder."""
    return text in ("", "0") or is_placeholder(text)
