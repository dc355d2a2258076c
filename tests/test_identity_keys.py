"""Keys: their normal form, and where a customer record holds them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import records as r
from connectors.contract import KeyKind
from gateway.errors import InvalidKeyError
from gateway.identity.keys import KEY_FIELDS, MULTIPLE, keys_of, normalised
from tests.shop import ANA, LI


@pytest.mark.parametrize(
    ("kind", "written", "normal"),
    [
        (KeyKind.EMAIL, "  Ana@Example.COM ", "ana@example.com"),
        (KeyKind.EMAIL, "jos\u00e9@exa\u006dple.com", "jos\u00e9@example.com"),
        (KeyKind.PHONE, "+55 (11) 91234-5678", "+5511912345678"),
        (KeyKind.PHONE, "+44 20 7946 0000", "+442079460000"),
        (KeyKind.CUSTOMER_ID, " c1 ", "c1"),
        (KeyKind.MEMBER_NUMBER, "M-1", "M-1"),
    ],
)
def test_a_key_has_one_form(kind: KeyKind, written: str, normal: str):
    """What people write differs; what is compared does not."""
    assert normalised(kind, written) == normal


def test_a_region_reads_national_numbers():
    """Without a region a national number is refused, with one it is read."""
    with pytest.raises(InvalidKeyError, match="country code"):
        normalised(KeyKind.PHONE, "020 7946 0000")
    assert normalised(KeyKind.PHONE, "020 7946 0000", "GB") == "+442079460000"


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (KeyKind.EMAIL, "ana"),
        (KeyKind.EMAIL, "ana@"),
        (KeyKind.EMAIL, "a b@example.com"),
        (KeyKind.PHONE, "12"),
        (KeyKind.PHONE, "+1 2"),
        (KeyKind.CUSTOMER_ID, "   "),
        (KeyKind.DEVICE_ID, "x" * 321),
    ],
)
def test_what_cannot_be_a_key_is_refused_without_being_repeated(kind: KeyKind, written: str):
    """The message says how to write one; the key itself is personal and stays out of it."""
    with pytest.raises(InvalidKeyError) as caught:
        normalised(kind, written)
    assert not written.strip() or written.strip() not in str(caught.value)


@given(st.sampled_from([KeyKind.EMAIL, KeyKind.PHONE, KeyKind.CUSTOMER_ID]), st.text(max_size=40))
def test_a_normal_form_is_its_own_normal_form(kind: KeyKind, text: str):
    """Any text is either refused with our error or has a form that stays as it is."""
    try:
        once = normalised(kind, text, "BR")
    except InvalidKeyError:
        return
    assert normalised(kind, once, "BR") == once


def test_keys_of_a_customer_by_kind():
    """The primary one first, none twice; kinds that the customer has nothing of are empty."""
    assert keys_of(ANA, KeyKind.CUSTOMER_ID) == ["c1"]
    assert keys_of(ANA, KeyKind.EMAIL) == ["ana@example.com", "ana.work@example.org"]
    assert keys_of(ANA, KeyKind.PHONE) == ["+5511912345678"]
    assert keys_of(ANA, KeyKind.DEVICE_ID) == ["d1", "d2"]
    assert keys_of(LI, KeyKind.MEMBER_NUMBER) == []
    assert keys_of(LI, KeyKind.DEVICE_ID) == []
    linked = r.Customer(id="c3", external_ids=[r.ExternalId(source="shop", id="7")])
    assert keys_of(linked, KeyKind.EXTERNAL_ID) == ["shop:7"]


def test_every_kind_says_where_its_keys_are():
    """A kind that is added and forgotten here is found."""
    assert set(KEY_FIELDS) == set(KeyKind) - {KeyKind.TEXT}
    assert set(KEY_FIELDS) >= MULTIPLE


@pytest.mark.cases
@pytest.mark.parametrize(
    ("kind", "written", "region", "key"),
    [
        (KeyKind.EMAIL, " Ana@Example.COM ", None, "ana@example.com"),
        (KeyKind.EMAIL, "ana@xn--mnchen-3ya.de", None, "ana@münchen.de"),
        (KeyKind.EMAIL, "ana@MÜNCHEN.de", None, "ana@münchen.de"),
        (KeyKind.EMAIL, "not an address", None, "not an address"),
        (KeyKind.PHONE, "+44 20 7946 0000", None, "+442079460000"),
        (KeyKind.PHONE, "020 7946 0000", "GB", "+442079460000"),
        (KeyKind.PHONE, " ext. 12 ", None, "ext. 12"),
    ],
)
def test_keys_that_a_source_wrote_have_the_form_of_those_that_callers_give(kind, written, region, key):
    """So that a webhook, a caller and a record mean the same; what has no normal form stays as it is written."""
    contact = r.ContactPoint(kind=r.ContactKind(kind.name), value=written)
    assert keys_of(r.Customer(id="c1", contact_points=[contact]), kind, region) == [key]


@pytest.mark.cases
def test_a_customer_has_at_most_fifty_keys_of_a_kind():
    """The first ones, however many the record has."""
    points = [r.ContactPoint(kind=r.ContactKind.EMAIL, value=f"e{number}@example.com") for number in range(3_000)]
    devices = [f"d{number}" for number in range(3_000)]
    customer = r.Customer(id="c1", contact_points=points, device_ids=devices)
    assert keys_of(customer, KeyKind.EMAIL) == [point.value for point in points[:50]]
    assert keys_of(customer, KeyKind.DEVICE_ID) == devices[:50]
