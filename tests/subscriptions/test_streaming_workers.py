"""Event streams of `profile-gateway serve`: what several workers cannot do, and how streams end with their worker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.support.changing_shop import CHANGED
from tests.support.event_stream_client import EVENTS, NAME, PATIENCE_S, code_of
from tests.support.known_clients import SOURCE
from tests.support.serve_process import ServeProcess, serve_process


@contextmanager
def serving(folder: Path, workers: int) -> Iterator[ServeProcess]:
    (folder / "crm.db").touch()
    (folder / "gateway.toml").write_text("[changes]\n" + SOURCE.format(folder=folder), "utf-8")
    with serve_process(folder / "gateway.toml", workers=workers) as gateway:
        gateway.wait_ready(workers)
        yield gateway


def test_several_workers_reserve_no_streams(tmp_path: Path):
    """The connection that has the token would be at one of them, the next request at another. Each operation alone works."""
    with serving(tmp_path, 2) as gateway:
        url = f"{gateway.url}/graphql/stream"
        for _ in range(8):
            refused = httpx2.put(url, timeout=PATIENCE_S)
            assert code_of(refused) == (501, "BAD_REQUEST")
            assert "--workers 1" in refused.text
            answer = httpx2.post(url, json={"query": NAME}, headers=EVENTS, timeout=PATIENCE_S)
            assert answer.text.count("event: ") == 2
            assert "Ana Souza" in answer.text


@pytest.mark.parametrize("workers", [1, 2])
def test_streams_end_with_their_worker(tmp_path: Path, workers: int):
    """A subscription is complete, so its client does not take it for broken. The worker ends by itself, and soon."""
    with serving(tmp_path, workers) as gateway:
        url, sent = f"{gateway.url}/graphql/stream", {"query": CHANGED, "variables": {"ids": ["crm:c1"]}}
        with httpx2.stream("POST", url, json=sent, headers=EVENTS, timeout=PATIENCE_S) as response:
            assert response.status_code == 200
            lines = response.iter_lines()
            assert next(lines).startswith("retry: ")
            assert gateway.end() == 0
            assert [line for line in lines if line] == ["event: complete", "data: "]
        exited = [(line["reason"], line["code"]) for line in gateway.events("worker_exited")]
    assert exited == [("ended", 0)] * workers


def test_one_worker_reserves_streams(tmp_path: Path):
    with serving(tmp_path, 1) as gateway:
        url = f"{gateway.url}/graphql/stream"
        token = httpx2.put(url, timeout=PATIENCE_S)
        assert token.status_code == 201
        with httpx2.stream("GET", url, params={"token": token.text}, headers=EVENTS, timeout=PATIENCE_S) as response:
            sent = {"query": NAME, "extensions": {"operationId": "one"}}
            headers = {"x-graphql-event-stream-token": token.text}
            assert httpx2.post(url, json=sent, headers=headers, timeout=PATIENCE_S).status_code == 202
            lines = response.iter_lines()
            data = next(line for line in lines if line.startswith("data: "))
            assert json.loads(data[6:])["id"] == "one"
