"""A connector that serves given records from memory: the fake that a test registers in place of a real source."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import msgspec

from connectors.contract import (
    SOURCE_OPS,
    Aggregate,
    Answer,
    Ask,
    Connector,
    ConnectorSettings,
    KeyKind,
    Keys,
    Lister,
    Listing,
    Lookup,
    Measure,
    Measured,
    Page,
    Push,
)
from connectors.errors import SourceError, SourceUnavailableError
from connectors.inspection import Sample, SampledKey
from connectors.record_fields import Fields, fields_of, narrow
from connectors.records import Customer, Record
from connectors.toolkit import evaluation
from connectors.toolkit.listing_cursor import decode_cursor, encode_cursor

Served = Mapping[tuple[type[Record], KeyKind], Mapping[str, Sequence[Record]]]
Call = tuple[type[Record], KeyKind, tuple[str, ...], Ask | tuple[Measure, ...]]


class MemoryConnector(Connector[ConnectorSettings]):
    """Serves `records[record type, key kind][key]`.

    It applies what `pushdown` says and nothing else. `calls` lists every call: record type, key kind, keys, and the ask or
    the measures; `measured_within` the seconds that were left for each of those. `listed` lists the pages asked for: cursor and
    size. `page_links` are its links by record. While `failure` is set every call raises it; while `hang` is set every call
    waits for that event.
    """

    kind = "memory"
    settings_type = ConnectorSettings

    def __init__(
        self,
        name: str,
        records: Served,
        *,
        pushdown: Iterable[Push] = Push,
        max_batch: int = 100,
        measures: bool = True,
        lists: bool = True,
        update_times: bool = True,
    ) -> None:
        super().__init__(name, ConnectorSettings())
        self.records = records
        self.calls: list[Call] = []
        self.measured_within: list[float | None] = []
        self.listed: list[tuple[str | None, int]] = []
        self.page_links: Mapping[str, str] = {}
        self.failure: SourceError | None = None
        self.hang: asyncio.Event | None = None
        self._pushdown = frozenset(pushdown)
        self._max_batch = max_batch
        self._measures = measures
        self._lists = lists
        self._update_times = update_times
        self._closed = False

    async def open(self) -> None:
        self._closed = False

    async def aclose(self) -> None:
        self._closed = True

    def links(self) -> Mapping[str, str]:
        return self.page_links

    def has_update_times(self, record: type[Record]) -> bool:
        return "updated_at" in fields_of(record) and self._update_times

    def lookups(self) -> Sequence[Lookup]:
        return [
            Lookup(
                record=record,
                by=by,
                fetch=partial(self._fetch, record, by),
                max_batch=self._max_batch,
                pushdown=self._pushdown,
                sample=None if by is KeyKind.TEXT else partial(self._sample, record, by),
            )
            for record, by in self.records
        ]

    def aggregates(self) -> Sequence[Aggregate]:
        return [
            Aggregate(
                record=record,
                by=by,
                measure=partial(self._measure, record, by),
                max_batch=self._max_batch,
                ops=SOURCE_OPS,
                keys_share_nothing=_share_nothing(held),
            )
            for (record, by), held in self.records.items()
            if self._measures
        ]

    def listings(self) -> Sequence[Lister]:
        holds_customers = any(record is Customer for record, _ in self.records)
        return [Lister(record=Customer, fetch=self._list)] if self._lists and holds_customers else []

    async def _list(self, fields: Fields, after: str | None, first: int, remaining_s: float | None = None) -> Listing:  # noqa: ARG002
        self.listed.append((after, first))
        await self._wait_or_fail()
        last = "" if after is None else decode_cursor(self.kind, after)
        of_keys = (held for (record, _), held in self.records.items() if record is Customer)
        by_id = {own.id: own for held in of_keys for records in held.values() for own in records if own.id > last}
        page = [by_id[id_] for id_ in sorted(by_id)[:first]]
        selection = narrow(Customer, fields)
        content = msgspec.json.encode([msgspec.convert(own, selection, from_attributes=True) for own in page])
        return Listing(content, encode_cursor(self.kind, page[-1].id) if len(page) < len(by_id) else None)

    async def _sample(self, record: type[Record], by: KeyKind, count: int) -> Sample:
        held = [(key, [own.id for own in records]) for key, records in self.records[record, by].items()]
        return Sample([SampledKey(key, len(ids), len(set(ids))) for key, ids in held[:count]])

    async def _fetch(self, record: type[Record], by: KeyKind, keys: Keys, ask: Ask) -> Answer:
        await self._receive((record, by, tuple(keys), ask))
        held = self.records[record, by]
        return {key: self._page(record, held[key], ask) for key in keys if key in held}

    async def _measure(
        self, record: type[Record], by: KeyKind, keys: Keys, measures: Sequence[Measure], remaining_s: float | None = None
    ) -> Measured:
        self.measured_within.append(remaining_s)
        await self._receive((record, by, tuple(keys), tuple(measures)))
        held = self.records[record, by]
        return {key: [evaluation.evaluate_measure(record, held.get(key, ()), measure) for measure in measures] for key in keys}

    async def _receive(self, call: Call) -> None:
        self.calls.append(call)
        await self._wait_or_fail()

    async def _wait_or_fail(self) -> None:
        if self.hang is not None:
            await self.hang.wait()
        if self._closed:
            raise SourceUnavailableError("the connector is closed")
        if self.failure is not None:
            raise self.failure

    def _page(self, record: type[Record], records: Sequence[Record], ask: Ask) -> Page:
        matching, total = evaluation.page(records, self._applied(ask))
        selection = narrow(record, ask.fields)
        shown = [msgspec.convert(record, selection, from_attributes=True) for record in matching]
        return Page(msgspec.json.encode(shown), total)

    def _applied(self, ask: Ask) -> Ask:
        """The part of the ask that is declared. A cut or a count is right only where everything else is applied, too."""
        bounded, filtered, ordered = (push in self._pushdown for push in (Push.SINCE, Push.WHERE, Push.ORDER))
        updated = Push.UPDATED_SINCE in self._pushdown
        filters_all = (bounded or ask.since is ask.until is None) and (filtered or not ask.where)
        filters_all = filters_all and (updated or ask.updated_since is None)
        in_order = filters_all and (ordered or not ask.oldest_first)
        continues = in_order and Push.AFTER in self._pushdown
        return msgspec.structs.replace(
            ask,
            since=ask.since if bounded else None,
            until=ask.until if bounded else None,
            updated_since=ask.updated_since if updated else None,
            where=ask.where if filtered else (),
            oldest_first=ask.oldest_first and ordered,
            count=ask.count and filters_all and Push.COUNT in self._pushdown,
            after=ask.after if continues else None,
            first=ask.first if in_order and (continues or ask.after is None) and Push.FIRST in self._pushdown else None,
        )


def _share_nothing(held: Mapping[str, Sequence[Record]]) -> bool:
    """Tell whether no record is under two keys."""
    ids = [id_ for records in held.values() for id_ in {record.id for record in records}]
    return len(ids) == len(set(ids))
