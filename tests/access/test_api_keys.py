"""Keys of callers: their form, where they are kept, and what a worker knows of them."""

import asyncio
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from errno import ENOSPC
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from gateway.access.api_keys import ApiKey, ApiKeys, digest_of, is_key, new_key
from gateway.access.key_file import KeyFile
from gateway.access.key_table import KeyTable
from gateway.access.replica import REFRESH_S, REREAD_S
from gateway.errors import AccessUnavailableError, StoreError
from gateway.store.api_keys import ApiKeyCollection
from gateway.store.mongo import Mongo
from tests.support.fixtures_mongodb import HandClock

SECRET = "a secret of digests that is long enough"


@pytest.fixture(params=["file", "mongodb"])
def kept(request: pytest.FixtureRequest, tmp_path: Path, mongo: Mongo) -> ApiKeys:
    return KeyFile(tmp_path / "keys.json") if request.param == "file" else ApiKeyCollection(mongo)


def made(clock: HandClock, caller: str = "acme", ends_in_s: float | None = None) -> tuple[str, ApiKey]:
    now = clock.now().replace(microsecond=0)
    return new_key(caller, SECRET, now, None if ends_in_s is None else now + timedelta(seconds=ends_in_s))


def test_a_key_is_256_bits_behind_a_prefix(hand_clock: HandClock):
    """What is kept has neither the key nor what it could be guessed from; without the secret no digest can be compared."""
    keys = dict(made(hand_clock) for _ in range(100))
    assert len(keys) == len({key.id for key in keys.values()}) == len({key.digest for key in keys.values()}) == 100
    for text, key in keys.items():
        prefix, id_, random = text.split("_", 2)
        assert (prefix, id_, len(random), is_key(text)) == ("pgk", key.id, 43, True)
        assert random not in repr(key)
        assert key.digest == digest_of(text, SECRET) != digest_of(text, SECRET + "!")
    assert not any(
        is_key(text) for text in ("", "pgk_", text[:-1], text + "x", text.upper(), f" {text}", text.replace("_", "-"))
    )


@pytest.mark.mongodb
async def test_keys_are_kept_and_end(kept: ApiKeys, hand_clock: HandClock):
    """Each change has a version of its own; one that has ended stays, so that it is known when."""
    versions = [await kept.version()]
    assert list(await kept.read()) == []
    first, second = made(hand_clock)[1], made(hand_clock, "desk", ends_in_s=60)[1]
    for key in (first, second):
        await kept.add(key)
        versions.append(await kept.version())
    assert sorted(await kept.read(), key=lambda key: key.caller) == [first, second]
    ended = await kept.end(first.id, first.made_at)
    versions.append(await kept.version())
    assert ended == msgspec.structs.replace(first, ends_at=first.made_at)
    now = hand_clock.now()
    assert [key for key in await kept.read() if key.holds(now)] == [second]
    assert not any(key.holds(now + timedelta(seconds=60)) for key in await kept.read())
    revoked = await kept.end(second.id, now, is_revoked=True)
    versions.append(await kept.version())
    assert revoked is not None
    assert not revoked.holds(now - timedelta(days=365))
    assert await kept.end("nobody's", first.made_at) is None
    assert len(set(versions)) == len(versions)


async def test_a_file_of_keys_is_for_its_owner_alone(tmp_path: Path, hand_clock: HandClock):
    """It is replaced whole, so nobody reads half of it; one that is not ours is refused, and not overwritten."""
    kept = KeyFile(tmp_path / "keys.json")
    await kept.add(made(hand_clock)[1])
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob("keys.json.??????????"))  # noqa: ASYNC240  a temporary file that was left
    for odd in (b"", b"[{}]", b"\xff"):
        (tmp_path / "keys.json").write_bytes(odd)
        for change in (kept.read(), kept.add(made(hand_clock)[1]), kept.end("x", hand_clock.now())):
            with pytest.raises(StoreError, match="is not one that these commands wrote"):
                await change
        assert (tmp_path / "keys.json").read_bytes() == odd


