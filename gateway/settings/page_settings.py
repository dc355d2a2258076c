"""Settings of the pages for people: how those sign in, and what their pages show."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from connectors.suggestions import suggest
from gateway.settings.frozen_settings import FrozenSettings
from gateway.settings.texts import CallerName, LongSecret

MAX_SESSION_S = 28_800

Layout = dict[Annotated[str, Field(min_length=1, max_length=64)], Any]
"""What a page shows, and in which order. Pages read it (docs/pages.md)."""


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

    def layout_of(self, caller: str) -> Layout:
        """Give the layout of a caller's pages."""
        return self.layouts.get(caller, self.layout)


def check_pages(pages: PageSettings, callers: Mapping[str, Any], *, have_keys: bool) -> None:
    """Check that the pages go with the callers. Raises `ValueError`, which names the setting."""
    for name in pages.layouts:
        if name not in callers:
            raise ValueError(f"pages.layouts: no caller has the name {name}{suggest(name, callers, 'name one of yours')}")
    if pages.enabled and callers and have_keys and pages.secret is None:
        raise ValueError("pages.secret: is missing, so nobody can sign in with a key; add 32 characters or more, by chance")
