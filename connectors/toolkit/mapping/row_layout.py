"""Lay out where an answer holds its values: objects by the source's own names, and the structs that decode just that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from connectors.toolkit.code_generation import CodeWriter
from connectors.toolkit.mapping.enum_decoding import EnumTexts


class SlowPathNeededError(Exception):
    """Report an answer or mapping that the fast way cannot read."""


class ObjectLayout:
    """Lay out one object of an answer, with its values. Becomes a struct once all that is known.

    Every method raises `SlowPathNeededError` for what is read in two ways.
    """

    def __init__(self) -> None:
        self._leaves: dict[str, Any] = {}
        self._objects: dict[str, ObjectLayout] = {}
        self._lists: dict[str, ObjectLayout] = {}
        self._needed: set[str] = set()

    def leaf(self, name: str, kind: Any) -> None:
        """Read a value of this type, or null."""
        if self._leaves.setdefault(name, kind) != kind or name in self._objects or name in self._lists:
            raise SlowPathNeededError

    def need(self, name: str) -> None:
        """An object without this value does not fit."""
        self._needed.add(name)

    def word(self, name: str, meaning: str, read: Callable[[str], Any]) -> None:
        """Read a text, or null. Its meaning by `read` is its attribute `meaning`."""
        words = self._leaves.setdefault(name, EnumTexts())
        if not isinstance(words, EnumTexts) or name in self._objects or name in self._lists:
            raise SlowPathNeededError
        words.add(meaning, read)

    def object(self, name: str) -> ObjectLayout:
        if name in self._leaves or name in self._lists:
            raise SlowPathNeededError
        return self._objects.setdefault(name, ObjectLayout())

    def list_of(self, name: str) -> ObjectLayout:
        """Lay out each object in a list. None of them is null, and the list is read once."""
        if name in self._leaves or name in self._objects or name in self._lists:
            raise SlowPathNeededError
        return self._lists.setdefault(name, ObjectLayout())

    def words(self) -> Iterator[EnumTexts]:
        """All words of this object and of those in it."""
        for leaf in self._leaves.values():
            if isinstance(leaf, EnumTexts):
                yield leaf
        for place in (*self._objects.values(), *self._lists.values()):
            yield from place.words()

    def struct(self, sample: bytes = b"") -> type[msgspec.Struct]:
        """Make the struct that decodes all values. It is quickest for answers that have them in the order of the sample.

        A new one may know more words.
        """
        kinds: dict[str, Any] = {
            **{name: kind.kind() if isinstance(kind, EnumTexts) else kind for name, kind in self._leaves.items()},
            **{name: place.struct(sample) for name, place in self._objects.items()},
            **{name: list[place.struct(sample)] for name, place in self._lists.items()},  # type: ignore[misc]
        }
        fields: list[Any] = [
            (attribute(name), kinds[name]) if name in self._needed else (attribute(name), kinds[name] | None, None)
            for name in sorted(kinds, key=lambda name: _first_place(name, sample))
        ]
        return msgspec.defstruct("Row", fields, rename={attribute(name): name for name in kinds}, kw_only=True, gc=False)


def _first_place(name: str, sample: bytes) -> int:
    place = sample.find(f'"{name}"'.encode())
    return len(sample) if place < 0 else place


class ValuePath:
    """Where a value is: the expression that reads it, and the name at its end, in each place where it can be."""

    def __init__(self, source: str, ends: Sequence[tuple[ObjectLayout, str]]) -> None:
        self.source = source
        self._ends = ends

    def read_as(self, kind: Any) -> None:
        """The value is of this type, or null."""
        for place, name in self._ends:
            place.leaf(name, kind)

    def need(self) -> bool:
        """Have only rows fit that have the value. False where that cannot be said of the place alone."""
        if not self.source.replace(".", "", 1).isidentifier():
            return False
        for place, name in self._ends:
            place.need(name)
        return True

    def read_word(self, meaning: str, read: Callable[[str], Any]) -> None:
        """Read the value as a text, or null. Its meaning by `read` is its attribute `meaning`."""
        for place, name in self._ends:
            place.word(name, meaning, read)

    def objects(self) -> list[ObjectLayout]:
        """The value is an object, or null."""
        return [place.object(name) for place, name in self._ends]

    def lists(self) -> list[ObjectLayout]:
        """The value is a list of objects, or null."""
        return [place.list_of(name) for place, name in self._ends]


def path_at(places: Sequence[ObjectLayout], variable: str, chain: Sequence[str] | None, writer: CodeWriter) -> ValuePath:
    """Follow a plain path from an object in a variable. The object is at `places`."""
    if chain is None:
        raise SlowPathNeededError
    source, here = f"{variable}.{attribute(chain[0])}", list(places)
    for outer, name in pairwise(chain):
        step = writer.new_name()
        source = f"(None if ({step} := {source}) is None else {step}.{attribute(name)})"
        here = [place.object(outer) for place in here]
    return ValuePath(source, [(place, chain[-1]) for place in here])


def attribute(name: str) -> str:
    """Name the struct's attribute for a name of the source."""
    return f"f_{name.encode().hex()}"
