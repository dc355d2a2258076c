"""A refresh that is spread over workers of Dask gives what one process gives, also when a worker is killed."""

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster
from pymongo import MongoClient

from bench.refresh_shop import write_people, write_settings
from gateway.app import create_services
from gateway.population.refresh_state import RefreshState, StateFile
from gateway.population.spread_refresh import spread_refresh
from gateway.settings import load_settings
from tests.population.test_refresh import child, computed_at, listed
from tests.support.serve_process import wait_until

pytestmark = [pytest.mark.mongodb, pytest.mark.timeout(300), pytest.mark.filterwarnings("default")]
PEOPLE, BATCH = 120, 5


def values_of(uri: str, database: str) -> dict[str, dict[str, Any]]:
    """The value and the facts of each tag of each customer, without the times."""
    with MongoClient(uri) as client:
        documents = list(client[database].tags.find())
    tags = {own["_id"]: {key: json.loads(text) for key, text in own["tags"].items()} for own in documents}
    return {
        customer: {key: (tag["value"], [fact["value"] for fact in tag["evidence"]]) for key, tag in own.items()}
        for customer, own in tags.items()
    }


@pytest.fixture
def config(tmp_path: Path, mongodb_uri: str, mongodb_database: str) -> Path:
    write_people(tmp_path, PEOPLE)
    return write_settings(tmp_path, mongodb_uri, mongodb_database)


def test_any_number_of_workers_gives_the_same(config: Path, mongodb_uri: str, mongodb_database: str):
    """1, 2 and 4 workers store the tags that one process stores."""
    expected: dict[str, dict[str, Any]] | None = None
    for words in ([], ["--workers", "1"], ["--workers", "2"], ["--workers", "4"]):
        with MongoClient(mongodb_uri) as client:
            client[mongodb_database].tags.delete_many({})
        ended = child(config, "--all", "--json", "--batch", str(BATCH), *words)
        output, problems = ended.communicate(timeout=250)
        assert (ended.returncode, problems) == (0, "")
        counts = json.loads(output)
        assert (counts["listed"], counts["refreshed"]) == (PEOPLE * 3 // 2, PEOPLE)
        expected = expected or values_of(mongodb_uri, mongodb_database)
        assert values_of(mongodb_uri, mongodb_database) == expected
    assert expected is not None
    assert len(expected) == PEOPLE


async def test_the_partition_of_a_killed_worker_is_done_again(config: Path, mongodb_uri: str, mongodb_database: str):
    """One of two workers is killed when the first partition is done: all customers have their tags, each computed once.

    The workers are there before the run and after it; then they have nothing of it.
    """
    file = StateFile(config.parent / "state.json")
    async with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, memory_limit=0, asynchronous=True
        ) as cluster,
        Client(cluster, asynchronous=True) as client,
    ):
        pids = await client.run(os.getpid)
        killed: list[int] = []

        def kill_one(state: RefreshState) -> None:
            if state.counts.listed and not killed:
                killed.append(next(iter(pids.values())))
                os.kill(killed[0], signal.SIGKILL)

        services = create_services(load_settings(config))
        state = await spread_refresh(services, config, file, BATCH, kill_one, scheduler=cluster.scheduler_address)
        assert killed
        left = await client.run(lambda dask_worker: [name for name in dask_worker.plugins if "gateway" in name])
    assert state.is_done
    assert left
    assert not any(left.values())
    assert (state.counts.listed, state.counts.refreshed + state.counts.fresh >= PEOPLE) == (PEOPLE * 3 // 2, True)
    stored = computed_at(mongodb_uri, mongodb_database)
    assert (len(stored), {len(own) for own in stored.values()}) == (PEOPLE, {24})


async def test_a_spread_refresh_goes_on_where_it_was(config: Path, mongodb_uri: str, mongodb_database: str):
    """The state of one process is that of workers: one goes on where the other stopped."""
    path = config.parent / "state.json"
    ended = child(config, "--all", "--resume", str(path), "--batch", str(BATCH), "--workers", "1", "--json")
    await asyncio.to_thread(ended.communicate, timeout=250)
    before = computed_at(mongodb_uri, mongodb_database)
    state = StateFile(path).read()
    assert state is not None
    state.is_done, state.after = False, None
    StateFile(path).write(state)
    again = child(config, "--all", "--resume", str(path), "--batch", str(BATCH))
    await asyncio.to_thread(again.communicate, timeout=250)
    assert again.returncode == 0
    assert computed_at(mongodb_uri, mongodb_database) == before


def test_workers_end_with_the_command(config: Path):
    """Who kills the command finds no worker of it that goes on."""
    ended = child(config, "--all", "--batch", "1", "--workers", "2", "--resume", str(config.parent / "state.json"))
    wait_until(lambda: listed(config.parent / "state.json") or ended.poll() is not None, "a partition")
    workers = descendants(ended.pid)
    assert workers
    ended.send_signal(signal.SIGKILL)
    ended.communicate()
    wait_until(lambda: not any(is_alive(pid) for pid in workers), "the end of the workers")


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    own = [int(word) for word in path.read_text("ascii").split()] if path.exists() else []
    return [*own, *(inner for child_pid in own for inner in descendants(child_pid))]


def is_alive(pid: int) -> bool:
    path = Path(f"/proc/{pid}/stat")
    return path.exists() and path.read_text("ascii").rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            ["--all", "--workers", "2", "--scheduler", "tcp://x"],
            "--workers and --scheduler exclude each other; give one of them",
        ),
        (
            ["--all", "--scheduler", "tcp://127.0.0.1:1"],
            "--scheduler: no scheduler of Dask answers at tcp://127.0.0.1:1; give its address, such as tcp://host:8786",
        ),
        (["--since", "1d", "--workers", "2"], "--since: who changed are few; leave --workers and --scheduler out"),
    ],
)
def test_what_cannot_be_spread_is_refused(config: Path, words: list[str], problem: str):
    ended = child(config, *words)
    output, problems = ended.communicate(timeout=100)
    assert (ended.returncode, output, problems.strip()) == (2, "", problem)
