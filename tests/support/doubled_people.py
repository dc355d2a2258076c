"""Generated people whom two systems know under other keys, some with slips: only what is said of them agrees."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from connectors import records as r

GIVEN = "Ana,Bo,Carla,Dora,Emil,Fritz,Greta,Hugo,Ida,Jan,Karla,Leo,Mona,Nils,Olga,Paul,Rosa,Sven,Tilda,Uwe"
FAMILY = "Almeida,Becker,Costa,Duarte,Eriksen,Fischer,Gruber,Hansen,Ivanov,Jansen,Keller,Lopes,Meyer,Novak,Olsen,Pereira"
STREETS = ["Mill Lane", "High Street", "Station Road", "Park Avenue", "Church Walk", "Green Way", "Kings Road", "Bridge End"]


class Pair(NamedTuple):
    """What the CRM says of a person, and the shop, which has slips in one of five."""

    crm: r.Customer
    shop: r.Customer


def doubled_people(count: int, seed: int = 1) -> Iterator[Pair]:
    random, given_names, family_names = Random(seed), GIVEN.split(","), FAMILY.split(",")
    for number in range(count):
        given, family = random.choice(given_names), f"{random.choice(family_names)}{random.choice(['', 'son', 'er', 'witz'])}"
        birth = f"{random.randrange(1940, 2004)}-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}"
        words = {
            "given_name": given,
            "family_name": family,
            "birth_date": birth,
            "address": r.Address(
                line=f"{random.randrange(1, 200)} {random.choice(STREETS)}", postal_code=f"{random.randrange(10000, 99999)}"
            ),
        }
        crm = r.Customer(id=f"c{number:05}", email=f"{given}.{number}@example.com".lower(), **words)
        slip = random.random()
        if slip < 0.07:
            words["family_name"] = family[:2] + family[3:]
        elif slip < 0.14:
            words["birth_date"] = birth[:-1] + str(int(birth[-1]) % 9 + 1)
        elif slip < 0.2:
            words["address"] = r.Address(line="9 New Street", postal_code="10001")
        yield Pair(crm, r.Customer(id=f"s{number:05}", email=f"{family}{number}@example.org".lower(), **words))
