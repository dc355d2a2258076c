"""The commands `profile-gateway actions list | replay | drop | report`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from gateway.terminal import errors, out, problems_shown

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.actions.action_report import ActionReport
    from gateway.actions.webhook_delivery import WebhookDelivery
    from gateway.settings import Settings
    from gateway.store.store import Store

T = TypeVar("T")

MAX_LISTED = 1_000

actions = typer.Typer(no_args_is_help=True, help="Actions: what was told to whom, and what came of it.")

Config = Annotated[Path, typer.Option("--config", help="The settings file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Rule = Annotated[str | None, typer.Option("--rule", help="Those of this action alone.")]
Id = Annotated[str | None, typer.Option("--id", help="The one with this webhook-id alone.")]
All = Annotated[bool, typer.Option("--all", help="Those of all actions.")]


@actions.command("list")
def list_deliveries(
    config: Config = Path("gateway.toml"),
    rule: Rule = None,
    dead: Annotated[bool, typer.Option("--dead", help="Print the deliveries that are dead, and not the counts.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MAX_LISTED, help="How many.")] = 100,
    as_json: Json = False,
) -> None:
    """Count deliveries by action, state and reason, or print those that are dead. Customers are not named."""
    import msgspec

    from gateway.actions.webhook_delivery import WebhookState

    if dead:
        which = {"state": WebhookState.DEAD.value} | ({} if rule is None else {"rule": rule})
        found = _run(config, lambda store, _: store.deliveries.read_some(which, limit))
        for delivery in found:
            _print(msgspec.json.encode(_told(delivery)).decode() if as_json else _line(delivery))
        return
    counts = _run(config, lambda store, _: store.deliveries.read_counts())
    counts = [own for own in counts if rule is None or own[0] == rule]
    if as_json:
        names = ("rule", "state", "reason", "count")
        _print(msgspec.json.encode([dict(zip(names, own, strict=True)) for own in counts]).decode())
        return
    for name, state, reason, count in counts:
        _print(f"{name}: {state.lower()}{'' if reason is None else f' ({reason})'} {count:,}")


@actions.command()
def replay(config: Config = Path("gateway.toml"), rule: Rule = None, id_: Id = None, everything: All = False) -> None:
    """Have dead deliveries sent again, with the same ids."""
    which = _which(rule, id_, everything=everything)
    count = _run(config, lambda store, now: store.deliveries.replay(which, now))
    errors.print(f"{count:,} deliveries are sent again.", highlight=False)


@actions.command()
def drop(config: Config = Path("gateway.toml"), rule: Rule = None, id_: Id = None, everything: All = False) -> None:
    """Delete deliveries that wait or are dead. They are never sent."""
    which = _which(rule, id_, everything=everything)
    count = _run(config, lambda store, _: store.deliveries.drop(which))
    errors.print(f"{count:,} deliveries are deleted.", highlight=False)


@actions.command()
def report(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The name of the action.")],
    config: Config = Path("gateway.toml"),
    as_json: Json = False,
) -> None:
    """Compare those who were told of with those held out: how many converted, and the difference with its interval of 95 %."""
    import msgspec

    async def read(store: Store, _: datetime) -> ActionReport:
        from gateway.actions.action_outcome import OutcomeKind
        from gateway.actions.action_report import report_action

        conversions = await store.outcomes.read(rule, OutcomeKind.CONVERTED)
        return await report_action(store.deliveries.read_parts(rule), conversions)

    found = _run(config, read)
    if as_json:
        _print(msgspec.json.encode(found).decode())
        return
    for name, group in (("told of", found.treated), ("held out", found.holdout)):
        share = f" ({100 * group.converted / group.customers:.1f} %)" if group.customers else ""
        _print(f"{name}: {group.customers:,} customers, {group.converted:,} converted{share}")
    if found.left:
        _print(f"left the experiment: {found.left:,} customers who were several, of both parts")
    if found.difference is None or found.interval is None:
        from gateway.actions.action_report import MIN_PEOPLE

        _print(f"difference: too few customers, {MIN_PEOPLE} in each part are needed")
        return
    low, high = (100 * own for own in found.interval)
    _print(f"difference: {100 * found.difference:+.1f} points, from {low:+.1f} to {high:+.1f} (95 %)")


def _which(rule: str | None, id_: str | None, *, everything: bool) -> dict[str, Any]:
    """Say which deliveries are meant. It has to be said, so that nobody means all by mistake."""
    from connectors.errors import ConfigurationError

    with problems_shown():
        if sum([rule is not None, id_ is not None, everything]) != 1:
            raise ConfigurationError(["which deliveries is not said; give one of --rule NAME, --id WEBHOOK_ID and --all"])
    if rule is not None:
        return {"rule": rule}
    return {} if id_ is None else {"_id": id_}


def _run(config: Path, command: Callable[[Store, datetime], Awaitable[T]]) -> T:
    from gateway.command_runner import run_with_store

    async def run(_: Settings, store: Store | None, now: datetime) -> T:
        from connectors.errors import ConfigurationError

        if store is None:
            raise ConfigurationError(["mongodb: deliveries are kept there; add [mongodb] to the settings"])
        return await command(store, now)

    return run_with_store(config, lambda settings: settings.mongodb is not None, run)


def _told(delivery: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "rule": delivery.rule,
        "target": delivery.target,
        "attempts": delivery.attempts,
        "reason": delivery.reason,
        "at": delivery.at,
    }


def _line(delivery: WebhookDelivery) -> str:
    attempts = f"{delivery.attempts} attempt{'' if delivery.attempts == 1 else 's'}"
    return f"{delivery.id} {delivery.rule} to {delivery.target}: {delivery.reason}, {attempts}, {delivery.at:%Y-%m-%dT%H:%MZ}"


def _print(line: str) -> None:
    out.print(line, markup=False, highlight=False, soft_wrap=True)
