"""The commands `profile-gateway keys create | rotate | revoke | list`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from gateway.command_runner import read_span, run_with_store
from gateway.terminal import errors, out

if TYPE_CHECKING:
    from gateway.access.api_keys import ApiKey, ApiKeys
    from gateway.settings import Settings
    from gateway.store.store import Store

T = TypeVar("T")

keys = typer.Typer(no_args_is_help=True, help="API keys of callers.")

Config = Annotated[Path, typer.Option("--config", help="The settings file.")]
Id = Annotated[str, typer.Argument(help="The id of the key: its middle part, which `list` prints.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
EndsIn = Annotated[str | None, typer.Option(help="When the new key ends, such as 90d; without it never.")]


@keys.command()
def create(
    caller: Annotated[str, typer.Argument(help="A caller of the settings.")],
    config: Config = Path("gateway.toml"),
    ends_in: EndsIn = None,
) -> None:
    """Make a key for a caller, and print it. It is not shown again."""
    from gateway.access.api_keys import new_key

    async def make(kept: ApiKeys, settings: Settings, now: datetime) -> str:
        _require_caller(caller, settings)
        text, key = new_key(caller, _secret(settings), now, _end(ends_in, now))
        await kept.add(key)
        return text

    typer.echo(_run(config, make))


@keys.command()
def rotate(
    id_: Id,
    config: Config = Path("gateway.toml"),
    overlap: Annotated[str, typer.Option(help="For how long the old one holds beside the new one.")] = "1d",
    ends_in: EndsIn = None,
) -> None:
    """Make another key for the caller of a key, and print it. The old one ends after the overlap."""
    from gateway.access.api_keys import new_key

    async def make(kept: ApiKeys, settings: Settings, now: datetime) -> str:
        old = await _find_key(kept, id_, now)
        _require_caller(old.caller, settings)
        ends_at = now + read_span(overlap, "--overlap")
        text, key = new_key(old.caller, _secret(settings), now, _end(ends_in, now))
        await kept.add(key)
        await kept.end(old.id, ends_at if old.ends_at is None else min(ends_at, old.ends_at))
        return text

    typer.echo(_run(config, make))


@keys.command()
def revoke(id_: Id, config: Config = Path("gateway.toml")) -> None:
    """End a key now. Workers know it within two seconds."""

    async def end(kept: ApiKeys, settings: Settings, now: datetime) -> ApiKey:  # noqa: ARG001  every command gets them
        old = await _find_key(kept, id_, now)
        await kept.end(old.id, now, is_revoked=True)
        return old

    errors.print(f"The key {id_} of {_run(config, end).caller} holds no more.", markup=False, highlight=False)


@keys.command("list")
def list_keys(
    config: Config = Path("gateway.toml"),
    ended: Annotated[bool, typer.Option("--ended", help="List those that have ended, too.")] = False,
    as_json: Json = False,
) -> None:
    """List the keys that hold: id, caller, when they were made and when they end. No key is printed."""
    import msgspec

    async def read(kept: ApiKeys, settings: Settings, now: datetime) -> Sequence[ApiKey]:  # noqa: ARG001
        found = await kept.read()
        return sorted([key for key in found if ended or key.holds(now)], key=lambda key: (key.caller, key.made_at))

    found = _run(config, read)
    if as_json:
        shown = [{"id": key.id, "caller": key.caller, "madeAt": key.made_at, "endsAt": key.ends_at} for key in found]
        typer.echo(msgspec.json.encode(shown).decode())
        return
    for key in found:
        ends = "never ends" if key.ends_at is None else f"ends {key.ends_at:%Y-%m-%d %H:%M} UTC"
        line = f"{key.id}  {key.caller}  made {key.made_at:%Y-%m-%d %H:%M} UTC, {ends}"
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def _run(config: Path, command: Callable[[ApiKeys, Settings, datetime], Awaitable[T]]) -> T:
    from connectors.errors import ConfigurationError
    from gateway.services import api_keys_of

    async def run(settings: Settings, store: Store | None, now: datetime) -> T:
        if settings.access.keys is None:
            raise ConfigurationError([f"{config.name}: access.keys: is not there, so there are no keys; add [access.keys]"])
        return await command(api_keys_of(settings, store), settings, now)

    return run_with_store(config, lambda settings: settings.access.keys is not None and settings.access.keys.file is None, run)


def _secret(settings: Settings) -> str:
    assert settings.access.keys is not None
    return settings.access.keys.secret.get_secret_value()


def _require_caller(name: str, settings: Settings) -> None:
    from connectors.errors import ConfigurationError
    from connectors.suggestions import suggest

    if name not in settings.callers:
        raise ConfigurationError([f"callers: there is no caller {name}{suggest(name, settings.callers, 'name one of them')}"])


async def _find_key(kept: ApiKeys, id_: str, now: datetime) -> ApiKey:
    """Find a key that holds. Raises `ConfigurationError`."""
    from connectors.errors import ConfigurationError

    found = [key for key in await kept.read() if key.id == id_ and key.holds(now)]
    if not found:
        raise ConfigurationError([f"no key that holds has the id {id_}; `profile-gateway keys list` has the ids"])
    return found[0]


def _end(ends_in: str | None, now: datetime) -> datetime | None:
    return None if ends_in is None else now + read_span(ends_in, "--ends-in")
