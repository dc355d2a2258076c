"""The shop's other records of its customers: accounts of the web shop, and members of the loyalty programme.

They know people by other keys than the CRM, and not all that they say is the same. Some accounts are of guests: nobody else
knows them.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from random import Random

from connectors.records import Address, Channel, CustomerKind
from gateway.demo.databases import Row
from gateway.demo.shop_markets import Market
from gateway.demo.shop_people import SHOP_CLOCK, Shopper, draw_address

FIRST_GUEST = 750_000
_GUEST_TURN = 7
_GUESTS_OF = 40
_CHANNELS = (Channel.EMAIL, Channel.SMS, Channel.POST, None)
_TIERS = ("GOLD", "SILVER", "BASIC", None)

_EXAMPLE_ADDRESS = Address(line="3 Mill Lane", postal_code="BS1 4TR", city="Bristol", region="England", country="GB")


def account_rows(who: Shopper, seed: int) -> Mapping[str, list[Row]]:
    """Write the records that the web shop and the loyalty programme have of a customer."""
    rng = Random(f"{seed}:accounts:{who.number}")  # noqa: S311  made-up data
    accounts = [_example_account(who)] if who.number == 1 else [_account(who, rng)]
    if who.number % _GUESTS_OF == _GUEST_TURN:
        accounts.append(_guest(who.market, who.number, rng))
    return {"accounts": accounts, "members": [_member(who, rng)] if who.member_number else []}


def _example_account(who: Shopper) -> Row:
    """The example customer has moved, and told the web shop alone."""
    moved = SHOP_CLOCK - timedelta(days=40, hours=3)
    return _account_row("700001", "Emma J. Clarke", who.emails[0], None, _EXAMPLE_ADDRESS, who.created_at, moved)


def _account(who: Shopper, rng: Random) -> Row:
    number = next(known.id for known in who.external_ids if known.source == "webshop")
    email = who.emails[0].lower() if rng.random() < 0.7 else f"private{who.number}@example.org"
    phone = who.phones[0] if rng.random() < 0.5 else None
    address = who.address if rng.random() < 0.85 else draw_address(who.market, rng)
    return _account_row(number, who.name, email, phone, address, who.created_at, later(who.created_at, rng))


def _guest(market: Market, number: int, rng: Random) -> Row:
    given, family = rng.choice(market.given_names), rng.choice(market.family_names)
    created = SHOP_CLOCK - timedelta(seconds=rng.randint(86_400, 400 * 86_400))
    email = f"guest{number}@example.net"
    address = draw_address(market, rng)
    return _account_row(str(FIRST_GUEST + number), market.full_name(given, family), email, None, address, created, created)


def _account_row(
    number: str, name: str, email: str, phone: str | None, address: Address, created: datetime, updated: datetime
) -> Row:
    place = (address.line, address.postal_code, address.city, address.region, address.country)
    return (number, name, email, phone, *place, created, updated)


def _member(who: Shopper, rng: Random) -> Row:
    card = f"{who.market.country}-{who.number:06d}"
    email = who.emails[0].lower() if rng.random() < 0.6 else None
    born = date(1948, 1, 1) + timedelta(days=rng.randint(0, 20_000)) if who.kind is CustomerKind.PERSON else None
    day = None if born is None else born.isoformat()
    known = (card, who.member_number, who.name, email, day, who.created_at, later(who.created_at, rng))
    wish, tier = rng.choices(_CHANNELS, (30, 15, 5, 50))[0], rng.choices(_TIERS, (10, 25, 55, 10))[0]
    return (*known, *((None, "GOLD") if who.number == 1 else (wish, tier)))


def later(start: datetime, rng: Random) -> datetime:
    """Draw a time between `start` and the shop's clock."""
    return (start + (SHOP_CLOCK - start) * rng.random()).replace(microsecond=0)
