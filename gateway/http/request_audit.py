"""Record each request in the audit when it ends: names, classes and codes, and of whom it was told."""

from __future__ import annotations

from collections.abc import Callable, Collection

from gateway.audit.recorder import AuditRecorder
from gateway.clock import Clock
from gateway.http.request_head import Head
from gateway.lookups.access_notes import AccessNotes
from gateway.operations import Operation

OPERATOR = "operator:"
"""Stands before the name of an operator, which may be that of a person. No name of a caller has a colon."""

_NOBODY = AccessNotes()


class RequestAudit:
    """Record the requests of one application, and pass them on to the next observer.

    Operations are named where the settings name them: trusted ones, and those of `names`. `classes_of` tells which classes of
    fields an operation asks for, as the caller with a name is shown it.
    """

    def __init__(
        self,
        recorder: AuditRecorder,
        clock: Clock,
        classes_of: Callable[[Operation, str], tuple[str, ...]],
        observe: Callable[[Head, Operation | None, str], None],
        *,
        names: Collection[str] = (),
        operators: Collection[str] = (),
    ) -> None:
        self._recorder = recorder
        self._now = clock.now
        self._classes_of = classes_of
        self._observe = observe
        self._names = frozenset(names)
        self._operators = {name: OPERATOR + name for name in operators}

    def end(self, head: Head, operation: Operation | None, code: str) -> None:
        """Record a request that ended, with the code of its answer."""
        caller, loaders = head.caller, head.loaders
        notes = _NOBODY if loaders is None or loaders.notes is None else loaders.notes
        self._recorder.record(
            at=self._now(),
            request=head.request_id,
            caller=self._operators.get(caller.name, caller.name),
            user=caller.user,
            purpose=notes.purpose,
            operation=None if operation is None else self._name(operation),
            answer=code,
            fields=() if operation is None else self._classes_of(operation, caller.name),
            sources=() if loaders is None else loaders.sources_asked(),
            customers=tuple(notes.customers),  # whoever was abandoned may still add
            attempts=tuple(notes.attempts),
        )
        self._observe(head, operation, code)

    def _name(self, operation: Operation) -> str:
        """Name an operation, or say of which kind it is: a name that a caller chooses could be a value."""
        name: str | None = operation.known.get(self)
        if name is None:
            own = operation.definition.name
            is_known = own is not None and (operation.is_trusted or own.value in self._names)
            name = own.value if own is not None and is_known else operation.definition.operation.value
            operation.known[self] = name
        return name
