"""The fast way from rows to records: decoded in C under the source's own names, then put in their places.

It exists where a mapping is made of plain paths, and reads values that need no more than a table. Rows that do not fit raise
`MisfitError`, and are mapped one by one instead (`RowMapping`), which reads whatever can be read. With that alone, lists cost
five to nine times as many instructions (decision 39).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from connectors.record_fields import Fields, fields_of
from connectors.toolkit.mapping.amounts import Amount, are_plain, numbers_in
from connectors.toolkit.mapping.row_compiler import MappingRules, RowCompiler, RowVariable
from connectors.toolkit.mapping.row_layout import ObjectLayout
from connectors.toolkit.mapping.settings import MappingSettings


class RowReader:
    """Read rows of one record type, narrowed to some fields. `place` is where a row is.

    `records` makes records of decoded rows, `position` gives what orders a row; where rows `are_newest_first`, or the other way
    round, their ids do not matter. All of them raise `MisfitError`, `TypeError`, `msgspec.ValidationError` or `OverflowError`
    for rows that do not fit. Rows are to be decoded with the `float_hook`. Lists whose items are written as they are shown are
    taken `as_they_come`, if that is asked for and there are any; then a null does not fit where there is a default.
    Raises `MisfitError` for a mapping that needs more than paths.
    """

    def __init__(
        self,
        struct: type[msgspec.Struct],
        rules: MappingSettings,
        fields: Fields,
        place: ObjectLayout,
        *,
        shown: bool,
        as_they_come: bool,
    ) -> None:
        self._numbers = numbers_in(struct, fields) if shown else None
        self.float_hook = None if self._numbers is None else Amount
        self._writer = writer = RowCompiler(shows_amounts=self._numbers is not None, as_they_come=as_they_come)
        row = RowVariable((place,), "row")
        self._quick, self._careful = writer.records(writer.object(struct, fields, MappingRules(rules), row))
        self.as_they_come = writer.as_they_come
        names = position_names(struct)
        self.position = writer.position(struct, names, MappingRules(rules), row)
        self.not_newest_first, self.not_oldest_first = (
            writer.order_test(fields_of(struct)[names[0]], MappingRules(rules), row, way) for way in "<>"
        )

    @property
    def met_fractions(self) -> bool:
        """Tell whether a time of the last records has a fraction. Decoders round those of a second."""
        return self._writer.met_fractions

    def records(self, lists: Collection[list[Any]]) -> list[list[Any]]:
        """Read a list of records for each list of decoded rows."""
        self._writer.met_fractions = False
        try:
            records = self._quick(lists)
            if self._numbers is None or are_plain(self._numbers(records)):
                return records
        except AttributeError:  # of an amount that was not decoded as one
            pass
        return self._careful(lists)


def position_names(struct: type[msgspec.Struct]) -> tuple[str, ...]:
    """Name the fields that order records among their kind: the time, where they have one, then the id."""
    time: str | None = getattr(struct, "time_field", None)
    return (time, "id") if time else ("id",)
