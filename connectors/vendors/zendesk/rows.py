"""Read the parts of Zendesk's tickets: words, ratings, comments."""

from collections.abc import Mapping
from typing import Any

from connectors.records import Channel, TicketKind, TicketStatus
from connectors.toolkit.converters import converter, given, to_time, translated
from connectors.toolkit.own_properties import PropertyNames
from connectors.toolkit.vendor_rows import odd, read_or_odd

PROPERTIES: Mapping[str, PropertyNames] = {
    "customer": PropertyNames(r"\w*[A-Za-z_]\w*", "write the key of a user field, such as loyalty_tier"),
    "ticket": PropertyNames(r"[1-9]\d*", "write the id of a ticket field, such as 360012345"),
}
_SYSTEM = -1
"""The id of Zendesk among users."""
STATUSES = translated({"hold": "ON_HOLD"}, converter(TicketStatus))
KINDS = translated({"problem": "INCIDENT"}, converter(TicketKind))
CHANNELS = translated(
    {
        "voice": "PHONE",
        **dict.fromkeys(("native_messaging", "messaging", "chat_transcript", "whatsapp", "sms"), "CHAT"),
        **dict.fromkeys(("web_form", "help_center", "web_widget", "mobile", "mobile_sdk"), "WEB"),
        **dict.fromkeys(("twitter", "facebook", "instagram_dm", "any_channel"), "SOCIAL"),
    },
    converter(Channel),
)
BEST_SCORE = 5
_SCORES: Mapping[str | None, int | None] = {
    **dict.fromkeys(("good", "good_with_comment", "good_without_comment"), BEST_SCORE),
    **dict.fromkeys(("bad", "bad_with_comment", "bad_without_comment"), 1),
    **dict.fromkeys(("offered", "unoffered", "", None)),
}


def read_satisfaction(rating: Any) -> Any:
    """None where nothing was said yet. Words that are not known are passed on."""
    score = rating.get("score") if rating else None
    return _SCORES[score] if score in _SCORES else odd(score)


def custom_field(fields: Any, id_: str) -> Any:
    """Find the value of a ticket's custom field. None where it has none."""
    return next((field["value"] for field in fields or () if str(field["id"]) == id_), None)


def _author_of(author: Any, requester: Any) -> str:
    """Of a comment: the customer, somebody else, or Zendesk itself."""
    return "SYSTEM" if int(author) == _SYSTEM else "CUSTOMER" if int(author) == int(requester) else "AGENT"


def is_internal(comment: Any) -> bool:
    return isinstance(comment, dict) and comment.get("public") is False


def read_message(requester: Any, comment: Any) -> Any:
    """A public comment. Of one that does not say whether it is, nothing may be shown."""
    if comment.get("public") is not True:
        return odd(comment.get("public"))
    return given(
        author=read_or_odd(comment.get("author_id"), lambda author: _author_of(author, requester)),
        body=comment.get("plain_body") or comment.get("body"),
        at=to_time(comment.get("created_at")),
    )
