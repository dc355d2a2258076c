"""Servers that end with the process that started them, however it ends."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_WATCH = """
    read -r last
    [ "$last" = done ] || { [ -s "$2" ] && kill -QUIT "$(head -n 1 "$2")"; sleep 1; rm -rf "$1"; }
"""
"""Its input ends when the process does. A server's pid file has the id in its first line; SIGQUIT ends both at once."""


@contextmanager
def ended_with_this_process(folder: Path, pid_file: Path) -> Iterator[None]:
    """Kill the server and remove its folder when this process ends inside the block."""
    words = ["sh", "-c", _WATCH, "watch", str(folder), str(pid_file)]
    # A session of its own: an interruption from the terminal is not for the watcher.
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True) as watcher:
        yield
        watcher.communicate(b"done\n")
