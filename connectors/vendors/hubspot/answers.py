"""The answers of HubSpot: pages of objects, errors of single inputs, events of webhooks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from connectors.contract import Keys
from connectors.errors import SourceError, SourceRejectedError, SourceThrottledError, SourceUnavailableError
from connectors.toolkit.vendor_connector import PermissionMissingError
from connectors.toolkit.vendor_rows import readable

CONTACT_TYPE = "0-1"
_PART_ERRORS: Mapping[str, type[SourceError]] = {
    "RATE_LIMITS": SourceThrottledError,
    "VALIDATION_ERROR": SourceRejectedError,
    "MISSING_SCOPES": PermissionMissingError,
}
"""What the error of an input means, by its category. Any other passes."""
_ABSENT = "OBJECT_NOT_FOUND"

Failures = Mapping[str, SourceError]
"""By what was asked for."""


class After(msgspec.Struct):
    after: str


class Paging(msgspec.Struct):
    next: After | None = None


class HubSpotPage(msgspec.Struct):
    """The response of a batch or a search. `errors` are those of single inputs."""

    results: list[Any]
    errors: list[dict[str, Any]] = []
    paging: Paging | None = None
    total: int = 0

    @property
    def after(self) -> str | None:
        return self.paging.next.after if self.paging and self.paging.next else None


class AssociationSource(msgspec.Struct):
    id: str | int


class AssociationTarget(msgspec.Struct, rename={"id": "toObjectId"}):
    id: str | int


class Association(msgspec.Struct, rename={"source": "from"}):
    """An object and a page of those that are associated with it."""

    source: AssociationSource
    to: list[AssociationTarget]
    paging: Paging | None = None

    @property
    def following(self) -> dict[str, str] | None:
        """The input of the next page."""
        after = self.paging.next.after if self.paging and self.paging.next else None
        return None if after is None else {"id": str(self.source.id), "after": after}


class AssociationPage(msgspec.Struct):
    """The response of a batch of associations. One that cannot be read would hide records, so it is an error."""

    results: list[Association]
    errors: list[dict[str, Any]] = []


class HubSpotEvent(msgspec.Struct, rename="camel"):
    """One of the events of a webhook. Those of contacts are named after them, or have their type."""

    subscription_type: str
    object_type_id: str = ""
    object_id: int | None = None
    from_object_id: int | None = None
    primary_object_id: int | None = None
    new_object_id: int | None = None
    merged_object_ids: list[int] = []

    @property
    def contacts(self) -> set[int]:
        if not self.subscription_type.startswith("contact.") and self.object_type_id != CONTACT_TYPE:
            return set()
        ids = {self.object_id, self.from_object_id, self.primary_object_id, self.new_object_id, *self.merged_object_ids}
        return {id_ for id_ in ids if id_ is not None}


def part_failures(asked: Sequence[str], errors: Iterable[Mapping[str, Any]]) -> Failures:
    """The errors of single inputs, without those that are not there. One that names none of the asked is about all of them."""
    failures: dict[str, SourceError] = {}
    for error in errors:
        category = error.get("category")
        if category != _ABSENT:
            named = readable([error], lambda error: [str(id_) for id_ in error["context"]["ids"]])
            ids = [id_ for own in named for id_ in own if id_ in asked] or asked
            kind = _PART_ERRORS.get(str(category), SourceUnavailableError)
            failures |= {id_: kind("a part of a batch has failed") for id_ in ids}
    return failures


def unless_all_failed(keys: Keys, answer: dict[str, bytes | SourceError]) -> dict[str, bytes | SourceError]:
    """The answer. Where every key has failed, it is the source that has."""
    failed = [outcome for outcome in answer.values() if isinstance(outcome, SourceError)]
    if failed and len(failed) == len(keys) and not isinstance(failed[0], SourceRejectedError):
        raise failed[0]
    return answer
