"""Decide of which customers a request may be told: by who they are, and by its purpose."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeVar

import msgspec

from gateway.errors import ErasedError, ErasuresUnknownError, PurposeWithheldError, SourceFailure
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.erased_customers import ErasedCustomers
from gateway.stitching.purpose_rule import CONSENT_FIELDS, PurposeRule
from gateway.stitching.row_rule import RowRule
from gateway.stitching.selection import Selection

T = TypeVar("T")


class AdmissionRule:
    """Admits customers by a row rule and a purpose, and those who are not erased; None admits all."""

    def __init__(self, rows: RowRule | None, purpose: PurposeRule | None, erased: ErasedCustomers | None = None) -> None:
        self.rows = rows
        self.erased = erased
        self._purpose = purpose

    @property
    def confines(self) -> bool:
        """Tell whether the caller sees some customers alone. Who is erased is hidden from everybody."""
        return self.rows is not None or self._purpose is not None

    def decide(self, customer_id: str) -> bool | None:
        """Tell whether the customer with this id is admitted. None where that hangs on the record."""
        own = None if self.rows is None else self.rows.decide(customer_id)
        return None if own and self._purpose is not None else own

    def with_fields(self, selection: Selection) -> Selection:
        """Add to a selection what decides about its customers."""
        selection = selection if self.rows is None else self.rows.with_fields(selection)
        return selection if self._purpose is None else _with_consents(selection)

    def admits(self, customer: StitchedCustomer) -> bool:
        """Tell whether a customer is admitted.

        Raises `SourceFailure` where that cannot be told for want of a source, `PurposeWithheldError` and `ErasedError`.
        """
        if self.rows is not None and not self.rows.admits(customer):
            return False
        if self._purpose is not None and not self._purpose.permits(customer):
            raise PurposeWithheldError(self._purpose.name)
        if self.erased is not None:
            self.erased.refuse(customer)
        return True

    def with_list_fields(self, selection: Selection) -> Selection:
        """Add to a selection of customers in a list what decides about them."""
        selection = self.with_fields(selection)
        return selection if self.erased is None else self.erased.with_fields(selection)

    def count(self, total: int | None) -> int | None:
        """Give the count of a list. Where some customers alone are seen there is none."""
        return self.choose(None, whole=total) if self.confines else total

    @property
    def hides_by_consent(self) -> bool:
        """Tell whether customers are hidden by what they consent to, so that a search would tell by what it leaves out."""
        return self._purpose is not None

    def refuse_unjudged(self) -> None:
        """Refuse what no customer's consent allows: a record that is nobody's, a search, which tells by what it leaves out.

        Raises `PurposeWithheldError`.
        """
        if self._purpose is not None:
            raise PurposeWithheldError(self._purpose.name)

    def show(self, customer: StitchedCustomer) -> StitchedCustomer:
        """Show an admitted customer under an id that finds him again."""
        return customer if self.rows is None else self.choose(self.rows.show(customer), whole=customer)

    def admits_account(self, account_id: str) -> bool:
        """Tell whether the account with this id is admitted, with all of its people. That of a customer is not by him."""
        return self.rows is None or self.rows.admits_account(account_id)

    def shows_account(self, account_id: str) -> bool:
        """Tell whether the account of an admitted customer is shown: where companies decide, one of theirs."""
        return self.rows is None or self.rows.shows_account(account_id)

    def choose(self, admitted: T, whole: T) -> T:  # noqa: ARG002  a rule that only counts gives it
        """Choose between what is admitted and what there is without a rule."""
        return admitted


class CountingRule(AdmissionRule):
    """Admits everybody, and counts the customers whom the rules would not admit."""

    refused = 0

    def decide(self, customer_id: str) -> None:  # noqa: ARG002  whatever it says, they are asked for
        return None

    def admits(self, customer: StitchedCustomer) -> bool:
        try:
            self.refused += not super().admits(customer)
        except (PurposeWithheldError, SourceFailure):
            self.refused += 1
        if self.erased is not None:
            self.erased.refuse(customer)
        return True

    def admits_account(self, account_id: str) -> bool:
        self.refused += not super().admits_account(account_id)
        return True

    @property
    def hides_by_consent(self) -> bool:
        return False

    def refuse_unjudged(self) -> None:
        pass

    def choose(self, admitted: T, whole: T) -> T:
        self.refused += admitted is False
        return admitted if isinstance(admitted, ErasedError | ErasuresUnknownError) else whole

    def shows_account(self, account_id: str) -> bool:  # noqa: ARG002  as above
        return True


@lru_cache(maxsize=1_000)
def _with_consents(selection: Selection) -> Selection:
    return msgspec.structs.replace(selection, fields=selection.fields | CONSENT_FIELDS)
