"""Say by what a caller may find customers whom it cannot name."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from connectors.contract import KeyKind
from connectors.record_fields import leaf_field
from connectors.records import Customer, FieldClass
from connectors.toolkit.search_words import SEARCHED_FIELDS
from gateway.settings.access_settings import WAYS_IN, Visibility


class FindRights(msgspec.Struct, frozen=True):
    """The kinds of keys, and the fields whose words may be compared, as columns are called. None is all."""

    kinds: frozenset[KeyKind] | None = None
    fields: tuple[str, ...] | None = None

    def allows(self, kind: KeyKind) -> bool:
        """Tell whether keys of this kind may be tried."""
        return self.kinds is None or kind in self.kinds

    def reads(self, field: str) -> bool:
        """Tell whether the words of this field may be compared."""
        return self.fields is None or field in self.fields

    @property
    def finds_words(self) -> bool:
        """Tell whether any words may be looked for."""
        return self.fields is None or bool(self.fields)


ALL_WAYS = FindRights()


def read_find_rights(sees: Mapping[FieldClass, Visibility], kinds: Collection[KeyKind], *, by_words: bool) -> FindRights:
    """Read the rights of a caller who finds by these kinds of keys. What is not shown as it is is no way to find."""
    shown = frozenset(one for one, visibility in sees.items() if visibility is Visibility.SHOWN)
    fields = tuple(name for name, path in SEARCHED_FIELDS.items() if by_words and _class_of(path) in shown)
    return FindRights(frozenset(kind for kind in kinds if shown.issuperset(WAYS_IN[kind])), fields)


def _class_of(path: str) -> FieldClass | None:
    field = leaf_field(Customer, path)
    return None if field is None else field.field_class
