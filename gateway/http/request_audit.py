"""Record each request in the audit when it ends: names, classes and codes, and of whom it was told."""

from __future__ import annotations

from collections.abc import Callable, Collection

from gateway.audit.reader import OPERATOR
from gateway.audit.trail import AuditTrail
from gateway.clock import Clock
from gateway.http.request_head import Head
from gateway.lookups.fetches import Fetch
from gateway.lookups.loaders import Loaders
from gateway.operations import Operation

MAX_FETCHES = 1_000
"""For so many sets of fetches it is known which sources they ask."""

Description = tuple[str, str | None, tuple[str, ...]]
"""How a caller is named, and an operation, and the classes that it asks for."""


class RequestAudit:
    """Record the requests of one application, and pass them on to the next observer.

    Operations are named where the settings name them: trusted ones, and those of `names`. `classes_of` tells which classes of
    fields an operation asks for, as the caller with a name is shown it.
    """

    def __init__(
        self,
        recorder: AuditTrail,
        clock: Clock,
        classes_of: Callable[[Operation, str], tuple[str, ...]],
        observe: Callable[[Head, Operation | None, str], None],
        *,
        names: Collection[str] = (),
        operators: Collection[str] = (),
    ) -> None:
        self._add = recorder.requests.add
        self._timestamp = clock.timestamp
        self._classes_of = classes_of
        self._observe = observe
        self._names = frozenset(names)
        self._operators = {name: OPERATOR + name for name in operators}
        self._sources: dict[tuple[Fetch, ...], tuple[str, ...]] = {}

    def end(self, head: Head, operation: Operation | None, code: str) -> None:
        """Record a request that ended, with the code of its answer."""
        caller, loaders = head.caller, head.loaders
        described: dict[str, Description] | None = None if operation is None else operation.known.get(self)
        description = None if described is None else described.get(caller.name)
        shown, name, fields = description or self._describe(operation, caller.name)
        notes = None if loaders is None else loaders.notes
        if loaders is None or notes is None:
            self._add(
                (self._timestamp(), head.request_id, shown, caller.user, None, name, code, fields, (), (), ())
            )  # fmt: skip
        else:
            fetches = tuple(loaders.fetches)
            if notes.operator is not None:
                shown = self._operators.get(notes.operator, shown)
            self._add(
                (
                    self._timestamp(),
                    head.request_id,
                    shown,
                    caller.user,
                    notes.purpose,
                    name,
                    code,
                    fields,
                    self._sources.get(fetches) or self._list_sources(loaders, fetches),
                    notes.customer or () if notes.others is None else notes.list_customers(),
                    notes.attempts or (),
                )
            )
        self._observe(head, operation, code)

    def _list_sources(self, loaders: Loaders, fetches: tuple[Fetch, ...]) -> tuple[str, ...]:
        """List the sources that were asked: the same for the same fetches."""
        if len(self._sources) >= MAX_FETCHES:
            self._sources.clear()
        sources = self._sources[fetches] = loaders.list_sources()
        return sources

    def _describe(self, operation: Operation | None, caller: str) -> Description:
        """Name a caller, an operation, and the classes that it asks for: once for each caller."""
        shown = self._operators.get(caller, caller)
        if operation is None:
            return shown, None, ()
        described = operation.known.setdefault(self, {})
        described[caller] = description = shown, self._name(operation), self._classes_of(operation, caller)
        return description

    def _name(self, operation: Operation) -> str:
        """Name an operation, or say of which kind it is: a name that a caller chooses could be a value."""
        own = operation.definition.name
        if own is not None and (operation.is_trusted or own.value in self._names):
            return own.value
        return operation.definition.operation.value
