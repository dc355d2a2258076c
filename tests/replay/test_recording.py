"""What a recording writes, and that who asks does not notice it."""

import json
import os
import stat
from contextlib import suppress

import msgspec
import pytest
from structlog.testing import capture_logs

from connectors import records as r
from connectors.contract import Ask, KeyKind, Measure, MeasureOp, Page
from connectors.errors import ConfigurationError, SourceProtocolError, SourceThrottledError
from connectors.record_fields import Fields, narrow
from connectors.testing import ConnectorContract, HostileConnector, MemoryConnector, OnCall, OnKey
from connectors.testing.hostile import SECRET
from gateway.replay.recording_files import (
    MANIFEST,
    RecordedLine,
    RecordedSource,
    RecordingWriter,
    open_recording,
    path_of,
    read_lines,
    read_manifest,
)
from tests.connectors.test_contract import RECORDS
from tests.lookups.test_source_call import Hostile, giving, raising
from tests.support import shop
from tests.support.gateway_server import gateway_on
from tests.support.recordings import REFERENCE, recording, replaying, timeless

ID = Fields.from_paths("id")


class TestRecording(ConnectorContract):
    samples = {(r.Order, KeyKind.CUSTOMER_ID): ["c1", "c2"], (r.Customer, KeyKind.EMAIL): ["ann@example.com"]}

    @pytest.fixture
    async def connector(self, tmp_path):
        (connector,) = recording(tmp_path / "recorded", [MemoryConnector("memory", RECORDS)])
        await connector.open()
        yield connector
        await connector.aclose()


async def fetched(folder, connector, *keys, **ask):
    """The answer of the connector's first lookup while it is recorded."""
    (recorded,) = recording(folder, [connector])
    await recorded.open()
    try:
        return await recorded.lookups()[0].fetch(keys, Ask(**{"fields": ID} | ask))
    finally:
        await recorded.aclose()


def lines_of(folder, source="orders"):
    return list(read_lines(folder, source))


async def test_folder_and_files_are_for_their_owner_alone(tmp_path):
    """Whatever the process's mask says."""
    before = os.umask(0)
    try:
        await fetched(tmp_path / "recorded", shop.orders(), "c1")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "recorded").stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "recorded").iterdir()}
    assert modes == {MANIFEST: 0o600, "orders.jsonl": 0o600}


async def test_a_line_is_an_answer_for_one_key(tmp_path):
    """With what a replay needs beside what was asked for; that nothing was found is an answer; no key is written."""
    await fetched(tmp_path, shop.orders(), "c2", "nobody", first=1, count=True)
    some, none = lines_of(tmp_path)
    assert (some.record, some.by, some.total) == ("order", KeyKind.CUSTOMER_ID, 1)
    assert some.found == [{"id": "oc21", "placedAt": "2026-06-03T12:00:00Z"}]
    assert some.ask == Ask(fields=ID, first=1, count=True)
    assert (none.found, none.total, none.error) == ([], 0, None)
    assert len({some.key, none.key}) == 2
    assert b'"c2"' not in path_of(tmp_path, "orders").read_bytes()
    assert b"nobody" not in path_of(tmp_path, "orders").read_bytes()


async def test_an_answer_passes_with_more_fields_than_were_asked_for(tmp_path):
    """As bytes, also where the connector has decoded it for what it was asked."""
    kind = narrow(r.Order, Fields.from_paths("id", "placed_at"))
    one = kind(id="o1", placed_at=shop.at(1))
    answer = await fetched(tmp_path, Hostile(giving({"c1": Page([one], 1)})), "c1")
    assert answer == {"c1": Page(b'[{"id":"o1","placedAt":"2026-06-01T12:00:00Z"}]', 1)}


async def test_what_is_malformed_is_counted_and_not_written(tmp_path):
    """Its parts cannot be told apart, so nothing of it could be hidden."""
    await fetched(tmp_path, Hostile(giving({"c1": b'[{"id":"o1"},{"id":[7],"note":"Ana"}]'})), "c1")
    (line,) = lines_of(tmp_path)
    assert (line.found, line.dropped) == ([{"id": "o1"}], 1)


