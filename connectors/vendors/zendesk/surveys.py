"""Read satisfaction ratings of Zendesk as answers to surveys."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import msgspec

from connectors.contract import Ask, Page
from connectors.record_fields import Fields
from connectors.toolkit.converters import given, to_text, to_time
from connectors.toolkit.http_client import gathered
from connectors.toolkit.vendor_rows import as_records, readable
from connectors.vendors.zendesk.answers import Requested
from connectors.vendors.zendesk.rows import BEST_SCORE, read_satisfaction

RATINGS = "/api/v2/satisfaction_ratings"
_EVERY = Ask(fields=Fields())


class Rating(msgspec.Struct):
    satisfaction_rating: Any


def rating_id(ticket: Any) -> str | None:
    """Find the rating of a ticket that its requester gave. One that was only offered is none."""
    rating = ticket["satisfaction_rating"]
    return None if read_satisfaction(rating) is None else str(int(rating["id"]))


class Surveys:
    """Load ratings. Only a rating itself says when it was given, so each takes a call.

    `find` asks about one thing, `tickets_of` about those of a user. `knows_requesters` says that other sources know their ids.
    """

    def __init__(
        self,
        find: Callable[..., Awaitable[Rating | None]],
        tickets_of: Callable[[str, Ask, float | None], Coroutine[Any, Any, Requested]],
        *,
        knows_requesters: bool,
    ) -> None:
        self._find = find
        self._tickets_of = tickets_of
        self._knows_requesters = knows_requesters

    async def of_users(self, ids: Sequence[str], until: float | None) -> Page:
        """Load the ratings of all tickets of users."""
        pages = await gathered(self._tickets_of(id_, _EVERY, until) for id_ in ids)
        ratings = readable([row for page in pages for row in page.rows], rating_id)
        rows = await gathered(self._rating(id_, until) for id_ in ratings)
        records = as_records([row for row in rows if row is not None], self._survey)
        return Page(records, partial=any(page.is_cut for page in pages))

    async def by_id(self, id_: str, until: float | None) -> bytes | None:
        """Load a rating by its id."""
        row = await self._rating(id_, until)
        return None if row is None else as_records([row], self._survey)

    async def _rating(self, id_: str, until: float | None) -> Any:
        found = await self._find(Rating, f"{RATINGS}/{id_}", {}, until)
        return None if found is None else found.satisfaction_rating

    def _survey(self, row: Any) -> dict[str, Any]:
        return survey_of(row) | (given(customerId=to_text(row.get("requester_id"))) if self._knows_requesters else {})


def survey_of(row: Any) -> dict[str, Any]:
    return given(
        id=to_text(row["id"]),
        at=to_time(row.get("updated_at") or row.get("created_at")),
        kind="CSAT",
        score=read_satisfaction(row),
        scale=BEST_SCORE,
        comment=row.get("comment"),
        ticketId=to_text(row.get("ticket_id")),
    )
