"""Say and keep what was measured."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from bench.processes import BenchError

RESULTS = Path(__file__).parent / "results"

out = Console()


def say_verdicts(verdicts: Iterable[tuple[str, bool]]) -> None:
    """Say what must hold, in green or red by whether it does."""
    for text, holds in verdicts:
        out.print(text, style="green" if holds else "red", highlight=False)


def read_numbers(words: str) -> list[int]:
    """Read numbers with commas."""
    try:
        return [int(word) for word in words.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{words}: give numbers with commas, such as 1,32") from None


def choose_names(words: str, known: list[str]) -> list[str]:
    """Choose names with commas among those that are known."""
    found = words.split(",")
    if strangers := [word for word in found if word not in known]:
        raise typer.BadParameter(f"{', '.join(strangers)}: choose from {', '.join(known)}")
    return found


@contextmanager
def problems_shown() -> Iterator[None]:
    """Show what keeps figures from being measured, and end."""
    try:
        yield
    except BenchError as error:
        out.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None


def keep_beside(results: dict[str, Any]) -> None:
    """Keep results beside those of other commands."""
    path = RESULTS / "latest.json"
    kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
    keep_results({**kept, **results}, path)


def keep_results(results: dict[str, Any], path: Path) -> None:
    """Keep results in a file."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    out.print(f"Kept in {path}", highlight=False)
