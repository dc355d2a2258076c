"""The commands `profile-gateway segments list | count | upload | export`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.terminal import errors, out, problems_shown

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from typing import TextIO

    from gateway.services import Services
    from gateway.settings import Settings
    from gateway.store.segment_counts import SegmentCount
    from gateway.store.store import Store

segments = typer.Typer(no_args_is_help=True, help="Named groups of customers: how many, who, and as a file.")

Config = Annotated[Path, typer.Option("--config", help="The settings file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="The segment's key.")]
MAX_SHOWN = 20
"""How many lines that find nobody are named."""


class ExportFormat(StrEnum):
    """How customers are written."""

    CSV = "csv"
    JSONL = "jsonl"


@segments.command("list")
def list_segments(config: Config = Path("gateway.toml"), as_json: Json = False) -> None:
    """Print all segments with their counts. No source is asked."""
    _print_counts(_read_counts(config, None), as_json=as_json)


@segments.command()
def count(key: Key, config: Config = Path("gateway.toml"), as_json: Json = False) -> None:
    """Print how many customers are in a segment, of how many that is known, and as of when. No source is asked."""
    _print_counts(_read_counts(config, key), as_json=as_json)


@segments.command()
def upload(
    key: Key,
    file: Annotated[
        Path, typer.Argument(help="A text file with a key of a customer on each line.", exists=True, dir_okay=False)
    ],
    by: Annotated[
        str | None, typer.Option(help="The kind of all keys, such as email; without it lines begin with one, or are ids.")
    ] = None,
    config: Config = Path("gateway.toml"),
) -> None:
    """Replace a list by that of a file. Lines that find nobody are told by their numbers; it ends with 1 then."""
    import asyncio

    from gateway.population.list_upload import upload_list

    with problems_shown(), _progress_shown("Looking up") as progress:
        report = asyncio.run(upload_list(_services(config), key, file, by, progress))
    out.print(f"{key}: {report.customers:,} customers, of {report.lines:,} lines", highlight=False)
    if report.unknown:
        shown = ", ".join(str(number) for number in report.unknown[:MAX_SHOWN])
        more = ", ..." if len(report.unknown) > MAX_SHOWN else ""
        errors.print(f"{len(report.unknown):,} lines find nobody, or several: {shown}{more}", style="yellow", highlight=False)
        raise typer.Exit(1)


@segments.command()
def export(
    key: Key,
    caller: Annotated[
        str, typer.Option(help="The caller of the settings as whom customers are read: what it may see is written.")
    ],
    fields: Annotated[
        str, typer.Option(help="Fields of customers, with commas between them, such as id,name,company.name.")
    ] = "id",
    format_: Annotated[ExportFormat, typer.Option("--format", help="csv or jsonl.")] = ExportFormat.CSV,
    purpose: Annotated[str | None, typer.Option(help="The purpose, where the caller has several.")] = None,
    output: Annotated[Path | None, typer.Option(help="The file to write; without it, the standard output.")] = None,
    config: Config = Path("gateway.toml"),
) -> None:
    """Write the customers of a segment as a file, as a caller sees them.

    It ends with 1 where something is missing that the caller may see.
    """
    import asyncio

    from gateway.export.segment_export import CsvWriter, JsonLinesWriter, export_segment

    paths = [name.strip() for name in fields.split(",") if name.strip()]
    with problems_shown():
        services = _services(config)
    with problems_shown(), _opened(output) as file:
        writer = CsvWriter(file, paths) if format_ is ExportFormat.CSV else JsonLinesWriter(file)
        report = asyncio.run(export_segment(services, key, caller, paths, writer.write, purpose))
        writer.write_head()
    errors.print(f"{key}: {report.customers:,} customers written", highlight=False)
    for code, number in sorted(report.errors.items()):
        errors.print(f"{code}: {number:,} times", style="yellow", highlight=False)
    if not report.is_whole:
        raise typer.Exit(1)


def _read_counts(config: Path, key: str | None) -> Mapping[str, SegmentCount | None]:
    from gateway.command_runner import run_with_store

    async def read(settings: Settings, store: Store | None, _: datetime) -> Mapping[str, SegmentCount | None]:
        from connectors.errors import ConfigurationError
        from connectors.suggestions import did_you_mean
        from gateway.segments.segment_totals import read_totals
        from gateway.tags.pack import read_pack

        if store is None:
            raise ConfigurationError(["mongodb: nothing is counted without it; add [mongodb] to the settings"])
        known = read_pack(settings.tags.file, settings.tags.calibration, settings.purposes).segments
        if key is not None and key not in known:
            raise ConfigurationError([f"{key}: no segment is called so{did_you_mean(key, known)}"])
        totals = await read_totals(store, known)
        return {own: totals.get(own) for own in known if key in (None, own)}

    return run_with_store(config, lambda settings: settings.mongodb is not None, read)


def _print_counts(counts: Mapping[str, SegmentCount | None], *, as_json: bool) -> None:
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(counts).decode())
        return
    for key, own in counts.items():
        told = "not counted yet"
        if own is not None:
            told = f"{own.members:,} customers, of {own.known:,} known and {own.unknown:,} not"
            told += f", as of {own.as_of:%Y-%m-%d %H:%M} UTC"
        out.print(f"{key}: {told}", markup=False, highlight=False, soft_wrap=True)


def _services(config: Path) -> Services:
    """Make the services of the settings, not opened. Raises `ConfigurationError`."""
    from gateway.app import create_services
    from gateway.log import configure_logging
    from gateway.settings import load_settings

    configure_logging("ERROR")
    return create_services(load_settings(config))


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    """Open the file to write, for its owner alone. A file that is there is replaced when all is written.

    What stands in its place meanwhile is deleted however this ends, unless by SIGKILL: then the next one deletes it.
    """
    if output is None:
        yield out.file  # type: ignore[misc]
        out.file.flush()
        return
    import os
    import signal

    from connectors.errors import ConfigurationError

    partly = output.with_name(f"{output.name}.part")
    partly.unlink(missing_ok=True)
    own: os.stat_result | None = None
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        # A new file: one of somebody else, or a link of his to another place, is not written to.
        number = os.open(partly, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        own = os.fstat(number)
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            yield file
        if not _is_same(partly, own):
            raise ConfigurationError([f"--output: another export writes {output.name}; run one at a time"])
        partly.replace(output)
    finally:
        if own is not None and _is_same(partly, own):
            partly.unlink()
        signal.signal(signal.SIGTERM, before)


def _is_same(path: Path, file: os.stat_result) -> bool:
    """Tell whether a path still names a file."""
    from os.path import samestat

    try:
        return samestat(path.lstat(), file)
    except FileNotFoundError:
        return False


@contextmanager
def _progress_shown(what: str) -> Iterator[Callable[[int], None]]:
    """Show how far it has come, on a terminal."""
    from rich.progress import Progress, SpinnerColumn, TextColumn

    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), console=errors, transient=True, disable=not errors.is_terminal
    ) as shown:
        task = shown.add_task(what)
        yield lambda number: shown.update(task, description=f"{what}: {number:,} lines")
