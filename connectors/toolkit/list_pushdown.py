"""Push a page down to a sorted source, and correct its answer."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from connectors.contract import Ask, Page, Push
from connectors.errors import SourceProtocolError
from connectors.record_fields import Fields, fields_of, narrow
from connectors.records import Record
from connectors.toolkit.converters import encode_numbers
from connectors.toolkit.evaluation import time_of
from connectors.toolkit.times import read_time

Order = Literal["newest_first", "oldest_first", "none"]
_NO_TIME = datetime.min.replace(tzinfo=UTC)
"""Of a malformed record, which stays in until the gateway drops and counts it."""


class ListPushdown:
    """The pushdown of one lookup: the order of its source, the parts that it `sends`, and if it counts."""

    def __init__(self, record: type[Record], order: Order, sends: Collection[str], *, counts: bool) -> None:
        self._record = record
        self._order = order
        self._sends = sends
        self._counts = counts
        self._time_name = fields_of(record)[record.time_field].json_name if record.time_field else ""
        self._position = Fields.from_paths("id", record.time_field) if record.time_field else Fields.from_paths("id")
        self.pushdown = frozenset(self._declared())

    def _declared(self) -> Iterator[Push]:
        """A source in a fixed order is declared with ORDER: asked for the other order, we fetch everything and sort it here."""
        if "since" in self._sends:
            yield Push.SINCE
        if "first" in self._sends and self._order != "none":
            yield from (Push.FIRST, Push.ORDER)
        if self._counts:
            yield Push.COUNT

    def first(self, ask: Ask) -> int | None:
        """How many records the source may give at most: None where cutting there would cut the wrong ones."""
        can_cut = Push.FIRST in self.pushdown and self.is_in_order(ask)
        return ask.first if can_cut and ask.after is None and self.at_source(ask) else None

    def is_in_order(self, ask: Ask) -> bool:
        """Tell whether the source returns records in the asked order. So its first ones are ours."""
        return self._order == ("oldest_first" if ask.oldest_first else "newest_first")

    def at_source(self, ask: Ask) -> bool:
        """Tell whether the source gives those records that match, and no others."""
        return self.is_complete(ask) and not self.bounds_here(ask)

    def fields(self, ask: Ask) -> Fields:
        """List the fields that sort a record."""
        return ask.fields | self._position if self.bounds_here(ask) or Push.ORDER in self.pushdown else ask.fields

    def page(self, records: Sequence[Any], ask: Ask, total: int | None) -> Page:
        """Cut one key's page from its records. They are canonical mappings or narrowed. `total` is what the source counted."""
        inside = list(records)
        if self.bounds_here(ask):
            assert ask.until is not None
            inside = [record for record in inside if self._time(record) < ask.until]
            total = len(inside) if ask.count and self.is_complete(ask) else None
        if Push.ORDER in self.pushdown:
            inside.sort(key=self._position_of, reverse=not ask.oldest_first)
            if self.is_complete(ask) and ask.after is None:
                inside = inside[: ask.first]
        return Page(encode_records(self._record, ask.fields, inside), total)

    def is_complete(self, ask: Ask) -> bool:
        """Tell whether the source leaves out only unwanted records. Those that may be bounded here count as such."""
        return not ask.where and (Push.SINCE in self.pushdown or ask.since is ask.until is None)

    def bounds_here(self, ask: Ask) -> bool:
        """Tell whether records come that are at `until` or later."""
        # SINCE promises both bounds, and many sources know only the lower one.
        return ask.until is not None and Push.SINCE in self.pushdown and "until" not in self._sends

    def _position_of(self, record: Any) -> tuple[datetime, str]:
        return self._time(record), str(record.get("id")) if isinstance(record, dict) else record.id

    def _time(self, record: Any) -> datetime:
        if not isinstance(record, dict):
            return time_of(record) or _NO_TIME
        try:
            return read_time(record[self._time_name])
        except (KeyError, TypeError, ValueError, OverflowError):
            return _NO_TIME


def encode_records(record: type[Record], fields: Fields, records: list[Any]) -> bytes | list[Any]:
    """Write records as canonical JSON, unless they are narrowed to these fields.

    Raises `SourceProtocolError` for those that are nested too deep.
    """
    if records and {narrow(record, fields)}.issuperset(map(type, records)):
        return records
    try:
        # Of mappings, amounts are text by now: what is still a Decimal is a number of free JSON.
        encode = encode_numbers if records and isinstance(records[0], dict) else msgspec.json.encode
        return encode(records)
    except RecursionError as error:
        raise SourceProtocolError("nested too deep") from error
