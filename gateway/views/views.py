"""The views of all callers of the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from hmac import digest
from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLSchema

from connectors.records import FieldClass
from gateway.errors import AmbiguousIdentityError, UnauthenticatedError, WithheldError
from gateway.operations import Hasher, Operation
from gateway.settings.access_settings import CallerSettings, Visibility
from gateway.settings.settings import Settings
from gateway.tags.definitions import Pack, TagDefinition
from gateway.tags.facts import needed_fields
from gateway.views.document_variants import DocumentRewriter
from gateway.views.schema_classes import classes_on, paths_of
from gateway.views.view import View, make_view, strictest

_HASH_BYTES = 16


class Views:
    """What each caller sees. Callers with the same rights have one view; who may see everything has none."""

    def __init__(self, schema: GraphQLSchema, sdl: Callable[[], str], settings: Settings, pack: Pack) -> None:
        self._rewriter = DocumentRewriter(schema, sdl)
        self.only_reports = settings.access.mode == "report"
        made: dict[Any, View] = {}
        self._views: dict[str, View | None] = dict.fromkeys(settings.identity.operators)
        for name, caller in settings.callers.items():
            if not caller.is_restricted:
                self._views[name] = None
                continue
            group = f"caller:{name}" if caller.hash_group is None else f"group:{caller.hash_group}"
            rights = (*sorted(caller.visibilities.items()), frozenset(caller.key_kinds), group if caller.hashes else None)
            if rights not in made:
                made[rights] = _view(schema, settings, caller, group, pack)
            self._views[name] = made[rights]
        if not settings.callers:
            self._views[""] = None

    def view_of(self, caller: str) -> View | None:
        """Find a caller's view; None where he sees everything. Raises `UnauthenticatedError` for one who is no more."""
        try:
            return self._views[caller]
        except KeyError:
            raise UnauthenticatedError("the caller of this credential is in the settings no more") from None

    def admit(self, operation: Operation, variables: Mapping[str, Any], view: View) -> Operation:
        """Give the form of an operation that callers of a view run. Raises `ForbiddenError`."""
        return self._rewriter.admit(operation, variables, view)

    def report(self, result: ExecutionResult, operation: Operation, variables: Mapping[str, Any], view: View) -> None:
        """Tell in the extensions of an answer what callers of a view would not see of it."""
        told = self._rewriter.explain(operation, variables, view)
        if view.hidden_tags and any(self._rewriter.uses(operation, where) for where in ("Customer.tags", "Customer.tag")):
            told += [{"tag": key, "is": Visibility.WITHHELD} for key in sorted(view.hidden_tags)]
        if told:
            result.extensions = {**(result.extensions or {}), "access": told}

    def complete(self, result: ExecutionResult, operation: Operation, view: View) -> None:
        """Take out of an answer what the view does not show beside fields, and tell what was left out."""
        _remove_ids(result, view)
        if view.hidden_tags and self._rewriter.uses(operation, "Customer.tags"):
            _tell_hidden_tags(result, view)


def _tell_hidden_tags(result: ExecutionResult, view: View) -> None:
    """Say that tags were left out, as customers may have them."""
    message = f"Customer.tags: withheld from this caller are {', '.join(sorted(view.hidden_tags))}"
    error = GraphQLError(message, extensions={"code": WithheldError.code})
    result.errors = [*(result.errors or ()), error]


def _remove_ids(result: ExecutionResult, view: View) -> None:
    """Take the ids of customers out of errors, where callers of the view do not see ids."""
    if "Customer.id" not in view.fields:
        return
    for error in result.errors or ():
        if isinstance(error.original_error, AmbiguousIdentityError):
            error.message = "several customers have this key; ask by another one"
            error.extensions = {name: value for name, value in (error.extensions or {}).items() if name != "candidates"}


def _view(schema: GraphQLSchema, settings: Settings, caller: CallerSettings, group: str, pack: Pack) -> View:
    sees = caller.visibilities
    hidden = frozenset(key for key, tag in pack.tags.items() if strictest(_classes(pack, tag), sees) is not Visibility.SHOWN)
    secret = settings.access.hash_secret
    hasher = None if secret is None or not caller.hashes else _hasher(secret.get_secret_value(), group)
    return make_view(schema, sees, caller.key_kinds, hidden, hasher, group)


def _classes(pack: Pack, tag: TagDefinition) -> set[FieldClass]:
    """List the classes of all that a tag is computed from, but for the ids by which records with a time are counted."""
    found = set[FieldClass]()
    for record, fields in needed_fields([pack.facts[name] for name in tag.fact_names]).items():
        counted = "id" if record.time_field is not None else None
        found |= {*classes_on((path for path in paths_of(fields) if path != counted), record)}
    return found


def _hasher(secret: str, group: str) -> Hasher:
    """Make what hashes texts for the callers of a group: keyed BLAKE2b, 32 hexadecimal digits.

    A text has other hashes in other fields.
    """
    key = digest(secret.encode(), f"hashes:{group}".encode(), "sha256")

    def hasher(field: str) -> Callable[[str], str]:
        begun = blake2b(f"{field}:".encode(), digest_size=_HASH_BYTES, key=key)

        def hash_text(text: str) -> str:
            own = begun.copy()
            own.update(text.encode("utf-8", "surrogatepass"))
            return own.hexdigest()

        return hash_text

    return hasher
