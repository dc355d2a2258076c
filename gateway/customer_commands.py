"""The commands `profile-gateway customer erase | receipt | lift | replay-erasures`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from gateway.terminal import errors, out, problems_shown

if TYPE_CHECKING:
    from gateway.erasure.erasure import Eraser
    from gateway.identity.erasure_receipt import ErasureReceipt
    from gateway.services import Services

T = TypeVar("T")

customer = typer.Typer(no_args_is_help=True, help="What customers have a right to: to have their data, and to be erased.")

Config = Annotated[Path, typer.Option("--config", help="The settings file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
WAIT_S, MAX_WALK_S = 90.0, 60.0
"""How long the workers are waited for, and how long records are looked for, in seconds."""


@customer.command()
def erase(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The id of the customer or of a record, such as crm:7.")],
    reason: Annotated[str, typer.Option(help="Why, for the receipt. No personal data.")],
    config: Config = Path("gateway.toml"),
    recordings: Annotated[
        list[Path] | None, typer.Option(help="The folder of a recording: what it has of him is removed. It may be given again.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Erase a customer, and print the receipt. It ends with 2 where the erasure is not complete yet."""

    async def run(services: Services, eraser: Eraser) -> ErasureReceipt:
        from gateway.command_audit import audited_command
        from gateway.erasure.person import read_record
        from gateway.lookups.deadline import Deadline
        from gateway.lookups.loaders import Loaders

        async with audited_command(services, "customer erase", [id_]) as notes:
            loaders = Loaders(Deadline.within(services.clock, MAX_WALK_S), notes=notes)
            try:
                receipt = await eraser.erase(read_record(services.router, id_), reason, loaders, recordings or ())
            finally:
                notes.add_sources(loaders.list_sources())
        return await eraser.wait_complete(receipt.id, WAIT_S)

    _print_receipt(_run(config, run), as_json=as_json)


@customer.command()
def receipt(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The id of the receipt.")],
    config: Config = Path("gateway.toml"),
    as_json: Json = False,
) -> None:
    """Print the receipt of an erasure. It ends with 2 where that is not complete yet."""

    async def run(_: Services, eraser: Eraser) -> ErasureReceipt:
        return await eraser.read(id_)

    _print_receipt(_run(config, run), as_json=as_json)


@customer.command()
def lift(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The id of a record of the customer, or of a receipt.")],
    config: Config = Path("gateway.toml"),
) -> None:
    """End the tombstones of a customer: what sources have of him is shown again."""

    async def run(services: Services, eraser: Eraser) -> int:
        from gateway.command_audit import audited_command
        from gateway.erasure.person import read_record

        async with audited_command(services, "customer lift", [id_] if ":" in id_ else []):
            return await eraser.lift(read_record(services.router, id_) if ":" in id_ else id_)

    ended = _run(config, run)
    errors.print(f"{ended} tombstones are ended.", highlight=False)
    if not ended:
        raise typer.Exit(1)


@customer.command("replay-erasures")
def replay_erasures(
    config: Config = Path("gateway.toml"),
    import_: Annotated[Path | None, typer.Option("--import", help="Put up the tombstones of this file first.")] = None,
    export: Annotated[Path | None, typer.Option("--export", help="Write all tombstones to this file, and end.")] = None,
) -> None:
    """Remove what a restored dump has brought back of erased customers, and print how much of what."""
    from gateway.erasure.tombstone_file import read_tombstones, write_tombstones

    async def run(_: Services, eraser: Eraser) -> dict[str, int]:
        if export is not None:
            tombstones = await eraser.store.tombstones.read()
            write_tombstones(export, tombstones)
            return {"tombstones": len(tombstones)}
        if import_ is not None:
            await eraser.store.tombstones.add(read_tombstones(import_))
            await eraser.worker.refresh()
        return await eraser.worker.replay()

    for name, count in _run(config, run).items():
        out.print(f"{name}: {count:,}", highlight=False)


def _run(config: Path, command: Callable[[Services, Eraser], Awaitable[T]]) -> T:
    """Run a command with open services. Problems end it with 2."""
    import asyncio

    from connectors.errors import ConfigurationError
    from gateway.app import create_services, opened
    from gateway.log import configure_logging
    from gateway.settings import load_settings

    async def run(services: Services, eraser: Eraser) -> T:
        async with opened(services):
            return await command(services, eraser)

    configure_logging("ERROR")
    with problems_shown():
        services = create_services(load_settings(config))
        if services.eraser is None:
            raise ConfigurationError(["erasure: is not there, so nobody can be erased; add [erasure] and [mongodb]"])
        return asyncio.run(run(services, services.eraser))
    raise AssertionError  # `problems_shown` has ended the command


def _print_receipt(own: ErasureReceipt, *, as_json: bool) -> None:
    """Print a receipt, and end with 2 where it is not complete."""
    import msgspec

    from gateway.identity.erasure_receipt import NOT_PROMISED, ErasureState

    if as_json:
        shown = msgspec.to_builtins(own) | {"notPromised": NOT_PROMISED}
        shown.pop("pending")
        typer.echo(msgspec.json.format(msgspec.json.encode(shown), indent=2).decode())
    else:
        for line in _lines_of(own, NOT_PROMISED):
            out.print(line, markup=False, highlight=False, soft_wrap=True)
    if own.state is not ErasureState.COMPLETE:
        errors.print(
            f"The erasure is not complete: {own.waiting} workers have not acknowledged it. "
            f"It goes on by itself; profile-gateway customer receipt {own.id} tells when it is.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        raise typer.Exit(2)


def _lines_of(own: ErasureReceipt, not_promised: tuple[str, ...]) -> list[str]:
    known = "" if own.recipients_known else " (there is no audit that knows them)"
    return [
        f"receipt: {own.id}",
        f"state: {own.state.value}",
        f"workers: {len(own.workers)}",
        *(f"removed from {store.name}: {store.removed:,}" for store in own.stores),
        *(f"still at {held.source}: {'unknown' if held.records is None else held.records}" for held in own.sources_still_hold),
        *(f"there may be more records: {reason}" for reason in own.incomplete),
        f"recipients to tell: {', '.join(one.caller for one in own.recipients) or 'none'}{known}",
        *(f"recording looked through: {name}" for name in own.recordings),
        *(f"not promised: {text}" for text in not_promised),
    ]
