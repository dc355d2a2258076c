"""Propose what all records have alike: the id, keys, conditions, and the columns that are left."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.catalogue import CatalogueColumn, CatalogueTable, ColumnKind, split_words
from gateway.onboarding.column_reach import name_words
from gateway.onboarding.proposal import Confidence, Evidence, FieldProposal, FilterProposal, ReachedColumn
from gateway.onboarding.value_shapes import is_flag, is_timely

_TYPES = {ColumnKind.INTEGER: "integer", ColumnKind.UUID: "uuid", ColumnKind.OBJECT_ID: "objectid"}
_DELETED = (
    "deleted at",
    "deleted on",
    "deleted",
    "is deleted",
    "removed at",
    "fivetran deleted",
    "geloescht",
    "geloescht am",
    "ist geloescht",
    "excluido",
    "excluido em",
    "eliminado",
    "eliminado en",
    "borrado",
    "删除时间",
    "已删除",
    "是否删除",
)
_FLAG_ENDS = ("deleted", "geloescht", "excluido", "eliminado", "borrado", "已删除", "是否删除")
"""How the names of flags end: where none is set, that of one says what another would be."""
_TESTS = ("is test", "test", "is test order", "is test account", "is dummy")
_TENANTS = ("tenant id", "tenant", "organization id", "org id", "workspace id", "shop id", "mandant")


def key_type(column: CatalogueColumn) -> str:
    """Give the type of a key's column, as the settings of keys name it."""
    return _TYPES.get(column.kind, "text")


def id_field(
    table: CatalogueTable, column: CatalogueColumn, field: str = "id", evidence: Sequence[Evidence] = ()
) -> FieldProposal:
    """Propose a column that holds an id."""
    if not evidence:
        is_declared = table.is_unique(column.name)
        evidence = (Evidence.DECLARED, Evidence.NAME) if is_declared else (Evidence.DATA, Evidence.NAME)
    confidence = Confidence.SURE if Evidence.DECLARED in evidence else Confidence.LIKELY
    return FieldProposal(
        field=field, reached=ReachedColumn(column, name_words(column.name)), confidence=confidence, evidence=evidence
    )


def filters_of(table: CatalogueTable) -> list[FilterProposal]:
    """Propose conditions that leave out deleted rows and tests, and ask whose rows are meant where there are tenants."""
    found = []
    for column in table.columns:
        words = " ".join(split_words(column.name))
        if words in _DELETED and (is_flag(column) or (not column.values and words.rpartition(" ")[2] in _FLAG_ENDS)):
            found.append(_filter(column, "false", "deleted rows"))
        elif words in _DELETED and is_timely(column) | (not column.values and column.nullable):
            found.append(_filter(column, "null", "deleted rows"))
        elif words in _TESTS and is_flag(column):
            found.append(_filter(column, "false", "tests"))
        elif words in _TENANTS and len(set(map(str, column.values))) > 1:
            note = "several tenants have rows: add a condition for yours"
            found.append(FilterProposal(column=column.name, test="same", confidence=Confidence.UNSURE, note=note))
    return found


def _filter(column: CatalogueColumn, test: str, what: str) -> FilterProposal:
    return FilterProposal(column=column.name, test=test, confidence=Confidence.LIKELY, note=f"leaves out {what}")


def leftovers_of(table: CatalogueTable, fields: Sequence[FieldProposal]) -> list[CatalogueColumn]:
    """List the columns that are no field, for fields of one's own. Secrets are none."""
    conditions = {own.column for own in filters_of(table)}
    used = conditions | {field.reached.column.name for field in fields if field.reached is not None and not field.reached.joins}
    return [
        column
        for column in table.columns
        if column.name not in used
        and not column.is_secret
        and column.kind not in (ColumnKind.BINARY, ColumnKind.OTHER)
        and not column.name.startswith("_")
    ]
