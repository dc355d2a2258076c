"""The retail pack over shoppers who are made up: what real files at hand do not have, each border, and its own numbers."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from gateway.tags.pack import load_pack
from tests.support.gateway_server import gateway_on
from tests.support.tag_shop import JUNE_ENDS, ShopClock

TAG = """query ($id: ID!, $key: String!) { customer(by: {id: $id}) { tag(key: $key) {
    value partial whyNot { value words } } } }"""


def order(days: float, status: str = "DELIVERED", channel: str | None = None, **words: Any) -> r.Order:
    """An order of so many days ago."""
    at = JUNE_ENDS - timedelta(days=days)
    return r.Order(id=f"o{days}{status}{channel}", placed_at=at, status=r.OrderStatus(status), channel=channel, **words)


def paid(amount: int, installments: int | None = None) -> dict[str, Any]:
    money = r.Money(amount=amount, currency="EUR")  # type: ignore[arg-type]
    return {"total": money, "payments": [r.Payment(amount=money, installments=installments)]}


def membership(status: str) -> r.Subscription:
    return r.Subscription(id=status, started_at=JUNE_ENDS, status=r.SubscriptionStatus(status))


ASKED = r.Ticket(id="t", created_at=JUNE_ENDS - timedelta(days=1))
CASES: list[tuple[str, list[r.Order | r.Subscription | r.Ticket], str | None]] = [
    ("return_behaviour", [order(1), order(2), order(3), order(4, "RETURNED"), order(5, "RETURNED")], "OFTEN"),
    ("return_behaviour", [order(1), order(2), order(4, "RETURNED")], "SOMETIMES"),
    ("return_behaviour", [order(1), order(2), order(3), order(366, "RETURNED")], "NEVER"),
    ("return_behaviour", [order(1), order(2, "RETURNED"), order(3, "CANCELLED")], None),
    ("store_use", [order(1, channel="pos"), order(2, channel="web")], "BOTH"),
    ("store_use", [order(1, channel="store"), order(400, channel="web")], "STORE_ONLY"),
    ("store_use", [order(1, channel="app"), order(2, channel="phone")], "ONLINE_ONLY"),
    ("store_use", [order(1, channel="phone"), order(2)], None),
    ("membership", [membership("ACTIVE"), membership("ENDED")], "MEMBER"),
    ("membership", [membership("TRIAL"), membership("ENDED")], "TRIAL"),
    ("membership", [membership("CANCELLED")], "FORMER"),
    ("membership", [], "NONE"),
    ("delivery_wait", [order(14.1, "SHIPPED"), order(1, "PENDING")], "OVERDUE"),
    ("delivery_wait", [order(14, "SHIPPED"), order(61, "SHIPPED")], "ON_THE_WAY"),
    ("delivery_wait", [order(14), order(20, "CANCELLED")], "NONE"),
    ("season_buyer", [order(335.1), order(29)], "BACK"),
    ("season_buyer", [order(395), order(31)], "DUE"),
    ("season_buyer", [order(700.1)], "LAPSED"),
    ("season_buyer", [order(334), order(396)], "NONE"),
    ("season_buyer", [order(365, "CANCELLED")], None),
    ("installment_payer", [order(1, **paid(100, 6)), order(2, **paid(90, 1))], "MOSTLY"),
    ("installment_payer", [order(1, **paid(100, 2)), *(order(n, **paid(9, 1)) for n in (2, 3))], "SOMETIMES"),
    ("installment_payer", [order(1, **paid(100, 1))], "NEVER"),
    ("installment_payer", [order(1, **paid(100))], None),
    (
        "review_behaviour",
        [*(order(n) for n in (1, 2, 3)), ASKED],
        "SILENT",
    ),
    ("order_value", [order(1, **paid(250)), order(2, **paid(50))], "BIG"),
]


def sources(records: list[r.Order | r.Subscription | r.Ticket]) -> list[MemoryConnector]:
    """Sources of a customer, each of which has records of every kind."""
    served: dict[tuple[type[r.Record], KeyKind], dict[str, list[r.Record]]] = {
        (kind, KeyKind.CUSTOMER_ID): {"c1": [own for own in records if isinstance(own, kind)]}
        for kind in (r.Order, r.Subscription, r.Ticket)
    }
    return [MemoryConnector("shop", {(r.Customer, KeyKind.CUSTOMER_ID): {"c1": [r.Customer(id="c1")]}, **served})]


async def tag_of(folder: Path, records: list[r.Order | r.Subscription | r.Ticket], key: str, more: str = "") -> dict[str, Any]:
    path = folder / "tags.yaml"
    path.write_text(f"include: [retail]\n{more}", "utf-8")
    async with gateway_on(sources(records), with_clock=ShopClock(), tags={"file": str(path)}) as gateway:
        tag: dict[str, Any] = (await gateway.data(TAG, {"id": "c1", "key": key}))["customer"]["tag"]
        return tag


@pytest.mark.parametrize(("key", "records", "value"), CASES)
async def test_a_shopper_has_the_value_that_his_records_say(
    tmp_path: Path, key: str, records: list[r.Order | r.Subscription | r.Ticket], value: str | None
):
    """On each side of the borders; nothing is partial, and each other value says what it lacks."""
    tag = await tag_of(tmp_path, records, key)
    assert (tag["value"], tag["partial"]) == (value, False)
    others = {*load_pack(tmp_path / "tags.yaml").tags[key].values} - {value}
    assert {other["value"] for other in tag["whyNot"] if other["words"]} == others


async def test_why_not_names_the_border(tmp_path: Path):
    """A number that means something stands with its name."""
    tag = await tag_of(tmp_path, [order(1), order(2), order(3), order(4, "RETURNED")], "return_behaviour")
    assert {other["value"]: other["words"] for other in tag["whyNot"]} == {
        "OFTEN": "returned_share_365d is 0.25, at least 0.4 (often_returned) is needed",
        "NEVER": "returned_share_365d is 0.25, at most 0.0 is needed",
    }


async def test_a_shop_sets_its_own_border_in_one_line(tmp_path: Path):
    """The numbers of the pack are thresholds of its file, which the including file's own count before."""
    records: list[r.Order | r.Subscription | r.Ticket] = [order(1), order(2), order(3), order(4, "RETURNED")]
    tag = await tag_of(tmp_path, records, "return_behaviour", "thresholds: {often_returned: 0.25}\n")
    assert tag["value"] == "OFTEN"


def test_the_packs_go_together(tmp_path: Path):
    """Who has a shop and subscriptions includes both; no name means two things."""
    path = tmp_path / "tags.yaml"
    path.write_text("include: [retail, saas]\n", "utf-8")
    both, core = load_pack(path), {}
    for name in ("core", "retail", "saas"):
        path.write_text(f"include: [{name}]\n", "utf-8")
        core |= load_pack(path).tags
    assert {*both.tags} == {*core}
    assert {key: tag.fingerprint for key, tag in both.tags.items()} == {key: tag.fingerprint for key, tag in core.items()}
