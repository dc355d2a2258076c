"""Who the shop's customers are: people and companies, with the keys that find them and that some of them share."""

from datetime import UTC, datetime, timedelta
from random import Random

import msgspec

from connectors.records import AccountRole, Acquisition, Address, Company, CustomerKind, ExternalId, Gender
from gateway.demo.shop_markets import MARKETS, UNITED_KINGDOM, Market, Name

SHOP_CLOCK = datetime(2026, 6, 30, 12, tzinfo=UTC)
"""Nothing in the shop is later."""

FAMILY_NUMBERS = (2, 3)
"""Customers who share a telephone in every shop, whatever its seed and size."""

_COMPANY_TURNS = frozenset({4, 11, 17})
_HOUSEHOLD_SIZE = 3
_COMPANY_OPENINGS = 2
_INDUSTRIES = ("retail", "catering", "education", "health", "construction", "media")
_SOURCES = {"zh": ("wechat", "wechat", "referral", "store"), "en": ("google", "newsletter", "referral", "store")}
_SOURCES["pt"] = ("google", "google", "referral", "newsletter")
_CAMPAIGNS = {"google": "brand-search", "wechat": "mini-program", "newsletter": "spring-letter"}
_LANDING_PAGES = ("/", "/sale", "/new", "/gifts")
_GENDERS = (Gender.FEMALE, Gender.MALE, Gender.NON_BINARY, None)
_JOB_TITLES = ("Teacher", "Nurse", "Engineer", "Designer", "Cook", None, None, None)
_ROLES = (
    (AccountRole.DECISION_MAKER, "Managing director"),
    (AccountRole.BUYER, "Buyer"),
    (AccountRole.BILLING, "Accountant"),
    (AccountRole.TECHNICAL, "IT manager"),
    (None, None),
)

EXAMPLE_COMPANY = Company(name="Harbour Books Ltd", account="ACC-00001", industry="retail")
"""The first two customers of every shop work there."""


class Shopper(msgspec.Struct, kw_only=True):
    """A customer before it is written down. The first e-mail, phone and device are the primary ones."""

    number: int
    id: str
    market: Market
    kind: CustomerKind
    name: str
    given_name: str | None
    family_name: str | None
    emails: list[str]
    phones: list[str]
    address: Address
    created_at: datetime
    gender: Gender | None = None
    job_title: str | None = None
    member_number: str | None = None
    company: Company | None = None
    acquisition: Acquisition | None = None
    device_ids: list[str] = []
    external_ids: list[ExternalId] = []


class Household(msgspec.Struct):
    """Hold people at one address, with one name and one telephone."""

    family: Name
    members: list[Shopper]
    phone: str | None = None
    tablet: str | None = None


class Employer(msgspec.Struct):
    shopper: Shopper
    domain: str
    openings: int = _COMPANY_OPENINGS


