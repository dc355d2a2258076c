"""Keep in a file how far a refresh has come, so that another run goes on from there."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from connectors.errors import ConfigurationError

FORM = 1
"""Of the file. Counted up when a run cannot go on from what an earlier version wrote."""


class RefreshCounts(msgspec.Struct, kw_only=True):
    """What became of listed records and their customers.

    Customers were `refreshed`, or left as they were: `fresh` already, `erased`, `gone` between the page and the lookup, or
    `missing` something that a source did not give. Of `unreadable` records not even the id could be read.
    """

    listed: int = 0
    refreshed: int = 0
    fresh: int = 0
    erased: int = 0
    gone: int = 0
    missing: int = 0
    unreadable: int = 0
    tags: int = 0

    def add(self, other: RefreshCounts) -> None:
        """Add the counts of a batch."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class RunPlace(msgspec.Struct, frozen=True):
    """Where a run stored tags, and of which sources: the database with its servers, without who signs in."""

    database: str
    sources: list[str]


class RefreshState(msgspec.Struct, kw_only=True):
    """How far a refresh has come. What was computed before it `began` is computed again.

    `after` is a place of the walk: its cursors are those of the sources, which may hold the id of a customer. `rules` names the
    tags that are in force, `walk` the sources and settings that the place hangs on. `since` is there for a run over changes
    alone. `total` are the records of the run before. `place` is None in a file of before there were any.
    """

    form: int = FORM
    began: datetime
    rules: str
    walk: str | None = None
    since: datetime | None = None
    after: str | None = None
    counts: RefreshCounts = msgspec.field(default_factory=RefreshCounts)
    is_done: bool = False
    total: int | None = None
    place: RunPlace | None = None


class StateFile:
    """The file of a state, or no file at all: then nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def read(self) -> RefreshState | None:
        """Read the state. None where there is no file yet. Raises `ConfigurationError` for a file of something else."""
        if self.path is None or not self.path.exists():
            return None
        try:
            state = msgspec.json.decode(self.path.read_bytes(), type=RefreshState)
        except msgspec.MsgspecError:
            state = None
        if state is None or state.form != FORM:
            raise ConfigurationError(
                [f"--resume: {self.path.name} is no state of a refresh; name another file, or remove this one to begin anew"]
            )
        return state

    def write(self, state: RefreshState) -> None:
        """Replace the state as a whole: whenever the process ends, the file is that of before or that of now."""
        if self.path is None:
            return
        new = self.path.with_name(f"{self.path.name}.new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(state)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the file for this process, however it ends. Raises `ConfigurationError` where another one has it."""
        if self.path is None:
            yield
            return
        descriptor = os.open(self.path.with_name(f"{self.path.name}.lock"), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConfigurationError(
                    [f"--resume: another refresh goes on by {self.path.name}; wait for its end, or name another file"]
                ) from None
            yield
        finally:
            os.close(descriptor)
