"""What requests leave in the audit is in the spool first, and in MongoDB then."""

import errno
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.audit.delivery import Delivery
from gateway.audit.entry_batch import commitment_of
from gateway.audit.sealer import Sealer
from gateway.audit.spool import SegmentWriter, Spool
from gateway.errors import AuditUnavailableError
from gateway.store.store import Store
from tests.support.audit_trails import KEYS, audit_settings, open_trail, patient, record, requests_in, trail_on, verify
from tests.support.fixtures_mongodb import HandClock
from tests.support.serve_process import free_port

pytestmark = pytest.mark.mongodb


def files_in(folder: Path, pattern: str = "*") -> list[Path]:
    """The files of the spool, the locks that all processes share aside."""
    return [path for path in folder.glob(pattern) if path.name not in ("courier.lock", "delivery.lock", "spool.lock")]


async def documents(store: Store, collection: str) -> list[dict[str, Any]]:
    return await store.mongo.run(lambda database: database[collection].find(sort=[("_id", 1)]).to_list(None))


async def test_a_request_leaves_an_entry_without_values(store: Store, spool: Path, hand_clock: HandClock):
    """Customers are commitments, which the people beside the chain open; keys and users are HMACs; sources are sorted."""
    async with open_trail(store, spool, hand_clock) as trail:
        attempts = [("email", "ana@example.com")]
        record(trail, "r1", hand_clock, "crm:7", "crm:8", user="anna", purpose="delivery", attempts=attempts)
        record(trail, "r2", hand_clock, "crm:7", answer="SOURCE_TIMEOUT", fields=())
    begin, entries, end = sorted(await documents(store, "audit_links"), key=lambda link: link["seq"])
    assert [link["kind"] for link in (begin, entries, end)] == ["begin", "entries", "end"]
    assert [link["previous"] for link in (begin, entries, end)] == ["", begin["mac"], entries["mac"]]
    first, second = entries["entries"]
    people = {own["customer"]: own for own in await documents(store, "audit_people")}
    assert [people[id_]["_id"] for id_ in ("crm:7", "crm:8")] == first["customers"]
    assert second["customers"] == first["customers"][:1]
    assert commitment_of(people["crm:7"]["nonce"], b"crm:7") == first["customers"][0]
    assert people["crm:7"]["deleteAt"] - people["crm:7"]["at"] == timedelta(days=400)
    assert (first["request"], first["caller"], first["purpose"], first["operation"]) == ("r1", "console", "delivery", "query")
    assert (first["answer"], first["fields"], first["sources"]) == ("OK", ["contact"], ["crm", "shop"])
    assert (second["answer"], second["fields"], second["user"], second["attempts"]) == ("SOURCE_TIMEOUT", [], None, [])
    assert [own["kind"] for own in first["attempts"]] == ["email"]
    assert len(first["user"]) == len(first["attempts"][0]["hmac"]) == 64
    assert "ana" not in str(entries)
    assert files_in(spool) == []
    found = await verify(store, spool, hand_clock)
    assert (found.findings, found.commitments, found.erased) == ([], 2, 0)
    assert [(own.state, own.first, own.last, own.entries) for own in found.chains] == [("ended", 0, 2, 2)]


async def test_nothing_is_written_for_nobody(store: Store, spool: Path, hand_clock: HandClock):
    """A process that was asked nothing has no chain."""
    async with open_trail(store, spool, hand_clock):
        pass
    assert (files_in(spool), await documents(store, "audit_links")) == ([], [])


async def test_a_link_is_in_the_spool_before_mongodb_has_it(store: Store, spool: Path, hand_clock: HandClock):
    """It is of its owner alone. The segment is closed after a second, and leaves when it was delivered."""
    trail = trail_on(store, spool, hand_clock)
    record(trail, "r1", hand_clock, "crm:7")
    trail.flush()
    [segment] = files_in(spool, "*.open")
    assert segment.stat().st_mode & 0o777 == 0o600
    assert await requests_in(store, spool) == ["r1"]
    await trail.deliver()
    assert await documents(store, "audit_links") == []
    hand_clock.advance(timedelta(seconds=1))
    trail.flush()
    assert [own.suffix for own in files_in(spool) if own.suffix != ".lock"] == [".requests"]
    assert await requests_in(store, spool) == ["r1"]
    await trail.deliver()
    assert [own["seq"] for own in await documents(store, "audit_links")] == [0, 1]
    assert sorted(own.suffix for own in files_in(spool)) == [".head", ".lock"]
    await trail.aclose()


