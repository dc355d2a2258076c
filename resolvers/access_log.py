"""The access log of a customer: who was told of him, by the audit."""

from datetime import datetime

import msgspec
import strawberry

from connectors.toolkit.evaluation import rfc3339
from connectors.toolkit.times import read_time
from gateway.audit.reader import Access
from gateway.context import RequestContext
from gateway.errors import InvalidArgumentError
from gateway.stitching.customer import StitchedCustomer
from resolvers.fields import field

NOT_A_CURSOR = "after: this is not a cursor of this list; take one from its endCursor"


@strawberry.type(description="One request that was told of a customer.")
class AccessLogEntry:
    at: datetime = field("When it was answered.")
    caller: str | None = field("Who asked: a caller of the settings, or `operator`; null where there are no callers.")
    purpose: str | None = field("The purpose of the request.")
    fields: list[str] = field("The classes of the fields that it asked for, such as `contact`.", name="fieldClasses")


@strawberry.type(description="Who was told of a customer. No person is named.")
class AccessLog:
    nodes: list[AccessLogEntry] = field("The entries of this page, the newest first; those of one moment stay together.")
    end_cursor: str | None = field("Give it as `after` for the next page; null where there is none.")


class AccessPage(msgspec.Struct):
    """A page, as `AccessLog` shows it."""

    nodes: list[Access]
    end_cursor: str | None


async def read_access_log(context: RequestContext, customer: StitchedCustomer, first: int, after: str | None) -> AccessPage:
    """Read a page by the ids of all records of a customer. Raises `WithheldError`, `InvalidArgumentError` and `StoreError`."""
    reader = context.require_access_log()
    ids = {customer.current_id, *(member.id.node_id for member in customer.members)}
    found = await reader.accesses(ids, first=first, before=_read_cursor(after))
    return AccessPage(found, rfc3339(found[-1].at) if len(found) >= first else None)


def _read_cursor(after: str | None) -> datetime | None:
    try:
        return None if after is None else read_time(after)
    except (ValueError, OverflowError):
        raise InvalidArgumentError(NOT_A_CURSOR) from None
