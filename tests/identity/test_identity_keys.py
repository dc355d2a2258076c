"""Keys: their normal form, and where a customer record holds them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors import records as r
from connectors.contract import KeyKind
from gateway.errors import InvalidKeyError
from gateway.identity.keys import asked_keys, keys_of, normalised, spellings
from tests.support.shop import ANA, LI


@pytest.mark.parametrize(
    ("kind", "written", "normal"),
    [
        (KeyKind.EMAIL, "  Ana@Example.COM ", "ana@example.com"),
        (KeyKind.EMAIL, "jos\u00e9@exa\u006dple.com", "jos\u00e9@example.com"),
        (KeyKind.PHONE, "+55 (11) 91234-5678", "+5511912345678"),
        (KeyKind.PHONE, "+44 20 7946 0000", "+442079460000"),
        (KeyKind.CUSTOMER_ID, " c1 ", "c1"),
        (KeyKind.MEMBER_NUMBER, "M-1", "M-1"),
        (KeyKind.MEMBER_NUMBER, "01", "01"),
        (KeyKind.CUSTOMER_ID, "01 ", "01"),
        (KeyKind.EXTERNAL_ID, " shop : 07 ", "shop:07"),
        (KeyKind.EXTERNAL_ID, "gid: a://b:7", "gid:a://b:7"),
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


PHONES = {
    "Mexico": ["+52 1 55 1234 5678", "+5215512345678", "+52 55 1234 5678", "+52 044 55 1234 5678", "0052 55 1234 5678"],
    "Argentina": ["+54 9 11 2345-6789", "+5491123456789", "+54 11 2345 6789", "+54 11 15 2345 6789"],
    "Brazil": ["+55 11 8765-4321", "+551187654321", "+55 (11) 98765-4321", "+55 011 98765 4321"],
    "Benin": ["+229 97 12 34 56", "+229 01 97 12 34 56"],
    "extension": ["+1 650-253-0000 ext. 012", "+1 (650) 253-0000 x012", "+16502530000;ext=012", "tel:+1-650-253-0000;ext=012"],
    "Mexico with an extension": ["+52 1 55 1234 5678 #9", "+52 55 1234 5678 x9"],
    "too short": ["+44 20 7946 00", "+4420794600", "00442079 4600"],
    "too long": ["+44 20 7946 0000 123", "+44207946\uff10000123"],
    "no country": ["+999 123 456 78", "+99912345678"],
}
EMAILS = {
    "local": ["info@company.local", " Info@Company.LOCAL\u00a0"],
    "test": ["user@shop.test"],
    "host": ["user@localhost", "USER@localhost "],
    "example": ["user@mail.example", "User@Mail.example\t"],
    "dots": ["a..b@docomo.example", "A..B@docomo.example"],
    "dot at the end": ["a.@docomo.example"],
    "umlaut": [
        "user@xn--bcher-kva.example",
        "user@b\u00fccher.example",
        "user@B\u00dcCHER.example",
        "user@bu\u0308cher.example",
    ],
    "capital punycode": ["user@XN--BCHER-KVA.example", "user@b\u00fccher.example"],
    "below a host name": ["a@my_shop.b\u00fccher.example", "a@my_shop.xn--bcher-kva.example"],
    "sign": ["user@\u2603.example", "user@xn--n3h.example"],
    "all labels": ["a@\u4e2d\u6587.\u4e2d\u56fd", "a@xn--fiq228c.xn--fiqs8s", "a@xn--fiq228c\u3002\u4e2d\u56fd"],
    "sharp s": ["a@stra\u00dfe.example", "a@xn--strae-oqa.example"],
    "no punycode": ["a@xn--a.example", "A@XN--A.example"],
    "quoted": ['"a b"@mail.example'],
}
FORMS = [(KeyKind.PHONE, own) for own in PHONES.values()] + [(KeyKind.EMAIL, own) for own in EMAILS.values()]


@pytest.mark.cases
@pytest.mark.parametrize(("kind", "written"), FORMS, ids=[*PHONES, *EMAILS])
def test_all_forms_of_a_key_are_one_key(kind: KeyKind, written: list[str]):
    """As callers give them, and as records hold them; each is asked for in the same spellings."""
    (key,) = {normalised(kind, one) for one in written}
    assert spellings(kind, key)[0] == key
    for one in written:
        point = r.ContactPoint(kind=r.ContactKind(kind.name), value=one)
        for customer in (r.Customer(id="c1", **{kind.value: one}), r.Customer(id="c1", contact_points=[point])):
            assert keys_of(customer, kind) == [key]
            assert asked_keys(customer, kind) == [*spellings(kind, key)]


@pytest.mark.cases
@pytest.mark.parametrize(
    ("kind", "key", "spelled"),
    [
        (KeyKind.PHONE, "+5215512345678", ["+525512345678", "+5215512345678"]),
        (KeyKind.PHONE, "+5491123456789", ["+541123456789", "+5491123456789"]),
        (KeyKind.PHONE, "+551187654321", ["+5511987654321", "+551187654321"]),
        (KeyKind.PHONE, "+551132345678", ["+551132345678"]),
        (KeyKind.PHONE, "+1 650-253-0000 x12", ["+16502530000;ext=12"]),
        (KeyKind.PHONE, "+52 1 55 1234 5678 x9", ["+525512345678;ext=9", "+5215512345678;ext=9"]),
        (KeyKind.PHONE, "+5511912345678", ["+5511912345678"]),
        (KeyKind.PHONE, "+22997123456", ["+2290197123456", "+22997123456"]),
        (KeyKind.PHONE, "+4420794600", ["+4420794600"]),
        (KeyKind.EMAIL, "user@xn--bcher-kva.example", ["user@b\u00fccher.example", "user@xn--bcher-kva.example"]),
        (KeyKind.EMAIL, "ana@example.com", ["ana@example.com"]),
        (KeyKind.DEVICE_ID, "xn--D1", ["xn--D1"]),
    ],
)
def test_a_key_is_asked_for_as_sources_may_have_it(kind: KeyKind, key: str, spelled: list[str]):
    """The normal form first."""
    assert [*spellings(kind, normalised(kind, key))] == spelled


@pytest.mark.cases
@pytest.mark.parametrize("written", ["020 7946 0000", "12", "+12", "ext. 12", "+", "+ 44 call me"])
def test_a_number_without_its_country_is_no_key(written: str):
    """Nor is what has no number in it; in a record it stays as it is."""
    with pytest.raises(InvalidKeyError):
        normalised(KeyKind.PHONE, written)
    assert keys_of(r.Customer(id="c1", phone=f" {written} "), KeyKind.PHONE) == [written]


NUMBERS = st.builds(
    "+{}{}".format,
    st.sampled_from(["52", "521", "54", "549", "55", "5511", "229", "44", "39", "1", "999"]),
    st.from_regex(r"[0-9]{2,12}", fullmatch=True),
)
LABELS = st.from_regex(r"[a-z\u00e4\u00f6\u00fc\u00df\u4e2d\u2603]([a-z0-9\u00e9_-]{0,6}[a-z0-9])?", fullmatch=True)
ADDRESSES = st.builds("{}@{}.{}".format, st.from_regex(r"[A-Za-z0-9._%+-]{1,10}", fullmatch=True), LABELS, LABELS)
KEYS = st.one_of(
    st.tuples(st.just(KeyKind.PHONE), NUMBERS),
    st.tuples(st.just(KeyKind.EMAIL), ADDRESSES),
    st.tuples(st.sampled_from(list(KeyKind)), st.text(max_size=40)),
)


@pytest.mark.cases
@given(KEYS, st.sampled_from([None, "BR", "MX", "AR", "GB"]))
@example((KeyKind.PHONE, "+54000000000000"), None)
def test_what_a_source_has_can_be_asked_for(drawn: tuple[KeyKind, str], region: str | None):
    """Each spelling of a key means that key, so a source that has one of them is found by all."""
    kind, text = drawn
    try:
        key = normalised(kind, text, region)
    except InvalidKeyError:
        return
    assert [normalised(kind, one, region) for one in spellings(kind, key)] == [key] * len(spellings(kind, key))


@pytest.mark.cases
@given(st.one_of(NUMBERS, ADDRESSES), st.sampled_from(["", " ", "\u00a0"]))
def test_a_key_that_looks_like_one_is_never_refused(text: str, after: str):
    """Whatever its length, its labels, its dots: a source may have it."""
    kind = KeyKind.EMAIL if "@" in text else KeyKind.PHONE
    assert normalised(kind, text + after) == normalised(kind, text)


@pytest.mark.cases
@given(ADDRESSES)
def test_addresses_meet_in_any_letters(text: str):
    """Both spellings of a domain and any case; a record's own letters are asked for where a source compares them."""
    key = normalised(KeyKind.EMAIL, text)
    assert normalised(KeyKind.EMAIL, text.swapcase()) == key or "\u00df" in text
    asked = asked_keys(r.Customer(id="c1", email=text), KeyKind.EMAIL, as_written=True)
    assert asked == [*dict.fromkeys([*spellings(KeyKind.EMAIL, key), text])]


@given(st.sampled_from([KeyKind.EMAIL, KeyKind.PHONE, KeyKind.CUSTOMER_ID, KeyKind.EXTERNAL_ID]), st.text(max_size=40))
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
