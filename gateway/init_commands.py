"""Propose settings for a database, a folder of files or a vendor: `profile-gateway init`."""

from __future__ import annotations

import webbrowser
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from gateway.terminal import errors, out, print_problems, problems_shown

if TYPE_CHECKING:
    from gateway.onboarding.proposal import Confidence, SourceProposal
    from gateway.onboarding.source_proposal import ProposedSettings
    from gateway.onboarding.source_url import SourceUrl
    from gateway.onboarding.written_files import PlannedFile


_FIX = "check that it is such a database or folder, and that it can be read"
_FIXES = {
    "SOURCE_UNAVAILABLE": "check that it runs, and the host, the port and the name of the database",
    "SOURCE_TIMEOUT": "check that it can be reached from here, and how busy it is",
    "SOURCE_AUTH": "check the user, the password, and what the user may read",
}


def init(
    url: Annotated[str, typer.Option(help="A database's URL, a SQLite file, a folder, or a vendor's address.")],
    folder: Annotated[Path, typer.Option(help="Where to write gateway.toml, tags.yaml and .env.")] = Path(),
    name: Annotated[str | None, typer.Option(help="What to call the source; otherwise as the database is called.")] = None,
    currency: Annotated[str | None, typer.Option(help="What amounts are in where no column says it, such as EUR.")] = None,
    region: Annotated[str | None, typer.Option(help="The country of phone numbers without one, such as GB.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: take what is SURE and LIKELY.")] = False,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve it at the end.")] = True,
    browser: Annotated[bool, typer.Option("--open/--no-open", help="Open a customer's page.")] = out.is_terminal,
    port: Annotated[int, typer.Option(min=1, max=65535, envvar="PORT", help="The port to listen on.")] = 8000,
) -> None:
    """Recognise customers, orders and tickets in a database or files, and write the settings for them."""
    import asyncio

    from connectors.errors import ConfigurationError, SourceError
    from gateway.log import configure_logging
    from gateway.onboarding.source_proposal import propose_settings
    from gateway.onboarding.source_recognition import RecognitionOptions
    from gateway.onboarding.source_url import read_url
    from gateway.onboarding.vendor_lines import preset_lines, vendor_of
    from gateway.settings import environment_variables

    configure_logging("ERROR")
    if vendor_of(url) is not None:
        for line in preset_lines(url):
            _print(line)
        _print("# Put these lines into gateway.toml; docs/presets.md says what the account must allow.")
        return
    with problems_shown():
        source = read_url(url, environment_variables(), name)
        options = RecognitionOptions(_code(currency, 3, "--currency"), _code(region, 2, "--region"))
        try:
            proposed = asyncio.run(propose_settings(source, environment_variables(), options, _confidences(yes)))
        except SourceError as error:
            raise ConfigurationError([f"--url: {error}; {_FIXES.get(error.code, _FIX)}"]) from error
        _report(proposed)
        if not yes and out.is_terminal:
            proposed = _ask(source, options, proposed)
        _write(folder, source, proposed, asks=not yes and out.is_terminal)
    if proposed.proposal.record("customer") is None:
        print_problems([f"no customers are certain; see the comments in {folder / 'gateway.toml'}, and correct them"])
        raise typer.Exit(1)
    _check(folder, source)
    page = f"/c/{quote(f'{source.name}:{proposed.sample}', safe=':')}" if proposed.sample is not None else "/"
    if serve:
        _serve(folder, source, page, port, browser=browser)
    else:
        _print(f"Serve it: set -a; . ./.env; profile-gateway serve --config gateway.toml   and open {page}")


def _print(text: str) -> None:
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def _code(text: str | None, length: int, option: str) -> str | None:
    """Read a code of a currency or a country. Raises `ConfigurationError`."""
    from connectors.errors import ConfigurationError

    if text is None:
        return None
    if len(text) != length or not text.isascii() or not text.isalpha():
        raise ConfigurationError([f"{option}: is no code; write {length} letters, such as {'EUR' if length == 3 else 'GB'}"])
    return text.upper()


def _confidences(yes: bool) -> Sequence[Confidence]:
    from gateway.onboarding.proposal import Confidence

    return (Confidence.SURE, Confidence.LIKELY) if yes or out.is_terminal else (Confidence.SURE,)


