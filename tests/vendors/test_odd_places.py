"""An odd value in any place of a vendor's row costs that value: the record stays, unless it means nothing without it."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from connectors.contract import Ask, KeyKind, Lookup
from connectors.errors import SourceProtocolError
from connectors.record_fields import all_fields, narrow
from connectors.records import Survey
from connectors.testing.fetches import page_of
from connectors.vendors.shopify import Shopify
from gateway.lookups.source_call import validate_records
from tests.vendors import test_odd_answers, test_shopify
from tests.vendors.api import opened
from tests.vendors.shopify import ShopifyApi

pytestmark = [pytest.mark.vendors, pytest.mark.cases]

SHOPIFY = (Shopify, ShopifyApi, "shop", test_shopify.SETTINGS, test_shopify.TestContract.samples)
PRESETS = test_odd_answers.PRESETS | {"shopify": SHOPIFY}
ODD: tuple[Any, ...] = (None, "text", 7, True, ["text"], {"odd": 1})
STANDS_ON: dict[str, set[Any]] = {
    "hubspot": {
        *("id", "properties", "hs_object_id", "createdAt"),
        *("hs_submission_timestamp", "hs_recurring_billing_start_date"),
    },
    "posthog": {0, 1, 2, 3},
    "salesforce": {"attributes", "type", "Id", "ContactId", "CreatedDate", "Opportunity"},
    "segment": {"type", "event", "message_id", "timestamp"},
    "shopify": {"legacyResourceId", "processedAt"},
    "stripe": {"id", "created", "customer", "start_date", "status"},
    "zendesk": {"id", "created_at"},
}
"""What a record is found by, or means nothing without. The rows of PostHog are lists, which begin with it."""
OF_SURVEYS = {"zendesk": {"satisfaction_rating", "score", "updated_at"}}
"""What a survey stands on beside that."""
ENVELOPE = {
    *("after_cursor", "comments", "count", "cursor", "customer", "data", "has_more", "meta", "next", "next_page", "nodes"),
    *("after", "from", "orders", "records", "result", "results", "statusCode", "tickets", "to", "toObjectId", "traits"),
    "users",
}
"""What is about all rows: where it is odd, the answer cannot be read."""


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to everything in an answer; of lists to the first two."""
    steps = list(value) if isinstance(value, dict) else range(min(len(value), 2)) if isinstance(value, list) else ()
    return [path] * bool(path) + [found for step in steps for found in places(value[step], (*path, step))]


def replaced(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """A copy of an answer with another value in one place."""
    if not path:
        return odd
    changed = copy.copy(value)
    changed[path[0]] = replaced(value[path[0]], path[1:], odd)
    return changed


class Answers:
    """What a vendor answers in turn; one answer is odd."""

    def __init__(self) -> None:
        self.given: list[Any] = []
        self.odd: tuple[int, Any] | None = None
        self.count = 0

    def spoil(self, answer: Any) -> Any:
        place, self.count = self.count, self.count + 1
        if self.odd is None:
            self.given.append(answer)
        elif place == self.odd[0]:
            return self.odd[1]
        return answer

    def spoilt(self) -> Iterator[tuple[int, tuple[Any, ...], Any]]:
        """Which answer is to be odd, where in it, and what is to stand there."""
        return ((number, path, odd) for number, one in enumerate(self.given[:]) for path in places(one) for odd in ODD)


@pytest.mark.parametrize("preset", PRESETS)
async def test_an_odd_value_in_a_row_costs_itself(preset):
    """Nothing but an envelope that cannot be read is an error, and nothing but what a record stands on costs it."""
    kind, make_api, name, settings, samples = PRESETS[preset]
    api = make_api()
    wrong = []
    async with opened(kind, api, name, **settings) as connector:
        for lookup in connector.lookups():
            if lookup.by is not KeyKind.CUSTOMER_ID:
                continue
            answers = Answers()
            api.spoil = answers.spoil
            keys = samples[lookup.record, lookup.by][:1]
            stands_on = STANDS_ON[preset] | (OF_SURVEYS.get(preset, set()) if lookup.record is Survey else set())
            whole = await ids_found(lookup, keys, answers)
            for place, path, odd in answers.spoilt():
                answers.odd = place, replaced(answers.given[place], path, odd)
                named = [step for step in path if isinstance(step, str) or (preset == "posthog" and len(path) > 2)]
                last = named[-1]
                try:
                    is_right = whole <= await ids_found(lookup, keys, answers) or last in stands_on | ENVELOPE
                except SourceProtocolError:
                    is_right = last in ENVELOPE or "from" in path
                if not is_right:
                    wrong.append((lookup.record.__name__, path, odd))
    assert wrong == []


async def ids_found(lookup: Lookup, keys: Sequence[str], answers: Answers) -> set[str]:
    answers.count = 0
    fields = all_fields(lookup.record)
    pages = [page_of(found) for found in (await lookup.fetch(keys, Ask(fields=fields))).values()]
    return {one.id for page in pages for one in validate_records(page.records, narrow(lookup.record, fields)).records}