async def test_a_link_to_the_file_of_keys_stays(tmp_path: Path, hand_clock: HandClock):
    """What it leads to is written, also where that is not there yet; the lock is beside it, so it is one for all links."""
    (tmp_path / "own").mkdir()
    (tmp_path / "keys.json").symlink_to(tmp_path / "own" / "real.json")
    for number in (1, 2):
        await KeyFile(tmp_path / "keys.json").add(made(hand_clock)[1])
        assert (tmp_path / "keys.json").is_symlink()
        assert len(await KeyFile(tmp_path / "own" / "real.json").read()) == number
    assert {path.name for path in tmp_path.iterdir()} == {"keys.json", "own"}  # noqa: ASYNC240
    assert {path.name for path in (tmp_path / "own").iterdir()} == {"real.json", "real.json.lock"}


async def test_a_lock_of_keys_is_for_their_owner_alone(tmp_path: Path, hand_clock: HandClock):
    """Who can open it could keep commands from writing. One that an older version made is put right."""
    lock = tmp_path / "keys.json.lock"
    lock.touch(0o644)
    lock.chmod(0o644)
    for _ in range(2):
        await KeyFile(tmp_path / "keys.json").add(made(hand_clock)[1])
        assert lock.stat().st_mode & 0o777 == 0o600
        lock.unlink()


async def test_a_file_that_cannot_be_read_says_so(tmp_path: Path):
    (tmp_path / "keys.json").mkdir()
    with pytest.raises(StoreError, match="cannot be read"):
        await KeyFile(tmp_path / "keys.json").read()


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser may give files away")
async def test_a_file_of_keys_stays_whose_it_is(tmp_path: Path, hand_clock: HandClock):
    """An administrator's command does not take it from the workers."""
    path = tmp_path / "keys.json"
    kept = KeyFile(path)
    await kept.add(made(hand_clock)[1])
    os.chown(path, 1234, 1235)
    path.chmod(0o640)
    await kept.add(made(hand_clock)[1])
    about = path.stat()
    assert (about.st_uid, about.st_gid, about.st_mode & 0o777) == (1234, 1235, 0o640)
    lock = path.with_name("keys.json.lock").stat()
    assert (lock.st_uid, lock.st_gid, lock.st_mode & 0o777) == (1234, 1235, 0o600)


async def test_what_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    """As on a full disk: the keys of before stay, and no second file with them. What is there is on the disk first."""

    def full(_: int) -> None:
        raise OSError(ENOSPC, "No space left on device")

    kept = KeyFile(tmp_path / "keys.json")
    await kept.add(made(hand_clock)[1])
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"cannot be written \(No space left on device\)"):
        await kept.add(made(hand_clock)[1])
    assert len(await kept.read()) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"keys.json", "keys.json.lock"}  # noqa: ASYNC240


class Held(HandClock):
    """A clock on which nobody comes to the end of his sleep."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


class Kept:
    """Keys that are away when they are told to be. It counts how often they are read."""

    def __init__(self, *keys: ApiKey) -> None:
        self.keys, self.number, self.is_away, self.asked, self.reads = list(keys), 1, False, 0, 0

    async def version(self) -> int:
        self.asked += 1
        if self.is_away:
            raise StoreError("away")
        return self.number

    async def read(self) -> Sequence[ApiKey]:
        self.reads += 1
        return list(self.keys)

    async def add(self, key: ApiKey) -> None:
        self.keys.append(key)
        self.number += 1

    async def end(self, id_: str, at: datetime, *, is_revoked: bool = False) -> ApiKey | None:
        raise NotImplementedError


async def test_keys_hold_for_a_while_where_they_cannot_be_read(hand_clock: HandClock):
    """After that it cannot be told whose a key is, which is not to say that it is nobody's."""
    text, key = made(hand_clock)
    kept = Kept(key)
    table = KeyTable(kept, SECRET, 60, hand_clock)
    with pytest.raises(AccessUnavailableError):
        table.find(text)
    await table.refresh()
    kept.is_away = True
    hand_clock.advance(timedelta(seconds=60 + REFRESH_S))
    assert table.find(text) == key
    with pytest.raises(StoreError):
        await table.refresh()
    hand_clock.advance(timedelta(seconds=0.1))
    for asked in (text, made(hand_clock)[0]):
        with pytest.raises(AccessUnavailableError):
            table.find(asked)
    kept.is_away = False
    await table.refresh()
    assert table.find(text) == key


