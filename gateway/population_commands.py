"""The commands `profile-gateway tags refresh | count | diff`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.terminal import errors, out, problems_shown

if TYPE_CHECKING:
    from gateway.population.pack_comparison import PackComparison, TagDifference
    from gateway.population.refresh import Progress
    from gateway.population.refresh_state import RefreshState
    from gateway.population.tag_census import TagCensus
    from gateway.services import Services

Config = Annotated[Path, typer.Option("--config", help="The settings file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def refresh(
    all_: Annotated[bool, typer.Option("--all", help="All customers of the sources that list them.")] = False,
    resume: Annotated[
        Path | None, typer.Option(help="Keep in this file how far it has come, and go on from there where it was ended.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only who changed since: a time such as 2026-06-30T12:00Z, a span such as 1d, or last."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Spread it over so many processes, by Dask (the extra scale).")
    ] = None,
    scheduler: Annotated[str | None, typer.Option(help="Spread it over the workers of this scheduler of Dask instead.")] = None,
    batch: Annotated[int, typer.Option(min=1, max=5_000, help="How many records a batch is of.")] = 200,
    config: Config = Path("gateway.toml"),
    as_json: Json = False,
) -> None:
    """Compute and store the tags of all customers, or of those who changed.

    It ends with 1 where some lacked what a source did not give.
    """
    import asyncio

    from connectors.errors import ConfigurationError
    from gateway.population.changed_customers import changing_sources
    from gateway.population.refresh import read_last, refresh_all, refuse_other_place
    from gateway.population.refresh_state import StateFile
    from gateway.population.walk import unlisted_sources

    with problems_shown(), _progress_shown() as progress:
        if not all_ and since is None:
            raise ConfigurationError(["tags refresh: say of whom; give --all, or --since and a time"])
        _check_spread(workers, scheduler, since)
        services, file = _services(config), StateFile(resume)
        if workers is not None or scheduler is not None:
            from gateway.population.spread_refresh import spread_refresh

            spread = spread_refresh(services, config, file, batch, progress, workers=workers or 1, scheduler=scheduler)
            _print_refresh(asyncio.run(spread), unlisted_sources(services), as_json=as_json)
            return
        if since == "last":
            refuse_other_place(services, file)
        from_ = None if since is None else read_last(file) if since == "last" else _read_time(since, services)
        state = asyncio.run(refresh_all(services, file, batch, progress, from_))
    gaps = unlisted_sources(services) if since is None else changing_sources(services)[1]
    _print_refresh(state, gaps, as_json=as_json)


def _check_spread(workers: int | None, scheduler: str | None, since: str | None) -> None:
    """Refuse what cannot be spread. Raises `ConfigurationError`."""
    from importlib.util import find_spec

    from connectors.errors import ConfigurationError

    if workers is None and scheduler is None:
        return
    if workers is not None and scheduler is not None:
        raise ConfigurationError(["--workers and --scheduler exclude each other; give one of them"])
    if since is not None:
        raise ConfigurationError(["--since: who changed are few; leave --workers and --scheduler out"])
    if find_spec("distributed") is None:
        raise ConfigurationError(["--workers: needs an extra; install customer-profile-gateway[scale]"])


def count(
    since: Annotated[
        str | None,
        typer.Option(help="Only tags that were computed since: a time such as 2026-06-30T12:00Z, or a span such as 1d."),
    ] = None,
    config: Config = Path("gateway.toml"),
    as_json: Json = False,
) -> None:
    """Count the customers of each tag and value, by what is stored in MongoDB. No source is asked."""
    import asyncio

    from gateway.population.tag_census import count_tags

    with problems_shown(), _count_shown("Counting") as progress:
        services = _services(config)
        from_ = None if since is None else _read_time(since, services)
        customers, tags = asyncio.run(count_tags(services, from_, progress))
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode({"customers": customers, "tags": tags}).decode())
        return
    out.print(f"customers of whom tags are stored: {customers:,}", highlight=False)
    for own in tags:
        out.print(f"{own.key}", highlight=False, markup=False)
        for line in _lines_of(own, customers):
            out.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)


def _lines_of(own: TagCensus, customers: int) -> Iterator[str]:
    rest = {
        "(other values)": own.other_values,
        "(not given)": own.not_given,
        "(unknown: a fact was missing)": own.unknown,
        "(failed)": own.failed,
        "(never computed)": own.never,
    }
    for value, number in [*own.values.items(), *((name, number) for name, number in rest.items() if number)]:
        share = f" ({number / customers:.1%})" if customers else ""
        yield f"{printable(value)}: {number:,}{share}"
    if own.partial:
        yield f"of these partial: {own.partial:,}"


def diff(
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The other file of tags.")],
    sample: Annotated[int, typer.Option(min=1, max=100_000, help="How many customers are looked at.")] = 1_000,
    examples: Annotated[int, typer.Option(min=0, max=100, help="How many ids are printed for each change.")] = 5,
    config: Config = Path("gateway.toml"),
    as_json: Json = False,
) -> None:
    """Compute the tags of some customers by another file, and print how many change from what to what. Nothing is stored."""
    import asyncio

    from gateway.population.pack_comparison import compare_packs

    with problems_shown(), _count_shown("Comparing", sample) as progress:
        found = asyncio.run(compare_packs(_services(config), new, sample, examples, progress))
    if as_json:
        typer.echo(_comparison_json(found))
    else:
        how = "chosen by chance" if found.is_by_chance else "the first ones that are listed"
        out.print(f"customers: {found.customers:,}, {how}", highlight=False)
        for own in found.tags:
            for line in _lines_of_difference(own, found.customers):
                out.print(line, highlight=False, markup=False, soft_wrap=True)
    if found.missing:
        _warn(f"{found.missing:,} customers were not compared in full: a source did not give all")


def _lines_of_difference(own: TagDifference, customers: int) -> Iterator[str]:
    changed = own.changes.total()
    where = {None: "", "new": " (only in the new file)", "old": " (only in the file in force)"}[own.only_in]
    yield f"{own.key}{where}: {changed:,} of {customers:,} change"
    for (before, after), number in own.changes.most_common():
        ids = own.examples.get((before, after), [])
        shown = f": {', '.join(map(printable, ids))}" if ids else ""
        yield f"  {_value(before)} -> {_value(after)}: {number:,}{shown}"
    if own.unknown:
        yield f"  not compared, a fact is missing: {own.unknown:,}"


def _value(value: str | None) -> str:
    return "(not given)" if value is None else printable(value)


def _comparison_json(found: PackComparison) -> str:
    import json

    tags = [
        {
            "key": own.key,
            "onlyIn": own.only_in,
            "same": own.same,
            "unknown": own.unknown,
            "changes": [
                {"from": before, "to": after, "customers": number, "examples": own.examples.get((before, after), [])}
                for (before, after), number in own.changes.most_common()
            ],
        }
        for own in found.tags
    ]
    return json.dumps({"customers": found.customers, "missing": found.missing, "isByChance": found.is_by_chance, "tags": tags})


def printable(value: str) -> str:
    """Write a text without signs that a terminal would follow."""
    return value if value.isprintable() else ascii(value)


def _print_refresh(state: RefreshState, gaps: Sequence[str], *, as_json: bool) -> None:
    """Print what became of the customers, and end with 1 where some are missing something."""
    import msgspec

    if as_json:
        typer.echo(msgspec.json.encode(state.counts).decode())
    else:
        for name, count in msgspec.structs.asdict(state.counts).items():
            out.print(f"{name}: {count:,}", highlight=False)
    if gaps and state.since is None:
        _warn(f"customers of {', '.join(gaps)} alone are not among them: they cannot be listed")
    elif gaps:
        _warn(f"not known who changed: {', '.join(gaps)}; webhooks tell it, or a source with `changed` in its settings")
    if state.counts.missing:
        _warn("run the command again for those who are missing something, once their sources answer")
        raise typer.Exit(1)


def _read_time(text: str, services: Services) -> datetime:
    """Read a time or a span before now. Raises `ConfigurationError`."""
    from datetime import UTC

    from connectors.errors import ConfigurationError
    from gateway.command_runner import read_span

    if text[:1].isdigit() and text[-1:] in "smhd":
        return services.clock.now() - read_span(text, "--since")
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            ["--since: is no time; write one such as 2026-06-30T12:00Z, a span such as 1d, or last"]
        ) from None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


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


@contextmanager
def _count_shown(text: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show how many customers were looked at, on standard error where that is a terminal."""
    from rich.progress import Progress as Bar

    with Bar(console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task(text, total=total)
        yield lambda done: bar.update(task, description=f"{text} ({done:,} customers)", completed=done)


def _services(config: Path) -> Services:
    from gateway.app import create_services
    from gateway.log import configure_logging
    from gateway.settings import load_settings

    configure_logging("ERROR")
    return create_services(load_settings(config))


def _warn(text: str) -> None:
    errors.print(f"warning: {text}", style="yellow", markup=False, highlight=False, soft_wrap=True)
