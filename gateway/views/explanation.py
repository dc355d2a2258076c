"""Explain what becomes of a field for a caller, in words of the settings."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import GraphQLSchema

from connectors.errors import ConfigurationError
from connectors.records import FieldClass
from connectors.suggestions import suggest
from gateway.settings.access_settings import CallerSettings, Visibility
from gateway.settings.settings import Settings
from gateway.views.schema_classes import classes_by_field
from gateway.views.schema_command import require_caller
from gateway.views.view import NODE_WAYS, View, kinds_of_way, leads_beyond, strictest
from gateway.views.views import view_of_caller


def explain_field(schema: GraphQLSchema, settings: Settings, caller: str, where: str) -> list[str]:
    """Say what becomes of a field, `Type.field`, and why: the decision first, then the reasons.

    Raises `ConfigurationError` where there is no such caller or field.
    """
    require_caller(caller, settings)
    classes = classes_by_field(schema)
    if where not in classes:
        raise ConfigurationError([f"--field: the schema has no field {where}{suggest(where, classes, 'write Type.field')}"])
    own, view = settings.callers[caller], view_of_caller(schema, settings, caller)
    decided = view.fields.get(where)
    visibility = Visibility.SHOWN if decided is None else decided.visibility
    by_class = strictest(classes[where].all, own.visibilities)
    reasons = [_of_class(one, own, caller) for one in sorted(classes[where].all)]
    if visibility is not by_class:
        reasons.append(_of_others(where, own, view, by_class, caller))
    refused = sorted(name for name in view.refused if name.startswith(f"{where}("))
    reasons += [f"{name} may not be given" for name in refused]
    if decided is not None and decided.of and visibility is Visibility.SHOWN:
        reasons.append(f"without {decided.of}" if where in NODE_WAYS else f"null unless one of {decided.of} has a value")
    return [f"{where}: {visibility}", *reasons, *_of_rows(own, caller)]


def _of_class(one: FieldClass, own: CallerSettings, caller: str) -> str:
    if one is FieldClass.TECHNICAL:
        return f"class {one}: always shown"
    if own.sees is None:
        return f"class {one}: shown, as callers.{caller} has no `sees`"
    if one not in own.sees:
        return f"class {one}: withheld, as callers.{caller}.sees does not name it"
    return f"class {one}: {own.sees[one]} by callers.{caller}.sees"


def _of_others(where: str, own: CallerSettings, view: View, by_class: Visibility, caller: str) -> str:
    """Say why the decision is not that of the classes."""
    if leads_beyond(where, view.rights):
        return f"leads to customers of whom callers.{caller} may not be told"
    kinds = [kind for kind in kinds_of_way(where) if kind not in own.key_kinds]
    if kinds:
        return f"finds by {', '.join(kinds)}, by which callers.{caller} may not ask"
    if by_class in (Visibility.MASKED, Visibility.HASHED):
        return f"is no text, or tells by its order, so it cannot be {by_class}"
    return "is decided by the fields of the objects that it gives"


def _of_rows(own: CallerSettings, caller: str) -> Iterator[str]:
    """Say what the settings ask of customers, whatever the field."""
    if own.has_row_rule:
        yield f"of some customers alone, by callers.{caller}.{'accounts' if own.accounts is not None else 'customers'}"
    if own.sources is not None:
        yield f"from {', '.join(own.sources)} alone, by callers.{caller}.sources"
    if own.purposes is not None:
        yield f"for {', '.join(own.purposes)} alone, by callers.{caller}.purposes"
