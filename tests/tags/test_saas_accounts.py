"""The SaaS pack over companies that were made from the traits that its tags tell."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.tags.why_not import explain_others
from tests.support.pack_values import own_keys, tags_of_all
from tests.support.saas_accounts import SEATS, Company, Person, companies, is_trial, people, write_accounts

Found = dict[str, dict[str, str | None]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """The values of the tags by customer. Nothing is partial, and of each other value is said why not."""
    return asyncio.run(_find(write_accounts(tmp_path_factory.mktemp("saas"))))


async def _find(path: Path) -> Found:
    found: Found = defaultdict(dict)
    async for customer, definition, tag in tags_of_all(path, own_keys("saas")):
        found[customer][definition.key] = tag.value
        assert not tag.partial
        assert {other.value for other in explain_others(tag)} == {*(definition.values or ("true", "false"))} - {tag.value}
    return found


def subscription_stage(own: Company) -> str | None:
    return "TRIAL" if is_trial(own) else "PAYING" if own.stage == "LEAVING" else own.stage


def trial_stage(own: Company) -> str | None:
    return own.stage if is_trial(own) else None


def activation(own: Company) -> str | None:
    if is_trial(own):
        return "ACTIVATED" if own.stage == "ENGAGED" else "STARTING"
    if own.use is None:
        return None if own.stage is None else "STALLED"
    return "STALLED" if own.activation == "LATE" and own.use == "STOPPED" else own.activation


def brings_revenue(own: Company) -> bool:
    return own.stage in ("PAYING", "LEAVING", "PAST_DUE")


def arr_tier(own: Company) -> str | None:
    if not brings_revenue(own):
        return "NONE"
    return None if own.rhythm == "WEEKLY" else own.revenue


def billing_rhythm(own: Company) -> str | None:
    if not brings_revenue(own):
        return None
    if own.rhythm == "TWELVE_MONTHS":
        return "YEARLY"
    return own.rhythm if own.rhythm in ("MONTHLY", "QUARTERLY", "YEARLY") else "OTHER"


def use_trend(own: Company) -> str | None:
    return "GROWING" if is_trial(own) else own.use


def is_growing(own: Company) -> bool:
    return use_trend(own) == "GROWING"


def seat_use(own: Company) -> str | None:
    if not brings_revenue(own):
        return None
    return "UNUSED" if own.use in ("STOPPED", None) else own.users


def tickets(own: Company) -> int:
    return own.extra + (own.urgent != "NONE")


def support_per_seat(own: Company) -> str | None:
    if not brings_revenue(own):
        return None
    return "HEAVY" if tickets(own) >= SEATS / 2 else "NORMAL" if tickets(own) else "LIGHT"


def expansion(own: Company) -> str | None:
    if own.stage not in ("PAYING", "LEAVING"):
        return None
    if own.deal == "OPEN":
        return "IN_TALKS"
    is_well = own.urgent == "NONE" and (is_growing(own) or seat_use(own) == "FULL")
    return "CANDIDATE" if is_well else "NONE"


def renewal_risk(own: Company) -> str | None:
    if not brings_revenue(own) or own.rhythm not in ("YEARLY", "BIENNIAL", "TRIENNIAL"):
        return None
    if own.renews > 60:
        return "LATER"
    is_at_risk = own.stage == "PAST_DUE" or own.urgent == "RED" or own.use in ("SHRINKING", "STOPPED", None) or own.nps == 4
    return "AT_RISK" if is_at_risk else "ON_TRACK"


OF_COMPANIES: dict[str, Callable[[Company], str | None]] = {
    "subscription_stage": subscription_stage,
    "notice_given": lambda own: "true" if own.stage == "LEAVING" else "false",
    "trial_stage": trial_stage,
    "activation": activation,
    "arr_tier": arr_tier,
    "billing_rhythm": billing_rhythm,
    "use_trend": use_trend,
    "seat_use": seat_use,
    "escalation": lambda own: own.urgent,
    "support_per_seat": support_per_seat,
    "expansion": expansion,
    "renewal_risk": renewal_risk,
    "sales_stage": lambda own: own.deal,
}


@pytest.mark.parametrize("key", OF_COMPANIES)
def test_a_company_has_the_value_that_it_was_made_for(found: Found, key: str):
    """Each of 300 companies; every value occurs."""
    expected = {own.id: OF_COMPANIES[key](own) for own in companies()}
    assert {own.id: found[own.id][key] for own in companies()} == expected
    values = {"subscription_stage": 6, "trial_stage": 5, "activation": 5, "arr_tier": 5, "billing_rhythm": 5}
    assert len(Counter(expected.values())) == values.get(key, len({*expected.values()}))


def test_people_are_told_by_their_own_use_and_answers(found: Found):
    """A company's events and answers are not those of a person."""

    def champion(own: Person) -> str:
        many = own.sessions >= 8
        if own.nps == 9:
            return "CHAMPION" if many else "FRIEND"
        return "CRITIC" if own.nps == 6 else "POWER_USER" if many else "NONE"

    assert {own.id: found[own.id]["champion"] for own in people()} == {own.id: champion(own) for own in people()}
