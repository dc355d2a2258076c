"""Load a page of all customers that one source finds by a key."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from connectors.contract import Ask, KeyKind
from connectors.records import Customer
from gateway.errors import SourceFailure
from gateway.identity.records import RecordId
from gateway.lookups.loaders import Loaders
from gateway.lookups.outcome import Failed, Found
from gateway.lookups.sources import Source
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.identity_lookup import IdentityLookup
from gateway.stitching.merged_customer import MergedCustomer
from gateway.stitching.position import ask_of_source, position_of
from gateway.stitching.record_list import RecordPage, page_of_one
from gateway.stitching.selection import Selection
from gateway.stitching.source_router import SourceRouter


async def load_customer_page(
    router: SourceRouter, loaders: Loaders, source: Source, kind: KeyKind, key: str, ask: Ask, selection: Selection
) -> RecordPage:
    """Load a page of all customers that one source finds by a key. Raises `SourceFailure`."""
    ask = msgspec.structs.replace(ask, fields=ask.fields | router.fields(selection))
    ask = ask_of_source(ask, Customer, source.name)
    (outcome,) = await loaders.leading(source, source.records(Customer, kind, ask), [key])
    if isinstance(outcome, Failed):
        raise SourceFailure(outcome.source, outcome.error)
    assert isinstance(outcome, Found)
    people = await _customers_of(router, loaders, outcome, selection)
    return msgspec.structs.replace(page_of_one(Customer, ask, outcome), records=people)


async def _customers_of(
    router: SourceRouter, loaders: Loaders, outcome: Found, selection: Selection
) -> Sequence[StitchedCustomer]:
    """Find the customers of the records that a source has given. One that its id does not find has this record alone."""
    customers, source = router.customers, outcome.source
    found: list[StitchedCustomer] = []
    for record in outcome.records:
        own = msgspec.structs.replace(outcome, records=[record])
        found.append(StitchedCustomer(record, source, record.id, loaders, own, router))
    for customer in found if selection.members else ():
        customer.selected = selection.shown
    if not (customers.are_several and customers.finds_ids(source) and not customers.is_enough(source, selection)):
        return found
    ids = [RecordId(source, record.id) for record in outcome.records]
    merged, _ = await IdentityLookup(router, loaders).find(ids, (), selection)
    for place, whole in enumerate(merged):
        if isinstance(whole, MergedCustomer):
            whole.found_at = position_of(outcome.records[place], source)
            found[place] = whole
    return found
