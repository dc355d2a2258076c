"""`scripts/busy` keeps cores busy beside a command, and nothing runs on after it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

BUSY = ROOT / "scripts" / "busy"
CHILDREN = "cat /proc/$PPID/task/$PPID/children; echo"


def is_running(process: int) -> bool:
    """Whether it is there, and no zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until_gone(processes: list[int]) -> None:
    """The test's own time limit ends it where they stay."""
    while any(map(is_running, processes)):
        os.sched_yield()


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc")


@pytest.mark.parametrize("code", [0, 3])
def test_the_exit_code_is_that_of_the_command(code):
    """Two cores are busy while it runs, and are free afterwards."""
    run = subprocess.run([BUSY, "-n", "2", "sh", "-c", f"{CHILDREN}; exit {code}"], capture_output=True, text=True, check=False)
    children = [int(word) for word in run.stdout.split()]
    assert (run.returncode, len(children)) == (code, 3)
    assert not any(map(is_running, children))


def test_a_command_that_is_not_there_is_said():
    """As a shell does: 127, and nothing runs on."""
    run = subprocess.run([BUSY, "-n", "1", "/no/such/command"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (127, "scripts/busy: [Errno 2] No such file or directory: '/no/such/command'\n")


def test_sigterm_is_handed_on():
    """The command ends by it, and so do the others."""
    busy = subprocess.Popen([BUSY, "-n", "1", "sh", "-c", f"{CHILDREN}; exec sleep 100"], stdout=subprocess.PIPE, text=True)
    children = [int(word) for word in busy.stdout.readline().split()]
    busy.terminate()
    assert busy.wait() == 128 + signal.SIGTERM
    assert not any(map(is_running, children))
    busy.stdout.close()


def test_a_kill_ends_those_that_keep_cores_busy():
    """They look for their parent, so nothing of them stays; only the command itself is not ended."""
    busy = subprocess.Popen([BUSY, "-n", "2", "sh", "-c", f"{CHILDREN}; exec sleep 100"], stdout=subprocess.PIPE, text=True)
    *spinning, command = (int(word) for word in busy.stdout.readline().split())
    busy.kill()
    busy.wait()
    busy.stdout.close()
    os.kill(command, signal.SIGTERM)
    wait_until_gone([*spinning, command])
