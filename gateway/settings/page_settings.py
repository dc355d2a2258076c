"""Settings of the pages for people: how those sign in, and what their pages show."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from connectors.contract import KeyKind
from connectors.suggestions import suggest
from gateway.settings.access_settings import CLAIM, CallerSettings
from gateway.settings.browser_settings import Origin
from gateway.settings.frozen_settings import FrozenSettings
from gateway.settings.texts import CallerName, LongSecret, SourceName

MAX_SESSION_S = 28_800

Layout = dict[Annotated[str, Field(min_length=1, max_length=64)], Any]
"""What a page shows, and in which order. Pages read it (docs/pages.md)."""


class EmbedSettings(FrozenSettings):
    """A desk whose pages hold the page of a customer in a frame. Its server asks for a token for each."""

    origins: Annotated[list[Origin], Field(min_length=1, max_length=20)]
    """The origins of its pages."""
    caller: CallerName
    """The caller whose key its server has; the page in the frame shows what this caller sees, of one customer."""


class PageSettings(FrozenSettings):
    """The pages, and the sessions of those who open them with a key."""

    model_config = ConfigDict(hide_input_in_errors=True)

    enabled: bool | None = None
    """Whether there are pages; without this line in development only."""
    secret: LongSecret | None = None
    """Seals sessions; the same for all gateways of a fleet. Without it keys begin none."""
    session_s: Annotated[int, Field(ge=60, le=MAX_SESSION_S)] = MAX_SESSION_S
    """After how many seconds a session ends, whatever is done in it."""
    layout: Layout = {}
    """What the page of a customer shows, and in which order."""
    layouts: dict[CallerName, Layout] = {}
    """The same for single callers, in its place."""

    embed: dict[SourceName, EmbedSettings] = {}
    """Whose pages may hold the page of a customer in a frame."""

    @property
    def frame_origins(self) -> Sequence[str]:
        """List the origins of pages that may hold one of a customer."""
        return sorted({origin for desk in self.embed.values() for origin in desk.origins})

    def layout_of(self, caller: str) -> Layout:
        """Give the layout of a caller's pages; those in the frame of a desk have that of its caller."""
        desks = {embed_caller(name): own.caller for name, own in self.embed.items()}
        return self.layouts.get(desks.get(caller, caller), self.layout)


def check_pages(pages: PageSettings, callers: Mapping[str, CallerSettings], *, have_keys: bool) -> None:
    """Check that the pages go with the callers. Raises `ValueError`, which names the setting."""
    for name in pages.layouts:
        if name not in callers:
            raise ValueError(f"pages.layouts: no caller has the name {name}{suggest(name, callers, 'name one of yours')}")
    _check_embeds(pages, callers, have_keys=have_keys)
    if pages.enabled and callers and have_keys and pages.secret is None:
        raise ValueError("pages.secret: is missing, so nobody can sign in with a key; add 32 characters or more, by chance")


def _check_embeds(pages: PageSettings, callers: Mapping[str, CallerSettings], *, have_keys: bool) -> None:
    for name, own in pages.embed.items():
        at = f"pages.embed.{name}"
        caller = callers.get(own.caller)
        if caller is None:
            fix = suggest(own.caller, callers, "name one of yours")
            raise ValueError(f"{at}.caller: no caller has the name {own.caller}{fix}")
        if caller.has_row_rule:
            raise ValueError(f"{at}.caller: {own.caller} may be told of some customers only; name another caller")
        if embed_caller(name) in callers:
            raise ValueError(f"{at}: a caller has the name {embed_caller(name)}, which is that of its pages; rename one")
        if pages.secret is None:
            raise ValueError(f"{at}: its tokens are sealed by pages.secret; add 32 characters or more, by chance")
        if not have_keys:
            raise ValueError(f"{at}: its server shows the key of a caller, and there are no keys; add [access.keys]")


def embed_caller(name: str) -> str:
    """Name the caller that a page in a frame is, by the name of its desk."""
    return f"embed.{name}"


def derive_embed_callers(pages: PageSettings, callers: Mapping[str, CallerSettings]) -> dict[str, CallerSettings]:
    """Derive the callers of pages in frames: each sees what its desk's caller sees, of the one customer whom a token names."""
    return {
        embed_caller(name): callers[own.caller].model_copy(
            update={
                "customers": f"{CLAIM}customer",
                "find_by": [KeyKind.CUSTOMER_ID],
                "documents": "off",  # it is held to the documents of the page
                "introspection": False,
                "access_log": False,
                "tag_report": False,
                "outcomes": False,
                "changes": False,
                "operate": False,
                "govern": False,
            }
        )
        for name, own in pages.embed.items()
    }
