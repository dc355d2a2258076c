"""Workers that start, end and crash, and what is said of it."""

import asyncio
import os
import signal
import socket
from contextlib import ExitStack, suppress

import pytest
from structlog.testing import capture_logs

from connectors.errors import ConfigurationError
from gateway.serving.admin import listen_for_admin
from gateway.serving.sockets import ADMIN_HOST, DEFAULT_ADMIN_PORT
from tests.serving.conftest import ProbeConfig
from tests.support.callers import LOST, REFUSED, calling
from tests.support.serve_process import is_alive, is_free, serve_process, wait_until

ANA = {"data": {"customer": {"name": "Ana Souza"}}}


def test_one_worker_is_announced_when_it_answers(probes: ProbeConfig):
    """The address is printed once requests are taken; the log says what was loaded and which process serves it."""
    with serve_process(probes.file, path=probes.kinds) as gateway:
        assert gateway.process.stdout is not None
        assert gateway.process.stdout.readline() == f"GraphQL: {gateway.url}/graphql (1 worker(s), production)\n"
        assert gateway.ask() == ANA
        (pid,) = gateway.ready_pids()
        assert gateway.end() == 0
    assert [line["event"] for line in gateway.lines] == ["settings_loaded", "worker_started", "worker_ready", "worker_exited"]
    loaded, started, _, exited = gateway.lines
    assert (loaded["revision"], len(loaded["digest"])) == (1, 12)
    assert started["pid"] == pid
    assert (exited["pid"], exited["reason"], exited["code"]) == (pid, "ended", 0)


def test_ten_workers_start_and_none_is_killed(probes: ProbeConfig):
    """However slowly they start on few cores, the first process in each place is the one that serves."""
    with serve_process(probes.file, path=probes.kinds, workers=10) as gateway:
        gateway.wait_ready(10)
        assert gateway.metric("gateway_workers_started_total") == 10
        assert gateway.metric("gateway_workers_ready") == 10
        assert gateway.end() == 0
    assert len(gateway.events("worker_started")) == 10
    assert [line["reason"] for line in gateway.events("worker_exited")] == ["ended"] * 10


def test_workers_draw_different_request_ids(probes: ProbeConfig):
    """They come from one process, and not with its random numbers."""
    with serve_process(probes.file, path=probes.kinds, workers=2) as gateway:
        gateway.wait_ready(2)
        ids: set[str] = set()
        body = b'{"query": "{ nobody }"}'
        head = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n"
        for _ in range(40):
            with socket.create_connection(("127.0.0.1", gateway.port)) as caller:
                caller.sendall(head + b"content-length: %d\r\n\r\n" % len(body) + body)
                answer = b"".join(iter(lambda: caller.recv(65536), b""))
            ids.add(answer.partition(b"x-request-id: ")[2].partition(b"\r\n")[0].decode())
    assert len(ids) == 40


async def test_a_killed_worker_costs_its_own_requests_and_is_replaced(probes: ProbeConfig):
    """Of 32 callers at most those with the dead worker lose one answer each; log and metric say what happened."""
    with serve_process(probes.file, path=probes.kinds, workers=2) as gateway:
        pids = (await asyncio.to_thread(gateway.wait_ready, 2)) and gateway.ready_pids()
        async with calling(gateway.port) as load:
            os.kill(pids[0], signal.SIGKILL)
            await asyncio.to_thread(gateway.wait_for, "worker_ready", 3)
        exited = gateway.wait_for("worker_exited")
        assert (exited["pid"], exited["reason"], exited["signal"]) == (pids[0], "killed", "SIGKILL")
        assert gateway.metric('gateway_workers_exited_total{reason="killed"}') == 1
        assert set(gateway.ready_pids(gateway.wait_ready(2))) > {pids[1]}
    assert load.answers.keys() <= {"Ana Souza", LOST}
    assert load.answers[LOST] <= 32


