"""The connector of the `graphql` kind: which documents leave for a batch of keys, and what their answers add up to."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from yarl import URL

from connectors.contract import Answer, Ask, Connector, Found, Keys, Lookup
from connectors.errors import SourceError, SourceProtocolError, SourceRejectedError, SourceUnavailableError
from connectors.graphql.answers import answer_in, meaning, of_the_call, path_of
from connectors.graphql.lookup import GraphQLLookup, Question
from connectors.graphql.settings import GraphQLSettings
from connectors.graphql.trial import problems_of
from connectors.transport import Refused, Transport

_ACCEPT = {"Accept": "application/graphql-response+json, application/json;q=0.9"}
_CHECK_TIMEOUT_S = 5.0


class GraphQLConnector(Connector[GraphQLSettings]):
    """A GraphQL API, described by configuration."""

    kind = "graphql"
    settings_type = GraphQLSettings

    def __init__(self, name: str, settings: GraphQLSettings) -> None:
        super().__init__(name, settings)
        self._transport: Transport | None = None
        self._lookups = [
            GraphQLLookup(record_name, rules, by, lookup, settings)
            for record_name, rules in settings.records.items()
            for by, lookup in rules.keys.items()
        ]

    def retry_after_s(self, extensions: Any) -> float | None:  # noqa: ARG002  for presets to override
        """How long a source that throttles asks to wait, in seconds, where it says so beside its errors."""
        return None

    async def open(self) -> None:
        self._transport = Transport(self.settings, self.settings.headers | _ACCEPT, self._refusal)

    async def aclose(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()

    async def check(self) -> list[str]:
        try:
            await self._open_transport().reach(URL(self.settings.base_url), _CHECK_TIMEOUT_S)
        except SourceError as error:
            return [f"sources.{self.name}.base_url: {error}; check the address and the network"]
        found = await asyncio.gather(*(problems_of(one, partial(self._fetch, one), _CHECK_TIMEOUT_S) for one in self._lookups))
        return [f"sources.{self.name}.{problem}" for problems in found for problem in problems]

    def lookups(self) -> Sequence[Lookup]:
        return [
            Lookup(
                record=one.record, by=one.by, fetch=partial(self._fetch, one), max_batch=one.max_batch, pushdown=one.pushdown
            )
            for one in self._lookups
        ]

    async def _fetch(self, lookup: GraphQLLookup, keys: Keys, ask: Ask) -> Answer:
        until = None if ask.remaining_s is None else asyncio.get_running_loop().time() + ask.remaining_s
        good = [key for key in keys if _can_be_sent(key)]
        answer: dict[str, Found | SourceError] = {key: SourceRejectedError() for key in keys if key not in good}
        questions = lookup.questions(good, ask)
        await self._ask(lookup, questions, ask, until)
        for question in questions:
            answer |= lookup.found(question, ask)
        failures = [found for found in answer.values() if isinstance(found, SourceError)]
        if len(failures) == len(keys) and not isinstance(failures[-1], SourceRejectedError):
            raise failures[-1]  # the source failed, not a key: whoever counts failures should see it
        return answer

    async def _ask(self, lookup: GraphQLLookup, questions: Sequence[Question], ask: Ask, until: float | None) -> None:
        """Ask them in as many calls as the longest answer has pages. What fails costs those that are not yet answered."""
        for _ in range(lookup.max_pages):
            if not questions:
                return
            try:
                questions = await self._ask_once(lookup, questions, ask, until)
            except SourceError as error:
                for question in questions:
                    question.fail(error)
                return
        for question in questions:
            question.fail(SourceProtocolError("more pages than max_pages"))

    async def _ask_once(
        self, lookup: GraphQLLookup, questions: Sequence[Question], ask: Ask, until: float | None
    ) -> Sequence[Question]:
        body = lookup.body(questions, ask)
        content = await self._open_transport().call("POST", URL(self.settings.base_url), body, one_key=False, until=until)
        answer = answer_in(content or b"")
        errors = answer.errors or []
        wait_s = self.retry_after_s(answer.extensions) if errors else None
        if answer.data is None or not all(path[:1] and path[0] in answer.data for path in map(path_of, errors)):
            raise of_the_call(errors, wait_s)
        return lookup.take(questions, answer.data, errors, ask, wait_s)

    def _refusal(self, refused: Refused) -> SourceError | None:
        """What an answer that is no success means by its codes; without one its status says it."""
        said = refused.said if isinstance(refused.said, dict) else {}
        errors = said.get("errors")
        found = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
        return None if refused.status == 429 else meaning(found, self.retry_after_s(said.get("extensions")))

    def _open_transport(self) -> Transport:
        if self._transport is None:
            raise SourceUnavailableError("the connector is closed")
        return self._transport


def _can_be_sent(key: str) -> bool:
    try:
        return bool(key.encode())
    except UnicodeEncodeError:
        return False
