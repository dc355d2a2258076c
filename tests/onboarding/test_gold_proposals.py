"""What `init` proposes for published databases, against mappings written by hand before it had seen them."""

from pathlib import Path
from typing import Any

import pytest

from connectors.contract import KeyKind
from connectors.record_fields import leaves_of
from connectors.records import Customer
from connectors.testing.fetches import fetch_records
from gateway.onboarding.proposal import Confidence
from gateway.onboarding.source_proposal import ProposedSettings, propose_settings
from gateway.onboarding.source_recognition import RecognitionOptions
from gateway.onboarding.source_url import read_url
from gateway.onboarding.value_shapes import mask_value
from gateway.settings.document import fill_in
from gateway.settings.toml_files import read_toml
from tests.onboarding.gold_mapping import Gold, gold_names, read_gold
from tests.onboarding.gold_score import Score, build_source, score_settings
from tests.onboarding.test_gold_mappings import database_url

MIN_SHARE = 0.85
"""How much of a mapping is proposed."""

APART = {"hubspot", "olist_leads", "salesforce", "snowplow"}
"""Exports whose tables hold parts of different shops, or no customers: orders point to nobody who is there. What is proposed of
them is right; that an order is theirs nobody can tell from the data."""


async def proposed(gold: Gold, url: str, folder: Path) -> tuple[ProposedSettings, dict[str, Any]]:
    """What `init --yes` would write, and the settings of its source as they are read again."""
    source = read_url(url.replace("+aiosqlite", "").replace("+asyncpg", ""), {}, "own")
    options = RecognitionOptions(gold.arguments.get("currency"), gold.arguments.get("region"))
    found = await propose_settings(source, {}, options, (Confidence.SURE, Confidence.LIKELY))
    path = folder / "gateway.toml"
    path.write_text(found.settings, encoding="utf-8")
    document = fill_in(read_toml(path, "--config"), {**source.written, **source.variables}).document
    return found, {"records": {}} | document["sources"]["own"]


async def personal_values(gold: Gold, url: str) -> set[str]:
    """Names, addresses, e-mail addresses and phone numbers of customers, as the mapping reads them."""
    source = build_source(gold.source(0, url))
    await source.open()
    lookups = {(own.record, own.by): own for own in source.lookups()}
    lookup = lookups.get((Customer, KeyKind.CUSTOMER_ID))
    values: set[str] = set()
    if lookup is not None and lookup.sample is not None:
        keys = [own.key for own in (await lookup.sample(100)).keys]
        marked = [path for path, field in leaves_of(Customer).items() if field.personal is not None and "." not in path]
        for rows in (await fetch_records(lookup, keys)).values():
            values |= {str(value) for row in rows for path in marked if isinstance(value := getattr(row, path), str)}
            values |= {row.address.line for row in rows if row.address is not None and row.address.line}  # type: ignore[attr-defined]
    await source.aclose()
    return {value for value in values if len(value) > 4 and value != mask_value(value)}  # of 9999999999 that is the shape


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", gold_names())
async def test_what_is_proposed_is_right(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """No field that runs is wrong, most of what a person would map is proposed, and no value of a customer is written."""
    gold = read_gold(name)
    files, written = tmp_path / "files", tmp_path / "written"
    files.mkdir()
    written.mkdir()
    with database_url(gold, files, request) as url:
        found, settings = await proposed(gold, url, written)
        score: Score = await score_settings(gold, settings, url)
        values = await personal_values(gold, url)
    assert score.wrong == {}
    if name not in APART:
        assert score.share >= MIN_SHARE, score.missed
        assert found.sample is not None
        assert values
    texts = "\n".join([found.settings, found.tags, *found.proofs, *found.proposal.questions])
    assert [value for value in values if value in texts] == []
