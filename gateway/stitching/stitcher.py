"""From a key to a customer."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from connectors.contract import Ask, KeyKind
from connectors.errors import SourceProtocolError
from connectors.records import Record
from connectors.shapes import Fields
from gateway.errors import AmbiguousIdentityError, InvalidKeyError, SourceFailure
from gateway.identity.keys import KEY_FIELDS, normalised
from gateway.lookups.loaders import Loaders
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.lookups.sources import Sources
from gateway.stitching.customer import Listing, StitchedCustomer
from gateway.stitching.selection import Selection

CANDIDATES = 20
"""How many customers an ambiguous key names at most."""


class Stitcher:
    """Finds customers for one request, or for one renewal in the background."""

    def __init__(self, sources: Sources, loaders: Loaders, default_region: str | None) -> None:
        self._sources = sources
        self._loaders = loaders
        self._default_region = default_region
        # The customers of one list are asked for the same fields.
        self._fields = lru_cache(maxsize=16)(self._fields_of)

    async def customer(self, kind: KeyKind, value: str, selection: Selection) -> StitchedCustomer | None:
        """The customer with this key; None when there is none.

        A customer asked for by id is stitched also when its record cannot be had or read, for other sources know the id.
        Raises `InvalidKeyError`, `AmbiguousIdentityError`, or `SourceFailure` for keys that only the failed source can resolve.
        """
        key = normalised(kind, value, self._default_region)
        outcome = await self._found(kind, key, Ask(fields=self._fields(selection), first=CANDIDATES))
        if isinstance(outcome, Found) and not outcome.records and outcome.dropped:
            outcome = outcome.as_failed(SourceProtocolError("the record cannot be read"))
        if isinstance(outcome, Failed):
            if kind is KeyKind.CUSTOMER_ID:
                return self._stitched(key, outcome)
            raise SourceFailure(outcome.source, outcome.error)
        assert isinstance(outcome, Found)
        if len(outcome.records) > 1:
            raise AmbiguousIdentityError(_words(kind), [record.id for record in outcome.records])
        return self._stitched(outcome.records[0].id, outcome) if outcome.records else None

    async def search(self, text: str, ask: Ask, selection: Selection) -> tuple[Sequence[StitchedCustomer], Listing]:
        """Customers whose name, e-mail address or phone number contains the text.

        Raises `InvalidKeyError` or `SourceFailure`.
        """
        ask = msgspec.structs.replace(ask, fields=ask.fields | self._fields(selection))
        outcome = await self._found(KeyKind.TEXT, normalised(KeyKind.TEXT, text), ask)
        if isinstance(outcome, Failed):
            raise SourceFailure(outcome.source, outcome.error)
        assert isinstance(outcome, Found)
        customers = [
            self._stitched(record.id, msgspec.structs.replace(outcome, records=[record])) for record in outcome.records
        ]
        return customers, Listing(records=outcome.records, total=outcome.total, has_more=outcome.has_more)

    async def _found(self, kind: KeyKind, key: str, ask: Ask) -> Outcome:
        finder = self._sources.customers_by(kind)
        if finder is None:
            raise InvalidKeyError(f"no source finds customers by {_words(kind)}")
        return await self._loaders.fetch(*finder, key, ask, leading=True)

    def _stitched(self, customer_id: str, outcome: Outcome) -> StitchedCustomer:
        return StitchedCustomer(customer_id, outcome, self._sources, self._loaders)

    def _fields_of(self, selection: Selection) -> Fields:
        return selection.fields | Fields.of("id") | self._key_fields(selection.stitches)

    def _key_fields(self, records: Iterable[type[Record]]) -> Fields:
        fields = Fields()
        for record in records:
            for _, kind in self._sources.of(record):
                fields |= Fields.of(*KEY_FIELDS[kind])
        return fields


def _words(kind: KeyKind) -> str:
    return kind.value.replace("_", " ")
