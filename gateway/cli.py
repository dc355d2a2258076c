"""The command line: `profile-gateway demo | init | serve | reload | check | schema | tags | segments | identity | keys`.

A command imports what it needs when it runs, so that help and small commands start at once.
"""

from __future__ import annotations

import webbrowser
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.access_commands import access
from gateway.action_commands import actions
from gateway.audit_commands import audit
from gateway.calibration_commands import calibrate, clusters
from gateway.customer_commands import customer
from gateway.demo.shop_markets import CAPACITY
from gateway.export_commands import export
from gateway.export_commands import schema as export_schema
from gateway.identity_commands import identity
from gateway.init_commands import init
from gateway.key_commands import keys
from gateway.mcp_commands import serve_assistant
from gateway.population_commands import count, diff, refresh
from gateway.segment_commands import segments
from gateway.tag_commands import report_on_tags, run_tag_examples
from gateway.terminal import errors, out, print_problems, problems_shown
from gateway.token_commands import tokens

if TYPE_CHECKING:
    from rich.progress import TaskID

    from gateway.demo.prepare import Prepared
    from gateway.settings import Settings
    from gateway.tags.explained_tag import ExplainedTag

app = typer.Typer(no_args_is_help=True, add_completion=False)
tags = typer.Typer(no_args_is_help=True, help="Tags and what they were computed from.")
tags.command("test")(run_tag_examples)
tags.command("refresh")(refresh)
tags.command("count")(count)
tags.command("diff")(diff)
tags.command("report")(report_on_tags)
app.add_typer(tags, name="tags")
app.add_typer(identity, name="identity")
customer.command("export")(export)
customer.command("schema")(export_schema)
app.add_typer(customer, name="customer")
app.add_typer(keys, name="keys")
app.add_typer(access, name="access")
app.add_typer(tokens, name="tokens")
app.add_typer(audit, name="audit")
app.add_typer(actions, name="actions")
app.add_typer(segments, name="segments")
app.command()(init)
app.command()(calibrate)
app.command()(clusters)
app.command("mcp")(serve_assistant)

Config = Annotated[Path, typer.Option("--config", help="The settings file.")]
Faults = Annotated[Path | None, typer.Option(help="Faults to put into the answers of sources, a TOML file.")]
AdminPort = Annotated[
    int | None,
    typer.Option(min=1, max=65535, show_default="9000", help="The port for metrics, health and reload."),
]
Port = Annotated[int, typer.Option(min=1, max=65535, envvar="PORT", help="The port to listen on.")]


class Dataset(StrEnum):
    SHOP = "shop"
    OLIST = "olist"


def _show_version(value: bool) -> None:
    if value:
        from gateway.version import gateway_version

        typer.echo(gateway_version())
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """One GraphQL endpoint for everything about a customer."""


@app.command()
def demo(
    dataset: Annotated[Dataset, typer.Option(help="A generated shop, or the published Olist files.")] = Dataset.SHOP,
    data: Annotated[Path | None, typer.Option(help="The folder with the Olist files.")] = None,
    postgresql: Annotated[str | None, typer.Option(help="Put the Olist files into this PostgreSQL database.")] = None,
    port: Port = 8000,
    customers: Annotated[int, typer.Option(min=3, max=CAPACITY, help="How many customers the shop has.")] = 2000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same shop.")] = 1,
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its data.")] = Path(".demo"),
    prepare_only: Annotated[bool, typer.Option("--prepare-only", help="Write data and settings, and end.")] = False,
    browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the pages in a browser.")] = out.is_terminal,
) -> None:
    """Serve example data on six sources, with pages and GraphiQL."""
    from gateway.demo.serve import serve_demo
    from gateway.log import configure_logging

    configure_logging("WARNING")
    with problems_shown():
        home = folder / dataset.value
        prepared = _prepared(dataset, home, data, postgresql, customers, seed)
        if prepare_only:
            out.print(f"Settings: {prepared.settings}", markup=False, highlight=False, soft_wrap=True)
            return
        serve_demo(prepared, home, port=port, ready=partial(_announce, prepared, port, browser))


