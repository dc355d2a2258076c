"""The views of all callers of the settings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from hashlib import blake2b
from hmac import digest
from typing import Any

import msgspec
from graphql import ExecutionResult, GraphQLError, GraphQLSchema

from connectors.contract import KeyKind
from connectors.records import RECORDS, FieldClass
from gateway.access.caller import Caller
from gateway.context import RequestContext
from gateway.errors import AmbiguousIdentityError, ForbiddenError, PurposeRefusedError, UnauthenticatedError, WithheldError
from gateway.execution.field_metadata import DEFINITION, metadata_of
from gateway.lookups.access_notes import AccessNotes
from gateway.operations import Hasher, Operation
from gateway.settings.access_settings import CallerSettings, Visibility
from gateway.settings.settings import Settings
from gateway.stitching.admission_rule import AdmissionRule, CountingRule
from gateway.stitching.find_rights import read_find_rights
from gateway.stitching.purpose_rule import read_purpose
from gateway.stitching.row_rule import RowRule
from gateway.stitching.source_router import SourceRouter
from gateway.stitching.stitcher import Stitcher
from gateway.tags.definitions import Pack, TagDefinition
from gateway.tags.fact_classes import classes_of_facts
from gateway.tags.facts import needed_fields
from gateway.tags.segment_keys import SEGMENT_PREFIX
from gateway.views.cursor_seal import CURSOR, CursorSeal, can_seal
from gateway.views.document_variants import DocumentRewriter
from gateway.views.refused_keys import note_refused_keys
from gateway.views.view import CustomerRights, View, make_view, strictest

_HASH_BYTES = 16
LIST_CLASSES = (FieldClass.IDENTIFYING,)
"""The classes of what an uploaded list says: which customers are on it."""

VIEWER_FIELD = "Query.viewer"
"""The field of who asks, which is of no customer."""

TAG_FIELDS = (
    "Customer.tags",
    "Customer.tag",
    "Customer.facts",
    "Customer.segments",
    *(f"Segment.{name}" for name in ("count", "known", "unknown", "customers")),
)
"""What gives tags, or what they are computed from."""


class Views:
    """What each caller sees. Callers with the same rights have one view; who may see everything has none."""

    def __init__(
        self, schema: GraphQLSchema, sdl: Callable[[], str], settings: Settings, pack: Pack, router: SourceRouter
    ) -> None:
        self.schema = schema
        self._rewriter = DocumentRewriter(schema, sdl)
        self.only_reports = settings.access.mode == "report"
        made: dict[Any, View] = {}
        self._views: dict[str, View | None] = dict.fromkeys(settings.identity.operators)
        for name, caller in settings.callers.items():
            if not caller.is_restricted and not settings.purposes:
                self._views[name] = None
                continue
            group = None if settings.access.hash_secret is None else _group(name, caller)
            ways = (frozenset(caller.key_kinds), caller.find_by is None)
            own = (*sorted(caller.visibilities.items()), ways, group, rights_of(caller))
            if own not in made:
                hidden_tags = frozenset(key for key, tag in pack.tags.items() if _is_hidden(pack, tag, caller, router))
                hidden_tags |= _hidden_lists(pack, caller, router)
                made[own] = view_of_caller(schema, settings, name, hidden_tags)
            self._views[name] = made[own]
        if not settings.callers:
            self._views[""] = None

        self._router = router
        sources = {view.rights.sources for view in made.values()}
        is_whole = self.only_reports
        self._routers = {names: router if names is None or is_whole else router.within(names) for names in sources}
        # Read once: a list may have thousands of ids.
        self._rows = {view: self._read_rows(view) for view in made.values() if view.rights.are_some}
        self._hidden_records = {view: _hidden_records(schema, view) for view in made.values()}
        self._withheld_ways = {view: _withheld_ways(view) for view in made.values()}
        givers = router.customers.givers(["consents"])
        self._purposes = {name: read_purpose(name, own, givers) for name, own in settings.purposes.items()}
        self._tags_for_others = {
            purpose: frozenset(key for key, tag in pack.tags.items() if tag.purposes and purpose not in tag.purposes)
            for purpose in (None, *settings.purposes)
        }

    def confine(self, context: RequestContext, view: View, caller: Caller, operation: Operation) -> Collection[str]:
        """Have a request ask for what its caller may be told of alone, and list the keys of the tags that it is not given.

        Raises `PurposeRefusedError`.
        """
        named = context.headers.get(b"x-purpose")
        if caller.purpose is not None:
            named = _only_purpose(caller.purpose, named)
        context.purpose = purpose = self._find_purpose(view, named, operation)
        hidden_tags = view.hidden_tags | self._tags_for_others[purpose]
        if not self.only_reports:
            context.hidden_tags = hidden_tags
            context.hidden_records = self._hidden_records[view]
            context.find_rights = view.find_rights
        is_one = view.rights.is_his and caller.customer_id is not None
        rows = self._read_rows(view, caller.customer_id) if is_one else self._rows.get(view)
        if context.stitcher.loaders.notes is not None:
            context.stitcher.loaders.notes.purpose = purpose
        consents = None if purpose is None else self._purposes[purpose]
        # A token of one purpose stands in a page: what it grants is no right that is tried out.
        kind = CountingRule if self.only_reports and caller.purpose is None else AdmissionRule
        erased = None if context.stitcher.rule is None else context.stitcher.rule.erased
        rule = None if rows is None and consents is None and erased is None else kind(rows, consents, erased)
        context.stitcher = Stitcher(self._routers[view.rights.sources], context.stitcher.loaders, rule)
        return hidden_tags

    def _read_rows(self, view: View, customer_id: str | None = None) -> RowRule:
        """Make the rule of a view's customers, or of the one who asks."""
        rights = view.rights
        ids = rights.ids or () if customer_id is None else [customer_id]
        return RowRule(self._routers[rights.sources], self._router, ids=ids, accounts=rights.accounts or ())

    def _find_purpose(self, view: View, named: bytes | None, operation: Operation) -> str | None:
        """Find the purpose of a request. One that asks for nothing but its viewer may have none, to learn of its purposes."""
        try:
            return self._purpose_of(view, named)
        except PurposeRefusedError:
            fields = self._rewriter.fields_of(operation)
            if {where for where in fields if where.startswith(("Query.", "Mutation.", "Subscription."))} == {VIEWER_FIELD}:
                return None
            raise

    def _purpose_of(self, view: View, named: bytes | None) -> str | None:
        """Find the purpose of a request, of the one that its header names."""
        own = view.rights.purposes
        if named is None and (own is None or len(own) == 1):
            return None if own is None else next(iter(own))
        allowed = self._purposes.keys() if own is None else own
        purpose = (named or b"").decode("latin-1").strip()
        if purpose not in allowed:
            raise PurposeRefusedError(sorted(allowed))
        return purpose

    def view_of(self, caller: str) -> View | None:
        """Find a caller's view; None where he sees everything. Raises `UnauthenticatedError` for one who is no more."""
        try:
            return self._views[caller]
        except KeyError:
            raise UnauthenticatedError("the caller of this credential is in the settings no more") from None

    def shown_to(self, caller: str) -> View | None:
        """Give the view that decides what a caller is shown; None where that is everything, and for nobody."""
        return None if self.only_reports else self._views.get(caller)

    def fields_of(self, operation: Operation) -> Collection[str]:
        """List the fields of an operation, each as `Type.field`."""
        return self._rewriter.fields_of(operation)

    def admit(
        self, operation: Operation, variables: dict[str, Any], view: View, notes: AccessNotes | None = None
    ) -> tuple[Operation, dict[str, Any]]:
        """Give the form of an operation, and of its variables, that callers of a view run. Raises `CallerError`.

        The keys of what they may not ask are noted.
        """
        if notes is None:
            return self._rewriter.admit(operation, variables, view)
        try:
            admitted = self._rewriter.admit(operation, variables, view)
        except ForbiddenError:
            note_refused_keys(notes, operation, variables)
            raise
        withheld = self._withheld_ways[view]
        if not withheld.isdisjoint(self._rewriter.fields_of(operation)):
            note_refused_keys(notes, operation, variables, withheld)
        return admitted

    def list_report(
        self,
        operation: Operation,
        variables: dict[str, Any],
        view: View,
        stitcher: Stitcher,
        hidden_tags: Collection[str],
    ) -> list[dict[str, Any]]:
        """List what callers of a view would not see of an answer, nor ask for."""
        told: list[dict[str, Any]] = [*self._rewriter.explain(operation, variables, view)]
        if isinstance(stitcher.rule, CountingRule) and stitcher.rule.refused:
            told.append({"customers": stitcher.rule.refused, "is": Visibility.WITHHELD})
        if view.rights.sources is not None:
            others = sorted(stitcher.loaders.source_times().keys() - view.rights.sources)
            told += [{"source": name, "is": Visibility.WITHHELD} for name in others]
        if hidden_tags and any(self._rewriter.uses(operation, where) for where in TAG_FIELDS):
            told += [{"tag": key, "is": Visibility.WITHHELD} for key in sorted(hidden_tags)]
        return told

    def complete(self, result: ExecutionResult, operation: Operation, view: View, hidden_tags: Collection[str]) -> None:
        """Take out of an answer what the view does not show beside fields, and tell what was left out."""
        remove_ids(result, view)
        if hidden_tags:
            segments = {key for key in hidden_tags if key.startswith(SEGMENT_PREFIX)}
            if (tags := {*hidden_tags} - segments) and self._rewriter.uses(operation, "Customer.tags"):
                _tell_hidden_tags(result, "Customer.tags", tags)
            if segments and self._rewriter.uses(operation, "Customer.segments"):
                names = {key.removeprefix(SEGMENT_PREFIX) for key in segments}
                _tell_hidden_tags(result, "Customer.segments", names)


