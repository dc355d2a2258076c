"""Kinds of sources that a gateway in a process of its own finds as it finds those of packages."""

from pathlib import Path


def write_kinds(folder: Path, **kinds: str) -> None:
    """Make kinds known to a gateway that has the folder in its path; each is the class of a module, as `module:Class`."""
    information = folder / "own_kinds-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: own-kinds\nVersion: 1.0\n")
    points = "".join(f"{name} = {place}\n" for name, place in kinds.items())
    (information / "entry_points.txt").write_text(f"[profile_gateway.connectors]\n{points}")
