"""Define what is proposed for a source: records with their fields, keys and lists, each with its reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from connectors.catalogue import CatalogueColumn


class Confidence(StrEnum):
    """Say how certain a proposal is. What is UNSURE is written as a comment, and never runs."""

    SURE = "SURE"
    LIKELY = "LIKELY"
    UNSURE = "UNSURE"


_ORDER = (Confidence.SURE, Confidence.LIKELY, Confidence.UNSURE)


def weakest(*confidences: Confidence) -> Confidence:
    """Give the least certain of these."""
    return max(confidences, key=_ORDER.index)


class Evidence(StrEnum):
    """Kinds of reasons, the strongest first."""

    DECLARED = "declared"
    DATA = "data"
    NAME = "name"


class TableJoin(msgspec.Struct, frozen=True):
    """A step to another table: by a column of the table before it, to a unique column of that."""

    column: str
    table: str
    target_column: str


class ReachedColumn(msgspec.Struct, frozen=True):
    """A column of the record's table, or of one that it refers to. `words` are what it is called there.

    `is_label` says of a column of another table that it only names what the record refers to.
    """

    column: CatalogueColumn
    words: tuple[str, ...]
    joins: tuple[TableJoin, ...] = ()
    is_label: bool = False


class ValueForm(StrEnum):
    """Say what is done with a value."""

    PLAIN = "plain"
    LOWER = "lower"
    CENTS = "cents"
    """A whole number of hundredths."""
    WORDS = "words"
    CONSTANT = "constant"
    DIGITS = "digits"
    """A phone number without what stands between its digits."""
    JOINED = "joined"
    """The given name and the family name."""
    ITEM_SUM = "item sum"
    """The sum of the items' quantities times prices."""
    PAYMENT_SUM = "payment sum"
    """The sum of the payments."""


class FieldProposal(msgspec.Struct, frozen=True, kw_only=True):
    """A field, as a column of the record's query (`total_amount`), and where its value is."""

    field: str
    reached: ReachedColumn | None = None
    form: ValueForm = ValueForm.PLAIN
    words: Mapping[str, str] = {}
    unmapped: Mapping[str, int] = {}
    constant: str | None = None
    confidence: Confidence
    evidence: Sequence[Evidence] = ()
    note: str | None = None


class KeyProposal(msgspec.Struct, frozen=True, kw_only=True):
    """How a kind of key finds records: by a column of the query, whose type is `text`, `integer` or `uuid`."""

    kind: str
    column: str
    type: str = "text"
    confidence: Confidence
    columns: Sequence[str] = ()
    note: str | None = None


class ListProposal(msgspec.Struct, frozen=True, kw_only=True):
    """A nested list: a table whose `parent` column holds the record's id."""

    name: str
    table: str
    parent: str
    fields: Sequence[FieldProposal]
    confidence: Confidence
    note: str | None = None


class RecordProposal(msgspec.Struct, frozen=True, kw_only=True):
    """A record of a table. `leftovers` are columns that are no field; `filters` are conditions of the query."""

    record: str
    table: str
    fields: Sequence[FieldProposal]
    keys: Sequence[KeyProposal]
    lists: Sequence[ListProposal] = ()
    filters: Sequence[FilterProposal] = ()
    leftovers: Sequence[CatalogueColumn] = ()
    confidence: Confidence
    evidence: Sequence[Evidence] = ()
    note: str | None = None

    def field(self, name: str) -> FieldProposal | None:
        """Find a field by its column."""
        return next((field for field in self.fields if field.field == name), None)


class FilterProposal(msgspec.Struct, frozen=True, kw_only=True):
    """A condition that leaves out rows: those that are deleted, or tests. `test` is `null`, `false`, `same`, `last` or `words`.

    Of rows with the same value of the column `of`, `last` leaves the one with the greatest value of `column`. Of `words` it
    is one.
    """

    column: str
    test: str
    of: str | None = None
    words: Sequence[str] = ()
    confidence: Confidence
    note: str


class SourceProposal(msgspec.Struct, frozen=True, kw_only=True):
    """All that is proposed for a source. `questions` are what only people can say, `unread` the tables of no record."""

    name: str
    records: Sequence[RecordProposal]
    questions: Sequence[str] = ()
    unread: Sequence[str] = ()
    missing_indexes: Sequence[str] = ()
    proofs: Sequence[str] = ()

    def record(self, name: str) -> RecordProposal | None:
        """Find a record that is proposed."""
        return next((own for own in self.records if own.record == name and own.confidence is not Confidence.UNSURE), None)
