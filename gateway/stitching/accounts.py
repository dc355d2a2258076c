"""Find company accounts, and their members and subsidiaries: what their own source has of them."""

from __future__ import annotations

import msgspec

from connectors.contract import Ask, Condition, KeyKind
from connectors.records import Account, AccountRole, Customer
from gateway.errors import SourceFailure
from gateway.lookups.outcome import Failed, Found
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.position import ask_of_source
from gateway.stitching.record_list import RecordPage
from gateway.stitching.record_loader import load_by_own_key
from gateway.stitching.selection import Selection
from gateway.stitching.sourced_record import SourcedRecord
from gateway.stitching.stitcher import Stitcher

ROLE = "company.role"
MAX_ACCOUNTS = 10
"""How many accounts a customer's keys may find, one at each source of accounts."""


class AccountMember(SourcedRecord, eq=False):
    """A customer who belongs to an account. `record` is the one that says so, from the account's source."""

    customer: StitchedCustomer

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


async def account_of(customer: StitchedCustomer, selection: Selection) -> SourcedRecord | None:
    """Find the account of a customer. One of a source that knows the customer comes before others.

    Raises `SourceFailure`.
    """
    page = await customer.records(Account, Ask(fields=selection.fields, first=MAX_ACCOUNTS, oldest_first=True))
    if page is None or not page.records:
        return None
    sources = {member.source for member in customer.members}
    record, source = min(page.owned(), key=lambda owned: owned[1] not in sources)
    return SourcedRecord(record, source)


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
    return RecordPage(
        records=outcome.records,
        owners=[outcome.source] * len(outcome.records),
        total=outcome.total,
        has_more=outcome.has_more,
        has_previous=ask.after is not None,
        contributions=[(Account, outcome)],
        partial=outcome.partial,
    )


async def members_of(
    stitcher: Stitcher, account: SourcedRecord, ask: Ask, selection: Selection, role: AccountRole | None
) -> RecordPage | None:
    """Load a page of an account's members, by id. None where no source finds customers by their account.

    They are those whom the account's source knows, or else the first source that finds customers so. Raises `SourceFailure`.
    """
    sources = stitcher.router.sources
    finders = sources.finders(Customer, KeyKind.ACCOUNT)
    if not finders:
        return None
    source = next((source for source in finders if source.name == account.source), finders[0])
    if role is not None:
        ask = msgspec.structs.replace(ask, where=(Condition(ROLE, (role.value,)),))
    page = await stitcher.customer_page(source, KeyKind.ACCOUNT, account.id, ask, selection)
    ((_, outcome),) = page.contributions
    assert isinstance(outcome, Found)
    members = [
        AccountMember(record, outcome.source, customer) for record, customer in zip(outcome.records, page.records, strict=True)
    ]
    return msgspec.structs.replace(page, records=members)