def access_extension(told: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Write what would not be seen as extensions of an answer: none where it is nothing."""
    return {"access": told} if told else {}


def _only_purpose(own: str, named: bytes | None) -> bytes | None:
    """Give the one purpose that a token allows. Raises `PurposeRefusedError` for a header that names another one."""
    if named is not None and named.strip() != own.encode():
        raise PurposeRefusedError([own] if own else [])
    return own.encode() or None


def _withheld_ways(view: View) -> frozenset[str]:
    """List the ways in that are withheld from callers."""
    hidden = view.fields.items()
    return frozenset(where for where, own in hidden if own.visibility is Visibility.WITHHELD and where.startswith("Query."))


def _hidden_records(schema: GraphQLSchema, view: View) -> frozenset[str]:
    """Name the types of records whose lists are withheld from callers."""
    kind: Any = schema.type_map["Customer"]
    lists = {name: metadata_of(field.extensions[DEFINITION]).lists for name, field in kind.fields.items()}
    hidden = {own.record for name, own in lists.items() if own is not None and _is_withheld(view, f"Customer.{name}")}
    return frozenset(name for name, record in RECORDS.items() if record in hidden)


def _is_withheld(view: View, where: str) -> bool:
    found = view.fields.get(where)
    return found is not None and found.visibility is Visibility.WITHHELD


def _tell_hidden_tags(result: ExecutionResult, where: str, hidden_tags: Collection[str]) -> None:
    """Say that tags or segments were left out, as customers may have them."""
    message = f"{where}: withheld from this caller are {', '.join(sorted(hidden_tags))}"
    error = GraphQLError(message, extensions={"code": WithheldError.code})
    result.errors = [*(result.errors or ()), error]


def remove_ids(result: ExecutionResult, view: View) -> None:
    """Take the ids of customers out of errors, where callers of the view do not see ids."""
    if "Customer.id" not in view.fields:
        return
    for error in result.errors or ():
        if isinstance(error.original_error, AmbiguousIdentityError):
            error.message = "several customers have this key; ask by another one"
            error.extensions = {name: value for name, value in (error.extensions or {}).items() if name != "candidates"}


def view_of_caller(schema: GraphQLSchema, settings: Settings, name: str, hidden_tags: frozenset[str] = frozenset()) -> View:
    """Decide what a caller of the settings sees of a schema."""
    caller, secret = settings.callers[name], settings.access.hash_secret
    group = _group(name, caller)
    seal = None if secret is None or not can_seal() else CursorSeal(secret.get_secret_value(), group)
    hasher = None if secret is None else _hasher(secret.get_secret_value(), group, seal)
    rights = rights_of(caller)
    by_words = not rights.are_some and (caller.find_by is None or KeyKind.TEXT in caller.find_by)
    find_rights = read_find_rights(caller.visibilities, caller.key_kinds, by_words=by_words)
    made = make_view(schema, caller.visibilities, caller.key_kinds, hidden_tags, hasher, group, rights, seal)
    return msgspec.structs.replace(made, find_rights=find_rights)


def rights_of(caller: CallerSettings) -> CustomerRights:
    """Read of which customers a caller may be told, from which sources, and for which purposes."""
    ids = caller.customers if isinstance(caller.customers, list) else None
    return CustomerRights(
        _set(ids), _set(caller.accounts), caller.customer_claim is not None, _set(caller.sources), _set(caller.purposes)
    )


def _set(names: Collection[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


def _group(name: str, caller: CallerSettings) -> str:
    """Name for whom texts are hashed alike."""
    return f"caller:{name}" if caller.hash_group is None else f"group:{caller.hash_group}"


def _is_hidden(pack: Pack, tag: TagDefinition, caller: CallerSettings, router: SourceRouter) -> bool:
    """Tell whether a tag is computed from what a caller does not see, or from sources that are not asked for him."""
    if strictest(classes_of_tag(pack, tag), caller.visibilities) is not Visibility.SHOWN:
        return True
    records = needed_fields([pack.facts[name] for name in tag.fact_names])
    sources = {*router.customers.all, *(source for record in records for source, _ in router.sources.for_record(record))}
    return caller.sources is not None and any(source.name not in caller.sources for source in sources)


def _hidden_lists(pack: Pack, caller: CallerSettings, router: SourceRouter) -> frozenset[str]:
    """List the segments of which nothing is told but by ids, where the caller does not see these, or not of all sources."""
    is_shown = strictest(LIST_CLASSES, caller.visibilities) is Visibility.SHOWN
    if is_shown and (caller.sources is None or all(source.name in caller.sources for source in router.customers.all)):
        return frozenset()
    return frozenset(own.tag_key for own in pack.segments.values() if own.is_list)


def classes_of_tag(pack: Pack, tag: TagDefinition) -> set[FieldClass]:
    """List the classes of all that a tag is computed from, but for the ids by which records with a time are counted."""
    return classes_of_facts(pack.facts[name] for name in tag.fact_names)


def _hasher(secret: str, group: str, seal: CursorSeal | None) -> Hasher:
    """Make what hashes texts for the callers of a group: keyed BLAKE2b, 32 hexadecimal digits. Cursors are sealed.

    A text has other hashes in other fields.
    """
    key = digest(secret.encode(), f"hashes:{group}".encode(), "sha256")

    def hasher(field: str) -> Callable[[str], str]:
        if seal is not None and field == CURSOR:
            return seal.seal
        begun = blake2b(f"{field}:".encode(), digest_size=_HASH_BYTES, key=key)

        def hash_text(text: str) -> str:
            own = begun.copy()
            own.update(text.encode("utf-8", "surrogatepass"))
            return own.hexdigest()

        return hash_text

    return hasher
