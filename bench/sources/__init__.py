"""The four sources: one server in C, compiled when it is needed, and how it is asked."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.asking import get
from bench.data import KINDS
from bench.processes import Cores, free_ports, need, running

_CODE = Path(__file__).with_name("sources.c")
_PROGRAM = Path(__file__).parent / ".built" / "sources"


@dataclass(frozen=True)
class Sources:
    """Where the sources are, by the kind of record that they have."""

    ports: dict[str, int]

    def url(self, kind: str) -> str:
        return f"http://127.0.0.1:{self.ports[kind]}"

    @property
    def environment(self) -> dict[str, str]:
        """How peers are told."""
        return {f"BENCH_{kind.upper()}": self.url(kind) for kind in self.ports}

    def calls(self) -> dict[str, int]:
        """How often each was asked so far."""
        found: dict[str, int] = json.loads(get(f"{self.url('crm')}/stats"))
        return found


@contextmanager
def served(folder: Path, cores: Cores, ports: dict[str, int] | None = None) -> Iterator[Sources]:
    """All four, at free ports where none are given."""
    ports = ports or dict(zip(KINDS, free_ports(len(KINDS)), strict=True))
    words = [str(_compiled()), str(folder), *map(str, ports.values())]
    with running("sources", words, f"http://127.0.0.1:{ports['crm']}/stats", core=cores.load):
        yield Sources(ports)


def _compiled() -> Path:
    if not _PROGRAM.exists() or _PROGRAM.stat().st_mtime < _CODE.stat().st_mtime:
        _PROGRAM.parent.mkdir(exist_ok=True)
        subprocess.run([need("gcc"), "-O2", "-o", str(_PROGRAM), str(_CODE)], check=True)
    return _PROGRAM
