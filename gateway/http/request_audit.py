"""Record each request in the audit when it ends: names, classes and codes, and of whom it was told."""

from __future__ import annotations

from collections.abc import Callable, Collection

from gateway.audit.reader import OPERATOR
from gateway.audit.trail import AuditTrail
from gateway.clock import Clock
from gateway.http.request_head import Head
from gateway.operations import Operation


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
        self._recorder = recorder
        self._now = clock.now
        self._classes_of = classes_of
        self._observe = observe
        self._names = frozenset(names)
        self._operators = {name: OPERATOR + name for name in operators}

    def end(self, head: Head, operation: Operation | None, code: str) -> None:
        """Record a request that ended, with the code of its answer."""
        caller, loaders = head.caller, head.loaders
        notes = None if loaders is None else loaders.notes
        name, fields = (None, ()) if operation is None else self._describe(operation, caller.name)
        self._recorder.record(
            at=self._now(),
            request=head.request_id,
            caller=self._operators.get(caller.name if notes is None else notes.operator or caller.name, caller.name),
            user=caller.user,
            purpose=None if notes is None else notes.purpose,
            operation=name,
            answer=code,
            fields=fields,
            # Copies: for a caller who went away, more may still be found.
            sources=() if notes is None else (*notes.sources,),
            customers=() if notes is None else (*notes.customers,),
            attempts=() if notes is None or not notes.attempts else (*notes.attempts,),
        )
        self._observe(head, operation, code)

    def _describe(self, operation: Operation, caller: str) -> tuple[str, tuple[str, ...]]:
        """Name an operation, and the classes that it asks for: once for each caller."""
        described: dict[str, tuple[str, tuple[str, ...]]] | None = operation.known.get(self)
        if described is None:
            described = operation.known[self] = {}
        found = described.get(caller)
        if found is None:
            found = described[caller] = self._name(operation), self._classes_of(operation, caller)
        return found

    def _name(self, operation: Operation) -> str:
        """Name an operation, or say of which kind it is: a name that a caller chooses could be a value."""
        own = operation.definition.name
        if own is not None and (operation.is_trusted or own.value in self._names):
            return own.value
        return operation.definition.operation.value