@app.command()
def serve(
    config: Config = Path("gateway.toml"),
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Port = 8000,
    fd: Annotated[int | None, typer.Option(min=3, help="Take over this listening socket instead: 3 under systemd.")] = None,
    admin_host: Annotated[str, typer.Option(help="The address of the admin port.")] = "127.0.0.1",
    admin_port: AdminPort = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many processes.")] = 1,
    record: Annotated[Path | None, typer.Option(help="Record answers of sources here, with personal data hidden.")] = None,
    record_plain: Annotated[Path | None, typer.Option(help="Record invented data here: nothing is hidden.")] = None,
    replay: Annotated[Path | None, typer.Option(help="Serve the recording that is here, without any source.")] = None,
    faults: Faults = None,
    check_first: Annotated[bool, typer.Option("--check", help="Serve only if `check` finds no problem.")] = False,
) -> None:
    """Serve the configured sources, or a recording of them."""
    from gateway.log import configure_logging
    from gateway.replay.modes import ReplayModes
    from gateway.serving.master import serve as serve_workers

    configure_logging()
    if check_first:
        _check(config, faults)
    with problems_shown():
        _at_most_one({"--record": record, "--record-plain": record_plain, "--replay": replay})
        traffic = ReplayModes(record=record or record_plain, is_plain=record_plain is not None, replay=replay, faults=faults)
        serve_workers(
            config,
            traffic,
            host=host,
            port=port,
            admin=(admin_host, admin_port),
            workers=workers,
            ready=_announce_serving,
            descriptor=fd,
        )


def _announce_serving(address: str, workers: int, environment: str) -> None:
    out.print(f"GraphQL: {address} ({workers} worker(s), {environment})", highlight=False, soft_wrap=True)


@app.command()
def reload(admin_port: AdminPort = None) -> None:
    """Have a running gateway read its settings and tags again. It keeps the old ones if there are problems."""
    from gateway.serving.client import request_reload

    with problems_shown():
        outcome = request_reload(admin_port)
    if outcome.problems:
        print_problems([*outcome.problems, "The old settings and tags are kept."])
        raise typer.Exit(1)
    words = "are served as before: nothing has changed" if outcome.outcome == "unchanged" else "are served"
    out.print(f"Settings and tags {outcome.digest} {words} (revision {outcome.revision}).", highlight=False, soft_wrap=True)
    for line in outcome.changes:
        out.print(line, markup=False, highlight=False, soft_wrap=True)


@app.command()
def check(
    config: Config = Path("gateway.toml"),
    faults: Faults = None,
    customer: Annotated[
        list[str] | None, typer.Option(help="Read this customer's records, by id or such as email:ana@example.com.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print problems and lookups as JSON.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Look at 1,000 rows of each lookup instead of 100.")] = False,
) -> None:
    """Print each record's source and key, and all problems at once. It ends with 2 if there are any."""
    from gateway.log import configure_logging

    configure_logging("ERROR")
    _check(config, faults, customer or (), as_json=as_json, rows=1_000 if deep else 100)


@app.command()
def schema(
    check: Annotated[Path | None, typer.Option(help="Compare with this file instead of printing.")] = None,
    config: Annotated[Path | None, typer.Option(help="The settings file, for the fields of one's own in it.")] = None,
    caller: Annotated[str | None, typer.Option(help="A caller of the settings: what it sees.")] = None,
    scopes: Annotated[bool, typer.Option(help="Say of each field which classes it needs, by @requiresScopes.")] = False,
    federation: Annotated[bool, typer.Option(help="Print the schema of the subgraph, to be composed with others.")] = False,
) -> None:
    """Print the GraphQL schema, with `--caller` that of a caller."""
    import difflib

    from gateway.execution.schema_types import core_schema
    from gateway.federation.subgraph_schema import write_subgraph_of
    from gateway.settings import load_settings
    from gateway.views.schema_command import add_scopes, sdl_of_caller
    from resolvers.schema import schema_of

    with problems_shown():
        settings = None if config is None else load_settings(config, connects=False)
        whole = schema_of(settings, federated=federation)
        sdl = whole.sdl() if caller is None else sdl_of_caller(caller, settings, core_schema(whole), whole.sdl)
        sdl = add_scopes(sdl, core_schema(whole)) if scopes else sdl
        sdl = write_subgraph_of(caller, settings, core_schema(whole), sdl) if federation else sdl
        exported = None if check is None else check.read_text(encoding="utf-8")
    if check is None or exported is None:
        typer.echo(sdl, nl=False)
        return
    lines = difflib.unified_diff(exported.splitlines(True), sdl.splitlines(True), check.name, "the schema of the code")
    difference = "".join(lines)
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
    from gateway.app import create_services
    from gateway.explain import explained_plan
    from gateway.settings import load_settings

    with problems_shown():
        text = Path(query).read_text(encoding="utf-8") if query.endswith(".graphql") else query
        services = None if config is None else create_services(load_settings(config))
        for line in explained_plan(text, variables, services):
            out.print(line, markup=False, highlight=False, soft_wrap=True)


