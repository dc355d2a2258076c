"""Send the documents for a batch of keys and follow their pages."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from connectors.contract import Answer, Ask, Found, Keys
from connectors.errors import SourceError, SourceRejectedError
from connectors.graphql.lookup import GraphQLLookup, LookupQuery
from connectors.graphql.response import meaning, of_the_call, path_of, read_response
from connectors.record_fields import has_decimals
from connectors.toolkit.batches import ask_in_halves
from connectors.toolkit.converters import has_fine_times, has_odd_decimals
from connectors.toolkit.http_client import RefusedResponse

ACCEPT = {"Accept": "application/graphql-response+json, application/json;q=0.9"}
Post = Callable[[Any, float | None], Awaitable[bytes | None]]
"""Posts a body until a time of the event loop's clock, in seconds."""
Wait = Callable[[Any], float | None]
"""How long a source that throttles asks to wait, in seconds, by the extensions of its answer; None where it does not say."""


def no_wait(_extensions: Any) -> None:
    """Read no time to wait from an answer."""
    return


class GraphQLClient:
    """Asks one endpoint."""

    def __init__(self, post: Post, wait: Wait = no_wait) -> None:
        self._post = post
        self._wait = wait

    async def fetch(self, lookup: GraphQLLookup, keys: Keys, ask: Ask) -> Answer:
        until = None if ask.remaining_s is None else asyncio.get_running_loop().time() + ask.remaining_s
        good = [key for key in keys if _can_be_sent(key)]
        answer: dict[str, Found | SourceError] = {key: SourceRejectedError() for key in keys if key not in good}
        if good:
            answer |= await ask_in_halves(good, lambda some: self._fetch(lookup, some, ask, until))
        failures = [outcome for outcome in answer.values() if isinstance(outcome, SourceError)]
        if failures and len(failures) == len(keys) and not isinstance(failures[-1], SourceRejectedError):
            raise failures[-1]  # the source failed, not a key: whoever counts failures should see it
        return answer

    def refusal(self, refused: RefusedResponse) -> SourceError | None:
        """Map a failed response by its error codes. Without one its status decides."""
        said = refused.said if isinstance(refused.said, dict) else {}
        errors = said.get("errors")
        reported = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
        return None if refused.status == 429 else meaning(reported, self._wait(said.get("extensions")))

    async def _fetch(self, lookup: GraphQLLookup, keys: Keys, ask: Ask, until: float | None) -> Answer:
        """Ask in as many calls as the longest answer has pages. What fails after the first costs keys that wait for more."""
        queries = lookup.build_queries(keys, ask)
        waiting = await self._ask_once(lookup, queries, ask, until) if queries else []
        for _ in range(1, lookup.max_pages):
            if not waiting:
                break
            try:
                waiting = await self._ask_once(lookup, waiting, ask, until)
            except SourceError as error:
                for query in waiting:
                    query.fail(error)
                waiting = []
        for query in waiting:
            lookup.cut(query, ask)
        answer: dict[str, Found | SourceError] = {}
        for query in queries:
            answer |= lookup.collect_records(query, ask)
        return answer

    async def _ask_once(
        self, lookup: GraphQLLookup, queries: Sequence[LookupQuery], ask: Ask, until: float | None
    ) -> Sequence[LookupQuery]:
        """Ask queries, and return those that have further pages."""
        content = await self._post(lookup.body(queries, ask), until) or b""
        has_amounts = has_decimals(lookup.record, ask.fields)
        answer = read_response(content, has_amounts=has_amounts)
        if has_fine_times(content) or (has_amounts and has_odd_decimals(content)):
            for query in queries:
                query.needs_care = True
        errors = answer.errors or []
        wait_s = self._wait(answer.extensions) if errors else None
        if answer.data is None or not all(path and path[0] in answer.data for path in map(path_of, errors)):
            raise of_the_call(errors, wait_s)
        return lookup.read_response(queries, answer.data, errors, ask, wait_s)


def _can_be_sent(key: str) -> bool:
    try:
        return bool(key.encode())
    except UnicodeEncodeError:
        return False
