"""What the base of presets does for each of them."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from aiohttp import web
from hypothesis import given as drawn
from hypothesis import strategies as st

from connectors.contract import Ask, KeyKind, Position, lookup
from connectors.errors import (
    SourceAuthError,
    SourceProtocolError,
    SourceRejectedError,
    SourceThrottledError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.record_fields import Fields
from connectors.records import Event
from connectors.toolkit import evaluation
from connectors.toolkit.converters import contact_points, given, to_country
from connectors.toolkit.http_client import gathered
from connectors.toolkit.vendor_connector import Secret, Trial, Vendor, VendorSettings
from connectors.toolkit.vendor_rows import as_records, by_key, cut_page, needed, read_day, step
from tests.support.demo_sources import refused_port
from tests.support.http_source import serving

pytestmark = pytest.mark.vendors

ASK = Ask(fields=Fields.from_paths("id"))
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class TillsSettings(VendorSettings):
    token: Secret


class Rows(msgspec.Struct):
    rows: list[dict]


class Tills(Vendor[TillsSettings]):
    kind = "tills"
    settings_type = TillsSettings

    def trials(self):
        return [Trial("/rows", "the right to read rows"), Trial("/more", "the right to read more")]

    def refusal(self, answer):
        if answer.said["code"] == "slow down":
            return SourceThrottledError(retry_after_s=answer.said["seconds"])
        return super().refusal(answer)

    @lookup(Event, by=KeyKind.DEVICE_ID)
    async def events_by_device(self, keys, ask):
        found = await self.get(Rows, "/rows", {"keys": ",".join(keys), "nothing": None}, self.until(ask))
        return by_key(keys, found.rows, lambda row: [row["key"]], lambda row: given(id=row["id"], at=row["at"], type="visit"))


def settings(base_url, **more):
    return TillsSettings(base_url=base_url, token="t0ken", keys={"event": ["device_id"]}, **more)


async def asked(handler, use, **more):
    """What `use` gives for an open connector on a server that gives every request to `handler`."""
    async with serving(handler) as base_url:
        connector = Tills("tills", settings(base_url, **more))
        await connector.open()
        try:
            return await use(connector)
        finally:
            await connector.aclose()


async def failure(handler, *, remaining_s=None, **more):
    """The error of the lookup."""
    ask = msgspec.structs.replace(ASK, remaining_s=remaining_s)
    with pytest.raises(Exception) as caught:
        await asked(handler, lambda connector: connector.lookups()[0].fetch(["d1"], ask), **more)
    assert "upstream" not in str(caught.value)
    return caught.value


def saying(status, body, **headers):
    async def handler(request):
        return web.Response(status=status, body=body, headers=headers)

    return handler


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, b'{"code": "no"}', SourceAuthError),
        (403, b"upstream, and no JSON", SourceAuthError),
        (401, b'["upstream"]', SourceAuthError),
        (500, b'{"code": "upstream"}', SourceUnavailableError),
        (503, b"x" * 100_000, SourceUnavailableError),
        (404, b'{"code": "gone"}', SourceProtocolError),
        (200, b'{"rows": "upstream"}', SourceProtocolError),
        (200, b"upstream", SourceProtocolError),
        (200, b"[" * 100_000, SourceProtocolError),
        (204, b"", SourceProtocolError),
    ],
)
async def test_an_answer_that_is_no_success_is_one_of_our_errors(status, body, error):
    """Whatever its body is, and whether a preset can read it."""
    assert isinstance(await failure(saying(status, body)), error)


async def test_a_preset_says_what_its_vendor_means():
    """A status that means another thing at this vendor, with the time to wait from the body."""
    error = await failure(saying(418, b'{"code": "slow down", "seconds": 4.5}'))
    assert isinstance(error, SourceThrottledError)
    assert error.retry_after_s == 4.5


async def test_the_remaining_time_bounds_all_calls_of_a_lookup():
    """A source that does not answer is left when the time is over, and one without time is not asked."""
    release = asyncio.Event()
    requests = []

    async def silent(request):
        requests.append(request)
        await release.wait()
        return web.Response()

    assert isinstance(await failure(silent, remaining_s=0.05), SourceTimeoutError)
    assert isinstance(await failure(silent, remaining_s=0.0), SourceTimeoutError)
    assert len(requests) == 1
    release.set()


async def test_rows_go_to_their_keys_and_odd_ones_are_left_out_alone():
    """A row of another key is nobody's; one whose key cannot be read, or that cannot be made a record, stands as null."""
    rows = [
        {"key": "d1", "id": "e1", "at": "2026-06-01T12:00:00Z"},
        {"key": "d2", "id": "e2", "at": "2026-06-01T12:00:00Z"},
        {"id": "e3"},
        {"key": "d1", "id": "e4"},
        {"key": ["d1"], "id": "e5"},
    ]
    answer = await asked(
        saying(200, msgspec.json.encode({"rows": rows})), lambda connector: connector.lookups()[0].fetch(["d1"], ASK)
    )
    assert answer == {"d1": b'[{"id":"e1","at":"2026-06-01T12:00:00Z","type":"visit"},null,null]'}


async def test_keys_that_cannot_be_sent_are_refused_alone():
    """Nothing and half of a character; with nothing else to ask for, nothing is sent."""
    requests = []

    async def handler(request):
        requests.append(request.query["keys"])
        return web.json_response({"rows": []})

    first, second = await asked(handler, lambda connector: _twice(connector.lookups()[0]))
    assert isinstance(first[""], SourceRejectedError)
    assert list(second) == ["\ud800"]
    assert requests == ["d1"]


