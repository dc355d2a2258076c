"""Recognise what belongs to customers: orders with items, tickets with messages, events, deals, subscriptions and surveys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from connectors.catalogue import CatalogueTable
from gateway.onboarding.column_reach import name_words, reachable_columns
from gateway.onboarding.customer_references import CustomerReference, find_customer_reference
from gateway.onboarding.field_matches import match_fields
from gateway.onboarding.proposal import (
    Confidence,
    Evidence,
    FieldProposal,
    KeyProposal,
    ListProposal,
    RecordProposal,
    ValueForm,
    weakest,
)
from gateway.onboarding.record_lists import find_items, find_messages, find_payments
from gateway.onboarding.record_parts import filters_of, id_field, key_type, leftovers_of
from gateway.onboarding.table_graph import TableGraph
from gateway.onboarding.table_words import has_role, is_of_thing, singular, table_roles, table_words
from gateway.onboarding.value_shapes import as_number

TIME_FIELDS = {
    "order": "placed_at",
    "ticket": "created_at",
    "event": "at",
    "deal": "created_at",
    "subscription": "started_at",
    "survey": "at",
}
_NAMED = {"order": ("order", "invoice")}
_NEVER_ORDERS = ("rental", "payment", "log", "event", "message", "survey", "ticket", "subscription")
_SURVEY_KINDS = {"nps": "NPS", "csat": "CSAT", "ces": "CES", "review": "REVIEW", "bewertung": "REVIEW", "avaliacao": "REVIEW"}
_SCALES = ((1, 5), (0, 10))
"""The worst and the best score of the scales that are known by their scores."""


class RecordCandidate(NamedTuple):
    """A table that may hold a record, with the points that it has."""

    proposal: RecordProposal
    points: int


def recognise_records(graph: TableGraph, customers: RecordProposal) -> list[RecordProposal]:
    """Propose the records that belong to customers. Of each kind the likeliest table; others are asked about."""
    found: list[RecordProposal] = []
    used = {customers.table}
    orders: str | None = None
    for record in TIME_FIELDS:
        candidates = [
            own
            for table in graph.catalogue.tables
            if table.name not in used and (own := _candidate(graph, table, record, customers, orders)) is not None
        ]
        candidates.sort(key=lambda own: (-own.points, own.proposal.table))
        if not candidates:
            continue
        best = candidates[0].proposal
        rivals = [own for own in candidates[1:] if own.points >= candidates[0].points]
        if rivals:
            best = msgspec.structs.replace(best, confidence=Confidence.UNSURE, note=f"or {rivals[0].proposal.table}?")
        found.append(best)
        found += [_as_question(own.proposal) for own in candidates[1:]]
        used |= {best.table, *(own.table for own in best.lists)} if best.confidence is not Confidence.UNSURE else {best.table}
        if record == "order":
            orders = best.table
    return found


def _as_question(proposal: RecordProposal) -> RecordProposal:
    note = proposal.note or "another table is likelier"
    return msgspec.structs.replace(proposal, confidence=Confidence.UNSURE, note=note)


def _candidate(
    graph: TableGraph, table: CatalogueTable, record: str, customers: RecordProposal, orders: str | None
) -> RecordCandidate | None:
    id_column = graph.id_column(table.name)
    if id_column is None or table.embedded_in or (table.is_view and not _is_named(table, record)):
        return None
    if not _is_named(table, record) and record != "order":
        return None
    reference = find_customer_reference(graph, table.name, customers, orders)
    columns = reachable_columns(graph, table.name)
    taken = [id_column.name, *([reference.column] if reference and reference.is_own else [])]
    fields = match_fields(record, table.name, columns, taken)
    if TIME_FIELDS[record] not in fields or (reference is None and "customer_email" not in fields):
        return None
    lists = _lists_of(graph, record, table)
    told = _EVIDENCE[record](table, fields, lists)
    if told is None:
        return None
    points, note = told
    evidence = [Evidence.DECLARED] if reference is not None and reference.is_declared else []
    is_shown = reference is not None and Evidence.DATA in reference.field.evidence
    evidence += [Evidence.DATA] if points >= 2 or is_shown else []
    evidence += [Evidence.NAME] if _is_named(table, record) else []
    confidence = Confidence.SURE if len(evidence) > 1 else Confidence.LIKELY
    if note is not None or (reference is None and fields["customer_email"].confidence is Confidence.UNSURE):
        confidence = Confidence.UNSURE
    if reference is not None and reference.note is not None:
        confidence, note = Confidence.UNSURE, note or reference.note
    if record == "event" and reference is not None and not reference.is_own:
        confidence, note = Confidence.UNSURE, note or "of the order, or of the customer?"
    confidence = weakest(confidence, fields[TIME_FIELDS[record]].confidence)
    own = [id_field(table, id_column)]
    own += [] if reference is None else [reference.field]
    own += [field for name, field in fields.items() if reference is None or name != "customer_email"]
    own += _order_reference(graph, table, record, orders)
    own += _constants(table, record, fields)
    proposal = RecordProposal(
        record=record,
        table=table.name,
        fields=own,
        keys=_keys(record, own, reference),
        lists=lists,
        filters=filters_of(table),
        leftovers=leftovers_of(table, own),
        confidence=confidence,
        evidence=evidence,
        note=note,
    )
    lead = 3 * _is_named(table, record) + 2 * has_role(table.name, record) + (record in table_roles(table.name)[:1])
    return RecordCandidate(proposal, points + lead + (Evidence.DECLARED in evidence) - 6 * table.is_view)


def _is_named(table: CatalogueTable, record: str) -> bool:
    named = _NAMED.get(record, (record,))
    roles = table_roles(table.name)[:1]
    return any(has_role(table.name, role) for role in named) or any(
        role in named and not is_of_thing(table.name, role) for role in roles
    )


def _lists_of(graph: TableGraph, record: str, table: CatalogueTable) -> list[ListProposal]:
    if record == "order":
        found = [find_items(graph, table.name), find_payments(graph, table.name)]
    elif record == "ticket":
        found = [find_messages(graph, table.name)]
    else:
        found = []
    return [own for own in found if own is not None]


Told = tuple[int, str | None] | None
"""The points of a table, and why people are asked about it. None where it is none of these."""


def _tell_order(table: CatalogueTable, fields: Mapping[str, FieldProposal], lists: Sequence[ListProposal]) -> Told:
    """An order has a time, a state or a total, and lines. What has no lines is asked about, unless all of it says order."""
    items = next((own for own in lists if own.name == "items"), None)
    is_known = "status" in fields or "total_amount" in fields
    roles = table_roles(table.name)
    if items is not None:
        whole = {"quantity", "unit_price_amount"} <= {field.field for field in items.fields}
        if not is_known and not whole:
            return None
        is_other = bool(set(roles[:1]) & set(_NEVER_ORDERS))
        note = "it has lines, but is not called an order" if is_other or not roles else None
        return 2 + whole + is_known, note
    if not is_known or not set(roles[:1]) & {"order", "invoice", "payment", "rental"}:
        return None
    if "order" in roles[:1] and {"status", "total_amount"} <= fields.keys():
        return 1, None
    return 0, "no lines belong to it: are these orders?"


def _tell_ticket(_table: CatalogueTable, fields: Mapping[str, FieldProposal], lists: Sequence[ListProposal]) -> Told:
    known = {"subject", "status", "solved_at", "priority"} & fields.keys()
    if "subject" not in fields and not lists:
        return None
    return len(known), None if len(known) + bool(lists) >= 2 else "neither a state nor messages: are these tickets?"


def _tell_event(table: CatalogueTable, fields: Mapping[str, FieldProposal], _lists: Sequence[ListProposal]) -> Told:
    if "type" in fields:
        return 2, None
    words = table_words(table.name)
    return (1, "nothing says of which type: name one") if words else None


def _tell_stages(_table: CatalogueTable, fields: Mapping[str, FieldProposal], _lists: Sequence[ListProposal]) -> Told:
    known = {"stage", "status", "amount_amount", "plan", "closed_at", "ends_at", "renews_at"} & fields.keys()
    return (len(known), None) if len(known) > 1 else (0, "little says so: are they these?")


def _tell_survey(_table: CatalogueTable, fields: Mapping[str, FieldProposal], _lists: Sequence[ListProposal]) -> Told:
    return (2, None) if "score" in fields else None


_EVIDENCE = {
    "order": _tell_order,
    "ticket": _tell_ticket,
    "event": _tell_event,
    "deal": _tell_stages,
    "subscription": _tell_stages,
    "survey": _tell_survey,
}


def _keys(record: str, fields: Sequence[FieldProposal], reference: CustomerReference | None) -> list[KeyProposal]:
    """Propose the key of the customer, then the record's own: its id and its number."""
    own = fields[0]
    assert own.reached is not None
    keys = []
    if reference is not None:
        keys.append(
            KeyProposal(kind="customer_id", column="customer_id", type=reference.type, confidence=reference.field.confidence)
        )
    else:
        email = next(field for field in fields if field.field == "customer_email")
        keys.append(KeyProposal(kind="email", column="customer_email", confidence=email.confidence))
    keys.append(KeyProposal(kind=f"{record}_id", column="id", type=key_type(own.reached.column), confidence=own.confidence))
    number = next((field for field in fields if field.field == "number"), None)
    if number is not None and number.reached is not None and not number.reached.joins and record in ("order", "ticket"):
        column = number.reached.column
        values = list(map(str, column.values))
        if len(values) > 1 and len(set(values)) == len(values):
            kind = f"{record}_number"
            keys.append(KeyProposal(kind=kind, column="number", type=key_type(column), confidence=number.confidence))
    return keys


