"""Tags that are renewed though nobody asks are not those of somebody who is erased."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.app import create_services, opened
from gateway.settings import MongoSettings
from gateway.tags.scheduler import SCHEDULE
from tests.erasure.erased_people import SETTINGS, any_driver, documents, erase, gateway_of, people
from tests.support.gateway_server import settings_for
from tests.support.scheduled_tags import document, have_tags, plan, scheduler_of
from tests.support.tag_shop import store_of

pytestmark = [pytest.mark.mongodb, any_driver]

SET_ID = "crm:7\ndesk:u1\nshop:42"


async def test_an_erased_customer_is_not_renewed(mongodb_settings: MongoSettings):
    """Hers and somebody else's documents come back from a dump, both due: of hers no source is asked, nothing is written."""
    async with gateway_of(people(), mongodb_settings) as gateway:
        await erase(gateway)
    connectors, past = people(), datetime.now(UTC) - timedelta(hours=1)
    services = create_services(
        settings_for(connectors, mongodb=mongodb_settings.model_dump(), **SETTINGS), connectors=connectors
    )
    async with opened(services), store_of(mongodb_settings) as store:
        await have_tags(services, ["crm:8"])
        await plan(store, past, "crm:8")
        restored = {"_id": SET_ID, "changes": {"lifecycle_stage": past}, "changesAt": past}
        await store.mongo.run(lambda database: database.tags.insert_one({**restored}))
        for connector in connectors:
            connector.calls.clear()
        await scheduler_of(services).run_pass()
        asked = {key for connector in connectors for call in connector.calls for key in call[2]}
        counts, hers = scheduler_of(services).counts, await document(store, SET_ID)
        stored = await documents(store)
    assert (counts.renewed, counts.postponed) == (1, 1)
    assert not asked & {"7", "42", "u1", "ana@example.com", "ana.work@example.org"}
    assert "tags" not in hers
    assert not {SET_ID, "crm:8", SCHEDULE} & {own["_id"] for own in stored["leases"]}