class Population:
    """Draws customers one after another. Who shares what depends on those before, the rest on seed and number alone."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._phones_given = dict.fromkeys((market.country for market in MARKETS), 0)
        self._household: Household | None = None
        self._employers: dict[str, Employer] = {}

    def draw(self, number: int) -> Shopper:
        rng = Random(f"{self._seed}:person:{number}")  # noqa: S311  made-up data
        if number == 1:
            return self._example()
        if number % 20 in _COMPANY_TURNS:
            return self._company(number, rng)
        return self._person(number, rng)

    def _example(self) -> Shopper:
        created = SHOP_CLOCK - timedelta(days=1210, hours=4)
        return Shopper(
            number=1,
            id="c00001",
            market=UNITED_KINGDOM,
            kind=CustomerKind.PERSON,
            name="Emma Clarke",
            given_name="Emma",
            family_name="Clarke",
            emails=["emma.clarke@example.com", "Emma.Clarke@Example.org"],
            phones=[self._phone(UNITED_KINGDOM)],
            address=Address(line="14 Station Road", postal_code="SW1A 1AA", city="London", region="England", country="GB"),
            created_at=created,
            gender=Gender.FEMALE,
            job_title="Head of buying",
            member_number="M-000001",
            company=_employed(EXAMPLE_COMPANY, AccountRole.BUYER, "Head of buying"),
            acquisition=Acquisition(
                source="google",
                campaign="brand-search",
                landing_page="/new",
                lead_id="L-00001",
                at=created - timedelta(days=6),
            ),
            device_ids=["d-00001-phone", "d-00001-laptop"],
            external_ids=[ExternalId(source="webshop", id="700001"), ExternalId(source="loyalty", id="GB-000001")],
        )

    def _company(self, number: int, rng: Random) -> Shopper:
        market = _market(rng)
        family = rng.choice(market.family_names)
        name = market.company.format(family=family.text)
        domain = f"{family.latin}-{number}.example.com"
        shopper = Shopper(
            number=number,
            id=_id(number),
            market=market,
            kind=CustomerKind.COMPANY,
            name=name,
            given_name=None,
            family_name=None,
            emails=[f"office@{domain}", f"billing@{domain}"][: rng.randint(1, 2)],
            phones=[self._phone(market)],
            address=draw_address(market, rng),
            created_at=_joined(rng),
            company=Company(name=name, account=f"ACC-{number:05d}", industry=rng.choice(_INDUSTRIES)),
            device_ids=[f"d-{number:05d}-desk"] if rng.random() < 0.6 else [],
            external_ids=[
                ExternalId(source="erp", id=f"D{number:05d}"),
                ExternalId(source="webshop", id=f"{700_000 + number}"),
            ],
        )
        shopper.acquisition = _acquisition(shopper, rng)
        self._employers[market.country] = Employer(shopper, domain)
        self._household = None
        return shopper

    def _person(self, number: int, rng: Random) -> Shopper:
        home = self._home(number, rng)
        market = home.members[0].market if home else UNITED_KINGDOM if number in FAMILY_NUMBERS else _market(rng)
        family = home.family if home else rng.choice(market.family_names)
        given = rng.choice(market.given_names)
        login = f"{given.latin}.{family.latin}{number}"
        shopper = Shopper(
            number=number,
            id=_id(number),
            market=market,
            kind=CustomerKind.PERSON,
            name=market.full_name(given, family),
            given_name=given.text,
            family_name=family.text,
            emails=[f"{login}@{rng.choice(('example.com', 'example.net'))}"],
            phones=[self._phone(market)],
            address=home.members[0].address if home else draw_address(market, rng),
            created_at=_joined(rng),
            member_number=f"M-{number:06d}" if rng.random() < 0.7 else None,
            device_ids=[f"d-{number:05d}-{what}" for what in ("phone", "laptop", "work", "old")[: _few(rng)]],
            external_ids=[ExternalId(source="webshop", id=f"{700_000 + number}")],
        )
        if rng.random() < 0.25:
            shopper.emails.append(f"{given.latin.title()}.{family.latin.title()}{number}@Example.org")
        shopper.acquisition = _acquisition(shopper, rng)
        if home:
            self._move_in(shopper, home, rng)
        elif rng.random() < 0.15:
            self._hire(shopper, f"{given.latin}.{family.latin}")
        _add_work(shopper, rng)
        self._household = home or Household(family, [shopper])
        return shopper

    def _home(self, number: int, rng: Random) -> Household | None:
        joins = number == FAMILY_NUMBERS[-1] or rng.random() < 0.1
        home = self._household if joins else None
        return home if home and len(home.members) < _HOUSEHOLD_SIZE else None

    def _move_in(self, shopper: Shopper, home: Household, rng: Random) -> None:
        """Share the telephone, and a tablet in half of the homes. Nobody has more than three devices of their own."""
        first = home.members[0]
        if home.phone is None:
            home.phone = self._phone(first.market)
            first.phones.append(home.phone)
            home.tablet = f"d-{first.number:05d}-tablet" if rng.random() < 0.5 else None
            _add_tablet(first, home.tablet)
        shopper.phones.append(home.phone)
        _add_tablet(shopper, home.tablet)
        home.members.append(shopper)

    def _hire(self, shopper: Shopper, login: str) -> None:
        employer = self._employers.get(shopper.market.country)
        if employer is None or employer.openings == 0:
            return
        employer.openings -= 1
        shopper.company = employer.shopper.company
        shopper.phones.append(employer.shopper.phones[0])
        shopper.emails.append(f"{login}{shopper.number}@{employer.domain}")

    def _phone(self, market: Market) -> str:
        given = self._phones_given[market.country]
        self._phones_given[market.country] = given + 1
        return market.phone(given)


def _id(number: int) -> str:
    return f"c{number:05d}"


def _market(rng: Random) -> Market:
    return rng.choices(MARKETS, [market.share for market in MARKETS])[0]


def _few(rng: Random) -> int:
    return rng.choices((1, 2, 3, 4), (40, 38, 16, 6))[0]


def _employed(company: Company, role: AccountRole | None, name: str | None) -> Company:
    return msgspec.structs.replace(company, role=role, role_name=name)


def _add_work(shopper: Shopper, rng: Random) -> None:
    """Draw a gender and a job title, which some do not say, and a role in the company."""
    shopper.gender = rng.choices(_GENDERS, (35, 35, 2, 28))[0]
    shopper.job_title = rng.choice(_JOB_TITLES)
    if shopper.number == FAMILY_NUMBERS[0]:
        shopper.company = EXAMPLE_COMPANY
    if shopper.company is not None:
        role, shopper.job_title = _ROLES[0] if shopper.number == FAMILY_NUMBERS[0] else rng.choice(_ROLES)
        shopper.company = _employed(shopper.company, role, shopper.job_title)


def _add_tablet(shopper: Shopper, tablet: str | None) -> None:
    if tablet:
        shopper.device_ids = [*shopper.device_ids[:3], tablet]


def _joined(rng: Random) -> datetime:
    return SHOP_CLOCK - timedelta(seconds=rng.randint(20 * 86_400, 1_600 * 86_400))


def draw_address(market: Market, rng: Random) -> Address:
    """Draw a place in a market."""
    city = rng.choice(market.cities)
    return Address(
        line=market.street.format(number=rng.randint(1, 240)),
        postal_code=market.postal_code.format(prefix=city.postal_prefix, n=rng.randint(10, 99)),
        city=city.name,
        region=city.region,
        country=market.country,
    )


def _acquisition(shopper: Shopper, rng: Random) -> Acquisition | None:
    if rng.random() < 0.1:
        return None
    source = rng.choice(_SOURCES[shopper.market.language])
    return Acquisition(
        source=source,
        campaign=_CAMPAIGNS.get(source),
        landing_page=None if source == "store" else rng.choice(_LANDING_PAGES),
        lead_id=f"L-{shopper.number:05d}" if rng.random() < 0.6 else None,
        at=shopper.created_at - timedelta(minutes=rng.randint(2, 20_000)),
    )
