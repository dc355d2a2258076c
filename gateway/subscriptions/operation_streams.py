"""Answer an operation as a stream of results: of a query its parts, of a subscription one for each change.

Each result is a request of its own at the endpoint. So callers, views, purposes, quotas and the audit hold for every one, as
they are when it leaves.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from http import HTTPStatus

import msgspec
from starlette.requests import ClientDisconnect

from gateway.changes.change_feed import ChangeFeed
from gateway.changes.customer_change import ChangesMissedError, CustomerChange
from gateway.changes.subscription_turn import SubscriptionTurn
from gateway.errors import OverloadedError
from gateway.http.endpoint import GraphQLView
from gateway.http.multipart import payload_of
from gateway.http.negotiation import RESPONSE_JSON
from gateway.http.request_head import Head
from gateway.http.responses import make_failure
from gateway.lookups.call_statistics import OK

MakeHead = Callable[[], Head]


class StreamedResult(msgspec.Struct, frozen=True, eq=False):
    """A result as JSON, with the status that it would have by POST. One that `is_refused` has no data, and is the last.

    `cursor` says where a subscription goes on from. One that `begins` a subscription says nothing else, and has no body.
    `headers` are those that it would have by POST beside the usual ones, `code` is that of its first error. It `has_next` where
    other parts of the same answer follow.
    """

    body: bytes
    status: int = 200
    cursor: str | None = None
    is_refused: bool = False
    begins: bool = False
    headers: Mapping[str, str] = {}
    code: str = OK
    has_next: bool = False


class OperationStreams:
    """Answers the operations of all transports of a worker that stream."""

    def __init__(self, endpoint: GraphQLView) -> None:
        self._endpoint = endpoint
        self._feeds: dict[ChangeFeed, None] = {}
        self._is_closed = False

    async def answer(self, make_head: MakeHead, body: bytes, since: str | None = None) -> AsyncGenerator[StreamedResult, None]:
        """Answer an operation, which `body` has as by POST. `make_head` makes the head of each request; it accepts our JSON.

        A subscription goes on behind the position `since`. Whoever reads closes the generator, which ends what is under way.
        """
        if self._is_closed:
            answer = make_failure(OverloadedError(), RESPONSE_JSON, make_head())
            self._endpoint.note_refusal("POST", answer)
            yield StreamedResult(answer.body, answer.status, is_refused=True, headers=answer.more_headers, code=answer.code)
            return
        head = make_head()
        turn = head.turn = SubscriptionTurn(since=since)
        try:
            async with aclosing(self._answer_request(head, body)) as results:
                async for result in results:
                    if turn.feed is None or result.is_refused:
                        yield result
                        if result.is_refused:
                            return
            if turn.feed is not None:
                self._feeds[turn.feed] = None
                if self._is_closed:
                    turn.feed.close()
                yield StreamedResult(b"", begins=True, headers=head.answered_with)
                async with aclosing(self._follow(turn.feed, make_head, body)) as results:
                    async for result in results:
                        yield result
        finally:
            if turn.feed is not None:
                turn.feed.close()
                self._feeds.pop(turn.feed, None)

    def close(self) -> None:
        """End all subscriptions. Other operations that are under way go on; new ones are refused."""
        self._is_closed = True
        for feed in [*self._feeds]:
            feed.close()

    async def _follow(self, feed: ChangeFeed, make_head: MakeHead, body: bytes) -> AsyncGenerator[StreamedResult, None]:
        """Give a result for each change."""
        try:
            async for change in feed:
                result = await self._answer_change(change, make_head(), body)
                if result is not None:
                    yield result
                    if result.is_refused:
                        return
        except ChangesMissedError as error:
            answer = make_failure(error, RESPONSE_JSON, make_head())
            self._endpoint.note_refusal("POST", answer)
            yield StreamedResult(answer.body, answer.status, is_refused=True, code=answer.code)

    async def _answer_change(self, change: CustomerChange, head: Head, body: bytes) -> StreamedResult | None:
        """Answer for a change. None where the caller is not to hear of it."""
        turn = head.turn = SubscriptionTurn(change=change)
        async with aclosing(self._answer_request(head, body)) as results:
            result = await anext(results)
        if turn.is_hidden and not result.is_refused:
            return None
        return msgspec.structs.replace(result, cursor=turn.cursor)

    async def _answer_request(self, head: Head, body: bytes) -> AsyncGenerator[StreamedResult, None]:
        """Give the payloads of one request, which begins now."""
        head.begun = head.arrived = self._endpoint.monotonic()
        try:
            answer = await self._endpoint.answer(head, body)
        except ClientDisconnect:
            return
        if answer.parts is None:
            is_refused = answer.status >= HTTPStatus.BAD_REQUEST
            yield StreamedResult(
                answer.body, answer.status, is_refused=is_refused, headers=answer.more_headers, code=answer.code
            )
            return
        try:
            yield StreamedResult(payload_of(answer.body), answer.status, headers=answer.more_headers, has_next=True)
            async for part in answer.parts:
                yield StreamedResult(payload_of(part), answer.status, has_next=not answer.parts.is_whole)
        finally:
            answer.parts.close()
