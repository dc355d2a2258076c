"""Packages of Node.js that a test needs: installed once, as their lock says."""

import fcntl
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

INSTALL_S = 120.0
"""How long npm may take: a registry that does not answer is waited for without end."""


def installed(folder: Path) -> str:
    """Install the packages of a folder and give the command of Node.js. Skip the test where that cannot be."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        pytest.skip("Node.js is not installed")
    with _alone(folder):
        _install(folder, npm)
    return found


def _install(folder: Path, npm: str) -> None:
    lock, done = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
        words = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        try:
            is_done = subprocess.run(words, cwd=folder, check=False, timeout=INSTALL_S).returncode == 0
        except subprocess.TimeoutExpired:
            is_done = False
        if not is_done:
            pytest.skip(f"npm cannot install the packages of {folder.name}")
        done.touch()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes of the tests from installing there meanwhile: npm begins with taking away what is there."""
    with (Path(tempfile.gettempdir()) / f"node-packages-{zlib.crc32(str(folder).encode()):08x}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
