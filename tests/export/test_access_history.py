"""All accesses are read from the audit, page by page, without who asked."""

from collections.abc import AsyncIterator, Collection, Sequence
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
    """An audit with these accesses, which it gives in parts of two. `asked` are the customers."""

    def __init__(self, accesses: Sequence[Seen]) -> None:
        self._accesses = accesses
        self.asked: list[list[str]] = []

    async def read_all(self, customer_ids: Collection[str], since: datetime | None = None) -> AsyncIterator[Sequence[Seen]]:
        assert since is None
        self.asked.append(sorted(customer_ids))
        for start in range(0, len(self._accesses), 2):
            yield self._accesses[start : start + 2]


class AwayHistory(History):
    async def read_all(self, customer_ids: Collection[str], since: datetime | None = None) -> AsyncIterator[Sequence[Seen]]:
        yield self._accesses
        raise StoreError("MongoDB is away")


@pytest.mark.parametrize("times_us", [range(0, 9_000, 300), [0] * 7, [0, 0, 0, 999, 1_000, 1_000, 5_000], range(3), []])
async def test_every_access_is_exported_once(times_us: Sequence[int]):
    """The latest first, in whatever order they come."""
    accesses = [Seen(START + timedelta(microseconds=own), caller=f"c{place}") for place, own in enumerate(times_us)]
    read = await read_accesses(History(accesses), ["crm:7"])
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
    assert history.asked == [["crm:7", "desk:u1", "shop:42"]]
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
