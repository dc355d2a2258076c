"""Decode the texts of an enum natively: those that were met are decoded to what they mean, in C.

A cache of meanings instead costs 3 to 6 % more of a large query (decision 39).
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, ClassVar

MAX_WORDS = 500
"""How many texts are remembered at one place. What else is met there is worked out each time."""


class EnumText(Enum):
    """A text of a source. It has an attribute for each meaning that it has."""

    words: ClassVar[Any]

    @classmethod
    def _missing_(cls, text: object) -> Any:
        """Decode a text that is none of the members, for msgspec."""
        return cls.words.learn(text)


class EnumTexts:
    """Hold the texts of one place, with each reader's meanings."""

    def __init__(self) -> None:
        self._meanings: dict[str, Callable[[str], Any]] = {}
        self._met: dict[str, Any] = {}
        self._members = self._misses = 0

    def add(self, name: str, read: Callable[[str], Any]) -> None:
        """Read texts by `read` into their attribute `name`.

        Where it raises, a text has no such attribute.
        """
        self._meanings[name] = read

    def kind(self) -> type[EnumText]:
        """Make a type that msgspec decodes known texts by. Other texts become the like of a member, more slowly."""
        members = self._met or {"": None}
        kind: Any = EnumText("EnumText", {f"w{number}": text for number, text in enumerate(members)})  # type: ignore[call-arg]
        kind.words = self
        for member in kind:
            self._explain(member, member.value)
        self._members, self._misses = len(members), 0
        decoded: type[EnumText] = kind
        return decoded

    @property
    def are_outgrown(self) -> bool:
        """Tell whether enough new texts came for a new type. So often that it is worth its making."""
        return self._misses > self._members < len(self._met)

    def learn(self, text: Any) -> Any:
        self._misses += 1
        if text in self._met:
            return self._met[text]
        word = self._explain(_Met(), text)
        if len(self._met) < MAX_WORDS:
            self._met[text] = word
        return word

    def _explain(self, word: Any, text: str) -> Any:
        for name, read in self._meanings.items():
            try:
                setattr(word, name, read(text))
            except Exception:  # noqa: BLE001, S112  it means nothing here
                continue
        return word


class _Met:
    """A word that is no member yet."""