async def test_workers_end_with_their_master_and_free_the_port(probes: ProbeConfig):
    """After SIGKILL of the master what is under way is answered, all workers end, and a new gateway takes the port."""
    with serve_process(probes.file, path=probes.kinds, workers=2) as gateway:
        pids = gateway.ready_pids(await asyncio.to_thread(gateway.wait_ready, 2))
        (probes.folder / "crm" / "hold").touch()
        asking = []
        for count in range(1, 5):
            asking.append(asyncio.create_task(asyncio.to_thread(gateway.ask, f"c{count}")))
            await asyncio.to_thread(wait_until, lambda count=count: len(probes.noted("crm", "called")) == count, "a call")
        gateway.process.kill()
        gateway.process.wait()
        await asyncio.to_thread(wait_until, lambda: is_free(gateway.port), "a free port")
        (probes.folder / "crm" / "hold").unlink()
        assert await asyncio.gather(*asking) == [ANA] * 4
        await asyncio.to_thread(wait_until, lambda: not any(map(is_alive, pids)), "the end of all workers")
        with serve_process(probes.file, path=probes.kinds, port=gateway.port) as successor:
            await asyncio.to_thread(successor.wait_ready, 1)
            assert (await asyncio.to_thread(successor.ask)) == ANA


def test_a_worker_that_keeps_ending_is_started_ever_more_seldom(probes: ProbeConfig):
    """The pause doubles, which log, health and metrics show; when the cause is gone it serves."""
    (probes.folder / "crm" / "crash").touch()
    with serve_process(probes.file, path=probes.kinds) as gateway:
        paused = gateway.wait_for("worker_backoff", 3)
        assert [line["pause_s"] for line in gateway.events("worker_backoff")][:3] == [1.0, 2.0, 4.0]
        assert (paused["failures"], gateway.events("worker_exited")[0]["code"]) == (3, 9)
        response = gateway.admin.get("/readyz")
        assert (response.status_code, response.json()["status"]) == (503, "unready")
        assert response.json()["workers"] == [{"state": "backing_off", "failures": 3, "pause_s": 4.0}]
        assert gateway.metric('gateway_workers_exited_total{reason="failed"}') == 3
        (probes.folder / "crm" / "crash").unlink()
        gateway.wait_ready(1)
        assert gateway.ask() == ANA


def test_a_worker_in_its_start_is_not_taken_for_hung(probes: ProbeConfig):
    """One that stands still before it is ready is shown as starting, and starts when it goes on."""
    (probes.folder / "crm" / "hang").touch()
    with serve_process(probes.file, path=probes.kinds) as gateway:
        started = gateway.wait_for("worker_started")
        wait_until(lambda: not (probes.folder / "crm" / "hang").exists(), "the worker to stand still")
        said = gateway.admin.get("/readyz").json()
        assert (said["status"], said["workers"][0]["state"]) == ("unready", "starting")
        os.kill(started["pid"], signal.SIGCONT)
        gateway.wait_ready(1)
        assert len(gateway.events("worker_started")) == 1


def test_what_a_worker_counted_last_is_not_lost(probes: ProbeConfig):
    """It says so when it ends. Its counters are added to those of the next one, its gauges are gone."""
    with serve_process(probes.file, path=probes.kinds) as gateway:
        (pid,) = gateway.ready_pids(gateway.wait_ready(1))
        for round_number in (1, 2):
            for _ in range(7):
                gateway.ask()
            os.kill(pid, signal.SIGTERM)
            gateway.wait_for("worker_exited", round_number)
            (pid,) = gateway.ready_pids(gateway.wait_ready(1))
            assert gateway.metric('gateway_requests_total{caller="other",code="OK",operation="anonymous"}') == 7 * round_number
            lines = gateway.admin.get("/metrics").text.splitlines()
            workers = [line for line in lines if line.startswith("gateway_requests_under_way{")]
            assert workers == [f'gateway_requests_under_way{{worker="{round_number + 1}"}} 0.0']


