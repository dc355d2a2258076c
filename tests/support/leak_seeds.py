"""Seeds of leaks. Each takes away one place at which the view of a caller is kept to."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from graphql import FragmentSpreadNode, InlineFragmentNode, get_nullable_type, is_list_type

import gateway.app
from connectors.records import FieldClass
from gateway.execution import executor, planner, projection, required_fields
from gateway.settings.access_settings import Visibility
from gateway.views import document_variants, schema_classes, view, views
from resolvers import tag

Seed = Callable[[pytest.MonkeyPatch], None]
REWRITER, REWRITING = document_variants.DocumentRewriter, document_variants._Rewriting


def instead(holder: Any, name: str, other: Any) -> Seed:
    """Seed by something else in the place of what has this name."""
    return lambda patch: patch.setattr(holder, name, other)


def around(holder: Any, name: str, other: Callable[..., Any]) -> Seed:
    """Seed by a function in the place of another, which it is given first."""
    real = getattr(holder, name)
    return instead(holder, name, lambda *given, **named: other(real, *given, **named))


def nothing(*_: Any) -> Any:
    return iter(())


def never(*_: Any) -> bool:
    return False


def always_shown(*_: Any) -> Visibility:
    return Visibility.SHOWN


class OneForAll(dict[Any, Any]):
    """A table whose keys are all the same."""

    def __contains__(self, _key: object) -> bool:
        return super().__contains__(None)

    def __getitem__(self, _key: Any) -> Any:
        return super().__getitem__(None)

    def __setitem__(self, _key: Any, value: Any) -> None:
        super().__setitem__(None, value)


def without_footprint(real: Any, *given: Any) -> Any:
    name = real(*given)
    return None if name is None else ((), name[1])


def without_group(real: Any, *given: Any) -> Any:
    name = real(*given)
    return None if name is None else (name[0], None)


def of_whoever_was_first(real: Any, *given: Any) -> Any:
    uses = real(*given)
    uses.by_view = OneForAll()
    return uses


def without_defaults(real: Any, self: Any, operation: Any) -> Any:
    declared = [replace(own, default_value=None) for own in operation.definition.variable_definitions]
    return real(self, replace(operation, definition=replace(operation.definition, variable_definitions=tuple(declared))))


def unless_in_a_list(real: Any, self: Any, kind: Any, nodes: Any, read: str) -> str:
    return read if is_list_type(get_nullable_type(kind)) else real(self, kind, nodes, read)


def as_it_is(of: type) -> Callable[..., Any]:
    """Leave nodes of a type as the caller wrote them."""

    def write(real: Any, self: Any, node: Any, *given: Any) -> Any:
        return (node, None) if isinstance(node, of) else real(self, node, *given)

    return write


def passing_over(of: type) -> Callable[..., Any]:
    """Find no fields in nodes of a type."""

    def under(real: Any, self: Any, selected: Any, *given: Any) -> Any:
        kept = tuple(node for node in selected.selections if not isinstance(node, of))
        return real(self, replace(selected, selections=kept), *given)

    return under


def but_for(unclassed: Callable[[str], bool]) -> Callable[..., Any]:
    """Find no classes of fields that these are."""
    return lambda real, schema: {where: own for where, own in real(schema).items() if not unclassed(where)}


def unhidden(together: Any) -> Callable[..., Any]:
    """Hide no tags where these are loaded."""

    def resolve(real: Any, own: Any, arguments: Any, run: Any, objects: Any) -> Any:
        if own is together:
            run.context.hidden_tags = ()
        return real(own, arguments, run, objects)

    return resolve


def unhidden_at_hand(real: Any, at_hand: Any, arguments: Any, run: Any, objects: Any) -> Any:
    hidden, run.context.hidden_tags = run.context.hidden_tags, ()
    try:
        return real(at_hand, arguments, run, objects)
    finally:
        run.context.hidden_tags = hidden


def without_middleware(_hasher: Any) -> Any:
    return lambda resolve, source, info, **arguments: resolve(source, info, **arguments)


def view_or_none(self: Any, caller: str) -> Any:
    return self._views.get(caller)


def views_that_stay(patch: pytest.MonkeyPatch) -> None:
    """Keep the views that an application had at first."""
    switch = gateway.app.GatewayApplication.switch

    def switch_all_else(self: Any, services: Any) -> None:
        before = self._views
        switch(self, services)
        self._views = before

    patch.setattr(gateway.app.GatewayApplication, "switch", switch_all_else)


def searches_without_classes(patch: pytest.MonkeyPatch) -> None:
    """Have a search tell nothing, and look at the classes of the schema anew."""
    patch.setitem(schema_classes._FIELDS, "Query.searchCustomers", (FieldClass.TECHNICAL,))
    patch.setattr(view, "classes_by_field", schema_classes.classes_by_field.__wrapped__)


def without(table: Any, name: str) -> Seed:
    return lambda patch: patch.delitem(table, name)


SEEDS: dict[str, Seed] = {
    "variants are named without the decisions": around(document_variants, "_variant_name", without_footprint),
    "variants are named without the group of hashes": around(document_variants, "_variant_name", without_group),
    "what is refused is remembered for all views": around(REWRITER, "_find_uses", of_whoever_was_first),
    "a reload keeps the views": views_that_stay,
    "who is not in the settings sees everything": instead(views.Views, "view_of", view_or_none),
    "the projection reads what is withheld": instead(projection, "is_withheld", never),
    "the planner resolves what is withheld": instead(planner, "is_withheld", never),
    "what is withheld is asked for": instead(required_fields, "is_withheld", never),
    "the projection changes no text": instead(projection, "transform_of", lambda *_: None),
    "lists of texts are not changed": around(projection.ProjectionCompiler, "_changed", unless_in_a_list),
    "records are handed over though a field is masked": instead(projection, "visibility_of", always_shown),
    "graphql-core has no middleware": instead(executor, "restrict_resolver", without_middleware),
    "fragments are not rewritten": instead(REWRITING, "_fragment", lambda _self, node: (node, None)),
    "inline fragments are not rewritten": around(REWRITING, "_node", as_it_is(InlineFragmentNode)),
    "inline fragments have no fields": around(document_variants._Walk, "_under", passing_over(InlineFragmentNode)),
    "fragments have no fields": around(document_variants._Walk, "_under", passing_over(FragmentSpreadNode)),
    "fields of Node have no class": around(view, "classes_by_field", but_for(lambda where: where.startswith("Node."))),
    "parts are shown of which nothing is": instead(view, "_holders", lambda *_: {}),
    "nodes are of all types": instead(view, "_without_types", lambda *_: {}),
    "cursors of pages have no class": around(view, "classes_by_field", but_for(lambda where: "PageInfo." in where)),
    "cursors of edges have no class": around(view, "classes_by_field", but_for(lambda where: where.endswith("Edge.cursor"))),
    "filters are not refused": instead(view, "_refused_filters", nothing),
    "literals are not looked at": instead(document_variants, "_literal_inputs", nothing),
    "variables are not looked at": instead(document_variants, "_given_inputs", nothing),
    "defaults of variables are not looked at": around(REWRITER, "_find_uses", without_defaults),
    "orders are not refused": instead(view, "_refused_orders", nothing),
    "places are not refused": instead(view, "_cursors_taken", nothing),
    "roles are not refused": instead(view, "_refused_orders", nothing),
    "keys are not refused": instead(view, "_refused_keys", nothing),
    "ids are a way in for all": without(view._FOUND_BY, "Query.customers(ids)"),
    "nodes are a way in for all": without(view._FOUND_BY, "Query.node"),
    "searches are a way in for all": without(view._FOUND_BY, "Query.searchCustomers"),
    "searches tell nothing": searches_without_classes,
    "tags tell nothing": instead(views, "classes_of_tag", lambda *_: set()),
    "tags that are loaded are not hidden": around(planner, "_resolve_together", unhidden(tag.GIVEN_TAGS)),
    "a tag by its key is not hidden": around(planner, "_resolve_together", unhidden(tag.ONE_TAG)),
    "origins show what is masked": instead(required_fields, "visibility_of", always_shown),
    "errors name candidates": instead(views, "remove_ids", nothing),
}
TAGS_AT_HAND = around(planner, "_look", unhidden_at_hand)
