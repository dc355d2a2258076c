"""Read the heads of chains out of the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from gateway.audit.link import CHAIN_PATTERN, ChainHead


class _Line(msgspec.Struct):
    event: str
    timestamp: datetime
    chain: Annotated[str, msgspec.Meta(pattern=CHAIN_PATTERN)]
    seq: int
    mac: str


def read_heads(lines: Iterable[bytes], *, since: datetime) -> Iterator[ChainHead]:
    """Read the heads that were logged since a time. Other lines are skipped, also what stands before the JSON of a line."""
    for line in lines:
        try:
            read = msgspec.json.decode(line[line.index(b"{") :], type=_Line)
        except ValueError:  # all errors of msgspec are of this kind, and it is what a missing brace raises
            continue
        if read.event == "audit_head" and read.timestamp >= since:
            yield ChainHead(read.chain, read.seq, read.mac)


def open_heads(path: Path, *, since: datetime) -> list[ChainHead]:
    """Read the heads in a file of the log. Raises `OSError`."""
    with path.open("rb") as lines:
        return [*read_heads(lines, since=since)]
