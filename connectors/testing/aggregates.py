"""Compare each measure of a source with the same measure in Python."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

from connectors.contract import Connector, Measure, MeasureOp
from connectors.errors import SourceError
from connectors.record_fields import OBJECT, fields_of
from connectors.records import Money, Record
from connectors.testing.fetches import fetch_records, spread
from connectors.testing.samples import Sampled
from connectors.toolkit import evaluation


class AggregatePromises(Sampled):
    """Test COUNT, MIN, MAX, SUM, VALUES and COUNTS, over all time and windows.

    MIN and MAX are of the time and of amounts, SUM is of money, VALUES of both, COUNTS of what is one of several words.
    """

    async def test_aggregates_agree_with_the_records(self, connector: Connector[Any]) -> None:
        """The source's numbers are those of the records that it gives."""
        for aggregate, lookup, keys in self.sampled_aggregates(connector):
            whole = await fetch_records(lookup, keys)
            times = spread([record for records in whole.values() for record in records])
            middle = times[len(times) // 2] if times else None
            measures = [measure for measure in _measures(aggregate.record, middle) if measure.op in aggregate.ops]
            for key in keys:
                values = _values((await aggregate.measure([key], measures, None))[key])
                for measure, value in zip(measures, values, strict=True):
                    expected = evaluation.evaluate_measure(aggregate.record, whole[key], measure)
                    assert _plain(value) == _plain(expected), (key, measure)

    async def test_a_batch_is_measured_key_by_key(self, connector: Connector[Any]) -> None:
        """Known keys measure as they do alone, unknown ones as nothing. Those may also be absent. The time is told."""
        for aggregate, lookup, keys in self.sampled_aggregates(connector):
            if MeasureOp.COUNT not in aggregate.ops:
                continue
            known = keys[: max(1, aggregate.max_batch - 1)]
            unknown = [self.unknown_key(aggregate.by, 0)][: aggregate.max_batch - len(known)]
            measured = await aggregate.measure([*known, *unknown], [Measure(op=MeasureOp.COUNT)], 60.0)
            whole = await fetch_records(lookup, known)
            assert measured.keys() <= {*known, *unknown}
            assert {key: _values(measured[key]) for key in known} == {key: [len(whole[key])] for key in known}
            assert all(_values(measured[key]) == [0] for key in unknown if key in measured)


def _values(answer: Sequence[Any] | SourceError) -> list[Any]:
    if isinstance(answer, SourceError):
        raise answer
    return list(answer)


def _measures(record: type[Record], middle: datetime | None) -> Iterator[Measure]:
    money = [field.name for field in fields_of(record).values() if field.form == OBJECT and field.struct is Money]
    paths = [*([record.time_field] if record.time_field else ()), *(f"{name}.amount" for name in money)]
    words = [field.name for field in fields_of(record).values() if field.leaf is not None and issubclass(field.leaf, Enum)]
    for since, until in ((None, None), (middle, None), (None, middle)):
        yield Measure(op=MeasureOp.COUNT, since=since, until=until)
        for op in (MeasureOp.MIN, MeasureOp.MAX):
            yield from (Measure(op=op, field=path, since=since, until=until) for path in paths)
        yield from (Measure(op=MeasureOp.SUM, field=name, since=since, until=until) for name in money)
        yield from (Measure(op=MeasureOp.VALUES, field=path, since=since, until=until) for path in (*paths, *money))
        yield from (Measure(op=MeasureOp.COUNTS, field=path, since=since, until=until) for path in words)


def _plain(value: Any) -> Any:
    """Times and numbers in one form, however the source writes them."""
    match value:
        case bool() | None:
            return value
        case datetime():
            return value.astimezone(UTC)
        case int() | float() | Decimal():
            return Decimal(str(value))
        case list() | tuple():
            return sorted((_plain(item) for item in value), key=str)
        case dict() | msgspec.Struct():
            return {name: _plain(inner) for name, inner in msgspec.to_builtins(value).items()}
        case str():
            return _read(value)
    return value


def _read(text: str) -> Any:
    for kind in (Decimal, datetime):
        try:
            read = msgspec.convert(text, kind)
        except msgspec.ValidationError:
            continue
        return _plain(read)
    return text
