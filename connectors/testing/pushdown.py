"""Compare each pushed-down ask with the same ask in Python."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from enum import Enum
from itertools import product
from typing import Any

import msgspec

from connectors.contract import Ask, Condition, Connector, Lookup, Position, Push
from connectors.record_fields import LIST, Fields, all_fields, fields_of
from connectors.records import Record
from connectors.testing.fetches import fetch, fetch_records, spread
from connectors.testing.samples import Sampled
from connectors.toolkit import evaluation


class PushdownPromises(Sampled):
    """Test each kind of pushdown that a lookup declares."""

    async def test_first_gives_the_newest_of_each_key(self, connector: Connector[Any]) -> None:
        """FIRST cuts per key, after the newest."""
        async for lookup, whole in self._declaring(connector, Push.FIRST):
            for first in (1, 2, 3):
                fetched = await fetch_records(lookup, list(whole), first=first)
                assert {key: _ids(records) for key, records in fetched.items()} == {
                    key: _ids(evaluation.sort_records(records)[:first]) for key, records in whole.items()
                }

    async def test_order_is_kept_inside_a_page(self, connector: Connector[Any]) -> None:
        """ORDER puts records in the asked order, cut or not."""
        async for lookup, whole in self._declaring(connector, Push.ORDER):
            for oldest_first in (False, True):
                for first in (None, 2) if Push.FIRST in lookup.pushdown else (None,):
                    fetched = await fetch_records(lookup, list(whole), oldest_first=oldest_first, first=first)
                    for key, records in whole.items():
                        expected = evaluation.sort_records(records, oldest_first=oldest_first)[:first]
                        assert [record.id for record in fetched[key]] == [record.id for record in expected], (
                            key,
                            oldest_first,
                            first,
                        )

    async def test_since_and_until_bound_the_time(self, connector: Connector[Any]) -> None:
        """SINCE includes its moment, until excludes it."""
        async for lookup, whole in self._declaring(connector, Push.SINCE):
            for key, records in whole.items() if lookup.record.time_field else ():
                times = spread(records)
                middle = times[len(times) // 2]
                for bounds in ({"since": middle}, {"until": middle}, {"since": times[0], "until": times[-1]}):
                    await _expect_matching(lookup, key, records, **bounds)

    async def test_conditions_hold(self, connector: Connector[Any]) -> None:
        """WHERE keeps the records that meet a condition, or, negated, the others. It is on any text or enum.

        The first condition is asked with all fields, the others with their own field, and negated ones without it.
        """
        async for lookup, whole in self._declaring(connector, Push.WHERE):
            for key, records in whole.items():
                for number, path in enumerate(_text_paths(lookup.record)):
                    values = sorted(
                        {evaluation.as_text(value) for record in records for value in evaluation.values_at(record, path)}
                    )
                    for negated in (False, True):
                        condition = Condition(path, tuple(values[:1] or ["nothing has this"]), negated)
                        selected = Fields.from_paths("id") if negated else Fields.from_paths("id", path)
                        fields = selected if number else all_fields(lookup.record)
                        await _expect_matching(lookup, key, records, where=(condition,), fields=fields)

    async def test_pages_follow_without_gap_or_repeat(self, connector: Connector[Any]) -> None:
        """AFTER continues where the page before ended. It does in either order, also between records of the same time.

        Pages from the newest on have all fields, those from the oldest on have the id and the time.
        """
        async for lookup, whole in self._declaring(connector, Push.AFTER):
            for key, records in whole.items():
                for oldest_first in (False, True) if Push.ORDER in lookup.pushdown else (False,):
                    walked = [record async for record in _walk(lookup, key, oldest_first, limit=len(records))]
                    expected = evaluation.sort_records(records, oldest_first=oldest_first)
                    assert [record.id for record in walked] == [record.id for record in expected]

    async def test_pages_follow_a_record_of_another_source(self, connector: Connector[Any]) -> None:
        """AFTER takes a time with an empty id. Another source's record stood there: just at, or a tick behind, its own."""
        async for lookup, whole in self._declaring(connector, Push.AFTER):
            for key, records in whole.items():
                times = {time for record in records if (time := evaluation.time_of(record)) is not None}
                fields = _order_fields(lookup.record)
                for time, oldest_first in product(times, (False, True) if Push.ORDER in lookup.pushdown else (False,)):
                    for place in (Position(time, ""), Position(time + timedelta(microseconds=1), "")):
                        fetched = await fetch_records(lookup, [key], after=place, oldest_first=oldest_first, fields=fields)
                        expected = evaluation.records_after(records, place, oldest_first=oldest_first)
                        assert _ids(fetched.get(key, [])) == _ids(expected), (key, place, oldest_first)

    async def test_count_is_the_number_of_all(self, connector: Connector[Any]) -> None:
        """COUNT gives how many there are, whatever `first` cuts off."""
        async for lookup, whole in self._declaring(connector, Push.COUNT):
            first = 1 if Push.FIRST in lookup.pushdown else None
            pages = await fetch(lookup, list(whole), count=True, first=first)
            assert {key: page.total for key, page in pages.items()} == {key: len(records) for key, records in whole.items()}

    async def _declaring(self, connector: Connector[Any], push: Push) -> AsyncIterator[tuple[Lookup, dict[str, list[Record]]]]:
        for lookup, keys in self.sampled(connector):
            if push in lookup.pushdown:
                yield lookup, await fetch_records(lookup, keys)


async def _expect_matching(lookup: Lookup, key: str, records: list[Record], **ask: Any) -> None:
    ask = {"fields": all_fields(lookup.record)} | ask
    fetched = await fetch_records(lookup, [key], **ask)
    expected = evaluation.filter_records(records, Ask(**ask))
    assert _ids(fetched[key]) == _ids(expected), (key, ask)


async def _walk(lookup: Lookup, key: str, oldest_first: bool, limit: int) -> AsyncIterator[Record]:
    first = 2 if Push.FIRST in lookup.pushdown else None
    fields = _order_fields(lookup.record) if oldest_first else all_fields(lookup.record)
    position = None
    for _ in range(limit + 1):
        fetched = await fetch_records(lookup, [key], after=position, first=first, oldest_first=oldest_first, fields=fields)
        page = evaluation.sort_records(fetched[key], oldest_first=oldest_first)[:2]
        if not page:
            return
        for record in page:
            yield record
        position = evaluation.position_of(page[-1])


def _order_fields(record: type[Record]) -> Fields:
    """Select the fields that order records."""
    return Fields.from_paths("id", *filter(None, [record.time_field]))


def _ids(records: list[Record]) -> list[str]:
    return sorted(record.id for record in records)


def _text_paths(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[str]:
    for field in fields_of(struct).values():
        if field.struct is not None:
            yield from _text_paths(field.struct, f"{prefix}{field.name}.")
        elif field.leaf is str or (field.form != LIST and field.leaf is not None and issubclass(field.leaf, Enum)):
            yield prefix + field.name
