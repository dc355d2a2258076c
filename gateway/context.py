"""Carry the state of one request: its id, its stitcher with its loaders and deadline, and what is worked out for it once."""

from collections.abc import Collection, Mapping
from typing import Any, Literal

import msgspec

from gateway.access.caller import EVERYBODY, Caller
from gateway.admission.caller_row import CallerRow
from gateway.audit.reader import AuditReader
from gateway.changes.change_service import ChangeService
from gateway.changes.subscription_turn import SubscriptionTurn
from gateway.documents.error_behavior import ErrorBehavior
from gateway.documents.profiles import USUAL, Profile
from gateway.errors import InvalidArgumentError, RightMissingError, WithheldError
from gateway.quota.meter import Meter
from gateway.services import Services
from gateway.stitching.find_rights import ALL_WAYS, FindRights
from gateway.stitching.selection import Selection
from gateway.stitching.stitcher import Stitcher
from gateway.store.store import Store
from gateway.tags.service import Expected

Right = Literal["access_log", "changes", "govern", "operate", "outcomes", "tag_report"]
"""A setting of callers that lets them read or write what is of no customer, or of all."""

Selections = dict[Any, Selection]
"""The selections of fields that were resolved before, by field and record."""


class RequestContext(msgspec.Struct, eq=False):
    """One request. Nothing here outlives it, except `selections` where a plan lends its own.

    `cache` has what is worked out once for the request. `reported` are the paths of the fields that show sources of customers,
    where graphql-core runs the request. `headers` are those of HTTP, in lower case. `hidden_tags` are not shown to the caller,
    nor changes of `hidden_records`, which are types. `profile` says what its caller may send, `meter` charges for what it
    costs, where somebody counts. `row` is where his requests wait. `caller` is who he is, `find_rights` say by what he may find
    customers. `purpose` is what the request is for, where it has to have one or names one. `error_behavior` is what he wants
    where a field fails. An answer that `is_incremental` may have parts that leave later. `turn` is there where it is one of a
    stream.
    """

    services: Services
    request_id: str
    stitcher: Stitcher
    selections: Selections = {}
    expected_tags: Expected | None = None
    reported: list[list[str | int]] = []
    cache: dict[Any, Any] = {}
    headers: Mapping[bytes, bytes] = {}
    hidden_tags: Collection[str] = ()
    hidden_records: Collection[str] = ()
    profile: Profile = USUAL
    meter: Meter | None = None
    row: CallerRow | None = None
    caller: Caller = EVERYBODY
    find_rights: FindRights = ALL_WAYS
    purpose: str | None = None
    error_behavior: ErrorBehavior | None = None
    is_incremental: bool = False
    turn: SubscriptionTurn | None = None

    def require_operator(self) -> str:
        """Name the operator who asks. Raises `OperatorRequiredError`."""
        name = self.services.operators.name_of(self.headers.get(b"authorization"))
        if self.stitcher.loaders.notes is not None:
            self.stitcher.loaders.notes.operator = name
        return name

    def require_access_log(self) -> AuditReader:
        """Give what reads the audit to callers who may, and to operators.

        Raises `WithheldError`, and `InvalidArgumentError` where there is no audit.
        """
        self._require_setting("access_log", "Customer.accessLog")
        if self.services.audit is None or self.services.audit_reader is None:
            raise InvalidArgumentError("accessLog: there is no audit; add [audit] to the settings")
        return self.services.audit_reader

    def require_tag_report(self) -> Store:
        """Give the store whose tags are reported on to callers who may know, and to operators.

        Raises `RightMissingError`, and `InvalidArgumentError` where there is no store.
        """
        self._require_right("Query.tagReport", "govern", "tag_report")
        if self.services.store is None:
            raise InvalidArgumentError("tagReport: nothing is counted without a store; add [mongodb] to the settings")
        return self.services.store

    def require_outcomes(self) -> Store:
        """Give the store of outcomes to callers who may record them, and to operators.

        Raises `WithheldError`, and `InvalidArgumentError` where there are no actions.
        """
        self._require_setting("outcomes", "Mutation.recordOutcome")
        if self.services.store is None or self.services.actions is None:
            raise InvalidArgumentError("recordOutcome: there are no actions; add them to the file of tags")
        return self.services.store

    def require_live(self, field: str, *, of_all: bool) -> ChangeService:
        """Give what tells of changes. Of those of all customers it tells callers who may know, and operators.

        Raises `RightMissingError`, and `InvalidArgumentError` where nothing is told.
        """
        if of_all:
            self._require_right(field, "changes")
        if self.services.live is None:
            raise InvalidArgumentError(f"{field}: changes are not told; add [changes] to the settings")
        return self.services.live

    def require_operate(self, field: str) -> None:
        """Raise `RightMissingError` unless the caller may read how sources are."""
        self._require_right(field, "operate")

    def _require_right(self, field: str, *rights: Right) -> None:
        if not any(map(self._has_right, rights)):
            raise RightMissingError(field, rights)

    def _require_setting(self, setting: Right, field: str) -> None:
        """Raise `WithheldError` unless the caller's settings show a field."""
        if not self._has_right(setting):
            raise WithheldError(f"{field} is withheld from this caller; its setting {setting} shows it")

    def _has_right(self, right: Right) -> bool:
        """Tell whether a caller's settings have it, or he is an operator, or there are no callers."""
        settings, name = self.services.settings, self.caller.name
        own = settings.callers.get(name)
        is_named = own is not None and bool(getattr(own, right))
        return is_named or not settings.callers or name in settings.identity.operators


def context_of(info: Any) -> RequestContext:
    """The request that a resolver runs in."""
    context: RequestContext = info.context
    return context
