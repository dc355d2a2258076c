"""The command line: `profile-gateway demo | serve | check | schema | tags`."""

import asyncio
import difflib
import webbrowser
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from connectors.errors import ConfigurationError
from gateway.app import create_services, create_worker
from gateway.demo.prepare import Prepared, prepare_olist, prepare_shop
from gateway.demo.serve import serve_demo
from gateway.demo.shop_markets import CAPACITY
from gateway.errors import CallerError
from gateway.explain import explained, explained_plan
from gateway.log import configure_logging
from gateway.replay.modes import ReplayModes, begin_recording, substitute
from gateway.server import serve as serve_app
from gateway.settings import Settings, load_settings
from resolvers.schema import sdl

app = typer.Typer(no_args_is_help=True, add_completion=False, help="One GraphQL endpoint for everything about a customer.")
tags = typer.Typer(no_args_is_help=True, help="Tags and what they were computed from.")
app.add_typer(tags, name="tags")

out = Console()
errors = Console(stderr=True)

Config = Annotated[Path, typer.Option("--config", help="The settings file.")]
Faults = Annotated[Path | None, typer.Option(help="Faults to put into the answers of sources, a TOML file.")]
Port = Annotated[int, typer.Option(min=1, max=65535, envvar="PORT", help="The port to listen on.")]


class Dataset(StrEnum):
    SHOP = "shop"
    OLIST = "olist"


@app.command()
def demo(
    dataset: Annotated[Dataset, typer.Option(help="A generated shop, or the published Olist files.")] = Dataset.SHOP,
    data: Annotated[Path | None, typer.Option(help="The folder with the Olist files.")] = None,
    postgresql: Annotated[str | None, typer.Option(help="Put the Olist files into this PostgreSQL database.")] = None,
    port: Port = 8000,
    customers: Annotated[int, typer.Option(min=3, max=CAPACITY, help="How many customers the shop has.")] = 2000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same shop.")] = 1,
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its data.")] = Path(".demo"),
    browser: Annotated[bool, typer.Option("--open/--no-open", help="Open GraphiQL in a browser.")] = out.is_terminal,
) -> None:
    """Serve example data on four sources, with GraphiQL."""
    configure_logging("WARNING")
    with _problems_shown():
        home = folder / dataset.value
        prepared = _prepared(dataset, home, data, postgresql, customers, seed)
        serve_demo(prepared, home, port=port, ready=partial(_announce, prepared, port, browser))


@app.command()
def serve(
    config: Config = Path("gateway.toml"),
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many processes.")] = 1,
    record: Annotated[Path | None, typer.Option(help="Record answers of sources here, with personal data hidden.")] = None,
    record_plain: Annotated[Path | None, typer.Option(help="Record invented data here: nothing is hidden.")] = None,
    replay: Annotated[Path | None, typer.Option(help="Serve the recording that is here, without any source.")] = None,
    faults: Faults = None,
    check_first: Annotated[bool, typer.Option("--check", help="Serve only if `check` finds no problem.")] = False,
) -> None:
    """Serve the configured sources, or a recording of them."""
    configure_logging()
    if check_first:
        _check(config, faults)
    with _problems_shown():
        _at_most_one({"--record": record, "--record-plain": record_plain, "--replay": replay})
        traffic = ReplayModes(record=record or record_plain, is_plain=record_plain is not None, replay=replay, faults=faults)
        settings = load_settings(config, connects=replay is None)
        begin_recording(settings, traffic)
        _raise_problems(settings, traffic)
        create = partial(create_worker, settings, traffic)
        out.print(f"GraphQL: http://{host}:{port}/graphql ({workers} worker(s), {settings.environment})", highlight=False)
        serve_app(create, host=host, port=port, workers=workers)


@app.command()
def check(
    config: Config = Path("gateway.toml"),
    faults: Faults = None,
    customer: Annotated[
        list[str] | None, typer.Option(help="Read this customer's records, and say what cannot be read.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print problems and lookups as JSON.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Look at 1,000 rows of each lookup instead of 100.")] = False,
) -> None:
    """Print each record's source and key, and all problems at once. It ends with 2 if there are any."""
    configure_logging("ERROR")
    _check(config, faults, customer or (), as_json=as_json, rows=1_000 if deep else 100)


@app.command()
def schema(
    check: Annotated[Path | None, typer.Option(help="Compare with this file instead of printing.")] = None,
) -> None:
    """Print the GraphQL schema."""
    if check is None:
        typer.echo(sdl(), nl=False)
        return
    with _problems_shown():
        exported = check.read_text(encoding="utf-8")
    difference = "".join(
        difflib.unified_diff(exported.splitlines(True), sdl().splitlines(True), check.name, "the schema of the code")
    )
    if difference:
        typer.echo(difference, err=True)
        raise typer.Exit(1)


