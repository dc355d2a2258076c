"""Tell which customers are erased, by the tombstones that stand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from connectors.contract import LINKING_KINDS, KeyKind
from connectors.record_fields import Fields
from connectors.records import Customer
from gateway.clock import CLOCK_TOLERANCE, Clock
from gateway.errors import ErasedError, ErasuresUnknownError
from gateway.identity.key_kinds import KEY_KINDS
from gateway.identity.keys import keys_of, normalised_or_plain
from gateway.identity.records import Key, RecordId
from gateway.identity.tombstones import Tombstone, TombstoneTable
from gateway.lookups.outcome import Found
from gateway.stitching.selection import Selection

if TYPE_CHECKING:
    from gateway.stitching.customer import StitchedCustomer
    from gateway.stitching.customer_sources import CustomerSources

MADE_FIELDS = Fields.from_paths("id", "created_at")


class ErasedCustomers:
    """Knows erased customers among those that are found. Shared by all requests.

    `table` has the tombstones, and `customers` say by which keys records are linked. `note_return` is told of a tombstone whose
    customer has a record that was made after it.
    """

    def __init__(self, table: TombstoneTable, customers: CustomerSources, clock: Clock) -> None:
        self.table = table
        self.note_return: Callable[[Tombstone], None] = lambda _: None
        self._customers = customers
        self._clock = clock
        kinds = frozenset[KeyKind]().union(*customers.trusted.values())
        paths = [path for kind in LINKING_KINDS if kind in kinds for path in KEY_KINDS[kind].fields]
        self.fields = Fields.from_paths(*paths) | MADE_FIELDS
        """The fields of a customer's record that tell whether he is erased."""
        self.with_fields = lru_cache(maxsize=1_000)(self._with_fields)

    @property
    def concerns(self) -> bool:
        """Tell whether requests have to be judged: a tombstone stands, or it is not known yet."""
        return self.table.stands or not self.table.is_known

    def _with_fields(self, selection: Selection) -> Selection:
        return msgspec.structs.replace(selection, fields=selection.fields | self.fields)

    def keys_of_id(self, record: RecordId) -> list[Key]:
        """List the keys by which the id of a record is known. Where one source has customers, its own id is one."""
        stated = self._customers.stated_ids(record)
        return stated if self._customers.are_several else [*stated, Key(KeyKind.CUSTOMER_ID, record.id)]

    def keys_of_record(self, id_: RecordId, record: Any) -> list[Key]:
        """List the keys by which a record may be of an erased customer. A device tells that of a visit alone."""
        keys, customers = self.keys_of_id(id_), self._customers
        if record is None:
            return keys
        trusted, region = customers.trusted.get(id_.source, frozenset()), customers.phone_regions.get(id_.source)
        own = [Key(kind, value) for kind in LINKING_KINDS if kind in trusted for value in keys_of(record, kind, region)]
        own = [key for key in own if key not in customers.blocked]
        is_person = any(key.kind is not KeyKind.DEVICE_ID for key in own)
        return [*keys, *(key for key in own if not (is_person and key.kind is KeyKind.DEVICE_ID))]

    def refuse(self, customer: StitchedCustomer) -> None:
        """Raise `ErasedError` for a customer who is erased, and `ErasuresUnknownError` where that cannot be told yet.

        A record that was made after the tombstone ends it.
        """
        self._expect_known()
        returned: dict[str, bool] = {}
        standing: dict[str, Tombstone] = {}
        for member in customer.members:
            for tombstone in self.table.find(self.keys_of_record(member.id, member.record)):
                standing[tombstone.id] = tombstone
                returned[tombstone.id] = returned.get(tombstone.id, False) or self._is_made_after(member.record, tombstone)
        if not all(returned.values()):
            raise ErasedError
        for tombstone in standing.values():
            self.note_return(tombstone)

    def refuse_keys(self, keys: Iterable[Key]) -> None:
        """Raise as `refuse` for the keys of somebody who is erased."""
        self._expect_known()
        if self.table.find(keys):
            raise ErasedError

    def normal_keys(self, key: Key, read_id: Callable[[str], tuple[str | None, str] | None], region: str | None) -> list[Key]:
        """List the normal keys of one that a caller wrote. `read_id` reads ids of customers."""
        if key.kind is not KeyKind.CUSTOMER_ID:
            return [Key(key.kind, normalised_or_plain(key.kind, key.value, region))]
        source, own_id = read_id(key.value) or (None, key.value)
        return [] if source is None else self.keys_of_id(RecordId(source, normalised_or_plain(key.kind, own_id)))

    def withholds_answer(self, source: str, fetch: Any, key: str, outcome: Found) -> bool:
        """Tell whether an answer is about somebody erased, so that it is not cached: by its key, or by a record in it."""
        if not self.table.stands:
            return False
        named = Key(fetch.by, key)
        if fetch.by is KeyKind.CUSTOMER_ID:
            space = self._customers.id_space(source) or source
            if self.table.find(self.keys_of_id(RecordId(space, key))):
                return True
        elif fetch.by in LINKING_KINDS and self.table.find(
            [Key(fetch.by, normalised_or_plain(fetch.by, key, self._customers.phone_regions.get(source))), named]
        ):
            return True
        records: Collection[Any] = outcome.records if fetch.record is Customer else ()
        return any(self.table.find(self.keys_of_record(RecordId(source, own.id), own)) for own in records)

    def _expect_known(self) -> None:
        if not self.table.is_known:
            raise ErasuresUnknownError

    def _is_made_after(self, record: Any, tombstone: Tombstone) -> bool:
        """Tell whether a record was made after a tombstone. One of the future is of a clock that is wrong."""
        made_at = None if record is None else record.created_at
        return made_at is not None and tombstone.erased_at < made_at <= self._clock.now() + CLOCK_TOLERANCE
