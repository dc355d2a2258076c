"""Reading settings and tags again while requests are answered."""

import asyncio
import os
import signal
import subprocess
from pathlib import Path

import httpx2
import pytest

from tests.serving.conftest import ProbeConfig
from tests.support.callers import calling
from tests.support.serve_process import COMMAND, ServeProcess, free_port, is_alive, serve_process, wait_until

TAGS = """
facts:
  orders_ever: {label: Orders ever, record: order, measure: count}
tags:
  buyer:
    label: Buyer
    description: Whether somebody has ever bought.
    owner: crm
    category: VALUE
    ttl: 1h
    version: 1
    words: YES with an order.
    expression: 'orders_ever > 0 ? "YES" : null'
    values: ["YES"]
"""


def reload(gateway: ServeProcess) -> tuple[int, str, str]:
    """The command: its exit code and what it prints."""
    words = [*COMMAND, "reload", "--admin-port", str(gateway.admin_port)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout, done.stderr


def test_a_reload_keeps_what_did_not_change(probes: ProbeConfig):
    """A source with the same table keeps its connections, cache and breaker; a changed one has new ones, its old are closed."""
    probes.write(crm="cache_s = { customer = 3600 }", other="")
    with serve_process(probes.file, path=probes.kinds, workers=2) as gateway:
        pids = {str(pid) for pid in gateway.ready_pids(gateway.wait_ready(2))}
        wait_until(lambda: gateway.ask() and set(probes.noted("crm", "called")) == pids, "an answer of each worker's own")
        calls = len(probes.noted("crm", "called"))
        probes.write(crm="cache_s = { customer = 3600 }", other='customer_name = "Li Na"', more="[tags]\ncache_s = 1")
        code, output, _ = reload(gateway)
        assert (code, output.splitlines()[1:]) == (0, ["tags", "sources.other"])
        wait_until(lambda: set(probes.noted("other", "closed")) == pids, "the end of the old source")
        for _ in range(20):
            assert gateway.ask()["data"]["customer"]["name"] == "Ana Souza"
        assert len(probes.noted("crm", "called")) == calls
        assert (len(probes.noted("crm", "opened")), probes.noted("crm", "closed")) == (2, [])
        assert len(probes.noted("other", "opened")) == 4
        assert gateway.wait_for("settings_loaded", 2)["changes"] == ["tags", "sources.other"]
        assert gateway.metric('gateway_reloads_total{outcome="applied"}') == 1
        said = gateway.wait_ready(2)
        assert said["settings"]["revision"] == 2
        assert [worker["revision"] for worker in said["workers"]] == [2, 2]


def test_a_breaker_stays_open_over_a_reload(probes: ProbeConfig):
    """A source that is left alone is still left alone when another one has changed."""
    breaker = "retries = 0\nbreaker = { min_calls = 1, pause_s = 3600 }"
    probes.write(crm=breaker, other="")
    with serve_process(probes.file, path=probes.kinds) as gateway:
        gateway.wait_ready(1)
        (probes.folder / "crm" / "down").touch()
        wait_until(lambda: gateway.ask() and gateway.readiness()["sources"]["crm"] == {"PAUSED": 1}, "an open breaker")
        probes.write(crm=breaker, other='customer_name = "Li Na"')
        assert reload(gateway)[0] == 0
        wait_until(lambda: gateway.readiness()["workers"][0]["revision"] == 2, "the new settings")
        assert gateway.readiness()["sources"] == {"crm": {"PAUSED": 1}, "other": {"USABLE": 1}}
        probes.write(crm=breaker + "\nmax_calls = 5", other='customer_name = "Li Na"')
        assert reload(gateway)[0] == 0
        wait_until(lambda: gateway.readiness()["sources"]["crm"] == {"USABLE": 1}, "a new breaker")


def test_a_changed_source_answers_as_it_is_set_now(probes: ProbeConfig):
    """Also with one worker; a source that is taken out of the file is closed, one that is added is opened."""
    probes.write(crm="", old="")
    with serve_process(probes.file, path=probes.kinds) as gateway:
        gateway.wait_ready(1)
        probes.write(crm='customer_name = "Li Na"', new="")
        code, output, errors = reload(gateway)
        assert (code, output.splitlines()[1:], errors) == (0, ["sources.crm", "sources.old", "sources.new"], "")
        assert gateway.ask() == {"data": {"customer": {"name": "Li Na"}}}
        assert set(gateway.readiness()["sources"]) == {"crm", "new"}
        wait_until(lambda: probes.noted("old", "closed"), "the end of the old source")


def test_a_request_under_way_keeps_the_source_that_it_has(probes: ProbeConfig):
    """It is answered by the old source, which is closed behind it."""
    with serve_process(probes.file, path=probes.kinds) as gateway:
        gateway.wait_ready(1)
        hold = probes.folder / "crm" / "hold"
        hold.touch()
        words = ["-c", f"import httpx2; print(httpx2.post('{gateway.url}/graphql', timeout=100, json={{'query': QUERY}}).text)"]
        query = 'QUERY = "{ customer(by: {id: \\"c1\\"}) { name } }"; '
        with subprocess.Popen([COMMAND[0], "-c", query + words[1]], stdout=subprocess.PIPE, text=True) as asking:
            wait_until(lambda: probes.noted("crm", "called"), "a call")
            probes.write(crm='customer_name = "Li Na"')
            assert reload(gateway)[0] == 0
            assert probes.noted("crm", "closed") == []
            hold.unlink()
            assert "Ana Souza" in asking.communicate(timeout=100)[0]
        wait_until(lambda: probes.noted("crm", "closed"), "the end of the old source")
        assert gateway.ask() == {"data": {"customer": {"name": "Li Na"}}}


def test_what_is_wrong_keeps_the_old(probes: ProbeConfig):
    """All problems are said on the terminal and in one line of the log; requests, settings and workers stay as they are."""
    probes.write(crm="", more='[tags]\nfile = "tags.yaml"')
    (probes.folder / "tags.yaml").write_text(TAGS)
    with serve_process(probes.file, path=probes.kinds, workers=2) as gateway:
        digest = gateway.wait_ready(2)["settings"]["digest"]
        (probes.folder / "tags.yaml").write_text(TAGS.replace("orders_ever > 0", "orders_evr > 0"))
        gateway.process.send_signal(signal.SIGHUP)
        rejected = gateway.wait_for("settings_rejected")
        assert (rejected["revision"], rejected["digest"], len(rejected["problems"])) == (1, digest, 1)
        assert "unknown fact 'orders_evr'" in rejected["problems"][0]
        code, _, errors = reload(gateway)
        assert (code, errors.splitlines()) == (1, [*rejected["problems"], "The old settings and tags are kept."])
        assert gateway.metric('gateway_reloads_total{outcome="rejected"}') == 2
        assert gateway.readiness()["last_reload"] == {"outcome": "rejected", "problems": 1}
        pids = gateway.ready_pids()
        os.kill(pids[0], signal.SIGKILL)  # the one in its place has the old tags, too
        gateway.wait_for("worker_ready", 3)
        body = {"query": "{ tagDefinitions { key } }"}
        for _ in range(10):
            assert httpx2.post(f"{gateway.url}/graphql", json=body, timeout=100).json() == {
                "data": {"tagDefinitions": [{"key": "buyer"}]}
            }
        (probes.folder / "tags.yaml").write_text(TAGS)
        said = f"Settings and tags {digest} are served as before: nothing has changed (revision 1).\n"
        assert reload(gateway) == (0, said, "")


def test_other_fields_of_ones_own_need_a_restart(probes: ProbeConfig):
    """They are part of the schema, which stands from the start."""
    probes.write(crm="", more='[fields.customer.shoe_size]\ntype = "int"\ndescription = "Of the left"\nclass = "personal"')
    with serve_process(probes.file, path=probes.kinds) as gateway:
        gateway.wait_ready(1)
        known = {"query": '{ customer(by: {id: "c1"}) { shoeSize } }'}
        assert httpx2.post(f"{gateway.url}/graphql", json=known).json() == {"data": {"customer": {"shoeSize": None}}}
        probes.write(crm="")
        code, _, errors = reload(gateway)
        assert code == 1
        assert "fields: they are part of the schema, which stands from the start; restart the gateway" in errors
        assert httpx2.post(f"{gateway.url}/graphql", json=known).json() == {"data": {"customer": {"shoeSize": None}}}


def test_sources_that_cannot_be_opened_keep_the_old(probes: ProbeConfig):
    """A worker that ends while it prepares keeps the others on the old settings, and is replaced on them."""
    with serve_process(probes.file, path=probes.kinds, workers=2) as gateway:
        gateway.wait_ready(2)
        (probes.folder / "fatal").mkdir()
        (probes.folder / "fatal" / "crash").touch()
        probes.write(crm='customer_name = "Li Na"', fatal="")
        code, _, errors = reload(gateway)
        assert code == 1
        assert "ended, or did not build the services" in errors
        (probes.folder / "fatal" / "crash").unlink()
        said = gateway.wait_ready(2)
        assert (said["settings"]["revision"], set(said["sources"])) == (1, {"crm"})
        assert gateway.ask()["data"]["customer"]["name"] == "Ana Souza"


def test_a_worker_obeys_on_after_a_source_that_fails_to_close(probes: ProbeConfig):
    """What it had opened for a reload that another worker rejects: the log says so, and the next reload is served by both."""
    with serve_process(probes.file, path=probes.kinds, workers=2) as gateway:
        gateway.wait_ready(2)
        for name, fault in (("stubborn", "stubborn"), ("late", "broken")):
            (probes.folder / name).mkdir()
            (probes.folder / name / fault).touch()
        probes.write(crm="", stubborn="", late="")
        code, _, errors = reload(gateway)
        assert (code, errors.splitlines()[0]) == (1, "the sources cannot be opened (OSError); the log has more")
        assert gateway.wait_for("services_not_closed")["error"] == "OSError"
        probes.write(crm='customer_name = "Li Na"')
        assert reload(gateway)[0] == 0
        assert len(gateway.events("worker_started")) == 2


def test_a_reload_during_the_start_is_done_after_it(probes: ProbeConfig):
    """The settings may have been read before they were changed."""
    stall = probes.folder / "crm" / "stall"
    stall.touch()
    with serve_process(probes.file, path=probes.kinds) as gateway:
        wait_until(lambda: probes.noted("crm", "made"), "the settings to be checked")
        probes.write(crm='customer_name = "Li Na"')
        gateway.process.send_signal(signal.SIGHUP)
        stall.unlink()
        assert gateway.wait_for("settings_loaded", 2)["changes"] == ["sources.crm"]
        wait_until(lambda: gateway.ready_pids() and gateway.readiness()["workers"][0]["revision"] == 2, "the new settings")
        assert gateway.ask() == {"data": {"customer": {"name": "Li Na"}}}


def test_a_reload_while_the_settings_are_read_is_done_after_it(probes: ProbeConfig):
    """What was read before the signal may be old. Tags that come by a pipe say when that is."""
    tags = probes.folder / "tags.yaml"
    os.mkfifo(tags)
    probes.write(crm="", more='[tags]\nfile = "tags.yaml"')
    with serve_process(probes.file, path=probes.kinds) as gateway:
        pipe = wait_until(lambda: open_to_write(tags), "the tags to be read")
        tags.unlink()
        tags.write_text(TAGS)
        probes.write(crm='customer_name = "Li Na"', more='[tags]\nfile = "tags.yaml"')
        gateway.process.send_signal(signal.SIGHUP)
        with os.fdopen(pipe, "w") as written:
            written.write(TAGS)
        assert gateway.wait_for("settings_loaded", 2)["changes"] == ["sources.crm"]
        wait_until(lambda: gateway.ready_pids() and gateway.readiness()["workers"][0]["revision"] == 2, "the new settings")
        assert gateway.ask() == {"data": {"customer": {"name": "Li Na"}}}


def open_to_write(pipe: Path) -> int | None:
    """Open a pipe that somebody reads."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return None


def test_the_check_of_a_reload_ends_with_the_gateway(probes: ProbeConfig):
    """Its process does not stay when a source hangs in it."""
    with serve_process(probes.file, path=probes.kinds) as gateway:
        gateway.wait_ready(1)
        stall = probes.folder / "late" / "stall"
        stall.parent.mkdir()
        stall.touch()
        probes.write(crm="", late="")
        gateway.process.send_signal(signal.SIGHUP)
        (pid,) = wait_until(lambda: probes.noted("late", "made"), "the check")
        assert gateway.end() == 0
        wait_until(lambda: not is_alive(int(pid)), "the end of the check")


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_reload_under_load_loses_no_request(probes: ProbeConfig, workers: int):
    """32 callers: each of their requests is answered, by the old settings or by the new ones."""
    with serve_process(probes.file, path=probes.kinds, workers=workers) as gateway:
        await asyncio.to_thread(gateway.wait_ready, workers)
        async with calling(gateway.port) as load:
            for count, name in enumerate(("Li Na", "Ana Souza", "Emma Clarke"), 2):
                probes.write(crm=f'customer_name = "{name}"')
                gateway.process.send_signal(signal.SIGHUP)
                await asyncio.to_thread(gateway.wait_for, "settings_loaded", count)
            before = load.answers["Emma Clarke"]
            while load.answers["Emma Clarke"] < before + 100:
                await asyncio.sleep(0.01)
        await asyncio.to_thread(wait_until, lambda: len(probes.noted("crm", "closed")) == 3 * workers, "old sources to close")
    assert load.answers.keys() == {"Ana Souza", "Li Na", "Emma Clarke"}
    assert len(gateway.events("worker_started")) == workers


def test_reload_without_a_gateway_says_so():
    """The port is named, with the way out."""
    port = free_port()
    done = subprocess.run([*COMMAND, "reload", "--admin-port", str(port)], capture_output=True, text=True, timeout=100)
    assert done.returncode == 2
    assert done.stderr == f"--admin-port: no gateway answers at 127.0.0.1:{port}; name the admin port of one that runs\n"


def test_a_secret_is_in_no_line_and_no_digest(probes: ProbeConfig, tmp_path: Path):
    """A setting from a variable changes nothing of what is said."""
    probes.write(crm='customer_name = "${GATEWAY_TEST_NAME}"')
    digests = set()
    for name in ("first secret", "second secret"):
        os.environ["GATEWAY_TEST_NAME"] = name
        try:
            with serve_process(probes.file, path=probes.kinds) as gateway:
                digests.add(gateway.wait_ready(1)["settings"]["digest"])
                said = [*gateway._written, gateway.admin.get("/readyz").text, gateway.admin.get("/metrics").text]
        finally:
            del os.environ["GATEWAY_TEST_NAME"]
        assert not any(name in text for text in said)
    assert len(digests) == 1
