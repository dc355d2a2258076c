"""Read feedback submissions of HubSpot as answers to surveys."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.records import Channel
from connectors.toolkit.converters import converter, given, to_time
from connectors.vendors.hubspot.objects import Word, first_contact

SURVEY_FROM: dict[str, tuple[str, ...]] = {
    "at": ("hs_submission_timestamp",),
    "kind": ("hs_survey_type",),
    "score": ("hs_value",),
    "scale": ("hs_survey_type",),
    "comment": ("hs_content",),
    "channel": ("hs_survey_channel",),
}
"""The properties of a submission that a field is read from."""
_SCALES = {"NPS": 10, "CES": 7}
"""The best scores that are the same in all accounts."""
_channel = converter(Channel)


def survey_of(word: Word, contacts: Mapping[str, Sequence[str]], row: Any) -> dict[str, Any]:
    """Read a submission, with the first of its contacts where these were loaded."""
    has = row["properties"].get
    kind, channel = has("hs_survey_type"), has("hs_survey_channel")
    return given(
        id=row["id"],
        customerId=first_contact(contacts, row),
        at=to_time(has("hs_submission_timestamp") or row["createdAt"]),
        kind=word("survey", "kind", kind) or kind,
        score=has("hs_value"),
        scale=_SCALES.get(kind) if isinstance(kind, str) else None,
        comment=has("hs_content"),
        channel=word("survey", "channel", channel) or _channel(channel),
    )
