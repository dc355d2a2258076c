"""Ids as the schema has them: `SOURCE:ID`, the name of a source and its own id there."""

from collections.abc import Collection, Sequence
from operator import methodcaller

from connectors.contract import KeyKind
from connectors.records import RECORDS, Account, Record

SEPARATOR = ":"

ID_KINDS: dict[type[Record], KeyKind] = {
    record: KeyKind.ACCOUNT if record is Account else KeyKind(f"{name}_id") for name, record in RECORDS.items()
}
"""The kinds of keys that are the own ids of records."""


def node_id(source: str, own_id: str) -> str:
    """Write the id of a record."""
    return f"{source}{SEPARATOR}{own_id}"


def node_id_expression(source: str, own_id: str) -> str:
    """Write the expression of `node_id`, of the expressions of its arguments."""
    return f'f"{{{source}}}{SEPARATOR}{{{own_id}}}"'


class NodeIds:
    """Reads ids of one type.

    `finders` are the sources that find records of it by id; an id that names no source is of the first of them. `sources` are
    all that are configured.
    """

    def __init__(self, finders: Sequence[str], sources: Collection[str]) -> None:
        self.usual = finders[0] if finders else None
        self._finders = frozenset(finders)
        self._sources = frozenset(sources)

    def read(self, text: str) -> tuple[str | None, str] | None:
        """Read the source and the own id there. None where that source finds nothing by id.

        Only the name of a configured source ends at the first colon: `urn:7` names none.
        """
        if SEPARATOR not in text:
            return self.usual, text
        source, separator, own_id = text.strip().partition(SEPARATOR)
        if not separator or source not in self._sources:
            return self.usual, text
        return (source, own_id) if source in self._finders else None

    def named(self, text: str) -> tuple[str, str] | None:
        """Read an id that says its source, one that finds records by id. None for any other."""
        source, _, own_id = text.strip().partition(SEPARATOR)
        return (source, own_id) if source in self._finders and own_id else None

    def has_source(self, name: str) -> bool:
        """Tell whether a source finds records by id."""
        return name in self._finders

    def names_source(self, text: str) -> bool:
        """Tell whether an id says its source."""
        source, separator, _ = text.strip().partition(SEPARATOR)
        return bool(separator) and source in self._sources

    def read_alike(self, texts: Sequence[str]) -> tuple[str | None, Sequence[str]] | None:
        """Read ids of one source at once: the source and the own ids there. None where they have to be read one by one."""
        if SEPARATOR not in "".join(texts):
            return self.usual, texts
        source, separator, _ = texts[0].partition(SEPARATOR)
        prefix = source + separator
        if source in self._finders and all(map(methodcaller("startswith", prefix), texts)):
            return source, [text.removeprefix(prefix) for text in texts]
        return None
