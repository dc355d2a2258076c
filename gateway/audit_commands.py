"""The command `profile-gateway audit verify`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.command_runner import run_with_store
from gateway.terminal import errors, out

if TYPE_CHECKING:
    from gateway.audit.verification import Verification
    from gateway.settings import Settings
    from gateway.store.store import Store

audit = typer.Typer(no_args_is_help=True, help="Who was told of whom.")


@audit.callback()
def main() -> None:
    """Who was told of whom."""


@audit.command()
def verify(
    config: Annotated[Path, typer.Option("--config", help="The settings file.")] = Path("gateway.toml"),
    heads: Annotated[Path | None, typer.Option(help="The log of the gateway, with the lines `audit_head`.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look for links of the audit that were edited, inserted, removed or rewritten. It ends with 1 if there are any."""
    import msgspec

    from connectors.errors import ConfigurationError

    async def run(settings: Settings, store: Store | None, now: datetime) -> Verification:
        from gateway.audit.head_lines import open_heads
        from gateway.audit.link import AuditKeys
        from gateway.audit.spool import Spool
        from gateway.audit.verification import Verifier
        from gateway.clock import Clock

        if settings.audit is None or store is None:
            raise ConfigurationError([f"{config.name}: audit: is not there, so there is no audit; add [audit]"])
        keys = AuditKeys.from_settings(settings.audit)
        spool = Spool(settings.audit.spool)
        seen = [] if heads is None else open_heads(heads, since=now - settings.audit.retention)
        return await Verifier(keys.chain, store.audit_links, store.audit_people, spool, Clock()).verify(seen)

    found = run_with_store(config, lambda settings: settings.audit is not None, run)
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
    else:
        _print(found)
    if found.findings:
        raise typer.Exit(1)


def _print(found: Verification) -> None:
    for chain in found.chains:
        seen = "" if chain.seen_at is None else f", last written {chain.seen_at:%Y-%m-%d %H:%M:%S} UTC"
        lost = f", {chain.lost} lost" if chain.lost else ""
        line = f"{chain.chain}  {chain.state}, links {chain.first} to {chain.last}, {chain.entries} entries{lost}{seen}"
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    line = f"{found.commitments} customers in entries, {found.erased} of them erased"
    out.print(line, markup=False, highlight=False, soft_wrap=True)
    for own in found.findings:
        where = " ".join(filter(None, (own.chain, None if own.seq is None else f"link {own.seq}")))
        line = f"{own.change.value}: {where}{': ' if where else ''}{own.reason}"
        errors.print(line, style="red", markup=False, highlight=False, soft_wrap=True)
    if not found.findings:
        out.print("No link was changed.")
