"""Who is erased is in the audit no more, which still verifies; the receipt says who was told of him."""

import asyncio
import hmac
from pathlib import Path

import pytest

from gateway.clock import Clock
from gateway.settings import MongoSettings
from tests.erasure.erased_people import OPERATOR, any_driver, code_of, documents, gateway_of, people, values_in
from tests.support.audit_trails import KEYS, SECRET, verify
from tests.support.tag_shop import store_of

pytestmark = [pytest.mark.mongodb, any_driver]
ERASE = """mutation { eraseCustomer(id: "crm:7", reason: "she asked for it") {
    state recipients { caller } recipientsKnown notPromised stores { name removed } } }"""


def spooled_in(folder: Path) -> list[str]:
    """What all files of a spool say."""
    return [path.read_text("utf-8") for path in folder.iterdir()]


async def test_the_audit_forgets_who_is_erased(mongodb_settings: MongoSettings, tmp_path: Path):
    """Neither MongoDB nor the spool names her, whatever is asked of her later; another customer's accesses stay."""
    audit = {"key": SECRET, "spool": str(tmp_path)}
    async with gateway_of(people(), mongodb_settings, audit=audit) as gateway, store_of(mongodb_settings) as store:
        for id_ in ("crm:7", "crm:8"):
            assert await code_of(gateway, {"id": id_}) is None
        async with asyncio.timeout(30):
            while len((await documents(store)).get("audit_people", ())) < 2:
                await asyncio.sleep(0.02)
        assert await code_of(gateway, {"email": "ana@example.com"}) is None  # which the spool alone knows
        answer = await gateway.ask(ERASE, **OPERATOR)
        receipt = answer["data"]["eraseCustomer"]
        for by in ({"id": "crm:7"}, {"email": "ana@example.com"}):
            assert await code_of(gateway, by) == "ERASED"
    assert (receipt["state"], receipt["recipientsKnown"]) == ("COMPLETE", True)
    assert receipt["recipients"] == [{"caller": "anybody"}]
    async with store_of(mongodb_settings) as store:
        kept = await documents(store)
        found = await verify(store, tmp_path, Clock())
    assert values_in(kept) == []
    assert values_in(spooled_in(tmp_path)) == []
    assert [own["customer"] for own in kept["audit_people"]] == ["crm:8"]
    tried = {own["hmac"] for link in kept["audit_links"] for entry in link["entries"] for own in entry["attempts"]}
    assert tried == {hmac.digest(KEYS.attempt, key, "sha256").hex() for key in (b"crm:7", b"ana@example.com")}, "they stay"
    assert any("HMACs in the audit" in text for text in receipt["notPromised"]), "and it is said"
    assert found.findings == []
    assert found.erased >= 2
