"""Name what is measured of records."""

from enum import StrEnum


class MeasureOp(StrEnum):
    """What is made of the records of a key. As `Measure` says."""

    COUNT = "count"
    SUM = "sum"
    AVERAGE = "average"
    MIN = "min"
    MAX = "max"
    TOP = "top"
    LATEST = "latest"
    VALUES = "values"
    COUNTS = "counts"
    RECORDS = "records"


PLAIN_OPS = frozenset(MeasureOp) - {MeasureOp.VALUES, MeasureOp.COUNTS, MeasureOp.RECORDS}
"""What an aggregate measures that does not say more."""

SOURCE_OPS = PLAIN_OPS | {MeasureOp.VALUES, MeasureOp.COUNTS}
"""All that a source may measure."""

MAX_COUNTS = 10_000
"""How many values COUNTS tells apart. A source that has more gives one more than that, and is then counted in part."""
