"""Recognise the table of customers: a unique id, what people are reached by, and other tables that point to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from connectors.catalogue import CatalogueColumn, CatalogueTable, split_words
from gateway.onboarding import value_shapes as shapes
from gateway.onboarding.column_reach import reachable_columns
from gateway.onboarding.field_matches import match_fields
from gateway.onboarding.proposal import (
    Confidence,
    Evidence,
    FieldProposal,
    FilterProposal,
    KeyProposal,
    RecordProposal,
    ValueForm,
)
from gateway.onboarding.record_parts import filters_of, id_field, key_type, leftovers_of
from gateway.onboarding.table_graph import TableGraph, is_staff
from gateway.onboarding.table_words import has_role, is_of_thing, table_roles
from gateway.onboarding.writable_names import is_writable

CLEAR_LEAD = 3
"""By how many points the best table must lead, or people are asked."""
_PERSON_FIELDS = ("email", "phone", "given_name", "family_name", "name", "company_name")
_STAFF_COLUMNS = frozenset(["salary", "hire", "hired", "reports", "supervisor", "payroll", "commission", "wage"])
_LOGIN_WORDS = frozenset(["password", "passwd", "pwd", "pass", "hash", "salt", "passwort", "kennwort", "senha", "contrasena"])
_ROLE_COLUMNS = (("role",), ("roles",), ("role", "id"), ("user", "role"), ("user", "role", "id"))
_CUSTOMER_ROLES = frozenset(
    ("end user", "enduser", "customer", "client", "consumer", "buyer", "shopper", "guest", "member", "kunde", "cliente")
)
_STAFF_FLAGS = frozenset(
    ("is staff", "staff", "is employee", "is superuser", "is internal", "is agent", "ist mitarbeiter", "mitarbeiter")
)
_ORDER_ROLES = ("order", "invoice", "rental", "payment", "ticket", "subscription", "item", "event")


class CustomerCandidate(NamedTuple):
    """A table that may hold customers, with the points that it has."""

    table: CatalogueTable
    points: int
    evidence: tuple[Evidence, ...]
    fields: Mapping[str, FieldProposal]
    doubt: str | None


def rank_customers(graph: TableGraph) -> list[CustomerCandidate]:
    """List the tables that may hold customers, the likeliest first."""
    found = [own for table in graph.catalogue.tables if (own := _candidate(graph, table)) is not None]
    return sorted(found, key=lambda own: (-own.points, own.table.name))


def _candidate(graph: TableGraph, table: CatalogueTable) -> CustomerCandidate | None:
    id_column = graph.id_column(table.name)
    if id_column is None or table.embedded_in or is_staff(table.name):
        return None
    roles = table_roles(table.name)
    if roles and (roles[0] not in ("customer", "person", "account") or is_of_thing(table.name, roles[0])):
        return None
    fields = match_fields("customer", table.name, reachable_columns(graph, table.name, ("address",)), [id_column.name])
    person = [name for name in _PERSON_FIELDS if name in fields]
    incoming = [own for own in graph.to_table(table.name) if any(map(shapes.is_timely, graph.table(own.table).columns))]
    is_named = "customer" in roles[:1]
    if not (person or is_named) or not (incoming or is_named or "email" in person):
        return None
    evidence = []
    evidence += [Evidence.DECLARED] if any(own.is_declared for own in incoming) and table.is_unique(id_column.name) else []
    evidence += [Evidence.DATA] if incoming or any(Evidence.DATA in fields[name].evidence for name in person) else []
    evidence += [Evidence.NAME] if is_named or "person" in roles[:1] else []
    points = 4 * is_named + 2 * ("person" in roles[:1]) + 2 * min(len(person), 2) + min(len(incoming), 3)
    points += 2 * sum(1 for own in incoming[:3] if set(table_roles(own.table)) & set(_ORDER_ROLES))
    points -= 6 * table.is_view
    points -= 5 * (table.is_whole and (table.rows or 0) < 2)  # nobody, or the one company whose database it is
    return CustomerCandidate(table, points, tuple(evidence), fields, _doubt(graph, table, roles))


def _doubt(graph: TableGraph, table: CatalogueTable, roles: Sequence[str]) -> str | None:
    """Say why a table may hold staff: columns of employment, or users who log in and have no orders."""
    is_known = any(column.values for column in table.columns)
    told = [column for column in table.columns if column.values or column.is_secret or not is_known]
    words = {word for column in told for word in split_words(column.name)}
    if words & _STAFF_COLUMNS:
        return "it has columns of employees"
    pointed = {role for own in graph.to_table(table.name) for role in table_roles(own.table)}
    has_login = any(column.is_secret and set(split_words(column.name)) & _LOGIN_WORDS for column in told)
    has_login |= any(split_words(column.name) in _ROLE_COLUMNS for column in told)
    if has_login and filter_by_role(table) is None and not pointed & set(_ORDER_ROLES) and "customer" not in roles[:1]:
        return "users with passwords or roles, and no orders of theirs: staff?"
    if "account" in roles[:1] and "customer" not in roles:
        return "companies, or the accounts of people?"
    return None


def filter_by_role(table: CatalogueTable) -> FilterProposal | None:
    """Propose to read customers alone, where a column of roles tells them from staff in the same table."""
    for column in table.columns:
        words = {str(value) for value in column.values} if split_words(column.name) in _ROLE_COLUMNS else set()
        own = sorted(word for word in words if " ".join(split_words(word)) in _CUSTOMER_ROLES and is_writable(word))
        if own and len(words) > len(own):
            note = "leaves out who is no customer"
            return FilterProposal(column=column.name, test="words", words=own, confidence=Confidence.LIKELY, note=note)
    return None


def filter_by_flag(table: CatalogueTable) -> FilterProposal | None:
    """Propose to leave out staff whom a column marks among the customers."""
    for column in table.columns:
        texts = {str(value).strip().casefold() for value in column.values}
        if " ".join(split_words(column.name)) in _STAFF_FLAGS and shapes.is_flag(column) and len(texts) > 1:
            note = "leaves out staff"
            return FilterProposal(column=column.name, test="false", confidence=Confidence.LIKELY, note=note)
    return None


def recognise_customers(graph: TableGraph) -> RecordProposal | None:
    """Propose the customers. Where two tables are as likely, or it may be staff, nothing of it runs."""
    ranked = rank_customers(graph)
    if not ranked:
        return None
    people = [own for own in ranked[1:] if _is_company_of(graph, own.table.name, ranked[0].table.name)]
    best = people[0] if people else ranked[0]  # contacts of companies, not the companies
    note = best.doubt
    confidence = Confidence.SURE if len(best.evidence) > 1 else Confidence.LIKELY
    rivals = [own for own in ranked if own is not best and own.points > best.points - CLEAR_LEAD and not own.table.is_view]
    if rivals and not _is_company_of(graph, best.table.name, rivals[0].table.name):
        note = f"or {rivals[0].table.name}?"
    if note is not None:
        confidence = Confidence.UNSURE
    elif not best.table.is_unique(_id(graph, best.table).name):
        confidence = Confidence.LIKELY
    return _proposal(graph, best, confidence, note)


def _id(graph: TableGraph, table: CatalogueTable) -> CatalogueColumn:
    column = graph.id_column(table.name)
    assert column is not None
    return column


def _is_company_of(graph: TableGraph, people: str, companies: str) -> bool:
    return bool(graph.between(people, companies)) and "account" in table_roles(companies)[:1]


def _proposal(graph: TableGraph, best: CustomerCandidate, confidence: Confidence, note: str | None) -> RecordProposal:
    table, id_column = best.table, _id(graph, best.table)
    fields = [id_field(table, id_column), *_identity(best.fields)]
    fields += [_in_address(best.fields, own) for own in best.fields.values() if own.field not in _IDENTITY_FIELDS]
    fields += _company_account(graph, table)
    keys = [
        KeyProposal(kind="customer_id", column="id", type=key_type(id_column), confidence=fields[0].confidence),
        *_contact_keys(table, fields),
    ]
    if (searched := _text_key(fields)) is not None:
        keys.append(searched)
    return RecordProposal(
        record="customer",
        table=table.name,
        fields=fields,
        keys=keys,
        filters=[*filters_of(table), *(own for own in (filter_by_role(table), filter_by_flag(table)) if own is not None)],
        leftovers=leftovers_of(table, fields),
        confidence=confidence,
        evidence=best.evidence,
        note=note,
    )


_IDENTITY_FIELDS = ("name", "given_name", "family_name", "company_name", "email", "phone")


def _identity(fields: Mapping[str, FieldProposal]) -> list[FieldProposal]:
    """Say who is meant: a person by parts of the name, or a company that has no such parts."""
    own = [fields[name] for name in ("given_name", "family_name", "email", "phone") if name in fields]
    company, name = fields.get("company_name"), fields.get("name")
    parts = [fields.get("given_name"), fields.get("family_name")]
    if company is not None and not any(parts):
        sure = company.confidence
        return [
            FieldProposal(
                field="kind", form=ValueForm.CONSTANT, constant="COMPANY", confidence=sure, evidence=company.evidence
            ),
            msgspec.structs.replace(company, field="name"),
            company,
            *([_doubted(name, "of a person at the company?")] if name is not None and _is_contact(name) else []),
            *own,
        ]
    told = list(own)
    if name is not None and not _is_contact(name):
        told.insert(0, name)
    elif parts[0] is not None and parts[1] is not None:
        told.insert(
            0, FieldProposal(field="name", form=ValueForm.JOINED, confidence=parts[0].confidence, evidence=parts[0].evidence)
        )
    elif name is not None:
        told.insert(0, name)
    if company is not None:
        told.append(company)
    if all(parts):
        told.insert(0, _constant_kind("PERSON", Confidence.LIKELY))
    return told


def _constant_kind(kind: str, confidence: Confidence) -> FieldProposal:
    evidence = (Evidence.NAME,)
    return FieldProposal(field="kind", form=ValueForm.CONSTANT, constant=kind, confidence=confidence, evidence=evidence)


def _is_contact(name: FieldProposal) -> bool:
    return name.reached is not None and "contact" in name.reached.words


def _doubted(field: FieldProposal, note: str) -> FieldProposal:
    return msgspec.structs.replace(field, confidence=Confidence.UNSURE, note=note)


def _in_address(fields: Mapping[str, FieldProposal], field: FieldProposal) -> FieldProposal:
    """Take the parts of an address from one place alone, that of the city or the line."""
    if not field.field.startswith("address_") or field.reached is None:
        return field
    if field.field == "address_region" and not any(name.startswith("address_") for name in fields.keys() - {field.field}):
        return _doubted(field, "where they live, or a state of theirs?")
    base = next((own for name in ("address_line", "address_city") if (own := fields.get(name)) is not None), None)
    if base is None or base.reached is None or field is base:
        return field
    first, other = base.reached.joins[:1], field.reached.joins[:1]
    return field if first == other or not first else _doubted(field, "of another place?")


def _company_account(graph: TableGraph, table: CatalogueTable) -> list[FieldProposal]:
    """Propose the company that a person belongs to, where it is a table of its own."""
    for reference in graph.from_table(table.name):
        if has_role(reference.target, "account") and reference.target != table.name:
            column = table.column(reference.column)
            evidence = reference.evidence
            if column is not None:
                return [id_field(table, column, "company_account", evidence)]
    return []


def _contact_keys(table: CatalogueTable, fields: Sequence[FieldProposal]) -> list[KeyProposal]:
    """Propose keys of contacts that are unique: what many share is a field only."""
    keys = []
    for field in fields:
        if field.field not in ("email", "member_number", "phone") or field.reached is None or field.reached.joins:
            continue
        column, confidence = field.reached.column, field.confidence
        is_declared = table.is_unique(column.name)
        if not is_declared and not _is_mostly_unique(column, at_least=1 if table.is_whole else 2):
            continue
        if field.field == "phone" and (not column.values or not all(map(_is_plain_phone, column.values))):
            continue
        if not is_declared:
            confidence = max(confidence, Confidence.LIKELY, key=list(Confidence).index)
        keys.append(KeyProposal(kind=field.field, column=field.field, type=key_type(column), confidence=confidence))
    return keys


def _is_mostly_unique(column: CatalogueColumn, at_least: int) -> bool:
    """Tell whether hardly a value is there twice. Of a whole table one value says so, of a part of one it does not."""
    values = [str(value).casefold() for value in column.values]
    return len(values) >= at_least and len(set(values)) >= 0.98 * len(values)


def _is_plain_phone(value: object) -> bool:
    """Tell whether a number is stored as it is looked up, in E.164."""
    return str(value) == shapes.phone_form(value, None)


def _text_key(fields: Sequence[FieldProposal]) -> KeyProposal | None:
    names = [
        field.field
        for field in fields
        if field.field in ("name", "given_name", "family_name", "email", "company_name")
        and field.confidence is not Confidence.UNSURE
    ]
    plain = [name for name in names if name != "name" or not {"given_name", "family_name"} & set(names)]
    if not plain:
        return None
    return KeyProposal(kind="text", column="", columns=plain, confidence=Confidence.LIKELY)
