"""Know what tables are called, in four languages, and what they then hold."""

from __future__ import annotations

import re
from collections.abc import Mapping

from connectors.catalogue import split_words
from gateway.onboarding.lexicon_files import read_lexicon

ROLES: Mapping[str, frozenset[str]] = {role: frozenset(words) for role, words in read_lexicon("tables").items()}
"""Words of tables by what they hold."""
_IGNORED = frozenset(
    ("tbl", "tb", "t", "dim", "fact", "fct", "stg", "raw", "app", "public", "dbo", "data", "dataset", "table", "header", "tab")
)


def table_words(name: str) -> tuple[str, ...]:
    """Split a table's name, without its schema and words that say nothing, such as `tbl` and `data`."""
    words = split_words(name.rpartition(".")[2])
    told = tuple(word for word in words if word not in _IGNORED and not word.isdigit())
    return told or words


def singular(word: str) -> str:
    """Give a word without the end of its plural, as far as tables and their keys need it."""
    for end, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch")):
        if word.endswith(end) and len(word) > len(end) + 1:
            return word[: -len(end)] + instead
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word


def table_roles(name: str) -> tuple[str, ...]:
    """List what a table holds by its name: what its last word says first. `order_items` are items, then orders."""
    words = table_words(name)
    found = [role for word in reversed(words) for role, own in ROLES.items() if word in own or singular(word) in own]
    return tuple(dict.fromkeys(found))


_TAILS = frozenset(
    ("master", "info", "base", "record", "records", "stamm", "main", "all", "export", "list", "view", "entity", "lookup")
)


def is_of_thing(name: str, role: str) -> bool:
    """Tell whether a table holds something of what its name begins with: `customer_tags` are no customers."""
    words = table_words(name)
    tail = next((place for place, word in enumerate(reversed(words)) if _is_in(word, role)), 0)
    behind = words[len(words) - tail :]
    return any(word not in _TAILS and not re.fullmatch(r"v\d+", word) for word in behind)


def _is_in(word: str, role: str) -> bool:
    return word in ROLES[role] or singular(word) in ROLES[role]


def has_role(name: str, role: str) -> bool:
    """Tell whether a table is called as one of this role by its last word: `track` is an event and a product."""
    words = table_words(name)
    return bool(words) and (words[-1] in ROLES[role] or singular(words[-1]) in ROLES[role])
