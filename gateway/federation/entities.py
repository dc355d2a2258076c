"""Find entities by their representations, together: those of one type and one kind of key leave in one call.

A supergraph's router names an object of ours by its type and the fields of a key, `{"__typename": "Customer", "id": "crm:c1"}`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from connectors.contract import KeyKind
from connectors.records import Customer, Order, Record, Survey, Ticket
from gateway.context import RequestContext
from gateway.errors import CallerError, ForbiddenError, InvalidArgumentError, SourceFailure
from gateway.identity.node_ids import ID_KINDS
from gateway.identity.records import Key
from gateway.lookups.access_notes import AccessNotes
from gateway.stitching.admitted_customers import find_all_admitted, find_all_admitted_by_id
from gateway.stitching.record_finder import Selections, find_record
from gateway.stitching.sourced_record import SourcedRecord
from gateway.stitching.stitcher import Stitcher, result_or_error
from gateway.views.view import kinds_of_way

MAX_REPRESENTATIONS = 300

ENTITY_TYPES: Mapping[str, type[Record]] = {record.__name__: record for record in (Customer, Order, Ticket, Survey)}

ENTITY_KEYS: Mapping[type[Record], Mapping[str, KeyKind]] = {
    Customer: {"id": KeyKind.CUSTOMER_ID, "email": KeyKind.EMAIL},
    **{record: {"id": ID_KINDS[record]} for record in (Order, Ticket, Survey)},
}
"""The fields of each entity that are a key, the usual one first."""

FoundEntity = SourcedRecord | CallerError | SourceFailure | None
"""An entity, or the reason why its representation finds none."""

_Named = tuple[type[Record], Key]


def findable_kinds(context: RequestContext) -> Collection[KeyKind] | None:
    """List the kinds of keys by which the caller of a request may find. None is all."""
    settings = context.services.settings
    caller = settings.callers.get(context.caller.name)
    if caller is None or settings.access.mode == "report":
        return None
    return caller.key_kinds


def may_find(kinds: Collection[KeyKind] | None, kind: KeyKind) -> bool:
    """Tell whether entities are found by keys of a kind. What nobody names in settings is found as `node` finds."""
    if kinds is None or kind in kinds:
        return True
    return kind is ID_KINDS[Survey] and set(kinds).issuperset(kinds_of_way("Query.node"))


def expected_customers(context: RequestContext | None, representations: Sequence[Any]) -> Sequence[str]:
    """List the ids of customers that representations name, whose records can be asked for at once.

    Without a request, as when a plan is printed, its caller may find by them.
    """
    if context is not None and not may_find(findable_kinds(context), KeyKind.CUSTOMER_ID):
        return ()
    return [
        str(own["id"])
        for own in representations[:MAX_REPRESENTATIONS]
        if isinstance(own, dict) and own.get("__typename") == "Customer" and _is_key(own.get("id"))
    ]


async def find_entities(
    context: RequestContext, selections: Selections, representations: Sequence[Any]
) -> Sequence[FoundEntity]:
    """Find the entity of each representation, in order: None where there is none, or nothing is selected of its type.

    In the place of one that finds none for a reason stands that reason. Raises `InvalidArgumentError` for too many.
    """
    if len(representations) > MAX_REPRESENTATIONS:
        raise InvalidArgumentError(f"representations: {len(representations)} are more than {MAX_REPRESENTATIONS}; ask in parts")
    stitcher, kinds = context.stitcher, findable_kinds(context)
    read = [_read_or_error(own, kinds, stitcher.loaders.notes) for own in representations]
    named = [*dict.fromkeys(own for own in read if not isinstance(own, Exception) and own[0] in selections)]
    customers = [key for record, key in named if record is Customer]
    others = [(record, key) for record, key in named if record is not Customer]
    found = await asyncio.gather(
        result_or_error(_find_customers, stitcher, customers, selections),
        *(
            result_or_error(find_record, stitcher, record, key.value, selections[record], as_asked=True)
            for record, key in others
        ),
    )
    entities: dict[_Named, FoundEntity] = dict(zip(others, found[1:], strict=True))  # type: ignore[arg-type]
    entities |= zip([(Customer, key) for key in customers], _each(found[0], len(customers)), strict=True)
    return [entities.get(own) if isinstance(own, tuple) else own for own in read]


async def _find_customers(stitcher: Stitcher, keys: Sequence[Key], selections: Selections) -> Sequence[FoundEntity]:
    if not keys:
        return ()
    if all(key.kind is KeyKind.CUSTOMER_ID for key in keys):
        return await find_all_admitted_by_id(stitcher, [key.value for key in keys], selections[Customer])
    return await find_all_admitted(stitcher, keys, selections[Customer])


def _each(found: Any, count: int) -> Sequence[FoundEntity]:
    entities: Sequence[FoundEntity] = [found] * count if isinstance(found, CallerError | SourceFailure) else found
    return entities


def _read_or_error(own: Any, kinds: Collection[KeyKind] | None, notes: AccessNotes | None) -> _Named | CallerError:
    try:
        return _read(own, kinds, notes)
    except CallerError as error:
        return error


def _read(own: Any, kinds: Collection[KeyKind] | None, notes: AccessNotes | None) -> _Named:
    """Read the type and the key of a representation. Keys that the caller may not find by are noted.

    Raises `InvalidArgumentError`, or `ForbiddenError`.
    """
    record = ENTITY_TYPES.get(str(own.get("__typename"))) if isinstance(own, dict) else None
    if record is None:
        raise InvalidArgumentError(
            f"representations: each is an object whose __typename is one of {', '.join(ENTITY_TYPES)}; compose the schema again"
        )
    keys = [(name, Key(kind, str(own[name]))) for name, kind in ENTITY_KEYS[record].items() if _is_key(own.get(name))]
    if not keys:
        fields = " or ".join(ENTITY_KEYS[record])
        raise InvalidArgumentError(f"representations: one of {record.__name__} needs {fields}, as a text; add it")
    allowed = next((key for _, key in keys if may_find(kinds, key.kind)), None)
    if allowed is None:
        if notes is not None:
            notes.add_attempts((key.kind.value, key.value.strip()) for _, key in keys)
        raise ForbiddenError(f"{record.__name__}.{keys[0][0]}")
    return record, allowed


def _is_key(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)
