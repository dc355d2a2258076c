"""Tell which classes of fields an operation asks for, of those that its caller is shown."""

from __future__ import annotations

from connectors.records import FieldClass
from gateway.http.endpoint import Observe
from gateway.http.request_audit import RequestAudit
from gateway.operations import Operation
from gateway.services import Services
from gateway.settings.access_settings import Visibility
from gateway.tags.definitions import Pack
from gateway.views.schema_classes import classes_by_field
from gateway.views.view import View
from gateway.views.views import LIST_CLASSES, TAG_FIELDS, Views, classes_of_tag


class AskedClasses:
    """Find the classes of operations, once for each and each view."""

    def __init__(self, views: Views, pack: Pack) -> None:
        self._classes = {where: own.all for where, own in classes_by_field(views.schema).items()}
        self._views = views
        self._tags = {key: classes_of_tag(pack, tag) for key, tag in pack.tags.items()}
        self._tags |= {own.tag_key: {*LIST_CLASSES} for own in pack.segments.values() if own.is_list}

    def find(self, operation: Operation, caller: str) -> tuple[str, ...]:
        """Find the classes, sorted. Tags have those of all that they are computed from; the technical class is left out."""
        by_view: dict[View | None, tuple[str, ...]] | None = operation.known.get(self)
        if by_view is None:
            by_view = operation.known[self] = {}
        view = self._views.shown_to(caller)
        classes = by_view.get(view)
        if classes is None:
            classes = by_view[view] = self._find(operation, view)
        return classes

    def _find(self, operation: Operation, view: View | None) -> tuple[str, ...]:
        found = set[FieldClass]()
        for where in self._views.fields_of(operation):
            decided = None if view is None else view.fields.get(where)
            if decided is None or decided.visibility is not Visibility.WITHHELD:
                found |= self._classes.get(where, frozenset())
                if where in TAG_FIELDS:
                    hidden = frozenset() if view is None else view.hidden_tags
                    found = found.union(*(own for key, own in self._tags.items() if key not in hidden))
        return tuple(sorted(found - {FieldClass.TECHNICAL}))


def audit_requests(services: Services, views: Views, observe: Observe) -> Observe:
    """Have each request recorded where the audit is on, before others observe its end."""
    if services.audit is None:
        return observe
    settings, classes = services.settings, AskedClasses(views, services.tags.pack)
    names, operators = settings.telemetry.operations, settings.identity.operators
    return RequestAudit(services.audit, services.clock, classes.find, observe, names=names, operators=operators).end
