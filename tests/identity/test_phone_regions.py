"""Phone numbers without a country code are of the region of the source that gives them."""

from pathlib import Path

import pytest

from connectors import records as r
from connectors.contract import Change, KeyKind
from connectors.record_fields import Fields
from connectors.testing import MemoryConnector
from gateway.check.command import check
from gateway.check.data_checks import check_data
from gateway.check.sampler import Sampler
from gateway.clock import Clock
from gateway.invalidation import Invalidator
from gateway.replay.recording_files import RecordedSource, open_recording
from gateway.stitching.selection import Selection
from gateway.tags.definitions import Pack
from tests.support.gateway_server import gateway_on
from tests.support.known_people import ask_both, calls_of, knowing, order, person
from tests.support.recordings import REFERENCE
from tests.support.tag_shop import services_on

BERLIN, LONDON = "+4930901820", "+442079460000"
REGIONS = {"crm": {"kind": "memory", "phone_region": "DE"}, "shop": {"kind": "memory"}}
WHO = "{ id phone identity { records } }"


def systems() -> tuple[MemoryConnector, MemoryConnector]:
    """Ana, whose number the CRM writes in the German way and the shop in full; Eva, whose number the shop writes as British."""
    ana = person("1", phone="030 901820")
    crm = knowing("crm", [ana], [KeyKind.CUSTOMER_ID, KeyKind.PHONE])
    crm.records[r.Customer, KeyKind.PHONE] = {BERLIN: [ana]}  # type: ignore[index]
    same, eva = person("7", phone=BERLIN), person("8", phone="020 7946 0000")
    shop = knowing("shop", [same, eva], [KeyKind.CUSTOMER_ID, KeyKind.PHONE])
    shop.records[r.Customer, KeyKind.PHONE] = {BERLIN: [same], LONDON: [eva]}  # type: ignore[index]
    return crm, shop


async def test_records_of_two_regions_are_linked():
    """A German number in the national form, and the whole one elsewhere; a caller's national form is of the default region."""
    query = f"""{{ whole: customer(by: {{phone: "{BERLIN}"}}) {WHO} ana: customer(by: {{id: "crm:1"}}) {WHO}
        eva: customer(by: {{phone: "020 7946 0000"}}) {WHO} none: customer(by: {{phone: "030 901820"}}) {WHO} """
    answer = await ask_both(query, *systems(), default_region="GB", sources=REGIONS)
    ana = {"id": "crm:1", "phone": "030 901820", "identity": {"records": ["crm:1", "shop:7"]}}
    eva = {"id": "shop:8", "phone": "020 7946 0000", "identity": {"records": ["shop:8"]}}
    assert answer["data"] == {"whole": ana, "ana": ana, "eva": eva, "none": None}


async def test_without_a_region_of_its_own_a_source_has_the_default_one():
    """The German number is then none of Germany, and links nothing."""
    answer = await ask_both(f'{{ customer(by: {{id: "crm:1"}}) {WHO} ', *systems(), default_region="GB")
    assert answer["data"]["customer"]["identity"] == {"records": ["crm:1"]}


@pytest.mark.parametrize("written", ["030 901820", "0049 30 901820"])
@pytest.mark.parametrize("region", [None, "GB"])
async def test_a_blocked_number_is_one_of_each_region(written: str, region: str | None):
    """As the CRM writes it, too, with and without a default region."""
    blocked = {"blocked": {"phone": [written]}}
    query = f'{{ customer(by: {{id: "crm:1"}}) {WHO} '
    answer = await ask_both(query, *systems(), default_region=region, sources=REGIONS, identity=blocked)
    assert answer["data"]["customer"]["identity"] == {"records": ["crm:1"]}


