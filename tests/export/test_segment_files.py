"""Segments that come as files and leave as files: lists of keys, and customers as a caller sees them."""

import csv
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from connectors import records as r
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


@pytest.mark.parametrize("away", ["crm", "desk"])
async def test_a_source_that_goes_away_midway_is_told(words: dict[str, Any], tmp_path: Path, away: str):
    """Also where another one gave the customer: then what it has is missing, and the file is not whole."""
    names = [f"{number:04}" for number in range(250)]
    sources = {
        "crm": knowing("crm", [person(own, name=own, email=f"{own}@example.com") for own in names]),
        "desk": knowing("desk", [person(own, phone=f"+44207946{own}", email=f"{own}@example.com") for own in names]),
    }
    connectors = [*sources.values()]
    await uploaded(connectors, words, tmp_path, "".join(f"crm:{own}\n" for own in names))
    found: list[Any] = []

    def write(node: Any) -> None:
        found.append(node)
        if len(found) == 150:
            sources[away].failure = SourceUnavailableError()

    report = await export_segment(services_of(connectors, words), "fair", "crm", ["id", "phone"], write)
    assert found[0] == {"id": "crm:0000", "phone": "+442079460000"}
    assert (report.customers, {*report.errors}, report.is_whole) == (250, {"SOURCE_UNAVAILABLE"}, False)


async def test_nobody_is_left_out_in_silence(words: dict[str, Any], tmp_path: Path):
    """Whose consent is not known is not written. Where that is for want of a source, the file is not whole."""
    consent = r.Consent(channel=r.Channel.EMAIL, purpose="marketing", state=r.ConsentState.GRANTED)
    crm = knowing("crm", [person("1", consents=[consent]), person("2")])
    await uploaded([crm], words, tmp_path, "1\n2\n")
    words |= {"purposes": {"news": {"basis": "consent", "consent": "marketing"}}}
    found: list[Any] = []
    report = await export_segment(services_of([crm], words), "fair", "crm", ["id"], found.append, "news")
    assert (found, report.errors) == ([{"id": "crm:1"}], {})
    crm.failure = SourceUnavailableError()
    report = await export_segment(services_of([crm], words), "fair", "crm", ["id"], found.append, "news")
    assert (report.customers, {*report.errors}, report.is_whole) == (0, {"SOURCE_UNAVAILABLE"}, False)


async def test_a_line_without_end_is_not_read_whole(words: dict[str, Any], tmp_path: Path):
    """However long it is."""
    file = tmp_path / "list.txt"
    file.write_bytes(b"crm:1\r\n" + b"x" * 20_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(ConfigurationError, match="line 2: is longer"):
            await upload_list(services_of([knowing("crm", PEOPLE)], words), "fair", file, None, lambda _: None)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


async def test_lines_end_as_on_any_machine(words: dict[str, Any], tmp_path: Path):
    """With a mark of the order of bytes, with carriage returns, without an end; a key of all characters that one may have."""
    file = tmp_path / "list.txt"
    file.write_bytes("\ufeffcrm:1\r\n\r\n".encode() + b"email:" + b"x" * 994 + b"\r\ncrm:2\rcrm:3")
    report = await upload_list(services_of([knowing("crm", PEOPLE)], words), "fair", file, None, lambda _: None)
    assert report == UploadReport(4, 3, [3])


async def test_a_key_of_several_customers_is_of_none(words: dict[str, Any], tmp_path: Path):
    """It is told by its line; a customer who is there twice is on the list once."""
    twins = [person("1", email="both@example.com"), person("2", email="both@example.com"), person("3")]
    crm = [knowing("crm", twins)]
    assert await uploaded(crm, words, tmp_path, "email:both@example.com\n3\n3\n") == UploadReport(3, 1, [1])


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
    for risky in ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"):
        assert write_cell(f"{risky}x") == f"'{risky}x"
    assert [write_cell(text) for text in ("a=b", True)] == ["a=b", "true"]
    lines = io.StringIO()
    JsonLinesWriter(lines).write({"name": "=é"})
    assert json.loads(lines.getvalue()) == {"name": "=é"}
