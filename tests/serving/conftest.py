"""A gateway on probes: sources that behave as files say."""

from pathlib import Path

import pytest

from tests.support.probe_connector import write_entry_point


class ProbeConfig:
    """A settings file with sources of the kind `probe`, each with a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "gateway.toml"
        self.kinds = folder / "kinds"
        write_entry_point(self.kinds)

    def write(self, *, more: str = "", **sources: str) -> None:
        """Write the file: a table for each source with its settings, then `more`."""
        tables = []
        for name, settings in sources.items():
            (self.folder / name).mkdir(exist_ok=True)
            tables.append(f'[sources.{name}]\nkind = "probe"\nfolder = "{self.folder / name}"\n{settings}\n')
        self.file.write_text("\n".join([*tables, more]), encoding="utf-8")

    def noted(self, source: str, event: str) -> list[str]:
        """The processes in which something happened to a source: `opened`, `closed` or `called`."""
        file = self.folder / source / event
        return [line.split()[1] for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def probes(tmp_path: Path) -> ProbeConfig:
    config = ProbeConfig(tmp_path)
    config.write(crm="")
    return config
