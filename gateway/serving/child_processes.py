"""Fork processes, and learn how they end. To be used by a process that has one thread and an asyncio loop."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Collection

import structlog

from gateway.log import frames_of

EX_SOFTWARE = 70
"""How a process ends that raised what nobody caught (sysexits.h)."""

log = structlog.get_logger()


class Children:
    """The processes of this one, by their id."""

    def __init__(self) -> None:
        self._ends: dict[int, asyncio.Future[int]] = {}

    def watch(self) -> None:
        """Reap processes as they end, from now on."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._reap)

    def fork(self, run: Callable[[], int], descriptors: Collection[int]) -> tuple[int, asyncio.Future[int]]:
        """Run a function in a new process, which ends with its result.

        The process has the standard streams and these descriptors. The future is its exit code, or the signal that killed it
        as a negative number.
        """
        pid = _fork(run, descriptors)
        self._ends[pid] = end = asyncio.get_running_loop().create_future()
        return pid, end

    def _reap(self) -> None:
        for pid, end in list(self._ends.items()):
            reaped, status = os.waitpid(pid, os.WNOHANG)
            if reaped:
                del self._ends[pid]
                if not end.done():
                    end.set_result(os.waitstatus_to_exitcode(status))


def _fork(run: Callable[[], int], descriptors: Collection[int]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = EX_SOFTWARE
    try:
        _detach(descriptors)
        code = run()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else EX_SOFTWARE
    except BaseException as error:  # noqa: BLE001  nothing of the parent's frames may run here
        log.error("worker_failed", error=type(error).__name__, frames=frames_of(error))
    finally:
        sys.stderr.flush()
        os._exit(code)


def _detach(descriptors: Collection[int]) -> None:
    """Let go of the parent's signals and descriptors.

    Objects of the parent go on naming their descriptors, so these lead nowhere instead of being closed: a number that is free
    would be given out again.
    """
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    kept = {0, 1, 2, nowhere, *descriptors}
    for descriptor in map(int, os.listdir("/dev/fd")):  # noqa: PTH208  numbers, not paths
        if descriptor not in kept:
            os.dup2(nowhere, descriptor, inheritable=False)