@pytest.mark.parametrize("several", [False, True])
async def test_other_records_are_asked_for_by_whole_numbers(several: bool):
    """By the number of the customer's own source, whatever the region of the one that is asked."""
    crm, shop = systems()
    till = MemoryConnector("till", {(r.Order, KeyKind.PHONE): {BERLIN: [order("t")]}})
    regions = REGIONS | {"till": {"kind": "memory", "phone_region": "BR"}}
    given = [crm, shop, till] if several else [crm, till]
    sources = {own.name: regions[own.name] for own in given}
    async with gateway_on(given, default_region="GB", sources=sources) as gateway:
        data = await gateway.data('{ customer(by: {id: "crm:1"}) { orders { nodes { id } } } }')
    assert data["customer"] == {"orders": {"nodes": [{"id": "till:o-t"}]}}
    assert calls_of(till) == [[("phone", (BERLIN,))]]


async def test_a_webhook_tells_a_number_of_its_source():
    """What is kept under the whole number is asked for anew."""
    crm, _ = systems()
    sources = {"crm": REGIONS["crm"] | {"cache_s": {"customer": 60}}}
    async with services_on([crm], default_region="GB", sources=sources) as services:
        source = services.sources.named("crm")
        assert source is not None
        for told, calls in ((None, 1), (None, 1), ("020 7946 0000", 1), ("030 901820", 2)):
            if told is not None:
                await Invalidator(services).apply(source, [Change(r.Customer, KeyKind.PHONE, told)])
            await services.stitcher().customer(KeyKind.PHONE, BERLIN, Selection(fields=Fields.from_paths("id")))
            assert sum(call[2] == (BERLIN,) for call in crm.calls) == calls


def test_a_number_has_one_pseudonym_in_all_regions(tmp_path: Path):
    """A recording hides a source's number as the whole one."""
    sources = {
        name: RecordedSource(kind="memory", lookups=[], aggregates=[], phone_region=region)
        for name, region in {"crm": "DE", "shop": None}.items()
    }
    manifest = open_recording(tmp_path, sources, REFERENCE, is_plain=False, default_region="GB")
    hidden = [
        manifest.hide(source)(r.Personal.PHONE, number)
        for source, number in [("crm", "030 901820"), ("crm", BERLIN), ("shop", BERLIN), ("shop", "030 901820")]
    ]
    assert hidden[0] == hidden[1] == hidden[2] != hidden[3]


@pytest.mark.parametrize(("region", "lost"), [("DE", 0), ("GB", 1)])
async def test_check_reads_the_keys_of_a_source_in_its_region(region: str, lost: int):
    """The source finds the German number in both forms; read as a British one it would find nobody."""
    ana = person("1", phone="030 901820")
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.PHONE): {"030 901820": [ana], BERLIN: [ana]}})
    found = await check_data([crm], Pack(facts={}, tags={}), None, Sampler(Clock(), phone_regions={"crm": region}))
    told = [str(own) for own in found.warnings if "find nobody" in str(own)]
    assert [own.split(":")[1].split(" keys")[0].strip() for own in told] == ["1 of 2"] * lost


CONFIG = """default_region = "UK"
[sources.crm]
kind = "sql"
url = "sqlite+aiosqlite:////nowhere/crm.db"
phone_region = "Germany"
[sources.crm.records.customer]
query = "SELECT id FROM customers"
keys = { customer_id = "id" }
[sources.shop]
kind = "sql"
url = "sqlite+aiosqlite:////nowhere/shop.db"
phone_region = "EU"
[sources.shop.records.customer]
query = "SELECT id FROM customers"
keys = { customer_id = "id" }
"""


async def test_a_wrong_region_is_told_at_its_line(tmp_path: Path):
    """What is no code, and codes of regions that have no telephone numbers."""
    config = tmp_path / "gateway.toml"
    config.write_text(CONFIG, encoding="utf-8")
    problems = (await check(config, environment={})).report.problems
    none, iso = "is no region of telephone numbers", "write two capital letters of ISO 3166-1, such as GB"
    assert [(own.line, own.path, own.message, own.fix) for own in problems if own.line not in (4, 11)] == [
        (1, "default_region", none, iso),
        (5, "sources.crm.phone_region", "is no region", "write two capital letters, such as GB"),
        (12, "sources.shop.phone_region", none, iso),
    ]