@pytest.mark.parametrize("answer", [giving({"c1": SourceThrottledError("Ana", 5)}), raising(SourceThrottledError("Ana", 5))])
async def test_an_error_is_written_as_its_code(tmp_path, answer):
    """For one key or for the whole call, without the connector's note."""
    with suppress(SourceThrottledError):
        await fetched(tmp_path, Hostile(answer), "c1")
    (line,) = lines_of(tmp_path)
    assert (line.error, line.retry_after_s, line.found) == ("SOURCE_THROTTLED", 5, [])
    assert b"Ana" not in path_of(tmp_path, "orders").read_bytes()


@pytest.mark.parametrize("answer", [None, 5, {"c1": 5}, {"c1": b"<html>"}, {"c1": [7]}, {"c1": Page([7])}], ids=repr)
async def test_what_is_no_answer_is_written_as_unreadable(tmp_path, answer):
    """As the gateway says it."""
    with suppress(SourceProtocolError):
        assert await fetched(tmp_path, Hostile(giving(answer)), "c1") == answer
    assert [line.error for line in lines_of(tmp_path)] == ["SOURCE_PROTOCOL"]


BREACHES = [*OnKey, *(how for how in OnCall if how not in (OnCall.HANGS, OnCall.HANGS_ON))]


@pytest.mark.parametrize("how", BREACHES)
async def test_a_recording_changes_nothing_about_a_hostile_source(tmp_path, how):
    """The answers and errors are those that there would be without it, and nothing that it gave in vain is in the file."""
    query = """{ customers(ids: ["c1", "c2"]) { orders(first: 3) { totalCount nodes { id status } } orderStatistics { count }
        sources { name errorCode droppedRecords } } }"""
    answers = []
    for wrapped in (lambda one: one, lambda one: recording(tmp_path, [one])[0]):
        orders = HostileConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): shop.ORDERS})
        if isinstance(how, OnKey):
            orders.per_key["c1"] = how
        else:
            orders.per_call = how
        async with gateway_on([shop.crm(), wrapped(orders)], **shop.PINNED) as gateway:
            answers.append(timeless(await gateway.ask(query)))
    assert answers[0] == answers[1]
    written = path_of(tmp_path, "orders").read_bytes()
    assert SECRET.encode() not in written
    assert len(written) < 10 * 1024 * 1024


async def test_measures_are_written_with_their_values(tmp_path):
    """One line for a key and all its measures."""
    (recorded,) = recording(tmp_path, [shop.orders()])
    measures = [Measure(op=MeasureOp.COUNT), Measure(op=MeasureOp.SUM, field="total")]
    await recorded.open()
    await recorded.aggregates()[0].measure(["c1"], measures)
    await recorded.aclose()
    (line,) = lines_of(tmp_path)
    assert (line.measures, line.values) == (tuple(measures), [5, [{"amount": "50.00", "currency": "EUR"}]])


async def test_the_same_answer_is_written_once_until_it_changes(tmp_path):
    """Also when it changes back, for the last one counts."""
    source = shop.orders()
    (recorded,) = recording(tmp_path, [source])
    await recorded.open()
    (lookup,) = recorded.lookups()
    one, other = {"c1": shop.ORDERS["c1"]}, {"c1": []}
    for held in (one, one, other, other, one):
        source.records = {(r.Order, KeyKind.CUSTOMER_ID): held}
        await lookup.fetch(["c1"], Ask(fields=ID))
    await recorded.aclose()
    assert [len(line.found) for line in lines_of(tmp_path)] == [5, 0, 5]


async def test_a_full_file_takes_no_more_and_says_so_once(tmp_path):
    """What was recorded before stays whole."""
    open_recording(tmp_path, {}, REFERENCE, is_plain=True)
    writer = RecordingWriter(tmp_path, "orders", max_bytes=200)
    writer.open()
    with capture_logs() as logs:
        for number in range(9):
            writer.append(RecordedLine(record="order", by=KeyKind.CUSTOMER_ID, key=f"{number:040}"))
    writer.close()
    assert [len(line.key) for line in lines_of(tmp_path)] == [40, 40]
    assert logs == [{"event": "recording_full", "source": "orders", "bytes": 200, "log_level": "warning"}]


