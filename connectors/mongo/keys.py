"""How keys reach documents: by the value at a path, or by a search."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from bson import Decimal128, ObjectId, Regex
from bson.errors import InvalidId

from connectors.mongo.document_reader import each_at
from connectors.mongo.filters import Match, through
from connectors.mongo.record_settings import KeySettings
from connectors.mongo.values import INTEGERS, to_exact
from connectors.toolkit.converters import whole_or_raw

Asked = Mapping[Any, Sequence[str]]
"""The keys of a call by the value that documents have for them."""
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_LONGEST_SEARCH = 1_000
"""MongoDB takes patterns of 32 KB; nobody searches for that. In characters."""


def asked_for(key: KeySettings, keys: Sequence[str]) -> Asked:
    """Convert the keys that can be of the key's type."""
    asked: dict[Any, list[str]] = {}
    for own in keys:
        if own.startswith(key.prefix):
            value = _typed(key, own.removeprefix(key.prefix))
            if value is not None:
                asked.setdefault(value, []).append(own)
    return asked


def match_of(key: KeySettings, values: Collection[Any]) -> Match:
    """Match the documents of some keys; of a search, of one."""
    if key.path is not None:
        return {key.path: next(iter(values)) if len(values) == 1 else {"$in": list(values)}}
    (text,) = values
    return {"$or": [{path: Regex(re.escape(text), "i")} for path in key.paths]}


def owners(key: KeySettings, document: Mapping[str, Any], asked: Asked) -> Sequence[str]:
    """List the asked keys that a document belongs to.

    Where it has one of them letter by letter, other letters beside it in an array are another key.
    """
    if len(asked) == 1 or key.path is None:
        return [own for keys in asked.values() for own in keys]
    values = [*each_at(document, key.path)]
    exact = [own for value in values for own in _exact(value, asked)]
    return list(dict.fromkeys(exact or (own for value in values for own in keys_of(value, asked))))


def keys_of(value: Any, asked: Asked) -> Iterable[str]:
    """List the asked keys that a document's value means. Values that are equal in any case of letters are so by a collation."""
    exact = _exact(value, asked)
    if exact or not isinstance(value, str):
        return exact
    alike = (keys for own, keys in asked.items() if isinstance(own, str) and own.casefold() == value.casefold())
    return [own for keys in alike for own in keys]


def _exact(value: Any, asked: Asked) -> Sequence[str]:
    if isinstance(value, Decimal128):
        value = whole_or_raw(to_exact(value))
    return asked.get(value, ()) if isinstance(value, str | int | float | ObjectId | UUID) else ()


def _typed(key: KeySettings, text: str) -> Any:
    if not _can_be_sent(text) or (key.paths and len(text) > _LONGEST_SEARCH):
        return None
    if key.type == "integer":
        return int(text) if _INTEGER.fullmatch(text) and int(text) in INTEGERS else None
    try:
        return {"text": str, "objectid": ObjectId, "uuid": UUID}[key.type](text)
    except (ValueError, InvalidId):
        return None


def _can_be_sent(text: str) -> bool:
    """Tell whether BSON takes the text, also as a pattern. One that it does not would cost the other keys their answer."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def grouping(key: KeySettings, asked: Asked) -> Iterator[dict[str, Any]]:
    """Write stages that repeat documents for each of their keys. The key's value is `gateway_key`."""
    # The same key may be twice in an array, and beside others that were not asked for.
    only = {"$setIntersection": ["$gateway_key", {"$literal": list(asked)}]}
    yield {"$addFields": {"gateway_key": through(str(key.path))}}
    yield {"$addFields": {"gateway_key": {"$cond": [{"$isArray": "$gateway_key"}, only, "$gateway_key"]}}}
    yield {"$unwind": "$gateway_key"}
