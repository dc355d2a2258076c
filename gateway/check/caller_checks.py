"""Find callers who can show nothing, so that nobody is known as one of them."""

from gateway.check.problems import Problem
from gateway.clock import Clock
from gateway.errors import StoreError
from gateway.services import api_keys_of
from gateway.settings import Settings
from gateway.store.store import Store


async def find_unknown_callers(settings: Settings, clock: Clock) -> list[Problem]:
    """Find callers without a key, an issuer or a proxy.

    None where keys are in MongoDB and it is away, which is told elsewhere.
    """
    access = settings.access
    named = {one for own in access.issuers.values() for one in own.named} | {access.anonymous}
    if access.proxy is not None:
        named |= settings.callers.keys() if access.proxy.header is not None else {*access.proxy.named.values()}
    left = [name for name in settings.callers if name not in named]
    if not left:
        return []
    if access.keys is None:
        return [_unknown(name, "there is no [access.keys], and no issuer names it", "add one of them") for name in left]
    try:
        with_key = await _callers_with_key(settings, clock)
    except StoreError as error:
        own = Problem(None, None, "access.keys.file", str(error), "let the gateway read it")
        return [] if access.keys.file is None else [own]
    fix = "make one by `profile-gateway keys create {}`, or remove the caller"
    return [_unknown(name, "it has no key that holds", fix.format(name)) for name in left if name not in with_key]


def _unknown(name: str, reason: str, fix: str) -> Problem:
    return Problem(None, None, f"callers.{name}", f"nobody can show that he is this caller: {reason}", fix)


async def _callers_with_key(settings: Settings, clock: Clock) -> set[str]:
    """List the callers who have a key that holds. Raises `StoreError`."""
    keys = settings.access.keys
    is_in_mongodb = keys is not None and keys.file is None
    store = Store(settings.mongodb, clock) if is_in_mongodb and settings.mongodb is not None else None
    try:
        if store is not None:
            await store.open()
        now = clock.now()
        return {key.caller for key in await api_keys_of(settings, store).read() if key.holds(now)}
    finally:
        if store is not None:
            await store.aclose()
