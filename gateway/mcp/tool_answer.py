"""Make the answer of a tool from that of its document: what people wrote fenced, at most 4 kB, and what is left out named."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from connectors.toolkit.evaluation import encode_json
from gateway.mcp.answer_shape import AnswerShape, Author
from gateway.mcp.fence import MAX_TEXT, Fence, clean_text

MAX_BYTES = 4_096
"""The most that an answer has, as JSON in UTF-8."""
MAX_ITEMS = 50
"""What is looked at of a list."""
MAX_NAMED = 30
"""So many fields are named that are withheld, or unavailable for one reason; of the others it is said how many."""
MAX_SHORT_TEXT = 60
"""A text that nobody may have written freely is fenced, too, where it is longer or has lines: no name, city or number is."""

_WITHHELD = ("WITHHELD", "WITHHELD_PURPOSE")
_OLDEST_FIRST = frozenset(["messages"])
"""Lists of which the first items are left out before the last ones."""

_WORD = re.compile(r"[\w.:+-]*")
"""A value of a tag or fact, or a time, which is not fenced where it is short."""
_READ_AHEAD = 4
"""Of so many times what is shown of a text it is looked at which signs are seen."""

_NAMES = {"type": "array", "items": {"type": "string"}}


class _List(msgspec.Struct, eq=False):
    """A list of an answer that may be shortened, with the bytes of its items."""

    path: str
    items: list[Any]
    sizes: list[int]
    drops_first: bool
    size: int

    @property
    def is_leaf(self) -> bool:
        """Tell whether no list with items is inside."""
        return not any(True for item in self.items for own in _lists_in(item) if own.items)

    def drop_item(self) -> int:
        """Drop an item, and tell how many bytes that saves."""
        place = 0 if self.drops_first else -1
        self.items.pop(place)
        saved = self.sizes.pop(place) + 1
        self.size -= saved
        return saved


def output_schema(shape: AnswerShape) -> dict[str, Any]:
    """Describe the answers of a tool in JSON Schema."""
    roots = {name: {"anyOf": [inner.schema, {"type": "null"}]} for name, inner in shape.fields.items()}
    unavailable = {"source": {"type": "string"}, "code": {"type": "string"}, "paths": _NAMES}
    left_out = {"path": {"type": "string"}, "count": {"type": "integer"}, "of": {"type": "string"}}
    return {
        "type": "object",
        "properties": {
            "notice": {"type": "string"},
            "data": {"type": "object", "properties": roots, "additionalProperties": False},
            "withheld": _NAMES,
            "unavailable": {"type": "array", "items": {"type": "object", "properties": unavailable}},
            "leftOut": {"type": "array", "items": {"type": "object", "properties": left_out}},
        },
        "required": ["data", "withheld", "unavailable", "leftOut"],
        "additionalProperties": False,
    }


def encode_answer(shape: AnswerShape, data: Mapping[str, Any], errors: Iterable[Mapping[str, Any]] = ()) -> bytes:
    """Encode the answer of a tool in `MAX_BYTES` at most. Texts are cut further where lists without items are too long."""
    errors = [*errors]
    for max_text in (MAX_TEXT, MAX_TEXT // 4, MAX_TEXT // 16):
        answer = ToolAnswer(shape, data, errors, max_text)
        encoded = answer.encode()
        if len(encoded) <= MAX_BYTES:
            return encoded
    return answer.encode_refusal()


class ToolAnswer:
    """An answer on its way from the data and errors of a document to what an assistant is given."""

    def __init__(
        self, shape: AnswerShape, data: Mapping[str, Any], errors: Iterable[Mapping[str, Any]], max_text: int = MAX_TEXT
    ) -> None:
        self._fence = Fence()
        self._max_text = max_text
        self._left_out: Counter[tuple[str, str]] = Counter()
        self._withheld: dict[str, None] = {}
        self._unavailable: dict[tuple[str | None, str], dict[str, None]] = {}
        for error in errors:
            self._note_error(error)
        self._data = {name: self._show(data.get(name), inner, name) for name, inner in shape.fields.items()}

    def _note_error(self, error: Mapping[str, Any]) -> None:
        path = ".".join(step for step in error.get("path") or () if isinstance(step, str))
        told = error.get("extensions") or {}
        code = str(told.get("code", "INTERNAL"))
        if code in _WITHHELD:
            self._withheld[path] = None
            return
        self._unavailable.setdefault((told.get("source"), code), {})[path] = None

    def _show(self, value: Any, shape: AnswerShape, path: str) -> Any:
        if value is None:
            return None
        if not shape.is_list:
            return self._show_one(value, shape, path)
        items = value[-MAX_ITEMS:] if path.rpartition(".")[2] in _OLDEST_FIRST else value[:MAX_ITEMS]
        if len(items) < len(value):
            self._left_out[path, "items"] += len(value) - len(items)
        return [self._show_one(item, shape, path) for item in items]

    def _show_one(self, value: Any, shape: AnswerShape, path: str) -> Any:
        if shape.fields and value is not None:
            shown = ((name, self._show(value.get(name), inner, f"{path}.{name}")) for name, inner in shape.fields.items())
            return {name: inner for name, inner in shown if inner is not None}
        return self._show_value(value, shape.author, path)

    def _show_value(self, value: Any, author: Author, path: str) -> Any:
        if isinstance(value, str):
            return self._show_text(value, author, path)
        if isinstance(value, list):
            return [self._show_value(item, author, path) for item in value[:MAX_ITEMS]]
        if isinstance(value, dict):
            return {clean_text(name)[:MAX_SHORT_TEXT]: self._show_value(item, author, path) for name, item in value.items()}
        return value

    def _show_text(self, text: str, author: Author, path: str) -> str:
        unread = max(0, len(text) - _READ_AHEAD * self._max_text)
        text = clean_text(text[: len(text) - unread])
        if unread or len(text) > self._max_text:
            self._left_out[path, "characters"] += unread + max(0, len(text) - self._max_text)
            text = text[: self._max_text]
        is_short = len(text) <= MAX_SHORT_TEXT and "\n" not in text
        is_known = author is Author.UNKNOWN or (author is Author.MEASURED and _WORD.fullmatch(text) is not None)
        if author is Author.OWNER or (is_known and is_short):
            return text
        return self._fence.enclose(text)

    def encode(self) -> bytes:
        """Encode the answer, with as much of each list as there is room for."""
        answer = encode_json(self._whole())
        for _ in range(4):  # what is left out takes some room itself
            if len(answer) <= MAX_BYTES:
                break
            self._shorten(len(answer) - MAX_BYTES)
            answer = encode_json(self._whole())
        return answer

    def encode_refusal(self) -> bytes:
        """Encode that there is no room even for the texts."""
        self._left_out = Counter({("data", "bytes"): len(encode_json(self._data))})
        self._data = dict.fromkeys(self._data)
        return encode_json(self._whole())

    def _whole(self) -> dict[str, Any]:
        notice = {"notice": self._fence.notice} if self._fence.is_used else {}
        left_out = self._left_out.copy()
        unavailable = []
        for (source, code), paths in self._unavailable.items():
            left_out["unavailable", "items"] += max(0, len(paths) - MAX_NAMED)
            named = {} if source is None else {"source": source}
            unavailable.append({**named, "code": code, "paths": [*paths][:MAX_NAMED]})
        left_out["withheld", "items"] += max(0, len(self._withheld) - MAX_NAMED)
        return {
            **notice,
            "data": self._data,
            "withheld": [*self._withheld][:MAX_NAMED],
            "unavailable": unavailable,
            "leftOut": [{"path": path, "count": count, "of": of} for (path, of), count in sorted(left_out.items()) if count],
        }

    def _shorten(self, excess_bytes: int) -> None:
        """Drop items of the largest lists: of those with nothing but values first, and the last item of a list last."""
        for leaves, min_items in ((True, 2), (False, 2), (True, 1), (False, 1)):
            lists = [own for own in _lists_in(self._data) if len(own.items) >= min_items and (not leaves or own.is_leaf)]
            while lists and excess_bytes > 0:
                largest = max(lists, key=lambda own: own.size)
                excess_bytes -= largest.drop_item()
                self._left_out[largest.path, "items"] += 1
                if len(largest.items) < min_items:
                    lists.remove(largest)


def _lists_in(value: Any, path: str = "") -> Iterator[_List]:
    """List the lists of an answer that may be shortened."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _lists_in(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for item in value:
            yield from _lists_in(item, path)
        sizes = [len(encode_json(item)) for item in value]
        yield _List(path, value, sizes, path.rpartition(".")[2] in _OLDEST_FIRST, sum(sizes) + len(sizes))
