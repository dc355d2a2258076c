"""Tell what a customer consents to now, of all that the sources say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from connectors.records import ConsentState

STRICTNESS = {
    state: place
    for place, state in enumerate([ConsentState.GRANTED, ConsentState.UNKNOWN, ConsentState.DENIED, ConsentState.WITHDRAWN])
}
"""How strict a state is. A word that nobody mapped is stricter than a grant: it may be a withdrawal."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def current_consents(consents: Iterable[Any]) -> list[Any]:
    """Choose one consent for each channel and purpose, in the order in which they come.

    The latest one counts. One without a time may be later than any, so the stricter of both counts then.
    """
    groups: dict[Any, list[Any]] = {}
    for consent in consents:
        groups.setdefault((consent.channel, same_purpose(consent.purpose)), []).append(consent)
    return [_current(own) for own in groups.values()]


def same_purpose(text: str | None) -> str:
    """Write a purpose as all that mean the same are written."""
    return (text or "").strip().casefold()


def _current(consents: list[Any]) -> Any:
    latest = max(consent.at or _LONG_AGO for consent in consents)
    return max((consent for consent in consents if consent.at in (None, latest)), key=lambda consent: STRICTNESS[consent.state])
