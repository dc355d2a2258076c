"""The command `profile-gateway access explain`."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.terminal import problems_shown

access = typer.Typer(no_args_is_help=True, help="What callers see.")


@access.callback()
def main() -> None:
    """Tell what callers see."""


@access.command()
def explain(
    caller: Annotated[str, typer.Option(help="A caller of the settings.")],
    field: Annotated[str, typer.Option(help="A field of the schema, such as Customer.email.")],
    config: Annotated[Path, typer.Option(help="The settings file.")] = Path("gateway.toml"),
) -> None:
    """Say what becomes of a field for a caller, and why."""
    from gateway.execution.schema_types import core_schema
    from gateway.settings import load_settings
    from gateway.views.explanation import explain_field
    from resolvers.schema import schema_of

    with problems_shown():
        settings = load_settings(config, connects=False)
        schema = core_schema(schema_of(settings))
        decision, *reasons = explain_field(schema, settings, caller, field)
    typer.echo(decision)
    for reason in reasons:
        typer.echo(f"  {reason}")
