"""Another file of tags is compared on those alone who permit it, and nobody is left out unseen."""

from pathlib import Path

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from gateway.population.pack_comparison import PackComparison, compare_packs
from gateway.services import Services
from tests.population.test_refresh import buyers, run, services_of
from tests.support.known_people import knowing, person
from tests.support.shipped_packs import shipped_text

pytestmark = pytest.mark.mongodb
GRANTED = [r.Consent(channel=r.Channel.EMAIL, purpose="marketing", state=r.ConsentState.GRANTED)]


def pack(folder: Path, name: str, *changes: tuple[str, str]) -> Path:
    """Write the shipped pack with the tag `activity` for marketing alone, and other changes."""
    text = shipped_text()
    for before, after in (("  activity:\n", "  activity:\n    purposes: [marketing]\n"), *changes):
        assert before in text
        text = text.replace(before, after, 1)
    (folder / name).write_text(text, "utf-8")
    return folder / name


async def compare(services: Services, path: Path) -> PackComparison:
    return await compare_packs(services, path, 100, 5, lambda _: None)


@pytest.mark.parametrize("stored", [True, False])
async def test_a_tag_for_a_purpose_is_compared_on_who_permits_it(
    tmp_path: Path, mongodb_uri: str, mongodb_database: str, stored: bool
):
    """One of four permits marketing: his tag alone is computed and counted, by both files."""
    connectors = buyers(4)
    people = [person("0000", consents=GRANTED), *(person(f"000{number}") for number in range(1, 4))]
    connectors[0] = knowing("crm", people, by=[KeyKind.CUSTOMER_ID])
    words = {
        "access": {"anonymous": "one"},
        "callers": {"one": {"purposes": ["marketing"]}},
        "purposes": {"marketing": {"basis": "consent"}},
        "tags": {"file": str(pack(tmp_path, "old.yaml"))},
    }
    if stored:
        await run(services_of(connectors, mongodb_uri, mongodb_database, **words))
    new = pack(tmp_path, "new.yaml", ("\n  activity:\n", "\n  pulse:\n"))
    found = await compare(services_of(connectors, mongodb_uri, mongodb_database, **words), new)
    tags = {own.key: own for own in found.tags}
    assert (found.customers, found.is_by_chance) == (4, stored)
    assert [(sum(tags[key].changes.values()), tags[key].same) for key in ("activity", "pulse", "recency")] == [
        (1, 0), (1, 0), (0, 4)
    ]  # fmt: skip
    assert {id_ for ids in tags["pulse"].examples.values() for id_ in ids} == {"crm:0000"}
