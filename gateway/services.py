"""Build the services that requests of a worker share. Built once by the composition root."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import msgspec

from connectors.errors import ConfigurationError
from gateway.access.api_keys import ApiKeys
from gateway.access.browser_sessions import BrowserSessions
from gateway.access.callers import Callers
from gateway.access.embed_tokens import EmbedTokens
from gateway.access.key_file import KeyFile
from gateway.access.key_table import KeyTable
from gateway.access.operators import Operators
from gateway.access.proxies import Proxies
from gateway.access.revocation_file import RevocationFile
from gateway.access.revocation_table import RevocationTable
from gateway.access.revocations import Revocations
from gateway.access.tokens import Tokens
from gateway.actions.action_service import ActionService
from gateway.admission.admission import Arrival
from gateway.audit.reader import AuditReader
from gateway.audit.trail import AuditTrail
from gateway.change_factory import catch_up, new_change_drain, new_change_service
from gateway.changes.change_drain import ChangeDrain
from gateway.changes.change_service import ChangeService
from gateway.clock import Clock
from gateway.documents.trusted_documents import TrustedDocuments
from gateway.erasure.audit_erasure import follow_audit
from gateway.erasure.eraser_factory import new_eraser
from gateway.erasure.erasure import Eraser
from gateway.lookups.deadline import Deadline
from gateway.lookups.loaders import Loaders
from gateway.lookups.sources import Sources
from gateway.lookups.trace import Trace
from gateway.quota.quotas import Quotas
from gateway.quota.shares import LocalShares, Shares
from gateway.segments.segment_recount import SegmentRecount
from gateway.settings import Settings
from gateway.settings.access_settings import NO_KEY_STORE, NO_REVOCATION_STORE, IssuerSettings
from gateway.settings.audit_settings import NO_AUDIT_STORE
from gateway.settings.page_settings import embed_caller
from gateway.stale_follower import StaleFollower, follow_stale
from gateway.stitching.admission_rule import AdmissionRule
from gateway.stitching.known_customers import KnownCustomers
from gateway.stitching.purpose_rule import read_purpose
from gateway.stitching.shared_keys import SharedKeys
from gateway.stitching.shared_log import SharedLog
from gateway.stitching.source_router import SourceRouter
from gateway.stitching.stitcher import Stitcher
from gateway.store.store import Store
from gateway.tags.definitions import Pack
from gateway.tags.fact_parts import fact_records
from gateway.tags.service import TagService
from gateway.tags.tag_report import TagReports
from gateway.tags.tag_usage import TagUsage


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """`stitcher(deadline_ms, trace, arrival)` gives one for a request; see `new_stitcher`.

    `subgraph_texts` are schemas of the subgraph that were written, by caller.
    """

    settings: Settings
    clock: Clock
    router: SourceRouter
    store: Store | None
    tags: TagService
    tag_usage: TagUsage
    tag_reports: TagReports
    operators: Operators
    callers: Callers
    quotas: Quotas
    stitcher: Callable[..., Stitcher]
    documents: TrustedDocuments | None = None
    audit: AuditTrail | None = None
    eraser: Eraser | None = None
    audit_reader: AuditReader | None = None
    changes: ChangeDrain | None = None
    live: ChangeService | None = None
    segment_recount: SegmentRecount | None = None
    actions: ActionService | None = None
    subgraph_texts: dict[str, asyncio.Task[str]] = {}
    stale_follower: StaleFollower | None = None

    @property
    def sources(self) -> Sources:
        return self.router.sources


def budget_s(settings: Settings, deadline_ms: int | None = None) -> float:
    """Compute the seconds of a request: those of the caller within bounds, or the usual."""
    budget_ms = settings.deadline_ms if deadline_ms is None else min(deadline_ms, settings.effective_max_deadline_ms)
    return budget_ms / 1000


def new_stitcher(
    settings: Settings,
    clock: Clock,
    router: SourceRouter,
    deadline_ms: int | None = None,
    trace: Trace | None = None,
    arrival: Arrival | None = None,
) -> Stitcher:
    """Create a request's stitcher. Its budget begins with its `arrival`, or now."""
    budget = budget_s(settings, deadline_ms)
    deadline = Deadline.within(clock, budget, None if arrival is None else arrival.began(budget))
    return Stitcher(router, Loaders(deadline, trace), hide_erased(router))


def hide_erased(router: SourceRouter) -> AdmissionRule | None:
    """Make the rule that hides who is erased, and nobody else. None while there is nobody."""
    erased = router.erased
    return None if erased is None or not erased.concerns else AdmissionRule(None, None, erased)


