"""An export shows nobody who is erased, and nothing that nobody could be told of."""

from pathlib import Path
from typing import Any

import pytest

from gateway.errors import AuditUnavailableError, ErasedError
from gateway.settings import MongoSettings
from tests.erasure.erased_people import SETTINGS, any_driver, documents, erase, gateway_of, people, values_in
from tests.support.audit_trails import SECRET
from tests.support.exports import export_of
from tests.support.tag_shop import store_of

pytestmark = [pytest.mark.mongodb, any_driver]


def settings_on(mongodb: MongoSettings, spool: Path) -> dict[str, Any]:
    return {**SETTINGS, "mongodb": mongodb.model_dump(), "audit": {"key": SECRET, "spool": str(spool)}}


async def test_who_is_erased_is_not_exported(mongodb_settings: MongoSettings, tmp_path: Path):
    """Others are, and their export leaves an entry."""
    words = settings_on(mongodb_settings, tmp_path)
    async with gateway_of(people(), mongodb_settings) as gateway:
        assert (await erase(gateway))["state"] == "COMPLETE"
    for id_ in ("crm:7", "shop:42"):
        with pytest.raises(ErasedError):
            await export_of(people(), id_, **words)
    assert (await export_of(people(), "crm:8", **words))["customer"]["name"] == "Li"
    async with store_of(mongodb_settings) as store:
        kept = await documents(store)
    assert values_in(kept) == []
    assert [own["customer"] for own in kept["audit_people"]] == ["crm:8"]


async def test_nothing_is_exported_that_cannot_be_recorded(mongodb_settings: MongoSettings, tmp_path: Path):
    """As requests are refused then; with `warn` it is exported."""
    words = settings_on(mongodb_settings, tmp_path / "away")
    with pytest.raises(AuditUnavailableError):
        await export_of(people(), "crm:7", **words)
    words["audit"]["on_failure"] = "warn"
    assert (await export_of(people(), "crm:7", **words))["customer"]["name"] == "Ana Souza"
