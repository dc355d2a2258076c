"""Whatever stands in an answer, a preset gives records or one of our errors, and the gateway's boundary takes what it gives."""

import random
from typing import Any

import pytest

from connectors.contract import Ask, KeyKind
from connectors.errors import SourceError
from connectors.record_fields import all_fields, narrow
from connectors.testing.fetches import page_of
from connectors.vendors.hubspot import HubSpot
from connectors.vendors.posthog import PostHog
from connectors.vendors.salesforce import Salesforce
from connectors.vendors.segment import Segment
from connectors.vendors.stripe import Stripe
from connectors.vendors.zendesk import Zendesk
from gateway.lookups.source_call import validate_records
from tests.vendors import test_hubspot, test_posthog, test_salesforce, test_segment, test_stripe, test_zendesk
from tests.vendors.api import opened
from tests.vendors.hubspot import HubSpotApi
from tests.vendors.posthog import project
from tests.vendors.salesforce import SalesforceApi, org
from tests.vendors.segment import SegmentApi, space
from tests.vendors.stripe import StripeApi
from tests.vendors.zendesk import ZendeskApi

pytestmark = pytest.mark.vendors

ODD = [
    None,
    "",
    "text",
    "\x00",
    0,
    -1,
    7,
    10**30,
    1.5,
    True,
    [],
    [[]],
    ["text"],
    {},
    {"id": 1},
    {"id": None},
    "2026-13-45",
    "1e999",
]
ROUNDS = 40
PRESETS = {
    "hubspot": (HubSpot, HubSpotApi, "crm", test_hubspot.SETTINGS, test_hubspot.TestContract.samples),
    "posthog": (PostHog, project, "behaviour", test_posthog.SETTINGS, test_posthog.TestContract.samples),
    "salesforce": (
        Salesforce,
        lambda: SalesforceApi(org()),
        "crm",
        test_salesforce.SETTINGS,
        test_salesforce.TestContract.samples,
    ),
    "segment": (
        Segment,
        lambda: SegmentApi(space()),
        "behaviour",
        test_segment.SETTINGS,
        test_segment.TestContract.samples,
    ),
    "stripe": (Stripe, StripeApi, "payments", test_stripe.SETTINGS, test_stripe.TestContract.samples),
    "zendesk": (Zendesk, ZendeskApi, "support", test_zendesk.ALL_KEYS, test_zendesk.TestContract.samples),
}


def spoiler(seed: int) -> Any:
    """Puts something odd in the place of one value of an answer, anywhere inside it."""
    dice = random.Random(seed)

    def spoil(value: Any, depth: int = 0) -> Any:
        places = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
        if not places or (depth > 0 and dice.random() < 0.3):
            return dice.choice(ODD)
        place = dice.choice(places)
        value[place] = spoil(value[place], depth + 1)
        return value

    return spoil


@pytest.mark.parametrize("preset", PRESETS)
async def test_an_odd_value_costs_a_record_or_is_an_error(preset):
    """One value of every answer is replaced, in each lookup, many times over."""
    kind, make_api, name, settings, samples = PRESETS[preset]
    api = make_api()
    given, failed = 0, 0
    async with opened(kind, api, name, **settings) as connector:
        for lookup in connector.lookups():
            keys = samples[lookup.record, lookup.by][:1]
            kind = narrow(lookup.record, all_fields(lookup.record))
            answer: Any = {}
            for seed in range(ROUNDS):
                api.spoil = spoiler(seed)
                first = None if lookup.by is KeyKind.TEXT else 3
                try:
                    answer = await lookup.fetch(keys, Ask(fields=all_fields(lookup.record), first=first))
                    for found in answer.values():
                        validate_records(page_of(found).records, kind)
                    given += 1
                except SourceError:
                    failed += 1
            assert set(answer) <= set(keys)
    # Every call of a lookup is spoiled, so that one of several calls fails more often than not.
    assert given > failed / 2 > 0
