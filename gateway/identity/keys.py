"""Keys: their normal form, how sources may spell them, and those that a customer record holds."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from connectors.contract import KeyKind
from gateway.errors import InvalidKeyError
from gateway.identity.key_kinds import KEY_KINDS

MAX_KEY_LENGTH = 320
MAX_KEYS = 50
"""How many keys of one kind of one customer are followed. A record may hold any number, and each costs its calls."""

MAX_CACHED_FORMS = 20_000
"""How many keys of records are remembered with their spellings, which take 20 microseconds to find."""


def normalised(kind: KeyKind, value: str, default_region: str | None = None) -> str:
    """Bring a key into its normal form. The documentation has a table.

    Raises `InvalidKeyError` for what cannot be a key of this kind.
    """
    normal_form = KEY_KINDS[kind].normal_form
    if normal_form is None and value.isalnum() and len(value) <= MAX_KEY_LENGTH:
        return value  # as most are
    text = value.strip()
    if not text:
        raise InvalidKeyError(f"the {words(kind)} is empty")
    key = text if normal_form is None or len(text) > MAX_KEY_LENGTH else normal_form(text, default_region)
    if len(key) > MAX_KEY_LENGTH:
        raise InvalidKeyError(f"the {words(kind)} is longer than {MAX_KEY_LENGTH} characters")
    return key


def spellings(kind: KeyKind, key: str) -> Sequence[str]:
    """List the spellings of a normal key, its own form first."""
    return KEY_KINDS[kind].spellings(key)


def words(kind: KeyKind) -> str:
    """Name a kind of key as people say it."""
    return kind.value.replace("_", " ")


def are_normal_ids(values: Sequence[str]) -> bool:
    """Tell at a glance whether all are normal customer ids."""
    return all(map(str.isalnum, values)) and max(map(len, values), default=0) <= MAX_KEY_LENGTH


def keys_of(customer: Any, kind: KeyKind, default_region: str | None = None) -> list[str]:
    """List a customer record's keys of one kind in normal form. They are unique, the primary one first, at most `MAX_KEYS`.

    What cannot be a key of this kind stays as it is written, without outer spaces; a longer text than `MAX_KEY_LENGTH` is none.
    `customer` is a record narrowed to at least the fields of the kind in `KEY_KINDS`.
    """
    return _unique([forms[0] for forms in _forms_of(customer, kind, default_region, as_written=False) if forms])


def asked_keys(customer: Any, kind: KeyKind, default_region: str | None = None, *, as_written: bool = False) -> list[str]:
    """List the keys of `keys_of` in all spellings. `as_written` adds e-mail addresses in the letters of the record."""
    return _unique(chain.from_iterable(_forms_of(customer, kind, default_region, as_written=as_written)))


def key_spellings(customer: Any, kind: KeyKind, default_region: str | None = None) -> dict[str, Sequence[str]]:
    """List the keys of `keys_of`, each with all spellings and, behind them, as it is written in the record."""
    spelled: dict[str, Sequence[str]] = {}
    for forms in _forms_of(customer, kind, default_region, as_written=True):
        if forms:
            spelled[forms[0]] = _unique((*spelled.get(forms[0], ()), *forms))
    return spelled


def forget_forms() -> None:
    """Forget all keys that are remembered with their spellings."""
    _forms.cache_clear()


def normalised_or_plain(kind: KeyKind, value: str, default_region: str | None = None) -> str:
    """Bring a key into its normal form. What can be none stays as it is written, without outer spaces."""
    try:
        return normalised(kind, value, default_region)
    except InvalidKeyError:
        return value.strip()


def leaves_out_keys(customer: Any, kind: KeyKind) -> bool:
    """Tell whether a record has more keys than `keys_of` gives."""
    row = KEY_KINDS[kind]
    if row.in_list is None or len(getattr(customer, row.in_list)) < MAX_KEYS:
        return False
    return len(_unique(filter(None, row.read(customer)))) > MAX_KEYS


def _unique(keys: Iterable[str]) -> list[str]:
    return [*dict.fromkeys(keys)]


def _forms_of(customer: Any, kind: KeyKind, region: str | None, *, as_written: bool) -> list[Sequence[str]]:
    row = KEY_KINDS[kind]
    texts = [
        text for text in row.read(customer) if text and (len(text) <= MAX_KEY_LENGTH or len(text.strip()) <= MAX_KEY_LENGTH)
    ]
    if len(texts) > MAX_KEYS:
        texts = _unique(texts)[:MAX_KEYS]
    if row.normal_form is None:
        return [(key,) for text in texts if (key := text.strip())]
    as_written = as_written and row.any_case
    return [_forms(kind, text, region, as_written) for text in texts]


@lru_cache(maxsize=MAX_CACHED_FORMS)
def _forms(kind: KeyKind, text: str, region: str | None, as_written: bool) -> Sequence[str]:
    """List the spellings of a record's key, none of an empty one."""
    written = text.strip()
    try:
        forms = spellings(kind, normalised(kind, text, region))
    except InvalidKeyError:
        forms = (written.lower() if KEY_KINDS[kind].any_case else written,) if written else ()
    return (*forms, written) if as_written and written and written not in forms else forms
