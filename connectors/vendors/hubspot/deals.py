"""Read deals of HubSpot: the properties of each field, and rows to records."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.toolkit.converters import given, to_time
from connectors.vendors.hubspot.objects import Word, first_contact, money_of

_IS_CLOSED, _IS_WON = "hs_is_closed", "hs_is_closed_won"
_CURRENCY = "deal_currency_code"
DEAL_FROM: dict[str, tuple[str, ...]] = {
    "name": ("dealname",),
    "pipeline": ("pipeline",),
    "stage": ("dealstage", _IS_CLOSED, _IS_WON),
    "stage_name": ("dealstage",),
    "segment": ("dealtype",),
    "amount": ("amount", _CURRENCY),
    "closed_at": ("closedate", _IS_CLOSED),
}
"""The properties of a deal that a field is read from."""
_YES, _NO = (True, "true"), (False, "false")


def deal_of(currency: str | None, word: Word, contacts: Mapping[str, Sequence[str]], row: Any) -> dict[str, Any]:
    """Read a deal, with the first of its contacts where these were loaded.

    Pipelines and stages have ids, those of the account's own say nothing by themselves: without a word they stay as they are.
    The close date of an open deal is an expectation. `currency` is that of amounts without one.
    """
    has = row["properties"].get
    pipeline, stage = has("pipeline"), has("dealstage")
    return given(
        id=row["id"],
        customerId=first_contact(contacts, row),
        createdAt=to_time(row["createdAt"]),
        name=has("dealname"),
        pipeline=word("deal", "pipeline", pipeline) or pipeline,
        stage=word("deal", "stage", stage) or _stage(has(_IS_CLOSED), has(_IS_WON)),
        stageName=word("deal", "stage_name", stage) or stage,
        segment=has("dealtype"),
        amount=money_of(has("amount"), has(_CURRENCY) or currency),
        closedAt=to_time(has("closedate")) if has(_IS_CLOSED) in _YES else None,
    )


def _stage(is_closed: Any, is_won: Any) -> str | None:
    if is_closed in _NO:
        return "OPEN"
    if is_closed not in _YES:
        return None
    return "WON" if is_won in _YES else "LOST" if is_won in _NO else None