def _report(proposed: ProposedSettings) -> None:
    """Print what was recognised, what was proved, and what people are asked. No value of a row is in it."""
    from gateway.onboarding.proposal import Confidence

    for question in proposed.proposal.questions:
        errors.print(question, style="yellow", markup=False, highlight=False, soft_wrap=True)
    for record in proposed.proposal.records:
        told = ", ".join(own.value for own in record.evidence)
        running = [field.field for field in record.fields if field.confidence is not Confidence.UNSURE]
        lists = ", ".join(f"{own.name} from {own.table}" for own in record.lists if own.confidence is not Confidence.UNSURE)
        reason = f" ({'; '.join(part for part in (told, record.note) if part)})"
        _print(f"{record.record}: {record.table}, {record.confidence.value}{reason}")
        if record.confidence is not Confidence.UNSURE:
            _print(f"  {', '.join(running)}{f'; {lists}' if lists else ''}")
    if proposed.proposal.unread:
        _print(f"Read by no record: {', '.join(proposed.proposal.unread)}")
    for reason, names in proposed.skipped.items():
        _print(f"Left out, {reason}: {', '.join(names)}")
    for line in proposed.proofs:
        _print(line)
    for statement in proposed.proposal.missing_indexes:
        _print(f"An index is missing: {statement};")


def _ask(source: SourceUrl, options: object, proposed: ProposedSettings) -> ProposedSettings:
    """Ask whether what is LIKELY shall run. Where not, what is SURE is proposed alone."""
    import asyncio

    from gateway.onboarding.proposal import Confidence
    from gateway.onboarding.source_proposal import propose_settings
    from gateway.onboarding.source_recognition import RecognitionOptions
    from gateway.settings import environment_variables

    assert isinstance(options, RecognitionOptions)
    if not _has_likely(proposed.proposal) or typer.confirm("Run what is LIKELY, too?", default=True):
        return proposed
    return asyncio.run(propose_settings(source, environment_variables(), options, (Confidence.SURE,)))


def _has_likely(proposal: SourceProposal) -> bool:
    from gateway.onboarding.proposal import Confidence

    records = proposal.records
    told = [own.confidence for record in records for own in record.fields]
    told += [own.confidence for record in records for own in record.lists]
    return Confidence.LIKELY in [*told, *(record.confidence for record in records)]


def _write(folder: Path, source: SourceUrl, proposed: ProposedSettings, *, asks: bool) -> None:
    """Write the files, and show first what changes in those that are there."""
    from gateway.onboarding.written_files import plan_file, write_environment, write_file

    folder.mkdir(parents=True, exist_ok=True)
    texts = {"gateway.toml": proposed.settings, "tags.yaml": proposed.tags}
    planned = [plan_file(folder / name, text) for name, text in texts.items()]
    for own in planned:
        _show_difference(own)
    if any(own.difference for own in planned) and asks and not typer.confirm("Write these changes?", default=True):
        raise typer.Exit(1)
    for own in planned:
        write_file(own)
    write_environment(folder / ".env", {**source.written, "GATEWAY_ENVIRONMENT": "development"})
    _print(f"Written: {', '.join(str(folder / own) for own in (*texts, '.env'))}")
    for variable in source.variables:
        _print(f"{variable} is not written: set it in the environment, as the URL has it, where the gateway runs.")


def _show_difference(planned: PlannedFile) -> None:
    for line in planned.difference:
        _print(line)
    if planned.left_out:
        errors.print(
            f"{planned.path.name}: {planned.left_out} change(s) are left out, for you have changed the same lines.",
            style="yellow",
            highlight=False,
            soft_wrap=True,
        )


def _check(folder: Path, source: SourceUrl) -> None:
    """Check what was written. Problems end the command with 2."""
    import asyncio

    from gateway.check.command import check
    from gateway.settings import environment_variables

    variables = {**environment_variables(), **source.written, **source.variables, "GATEWAY_ENVIRONMENT": "development"}
    found = asyncio.run(check(folder / "gateway.toml", environment=variables, rows=100))
    for warning in found.report.warnings:
        errors.print(f"warning: {warning}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    if found.report.problems:
        print_problems([str(problem) for problem in found.report.problems])
        raise typer.Exit(2)
    _print("No problems found.")


def _serve(folder: Path, source: SourceUrl, page: str, port: int, *, browser: bool) -> None:
    """Serve what was written until a signal, and open the page of a customer."""
    from gateway.replay.modes import ReplayModes
    from gateway.serving.master import serve
    from gateway.settings import set_variables

    set_variables({**source.written, **source.variables, "GATEWAY_ENVIRONMENT": "development"})
    ready = partial(_announce, f"http://127.0.0.1:{port}{page}", browser=browser)
    with problems_shown():
        serve(
            folder / "gateway.toml",
            ReplayModes(),
            host="127.0.0.1",
            port=port,
            admin=("127.0.0.1", None),
            workers=1,
            ready=ready,
        )


def _announce(address: str, _graphql: str, _workers: int, _environment: str, *, browser: bool) -> None:
    _print(f"A customer: {address}   (Ctrl+C ends it)")
    if browser:
        webbrowser.open(address)
