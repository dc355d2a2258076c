"""What fills the profiles of some customers and not of others: touches, consents, social accounts, subscriptions, surveys.

Companies have accounts, and some are parts of others. The example customer has no social account, whatever the seed.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from random import Random

from connectors.records import BillingInterval, Channel, ConsentState, CustomerKind, SubscriptionStatus, SurveyKind
from gateway.demo.databases import Row
from gateway.demo.shop_accounts import later
from gateway.demo.shop_people import EXAMPLE_COMPANY, SHOP_CLOCK, Shopper

_EXAMPLE_GROUP, _EXAMPLE_SISTER = "ACC-00001-G", "ACC-00001-S"
_PART_TURN, _PARENT_BEFORE = 17, 6
_MEDIA = {"google": ("paid_search", "cpc"), "wechat": ("social", "social"), "newsletter": ("email", "email")}
_PLANS = (
    ("Free delivery", 499, BillingInterval.MONTH),
    ("Surprise box", 1_999, BillingInterval.MONTH),
    ("Free delivery, a year", 4_990, BillingInterval.YEAR),
)
_COMMENTS = (None, None, "Quick delivery.", "The parcel was late.")


def profile_rows(who: Shopper, seed: int) -> Mapping[str, list[Row]]:
    """Write what the CRM, the web shop and the loyalty programme know of a customer beside the records themselves."""
    rng = Random(f"{seed}:profile:{who.number}")  # noqa: S311  made-up data
    is_example = who.number == 1
    account = next(known.id for known in who.external_ids if known.source == "webshop")
    rows = {"companies": list(_companies(who, rng)), "touches": list(_touches(who, rng))}
    if who.kind is not CustomerKind.PERSON:
        return rows
    if not is_example and rng.random() < 0.3:
        rows["social_accounts"] = [(account, 1, "instagram", f"@{who.emails[0].partition('@')[0]}", rng.randint(10, 9_000))]
    if is_example or rng.random() < 0.2:
        rows["subscriptions"] = [_subscription(who, account, rng)]
    if who.member_number is not None:
        card = f"{who.market.country}-{who.number:06d}"
        rows["consents"] = list(_consents(who, card, rng)) if is_example or rng.random() < 0.7 else []
        rows["surveys"] = [_survey(who, card, rng)] if is_example or rng.random() < 0.4 else []
    return rows


def _companies(who: Shopper, rng: Random) -> Iterator[Row]:
    if who.number == 1:
        industry, since = EXAMPLE_COMPANY.industry, who.created_at
        site = "https://harbour.example.com"
        yield (EXAMPLE_COMPANY.account, EXAMPLE_COMPANY.name, industry, 48, f"{site}/books", _EXAMPLE_GROUP, since)
        yield (_EXAMPLE_GROUP, "Harbour Group plc", None, 1_250, site, None, since)
        yield (_EXAMPLE_SISTER, "Harbour Coffee Ltd", "catering", None, None, _EXAMPLE_GROUP, since)
    elif who.kind is CustomerKind.COMPANY and who.company is not None:
        parent = f"ACC-{who.number - _PARENT_BEFORE:05d}" if who.number % 20 == _PART_TURN else None
        size = rng.choice((None, 8, 25, 120, 900))
        website = f"https://{who.emails[0].partition('@')[2]}" if rng.random() < 0.6 else None
        yield (who.company.account, who.company.name, who.company.industry, size, website, parent, who.created_at)


def _touches(who: Shopper, rng: Random) -> Iterator[Row]:
    """The first touch, and for some a letter that followed."""
    first = who.acquisition
    if first is None or first.at is None:
        return
    channel, medium = _MEDIA.get(first.source or "", (first.source, None))
    yield (who.id, 1, channel, first.source, medium, first.campaign, first.at)
    if rng.random() < 0.4:
        yield (who.id, 2, "email", "newsletter", "email", "autumn-letter", later(who.created_at, rng))


def _consents(who: Shopper, card: str, rng: Random) -> Iterator[Row]:
    for position, channel in enumerate((Channel.EMAIL, Channel.SMS)[: rng.randint(1, 2)], 1):
        states = (ConsentState.GRANTED, ConsentState.DENIED, ConsentState.WITHDRAWN)
        state = rng.choices(states, (60, 25, 15))[0]
        yield (card, position, channel, "marketing", state, rng.choice(("checkout", "account")), later(who.created_at, rng))


def _subscription(who: Shopper, account: str, rng: Random) -> Row:
    plan, pence, period = rng.choice(_PLANS)
    status = rng.choices((SubscriptionStatus.ACTIVE, SubscriptionStatus.PAUSED, SubscriptionStatus.CANCELLED), (70, 10, 20))[0]
    started = later(who.created_at, rng)
    renews = SHOP_CLOCK + timedelta(days=rng.randint(1, 28)) if status is SubscriptionStatus.ACTIVE else None
    cancelled = later(started, rng) if status is SubscriptionStatus.CANCELLED else None
    due = (round(pence * who.market.price_factor), who.market.currency)
    return (f"sub-{account}", account, started, plan, status, *due, period, renews, cancelled)


def _survey(who: Shopper, card: str, rng: Random) -> Row:
    kind, scale = rng.choice(((SurveyKind.NPS, 10), (SurveyKind.CSAT, 5)))
    score = rng.randint(scale // 2, scale)
    comment = rng.choice(_COMMENTS) if who.market.language == "en" else None
    return (f"survey-{card}", card, later(who.created_at, rng), kind, score, scale, Channel.EMAIL, comment)