@app.command()
def plan(
    query: Annotated[str, typer.Argument(help="An operation, or a file that holds one.")],
    variables: Annotated[str, typer.Option(help="Its variables, as a JSON object.")] = "{}",
    config: Annotated[Path | None, typer.Option(help="The settings file, to see which sources are asked.")] = None,
) -> None:
    """Print the plan of an operation: what is asked for and when, and the generated code that shows it."""
    with _problems_shown():
        text = Path(query).read_text(encoding="utf-8") if query.endswith(".graphql") else query
        sources = None if config is None else create_services(load_settings(config)).sources
        for line in explained_plan(text, variables, sources):
            out.print(line, markup=False, highlight=False, soft_wrap=True)


@tags.command()
def explain(customer: Annotated[str, typer.Argument(help="The customer's id.")], config: Config = Path("gateway.toml")) -> None:
    """Print a customer's tags with their facts. Tags that the rules do not give are printed, too."""
    configure_logging("ERROR")
    with _problems_shown():
        explanation = asyncio.run(explained(create_services(load_settings(config)), customer))
    if explanation is None:
        errors.print(f"there is no customer {customer}", markup=False)
        raise typer.Exit(1)
    for answer in explanation:
        table = Table(title=f"{answer.definition.label}: {answer.tag.value or 'not given'}", title_justify="left", min_width=72)
        for heading in ("Fact", "Value", "Sources"):
            table.add_column(heading)
        for fact in answer.tag.evidence:
            table.add_row(fact.label, fact.missing or str(fact.value), ", ".join(fact.sources))
        out.print(table)
        out.print(answer.tag.rule.words, markup=False)
        out.print()


@contextmanager
def _problems_shown() -> Iterator[None]:
    try:
        yield
    except ConfigurationError as error:
        _print_problems(error.problems)
    except CallerError as error:
        _print_problems([str(error)])
    except OSError as error:
        _print_problems([f"{error.filename or 'a file'}: {error.strerror}"])
    except UnicodeDecodeError:
        _print_problems(["the file is not text in UTF-8"])
    else:
        return
    raise typer.Exit(2)


def _print_problems(problems: Sequence[str]) -> None:
    for problem in problems:
        errors.print(problem, style="red", markup=False, highlight=False, soft_wrap=True)


def _check(config: Path, faults: Path | None, customers: Sequence[str] = (), *, as_json: bool = False, rows: int = 0) -> None:
    """Check a configuration and print the report. Ends the command with 2 if there are problems.

    So many `rows` of each lookup are looked at, with a progress bar on a terminal.
    """
    from gateway.check.command import check as check_configuration  # it takes a while, and other commands need none of it
    from gateway.check.report import report_lines

    with _problems_shown(), Progress(console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("Looking at the data", total=None)
        advance = lambda source: bar.update(task, advance=1, description=f"Looked at {source}")  # noqa: E731
        found = asyncio.run(check_configuration(config, faults, customers, rows=rows, advance=advance))
    if as_json:
        typer.echo(found.report.json())
    else:
        for line in report_lines(found.report, found.settings, found.faults):
            out.print(line, markup=False, highlight=False, soft_wrap=True)
        for warning in found.report.warnings:
            errors.print(f"warning: {warning}", style="yellow", markup=False, highlight=False, soft_wrap=True)
        _print_problems([str(problem) for problem in found.report.problems])
    if found.report.problems:
        raise typer.Exit(2)
    if not as_json:
        out.print("No problems found.")
        if not customers:
            out.print("--customer ID reads all records of a customer, and says what of them cannot be read.", soft_wrap=True)


def _prepared(dataset: Dataset, home: Path, data: Path | None, postgresql: str | None, customers: int, seed: int) -> Prepared:
    with Progress(console=errors, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def show(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=total)
            bar.update(tasks[step], completed=done, total=total)

        if dataset is Dataset.SHOP:
            return prepare_shop(home, customers=customers, seed=seed, progress=show)
        if data is None:
            raise ConfigurationError(["--data: name the folder with the Olist files"])
        return prepare_olist(home, data, postgresql=postgresql, progress=show)


def _announce(prepared: Prepared, port: int, browser: bool, settings: Settings) -> None:
    url = f"http://127.0.0.1:{port}/graphql"
    out.print(f"GraphiQL: {url}", highlight=False)
    explain = f"profile-gateway tags explain {prepared.customer} --config {prepared.settings}"
    out.print(f"Settings: {prepared.settings} ({len(settings.sources)} sources)", markup=False, highlight=False)
    out.print(f"Try also: {explain}", markup=False, highlight=False, soft_wrap=True)
    if browser:
        webbrowser.open(url)


def _raise_problems(settings: Settings, traffic: ReplayModes) -> None:
    """Raise all problems before the first worker starts. Nothing that is built here stays."""
    standing = substitute(settings, traffic)
    create_services(standing.settings, connectors=standing.connectors)


def _at_most_one(options: Mapping[str, Path | None]) -> None:
    given = [name for name, value in options.items() if value is not None]
    if len(given) > 1:
        raise ConfigurationError([f"{' and '.join(given)} exclude each other; give one of them"])
