"""Link records to the pages of the system that owns them.

A link is an address with places for texts of the record: `https://admin.example.com/orders/{sourceId}`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator

from connectors.errors import SettingsError
from connectors.record_fields import fields_of
from connectors.records import RECORD_NAMES, RECORDS, Order, Record, Survey, Ticket
from connectors.suggestions import did_you_mean

SOURCE_ID = "sourceId"
"""The place of a record's own id at its source."""

_MORE_FIELDS: Mapping[type[Record], tuple[str, ...]] = {Order: ("number",), Ticket: ("number",), Survey: ("ticket_id",)}
"""Fields that a link may hold beside the id. Each has the class of the id, so that who sees the one sees the link."""

_PLACE = re.compile(r"\{(\w*)\}")
_NO_ADDRESS = re.compile(r"[\s\x00-\x1f\x7f\\\"'<>`^|]")
_EXAMPLE = "https://admin.example.com/orders/{sourceId}"


def linked_fields(record: type[Record]) -> dict[str, str]:
    """List the fields that a link of a record may hold, by the names of their places."""
    own = fields_of(record)
    return {SOURCE_ID: "id"} | {own[name].json_name: name for name in _MORE_FIELDS.get(record, ())}


def _check_link(text: str) -> str:
    """Check the form of a link, whichever record it is of. Raises `SettingsError`."""
    without = _PLACE.sub("0", text)
    try:
        address = urlsplit(without)
        begin = urlsplit(_PLACE.sub("{}", text)).netloc
        _ = address.port
    except ValueError:
        raise SettingsError([f"is no address; write one such as {_EXAMPLE}"]) from None
    rules = {
        f"begins with neither https:// nor http://; write an address such as {_EXAMPLE}": address.scheme in ("https", "http")
        and bool(address.hostname),
        "has a user or a password in it; take them out": "@" not in address.netloc,
        f"has a place in its host; places stand behind it, as in {_EXAMPLE}": "{" not in begin,
        "has { or } that are of no place; percent-encode them": not set("{}") & set(without),
        "has a character that no address has, such as a space; percent-encode it": not _NO_ADDRESS.search(text),
        f"is the same for all records; write {{{SOURCE_ID}}} where the id stands": _PLACE.search(text) is not None,
    }
    problem = next((problem for problem, holds in rules.items() if not holds), None)
    if problem is not None:
        raise SettingsError([problem])
    return text


Link = Annotated[str, AfterValidator(_check_link)]
"""A setting that is a link. `link_problems` says whether a record has what it holds."""


def link_problems(record: type[Record], link: str | None) -> Iterator[str]:
    """List the places of a link that a record does not fill."""
    known = linked_fields(record)
    for place in dict.fromkeys(_PLACE.findall(link or "")):
        if place not in known:
            has = f"a link of {RECORD_NAMES[record]} has {', '.join(f'{{{name}}}' for name in known)}"
            yield f"{{{place}}} is no place{did_you_mean(place, known)}; {has}"


def check_links(links: Mapping[str, str]) -> Mapping[str, str]:
    """Check links by the names of their records. Raises `SettingsError`."""
    problems = [f"{name}: {problem}" for name, link in links.items() for problem in link_problems(RECORDS[name], link)]
    if problems:
        raise SettingsError(problems)
    return links


class LinkTemplate:
    """The link of one record type at one source."""

    def __init__(self, record: type[Record], link: str) -> None:
        fields = linked_fields(record)
        self._texts = _PLACE.split(link)[::2]
        self._fields = [fields[place] for place in _PLACE.findall(link)]

    def fill(self, values: Mapping[str, str | None]) -> str | None:
        """Write the link of a record of its values by field, percent-encoded. None where one of them cannot stand in it."""
        filled = [self._texts[0]]
        for field, text in zip(self._fields, self._texts[1:], strict=True):
            value = values.get(field)
            if not value or value in (".", ".."):  # these would lead to another page
                return None
            try:
                filled += (quote(value, safe=""), text)
            except UnicodeEncodeError:
                return None
        return "".join(filled)
