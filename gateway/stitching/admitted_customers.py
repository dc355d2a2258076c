"""Find customers, and records of customers, of whom a request may be told. Every way in of a caller leads through here.

"Not his" and "there is none" are one answer. What the arguments decide costs no call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import msgspec

from connectors.contract import RECORD_KEYS, KeyKind
from connectors.records import Account, Record
from gateway.errors import (
    AmbiguousIdentityError,
    CallerError,
    ErasedError,
    ErasuresUnknownError,
    PurposeWithheldError,
    SourceFailure,
)
from gateway.identity.keys import normalised
from gateway.identity.node_ids import ID_KINDS
from gateway.identity.records import Key
from gateway.stitching.admission_rule import AdmissionRule
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.customer_finder import (
    find_customer,
    find_customers,
    find_owners,
    list_owners,
    load_owners,
    only_one,
)
from gateway.stitching.customer_notes import note_all_found, note_found
from gateway.stitching.record_list import RecordPage
from gateway.stitching.selection import Selection
from gateway.stitching.sourced_record import SourcedRecord
from gateway.stitching.stitcher import FoundByKey, Stitcher, result_or_error

if TYPE_CHECKING:

    class AdmittedCustomer(StitchedCustomer, eq=False):
        """A customer of whom the request may be told. `admit` alone makes one, so types show that each way in leads there."""

else:
    AdmittedCustomer = StitchedCustomer

_ID = KeyKind.CUSTOMER_ID  # to read a member of an enum takes as long as to look at a key

FoundAdmitted = AdmittedCustomer | CallerError | SourceFailure | None
"""Such a customer, or the reason why a key finds none."""


def admit(customer: StitchedCustomer, rule: AdmissionRule | None) -> AdmittedCustomer | None:
    """Give a customer of whom the request may be told. Raises as `AdmissionRule.admits`."""
    if rule is not None:
        if not rule.admits(customer):
            return None
        customer = rule.show(customer)
    return cast("AdmittedCustomer", customer)


def admit_those(customers: Sequence[StitchedCustomer], rule: AdmissionRule | None) -> list[AdmittedCustomer | None]:
    """Give of each customer whether the request may be told of it, without a reason."""
    return [_admit_or_none(customer, rule) for customer in customers]


def find_admitted(stitcher: Stitcher, key: Key, selection: Selection) -> Awaitable[AdmittedCustomer | None]:
    """Find the customer with a key of any kind. As `find_customer`."""
    if key.kind is KeyKind.CUSTOMER_ID:
        return find_admitted_by_id(stitcher, key.value, selection)
    if stitcher.rule is not None:
        finding = _find_one_by_rule(stitcher, stitcher.rule, key, selection)
    else:
        find = partial(find_customer, stitcher) if key.kind in RECORD_KEYS else stitcher.customer
        finding = find(key.kind, key.value, selection)  # type: ignore[assignment]
    notes = stitcher.loaders.notes
    return finding if notes is None else note_found(stitcher, notes, key.kind, key.value, finding)


def find_admitted_by_id(stitcher: Stitcher, customer_id: str, selection: Selection) -> Awaitable[AdmittedCustomer | None]:
    """Find the customer with this id, with or without source. As `Stitcher.customer_of`."""
    finding: Awaitable[AdmittedCustomer | None]
    if stitcher.rule is None:  # most often: nothing more is called, as all are admitted
        finding = stitcher.customer_of(customer_id, selection)  # type: ignore[assignment]
    elif not stitcher.rule.confines:
        finding = _find_unless_erased(stitcher, stitcher.rule, customer_id, selection)
    else:
        finding = _find_one_by_rule(stitcher, stitcher.rule, Key(KeyKind.CUSTOMER_ID, customer_id), selection)
    notes = stitcher.loaders.notes
    return finding if notes is None else note_found(stitcher, notes, _ID, customer_id, finding)


def find_all_admitted(stitcher: Stitcher, keys: Sequence[Key], selection: Selection) -> Awaitable[Sequence[FoundAdmitted]]:
    """Find customers by keys of any kinds, in order. As `find_customers`."""
    if stitcher.rule is not None:
        finding = _find_by_rule(stitcher, stitcher.rule, keys, selection)
    else:
        finding = cast("Coroutine[Any, Any, Sequence[FoundAdmitted]]", find_customers(stitcher, keys, selection))
    notes = stitcher.loaders.notes
    return finding if notes is None else note_all_found(stitcher, notes, keys, finding)


def find_all_admitted_by_id(stitcher: Stitcher, ids: Sequence[str], selection: Selection) -> Awaitable[Sequence[FoundAdmitted]]:
    """Find customers by id, in order. As `Stitcher.customers`."""
    notes = stitcher.loaders.notes
    if stitcher.rule is None and notes is None:
        return cast("Awaitable[Sequence[FoundAdmitted]]", stitcher.customers(ids, selection))
    keys = [Key(KeyKind.CUSTOMER_ID, id_) for id_ in ids]
    if stitcher.rule is not None:
        finding = _find_by_rule(stitcher, stitcher.rule, keys, selection)
    else:
        finding = cast("Coroutine[Any, Any, Sequence[FoundAdmitted]]", stitcher.customers(ids, selection))
    return finding if notes is None else note_all_found(stitcher, notes, keys, finding)


async def find_admitted_node(stitcher: Stitcher, customer_id: str, selection: Selection) -> AdmittedCustomer | None:
    """Find the customer with this id, and show it under that. As `Stitcher.node`. Whoever finds nodes notes it."""
    rule = stitcher.rule
    if rule is None:
        return cast("AdmittedCustomer | None", await stitcher.node(customer_id, selection))
    if not _may_ask(rule, Key(KeyKind.CUSTOMER_ID, customer_id)):
        return None
    customer = await stitcher.node(customer_id, rule.with_fields(selection))
    if customer is None:
        _refuse_erased(stitcher, rule, Key(KeyKind.CUSTOMER_ID, customer_id))
        return None
    return admit(customer, rule)


def keep_records(page: RecordPage, kept: Sequence[SourcedRecord | None], rule: AdmissionRule | None) -> RecordPage:
    """Put records in the place of those of a page. Under a rule they are not counted, and without some `partial`."""
    pairs = [(record, source) for record, source in zip(kept, page.owners, strict=True) if record is not None]
    return msgspec.structs.replace(
        page,
        records=[record for record, _ in pairs],
        owners=[source for _, source in pairs],
        total=page.total if rule is None else rule.count(page.total),
        partial=page.partial or len(pairs) < len(kept),
    )


async def is_record_admitted(stitcher: Stitcher, rule: AdmissionRule, record: type[Record], record_id: str) -> bool | None:
    """Tell whether a record with this id is of somebody of whom the request may be told. None of one that is nobody's.

    Raises `InvalidKeyError`, or `SourceFailure` where it cannot be decided for want of a source.
    """
    if record is Account:
        return rule.admits_account(record_id)
    if not stitcher.router.sources.finders(record, ID_KINDS[record]):
        return None
    if not rule.confines:
        _refuse_owners(stitcher, rule, await load_owners(stitcher, ID_KINDS[record], record_id))
        return None
    admitted = await result_or_error(_is_of_admitted, stitcher, rule, ID_KINDS[record], record_id)
    chosen = rule.choose(admitted, whole=True)
    if isinstance(chosen, Exception):
        raise chosen
    return chosen


async def _is_of_admitted(stitcher: Stitcher, rule: AdmissionRule, kind: KeyKind, record_id: str) -> bool | None:
    """Tell it by the first who is said to own the record: by its own source, where that says so."""
    first = (await load_owners(stitcher, kind, record_id))[:1]
    if not first and rule.rows is None:
        return None
    if rule.rows is None:
        _refuse_owners(stitcher, rule, first)
    owners = _possible(stitcher, rule, first)
    selection = rule.with_fields(Selection())
    found = await find_owners(stitcher, owners, selection) if owners else {}
    return bool(await _all_admitted(stitcher, rule, kind, [*found.values()], selection))


async def _find_unless_erased(
    stitcher: Stitcher, rule: AdmissionRule, customer_id: str, selection: Selection
) -> AdmittedCustomer | None:
    """Find as `_find_one_by_rule` under a rule that only hides who is erased, in a third of the time."""
    key = Key(KeyKind.CUSTOMER_ID, customer_id)
    try:
        customer = await stitcher.customer_of(customer_id, selection)
    except AmbiguousIdentityError:  # those who are not erased may be one
        return await _find_one_by_rule(stitcher, rule, key, selection)
    if customer is None:
        _refuse_erased(stitcher, rule, key)
        return None
    return admit(customer, rule)


async def _find_one_by_rule(stitcher: Stitcher, rule: AdmissionRule, key: Key, selection: Selection) -> AdmittedCustomer | None:
    (result,) = await _find_by_rule(stitcher, rule, [key], selection)
    if isinstance(result, Exception):
        raise result
    return result


async def _find_by_rule(
    stitcher: Stitcher, rule: AdmissionRule, keys: Sequence[Key], selection: Selection
) -> Sequence[FoundAdmitted]:
    """Ask by the keys that may lead to an admitted customer, and give those who are."""
    selection = rule.with_fields(selection)
    allowed = [_may_ask_or_error(rule, key) for key in keys]
    asked = [key for key, own in zip(keys, allowed, strict=True) if own is True]
    listed = await list_owners(stitcher, asked) if asked else []
    owners = [_possible(stitcher, rule, own) if isinstance(own, list) else own for own in listed]
    wanted = [owner for own in owners if isinstance(own, list) for owner in own]
    found = await find_owners(stitcher, wanted, selection) if wanted else {}
    results = [[found[owner] for owner in own] if isinstance(own, list) else own for own in owners]
    judging = (_judge(stitcher, rule, key, own, selection) for key, own in zip(asked, results, strict=True))
    judged = iter(await asyncio.gather(*judging))
    return [next(judged) if own is True else own or None for own in allowed]


async def _judge(
    stitcher: Stitcher,
    rule: AdmissionRule,
    key: Key,
    results: Sequence[FoundByKey] | CallerError | SourceFailure,
    selection: Selection,
) -> FoundAdmitted:
    """Judge what a key has found, or tell why it can find nothing."""
    kind = key.kind
    if isinstance(results, Exception):
        return results
    admitted = await result_or_error(_all_admitted, stitcher, rule, kind, results, selection)
    judged: FoundByKey = admitted if isinstance(admitted, Exception) else only_one(kind, admitted)
    if judged is None:
        judged = _erased_or_none(stitcher, rule, key)
    return cast("FoundAdmitted", rule.choose(judged, whole=only_one(kind, results)))


async def _all_admitted(
    stitcher: Stitcher, rule: AdmissionRule, kind: KeyKind, results: Sequence[FoundByKey], selection: Selection
) -> list[AdmittedCustomer]:
    """List those who are admitted of what a key has found. Of several customers of one key those alone count.

    Raises the reason why it finds none; what is wrong with the key that a record has of its customer is not told.
    """
    found: list[FoundByKey] = []
    for result in results:
        if isinstance(result, AmbiguousIdentityError):
            candidates = _possible(stitcher, rule, [Key(KeyKind.CUSTOMER_ID, id_) for id_ in result.candidates])
            found += await find_customers(stitcher, candidates, selection) if candidates else []
        elif not (isinstance(result, CallerError) and kind in RECORD_KEYS):
            found.append(result)
    admitted, erased = [], None
    for result in found:
        try:
            own = _admitted(result, rule)
        except ErasedError as error:
            erased = error
        else:
            admitted += [] if own is None else [own]
    if erased is not None and not admitted:
        raise erased
    return admitted


def _erased_or_none(stitcher: Stitcher, rule: AdmissionRule, key: Key) -> ErasedError | ErasuresUnknownError | None:
    """Say that a key which finds nobody is that of somebody erased. Who sees some customers alone is told of no other."""
    try:
        _refuse_erased(stitcher, rule, key)
    except (ErasedError, ErasuresUnknownError) as error:
        return error
    return None


def _refuse_erased(stitcher: Stitcher, rule: AdmissionRule, key: Key) -> None:
    if rule.erased is not None and rule.rows is None:
        rule.erased.refuse_keys(stitcher.normal_keys(rule.erased, key))


def _refuse_owners(stitcher: Stitcher, rule: AdmissionRule, owners: Sequence[Key]) -> None:
    """Refuse a record of somebody erased, by the keys that it has of its customer."""
    for owner in owners:
        _refuse_erased(stitcher, rule, owner)


def _possible(stitcher: Stitcher, rule: AdmissionRule, keys: Sequence[Key]) -> list[Key]:
    """List the keys that may find an admitted customer. With several sources an id that is not named may be another of his."""
    if stitcher.has_several_sources:
        return [*keys]
    return [key for key in keys if _may_lead(rule, key)]


def _admit_or_none(customer: StitchedCustomer, rule: AdmissionRule | None) -> AdmittedCustomer | None:
    try:
        return admit(customer, rule)
    except (ErasedError, ErasuresUnknownError, PurposeWithheldError, SourceFailure):
        return None


def _admitted(result: FoundByKey, rule: AdmissionRule) -> AdmittedCustomer | None:
    """Admit what was found. Raises the reason why nothing was."""
    if isinstance(result, Exception):
        raise result
    return None if result is None else admit(result, rule)


def _may_ask(rule: AdmissionRule, key: Key) -> bool:
    """Tell whether a key may find an admitted customer. Raises `InvalidKeyError` for what can be no id."""
    if key.kind is KeyKind.CUSTOMER_ID:
        normalised(key.kind, key.value)
    return _may_lead(rule, key)


def _may_lead(rule: AdmissionRule, key: Key) -> bool:
    """Tell whether a key may lead to an admitted customer: an id says so itself, or its record does."""
    return key.kind is not KeyKind.CUSTOMER_ID or rule.decide(key.value) is not False


def _may_ask_or_error(rule: AdmissionRule, key: Key) -> bool | CallerError:
    try:
        return _may_ask(rule, key)
    except CallerError as error:
        return error