@tags.command()
def explain(
    customer: Annotated[str, typer.Argument(help="A key of the customer: the id, or such as email:ana@example.com.")],
    by: Annotated[str | None, typer.Option(help="The kind of the key: id, email, phone, external_id and so on.")] = None,
    config: Config = Path("gateway.toml"),
) -> None:
    """Print a customer's tags with their facts and what decided. Tags that the rules do not give are printed, too."""
    import asyncio

    from gateway.app import create_services
    from gateway.explain import explained, suggest_kind
    from gateway.log import configure_logging
    from gateway.settings import load_settings

    configure_logging("ERROR")
    with problems_shown():
        explanation = asyncio.run(explained(create_services(load_settings(config)), customer, by))
    if explanation is None:
        fix = suggest_kind(customer if by is None else "", "--by says of which kind it is")
        errors.print(f"there is no customer with this key{fix}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1)
    if explanation.warning is not None:
        errors.print(explanation.warning, style="yellow", markup=False, highlight=False, soft_wrap=True)
    for entry in explanation.tags:
        _print_tag(entry)


def _print_tag(entry: ExplainedTag) -> None:
    from rich.table import Table
    from rich.text import Text

    answer, tag = entry.answer, entry.answer.tag
    title = f"{answer.definition.label}: {tag.value or 'not given'}{' (partial)' if tag.partial else ''}"
    table = Table(title=Text(title), title_justify="left", min_width=72)
    for heading in ("Fact", "Value", "Sources"):
        table.add_column(heading)
    for fact in tag.evidence:
        known = "" if fact.value is None and fact.missing else "null" if fact.value is None else str(fact.value)
        missing = f"({fact.missing})" if fact.missing else ""
        table.add_row(Text(fact.label), Text(f"{known} {missing}".strip()), Text(", ".join(fact.sources)))
    out.print(table)
    out.print(tag.rule.words, markup=False)
    for line in (*entry.decision, *entry.others, *entry.notes):
        out.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    out.print()


def _check(config: Path, faults: Path | None, customers: Sequence[str] = (), *, as_json: bool = False, rows: int = 0) -> None:
    """Check a configuration and print the report. Ends the command with 2 if there are problems.

    So many `rows` of each lookup are looked at, with a progress bar on a terminal.
    """
    import asyncio

    from rich.progress import Progress

    from gateway.check.command import check as check_configuration
    from gateway.check.report import WIDTH, report_lines

    with problems_shown(), Progress(console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("Looking at the data", total=None)
        advance = lambda source: bar.update(task, advance=1, description=f"Looked at {source}")  # noqa: E731
        found = asyncio.run(check_configuration(config, faults, customers, rows=rows, advance=advance))
    if as_json:
        typer.echo(found.report.json())
    else:
        for line in report_lines(found.report, found.called, found.faults, WIDTH if out.is_terminal else None):
            out.print(line, markup=False, highlight=False, soft_wrap=True)
        for warning in found.report.warnings:
            errors.print(f"warning: {warning}", style="yellow", markup=False, highlight=False, soft_wrap=True)
        print_problems([str(problem) for problem in found.report.problems])
    if found.report.problems:
        raise typer.Exit(2)
    if not as_json:
        out.print("No problems found.")
        if not customers:
            out.print("--customer ID reads all records of a customer, and says what of them cannot be read.", soft_wrap=True)


def _prepared(dataset: Dataset, home: Path, data: Path | None, postgresql: str | None, customers: int, seed: int) -> Prepared:
    from rich.progress import Progress

    from connectors.errors import ConfigurationError
    from gateway.demo.prepare import prepare_olist, prepare_shop

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
    url = f"http://127.0.0.1:{port}/"
    out.print(f"Pages: {url}", highlight=False)
    out.print(f"GraphiQL: {url}graphql", highlight=False)
    explain = f"profile-gateway tags explain {prepared.customer} --config {prepared.settings}"
    out.print(f"Settings: {prepared.settings} ({len(settings.sources)} sources)", markup=False, highlight=False)
    out.print(f"Try also: {explain}", markup=False, highlight=False, soft_wrap=True)
    if browser:
        webbrowser.open(url)


def _at_most_one(options: Mapping[str, Path | None]) -> None:
    from connectors.errors import ConfigurationError

    given = [name for name, value in options.items() if value is not None]
    if len(given) > 1:
        raise ConfigurationError([f"{' and '.join(given)} exclude each other; give one of them"])
