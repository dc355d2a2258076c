"""What a customer consents to now, of all that was said."""

from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from gateway.stitching.consents import current_consents
from tests.support.gateway_server import gateway_on
from tests.support.shop import at

STATES = r.ConsentState


def consent(state: str, day: int | None = None, **fields: Any) -> r.Consent:
    time = None if day is None else at(day)
    return r.Consent(**{"channel": r.Channel.EMAIL, "purpose": "news"} | fields, state=STATES[state], at=time)


@pytest.mark.parametrize(
    ("said", "now"),
    [
        ([("WITHDRAWN", 5), ("GRANTED", 1)], ("WITHDRAWN", 5)),
        ([("GRANTED", 1), ("WITHDRAWN", 5)], ("WITHDRAWN", 5)),
        ([("WITHDRAWN", 1), ("GRANTED", 5)], ("GRANTED", 5)),
        ([("GRANTED", 5), ("DENIED", None)], ("DENIED", None)),
        ([("WITHDRAWN", 1), ("GRANTED", None)], ("WITHDRAWN", 1)),
        ([("GRANTED", None), ("WITHDRAWN", None), ("DENIED", None)], ("WITHDRAWN", None)),
        ([("GRANTED", 5), ("UNKNOWN", None)], ("UNKNOWN", None)),
        ([("GRANTED", 5), ("WITHDRAWN", 5)], ("WITHDRAWN", 5)),
        ([("WITHDRAWN", None), ("GRANTED", 9), ("DENIED", 1)], ("WITHDRAWN", None)),
    ],
)
def test_the_latest_counts_and_without_times_the_strictest(said: list[tuple[str, int | None]], now: tuple[str, int | None]):
    """In whichever order the sources say it. A word that nobody mapped may be a withdrawal."""
    for consents in ([consent(*own) for own in said], [consent(*own) for own in reversed(said)]):
        assert current_consents(consents) == [consent(*now)]


def test_each_channel_and_purpose_is_for_itself():
    """Purposes are the same in any case of letters; they stay where the first one stands."""
    sms = consent("GRANTED", 1, channel=r.Channel.SMS)
    offers = consent("GRANTED", 2, purpose="offers")
    consents = [consent("GRANTED", 1), sms, offers, consent("WITHDRAWN", 3, purpose=" News")]
    assert current_consents(consents) == [consent("WITHDRAWN", 3, purpose=" News"), sms, offers]
    assert current_consents([]) == []


async def test_a_withdrawal_is_not_outvoted_by_a_source_that_counts_more():
    """Social accounts are those of all sources, each once, and so are touches."""
    touch = r.Touch(channel="email", at=at(1))
    account = r.SocialAccount(platform="instagram", handle="ana", followers=5)
    crm = r.Customer(id="1", email="a@b.org", consents=[consent("GRANTED", 1)], social_accounts=[account], touches=[touch])
    shop = r.Customer(
        id="2",
        email="a@b.org",
        consents=[consent("WITHDRAWN", 2)],
        social_accounts=[
            r.SocialAccount(platform="Instagram", handle="@Ana"),
            r.SocialAccount(platform="x", handle="ana"),
        ],
        touches=[touch],
    )
    sources = [
        MemoryConnector(
            name, {(r.Customer, KeyKind.CUSTOMER_ID): {own.id: [own]}, (r.Customer, KeyKind.EMAIL): {"a@b.org": [own]}}
        )
        for name, own in (("crm", crm), ("shop", shop))
    ]
    async with gateway_on(sources) as gateway:
        query = '{ customer(by: {email: "a@b.org"}) { consents { state } socialAccounts { platform } touches { channel } } }'
        data = await gateway.data(query)
    assert data["customer"] == {
        "consents": [{"state": "WITHDRAWN"}],
        "socialAccounts": [{"platform": "instagram"}, {"platform": "x"}],
        "touches": [{"channel": "email"}, {"channel": "email"}],
    }