@pytest.mark.parametrize("taken", ["port", "admin"])
def test_a_taken_port_is_all_that_is_said(probes: ProbeConfig, taken: str):
    """No address is announced before the port is ours."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
        words = ["--port", str(number)] if taken == "port" else ["--admin-port", str(number)]
        with serve_process(probes.file, *words, path=probes.kinds) as gateway:
            assert gateway.process.stdout is not None
            assert gateway.process.wait(100) == 2
            assert gateway.process.stdout.read() == ""
    option = "--port" if taken == "port" else "--admin-port"
    assert gateway._written == [f"{option}: 127.0.0.1:{number} cannot be used (Address already in use); choose another port\n"]


async def test_sigterm_loses_no_request(probes: ProbeConfig):
    """Of 32 callers on two workers nobody loses an answer: those who are late are refused, and have sent nothing."""
    with serve_process(probes.file, path=probes.kinds, workers=2) as gateway:
        await asyncio.to_thread(gateway.wait_ready, 2)
        async with calling(gateway.port) as load:
            gateway.process.terminate()
            assert await asyncio.to_thread(gateway.process.wait, 100) == 0
    assert load.answers[LOST] == 0
    assert load.answers.keys() <= {"Ana Souza", REFUSED}


def test_a_second_signal_ends_at_once(probes: ProbeConfig):
    """What is under way is cut, and no worker is left."""
    with serve_process(probes.file, path=probes.kinds) as gateway:
        pids = gateway.ready_pids(gateway.wait_ready(1))
        (probes.folder / "crm" / "hold").touch()
        with socket.create_connection(("127.0.0.1", gateway.port)) as caller:
            body = b'{"query": "{ customer(by: {id: \\"c1\\"}) { name } }"}'
            head = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            caller.sendall(head + b"content-length: %d\r\n\r\n" % len(body) + body)
            wait_until(lambda: probes.noted("crm", "called"), "a call")
            gateway.process.send_signal(signal.SIGTERM)
            wait_until(lambda: gateway.admin.get("/readyz").json()["status"] == "draining", "the begin of the end")
            gateway.process.send_signal(signal.SIGTERM)
            assert gateway.process.wait(100) == 0
            assert caller.recv(100) == b""
        assert not any(map(is_alive, pids))
    assert gateway.wait_for("worker_exited")["signal"] == "SIGKILL"


def test_without_the_default_admin_port_the_gateway_serves():
    """Where somebody else has it, a line of the log says so; a port that was asked for must be free."""
    with ExitStack() as stack:
        with suppress(OSError):  # then it is taken already
            stack.enter_context(socket.create_server((ADMIN_HOST, DEFAULT_ADMIN_PORT)))
        with capture_logs() as logs:
            assert listen_for_admin(ADMIN_HOST, None) is None
        assert logs == [{"event": "admin_port_unavailable", "log_level": "warning", "port": 9000}]
        with pytest.raises(ConfigurationError, match=r"^--admin-port: 127\.0\.0\.1:9000 cannot be used"):
            listen_for_admin(ADMIN_HOST, DEFAULT_ADMIN_PORT)


def test_others_read_metrics_and_cannot_reload(probes: ProbeConfig):
    """With an address for others metrics are given under any name; a reload only to who asks on the machine by its own."""
    others = {"host": "pod.example"}
    with serve_process(probes.file, "--admin-host", "0.0.0.0", path=probes.kinds) as gateway:
        gateway.wait_ready(1)
        read = [gateway.admin.get(path, headers=others).status_code for path in ("/metrics", "/readyz", "/healthz")]
        refused = gateway.admin.post("/reload", headers=others)
        assert (read, refused.status_code) == ([200, 200, 200], 403)
        assert gateway.admin.post("/reload").status_code == 200


def test_the_admin_port_of_the_machine_is_asked_by_its_own_name(probes: ProbeConfig):
    """A page in a browser that calls it by another name is refused."""
    with serve_process(probes.file, path=probes.kinds) as gateway:
        gateway.wait_ready(1)
        assert gateway.admin.get("/metrics", headers={"host": "pod.example"}).status_code == 400
