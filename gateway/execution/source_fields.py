"""Fields that ask sources: lists of records that a customer's keys find, and the customers themselves.

The lookups of all customers and all lists start in one turn of the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from graphql import FieldNode

from connectors.records import Record
from connectors.toolkit.evaluation import encode_json
from connectors.toolkit.loop_turns import Turn
from gateway.execution.arguments import Arguments
from gateway.execution.field_metadata import CustomerFinder, RecordList
from gateway.execution.fields import NULLED, BatchedField, Column, Field, Path, Run
from gateway.lookups.outcome import Found
from gateway.lru_cache import SegmentedLru
from gateway.stitching.customer_lists import CustomerLists
from gateway.stitching.record_finder import Selections
from gateway.stitching.selection import Selection
from gateway.stitching.source_router import RoutedAsk, SourceRouter

MAX_ASKS = 128
"""The asks that a plan caches, for all of its fields together."""

Asks = SegmentedLru[Any, RoutedAsk]

MAX_TURN_RECORDS = 500
"""How many records are shown in one turn of the loop, about; a turn then takes a few milliseconds."""


class RecordListField(Field):
    """Show a page of records that the customer's keys find."""

    def __init__(
        self,
        name: str,
        key: str,
        nodes: list[FieldNode],
        lists: RecordList,
        selection: Selection,
        arguments: Arguments,
        show: Callable[[Any], Any],
        show_found: Callable[[Found], Any] | None,
        asks: Asks,
    ) -> None:
        super().__init__(name, key, nodes, nullable=True)
        self._lists = lists
        self._selection = selection
        self._arguments = arguments
        self._show = show
        self._show_found = show_found
        self._asks = asks
        self._place_in_asks = object()  # not the field, which the asks would hold, and it them
        self._always: tuple[SourceRouter, RoutedAsk] | None = None

    def asked(self, run: Run) -> RoutedAsk:
        """Route the ask of the arguments: the same object for the same arguments, so that requests share it.

        Raises `InvalidArgumentError`.
        """
        router = run.context.stitcher.router
        if self._always is not None and self._always[0] is router:
            return self._always[1]
        coerced = run.variables.coerced
        name = (self._place_in_asks, router, *[coerced.get(name, NULLED) for name in self._arguments.names])
        try:
            routed = self._asks.get(name)
        except TypeError:  # a list cannot be remembered by
            routed, name = None, None  # type: ignore[assignment]
        if routed is None:
            words = self._arguments.words(run.variables)
            ask = self._lists.ask(self._selection, **words)
            routed = router.route(self._lists.record, ask, self._selection.origins)
            if not self._arguments.names:
                self._always = router, routed
            elif name is not None:
                self._asks.add(name, routed)
        return routed

    def asked_or_error(self, run: Run) -> RoutedAsk | Exception:
        try:
            return self.asked(run)
        except Exception as error:  # noqa: BLE001  a bad argument costs this field
            return error

    async def column(self, run: Run, lists: CustomerLists | Exception, paths: Sequence[Path]) -> Column:
        """Show the list of each customer. Many give way to other requests between them."""
        if isinstance(lists, Exception):
            return [self.failed(run, lists, path) for path in paths]
        step = max(1, MAX_TURN_RECORDS // max(1, lists.max_records))
        if len(paths) <= step:
            return self._shown(run, lists, paths, 0)
        column: Column = []
        turn = Turn()
        for start in range(0, len(paths), step):
            shown = self._shown(run, lists, paths[start : start + step], start)
            # Written here, in parts: all at once, 20,000 records hold the loop for 8 ms at the end.
            column += [value if value is None or value is NULLED else msgspec.Raw(encode_json(value)) for value in shown]
            await turn.end()
        return column

    def _shown(self, run: Run, lists: CustomerLists, paths: Sequence[Path], start: int) -> Column:
        """Complete the lists of customers at these paths. The first of them stands at `start`."""
        show = self._show_found
        if show is not None and (whole := lists.whole(slice(start, start + len(paths)))) is not None:
            try:
                shown = [*map(show, whole)]
                if run.given is not None and self.place is not None:
                    run.given.counts[self.place] += sum(len(found.records) for found in whole)
                return shown
            except Exception:  # noqa: BLE001, S110  one by one, so that it costs its own customer only
                pass
        column: Column = []
        for place, path in enumerate(paths, start):
            try:
                page = lists.page(place)
                column.append(None if page is None else self._show(page))
                if page is not None:
                    self.count_given(run, [page])
            except Exception as error:  # noqa: BLE001  whatever is raised costs this field
                column.append(self.failed(run, error, path))
        return column

    @property
    def asks_for(self) -> tuple[type[Record], Selection]:
        return self._lists.record, self._selection


class CustomerField:
    """Finds the customers or records of a field. Customers that its arguments name have their fields asked for in that turn."""

    def __init__(
        self,
        finds: CustomerFinder,
        selection: Selection | Selections,
        arguments: Arguments,
        fields: Sequence[RecordListField | BatchedField],
    ) -> None:
        self._finds = finds
        self._selection = selection
        self._arguments = arguments
        self._fields = fields

    def __call__(self, run: Run, _source: Any) -> Any:
        words = self._arguments.words(run.variables)
        stitcher, finds = run.context.stitcher, self._finds
        if finds.in_context:
            ids = stitcher.expected_ids(finds.ids(run.context, **words)) if self._fields else ()
        else:
            ids = stitcher.expected_ids(finds.ids(**words)) if self._fields else ()
        if ids:
            asked = []
            for field in self._fields:
                try:
                    if isinstance(field, BatchedField):
                        field.expect(run, ids)
                    else:
                        asked.append(field.asked(run))
                except Exception:  # noqa: BLE001, S112  raised again, and placed, where the field is
                    continue
            stitcher.prefetch(ids, asked)
        return finds.find(run.context if finds.in_context else stitcher, self._selection, **words)
