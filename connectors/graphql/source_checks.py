"""Check a lookup by asking it for no key."""

from collections.abc import Awaitable, Callable

from connectors.contract import Answer, Ask, Keys, Page
from connectors.errors import SourceAuthError, SourceError, SourceProtocolError
from connectors.graphql.lookup import GraphQLLookup
from connectors.record_fields import Fields, all_fields
from connectors.records import RECORD_NAMES

Fetch = Callable[[Keys, Ask], Awaitable[Answer]]


async def problems_of(lookup: GraphQLLookup, fetch: Fetch, timeout_s: float) -> list[str]:
    """Each with its setting. Where a query is refused, its fields are asked for one by one, so that the wrong one is named."""
    record = f"records.{RECORD_NAMES[lookup.record]}"
    query = f"{record}.keys.{lookup.by.value}.query"

    answered: list[Page] = []

    async def trial(fields: Fields) -> SourceError | None:
        try:
            answer = await fetch([lookup.nobody], Ask(fields=fields, first=1, remaining_s=timeout_s))
        except SourceError as error:
            return error
        answered.extend(page for page in answer.values() if isinstance(page, Page) and page.records not in ([], b"[]"))
        return next((error for error in answer.values() if isinstance(error, SourceError)), None)

    error = await trial(all_fields(lookup.record))
    match error:
        case None if answered:
            return [f"{query}: it gives records for a key that nobody has; let `key:` stand where a record says whose it is"]
        case None:
            return []
        case SourceAuthError():
            return [f"{query}: {error}; correct the token in headers, or grant it what the query asks for"]
        case SourceProtocolError() if await trial(Fields.from_paths("id")) is None:
            return [
                f"{record}.{setting}: {refusal}; compare it with the schema of the source"
                for setting, fields in lookup.mapped.items()
                if (refusal := await trial(fields)) is not None
            ]
        case SourceProtocolError():
            return [f"{query}: {error}; compare it, and where id and time are, with the schema of the source"]
    return [f"{query}: {error}; send the query by hand"]
