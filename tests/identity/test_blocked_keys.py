"""Values that stand for nobody link nobody."""

import pytest

from connectors.contract import KeyKind
from gateway.identity.blocked_keys import BlockedKeys, birth_date_of
from gateway.identity.records import Key

USUAL = BlockedKeys()


@pytest.mark.parametrize(
    ("kind", "value", "blocked"),
    [
        (KeyKind.EMAIL, "noreply@shop.example", True),
        (KeyKind.EMAIL, "no-reply+7@shop.example", True),
        (KeyKind.EMAIL, "test@test.com", True),
        (KeyKind.EMAIL, "test@example.com", True),
        (KeyKind.EMAIL, "unknown@unknown.example", True),
        (KeyKind.EMAIL, "test@clarke.example", False),
        (KeyKind.EMAIL, "emma.clarke@example.com", False),
        (KeyKind.EMAIL, "info@clarke.example", False),
        (KeyKind.PHONE, "+490000000", True),
        (KeyKind.PHONE, "+441111111111", True),
        (KeyKind.PHONE, "+491234567890", True),
        (KeyKind.PHONE, "112", True),
        (KeyKind.PHONE, "+441111111111;ext=12", True),
        (KeyKind.PHONE, "+442079460000", False),
        (KeyKind.PHONE, "+442079460000;ext=11111111", False),
        (KeyKind.MEMBER_NUMBER, "000000", True),
        (KeyKind.MEMBER_NUMBER, "N/A", True),
        (KeyKind.MEMBER_NUMBER, "7", False),
        (KeyKind.MEMBER_NUMBER, "M-000001", False),
        (KeyKind.EXTERNAL_ID, "shop:0000", True),
        (KeyKind.EXTERNAL_ID, "shop:null", True),
        (KeyKind.EXTERNAL_ID, "shop:999999", True),
        (KeyKind.EXTERNAL_ID, "shop:42", False),
        (KeyKind.EXTERNAL_ID, "shop:33", False),
        (KeyKind.EXTERNAL_ID, "shop:0", False),
        (KeyKind.DEVICE_ID, "00000000-0000-0000-0000-000000000000", True),
        (KeyKind.DEVICE_ID, "d-1", False),
    ],
)
def test_placeholders_are_blocked(kind: KeyKind, value: str, blocked: bool):
    """What forms are filled with is, what a person may have is not."""
    assert (Key(kind, value) in USUAL) is blocked


def test_addresses_of_offices_are_blocked_by_choice():
    """By default they are keys as others are."""
    address = Key(KeyKind.EMAIL, "info@clarke.example")
    assert (address in USUAL, address in BlockedKeys(roles=True)) == (False, True)
    assert Key(KeyKind.EMAIL, "emma@clarke.example") not in BlockedKeys(roles=True)


def test_an_operator_blocks_values_of_a_kind():
    """They stand for nobody in that kind alone."""
    own = BlockedKeys(values={KeyKind.MEMBER_NUMBER: ["4711"]})
    assert Key(KeyKind.MEMBER_NUMBER, "4711") in own
    assert Key(KeyKind.DEVICE_ID, "4711") not in own


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1985-03-12", "1985-03-12"),
        (" 1985-03-12T00:00:00Z ", "1985-03-12"),
        ("1900-01-01", None),
        ("12.3.1985", "1985-03-12"),
        ("3/12/1985", None),
        ("", None),
        (None, None),
    ],
)
def test_a_day_of_birth_is_read_or_none(text: str | None, day: str | None):
    """In ISO 8601; what forms begin with tells nobody apart."""
    assert birth_date_of(text) == day
