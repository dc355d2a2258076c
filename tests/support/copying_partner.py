"""A partner who keeps a copy of customers by `Query.changes`, as docs/changes.md tells him to, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from tests.support.gateway_server import Gateway

MAX_IDS = 100
CHANGES = "query ($since: String) { changes(since: $since, first: 20) { cursor hasMore nodes { ids } } }"
CUSTOMERS = """query ($ids: [ID!]!) { customers(ids: $ids) {
    currentId name email identity { records } orders(first: 50) { nodes { id } } tags { key value } } }"""
NOBODY = {"ERASED"}


class TryAgainError(Exception):
    """The gateway could not answer; what is asked again later gives all the same."""


class Row(NamedTuple):
    """A customer of the copy: the ids of his records, and all that was asked of him."""

    records: frozenset[str]
    values: dict[str, Any]


class CopyingPartner:
    """Holds a copy of all customers, by their ids."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.told = 0
        self.refused: set[str] = set()
        """Ids whose customer was erased, by himself or with somebody. He may be shown again."""
        self._cursor: str | None = None

    async def begin(self, gateway: Gateway, ids: Iterable[str]) -> None:
        """Take a cursor, then read all customers whom there are."""
        self._cursor = (await _ask(gateway, CHANGES, {}))["data"]["changes"]["cursor"]
        await self._read(gateway, {*ids})

    async def ask_refused(self, gateway: Gateway) -> None:
        """Ask again for those who were erased. He does so once a day."""
        await self._read(gateway, {*self.refused})

    async def catch_up(self, gateway: Gateway) -> None:
        """Read what has changed since, and those customers anew. A page that could not be applied comes again."""
        more = True
        while more:
            page = (await _ask(gateway, CHANGES, {"since": self._cursor}))["data"]["changes"]
            self.told += len(page["nodes"])
            await self._read(gateway, {id_ for node in page["nodes"] for id_ in node["ids"]})
            self._cursor, more = page["cursor"], page["hasMore"]

    async def _read(self, gateway: Gateway, ids: set[str]) -> None:
        """Read customers with these ids, and with all that they were one with, anew."""
        rows, found, done, refused = dict(self.rows), dict[str, Row](), set[str](), set[str]()
        while left := ids - done:
            touched = {key for key, row in rows.items() if not row.records.isdisjoint(left)}
            left |= {id_ for key in touched for id_ in rows.pop(key).records}
            done |= left
            answered, erased = await read_rows(gateway, left)
            refused |= erased
            found |= answered
            ids |= left | {id_ for row in answered.values() for id_ in row.records}
        self.rows, self.refused = rows | found, self.refused - done | refused


async def read_rows(gateway: Gateway, ids: Iterable[str]) -> tuple[dict[str, Row], set[str]]:
    """The customers with these ids, as the gateway answers, and the ids of those who are erased."""
    rows, refused = dict[str, Row](), set[str]()
    wanted = sorted(ids)
    for start in range(0, len(wanted), MAX_IDS):
        answer = await _ask(gateway, CUSTOMERS, {"ids": wanted[start : start + MAX_IDS]})
        for own in filter(None, answer["data"]["customers"]):
            rows[own["currentId"]] = Row(frozenset(own["identity"]["records"]), own)
        refused |= {wanted[start + error["path"][1]] for error in answer.get("errors", ())}
    return rows, refused


async def _ask(gateway: Gateway, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    answer = await gateway.ask(query, variables)
    codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
    if codes - NOBODY or answer.get("data") is None:
        raise TryAgainError(str(sorted(codes)))
    return answer
