"""Find customers by a key."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import ParamSpec, TypeVar

import msgspec

from connectors.contract import Ask, KeyKind
from gateway.errors import AmbiguousIdentityError, CallerError, SourceFailure
from gateway.identity.keys import are_normal_ids, normalised, spellings, words
from gateway.identity.node_ids import node_id
from gateway.identity.records import Key, RecordId
from gateway.lookups.loaders import Loaders
from gateway.lookups.outcome import Failed, Found, Outcome, fail_unreadable, merge_spellings
from gateway.lookups.sources import Source
from gateway.stitching.admission_rule import AdmissionRule
from gateway.stitching.customer import MissingRecord, StitchedCustomer
from gateway.stitching.customer_linker import CustomerLinker
from gateway.stitching.customer_page import load_customer_page
from gateway.stitching.erased_customers import ErasedCustomers
from gateway.stitching.identity_lookup import IdentityLookup
from gateway.stitching.measurement import MeasureRequest
from gateway.stitching.measurements import fetch_of_id
from gateway.stitching.merged_customer import SET_SEPARATOR
from gateway.stitching.record_list import RecordPage
from gateway.stitching.selection import Selection
from gateway.stitching.source_router import RoutedAsk, SourceRouter

T = TypeVar("T")
P = ParamSpec("P")

FoundByKey = StitchedCustomer | CallerError | SourceFailure | None
"""A customer, or the reason why a key finds none."""


class Stitcher(msgspec.Struct, eq=False):
    """Finds customers for one request, or for one renewal in the background.

    `rule` says of which customers the request may be told: `admitted_customers` go by it.
    """

    _router: SourceRouter
    _loaders: Loaders
    rule: AdmissionRule | None = None

    @property
    def loaders(self) -> Loaders:
        return self._loaders

    @property
    def router(self) -> SourceRouter:
        return self._router

    @property
    def has_several_sources(self) -> bool:
        """Tell whether a customer may have records in several sources."""
        return self._router.customers.are_several

    def expected_ids(self, ids: Sequence[str]) -> Sequence[str]:
        """List the own ids of customers who will be found if they are there: whose records may be asked for at once."""
        rule = self.rule
        return self.own_ids(ids if rule is None else [id_ for id_ in ids if self._is_expected(rule, id_)])

    def _is_expected(self, rule: AdmissionRule, id_: str) -> bool:
        if rule.confines and not rule.decide(id_):
            return False
        erased = rule.erased
        return erased is None or not erased.table.find(self.normal_keys(erased, Key(KeyKind.CUSTOMER_ID, id_)))

    def normal_keys(self, erased: ErasedCustomers, key: Key) -> list[Key]:
        """List the keys that a caller's one stands for, as the tombstones of erased customers have them."""
        return erased.normal_keys(key, self._router.customer_ids.read, self._router.default_region)

    def own_ids(self, ids: Sequence[str]) -> Sequence[str]:
        """Read the own ids of customers, without those that cannot be found. With several sources they stay as they are."""
        if self.has_several_sources:
            return ids
        alike = self._router.customer_ids.read_alike(ids)
        if alike is not None:
            return alike[1]
        return [read[1] for read in map(self._router.customer_ids.read, ids) if read is not None]

    def customer_of(self, customer_id: str, selection: Selection) -> Awaitable[StitchedCustomer | None]:
        """Find the customer with this id, with or without source. As `customer`."""
        read = self._router.customer_ids.read(customer_id)
        if read is None:
            return _nobody()
        source = read[0]
        if source is None or not self.has_several_sources:
            return self.customer(KeyKind.CUSTOMER_ID, read[1], selection, source)
        return self._with_needed_records(RecordId(source, read[1]), selection, as_asked=False)

    def node(self, customer_id: str, selection: Selection) -> Awaitable[StitchedCustomer | None]:
        """Find as `customer_of`, and show the customer under the id that was asked for."""
        read = self._router.customer_ids.read(customer_id) if self.has_several_sources else None
        if read is None or read[0] is None:
            return self.customer_of(customer_id, selection)
        return self._with_needed_records(RecordId(read[0], read[1]), selection, as_asked=True)

    def customer_in(
        self, source: Source, kind: KeyKind, value: str, selection: Selection
    ) -> Awaitable[StitchedCustomer | None]:
        """Find the customer whom a source knows by this key. An id is one of those that it knows, or says its source."""
        if kind is KeyKind.CUSTOMER_ID and self._router.customer_ids.named(value) is not None:
            return self.customer_of(value, selection)
        name = self._router.customers.id_space(source.name) if kind is KeyKind.CUSTOMER_ID else None
        return self.customer(kind, value, selection) if name is None else self.customer_of(node_id(name, value), selection)

    async def member_set(self, set_id: str, selection: Selection) -> StitchedCustomer | None:
        """Find the customer whose tags are stored by this id. None where it has other records by now.

        Raises `ErasedError` where a rule knows that the customer is erased.
        """
        if not self.has_several_sources:
            customer = await self.customer(KeyKind.CUSTOMER_ID, set_id, selection)
        else:
            customer = await self.customer_of(set_id.partition(SET_SEPARATOR)[0], selection)
            customer = customer.tagged if customer is not None and customer.tagged.id == set_id else None
        if customer is not None and self.rule is not None and self.rule.erased is not None:
            self.rule.erased.refuse(customer)
        return customer

    async def _with_needed_records(self, id_: RecordId, selection: Selection, *, as_asked: bool) -> StitchedCustomer | None:
        """Find a customer at its source where that is enough. Another record may state an id that none has."""
        if self._router.customers.is_enough(id_.source, selection):
            customer = await self.customer(KeyKind.CUSTOMER_ID, id_.id, selection, id_.source)
            if customer is not None or not self._router.customers.finds_stated(id_.source):
                return customer
        return await self._with_all_records(id_, selection, as_asked=as_asked)

    async def _with_all_records(self, id_: RecordId, selection: Selection, *, as_asked: bool) -> StitchedCustomer | None:
        (customer,), _ = await self._identity.find([id_], (), selection, as_asked=as_asked)
        if isinstance(customer, CallerError):
            raise customer
        return customer

    @property
    def _identity(self) -> IdentityLookup:
        return IdentityLookup(self._router, self._loaders)

    async def customer(
        self, kind: KeyKind, value: str, selection: Selection, source: str | None = None
    ) -> StitchedCustomer | None:
        """Find the customer with this key.

        It is asked at the source that is named or the first that can find it; None when there is none.

        A customer asked for by id is stitched also when its record cannot be had or read, for other sources know the id.
        Raises `InvalidKeyError`, `AmbiguousIdentityError`, or `SourceFailure` for keys that only the failed source can resolve.
        """
        if self.has_several_sources and source is None:
            _, (merged,) = await self._identity.find((), [Key(kind, value)], selection)
            if isinstance(merged, Exception):
                raise merged
            return merged
        key, asking = self.find(kind, value, selection, source)
        (outcome,) = await asking
        if type(outcome) is Found and len(records := outcome.records) == 1:
            customer: StitchedCustomer | None
            customer = StitchedCustomer(records[0], outcome.source, records[0].id, self._loaders, outcome, self._router)
        else:
            customer = self.identified(kind, key, outcome)
        if selection.members and customer is not None:
            customer.selected = selection.shown
        return customer

    def find(
        self, kind: KeyKind, value: str, selection: Selection, source: str | None = None
    ) -> tuple[str, Awaitable[list[Outcome]]]:
        """Normalise a key, and ask the source of customers for it.

        Gives the key and its one outcome. Raises `InvalidKeyError`.
        """
        key = normalised(kind, value, self._router.default_region)
        keys = spellings(kind, key)
        asking = self._loaders.leading(*self._router.customer_fetch(kind, selection, source), keys)
        return key, asking if len(keys) == 1 else _merged(asking)

    async def by_keys(
        self, ids: Sequence[str], keys: Sequence[Key], selection: Selection
    ) -> tuple[Sequence[FoundByKey], Sequence[FoundByKey]]:
        """Find customers by id and by other keys, each in order. In the place of one may stand why it finds none."""
        if self.has_several_sources:
            return await self._with_records_of_all(ids, keys, selection)
        finding = (result_or_error(self.customer, key.kind, key.value, selection) for key in keys)
        return await asyncio.gather(self._by_ids(ids, selection), asyncio.gather(*finding))

    async def _by_ids(self, ids: Sequence[str], selection: Selection) -> Sequence[FoundByKey]:
        found = await result_or_error(self.customers, ids, selection) if ids else []
        return [found] * len(ids) if isinstance(found, Exception) else found

    async def customers(self, ids: Sequence[str], selection: Selection) -> list[StitchedCustomer | CallerError | None]:
        """Find customers by id, in order, as above.

        In the place of an id that finds no customer for a reason stands that reason.
        """
        if self.has_several_sources:
            return (await self._with_records_of_all(ids, (), selection))[0]
        alike = self._router.customer_ids.read_alike(ids)
        if alike is not None:
            return await self._customers_of(*alike, selection)
        read = [*map(self._router.customer_ids.read, ids)]
        found = iter(await self._customers_of(None, [pair[1] for pair in read if pair is not None], selection))
        return [None if pair is None else next(found) for pair in read]

    async def _with_records_of_all(
        self, ids: Sequence[str], keys: Sequence[Key], selection: Selection
    ) -> tuple[list[StitchedCustomer | CallerError | None], Sequence[FoundByKey]]:
        """Find customers of several sources by id and by keys. Those whose source gives all are asked for there alone."""
        read = [*map(self._router.customer_ids.read, ids)]
        records = [None if pair is None or pair[0] is None else RecordId(pair[0], pair[1]) for pair in read]
        enough = [id_ is not None and self._router.customers.is_enough(id_.source, selection) for id_ in records]
        alone = [id_ for id_, own in zip(records, enough, strict=True) if own and id_ is not None]
        source = alone[0].source if alone else None  # the first in rank, so it is one for all
        walked = [None if own else id_ for id_, own in zip(records, enough, strict=True)]
        (merged, found), single = await asyncio.gather(
            self._identity.find(walked, keys, selection),
            self._customers_of(source, [id_.id for id_ in alone], selection) if alone else _nothing(),
        )
        if source is not None and None in single and self._router.customers.finds_stated(source):
            lost = [id_ if own is None else None for id_, own in zip(alone, single, strict=True)]
            stated, _ = await self._identity.find(lost, (), selection)
            single = [own or other for own, other in zip(single, stated, strict=True)]
        rest = iter(single)
        return [next(rest) if own else customer for customer, own in zip(merged, enough, strict=True)], found

    async def _customers_of(
        self, source: str | None, ids: Sequence[str], selection: Selection
    ) -> list[StitchedCustomer | CallerError | None]:
        """Customers by their own ids at one source, as above."""
        keys = _ids_or_errors(ids)
        good = [key for key in keys if isinstance(key, str)]
        outcomes = await self._loaders.leading(*self._router.customer_fetch(KeyKind.CUSTOMER_ID, selection, source), good)
        loaders, router = self._loaders, self._router
        customers: list[StitchedCustomer | CallerError | None] = [
            StitchedCustomer(records[0], outcome.source, records[0].id, loaders, outcome, router)
            if type(outcome) is Found and len(records := outcome.records) == 1
            else self._identified_or_error(key, outcome)
            for key, outcome in zip(good, outcomes, strict=True)
        ]
        if selection.members:
            for customer in customers:
                if isinstance(customer, StitchedCustomer):
                    customer.selected = selection.shown
        if len(good) == len(keys):
            return customers
        rest = iter(customers)
        return [next(rest) if isinstance(key, str) else key for key in keys]

    def prefetch(self, ids: Sequence[str], asked: Iterable[RoutedAsk]) -> None:
        """Ask for records by customer ids before the customers are found."""
        known = self._known_ids(ids)
        for route in asked:
            for source, kind, fetch in route.fetches:
                if kind is KeyKind.CUSTOMER_ID and (keys := known(source)):
                    self._loaders.enqueue(source, fetch, keys)

    def prefetch_measures(self, ids: Sequence[str], fetch: MeasureRequest) -> None:
        """Ask for measures by customer ids before the customers are found."""
        known = self._known_ids(ids)
        for source, kind in self._router.sources.for_record(fetch.record):
            if kind is KeyKind.CUSTOMER_ID and (keys := known(source)):
                self._loaders.enqueue(source, fetch_of_id(fetch, source, self._router.orders.join(fetch.record)), keys)

    def _known_ids(self, ids: Sequence[str]) -> Callable[[Source], Sequence[str]]:
        """List for each source the customers' ids that it knows. With several sources of customers it knows those of one."""
        if not self.has_several_sources:
            keys = _normal_ids(ids)
            return lambda _: keys
        by_source: dict[str | None, list[str]] = {}
        for pair in map(self._router.customer_ids.read, ids):
            if pair is not None:
                by_source.setdefault(pair[0], []).append(pair[1])
        normal = {name: _normal_ids(own_ids) for name, own_ids in by_source.items()}
        id_space = self._router.customers.id_space
        return lambda source: normal.get(id_space(source.name), ())

    def customer_page(self, source: Source, kind: KeyKind, key: str, ask: Ask, selection: Selection) -> Awaitable[RecordPage]:
        """Load a page of all customers that one source finds by a key. Raises `SourceFailure`."""
        return load_customer_page(self._router, self._loaders, source, kind, key, ask, selection)

    @property
    def linker(self) -> CustomerLinker:
        """Links and cuts customers."""
        return CustomerLinker(self._router, self._loaders)

    def leave(self) -> None:
        """Ask nothing more: the caller has gone."""
        self._loaders.leave()

    def _identified_or_error(self, key: str, outcome: Outcome) -> StitchedCustomer | CallerError | None:
        try:
            return self.identified(KeyKind.CUSTOMER_ID, key, outcome)
        except CallerError as error:
            return error

    def identified(self, kind: KeyKind, key: str, outcome: Outcome) -> StitchedCustomer | None:
        """Tell the customer of a key's outcome, None when there is none. Raises as `customer` does."""
        outcome = fail_unreadable(outcome)
        if isinstance(outcome, Failed):
            if kind is KeyKind.CUSTOMER_ID:
                return self._stitched(key, outcome)
            raise SourceFailure(outcome.source, outcome.error)
        assert isinstance(outcome, Found)
        if len(outcome.records) > 1:
            own_ids = [record.id for record in outcome.records]
            raise AmbiguousIdentityError(words(kind), [node_id(outcome.source, own_id) for own_id in own_ids], own_ids)
        return self._stitched(outcome.records[0].id, outcome) if outcome.records else None

    def _stitched(self, customer_id: str, outcome: Found | Failed) -> StitchedCustomer:
        record = MissingRecord(outcome) if isinstance(outcome, Failed) else outcome.records[0]
        return StitchedCustomer(record, outcome.source, customer_id, self._loaders, outcome, self._router)


async def _nobody() -> None:
    return None


async def _nothing() -> list[StitchedCustomer | CallerError | None]:
    return []


async def _merged(asking: Awaitable[list[Outcome]]) -> list[Outcome]:
    return [merge_spellings(await asking)]


def _ids_or_errors(values: Sequence[str]) -> Sequence[str | CallerError]:
    return values if are_normal_ids(values) else [_id_or_error(value) for value in values]


def _normal_ids(values: Sequence[str]) -> Sequence[str]:
    """List the normal ids, without those that can be none."""
    return [key for key in _ids_or_errors(values) if isinstance(key, str)]


def _id_or_error(value: str) -> str | CallerError:
    try:
        return normalised(KeyKind.CUSTOMER_ID, value)
    except CallerError as error:
        return error


async def result_or_error(find: Callable[P, Awaitable[T]], *args: P.args, **words: P.kwargs) -> T | CallerError | SourceFailure:
    """Wait for what a function finds, or give the failure that a field reports."""
    try:
        return await find(*args, **words)
    except (CallerError, SourceFailure) as error:
        return error