async def test_a_segment_that_comes_twice_is_stored_once(store: Store, spool: Path, hand_clock: HandClock):
    """A process may die between the last write to MongoDB and the removal of the segment."""
    trail = trail_on(store, spool, hand_clock)
    record(trail, "r1", hand_clock, "crm:7")
    trail.flush()
    hand_clock.advance(timedelta(seconds=1))
    trail.flush()
    Sealer(Spool(spool), KEYS.chain, hand_clock).seal_all()
    [segment] = files_in(spool, "*.links")
    content = segment.read_bytes()
    await trail.deliver()
    assert len(await documents(store, "audit_links")) == 2
    segment.write_bytes(content)
    await trail.deliver()
    await trail.aclose()
    assert len(await documents(store, "audit_links")) == 3
    assert len(await documents(store, "audit_people")) == 1
    assert (await verify(store, spool, hand_clock)).findings == []


async def test_requests_are_refused_while_the_spool_is_full(store: Store, spool: Path, hand_clock: HandClock):
    """What waits is written when there is room again, and nothing is missing."""
    trail = trail_on(store, spool, hand_clock, max_spool_bytes=1_048_576)
    trail.check()
    blocking = spool / "blocking.00000001.broken"
    blocking.write_bytes(b"x" * 1_048_576)
    record(trail, "r1", hand_clock, "crm:7")
    with capture_logs() as logs:
        trail.flush()
        trail.flush()
    assert [own["event"] for own in logs] == ["audit_not_written"]
    assert logs[0]["reason"] == "audit.max_spool_bytes is reached"
    with pytest.raises(AuditUnavailableError):
        trail.check()
    blocking.unlink()
    hand_clock.advance(timedelta(seconds=1))
    trail.flush()
    trail.check()
    await trail.aclose()
    assert await requests_in(store, spool) == ["r1"]
    assert (await verify(store, spool, hand_clock)).findings == []


async def test_a_spool_that_is_not_there_refuses_from_the_start(store: Store, tmp_path: Path, hand_clock: HandClock):
    """With `warn` it does not; when the folder is there, both write."""
    folder = tmp_path / "later"
    async with (
        open_trail(store, folder, hand_clock) as strict,
        open_trail(store, folder, hand_clock, on_failure="warn") as lax,
    ):
        lax.check()
        with pytest.raises(AuditUnavailableError):
            strict.check()
        record(lax, "r1", hand_clock)
        folder.mkdir()
        strict.flush()
        strict.check()
    assert await requests_in(store, folder) == ["r1"]


