"""Compare keys of answers with asked ones: addresses in any case of letters, other keys as they are."""

from collections.abc import Collection, Iterable

from connectors.contract import KeyKind


def form_of(by: KeyKind, key: str) -> str:
    """Write a key as it is compared."""
    return key.lower() if by is KeyKind.EMAIL else key


def keys_by_form(by: KeyKind, keys: Iterable[str]) -> dict[str, list[str]]:
    """Group keys that are the same when compared. What one finds, all of them find, also in one batch."""
    grouped: dict[str, list[str]] = {}
    for key in keys:
        grouped.setdefault(form_of(by, key), []).append(key)
    return grouped


def has_alike(by: KeyKind, keys: Collection[str]) -> bool:
    """Tell whether some of these keys are the same when compared."""
    return by is KeyKind.EMAIL and len({form_of(by, key) for key in keys}) < len(keys)
