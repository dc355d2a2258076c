"""The commands `profile-gateway calibrate` and `profile-gateway clusters`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.terminal import errors, out, problems_shown

if TYPE_CHECKING:
    from gateway.calibration.population_sample import Progress
    from gateway.services import Services

Config = Annotated[Path, typer.Option("--config", help="The settings file.")]
Tags = Annotated[Path | None, typer.Option(help="The file of the tags.", show_default="that of the settings")]


def calibrate(
    config: Config = Path("gateway.toml"),
    tags: Tags = None,
    at: Annotated[
        str | None, typer.Option(help="Learn from what was known at this moment, such as 2018-05-31T23:59:59Z.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="The file to write.", show_default="tags.calibration of the settings")
    ] = None,
    drift: Annotated[bool, typer.Option("--drift", help="Write nothing: report how far the population has moved.")] = False,
    resume: Annotated[
        Path | None, typer.Option(help="Keep in this file how far it has come, and go on from there where it was ended.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=5_000, help="How many customers are asked for at a time.")] = 200,
) -> None:
    """Find the figures of all scores in the population, and write them into a file. Scores that it cannot bear are refused."""
    import asyncio

    from connectors.errors import ConfigurationError

    with problems_shown(), _libraries_there():
        from gateway.calibration.calibration_report import report_lines
        from gateway.calibration.calibration_run import calibrate_scores
        from gateway.calibration.sample_state import SampleStateFile
        from gateway.scores.calibration_file import read_calibration, write_calibration

        moment = None if at is None else _read_moment(at)
        services, named = _services(config, tags)
        path = output or named
        if path is None:
            raise ConfigurationError(["tags.calibration: names no file to write; add it to the settings, or give --output"])
        before = read_calibration(path) if path.exists() else None
        if drift and before is None:
            raise ConfigurationError([f"--drift: there is no {path.name} to compare with; run it without --drift first"])
        with _progress_shown() as progress:
            states = SampleStateFile(resume)
            run = asyncio.run(calibrate_scores(services, moment, progress, states=states, before=before, batch=batch))
        if not drift:
            write_calibration(path, run.calibration)
            _print(*report_lines(run.calibration))
        calls = ", ".join(f"{name} {count:,}" for name, count in run.calls.items() if count)
        _print(f"read in {run.walk_s:.1f} s by calls to {calls}; computed in {run.fit_s:.1f} s")
        if before is not None:
            _print(f"since {before.version}:")
        _print(*(f"  {own.name}: {own.word}: {own.words}" for own in run.drift))


def clusters(
    config: Config = Path("gateway.toml"),
    tags: Tags = None,
    facts: Annotated[
        str | None, typer.Option(help="Group by these facts, such as orders,spend.", show_default="all that are numbers")
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=2, max=12, help="How many clusters.", show_default="those that are the farthest apart")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Group the customers of the population by k-means over their facts, and describe each group. Nothing is written."""
    import asyncio

    import msgspec

    with problems_shown(), _libraries_there():
        from gateway.calibration.cluster_run import cluster_customers

        services, _ = _services(config, tags)
        names = [name.strip() for name in facts.split(",") if name.strip()] if facts else []
        with _progress_shown() as progress:
            found = asyncio.run(cluster_customers(services, names, count, progress))
    if as_json:
        typer.echo(msgspec.json.encode(found._asdict()).decode())
        return
    for number, own in enumerate(found.clusters, 1):
        _print(f"{number}: {own.customers:,} customers ({own.share:.0%}): {own.words()}")
    _print(f"separation {found.separation:.2f} (1 is far apart, 0 is touching); {found.left_out:,} customers lack a fact")


@contextmanager
def _libraries_there() -> Iterator[None]:
    """Say which extra is missing."""
    from connectors.errors import ConfigurationError

    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("numpy", "scipy", "sklearn"):
            raise ConfigurationError(
                ['calibrate: scipy and scikit-learn are not installed; add the extra "calibrate"']
            ) from None
        raise


def _read_moment(text: str) -> datetime:
    """Read a moment, in UTC where it does not say otherwise. Raises `ConfigurationError`."""
    from connectors.errors import ConfigurationError

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError([f"--at: '{text[:40]}' is no moment; write a date or such as 2018-05-31T23:59:59Z"]) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _services(config: Path, tags: Path | None) -> tuple[Services, Path | None]:
    """Build the services without the calibration that is to be found, and name its file."""
    from gateway.app import create_services
    from gateway.log import configure_logging
    from gateway.settings import load_settings
    from gateway.tags.pack import default_pack_path

    configure_logging("ERROR")
    settings = load_settings(config)
    file = tags or settings.tags.file or default_pack_path()  # named, so that tags that need a calibration are in it
    changed = {"calibration": None, "file": file}
    alone = settings.model_copy(update={"tags": settings.tags.model_copy(update=changed)})
    return create_services(alone), settings.tags.calibration


@contextmanager
def _progress_shown() -> Iterator[Progress]:
    """Show how many customers were read, on standard error where that is a terminal."""
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("Opening sources", total=None)
        yield lambda sample: bar.update(
            task, description=f"{sample.counts.customers:,} customers read, {len(sample):,} in the sample"
        )


def _print(*lines: str) -> None:
    for line in lines:
        out.print(line, markup=False, highlight=False, soft_wrap=True)
