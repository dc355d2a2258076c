"""Bring ratings of a source's scale onto that of the record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from math import floor
from typing import Annotated, Any

import msgspec
from pydantic import AfterValidator

from connectors.record_fields import fields_of
from connectors.records import Record
from connectors.toolkit.converters import to_number
from connectors.toolkit.evaluation import is_sound

RATING = "satisfaction"
"""The field that holds a rating."""
WORST, BEST = 1, 5
BELOW, ABOVE = WORST - 1, BEST + 1
"""What a rating becomes that is not on the source's scale: it is on none then, so it counts as out of range."""


def _two_ends(scale: tuple[int, int]) -> tuple[int, int]:
    if scale[0] == scale[1]:
        raise ValueError("has two equal ends; give the worst rating and the best one, such as [0, 10]")
    return scale


Scale = tuple[int, int]
RatingScale = Annotated[Scale, AfterValidator(_two_ends)]
"""The worst and the best rating of a source. The worst may be the greater number, as of marks at school."""


def scale_problems(record: type[Record], scale: Scale | None) -> Iterator[str]:
    """List problems of a scale for a record without a rating."""
    if scale is not None and RATING not in fields_of(record):
        yield f"rating_scale: {record.__name__} has no rating; remove it"


def rating_reader(scale: Scale, convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Convert numbers to the scale of records; convert other values as usual."""

    def read(value: Any) -> Any:
        number = to_number(value)
        return convert(value) if number is None or not is_sound(number) else rating_of(number, scale)

    return read


@lru_cache(maxsize=1024)
def rating_of(number: Any, scale: Scale) -> int:
    """Round a number of the source to the nearest rating. Between two it is the better one.

    >>> [rating_of(number, (0, 10)) for number in (0, 4, 5, 6.25, 10, 11)]
    [1, 3, 3, 4, 5, 6]
    """
    worst, best = scale
    if number < min(scale):
        return BELOW
    if number > max(scale):
        return ABOVE
    return WORST + floor(Fraction(number - worst) * (BEST - WORST) / (best - worst) + Fraction(1, 2))


def valid_rating(number: float, scale: Scale) -> int:
    """As `rating_of`. Raises `ValueError` for a number that is not on the scale."""
    rating = rating_of(number, scale)
    if not WORST <= rating <= BEST:
        raise msgspec.ValidationError("not on the scale")
    return rating
