"""Count what the fields of an operation gave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.changes.customer_change import ChangePage
from gateway.execution.cost import CostModel
from gateway.stitching.accounts import AccountMember
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.customer_find import FoundCustomers
from gateway.stitching.record_list import RecordPage


class GivenRecords:
    """The records that each priced field gave, by its place, and the ids of all customers among them."""

    def __init__(self, model: CostModel) -> None:
        self.counts = [0] * len(model.fields)
        self.customer_ids: set[str] = set()
        self._gives_customers = [own.gives_customers and own.is_shown for own in model.fields]

    def add(self, place: int, values: Sequence[Any]) -> None:
        """Add the values of a field: pages, lists, or records."""
        for value in values:
            records = _records_of(value)
            self.counts[place] += len(records)
            if self._gives_customers[place]:
                self.customer_ids.update(map(_customer_id, filter(_is_customer, records)))


def _records_of(value: Any) -> Sequence[Any]:
    if isinstance(value, RecordPage | FoundCustomers):
        return value.records
    if isinstance(value, ChangePage):
        return value.nodes
    if isinstance(value, list | tuple):
        return [own for own in value if own is not None and not isinstance(own, Exception)]
    return (value,)


def _is_customer(record: Any) -> bool:
    return isinstance(record, StitchedCustomer | AccountMember)


def _customer_id(record: StitchedCustomer | AccountMember) -> str:
    return record.customer.current_id if isinstance(record, AccountMember) else record.current_id