async def test_keys_are_read_when_they_have_changed(hand_clock: HandClock):
    (_, key), (other, late) = made(hand_clock), made(hand_clock)
    kept = Kept(key)
    table = KeyTable(kept, SECRET, 60, hand_clock)
    for _ in range(3):
        await table.refresh()
    assert (kept.reads, table.find(other)) == (1, None)
    await kept.add(late)
    await table.refresh()
    assert (kept.reads, table.find(other)) == (2, late)


async def test_all_keys_are_read_now_and_then(hand_clock: HandClock):
    """So one that ended holds no more where the version was not told, as by a command that died before it wrote it."""
    text, key = made(hand_clock)
    kept = Kept(key)
    table = KeyTable(kept, SECRET, 60, hand_clock)
    await table.refresh()
    kept.keys[:] = [msgspec.structs.replace(key, ends_at=hand_clock.now())]
    hand_clock.advance(timedelta(seconds=REREAD_S - 1))
    await table.refresh()
    assert (kept.reads, table.find(text)) == (1, key)
    hand_clock.advance(timedelta(seconds=1))
    await table.refresh()
    assert (kept.reads, table.find(text)) == (2, kept.keys[0])


async def test_who_waits_for_a_table_that_is_closed_gets_an_answer(hand_clock: HandClock):
    """A reload may close it while a key is looked for: that is no end of the request."""
    table = KeyTable(Kept(), SECRET, 60, Held())
    waits = asyncio.create_task(table.find_new(made(hand_clock)[0]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await table.aclose()
    with pytest.raises(AccessUnavailableError):
        await waits


async def test_who_goes_away_ends_no_look_of_others(hand_clock: HandClock):
    (text, key), kept = made(hand_clock), Kept()
    table = KeyTable(kept, SECRET, 60, hand_clock)
    await kept.add(key)
    gone, stays = (asyncio.create_task(table.find_new(text)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == key
    assert gone.cancelled()


@pytest.mark.mongodb
@pytest.mark.parametrize("odd", [{"caller": "acme"}, {"caller": 7, "digest": "x", "madeAt": 1, "endsAt": None}])
async def test_a_document_that_is_no_key_costs_no_other(mongo: Mongo, hand_clock: HandClock, odd: dict[str, object]):
    """The log names it."""
    key = made(hand_clock)[1]
    await ApiKeyCollection(mongo).add(key)
    await mongo.run(lambda database: database["api_keys"].insert_one({"_id": "0123456789ab"} | odd), kind="write")
    with capture_logs() as lines:
        assert await ApiKeyCollection(mongo).read() == [key]
    assert [(line["event"], line["id"]) for line in lines] == [("key_not_read", "0123456789ab")]


async def test_a_file_that_is_gone_is_not_one_without_keys(tmp_path: Path, hand_clock: HandClock):
    """Its folder may be away for a while; who had a key then has one."""
    kept = KeyFile(tmp_path / "keys.json")
    assert await kept.version() == ""
    await kept.add(made(hand_clock)[1])
    await kept.version()
    (tmp_path / "keys.json").unlink()
    with pytest.raises(StoreError, match="is gone"):
        await kept.version()


async def test_a_key_that_nobody_knows_is_looked_for(hand_clock: HandClock):
    """So one that has just been made is known at once. Made up ones cost few reads, and are unknown while keys are away."""
    (text, key), kept = made(hand_clock), Kept()
    table = KeyTable(kept, SECRET, 60, hand_clock)
    await table.refresh()
    await kept.add(key)
    assert await asyncio.gather(*(table.find_new(asked) for asked in [text, *["made up"] * 100])) == [key, *[None] * 100]
    assert (kept.asked, kept.reads) == (2, 2)
    kept.is_away = True
    with pytest.raises(AccessUnavailableError):
        await table.find_new(made(hand_clock)[0])
    assert table.find(text) == key
    await table.aclose()


@pytest.mark.mongodb
async def test_keys_in_mongodb_are_those_of_the_whole_fleet(mongo: Mongo, hand_clock: HandClock):
    """What one adds, another one finds with its next look."""
    text, key = made(hand_clock)
    table = KeyTable(ApiKeyCollection(mongo), SECRET, 60, hand_clock)
    await table.refresh()
    assert table.find(text) is None
    await ApiKeyCollection(mongo).add(key)
    await table.refresh()
    assert table.find(text) == key