async def test_a_damaged_line_is_named_and_left_out(tmp_path):
    """A crash may have left a part of one; the next recording goes on behind it."""
    await fetched(tmp_path, shop.orders(), "c1")
    with path_of(tmp_path, "orders").open("ab") as file:
        file.write(b'{"record":"order"}\n{"record":"spoon","by":"email","key":""}\n{"record":"ord')
    await fetched(tmp_path, shop.orders(), "c2")
    with capture_logs() as logs:
        found = lines_of(tmp_path)
    assert [len(line.found) for line in found] == [5, 1]
    assert [(one["event"], one["file"], one["line"]) for one in logs] == [
        ("recording_line_skipped", "orders.jsonl", number) for number in (2, 3, 4)
    ]


async def test_a_recording_that_cannot_be_written_costs_no_answer(tmp_path):
    """It is said once, and answers go on."""
    (recorded,) = recording(tmp_path, [shop.orders()])
    await recorded.open()
    os.close(recorded._writer._file)
    with capture_logs() as logs:
        for key in ("c1", "c2"):
            assert await recorded.lookups()[0].fetch([key], Ask(fields=ID))
    recorded._writer._file = None
    await recorded.aclose()
    assert [(one["event"], one["error"]) for one in logs] == [("recording_failed", "OSError")]


async def test_what_a_recording_sends_is_what_the_gateway_would(tmp_path):
    """The same calls with the same keys; each asks for the fields that order and make a record as well."""
    source, recorded = shop.orders(), shop.orders()
    query = '{ customers(ids: ["c1", "c2"]) { orders(first: 2) { totalCount nodes { status items { name } } } } }'
    async with gateway_on([shop.crm(), source]) as gateway:
        expected = await gateway.data(query)
    async with gateway_on(recording(tmp_path, [shop.crm(), recorded])) as gateway:
        assert await gateway.data(query) == expected
    ((*place, ask),), ((*same, wider),) = source.calls, recorded.calls
    assert place == same
    assert dict(wider.fields).keys() == {"status", "items", "id", "placed_at"}
    assert msgspec.structs.replace(wider, fields=ID, remaining_s=1) == msgspec.structs.replace(ask, fields=ID, remaining_s=1)


def test_a_recording_goes_on_where_it_was_left(tmp_path):
    """With the same salt and the same end of windows, and the sources of both."""
    first = open_recording(tmp_path, {"a": described_nothing()}, REFERENCE, is_plain=False)
    second = open_recording(tmp_path, {"b": described_nothing()}, REFERENCE.replace(year=2027), is_plain=False)
    assert (second.salt, second.reference, list(second.sources)) == (first.salt, REFERENCE, ["a", "b"])
    assert read_manifest(tmp_path, "--replay") == second


def described_nothing():
    return RecordedSource(kind="memory", lookups=[], aggregates=[])


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda folder: (folder / "notes.txt").write_text("x"), "holds other files"),
        (lambda folder: open_recording(folder, {}, REFERENCE, is_plain=True), "was recorded the other way"),
        (lambda folder: (folder / MANIFEST).write_text("{}"), "cannot be read"),
        (lambda folder: (folder / MANIFEST).write_text(json.dumps(version_2(folder))), "version 2"),
    ],
)
def test_a_folder_that_is_not_for_this_recording_is_refused(tmp_path, spoil, problem):
    """Nothing is mixed, and the fix is said."""
    spoil(tmp_path)
    with pytest.raises(ConfigurationError, match=problem):
        open_recording(tmp_path, {}, REFERENCE, is_plain=False)


def version_2(folder):
    made = open_recording(folder / "made", {}, REFERENCE, is_plain=False)
    return msgspec.to_builtins(msgspec.structs.replace(made, version=2))


async def test_a_source_of_any_name_has_a_file_inside_the_folder(tmp_path):
    """Names are the operator's, and may look like paths."""
    inside = tmp_path / "recorded"
    names = ["../up", "a/b", "..", "shop eu"]
    for connector in recording(inside, [MemoryConnector(name, {}) for name in names]):
        await connector.open()
        await connector.aclose()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["recorded"]
    assert len(list(inside.iterdir())) == 1 + len(names)
    assert [one.name for one in replaying(inside)] == names
