"""Whether measured values are what their measures ask for."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from connectors.contract import Measure, MeasureOp
from connectors.errors import SourceProtocolError
from connectors.records import Money, Record
from connectors.shapes import leaf_shape


def fitting(given: Any, record: type[Record], measures: Sequence[Measure]) -> tuple[Any, ...]:
    """The values as they were given, one per measure.

    Raises `SourceProtocolError` when there is not one per measure, or one is of another kind than its measure.
    """
    if not isinstance(given, list | tuple) or len(given) != len(measures):
        raise SourceProtocolError("one value per measure was expected")
    for measure, value in zip(measures, given, strict=True):
        try:
            msgspec.convert(value, _kind(record, measure.op, measure.field), from_attributes=True)
        except msgspec.ValidationError:
            raise SourceProtocolError(f"a {measure.op.value} is not what was asked for") from None
    return tuple(given)


@lru_cache(maxsize=256)
def _kind(record: type[Record], op: MeasureOp, field: str | None) -> Any:
    shape = leaf_shape(record, field) if field is not None else None
    if op is MeasureOp.COUNT or shape is None:
        return int
    is_money = shape.struct is Money
    if op is MeasureOp.SUM:
        return list[Money] if is_money else Decimal
    if op is MeasureOp.AVERAGE:
        return list[Money] | None if is_money else Decimal | None
    if shape.leaf is datetime:
        return datetime | None
    return (shape.leaf or shape.struct or Any) | None