def _known_customers(settings: Settings, clock: Clock, router: SourceRouter, store: Store | None) -> KnownCustomers | None:
    """Keep what is found of customers, where there are several sources, a store, and a secret for their keys."""
    secret = settings.identity.secret
    if store is None or router.decisions is None or secret is None or not router.customers.are_several:
        return None
    store.components.ensure_indexes()
    store.shared_keys.ensure_indexes()
    return KnownCustomers(
        store.components,
        router.decisions,
        SharedKeys(store.shared_keys, clock, secret.get_secret_value(), router.customers.max_sharers),
        router.customers,
        clock,
        secret.get_secret_value(),
        timedelta(seconds=settings.identity.max_age_s),
        lambda: Loaders(Deadline.within(clock, budget_s(settings))),
    )


def _key_table(settings: Settings, clock: Clock, store: Store | None, previous: Services | None) -> KeyTable | None:
    """Follow the keys of callers. The table of `previous` services goes on where it is of the same keys."""
    keys = settings.access.keys
    if keys is None:
        return None
    if previous is not None and keys == previous.settings.access.keys and (keys.file is not None or store is previous.store):
        return previous.callers.keys
    kept = api_keys_of(settings, store)
    return KeyTable(kept, keys.secret.get_secret_value(), keys.stale_s, clock)


def _sessions(settings: Settings, clock: Clock) -> BrowserSessions | None:
    """Have keys begin sessions, where there are pages, keys and a secret."""
    pages = settings.pages
    if not settings.has_pages or settings.access.keys is None or pages.secret is None:
        return None
    return BrowserSessions(pages.secret.get_secret_value(), pages.session_s, clock, is_plain=settings.is_development)


def _embed_tokens(settings: Settings, clock: Clock) -> EmbedTokens | None:
    """Make tokens for pages in frames, where there are desks to hold them."""
    pages = settings.pages
    if not settings.has_pages or not pages.embed or pages.secret is None:
        return None
    return EmbedTokens(pages.secret.get_secret_value(), pages.embed, clock)


def _revocation_table(
    settings: Settings, clock: Clock, store: Store | None, previous: Services | None
) -> RevocationTable | None:
    """Follow which tokens are revoked. The table of `previous` services goes on where it is of the same place."""
    place = settings.access.revocation_place
    if place is None:
        return None
    is_same = previous is not None and place == previous.settings.access.revocation_place
    if previous is not None and is_same and (place.file is not None or store is previous.store):
        return previous.callers.revocations
    return RevocationTable(revocations_of(settings, store), place.stale_s, clock)


def _tokens(settings: Settings, clock: Clock, revocations: RevocationTable | None, previous: Services | None) -> Tokens | None:
    """Know tokens of issuers. Those of `previous` services go on where the issuers are the same, and keys of each that is."""
    before = None if previous is None else previous.callers.tokens
    is_same = previous is not None and _token_settings(settings) == _token_settings(previous.settings)
    if previous is not None and is_same and revocations is previous.callers.revocations:
        return before
    issuers, claims, user_claim = _token_settings(settings)
    if not issuers:
        return None
    tokens = Tokens(issuers, claims, clock, revocations, user_claim)
    if before is not None:
        tokens.go_on_from(before)
    return tokens


def _token_settings(settings: Settings) -> tuple[dict[str, IssuerSettings], dict[str, str], str | None]:
    """Give the issuers, the claims that say which customer a caller is, and the one that says who is behind a caller."""
    return settings.access.issuers, _claims(settings), None if settings.audit is None else settings.audit.user_claim


def _claims(settings: Settings) -> dict[str, str]:
    """List the callers who are customers, with the claims of tokens that say which."""
    return {name: claim for name, own in settings.callers.items() if (claim := own.customer_claim) is not None}


def _quotas(settings: Settings, clock: Clock, store: Store | None, previous: Services | None) -> Quotas:
    """Hold the quotas of callers. Those of `previous` services go on where they are the same, and what was used of others."""
    by_caller = {name: own.quota for name, own in settings.callers.items()}
    before = None if previous is None or store is not previous.store else previous.quotas
    desks = {embed_caller(name): own.caller for name, own in settings.pages.embed.items()}
    if before is not None and before.settings == (settings.quota, by_caller, desks):
        return before
    if store is not None:
        shares: Shares = store.quota_shares.keyed_by(settings.quota_secret)
    else:
        shares = LocalShares() if before is None else before.shares
    return Quotas(settings.quota, by_caller, shares, clock, desks)


def _audit(settings: Settings, clock: Clock, store: Store | None, previous: Services | None) -> AuditTrail | None:
    """Write the audit. That of `previous` services goes on where it is the same, and so its chain does."""
    if settings.audit is None:
        return None
    if previous is not None and settings.audit == previous.settings.audit and store is previous.store:
        return previous.audit
    if store is None:
        raise ConfigurationError([f"audit: {NO_AUDIT_STORE}"])
    store.audit_links.ensure_indexes()
    store.audit_people.ensure_indexes()
    return AuditTrail(settings.audit, store.audit_links, store.audit_people, clock)


