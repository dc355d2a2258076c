"""Records of several types merged by time."""

import asyncio
from collections.abc import Mapping

import msgspec

from connectors.contract import Ask
from connectors.record_fields import Fields
from connectors.records import Record
from gateway.errors import SourceFailure
from gateway.lookups import post_filter
from gateway.stitching.customer import StitchedCustomer, report_contributions
from gateway.stitching.position import sort_owned
from gateway.stitching.record_list import RecordPage
from gateway.stitching.source_reports import Contribution


async def timeline(
    customer: StitchedCustomer, asks: Mapping[type[Record], tuple[Ask, Fields | None]], first: int
) -> RecordPage:
    """Merge the newest records of all the asked types. With each ask come the fields of which it is asked whose they are.

    What cannot be had is left out and named in `unavailable`. Raises `SourceFailure` when nothing could be had at all.
    """
    with report_contributions([customer]):
        parts = await asyncio.gather(*(_part(customer, record, *asked) for record, asked in asks.items()))
    pages = [part for _, part in parts if isinstance(part, RecordPage)]
    failures = [part for _, part in parts if isinstance(part, SourceFailure)]
    if failures and not pages:
        raise failures[0]
    owned = sort_owned(owned for page in pages for owned in page.owned())
    unavailable = [name for page in pages for name in page.unavailable]
    return RecordPage(
        records=[record for record, _ in owned[:first]],
        total=None,
        has_more=len(owned) > first or any(page.has_more for page in pages),
        has_previous=any(ask.after is not None for ask, _ in asks.values()),
        unavailable=list(dict.fromkeys([*unavailable, *(failure.source_name for failure in failures)])),
        contributions=[contribution for contributions, _ in parts for contribution in contributions],
        owners=[source for _, source in owned[:first]],
        partial=any(page.partial for page in pages),
    )


def _with_position(ask: Ask, record: type[Record]) -> Ask:
    return msgspec.structs.replace(ask, fields=ask.fields | post_filter.position_fields(record))


async def _part(
    customer: StitchedCustomer, record: type[Record], ask: Ask, origins: Fields | None
) -> tuple[list[Contribution], RecordPage | SourceFailure | None]:
    asked, outcomes = await customer.asked(record, _with_position(ask, record), origins)
    contributions: list[Contribution] = [(record, outcome) for outcome in outcomes]
    try:
        return contributions, customer.listed(asked, outcomes)
    except SourceFailure as failure:
        return contributions, failure
