"""Find how a table says whose its rows are: by the customer's id, or by the order that they belong to."""

from __future__ import annotations

from typing import NamedTuple

from gateway.onboarding.column_reach import name_words
from gateway.onboarding.proposal import Confidence, Evidence, FieldProposal, ReachedColumn, RecordProposal, TableJoin
from gateway.onboarding.record_parts import key_type
from gateway.onboarding.table_graph import Reference, TableGraph
from gateway.onboarding.table_words import ROLES, singular, table_words

_OTHER_ROLES = frozenset(
    (
        "billing",
        "submitter",
        "bill",
        "shipping",
        "ship",
        "referrer",
        "referred",
        "created",
        "updated",
        "assigned",
        "assignee",
        "sales",
        "rep",
        "agent",
        "parent",
    )
)


class CustomerReference(NamedTuple):
    """Where a record has the customer's id. `is_own` says that it is a column of the record's own table."""

    field: FieldProposal
    type: str
    column: str
    is_own: bool
    is_declared: bool
    note: str | None = None


def find_customer_reference(
    graph: TableGraph, table: str, customers: RecordProposal, orders: str | None
) -> CustomerReference | None:
    """Find the customer of a table's rows. None where nothing says so."""
    own = graph.between(table, customers.table)
    if own:
        return _own_reference(graph, own, customers)
    if orders is None or table == orders:
        return None
    steps, further = graph.between(table, orders), graph.between(orders, customers.table)
    if len(steps) != 1 or len(further) != 1:
        return None
    column = graph.table(orders).column(further[0].column)
    if column is None:
        return None
    join = TableJoin(steps[0].column, orders, steps[0].target_column)
    is_declared = steps[0].is_declared and further[0].is_declared
    evidence = max(steps[0].evidence, further[0].evidence, key=lambda own: Evidence.DECLARED not in own)
    evidence = (Evidence.NAME,) if steps[0].by_name or further[0].by_name else evidence
    field = _field(ReachedColumn(column, name_words(column.name), (join,)), evidence)
    return CustomerReference(field, key_type(column), column.name, is_own=False, is_declared=is_declared)


def _own_reference(graph: TableGraph, references: list[Reference], customers: RecordProposal) -> CustomerReference | None:
    plain = [own for own in references if _is_plainly_named(own, customers.table)] or [
        own for own in references if not set(name_words(own.column)) & _OTHER_ROLES
    ]
    chosen = plain or references
    column = graph.table(chosen[0].table).column(chosen[0].column)
    if column is None:
        return None
    names = sorted(own.column for own in chosen)
    note = f"whose: by {' or '.join(names)}?" if len(names) > 1 else None
    is_declared = chosen[0].is_declared
    field = _field(ReachedColumn(column, name_words(column.name)), chosen[0].evidence)
    return CustomerReference(field, key_type(column), column.name, is_own=True, is_declared=is_declared, note=note)


def _is_plainly_named(reference: Reference, customers: str) -> bool:
    """Tell whether a column is called as the table of customers, or as customers are."""
    words = name_words(reference.column)
    stem = tuple(singular(word) for word in (words[:-1] if len(words) > 1 else words))
    own = tuple(singular(word) for word in table_words(customers))
    return stem in (own, own[-1:]) or (len(stem) == 1 and stem[0] in ROLES["customer"])


def _field(reached: ReachedColumn, evidence: tuple[Evidence, ...]) -> FieldProposal:
    confidence = Confidence.SURE if Evidence.DECLARED in evidence else Confidence.LIKELY
    return FieldProposal(field="customer_id", reached=reached, confidence=confidence, evidence=evidence)