def _actions(
    settings: Settings,
    clock: Clock,
    pack: Pack,
    router: SourceRouter,
    store: Store | None,
    new_stitcher: Callable[[], Stitcher],
) -> ActionService | None:
    """Tell others of changes, where the pack has actions."""
    if store is None or not pack.actions:
        return None
    givers = router.customers.givers(["consents"])
    purposes = {name: read_purpose(name, own, givers) for name, own in settings.purposes.items()}
    for collection in (store.deliveries, store.outcomes):
        collection.retention = settings.actions.retention
        collection.ensure_indexes()
    return ActionService(settings, pack, router, store, store.deliveries, purposes, new_stitcher, clock)


def _segment_recount(clock: Clock, pack: Pack, store: Store | None) -> SegmentRecount | None:
    """Count segments, where the pack has any with a condition."""
    if store is None or not pack.segments:
        return None
    store.segment_members.ensure_indexes()
    store.segment_lists.ensure_indexes()
    keys = [key for key, own in pack.segments.items() if not own.is_list]
    return SegmentRecount(store.segment_counts, store.segment_members, store.leases, clock, keys)


def api_keys_of(settings: Settings, store: Store | None) -> ApiKeys:
    """Find where the settings keep the keys of callers. There must be `access.keys`.

    Raises `ConfigurationError` where that is MongoDB and there is none, as with a recording and its replay.
    """
    keys = settings.access.keys
    if keys is not None and keys.file is not None:
        return KeyFile(keys.file)
    if store is None:
        raise ConfigurationError([f"access.keys: {NO_KEY_STORE}"])
    return store.api_keys


def revocations_of(settings: Settings, store: Store | None) -> Revocations:
    """Find where the settings keep revoked tokens.

    Raises `ConfigurationError` where they cannot be kept, and where that is MongoDB and there is none.
    """
    place = settings.access.revocation_place
    if place is None:
        fix = "add [access.revocations], or [access.keys]" if settings.access.issuers else "add access.issuers"
        raise ConfigurationError([f"access.revocations: is not there, so no token can be revoked; {fix}"])
    if place.file is not None:
        return RevocationFile(place.file)
    if store is None:
        raise ConfigurationError([f"access.revocations: {NO_REVOCATION_STORE}"])
    return store.revoked_tokens


def build_services(
    settings: Settings,
    clock: Clock,
    sources: Sources,
    pack: Pack,
    store: Store | None,
    previous: Services | None = None,
    documents: TrustedDocuments | None = None,
) -> Services:
    """Wire the services together."""
    decisions = None if store is None else SharedLog(store.identity_log, store.decisions)
    router = SourceRouter(sources, settings, decisions, *fact_records(pack.facts.values()))
    router.known = _known_customers(settings, clock, router, store)
    stitcher = partial(new_stitcher, settings, clock, router)
    tags = TagService(pack, store, clock, stitcher, settings.tags.cache_s)
    givers = router.customers.givers(["consents"])
    tags.schedule(settings.tags, {name: read_purpose(name, own, givers) for name, own in settings.purposes.items()})
    eraser = new_eraser(settings, clock, router, tags, store, None if previous is None else previous.eraser)
    audit, reader = _audit(settings, clock, store, previous), None if store is None else AuditReader(store.audit_accesses)
    if eraser is not None and audit is not None and reader is not None:
        follow_audit(eraser, audit, reader)
    actions = _actions(settings, clock, pack, router, store, stitcher)
    operators = Operators(settings.identity.operators)
    keys, revocations = _key_table(settings, clock, store, previous), _revocation_table(settings, clock, store, previous)
    tokens = _tokens(settings, clock, revocations, previous)
    before = None if previous is None or store is not previous.store else previous
    stale = follow_stale(settings, store, router, tags, clock, None if before is None else before.stale_follower)
    catching_up = partial(catch_up, router=router, stale=stale, tags=tags, eraser=eraser)
    live = new_change_service(
        settings, clock, router, store, catching_up, None if before is None else (before.settings, before.live)
    )
    access = settings.access
    proxies = None if access.proxy is None else Proxies(access.proxy)
    return Services(
        settings=settings,
        clock=clock,
        router=router,
        store=store,
        tags=tags,
        tag_reports=TagReports(pack, clock),
        tag_usage=TagUsage(pack, clock, None if store is None else store.tag_usage),
        operators=operators,
        callers=Callers(
            settings.callers,
            access.anonymous,
            keys,
            tokens,
            operators,
            clock,
            revocations,
            proxies,
            _sessions(settings, clock),
            _embed_tokens(settings, clock),
            have_pages=settings.has_pages,
        ),
        quotas=_quotas(settings, clock, store, previous),
        stitcher=stitcher,
        documents=documents,
        audit=audit,
        eraser=eraser,
        audit_reader=reader,
        changes=new_change_drain(settings, clock, pack, router, store, actions, live),
        live=live,
        segment_recount=_segment_recount(clock, pack, store),
        actions=actions,
        stale_follower=stale,
    )
