"""Rank records of customers by how near they are to what was typed, whatever their source thinks of that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any, NamedTuple

from rapidfuzz.distance import OSA

from connectors.contract import KeyKind
from connectors.record_fields import Fields
from connectors.records import ContactKind
from connectors.toolkit.search_words import Word, all_words_of, digits_of, has_han, sought_words, words_of
from gateway.stitching.find_rights import FindRights
from gateway.stitching.typed_text import TypedText

RANKED_FIELDS = Fields.from_paths(
    "id", "name", "given_name", "family_name", "email", "phone", "company.name", "contact_points.kind", "contact_points.value"
)
"""The fields of a record that are compared."""

MIN_SCORE = 0.34
"""A record of which less is right is none that was meant: a third of the words."""

ALL_WORDS = 0.95
"""From here on all words are there as they were typed."""

MAX_LETTERS, MAX_ADDRESSES = 400, 50
"""How much of a name is compared, more than may be typed, and how many addresses. A source may give any number."""

_ENDING_DIGITS = re.compile(r"\d+$")


class MatchedBy(Enum):
    """What of a customer is what was typed."""

    CUSTOMER_ID = "customer_id"
    EXTERNAL_ID = "external_id"
    MEMBER_NUMBER = "member_number"
    EMAIL = "email"
    PHONE = "phone"
    ACCOUNT = "account"
    ORDER_ID = "order_id"
    ORDER_NUMBER = "order_number"
    TICKET_ID = "ticket_id"
    TICKET_NUMBER = "ticket_number"
    NAME = "name"
    COMPANY = "company"


class Match(NamedTuple):
    """How near a record is: from 0 to 1 for words, more for keys. `rest` is how much of its name was not typed."""

    score: float
    by: MatchedBy
    exact: bool
    rest: int = 0

    @property
    def place(self) -> tuple[bool, float, int]:
        """Sort the best first."""
        return not self.exact, -self.score, self.rest


def match_of_key(kind: KeyKind) -> Match:
    """Give the match of a record that a key has found."""
    return Match(2.0, MatchedBy(kind.value), exact=True)


def match_words(record: Any, typed: TypedText, rights: FindRights) -> Match | None:
    """Compare a record with the words that were typed. None where it was not meant."""
    if typed.digits:
        return _match_digits(record, typed.digits, rights)
    if not typed.words:
        return None
    whole_names = [*_names(record, rights)]
    names = [_folded(sought_words(name)) for name in whole_names]
    asked = [word.folded for word in typed.words]
    groups: list[tuple[MatchedBy, float, Sequence[str]]] = [
        (MatchedBy.NAME, 1.0, [*dict.fromkeys(word for name in names for word in name)]),
        (MatchedBy.EMAIL, 0.96, [*_address_words(record, rights)]),
        (MatchedBy.COMPANY, 0.94, _company_words(record, rights)),
    ]
    total, by = 0.0, dict[MatchedBy, float]()
    for word in asked:
        score, group = 0.0, MatchedBy.NAME
        for own, share, words in groups:
            likeness = share * _best(word, words) if score < share else 0.0
            if likeness > score:
                score, group = likeness, own
        total += score
        by[group] = by.get(group, 0.0) + score
    score, main = total / len(asked), max(by, key=lambda group: by[group])
    if any(_is_same([word.folded for word in name], typed.whole) for name in whole_names):
        return Match(1.5, MatchedBy.NAME, exact=True)
    together = "".join(asked)
    joined = max((_joined("".join(name), together) for name in names), default=0.0)
    if joined > score:
        score, main = joined, MatchedBy.NAME
    unsaid = min((sum(map(len, name)) for name in names), default=len(together)) - len(together)
    return Match(score, main, exact=False, rest=abs(unsaid)) if score >= MIN_SCORE else None


def _is_same(name: Sequence[str], typed: Sequence[str]) -> bool:
    """Tell whether all that was typed is a name, in any order of its words."""
    return len(name) == len(typed) and sorted(name) == sorted(typed)


def _best(word: str, others: Sequence[str]) -> float:
    return 1.0 if word in others else max((_likeness(word, other) for other in others), default=0.0)


def _likeness(word: str, other: str) -> float:
    """Tell how near a word that was typed is to one of a record, from 0 to 1."""
    if word == other:
        return 1.0
    if has_han(word):
        return 0.9 if other.startswith(word) else 0.6 if word in other else 0.5 if has_han(other) and other in word else 0.0
    length, shorter = len(word), min(len(word), len(other))
    if other.startswith(word):
        return 0.3 if length == 1 else 0.8 + 0.1 * length / len(other)
    most = 2 if shorter >= 7 else 1
    edits = OSA.distance(word, other, score_cutoff=most)
    if edits == 1 and shorter >= 3:
        return 0.75 if shorter >= 4 else 0.6
    if edits == most == 2:
        return 0.5
    if (
        length >= 4
        and word[0] in other[:2]
        and any(OSA.distance(word, other[: length + more], score_cutoff=1) == 1 for more in (-1, 0, 1))
    ):
        return 0.45
    if length >= 3 and word in other:
        return 0.4
    return 0.35 if len(other) >= 4 and word.startswith(other) else 0.0


def _joined(name: str, together: str) -> float:
    """Compare without blanks, which are heard by nobody."""
    if name == together:
        return 0.97
    return 0.8 if min(len(name), len(together)) >= 6 and OSA.distance(name, together, score_cutoff=1) == 1 else 0.0


def _names(record: Any, rights: FindRights) -> Iterator[list[Word]]:
    """List the whole names of a record, each by its words. A given or family name alone is one where there is no other."""
    given = record.given_name if rights.reads("given_name") else None
    family = record.family_name if rights.reads("family_name") else None
    names = [record.name if rights.reads("name") else None]
    if given and family:
        names.append(f"{family}{given}" if has_han(family) else f"{given} {family}")
    elif not names[0]:
        names.append(given or family)
    for name in dict.fromkeys(filter(None, names)):
        if words := all_words_of(name[:MAX_LETTERS]):
            yield words


def _address_words(record: Any, rights: FindRights) -> Iterator[str]:
    """List the words of the local parts of addresses, also without the digits at their ends."""
    if not rights.reads("email"):
        return
    points = [point.value for point in record.contact_points if point.kind is ContactKind.EMAIL]
    for address in [*dict.fromkeys(filter(None, (record.email, *points)))][:MAX_ADDRESSES]:
        for word in _folded(words_of(address[:MAX_LETTERS].partition("@")[0])):
            yield word
            if bare := _ENDING_DIGITS.sub("", word):
                yield bare


def _company_words(record: Any, rights: FindRights) -> list[str]:
    name = record.company.name if record.company is not None and rights.reads("company_name") else None
    return _folded(words_of((name or "")[:MAX_LETTERS]))


def _match_digits(record: Any, digits: str, rights: FindRights) -> Match | None:
    """Compare the end of a number: who does not say where he calls from leaves out the rest."""
    if not rights.reads("phone"):
        return None
    points = [point.value for point in record.contact_points if point.kind is ContactKind.PHONE]
    for number in filter(None, (record.phone, *points)):
        if digits_of(number).endswith(digits):
            return Match(0.7, MatchedBy.PHONE, exact=False)
    return None


def _folded(words: Sequence[Word]) -> list[str]:
    return [word.folded for word in words]
