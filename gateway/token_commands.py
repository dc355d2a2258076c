"""The commands `profile-gateway tokens revoke | list`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from gateway.command_runner import read_span, run_with_store
from gateway.terminal import errors, out

if TYPE_CHECKING:
    from gateway.access.revocations import Revocation, Revocations
    from gateway.settings import Settings
    from gateway.store.store import Store

T = TypeVar("T")

tokens = typer.Typer(no_args_is_help=True, help="Tokens of callers.")

Config = Annotated[Path, typer.Option("--config", help="The settings file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

DEFAULT_TERM = "30d"
"""For how long the id of a revoked token is kept, which is longer than a token should last."""

_SHOWN_TIME = "%Y-%m-%d %H:%M:%S UTC"


@tokens.command()
def revoke(
    issuer: Annotated[str, typer.Argument(help="The name of an issuer in the settings.")],
    config: Config = Path("gateway.toml"),
    jti: Annotated[str | None, typer.Option(help="The id of one token, its `jti`.")] = None,
    ends_in: Annotated[
        str | None, typer.Option(show_default=DEFAULT_TERM, help="With --jti: when the token ends by itself, at the latest.")
    ] = None,
    issued_before: Annotated[
        str | None, typer.Option(help="Revoke all tokens that were issued before: now, or a time such as 2026-11-29T22:40Z.")
    ] = None,
) -> None:
    """Revoke one token of an issuer, or all that were issued before a time. Workers know it within two seconds."""
    from connectors.errors import ConfigurationError

    async def add(kept: Revocations, settings: Settings, now: datetime) -> str:
        iss = _find_issuer(issuer, settings)
        if (jti is None) == (issued_before is None):
            raise ConfigurationError(
                ["--jti and --issued-before: give one of them: which token, or until when all were issued"]
            )
        if jti is not None:
            return await _revoke_one(kept, iss, jti, ends_in or DEFAULT_TERM, now)
        if ends_in is not None:
            raise ConfigurationError(["--ends-in: is for one token; leave it out, for the others stay revoked"])
        return await _revoke_all(kept, iss, issued_before or "", now)

    told = _run(config, add)
    errors.print(f"Of {issuer} {told}", markup=False, highlight=False, soft_wrap=True)


@tokens.command("list")
def list_tokens(config: Config = Path("gateway.toml"), as_json: Json = False) -> None:
    """List what is revoked: ids of tokens, and until when all tokens of an issuer were issued."""
    import msgspec

    async def read(kept: Revocations, settings: Settings, now: datetime) -> Sequence[tuple[str, Revocation]]:  # noqa: ARG001
        names = {own.issuer: name for name, own in settings.access.issuers.items()}
        found = [(names.get(own.issuer, own.issuer), own) for own in await kept.read()]
        return sorted(found, key=lambda pair: (pair[0], pair[1].token_id is not None, pair[1].made_at))

    found = _run(config, read)
    if as_json:
        shown = [
            {
                "issuer": name,
                "jti": own.token_id,
                "issuedBefore": own.issued_before,
                "madeAt": own.made_at,
                "endsAt": own.ends_at,
            }
            for name, own in found
        ]
        typer.echo(msgspec.json.encode(shown).decode())
        return
    for name, own in found:
        out.print(f"{name}  {_words_of(own)}", markup=False, highlight=False, soft_wrap=True)


def _words_of(own: Revocation) -> str:
    made = f"revoked {own.made_at:{_SHOWN_TIME}}"
    if own.issued_before is not None:
        return f"all issued before {own.issued_before:{_SHOWN_TIME}}, {made}"
    ends = "" if own.ends_at is None else f", kept until {own.ends_at:{_SHOWN_TIME}}"
    return f"jti {own.token_id}  {made}{ends}"


async def _revoke_one(kept: Revocations, issuer: str, jti: str, ends_in: str, now: datetime) -> str:
    from connectors.errors import ConfigurationError
    from gateway.access.revocations import MAX_ID_LENGTH, MAX_REVOKED, MAX_TERM, Revocation

    if not jti or len(jti) > MAX_ID_LENGTH or not jti.isprintable():
        raise ConfigurationError([f"--jti: is no id of a token; give 1 to {MAX_ID_LENGTH} letters, as its `jti` is"])
    term = read_span(ends_in, "--ends-in")
    if not timedelta() < term <= MAX_TERM:
        raise ConfigurationError([f"--ends-in: must be more than nothing, and {MAX_TERM.days}d or less"])
    ids = [own.token_id for own in await kept.read() if own.token_id is not None and not own.is_over(now)]
    if len(ids) >= MAX_REVOKED and jti not in ids:
        raise ConfigurationError(
            [f"--jti: {MAX_REVOKED} tokens are revoked already; give --issued-before now, for all of them"]
        )
    await kept.add(Revocation(issuer, now, token_id=jti, ends_at=now + term))
    return f"the token {jti} holds no more. It must have ended by {now + term:{_SHOWN_TIME}}, until when this is kept."


async def _revoke_all(kept: Revocations, issuer: str, issued_before: str, now: datetime) -> str:
    from gateway.access.revocations import Revocation

    before = _time(issued_before, now)
    await kept.add(Revocation(issuer, now, issued_before=before))
    known = [own.issued_before for own in await kept.read() if own.issuer == issuer and own.issued_before is not None]
    return f"no token holds any more that was issued before {max([before, *known]):{_SHOWN_TIME}}."


def _time(text: str, now: datetime) -> datetime:
    """Read a time, and go up to the next whole second: tokens say no more. Raises `ConfigurationError`."""
    from connectors.errors import ConfigurationError
    from gateway.clock import CLOCK_TOLERANCE

    try:
        time = now if text == "now" else datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise ConfigurationError(["--issued-before: is no time; write now, or one with its offset, such as 2026-11-29T22:40Z"])
    if time > now + CLOCK_TOLERANCE:
        raise ConfigurationError(["--issued-before: is yet to come, and new tokens would be refused until then; write now"])
    whole = time.replace(microsecond=0)
    return (whole if whole == time else whole + timedelta(seconds=1)).astimezone(now.tzinfo)


def _find_issuer(name: str, settings: Settings) -> str:
    """Find the `iss` of an issuer. Raises `ConfigurationError`."""
    from connectors.errors import ConfigurationError
    from connectors.suggestions import suggest

    issuers = settings.access.issuers
    if name not in issuers:
        fix = suggest(name, issuers, "name one of them")
        raise ConfigurationError([f"access.issuers: there is no issuer {name}{fix}"])
    return issuers[name].issuer


def _run(config: Path, command: Callable[[Revocations, Settings, datetime], Awaitable[T]]) -> T:
    from gateway.services import revocations_of

    def is_in_mongodb(settings: Settings) -> bool:
        place = settings.access.revocation_place
        return place is not None and place.file is None

    async def run(settings: Settings, store: Store | None, now: datetime) -> T:
        return await command(revocations_of(settings, store), settings, now)

    return run_with_store(config, is_in_mongodb, run)
