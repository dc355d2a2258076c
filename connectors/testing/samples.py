"""Hold an author's keys and records for the contract test."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from connectors.contract import Aggregate, Connector, KeyKind, Lookup
from connectors.records import Record


class Sampled:
    """Hold keys with records by record type and key kind. There are also keys that have none."""

    samples: ClassVar[Mapping[tuple[type[Record], KeyKind], Sequence[str]]]

    def unknown_key(self, by: KeyKind, number: int) -> str:
        """A key that finds nothing. Override where keys of a kind have a form of their own."""
        if by is KeyKind.EMAIL:
            return f"nobody-{number}@example.invalid"
        return f"+4915550{number:06}" if by is KeyKind.PHONE else f"unknown-{number}"

    def sampled(self, connector: Connector[Any]) -> Iterator[tuple[Lookup, list[str]]]:
        for lookup in connector.lookups():
            yield lookup, list(self.samples[lookup.record, lookup.by])

    def sampled_aggregates(self, connector: Connector[Any]) -> Iterator[tuple[Aggregate, Lookup, list[str]]]:
        lookups = {(lookup.record, lookup.by): lookup for lookup in connector.lookups()}
        for aggregate in connector.aggregates():
            place = aggregate.record, aggregate.by
            yield aggregate, lookups[place], list(self.samples[place])