def _order_reference(graph: TableGraph, table: CatalogueTable, record: str, orders: str | None) -> list[FieldProposal]:
    """Propose the order that a ticket or a survey is about."""
    if orders is None or record not in ("ticket", "survey"):
        return []
    references = graph.between(table.name, orders)
    column = table.column(references[0].column) if len(references) == 1 else None
    if column is None:
        return []
    evidence = references[0].evidence
    return [id_field(table, column, "order_id", evidence)]


def _constants(table: CatalogueTable, record: str, fields: Mapping[str, FieldProposal]) -> list[FieldProposal]:
    """Propose what all rows have: surveys are of the kind that their table names, on the scale that their scores show."""
    if record != "survey":
        return []
    kinds = [_SURVEY_KINDS[word] for word in map(singular, table_words(table.name)) if word in _SURVEY_KINDS]
    found = [_constant("kind", kinds[0], Evidence.NAME)] if kinds else []
    score = fields.get("score")
    scale = None if score is None or "scale" in fields or score.reached is None else _scale(score.reached.column.values)
    return found if scale is None else [*found, _constant("scale", str(scale), Evidence.DATA)]


def _constant(field: str, text: str, evidence: Evidence) -> FieldProposal:
    return FieldProposal(
        field=field, form=ValueForm.CONSTANT, constant=text, confidence=Confidence.LIKELY, evidence=(evidence,)
    )


