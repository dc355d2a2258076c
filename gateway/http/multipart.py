"""Answers in parts, as clients of GraphQL read them today: `multipart/mixed`, in two forms.

`DEFER_2022` is what Apollo Client reads as `deferSpec=20220824`, and urql and Relay too: each part has its path. `INCREMENTAL`
is what it reads as `incrementalSpec=v0.2`, and graphql-js 17 writes: parts are announced, and named by ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any

from graphql import ExecutionResult

from connectors.toolkit.evaluation import encode_json
from gateway.execution.deliveries import Deliveries, LatePart
from gateway.http.negotiation import (
    CACHED_HEADER_BYTES,
    JSON,
    MAX_KNOWN_MEDIA,
    MAX_NEGOTIATED_BYTES,
    MULTIPART,
    RESPONSE_JSON,
    read_ranges,
)

_PART_HEAD = b"\r\ncontent-type: application/json; charset=utf-8\r\n\r\n"
_NEXT, _LAST = b"\r\n---", b"\r\n-----\r\n"

ShowErrors = Callable[[ExecutionResult], list[dict[str, Any]]]


class MultipartForm(StrEnum):
    """A form of answers in parts. Its value is the media type that it is written as."""

    DEFER_2022 = 'multipart/mixed; boundary="-"; deferSpec=20220824'
    INCREMENTAL = 'multipart/mixed; boundary="-"; incrementalSpec=v0.2'


def form_of(accept: bytes) -> MultipartForm | None:
    """Find the form of parts that a header `Accept` asks for. None where it would rather have the answer whole."""
    if len(accept) > MAX_NEGOTIATED_BYTES:
        return None
    return _read_form_cached(accept) if len(accept) <= CACHED_HEADER_BYTES else _read_form(accept)


def _read_form(accept: bytes) -> MultipartForm | None:
    ranges = read_ranges(accept)
    parts = [(quality, -place, parameters) for place, (name, quality, parameters) in enumerate(ranges) if name == MULTIPART]
    whole = max((quality for name, quality, _ in ranges if name in (JSON, RESPONSE_JSON)), default=0.0)
    known = [own for own in parts if own[0] > 0 and own[0] >= whole and not any("subscription" in word for word in own[2])]
    if not known:
        return None
    _, _, parameters = max(known)
    is_new = any(word.startswith("incrementalspec=") for word in parameters)
    return MultipartForm.INCREMENTAL if is_new else MultipartForm.DEFER_2022


_read_form_cached = lru_cache(maxsize=MAX_KNOWN_MEDIA)(_read_form)


def payload_of(part: bytes) -> bytes:
    """Give the JSON of a payload that a writer wrote. JSON has no line breaks of its own."""
    return part.partition(_PART_HEAD)[2].partition(b"\r\n")[0]


class PartWriter:
    """Writes the payloads of one answer in a form. `show_errors` gives errors as they are shown."""

    def __init__(self, form: MultipartForm, show_errors: ShowErrors) -> None:
        self._is_new = form is MultipartForm.INCREMENTAL
        self._show_errors = show_errors
        self._ids: dict[tuple[LatePart, int, int], str] = {}

    def write_first(self, body: dict[str, Any], deliveries: Deliveries) -> bytes:
        """Write the first payload."""
        pending = self._announce(deliveries.list_parts()) if self._is_new else []
        more = {"pending": pending} if self._is_new else {}
        return b"".join((_NEXT, _PART_HEAD, encode_json({**body, **more, "hasNext": True}), _NEXT))

    def write_next(self, parts: Sequence[LatePart], deliveries: Deliveries) -> bytes:
        """Write the payload of parts that are ready together. The last one says what the answer cost."""
        is_last = not deliveries.has_more
        if is_last:
            deliveries.end()
        body: dict[str, Any] = self._named(parts, deliveries) if self._is_new else {"incremental": [*self._placed(parts)]}
        if is_last and deliveries.last_extensions:
            body["extensions"] = deliveries.last_extensions
        return b"".join((_PART_HEAD, encode_json({**body, "hasNext": not is_last}), _LAST if is_last else _NEXT))

    def _placed(self, parts: Iterable[LatePart]) -> Iterable[dict[str, Any]]:
        """Write parts with their paths and labels."""
        for part in parts:
            for place, result in part.results:
                for number, label in enumerate(part.labels):
                    shown = self._content(part, result, with_errors=number == 0)
                    path = [*part.paths[place]]
                    shown["path"] = path if part.starts is None else [*path, part.starts[place]]
                    yield shown if label is None else {**shown, "label": label}

    def _named(self, parts: Sequence[LatePart], deliveries: Deliveries) -> dict[str, Any]:
        """Write parts by their ids, those that end, and those that begin in them."""
        incremental: list[dict[str, Any]] = []
        completed: list[dict[str, Any]] = []
        begun: list[LatePart] = []
        for part in parts:
            for place, result in part.results:
                ids = [self._id(part, place, number) for number in range(len(part.labels))]
                if result.data is None:
                    errors = self._show_errors(result)
                    completed += [{"id": own, "errors": errors} for own in ids]
                    continue
                incremental.append({"id": ids[0], **self._content(part, result, with_errors=True)})
                completed += [{"id": own} for own in ids]
            begun += [inner for inner in deliveries.list_parts(part) if inner not in begun]
        # A part may have left in the same turn as the one that it is in: it was never announced as under way.
        own = [part for part in parts if part.parent is not None and part.parent in parts]
        pending = self._announce([*own, *begun])
        words = {"pending": pending, "incremental": incremental, "completed": completed}
        return {name: value for name, value in words.items() if value}

    def _content(self, part: LatePart, result: ExecutionResult, *, with_errors: bool) -> dict[str, Any]:
        shown: dict[str, Any] = {"data" if part.starts is None else "items": result.data}
        if result.errors and with_errors:
            shown["errors"] = self._show_errors(result)
        if result.extensions and with_errors:
            shown["extensions"] = result.extensions
        return shown

    def _announce(self, parts: Iterable[LatePart]) -> list[dict[str, Any]]:
        return [
            {"id": self._id(part, place, number), "path": [*path]} | ({} if label is None else {"label": label})
            for part in parts
            for place, path in enumerate(part.paths)
            if place not in part.dropped
            for number, label in enumerate(part.labels)
        ]

    def _id(self, part: LatePart, place: int, number: int) -> str:
        return self._ids.setdefault((part, place, number), str(len(self._ids)))
