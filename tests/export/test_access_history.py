"""All accesses are read from the audit, page by page, without who asked."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from gateway.errors import StoreError
from gateway.export.access_history import read_accesses
from gateway.settings import MongoSettings
from tests.support.audit_trails import SECRET
from tests.support.exports import export_of
from tests.support.gateway_server import gateway_on
from tests.support.known_people import three

START = datetime(2026, 6, 1, tzinfo=UTC)
PATIENT = {"max_turns": 4}


class Seen(msgspec.Struct):
    at: datetime
    caller: str = "console"
    user: str | None = "anna@example.com"
    purpose: str | None = None
    fields: tuple[str, ...] = ("contact",)
    sources: tuple[str, ...] = ("crm",)
    answer: str = "OK"
    request: str = "r1"


class History:
    """An audit with these accesses. `asked` are the customers and sizes of its pages."""

    def __init__(self, accesses: Sequence[Seen]) -> None:
        self._accesses = sorted(accesses, key=lambda access: access.at, reverse=True)
        self.asked: list[tuple[list[str], int]] = []

    async def accesses(self, customer_ids: Collection[str], *, first: int, before: datetime | None) -> Sequence[Seen]:
        self.asked.append((sorted(customer_ids), first))
        older = [access for access in self._accesses if before is None or access.at < before]
        return [access for access in older if len(older) <= first or access.at >= older[first - 1].at]


class AwayHistory(History):
    async def accesses(self, customer_ids: Collection[str], *, first: int, before: datetime | None) -> Sequence[Seen]:
        raise StoreError("MongoDB is away")


@pytest.mark.parametrize("times_us", [range(0, 9_000, 300), [0] * 7, [0, 0, 0, 999, 1_000, 1_000, 5_000], range(3), []])
@pytest.mark.parametrize("page", [1, 2, 3, 7, 100])
async def test_every_access_is_read_once(times_us: Sequence[int], page: int):
    """Also where many are of one time, on the edge of a page and beyond it."""
    accesses = [Seen(START + timedelta(microseconds=own), caller=f"c{place}") for place, own in enumerate(times_us)]
    read = await read_accesses(History(accesses), ["crm:7"], page)
    assert sorted(own.recipient for own in read) == sorted(own.caller for own in accesses)
    assert [own.at for own in read] == sorted((own.at for own in accesses), reverse=True)


async def test_accesses_are_exported_by_recipient():
    """Of all records of the customer; the names of people who asked are nowhere."""
    history = History([Seen(START, purpose="newsletter"), Seen(START + timedelta(days=1), caller="agency", answer="FORBIDDEN")])
    exported = await export_of(three(), "shop:42", history=history, identity=PATIENT)
    usual = {"purpose": None, "fieldClasses": ["contact"], "sources": ["crm"], "answer": "OK"}
    assert exported["accesses"] == [
        usual | {"at": "2026-06-02T00:00:00Z", "recipient": "agency", "answer": "FORBIDDEN"},
        usual | {"at": "2026-06-01T00:00:00Z", "recipient": "console", "purpose": "newsletter"},
    ]
    assert history.asked == [(["crm:7", "desk:u1", "shop:42"], 1_000)]
    assert "anna" not in str(exported)


async def test_an_audit_that_is_away_is_missing():
    """The rest is exported; without an audit there is nothing to miss."""
    away = await export_of(three(), "crm:7", history=AwayHistory([]), identity=PATIENT)
    assert (away["accesses"], away["missing"]) == ([], [{"path": "accesses", "code": "STORE_UNAVAILABLE", "source": None}])
    without = await export_of(three(), "crm:7", identity=PATIENT)
    assert (without["accesses"], without["missing"]) == (None, [])


@pytest.mark.mongodb
async def test_an_export_has_the_accesses_before_it_and_is_one(mongodb_settings: MongoSettings, tmp_path: Path):
    """As the audit of the settings has them; whoever asks next sees that all was exported."""
    settings = {"identity": PATIENT, "mongodb": mongodb_settings.model_dump(), "audit": {"key": SECRET, "spool": str(tmp_path)}}
    async with gateway_on(three(), **settings) as gateway:
        answer = await gateway.ask('{ customer(by: {id: "crm:7"}) { name } }')
        assert "errors" not in answer
    first, second = [await export_of(three(), "shop:42", **settings) for _ in range(2)]
    assert [(own["recipient"], own["fieldClasses"]) for own in first["accesses"]] == [(None, ["personal"])]
    assert [own["recipient"] for own in second["accesses"]] == ["operator", None]
    assert len(second["accesses"][0]["fieldClasses"]) > 3