def _scale(scores: Sequence[object]) -> int | None:
    """Tell the best score of a scale, both ends of which were given. None where that says nothing."""
    numbers = [as_number(score) for score in scores]
    given = [number for number in numbers if number is not None and number % 1 == 0]
    if not given or len(given) < len(numbers):
        return None
    return next((best for worst, best in _SCALES if min(given) == worst and max(given) == best), None)


def recognise_accounts(graph: TableGraph, customers: RecordProposal) -> RecordProposal | None:
    """Propose the companies that customers belong to."""
    link = next((field for field in customers.fields if field.field == "company_account"), None)
    if link is None or link.reached is None:
        return None
    (reference,) = [own for own in graph.from_table(customers.table) if own.column == link.reached.column.name][:1]
    table = graph.table(reference.target)
    id_column = table.column(reference.target_column)
    if id_column is None:
        return None
    fields = [
        id_field(table, id_column),
        *match_fields("account", table.name, reachable_columns(graph, table.name), [id_column.name]).values(),
    ]
    keys = [KeyProposal(kind="account", column="id", type=key_type(id_column), confidence=fields[0].confidence)]
    for own in graph.between(table.name, table.name):
        column = table.column(own.column)
        if column is not None and "parent" in name_words(column.name):
            fields.append(id_field(table, column, "parent_id", (Evidence.DECLARED, Evidence.NAME)))
            keys.append(
                KeyProposal(kind="parent_account", column="parent_id", type=key_type(column), confidence=Confidence.SURE)
            )
    return RecordProposal(
        record="account",
        table=table.name,
        fields=fields,
        keys=keys,
        filters=filters_of(table),
        leftovers=leftovers_of(table, fields),
        confidence=link.confidence,
        evidence=link.evidence,
    )
