"""Find company accounts, their members and subsidiaries, and their records."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import msgspec

from connectors.contract import Ask, Condition, KeyKind
from connectors.record_fields import Fields
from connectors.records import Account, AccountRole, Customer, Record
from gateway.errors import SourceFailure
from gateway.lookups.fetches import RecordFetch
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.lookups.pending_keys import PendingKeys
from gateway.lookups.post_filter import position_fields
from gateway.lookups.sources import Source
from gateway.stitching.admitted_customers import AdmittedCustomer, admit_those, keep_records
from gateway.stitching.customer_notes import note_customers
from gateway.stitching.position import ask_of_source
from gateway.stitching.record_list import RecordPage, merge_outcomes, page_of_one
from gateway.stitching.record_loader import load_by_own_key
from gateway.stitching.selection import Selection
from gateway.stitching.source_router import RoutedAsk, SourceRouter
from gateway.stitching.sourced_record import SourcedRecord
from gateway.stitching.stitcher import Stitcher

ROLE = "company.role"
MAX_ACCOUNTS = 10
"""How many accounts a customer's keys may find, one at each source of accounts."""
MAX_MEMBERS = 100
"""Of how many members of an account records are read, the first by id: as many keys as most sources take in one call."""


class AccountMember(SourcedRecord, eq=False):
    """A customer who belongs to an account. `record` is the one that says so, from the account's source."""

    customer: AdmittedCustomer

    @property
    def role(self) -> AccountRole | None:
        """What the customer does for the company."""
        company = self.record.company
        return None if company is None else company.role

    @property
    def role_name(self) -> str | None:
        """The role in the words of the source."""
        name: str | None = None if self.record.company is None else self.record.company.role_name
        return name


async def account_of(stitcher: Stitcher, customer: AdmittedCustomer, selection: Selection) -> SourcedRecord | None:
    """Find the account of a customer. One of a source that knows the customer comes before others.

    Raises `SourceFailure`.
    """
    page = await customer.records(Account, Ask(fields=selection.fields, first=MAX_ACCOUNTS, oldest_first=True))
    accounts = [] if page is None else [SourcedRecord(*owned) for owned in page.owned()]
    if stitcher.rule is not None:
        accounts = [account for account in accounts if stitcher.rule.shows_account(account.node_id)]
    sources = {member.source for member in customer.members}
    return min(accounts, key=lambda account: account.source not in sources, default=None)


async def parent_of(stitcher: Stitcher, account: SourcedRecord, selection: Selection) -> SourcedRecord | None:
    """Find the account that an account is a part of, at its source. Raises `SourceFailure`."""
    source = stitcher.router.sources.named(account.source)
    parent_id = account.record.parent_id
    if source is None or not parent_id or (Account, KeyKind.ACCOUNT) not in source.lookups:
        return None
    found = await load_by_own_key(stitcher, [source], Account, KeyKind.ACCOUNT, parent_id, selection.fields)
    return found[0] if found else None


async def subsidiaries_of(stitcher: Stitcher, account: SourcedRecord, ask: Ask) -> RecordPage | None:
    """Load a page of the accounts that are parts of an account. None where its source cannot find them.

    Raises `SourceFailure`.
    """
    source = stitcher.router.sources.named(account.source)
    if source is None or (Account, KeyKind.PARENT_ACCOUNT) not in source.lookups:
        return None
    fetch = source.records(Account, KeyKind.PARENT_ACCOUNT, ask_of_source(ask, Account, source.name))
    ((outcome,),) = await stitcher.loaders.wait_all([stitcher.loaders.enqueue(source, fetch, [account.id])])
    if isinstance(outcome, Failed):
        raise SourceFailure(outcome.source, outcome.error)
    assert isinstance(outcome, Found)
    return page_of_one(Account, ask, outcome)


