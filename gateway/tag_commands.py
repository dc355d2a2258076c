"""The command `profile-gateway tags test`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.terminal import errors, out, problems_shown

if TYPE_CHECKING:
    from gateway.tags.definitions import Pack
    from gateway.tags.examples import ExampleReport

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
        message = f"  line {failure.example.line}: {wanted} is expected, and the rule gives {given}{why}"
        errors.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    if own.unreached:
        _print_lines([f"  no example reaches: {', '.join(own.unreached)}"])


def _print_lines(lines: Sequence[str]) -> None:
    for line in lines:
        out.print(line, markup=False, highlight=False, soft_wrap=True)
