"""The commands `profile-gateway customer export | schema`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.terminal import errors, print_problems, problems_shown

if TYPE_CHECKING:
    from gateway.export.document import CustomerExport


def export(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The id of the customer or of one of his records, such as crm:7.")],
    config: Annotated[Path, typer.Option("--config", help="The settings file.")] = Path("gateway.toml"),
    file: Annotated[Path | None, typer.Option("--out", help="Write it to this new file, for its owner alone.")] = None,
) -> None:
    """Write all that is held and shown of a customer, as JSON (Articles 15 and 20 of the GDPR).

    It ends with 1 if nobody has the id, with 2 if something could not be had: that is in `missing`, the rest is written.
    """
    import asyncio

    import msgspec

    from gateway.app import create_services
    from gateway.export.command import export_customer
    from gateway.log import configure_logging
    from gateway.settings import load_settings

    configure_logging("ERROR")
    with problems_shown():
        services = create_services(load_settings(config))
        history = None if services.audit is None else services.audit_reader
        exported = asyncio.run(export_customer(services, id_, history))
    if exported is None:
        errors.print("there is no customer with this id", highlight=False)
        raise typer.Exit(1)
    text = msgspec.json.format(msgspec.json.encode(exported), indent=2) + b"\n"
    with problems_shown():
        if file is None:
            typer.echo(text, nl=False)
        else:
            _write_private(file, text)
    _print_gaps(exported)


def schema(
    config: Annotated[
        Path | None, typer.Option("--config", help="The settings file, for the fields of one's own in it.")
    ] = None,
) -> None:
    """Print the JSON Schema of what `export` writes."""
    import msgspec

    from gateway.execution.schema_types import core_schema
    from gateway.export.exported_types import ExportedTypes
    from gateway.export.json_schema import write_json_schema
    from gateway.settings import load_settings
    from resolvers.schema import schema_with

    with problems_shown():
        own = () if config is None else tuple(load_settings(config, connects=False).fields.declared())
        written = write_json_schema(ExportedTypes(core_schema(schema_with(own))))
    typer.echo(msgspec.json.format(msgspec.json.encode(written), indent=2).decode())


def _write_private(file: Path, text: bytes) -> None:
    """Write a file that only its owner may read. Raises `FileExistsError`: another one might be open to others."""
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:  # noqa: PTH123  a descriptor
        stream.write(text)


def _print_gaps(exported: CustomerExport) -> None:
    """Say what is missing, a line for each reason, and end the command with 2 where something is."""
    paths: dict[str, list[str]] = {}
    for gap in exported.missing:
        paths.setdefault(gap.code if gap.source is None else f"{gap.source}: {gap.code}", []).append(gap.path)
    if paths:
        print_problems([f"{reason}: {', '.join(parts)}" for reason, parts in paths.items()])
        raise typer.Exit(2)
