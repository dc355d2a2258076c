"""Know what the fields of each record are called, the likeliest name first, and what they must hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gateway.onboarding.lexicon_files import read_lexicon


class FieldSpec(NamedTuple):
    """A field as a column of a query. `names` are groups of names as words with blanks; those of one group count the same."""

    field: str
    check: str
    names: tuple[frozenset[str], ...]


SPECS: Mapping[str, tuple[FieldSpec, ...]] = {
    record: tuple(
        FieldSpec(field, own["check"], tuple(frozenset(group) for group in own["names"])) for field, own in fields.items()
    )
    for record, fields in read_lexicon("fields").items()
}
"""The fields of records and of their lists. Each list of fields is in the order in which columns are given to them."""