async def test_what_is_too_much_to_wait_is_counted(
    store: Store, spool: Path, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    """The oldest are lost first, and the next link says how many."""
    monkeypatch.setattr("gateway.audit.trail.MAX_WAITING", 3)
    trail = trail_on(store, spool / "later", hand_clock, on_failure="warn")
    for number in range(6):
        record(trail, f"r{number}", hand_clock)
        trail.flush()
    (spool / "later").mkdir()
    await trail.aclose()
    assert sorted(await requests_in(store, spool / "later")) == ["r3", "r4", "r5"]
    found = await verify(store, spool / "later", hand_clock)
    assert ([own.lost for own in found.chains], found.findings) == ([3], [])


async def test_a_write_that_fails_in_the_middle_leaves_no_trace(
    store: Store, spool: Path, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    """The disk is full after half of a link. The same link is written again, so no number is there twice."""
    trail = trail_on(store, spool, hand_clock)
    record(trail, "r1", hand_clock)
    trail.flush()
    real = os.write

    def write_half(descriptor: int, data: memoryview) -> int:
        monkeypatch.setattr("os.write", fail)
        return real(descriptor, data[: len(data) // 2])

    def fail(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.write", write_half)
    record(trail, "r2", hand_clock)
    trail.flush()
    monkeypatch.setattr("os.write", real)
    assert [path.read_bytes()[-1:] for path in files_in(spool, "*.requests")] == [b"\n"]
    assert await requests_in(store, spool) == ["r1"]
    record(trail, "r3", hand_clock)
    await trail.aclose()
    assert sorted(await requests_in(store, spool)) == ["r1", "r2", "r3"]
    assert (await verify(store, spool, hand_clock)).findings == []


async def test_what_comes_while_it_is_written_waits(
    store: Store, spool: Path, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    """Else a busy loop would have the disk written all the time, a few requests each."""
    trail = trail_on(store, spool, hand_clock)
    append, written = SegmentWriter.append, []

    def append_under_load(self: SegmentWriter, data: bytes) -> None:
        written.append(data)
        record(trail, f"r{len(written)}", hand_clock)
        append(self, data)

    with monkeypatch.context() as patch:
        patch.setattr(SegmentWriter, "append", append_under_load)
        record(trail, "r0", hand_clock)
        trail.flush()
    assert (len(written), trail.written, trail.waiting) == (1, 1, 1)
    await trail.aclose()
    assert sorted(await requests_in(store, spool)) == ["r0", "r1"]


async def test_erased_people_are_gone_and_the_chain_holds(store: Store, spool: Path, hand_clock: HandClock):
    """In what waits, in the spool and in MongoDB. Of others all stays."""
    trail = trail_on(store, spool, hand_clock)
    record(trail, "r1", hand_clock, "crm:7", "crm:8")
    trail.flush()
    hand_clock.advance(timedelta(seconds=1))
    trail.flush()
    await trail.deliver()
    record(trail, "r2", hand_clock, "crm:7", "crm:8")
    trail.flush()
    record(trail, "r3", hand_clock, "crm:7")
    assert await trail.forget(["crm:7", "shop:7"]) == 3
    assert not any(b"crm:7" in path.read_bytes() for path in files_in(spool))
    assert any(b"crm:8" in path.read_bytes() for path in files_in(spool))
    await trail.aclose()
    assert [own["customer"] for own in await documents(store, "audit_people")] == ["crm:8", "crm:8"]
    found = await verify(store, spool, hand_clock)
    assert (found.findings, found.commitments, found.erased) == ([], 5, 3)


async def test_the_head_is_logged_each_minute(store: Store, spool: Path, hand_clock: HandClock):
    """At the begin, the end, and each minute; where nothing is asked there is a link of its own, which says that it lives."""
    trail = trail_on(store, spool, hand_clock)

    async def pass_time(seconds: int) -> None:
        hand_clock.advance(timedelta(seconds=seconds))
        trail.flush()
        await trail.deliver()

    with capture_logs() as logs:
        record(trail, "r1", hand_clock)
        trail.flush()
        await pass_time(1)
        record(trail, "r2", hand_clock)
        trail.flush()
        await pass_time(58)
        assert [own["seq"] for own in logs] == [0]
        await pass_time(60)  # the link that says so is in the segment that is written
        await pass_time(1)
        assert [own["seq"] for own in logs] == [0, 3]
        await trail.aclose()
    assert [(own["event"], own["seq"]) for own in logs] == [("audit_head", 0), ("audit_head", 3), ("audit_head", 4)]
    links = {own["seq"]: own for own in await documents(store, "audit_links")}
    assert [own["mac"] for own in logs] == [links[seq]["mac"] for seq in (0, 3, 4)]
    assert [(links[seq]["kind"], len(links[seq]["entries"])) for seq in range(5)] == [
        ("begin", 0),
        ("entries", 1),
        ("entries", 1),
        ("entries", 0),
        ("end", 0),
    ]


async def test_what_a_dead_process_left_is_delivered_by_another(store: Store, spool: Path, hand_clock: HandClock):
    """Also the segment that it was writing, with half a line at its end."""
    dead = trail_on(store, spool, hand_clock)
    record(dead, "r1", hand_clock, "crm:7")
    dead.flush()
    other = trail_on(store, spool, hand_clock)
    await other.deliver()
    assert await documents(store, "audit_links") == []
    [segment] = files_in(spool, "*.open")
    with segment.open("ab") as file:
        file.write(b'[1796040000.1,"r2","cons')
    dead._journal._lock = os.close(dead._journal._lock or 0)
    await other.deliver()
    assert len(await documents(store, "audit_links")) == 2
    assert files_in(spool) == []
    found = await verify(store, spool, hand_clock)
    assert ([own.state for own in found.chains], found.findings) == (["running"], [])
    hand_clock.advance(timedelta(minutes=5))
    assert [own.state for own in (await verify(store, spool, hand_clock)).chains] == ["crashed"]


async def test_a_file_that_is_no_segment_holds_nobody_up(store: Store, spool: Path, hand_clock: HandClock):
    """It is set aside and logged, and told by the verification."""
    (spool / "0a.00000001.links").write_bytes(b"\xff\n")
    (spool / "0b.00000001.requests").write_bytes(b"{}\n")
    (spool / "strange.requests").write_bytes(b"")
    trail = trail_on(store, spool, hand_clock)
    record(trail, "r1", hand_clock)
    trail.flush()
    hand_clock.advance(timedelta(seconds=1))
    trail.flush()
    with capture_logs() as logs:
        await trail.deliver()
    broken = ["0a.00000001.broken", "0b.00000001.broken", "strange.broken"]
    assert sorted(own["file"] for own in logs if own["event"] == "audit_segment_unreadable") == broken
    await trail.aclose()
    assert await requests_in(store, spool) == ["r1"]
    found = await verify(store, spool, hand_clock)
    assert [(own.change, own.reason) for own in found.findings] == [
        ("unreadable", f"{name} in the spool is not what was written there") for name in broken[:2]
    ]


async def test_texts_that_are_no_unicode_are_written(store: Store, spool: Path, hand_clock: HandClock):
    """Half a surrogate pair can be in the JSON of a caller, and must not cost others their entries."""
    async with open_trail(store, spool, hand_clock) as trail:
        record(trail, "r1", hand_clock, "crm:\ud800", user="\ud800", attempts=[("email", "\ud800")])
        record(trail, "r2", hand_clock, "crm:7")
    assert await requests_in(store, spool) == ["r1", "r2"]
    assert (await verify(store, spool, hand_clock)).findings == []


async def test_mongodb_is_away_for_a_while(mongodb_uri: str, mongodb_database: str, spool: Path, hand_clock: HandClock):
    """Requests go on, and the spool has what MongoDB gets when it is back. Segments grow meanwhile."""
    away = Store(
        patient(f"mongodb://127.0.0.1:{free_port()}", mongodb_database).model_copy(update={"timeout_ms": 50}), hand_clock
    )
    await away.open()
    trail = trail_on(away, spool, hand_clock)
    for number in range(60):
        record(trail, f"r{number}", hand_clock, f"crm:{number}")
        trail.flush()
        hand_clock.advance(timedelta(seconds=1))
    trail.check()
    await trail.aclose()
    await away.aclose()
    assert len(files_in(spool, "*.links")) == 2  # sealed, and those behind them waited
    store = Store(patient(mongodb_uri, mongodb_database), hand_clock)
    await store.open()
    later = trail_on(store, spool, hand_clock)
    await later.deliver()
    assert files_in(spool) == []
    assert sorted(await requests_in(store, spool)) == sorted(f"r{number}" for number in range(60))
    assert (await verify(store, spool, hand_clock)).findings == []
    await store.aclose()


def test_a_segment_is_never_another_file(tmp_path: Path):
    """Who may write to the folder cannot have the gateway write elsewhere."""
    target = tmp_path / "target"
    (tmp_path / "0a.00000001.open").symlink_to(target)
    with pytest.raises(FileExistsError):
        SegmentWriter(tmp_path / "0a.00000001.open")
    assert not target.exists()


def test_the_key_is_not_shown(tmp_path: Path):
    assert "long enough" not in repr(audit_settings(tmp_path))


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another user")
def test_files_are_the_owners_of_the_folder(tmp_path: Path):
    """A command that root runs leaves nothing that the gateway cannot open."""
    os.chown(tmp_path, 12345, 12345)
    descriptor = Spool(tmp_path).lock_chain("0a")
    with SegmentWriter(tmp_path / "0a.00000001.open"):
        assert {path.stat().st_uid for path in tmp_path.iterdir()} == {12345}
    os.close(descriptor)


async def test_a_worker_leaves_the_spool_to_a_process_that_is_there_for_that(store: Store, spool: Path, hand_clock: HandClock):
    """Also where it was there sooner and delivers; it takes the spool back when that process has ended."""
    settings = audit_settings(spool)
    worker, courier = (
        Delivery(settings, store.audit_links, store.audit_people, hand_clock, gives_way=gives_way)
        for gives_way in (True, False)
    )
    assert await worker._has_lock()
    assert not await courier._has_lock()
    assert not await worker._has_lock()
    assert await courier._has_lock()
    assert not await worker._has_lock()
    await courier.aclose()
    assert await worker._has_lock()
    await worker.aclose()


async def test_one_of_several_processes_delivers_for_all(store: Store, spool: Path, hand_clock: HandClock):
    """The first that is there; when it has ended, another one does."""
    descriptor = Spool(spool).lock_delivery()
    assert descriptor is not None
    async with open_trail(store, spool, hand_clock) as first:
        record(first, "r1", hand_clock)
    assert len(files_in(spool, "*.requests")) == 1
    os.close(descriptor)
    async with open_trail(store, spool, hand_clock) as second:
        record(second, "r2", hand_clock)
    assert files_in(spool) == []
    assert sorted(await requests_in(store, spool)) == ["r1", "r2"]
    again = Spool(spool).lock_delivery()
    assert again is not None
    os.close(again)
