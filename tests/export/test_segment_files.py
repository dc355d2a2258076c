"""Segments that come as files and leave as files: lists of keys, and customers as a caller sees them."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import KeyKind
from connectors.errors import ConfigurationError, SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.app import create_services
from gateway.errors import SourceFailure
from gateway.export.segment_export import CsvWriter, JsonLinesWriter, export_segment, write_cell
from gateway.population.list_upload import UploadReport, upload_list
from gateway.services import Services
from gateway.settings import MongoSettings
from tests.support.gateway_server import gateway_on, settings_for
from tests.support.known_people import knowing, person
from tests.support.tag_shop import ShopClock, store_of

pytestmark = pytest.mark.mongodb

SECRET = "0123456789abcdef" * 2
PACK = """\
facts: {n: {label: Orders, record: order, measure: count}}
tags: {buyer: {label: B, description: D., owner: o, category: VALUE, ttl: 6h, version: 1, words: W., type: boolean, expression: n >= 1}}
segments:
  fair: {label: Fair, description: D., owner: o, words: W., kind: list}
  buyers: {label: Buyers, description: D., owner: o, words: W., condition: buyer}
"""  # noqa: E501
PEOPLE = [
    person("1", name="Ana", email="ana@example.com", phone="+442079460000"),
    person("2", name="=cmd()", email="bo@example.com"),
    person("3", name="Cy, the \"third\"", email="cy@example.com"),
]  # fmt: skip
CALLERS = {
    "crm": {},
    "masked": {
        "sees": {"identifying": "shown", "personal": "shown", "contact": "masked", "commercial": "shown"},
        "find_by": ["customer_id", "text"],
    },
    "blind": {"sees": {"personal": "shown"}, "find_by": ["customer_id"]},
}


@pytest.fixture
def words(tmp_path: Path, mongodb_settings: MongoSettings) -> dict[str, Any]:
    path = tmp_path / "tags.yaml"
    path.write_text(PACK, encoding="utf-8")
    return {
        "mongodb": mongodb_settings.model_dump(),
        "tags": {"file": str(path), "cache_s": 0},
        "access": {"anonymous": "crm", "hash_secret": SECRET},
        "callers": CALLERS,
    }


def services_of(connectors: list[MemoryConnector], words: dict[str, Any]) -> Services:
    return create_services(settings_for(connectors, **words), connectors=connectors, clock=ShopClock())


async def uploaded(
    connectors: list[MemoryConnector], words: dict[str, Any], tmp_path: Path, text: str, by: str | None = None
) -> UploadReport:
    file = tmp_path / "list.txt"
    file.write_text(text, encoding="utf-8")
    return await upload_list(services_of(connectors, words), "fair", file, by, lambda _: None)


async def listed(words: dict[str, Any]) -> list[str]:
    async with store_of(MongoSettings.model_validate(words["mongodb"])) as store:
        own = (await store.segment_lists.read(["fair"]))["fair"]
        return [*await store.segment_lists.read_page("fair", own.version, "", 0, 99)]


async def test_a_file_is_resolved_as_keys_are(words: dict[str, Any], tmp_path: Path):
    """Ids, addresses in any capitals and numbers; the same customer once; who is not found is told by the line."""
    crm = [knowing("crm", PEOPLE)]
    text = "\ufeff1\n\nemail:BO@example.com\ncrm:1\nemail:nobody@example.com\nphone:+44 20 7946 0000\nemail:not an address\n"
    assert await uploaded(crm, words, tmp_path, text) == UploadReport(6, 2, [5, 7])
    assert await listed(words) == ["crm:1", "crm:2"]
    assert await uploaded(crm, words, tmp_path, "cy@example.com\n", "email") == UploadReport(1, 1, [])
    assert await listed(words) == ["crm:3"]


async def test_a_source_that_is_away_leaves_the_list(words: dict[str, Any], tmp_path: Path):
    """As it was, whole: who cannot be looked up is not somebody who is not there."""
    crm = [knowing("crm", PEOPLE)]
    await uploaded(crm, words, tmp_path, "1\n")
    down = knowing("crm", PEOPLE)
    down.failure = SourceUnavailableError()
    with pytest.raises(SourceFailure):
        await uploaded([down], words, tmp_path, "2\n3\n")
    assert await listed(words) == ["crm:1"]


async def test_what_is_no_list_is_refused(words: dict[str, Any], tmp_path: Path):
    """With the fix: a segment with a condition, one that there is not, a kind of key, a line without end."""
    file = tmp_path / "list.txt"
    file.write_text("x" * 2_000, encoding="utf-8")
    services = services_of([knowing("crm", PEOPLE)], words)
    for key, by, problem in [
        ("buyers", None, "buyers: who is in it follows from its condition; upload a segment of `kind: list`"),
        ("fare", None, "fare: no segment is called so; did you mean 'fair'?"),
        ("fair", "mail", "--by: there are no keys of kind 'mail'; did you mean 'email'?"),
        ("fair", None, "line 1: is longer than 1000 characters; write one key a line"),
    ]:
        with pytest.raises(ConfigurationError) as raised:
            await upload_list(services, key, file, by, lambda _: None)
        assert [*raised.value.problems] == [problem]


async def test_members_follow_when_records_are_linked(words: dict[str, Any], tmp_path: Path):
    """A list is of records: the customer whom they belong to is in it, once, whichever record was uploaded."""
    crm, shop = (
        knowing("crm", PEOPLE),
        knowing("shop", [person("9", email="ana@example.com"), person("8", email="dee@example.com")]),
    )
    await uploaded([knowing("shop", [person("9", email="ana@example.com")])], words, tmp_path, "9\n")
    assert await listed(words) == ["shop:9"]
    text = """{ customer(by: {id: "crm:1"}) { segments(keys: ["fair"]) { member } }
        segment(key: "fair") { customers { nodes { name } } } }"""
    async with gateway_on([crm, shop], **words) as gateway:
        found = await gateway.data(text)
    assert found == {"customer": {"segments": [{"member": True}]}, "segment": {"customers": {"nodes": [{"name": "Ana"}]}}}
    await uploaded([crm, shop], words, tmp_path, "crm:1\nshop:9\nshop:8\n")
    async with gateway_on([crm, shop], **words) as gateway:
        assert len((await gateway.data(text))["segment"]["customers"]["nodes"]) == 2


async def exported(words: dict[str, Any], caller: str, fields: str, key: str = "fair") -> tuple[list[Any], Any]:
    found: list[Any] = []
    services = services_of([knowing("crm", PEOPLE)], words)
    report = await export_segment(services, key, caller, fields.split(","), found.append)
    return found, report


async def test_an_export_is_masked_as_for_its_caller(words: dict[str, Any], tmp_path: Path):
    """What he sees as it is, masked, or not at all, which is told; who may not list customers gets no file."""
    await uploaded([knowing("crm", PEOPLE)], words, tmp_path, "1\n2\n3\n")
    whole, report = await exported(words, "crm", "id,email,phone,identity.complete")
    assert whole[0] == {"id": "crm:1", "email": "ana@example.com", "phone": "+442079460000", "identity": {"complete": True}}
    assert (len(whole), report.customers, report.errors, report.is_whole) == (3, 3, {}, True)
    masked, _ = await exported(words, "masked", "id,email")
    assert masked[1] == {"id": "crm:2", "email": "b***@example.com"}
    with pytest.raises(Exception, match=r"Segment\.customers"):
        await exported(words, "blind", "name")
    for caller, fields, problem in [("crn", "id", "did you mean 'crm'"), ("crm", "id,e mail", "is no field")]:
        with pytest.raises(ConfigurationError, match=problem):
            await exported(words, caller, fields)


async def test_all_pages_are_exported(words: dict[str, Any], tmp_path: Path):
    """More than one page and one entry of the audit; each once."""
    many = [person(f"{number:04}", name=f"N{number}") for number in range(1_234)]
    crm = [knowing("crm", many, by=[KeyKind.CUSTOMER_ID])]
    await uploaded(crm, words, tmp_path, "".join(f"{own.id}\n" for own in many))
    found: list[Any] = []
    report = await export_segment(services_of(crm, words), "fair", "crm", ["id"], found.append)
    assert (report.customers, [own["id"] for own in found]) == (1_234, [f"crm:{own.id}" for own in many])


def test_csv_is_no_formula():
    """Texts that a spreadsheet would compute have a quotation mark before them; numbers, quotes and commas stay."""
    file = io.StringIO()
    writer = CsvWriter(file, ["name", "company.size", "tags.key", "phone"])
    writer.write({"name": "=cmd()", "company": {"size": -5}, "tags": [{"key": "a"}], "phone": "+442079460000"})
    writer.write({"name": 'Cy, the "third"', "company": None, "tags": [], "phone": None})
    assert [*csv.reader(io.StringIO(file.getvalue()))] == [
        ["name", "company.size", "tags.key", "phone"],
        ["'=cmd()", "-5", '["a"]', "'+442079460000"],
        ['Cy, the "third"', "", "[]", ""],
    ]
    assert [write_cell(text) for text in ("@x", "-1", "\tx", "a=b", True)] == ["'@x", "'-1", "'\tx", "a=b", "true"]
    lines = io.StringIO()
    JsonLinesWriter(lines).write({"name": "=é"})
    assert json.loads(lines.getvalue()) == {"name": "=é"}
