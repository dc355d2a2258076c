"""The commands `profile-gateway audit list | verify`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.command_runner import run_with_store
from gateway.terminal import errors, out, problems_shown

if TYPE_CHECKING:
    from gateway.audit.reader import Access
    from gateway.audit.verification import Verification
    from gateway.services import Services
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
        unsealed = f", {chain.unsealed} not sealed yet" if chain.unsealed else ""
        links = "no links" if chain.last is None else f"links {chain.first} to {chain.last}"
        line = f"{chain.chain}  {chain.state}, {links}, {chain.entries} entries{lost}{unsealed}{seen}"
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    line = f"{found.commitments} customers in entries, {found.erased} of them erased"
    out.print(line, markup=False, highlight=False, soft_wrap=True)
    for own in found.findings:
        where = " ".join(filter(None, (own.chain, None if own.seq is None else f"link {own.seq}")))
        line = f"{own.change.value}: {where}{': ' if where else ''}{own.reason}"
        errors.print(line, style="red", markup=False, highlight=False, soft_wrap=True)
    if not found.findings:
        out.print("No link was changed.")


@audit.command("list")
def list_accesses(
    customer: Annotated[str, typer.Option(help="The id of the customer, or of a record of his, such as crm:7.")],
    config: Annotated[Path, typer.Option("--config", help="The settings file.")] = Path("gateway.toml"),
    since: Annotated[str | None, typer.Option(help="From when on: a time with its offset, or a span such as 30d.")] = None,
    users: Annotated[bool, typer.Option("--users", help="Name operators, and HMACs of end users, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print who was told of a customer, the newest first. What is a second old may not be there yet."""
    import asyncio

    import msgspec

    from gateway.linkage.access_history import list_accesses as find_accesses

    with problems_shown():
        found = asyncio.run(find_accesses(_services(config), customer, _read_since(since)))
    accesses = found.accesses if users else [msgspec.structs.replace(access, user=None) for access in found.accesses]
    if as_json:
        typer.echo(msgspec.json.encode(accesses).decode())
    else:
        for access in accesses:
            out.print(_line_of(access), markup=False, highlight=False, soft_wrap=True)
    if not found.complete:
        told = f"not all records of {customer!a} are known now: these are the accesses by {', '.join(map(ascii, found.ids))}"
        errors.print(f"warning: {told}", style="yellow", markup=False, highlight=False, soft_wrap=True)


def _line_of(access: Access) -> str:
    caller = " ".join(filter(None, (access.caller or "-", access.user)))
    fields, sources = ",".join(access.fields) or "-", ",".join(access.sources) or "-"
    return f"{access.at:%Y-%m-%d %H:%M:%S} UTC  {caller}  {access.purpose or '-'}  {fields}  {sources}  {access.answer}"


def _read_since(text: str | None) -> datetime | None:
    """Read a time, or so long ago. Raises `ConfigurationError`."""
    from connectors.errors import ConfigurationError
    from gateway.clock import Clock
    from gateway.command_runner import read_span

    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return Clock().now() - read_span(text, "--since")
    if time.tzinfo is None:
        raise ConfigurationError(["--since: is no time; write one with its offset, such as 2026-11-29T22:40Z, or a span: 30d"])
    return time


def _services(config: Path) -> Services:
    """Make services that record nothing: who reads here is told by the log of the machine."""
    from gateway.app import create_services
    from gateway.log import configure_logging
    from gateway.settings import load_settings

    configure_logging("ERROR")
    return create_services(load_settings(config).model_copy(update={"audit": None}))
