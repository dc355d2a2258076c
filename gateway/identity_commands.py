"""The commands `profile-gateway identity propose | report | forget`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.linkage.comparisons import THRESHOLD
from gateway.terminal import errors, out, print_problems, problems_shown

if TYPE_CHECKING:
    from gateway.linkage.acceptance import AcceptedPair
    from gateway.linkage.command import Progress
    from gateway.linkage.erasure import Erasure
    from gateway.linkage.proposals import Proposal
    from gateway.services import Services

identity = typer.Typer(no_args_is_help=True, help="Which records of all sources are one customer.")

Config = Annotated[Path, typer.Option("--config", help="The settings file.")]
SourceNames = Annotated[str | None, typer.Option(help="List these sources alone, such as crm,shop.")]
Probability = Annotated[float, typer.Option(min=0.5, max=1, help="How likely two records must be one person.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@identity.command()
def report(config: Config = Path("gateway.toml"), sources: SourceNames = None, as_json: Json = False) -> None:
    """Print how records are linked: sizes of customers, links by rule, keys that most share. No key is printed."""
    import asyncio

    from gateway.linkage.command import report_customers
    from gateway.linkage.report import report_lines

    with problems_shown(), _progress_shown() as progress:
        found = asyncio.run(report_customers(_services(config), _names(sources), progress))
    if as_json:
        typer.echo(found.json())
        return
    for line in report_lines(found):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    _warn_of_gaps(found.sources.unreadable, found.sources.others)


@identity.command()
def propose(
    config: Config = Path("gateway.toml"),
    threshold: Probability = THRESHOLD,
    sources: SourceNames = None,
    as_json: Json = False,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Show names and other values, on a terminal alone.")
    ] = False,
    accept_over: Annotated[
        float | None, typer.Option(min=0.5, max=1, help="Accept what is at least so likely, and print it.")
    ] = None,
    accept: Annotated[Path | None, typer.Option(help="Accept the printed pairs that are in this file.")] = None,
    who: Annotated[str | None, typer.Option(help="Who accepts, for the log.", show_default="the user's name")] = None,
) -> None:
    """Propose which records of different customers are one person, with the weight of each comparison."""
    from gateway.linkage.acceptance import accepted_over, read_accepted
    from gateway.linkage.command import customer_sources

    with problems_shown():
        _refuse_values(shown=show_values, as_json=as_json)
        services = _services(config)
        if accept is not None:
            _accept(services, read_accepted(accept, customer_sources(services)), who)
            return
        found = _propose(services, _names(sources), threshold if accept_over is None else accept_over, with_values=show_values)
        if accept_over is not None:
            _accept(_services(config), accepted_over(found, accept_over), who)
    print_proposals(found, as_json=as_json)


@identity.command()
def forget(
    ids: Annotated[list[str], typer.Argument(help="Ids of customers or of their records, such as crm:7.")],
    config: Config = Path("gateway.toml"),
    records_only: Annotated[
        bool, typer.Option("--records-only", help="Ask no source: erase what is stored of these records alone.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Erase what MongoDB and the audit's spool hold of customers, with all their records, and print how much of what.

    It ends with 2 if there may be more records than could be found now.
    """
    import asyncio

    from gateway.linkage.erasure import forget_customers

    with problems_shown():
        done = asyncio.run(forget_customers(_services(config), ids, records_only=records_only))
    _print_erasure(done, as_json=as_json)


def _print_erasure(done: Erasure, *, as_json: bool) -> None:
    """Print what was erased, and end with 2 where a later run may find more."""
    import msgspec

    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(done), indent=2).decode())
    else:
        out.print(f"records: {', '.join(map(_printable, done.records))}", markup=False, highlight=False, soft_wrap=True)
        for name, count in done.erased.items():
            out.print(f"{name}: {count:,}", highlight=False)
    for id_ in done.unknown:
        _warn(f"no source has {_printable(id_)}: only what is stored of this id is erased; name the customer's others, too")
    if "ONE_WAY_KEYS" in done.reasons:
        _warn("ONE_WAY_KEYS: a source may have a record that it is not found by; name its id, too")
    problems = [f"{name}: could not be asked; run this again when it answers" for name in done.sources]
    known = {"ONE_WAY_KEYS", "SOURCE_UNAVAILABLE"}
    problems += [f"{reason}: not all records were looked for; name them, too" for reason in done.reasons if reason not in known]
    if done.left is not None:
        problems.append(done.left)
    if problems:
        print_problems(problems)
        raise typer.Exit(2)


def _refuse_values(*, shown: bool, as_json: bool) -> None:
    from connectors.errors import ConfigurationError

    if shown and (as_json or not out.is_terminal):
        raise ConfigurationError(["--show-values: is for a terminal; what is written to a file holds ids and no values"])


def _propose(services: Services, sources: Sequence[str] | None, threshold: float, *, with_values: bool) -> list[Proposal]:
    import asyncio

    from gateway.linkage.command import propose_links

    with _progress_shown() as progress:
        return asyncio.run(propose_links(services, sources, threshold, progress, with_values=with_values))


def _accept(services: Services, pairs: Sequence[AcceptedPair], who: str | None) -> None:
    import asyncio

    from gateway.linkage.command import accept_pairs

    done = asyncio.run(accept_pairs(services, pairs, who or _user_name()))
    words = f"{done.linked:,} links are accepted; {done.known:,} were links before; {done.cut:,} stay cut."
    errors.print(words, highlight=False)


def _user_name() -> str:
    """Name the user; one of a container may have no name."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def print_proposals(found: Sequence[Proposal], *, as_json: bool) -> None:
    """Print proposals on standard output, and their count on standard error."""
    import msgspec

    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
        return
    lines = [proposal for proposal in found if all(id_.isprintable() for id_ in proposal.records)]
    for proposal in lines:
        note = () if proposal.withheld is None else (f"would be withheld: {proposal.withheld}",)
        typer.echo("\t".join((*proposal.records, f"{proposal.probability:.6f}", proposal.words(), *note)))
        for name, values in (proposal.values or {}).items():
            out.print(f"    {name}: {' | '.join(map(_printable, values))}", markup=False, highlight=False, soft_wrap=True)
    errors.print(f"{len(found):,} pairs are proposed.", highlight=False)
    if len(lines) < len(found):
        errors.print("Those whose ids cannot be printed are left out; --json has them.", highlight=False)


def _printable(value: str | None) -> str:
    """Write a value of a source without signs that a terminal would follow."""
    return "-" if value is None else value if value.isprintable() else ascii(value)


@contextmanager
def _progress_shown() -> Iterator[Progress]:
    """Show the step and the count of records on standard error, where that is a terminal."""
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("Reading settings", total=None)
        yield lambda text, count: bar.update(task, description=f"{text} ({count:,} records)")


def _services(config: Path) -> Services:
    from gateway.app import create_services
    from gateway.log import configure_logging
    from gateway.settings import load_settings

    configure_logging("ERROR")
    return create_services(load_settings(config))


def _names(sources: str | None) -> list[str] | None:
    return None if sources is None else [name.strip() for name in sources.split(",")]


def _warn_of_gaps(unreadable: Mapping[str, int], others: Sequence[str]) -> None:
    for name, count in unreadable.items():
        _warn(f"{name}: {count:,} records cannot be read")
    if others:
        _warn(f"not listed: {', '.join(others)}")


def _warn(text: str) -> None:
    errors.print(f"warning: {text}", style="yellow", markup=False, highlight=False, soft_wrap=True)
