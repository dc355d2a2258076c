"""Say which sources are not asked for what was typed, or not for all of it, and how to have it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from connectors.contract import RECORD_KEYS, KeyKind
from connectors.records import RECORD_NAMES, Customer
from gateway.identity.keys import words
from gateway.stitching.find_rights import FindRights
from gateway.stitching.source_router import SourceRouter
from gateway.stitching.typed_text import TypedText


class NotTried(NamedTuple):
    """A source that was not asked for all that a text may be, and how to have it asked."""

    source: str
    how: str


def list_gaps(router: SourceRouter, typed: TypedText, rights: FindRights) -> list[NotTried]:
    """List what was not tried. It depends on settings, indexes and rights, and on nobody's data."""
    in_words = _in_words(router, rights) if typed.has_words else ()
    return [*in_words, *_withheld(router, typed), *_in_keys(router, typed), *_in_records(router, typed)]


def _in_words(router: SourceRouter, rights: FindRights) -> Iterator[NotTried]:
    searched = router.customers.searched
    if not rights.finds_words:
        yield from (NotTried(source.name, "this caller may not look for names") for source in router.customers.all)
        return
    for source in router.customers.all:
        if source not in searched:
            yield NotTried(source.name, "it does not find customers by words; add the key text to its records of customers")
    for source in searched:
        if source.lookups[Customer, KeyKind.TEXT].finds_words:
            yield from (NotTried(source.name, gap) for gap in source.connector.search_gaps())
        elif not (rights.fields is None or rights.allows(KeyKind.TEXT)):
            yield NotTried(source.name, "it looks in all fields, and this caller may not look in some")


def _withheld(router: SourceRouter, typed: TypedText) -> Iterator[NotTried]:
    """List the keys by which the caller may not ask: nobody knows whether somebody has them."""
    for kind in typed.withheld:
        for source in router.sources.finders(RECORD_KEYS.get(kind, Customer), kind):
            yield NotTried(source.name, f"this caller may not look for customers by {words(kind)}")


def _in_keys(router: SourceRouter, typed: TypedText) -> Iterator[NotTried]:
    for kind in (KeyKind.EMAIL, KeyKind.PHONE):
        for source in router.customers.all if kind in typed.keys else ():
            if (Customer, kind) not in source.lookups:
                yield NotTried(
                    source.name, f"it does not find customers by {kind.value}; add the key to its records of customers"
                )


def _in_records(router: SourceRouter, typed: TypedText) -> Iterator[NotTried]:
    for kind in (KeyKind.ORDER_NUMBER, KeyKind.TICKET_NUMBER):
        record = RECORD_KEYS[kind]
        having = dict.fromkeys(source for source, _ in router.sources.for_record(record)) if kind in typed.keys else {}
        for source in having:
            if (record, kind) not in source.lookups:
                what = f"records of {RECORD_NAMES[record]}"
                yield NotTried(source.name, f"it does not find {what} by {kind.value}; add the key to its {what}")
