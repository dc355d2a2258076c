"""The commands `profile-gateway tags test | report`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.terminal import errors, out, problems_shown

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.settings import Settings
    from gateway.store.store import Store
    from gateway.tags.definitions import Pack
    from gateway.tags.examples import ExampleReport
    from gateway.tags.tag_report import TagReport

Config = Annotated[Path | None, typer.Option("--config", help="The settings file, which names the file of tags.")]
TagFile = Annotated[Path | None, typer.Option("--tags", help="The file of tags. Without it and --config, the shipped one.")]
Strict = Annotated[bool, typer.Option("--strict", help="End with 1 also when an outcome has no example.")]


def run_tag_examples(tags: TagFile = None, config: Config = None, strict: Strict = False) -> None:
    """Run the examples of tags, and print the outcomes that no example reaches. No source is asked."""
    from gateway.tags.examples import run_examples

    with problems_shown():
        tested = run_examples(_pack(tags, config))
    for own in tested:
        _print_tested(own)
    failures, unreached = sum(len(own.failures) for own in tested), sum(len(own.unreached) for own in tested)
    if failures or (strict and unreached):
        raise typer.Exit(1)


def _pack(tags: Path | None, config: Path | None) -> Pack:
    from gateway.settings import load_settings
    from gateway.tags.pack import load_pack, shipped_pack

    settings = None if config is None else load_settings(config, connects=False)
    path = settings.tags.file if tags is None and settings is not None else tags
    return shipped_pack() if path is None else load_pack(path, purposes=None if settings is None else settings.purposes)


def _print_tested(own: ExampleReport) -> None:
    counted = f"{own.count} example{'' if own.count == 1 else 's'}"
    _print_lines([f"{own.key}: {counted}{'' if own.failures or own.unreached else ', all outcomes are reached'}"])
    for failure in own.failures:
        wanted, given = (value or "no tag" for value in (failure.example.value, failure.value))
        why = f": {failure.words}" if failure.words else ""
        place = f"{failure.example.file}:" if failure.example.file else "line "
        message = f"  {place}{failure.example.line}: {wanted} is expected, and the rule gives {given}{why}"
        errors.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    if own.unreached:
        _print_lines([f"  no example reaches: {', '.join(own.unreached)}"])


def _print_lines(lines: Sequence[str]) -> None:
    for line in lines:
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def report_on_tags(
    config: Annotated[Path, typer.Option("--config", help="The settings file.")] = Path("gateway.toml"),
    days: Annotated[int, typer.Option(min=1, max=400, help="Of how many days.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print who asks for which tags, and what they say of customers. Nobody is named."""
    import msgspec

    from gateway.command_runner import run_with_store

    async def read(settings: Settings, store: Store | None, now: datetime) -> list[TagReport]:
        from connectors.errors import ConfigurationError
        from gateway.tags.pack import load_pack, shipped_pack
        from gateway.tags.tag_report import report_tags, reported_since

        if store is None:
            raise ConfigurationError(["mongodb: nothing is counted without it; add [mongodb] to the settings"])
        pack = load_pack(settings.tags.file, purposes=settings.purposes) if settings.tags.file else shipped_pack()
        return await report_tags(pack, store.tag_usage, store.tags, reported_since(now, days))

    reports = run_with_store(config, lambda settings: settings.mongodb is not None, read)
    if as_json:
        typer.echo(msgspec.json.encode(reports))
        return
    for report in reports:
        _print_lines(_report_lines(report, days))


def _report_lines(report: TagReport, days: int) -> list[str]:
    since = "not noted yet" if report.changed_at is None else f"in force since {report.changed_at:%Y-%m-%d}"
    review = "no review" if report.review is None else f"review by {report.review}"
    callers = ", ".join(f"{own.caller or '(no name)'} {own.asked:,}" for own in report.callers)
    asked = f"asked {report.asked:,} times in {days} days: {callers}" if report.asked else f"never asked in {days} days"
    lines = [f"{report.key}: {report.owner}, version {report.version}, {since}, {review}", f"  {asked}"]
    if not report.sampled:
        return [*lines, "  no customer has it stored"]
    values = ", ".join(f"{own.value} {_share(own.count, report.sampled)}" for own in report.values)
    none = _share(report.sampled - report.given, report.sampled)
    lines.append(f"  of {report.sampled:,} customers: {values}{', ' if values else ''}no value {none}")
    lines.append(f"  partial {_share(report.partial, report.sampled)}, failed {_share(report.failed, report.sampled)}")
    return lines


def _share(count: int, of: int) -> str:
    return f"{100 * count / of:.1f} %"
