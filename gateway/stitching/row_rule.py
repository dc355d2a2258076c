"""Say which customers a request may be told of."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any

import msgspec

from connectors.contract import KeyKind
from connectors.record_fields import Fields
from connectors.records import Account
from gateway.errors import SourceFailure
from gateway.identity.key_kinds import KEY_KINDS
from gateway.identity.keys import normalised_or_plain
from gateway.identity.node_ids import NodeIds, node_id
from gateway.identity.records import RecordId
from gateway.lookups.outcome import Failed
from gateway.stitching.customer import MissingRecord, StitchedCustomer
from gateway.stitching.selection import Selection
from gateway.stitching.source_router import SourceRouter

_ACCOUNT_FIELDS = Fields.from_paths(*KEY_KINDS[KeyKind.ACCOUNT].fields)


class RowRule:
    """The customers whom a request may be told of: those with these ids, or those of these companies.

    Ids are as callers write them, with or without their source. Those of the rule are read by the `configured` sources, for
    another one that a caller's own sources leave first may have them, too; those that he asks by by the sources of `router`.
    """

    def __init__(
        self,
        router: SourceRouter,
        configured: SourceRouter,
        *,
        ids: Collection[str] = (),
        accounts: Collection[str] = (),
    ) -> None:
        self._customer_ids = router.customer_ids
        self._asked_account_ids = router.node_ids[Account]
        self._account_ids = configured.node_ids[Account]
        self._customers = frozenset(_read(configured.customer_ids, text) for text in ids)
        self._accounts = frozenset(_read(self._account_ids, text) for text in accounts)

    def decide(self, customer_id: str) -> bool | None:
        """Tell whether the customer with this id is admitted. None where that hangs on the record."""
        return None if self._accounts else _read(self._customer_ids, customer_id) in self._customers

    def with_fields(self, selection: Selection) -> Selection:
        """Add to a selection what decides about its customers."""
        return _with_account(selection) if self._accounts else selection

    def admits(self, customer: StitchedCustomer) -> bool:
        """Tell whether a customer is admitted. Raises `SourceFailure` where that cannot be told for want of a source."""
        if not self._accounts:
            return any(member.id in self._customers for member in customer.members)
        failed = None
        for member in customer.members:
            if member.record is None:
                failed = member.outcome
            elif self._account_of(member.source, member.record) in self._accounts:
                return True
        if isinstance(failed, Failed):
            raise SourceFailure(failed.source, failed.error)
        return False

    def show(self, customer: StitchedCustomer) -> StitchedCustomer:
        """Show an admitted customer under an id of the rule, which finds him again."""
        named = [member.id for member in customer.members if member.id in self._customers]
        if not named or RecordId(customer.source, customer.id) in named:
            return customer
        source, own_id = named[0]
        is_missing = isinstance(customer.record, MissingRecord)
        record = customer.record if is_missing else msgspec.structs.replace(customer.record, id=own_id)
        return msgspec.structs.replace(customer, record=record, source=source, id=own_id)

    def admits_account(self, account_id: str) -> bool:
        """Tell whether the account with this id is admitted, with all of its people. That of a customer is not by him."""
        return _read(self._asked_account_ids, account_id) in self._accounts

    def shows_account(self, account_id: str) -> bool:
        """Tell whether the account of an admitted customer is shown: where companies decide, one of theirs."""
        return not self._accounts or self.admits_account(account_id)

    def _account_of(self, source: str, record: Any) -> RecordId | None:
        """Read the account of a record: at its own source, where that has accounts, else at the first that has."""
        company = record.company
        if company is None or not company.account:
            return None
        named = self._account_ids.named(node_id(source, company.account))
        return RecordId(*named) if named is not None else _read(self._account_ids, company.account)


def _read(ids: NodeIds, text: str) -> RecordId:
    """Read an id. One that nothing has is of no source."""
    source, own_id = ids.read(text) or (None, text)
    return RecordId(source or "", normalised_or_plain(KeyKind.CUSTOMER_ID, own_id))


@lru_cache(maxsize=1_000)
def _with_account(selection: Selection) -> Selection:
    return msgspec.structs.replace(selection, fields=selection.fields | _ACCOUNT_FIELDS)
