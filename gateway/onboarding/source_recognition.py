"""Propose all that is recognised in a source, from its catalogue."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from connectors.catalogue import Catalogue, CatalogueReader, ColumnKind
from gateway.onboarding.amount_currencies import price_records, prove_totals
from gateway.onboarding.customer_recognition import recognise_customers
from gateway.onboarding.paid_totals import add_paid_total
from gateway.onboarding.person_ids import find_persons, refer_to_persons
from gateway.onboarding.proposal import Confidence, RecordProposal, SourceProposal
from gateway.onboarding.record_recognition import recognise_accounts, recognise_records
from gateway.onboarding.table_graph import TableGraph, find_references
from gateway.onboarding.table_words import has_role
from gateway.onboarding.unread_tables import name_unread

_NAIVE_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?")
"""A time as text that has no zone."""


class RecognitionOptions(NamedTuple):
    """What people say and data do not: the currency, the region of national phone numbers."""

    currency: str | None = None
    region: str | None = None


async def recognise_source(
    catalogue: Catalogue, reader: CatalogueReader, name: str, options: RecognitionOptions
) -> tuple[TableGraph, SourceProposal]:
    """Find references, then customers, then what belongs to them, then what amounts are in."""
    graph = TableGraph(catalogue, await find_references(catalogue, reader))
    customers = recognise_customers(graph)
    if customers is None:
        question = "no table looks like customers: an id, and a name, an e-mail address or a phone number"
        return graph, SourceProposal(name=name, records=(), questions=(question,), unread=name_unread(graph, ()))
    customers = await find_persons(graph, reader, customers)
    records = [customers]
    account = recognise_accounts(graph, customers)
    records += [] if account is None else [account]
    records += refer_to_persons(graph, recognise_records(graph, customers), customers)
    if customers.confidence is Confidence.UNSURE:
        records = [customers, *(_without_customers(own) for own in records[1:])]
    priced, lacks_currency = price_records(graph, records, options.currency)
    proved = [await prove_totals(reader, own) if own.record == "order" else own for own in priced]
    proved = [await add_paid_total(graph, reader, own) if own.record == "order" else own for own in proved]
    questions = [*_questions(proved, lacks_currency=lacks_currency, options=options), *_unread_tables(graph, proved)]
    unread = name_unread(graph, proved)
    return graph, SourceProposal(name=name, records=proved, questions=tuple(questions), unread=unread)


def _without_customers(record: RecordProposal) -> RecordProposal:
    """Make a comment of a record whose customers are not certain: it would be of somebody else."""
    note = record.note or "whose it is, is not certain"
    return msgspec.structs.replace(record, confidence=Confidence.UNSURE, note=note)


def _questions(records: list[RecordProposal], *, lacks_currency: bool, options: RecognitionOptions) -> list[str]:
    """List what people are asked, the amounts without a currency first."""
    found = []
    if lacks_currency:
        found.append("Amounts are comments, for no currency is known: run it again with --currency and its code, such as EUR.")
    asked = [own for own in records if own.confidence is Confidence.UNSURE]
    found += [f"{own.record} from {own.table}: {own.note or 'is it this?'}" for own in asked]
    runs = [own for own in records if own.confidence is not Confidence.UNSURE]
    naive = sorted({own.table for own in runs if any(_is_naive(field.reached) for field in own.fields)})
    if naive:
        found.append(f"Times without a zone are taken as UTC: {', '.join(naive)}.")
    if options.region is None and any(own.field("phone") is not None for own in runs) and not _has_phone_key(runs):
        found.append(
            "Phone numbers find nobody unless they are stored as +442079460000; --region says whose national ones are."
        )
    return found


def _unread_tables(graph: TableGraph, records: list[RecordProposal]) -> list[str]:
    """Name tables of rentals and payments of customers that no record reads: they are never silently orders."""
    read = {own.table for own in records} | {listed.table for own in records for listed in own.lists}
    references = {own.table for own in graph.to_table(records[0].table)} - read
    unread = sorted(name for name in references if has_role(name, "rental") or has_role(name, "payment"))
    return [
        f"{name}: rows of customers without lines. If they are orders or events, write a record for them." for name in unread
    ]


def _is_naive(reached: object) -> bool:
    column = getattr(reached, "column", None)
    if column is None:
        return False
    is_text = column.kind is ColumnKind.TEXT and any(_NAIVE_TIME.fullmatch(str(value).strip()) for value in column.values)
    return column.kind is ColumnKind.TIMESTAMP or is_text


def _has_phone_key(records: list[RecordProposal]) -> bool:
    return any(key.kind == "phone" for own in records for key in own.keys)