async def _twice(events):
    return await events.fetch(["", "d1"], ASK), await events.fetch(["\ud800"], ASK)


async def test_a_path_that_leads_elsewhere_is_not_followed():
    """A link of a vendor's is a path here; with its host it would carry our credentials there."""
    for path in ("@elsewhere.example/rows", "http://elsewhere.example/rows", ".elsewhere.example"):
        with pytest.raises(SourceProtocolError):
            await asked(saying(200, b"{}"), lambda connector, path=path: connector.call("GET", path, until=None))


async def test_paths_and_parameters_arrive_as_they_were_meant():
    """A key holds nothing that ends a step of a path; steps that lead upwards are refused."""
    seen = []

    async def handler(request):
        seen.append((request.raw_path, dict(request.query)))
        return web.json_response({"rows": []})

    key = "a/b?c=d&e#f%2F ü+;"
    await asked(
        handler,
        lambda connector: connector.get(Rows, f"/x/{step(key)}/y?fixed=1", {"page[size]": 5, "q": key, "none": None}, None),
    )
    ((path, query),) = seen
    assert path.startswith("/x/a%2Fb%3Fc%3Dd%26e%23f%252F%20%C3%BC%2B%3B/y?fixed=1&")
    assert query == {"fixed": "1", "page[size]": "5", "q": key}
    for upwards in (".", ".."):
        with pytest.raises(SourceRejectedError):
            step(upwards)


async def test_check_says_each_problem_once():
    """A source that is away is one problem, whatever was tried; what one right is for is named."""
    with refused_port() as port:
        connector = Tills("tills", settings(f"http://127.0.0.1:{port}"))
        await connector.open()
        assert await connector.check() == [
            "sources.tills.base_url: the source is unavailable (no connection); check the address and the network"
        ]
        await connector.aclose()

    async def no_more(request):
        return web.json_response({"code": "gone"}, status=404 if request.path == "/more" else 200)

    (problem,) = await asked(no_more, lambda connector: connector.check())
    assert problem.startswith("sources.tills: the source gave an answer that cannot be read (HTTP status 404)")
    assert problem.endswith("when it is asked for what needs the right to read more; ask it by hand")


async def test_of_calls_side_by_side_the_first_failure_ends_the_others():
    """What is raised is that failure, and nothing is left under way."""
    ended = []

    async def waiting():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def failing():
        await asyncio.sleep(0)
        raise SourceTimeoutError

    with pytest.raises(SourceTimeoutError):
        await gathered([waiting(), failing()])
    assert ended == [True]


EVENTS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 20)).map(
        lambda one: Event(id=f"e{one[1]}", at=NOON + timedelta(hours=one[0]), type="visit")
    ),
    max_size=12,
    unique_by=lambda event: event.id,
)
HOURS = st.none() | st.integers(0, 5).map(lambda hours: NOON + timedelta(hours=hours))


@drawn(
    EVENTS, HOURS, HOURS, HOURS, st.none() | st.integers(1, 4), st.booleans(), st.sampled_from(["", "e1", "e15", "e3", "e99"])
)
def test_a_window_is_what_the_ask_means(events, since, until, after, first, oldest_first, after_id):
    """The same as over records in memory, for any bounds, cursor and order."""
    position = None if after is None else Position(after, after_id)
    ask = Ask(fields=ASK.fields, since=since, until=until, after=position, first=first, oldest_first=oldest_first)
    found, total = cut_page(events, ask, lambda event: Position(event.at, event.id))
    inside = evaluation.filter_records(events, ask)
    expected = evaluation.sort_records(inside, oldest_first=oldest_first)
    if position is not None:
        expected = evaluation.records_after(expected, position, oldest_first=oldest_first)
    assert found == expected[:first]
    assert total == len(inside)


def test_a_row_without_a_place_stands_as_the_oldest():
    """It is None, and cut like the others."""
    rows = [{"id": "a", "at": NOON}, {"id": "b"}]
    place = lambda row: Position(row["at"], row["id"])  # noqa: E731
    assert cut_page(rows, ASK, place) == ([rows[0], None], 1)
    assert cut_page(rows, msgspec.structs.replace(ASK, oldest_first=True), place) == ([None, rows[0]], 1)
    assert cut_page(rows, msgspec.structs.replace(ASK, first=1), place) == ([rows[0]], 1)


def test_records_that_nest_without_end_are_an_error_of_the_source():
    """What cannot be written is no crash."""
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(SourceProtocolError):
        as_records([deep], lambda row: {"properties": row})


def test_values_of_vendors_become_canonical():
    """No value is left out, the name of a country is no code, and what is no day is marked to be dropped."""
    assert given(a=None, b="", c=[], d={}, e=0, f=False, g="x") == {"e": 0, "f": False, "g": "x"}
    assert (to_country(" de "), to_country("Germany"), to_country(49)) == ("DE", None, None)
    days = ("1985-03-12", " 1985-03-12 ", "1985-03-12T00:00:00.000Z", "", None, "in spring", "12.03.1985", 478396800000)
    assert [read_day(written) for written in days] == [
        *("1985-03-12", "1985-03-12", "1985-03-12", None, None, ["in spring"], ["12.03.1985"], [478396800000])
    ]
    assert contact_points(["a@x.de", None, "b@x.de"], [""]) == [
        {"kind": "EMAIL", "value": "a@x.de", "primary": True},
        {"kind": "EMAIL", "value": "b@x.de", "primary": False},
    ]
    assert needed(Fields.from_paths("name", "total.amount", "other"), {"name": ("b", "a"), "total": ("a",)}) == ["a", "b"]
