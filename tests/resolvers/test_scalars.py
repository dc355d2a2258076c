"""The `DateTime` scalar takes RFC 3339, and what is no time is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import GraphQLError

from resolvers.scalars import SCALARS

pytestmark = pytest.mark.cases

read = SCALARS[datetime].parse_value
assert read is not None


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-30T12:00:00Z",
        "2026-06-30t12:00:00z",
        "2026-06-30 12:00:00Z",
        "2026-06-30T12:00Z",
        "2026-06-30T14:00:00+02:00",
        "2026-06-30T14:00:00.000+0200",
        "2026-06-30T12:00:00-00:00",
    ],
)
def test_a_time_with_its_offset_is_read(text: str) -> None:
    """`T` and `Z` in either case, as RFC 3339 allows."""
    assert read(text) == datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-W23-3T00:00:00Z",
        "2026-W23-3",
        "2026-180T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-06-30T24:01:00Z",
        "0001-01-01T00:00:00+14:00",
        "1782820800",
        "soon",
        "",
    ],
)
def test_what_is_no_such_text_is_refused(text: str) -> None:
    """Week dates and days of a year are not of RFC 3339."""
    with pytest.raises(GraphQLError, match="RFC 3339"):
        read(text)


@pytest.mark.parametrize("value", [1782820800, None, True, ["2026-06-30T12:00:00Z"]])
def test_only_text_is_read(value: Any) -> None:
    """A number could be seconds or milliseconds."""
    with pytest.raises(GraphQLError, match="RFC 3339"):
        read(value)


@pytest.mark.parametrize("text", ["2026-06-30", "2026-06-30T12:00:00", "2026-06-30T12:00"])
def test_a_time_without_its_offset_is_asked_for_it(text: str) -> None:
    """Nobody knows which it is."""
    with pytest.raises(GraphQLError, match="needs its offset"):
        read(text)
