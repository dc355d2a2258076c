"""The commands `profile-gateway tags refresh | count | diff`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.terminal import errors, out, problems_shown

if TYPE_CHECKING:
    from gateway.population.refresh import Progress
    from gateway.population.refresh_state import RefreshState
    from gateway.services import Services

Config = Annotated[Path, typer.Option("--config", help="The settings file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def refresh(
    all_: Annotated[bool, typer.Option("--all", help="All customers of the sources that list them.")] = False,
    resume: Annotated[
        Path | None, typer.Option(help="Keep in this file how far it has come, and go on from there where it was ended.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=5_000, help="How many records a batch is of.")] = 200,
    config: Config = Path("gateway.toml"),
    as_json: Json = False,
) -> None:
    """Compute and store the tags of all customers. It ends with 1 where some lacked what a source did not give."""
    import asyncio

    from connectors.errors import ConfigurationError
    from gateway.population.refresh import refresh_all
    from gateway.population.refresh_state import StateFile
    from gateway.population.walk import unlisted_sources

    with problems_shown(), _progress_shown() as progress:
        if not all_:
            raise ConfigurationError(["tags refresh: say of whom; give --all"])
        services = _services(config)
        state = asyncio.run(refresh_all(services, StateFile(resume), batch, progress))
    _print_refresh(state, unlisted_sources(services), as_json=as_json)


def _print_refresh(state: RefreshState, unlisted: list[str], *, as_json: bool) -> None:
    """Print what became of the customers, and end with 1 where some are missing something."""
    import msgspec

    if as_json:
        typer.echo(msgspec.json.encode(state.counts).decode())
    else:
        for name, count in msgspec.structs.asdict(state.counts).items():
            out.print(f"{name}: {count:,}", highlight=False)
    if unlisted:
        _warn(f"customers of {', '.join(unlisted)} alone are not among them: they cannot be listed")
    if state.counts.missing:
        _warn("run the command again for those who are missing something, once their sources answer")
        raise typer.Exit(1)


@contextmanager
def _progress_shown() -> Iterator[Progress]:
    """Show a progress bar on standard error, where that is a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bar(
        *columns, TimeElapsedColumn(), TimeRemainingColumn(), console=errors, transient=True, disable=not errors.is_terminal
    ) as bar:
        task = bar.add_task("Opening sources", total=None)

        def show(state: RefreshState) -> None:
            counts = state.counts
            text = f"{counts.refreshed:,} customers refreshed, {counts.fresh:,} fresh"
            bar.update(task, description=text, completed=counts.listed, total=state.total)

        yield show


def _services(config: Path) -> Services:
    from gateway.app import create_services
    from gateway.log import configure_logging
    from gateway.settings import load_settings

    configure_logging("ERROR")
    return create_services(load_settings(config))


def _warn(text: str) -> None:
    errors.print(f"warning: {text}", style="yellow", markup=False, highlight=False, soft_wrap=True)
