"""Define who looks, for pages: the caller of a request, and what it may ask for."""

from datetime import datetime

import strawberry

from gateway.context import RequestContext
from gateway.settings import Settings
from gateway.settings.access_settings import WAYS_IN, CallerSettings
from gateway.settings.purpose_settings import PurposeBasis
from resolvers.enums import describe_enum
from resolvers.fields import field
from resolvers.scalars import JSON

describe_enum(
    PurposeBasis,
    "What allows to use data of a person.",
    CONSENT="The person has consented.",
    CONTRACT="A contract with the person needs it.",
    LEGITIMATE_INTEREST="There is an interest that counts more, and the person has not objected.",
    LEGAL_DUTY="The law demands it.",
)


@strawberry.type(description="A purpose that a request may name.")
class ViewerPurpose:
    key: str = field("Its name, for the header `X-Purpose`.")
    basis: PurposeBasis = field("What allows to use data for it.")


@strawberry.type(description="Who asks, and what they may ask for.")
class Viewer:
    caller: str | None = field("The name of the caller; null where callers have none.")
    user: str | None = field("Who is behind the caller, where that is known. A session of a key is `key:` and its id.")
    purposes: list[ViewerPurpose] = field("The purposes that its requests may name.")
    needs_purpose: bool = field("Whether each of its requests needs one of them.")
    purpose: str | None = field("The purpose of this request; null for none, and where one has to be chosen first.")
    finds: list[str] = field("The kinds of keys that it may find by; `text` is a search by words.")
    operates: bool = field("Whether it may read how the sources are.")
    governs: bool = field("Whether it may read how tags and segments are.")
    pinned_clock: datetime | None = field("Where the gateway's clock stands, which figures are of; null where it runs.")
    layout: JSON = field("What pages show it, and in which order, as the settings have it.")


def describe_viewer(context: RequestContext) -> Viewer:
    """Describe who asks. Everybody may everything where the settings name no callers, and so may operators."""
    settings, caller = context.services.settings, context.caller
    own = settings.callers.get(caller.name)
    return Viewer(
        caller=caller.name or None,
        user=caller.user,
        purposes=_list_purposes(settings, own),
        needs_purpose=own is not None and own.purposes is not None,
        purpose=context.purpose,
        finds=[str(kind) for kind in WAYS_IN if own is None or kind in own.key_kinds],
        operates=own is None or own.operate,
        governs=own is None or own.govern,
        pinned_clock=settings.clock.pinned,
        layout=JSON(settings.pages.layout_of(caller.name)),
    )


def _list_purposes(settings: Settings, caller: CallerSettings | None) -> list[ViewerPurpose]:
    names = settings.purposes if caller is None or caller.purposes is None else caller.purposes
    return [ViewerPurpose(key=name, basis=PurposeBasis(settings.purposes[name].basis)) for name in names]