async def members_of(
    stitcher: Stitcher, account: SourcedRecord, ask: Ask, selection: Selection, role: AccountRole | None
) -> RecordPage | None:
    """Load a page of an account's members, by id. None where no source finds customers by their account.

    They are those whom the account's source knows, or else the first source that finds customers so. Under a rule their roles
    are looked at when they are admitted, so that nobody's is told by whether somebody is left out. Raises `SourceFailure`.
    """
    source = _source_of_members(stitcher, account)
    if source is None:
        return None
    confines = stitcher.rule is not None and stitcher.rule.confines
    if role is not None and not confines:
        ask = msgspec.structs.replace(ask, where=(Condition(ROLE, (role.value,)),))
    elif role is not None:
        ask = msgspec.structs.replace(ask, fields=ask.fields | Fields.from_paths(ROLE))
    if stitcher.rule is not None:
        selection = stitcher.rule.with_list_fields(selection)
    page = await stitcher.customer_page(source, KeyKind.ACCOUNT, account.id, ask, selection)
    ((_, outcome),) = page.contributions
    assert isinstance(outcome, Found)
    admitted = admit_those(page.records, stitcher.rule)
    members = [
        None if customer is None else AccountMember(record, outcome.source, customer)
        for record, customer in zip(outcome.records, admitted, strict=True)
    ]
    page = keep_records(page, members, stitcher.rule)
    if role is not None and confines:
        kept = [member for member in page.records if member.role is role]
        page = msgspec.structs.replace(page, records=kept, owners=[member.source for member in kept])
    note_customers(stitcher, [member.customer for member in page.records])
    return page


async def records_of(
    stitcher: Stitcher, account: SourcedRecord, record: type[Record], ask: Ask, origins: Fields | None, *, members: bool
) -> RecordPage | None:
    """Load a page of an account's records, with `members` also of theirs. None where no source finds any.

    The account's own are found by its id, those of members by the keys that they have as customers. Without some of the members
    the page is `partial`. Raises `SourceFailure` when nothing could be had at all.
    """
    ask = msgspec.structs.replace(ask, fields=ask.fields | position_fields(record))
    asked = stitcher.router.route(record, ask, origins)
    own = [(source, _own_fetch(asked, source)) for source in _finders(stitcher.router, record, account)]
    theirs = msgspec.structs.replace(asked, fetches=[part for part in asked.fetches if part[1] is not KeyKind.ACCOUNT])
    if not (own or (members and theirs.fetches)):
        return None
    parts: list[PendingKeys | Failed] = [stitcher.loaders.enqueue(source, fetch, [account.id]) for source, fetch in own]
    is_short = False
    failed: list[Failed] = []
    if members and theirs.fetches:
        people, is_short, failed = await _people_of(stitcher, account, record)
        for person in people:
            parts += person.enqueue(theirs)
    outcomes: list[Outcome] = [*failed, *chain.from_iterable(await stitcher.loaders.wait_all(parts))]
    page = merge_outcomes(asked, outcomes, is_short=is_short)
    return msgspec.structs.replace(page, total=None) if is_short else page


def _own_fetch(asked: RoutedAsk, source: Source) -> RecordFetch:
    """Fetch an account's own records as those of customers: all of them where sources know the same orders."""
    if asked.orders is not None and source.name in asked.orders.rank:
        return asked.orders.fetch(source, KeyKind.ACCOUNT, asked.ask)
    return source.records(asked.record, KeyKind.ACCOUNT, ask_of_source(asked.ask, asked.record, source.name))


async def _people_of(
    stitcher: Stitcher, account: SourcedRecord, record: type[Record]
) -> tuple[Sequence[AdmittedCustomer], bool, list[Failed]]:
    """Find the first members of an account, with the keys of their records.

    It says whether there are others, and what failed.
    """
    source = _source_of_members(stitcher, account)
    if source is None:
        return [], True, []
    fields = Fields.from_paths("id")
    selection = Selection(fields=fields, stitches=frozenset({record}))
    if stitcher.rule is not None:
        selection = stitcher.rule.with_list_fields(selection)
    try:
        page = await stitcher.customer_page(
            source, KeyKind.ACCOUNT, account.id, Ask(fields=fields, first=MAX_MEMBERS), selection
        )
    except SourceFailure as failure:
        return [], True, [source.not_asked(failure.error)]
    people = [person for person in admit_those(page.records, stitcher.rule) if person is not None]
    note_customers(stitcher, people)
    is_less = len(people) < len(page.records)
    return people, is_less or page.has_more or page.partial or any(person.is_short for person in people), []


def _source_of_members(stitcher: Stitcher, account: SourcedRecord) -> Source | None:
    """Choose who knows an account's members: its own source, or else the first that finds customers by their account."""
    finders = _finders(stitcher.router, Customer, account)
    return next((source for source in finders if source.name == account.source), finders[0] if finders else None)


def _finders(router: SourceRouter, record: type[Record], account: SourcedRecord) -> list[Source]:
    """List the sources that find records by the id of an account: its own, or all that have the ids of the first with accounts.

    A source that has accounts itself has its own ids.
    """
    ids, finders = router.node_ids[Account], router.sources.finders(record, KeyKind.ACCOUNT)
    if account.source == ids.usual:
        return [source for source in finders if source.name == account.source or not ids.has_source(source.name)]
    return [source for source in finders if source.name == account.source]
