"""Write the pipeline of a lookup: match, sort, cut, project."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from connectors.contract import Ask
from connectors.mongo.field_paths import FieldPaths, projection
from connectors.mongo.filters import HAS_ID, IS_DATE, Match, all_of, later, match_ask
from connectors.records import Record

TEXT_ID = "gateway_id"


class SortKeys(NamedTuple):
    """The paths that sort documents of a record: its time, or None, and its id.

    `as_text`: ids are numbers, so they are written as text before they are compared.
    """

    time: str | None
    id: str
    as_text: bool

    @classmethod
    def for_record(cls, places: FieldPaths, record: type[Record], integer_ids: bool) -> SortKeys:
        time = places.spot(record.time_field).path if record.time_field else None
        return cls(time, str(places.spot("id").path), integer_ids)

    @property
    def id_name(self) -> str:
        return TEXT_ID if self.as_text else self.id

    def prepared(self) -> list[dict[str, Any]]:
        """The stages before records are compared."""
        text = {"$convert": {"input": f"${self.id}", "to": "string", "onError": None, "onNull": None}}
        return [{"$addFields": {TEXT_ID: text}}] if self.as_text else []

    def sort(self, oldest_first: bool = False) -> dict[str, int]:
        """Newest first by time and id; records without a time by id."""
        if self.time is None:
            return {self.id_name: 1}
        direction = 1 if oldest_first else -1
        return {self.time: direction, self.id_name: direction}


def match_documents(places: FieldPaths, record: type[Record], keys: Match, ask: Ask) -> Match:
    """Match the documents of an ask."""
    return all_of([keys, *match_ask(places, record, ask)])


def counted(order: SortKeys, match: Match) -> Match:
    """Match countable documents: those with an id and a date."""
    return all_of([match, {order.id: HAS_ID}, {} if order.time is None else {order.time: IS_DATE}])


def undated(order: SortKeys, match: Match) -> Match:
    """Match documents without a date to sort by."""
    return all_of([match, {str(order.time): {"$not": IS_DATE}}])


def lookup_stages(order: SortKeys, match: Match, ask: Ask, paths: Iterable[str]) -> list[dict[str, Any]]:
    """Write the stages that page through matching records. They come in order, from the cursor on, as many as are asked for."""
    after = None
    if order.time is not None and ask.oldest_first:
        match = all_of([match, {order.time: IS_DATE}])  # anything else would come first
    if ask.after is not None:
        after = later(ask.after, order.time, order.id_name, as_text=order.as_text, oldest_first=ask.oldest_first)
    if after is None or order.as_text:
        stages = [{"$match": match}, *order.prepared(), *([{"$match": after}] if after else [])]
    else:
        stages = [{"$match": all_of([match, after])}]
    stages.append({"$sort": order.sort(ask.oldest_first)})
    if ask.first is not None:
        stages.append({"$limit": ask.first})
    return [*stages, {"$project": projection(paths)}]
