"""What records say of people is marked in one place, and hidden by these marks."""

import re
from collections.abc import Iterator

import msgspec
import phonenumbers
import pytest

from connectors.contract import RECORD_KEYS, Ask, Condition, KeyKind, Measure, MeasureOp, Position
from connectors.record_fields import Fields, fields_of, leaf_field
from connectors.records import RECORD_NAMES, Customer, Event, Order, Personal, Ticket
from gateway.identity.keys import keys_of, normalised
from gateway.replay.pseudonymisation import either_way, hidden, hidden_ask, hidden_key, hidden_value
from gateway.replay.pseudonyms import Pseudonyms, plain
from tests.support.paths import ROOT
from tests.support.shop import ANA

HIDE = Pseudonyms(b"salt").hide

NOT_PERSONAL = {
    "customer": {
        "locale", "industry", "income_band", "life_stage", "address.region", "address.country", "company.industry",
        "company.role_name", "acquisition.source", "acquisition.medium", "acquisition.campaign", "external_ids.source",
        "consents.purpose", "consents.source", "social_accounts.platform", "touches.channel",
        "touches.source", "touches.medium", "touches.campaign",
    },
    "account": {"industry"},
    "order": {
        "id", "number", "external_ids.source", "external_ids.id", "channel", "total.currency",
        "refunded.currency", "discount.currency", "shipping.currency",
        "tax.currency", "items.sku", "items.product_id", "items.name", "items.brand", "items.category",
        "items.unit_price.currency", "items.discount.currency", "items.total.currency", "payments.amount.currency",
    },
    "ticket": {"id", "number", "order_id", "tags"},
    "event": {"id", "type", "feature"},
    "deal": {"id", "pipeline", "stage_name", "segment", "amount.currency"},
    "subscription": {"id", "plan", "amount.currency"},
    "survey": {"id", "order_id", "ticket_id"},
}  # fmt: skip
"""Texts of records that say nothing of a person."""


OWNER = ("customer_id", "customer_email")
"""Whose a record is, in records of all types."""


def texts(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[str]:
    """The paths of texts and of free JSON."""
    for shape in fields_of(struct).values():
        if shape.struct is not None:
            yield from texts(shape.struct, f"{prefix}{shape.name}.")
        elif shape.leaf in (str, dict):
            yield prefix + shape.name


@pytest.mark.parametrize("record", RECORD_NAMES, ids=RECORD_NAMES.get)
def test_each_text_is_marked_or_known_to_be_harmless(record):
    """A new field with a text needs a mark, or its name here."""
    unmarked = {path for path in texts(record) if leaf_field(record, path).personal is None}
    assert unmarked == NOT_PERSONAL[RECORD_NAMES[record]]


def test_each_mark_is_used():
    """The vocabulary has no word that no field needs."""
    used = {leaf_field(record, path).personal for record in RECORD_NAMES for path in texts(record)}
    assert used - {None} == set(Personal)


def test_the_classes_are_in_their_table():
    """docs/replay.md says which fields are of which class."""
    page = (ROOT / "docs" / "replay.md").read_text("utf-8")
    section = page.split("### Classes of personal data\n")[1].split("\n#")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", section, re.MULTILINE)
    documented = {(name, field) for name, fields in rows for field in re.findall(r"`([\w.*]+)`", fields)}
    marks = {
        f"{'*' if path in OWNER else name}.{path}": leaf_field(record, path).personal
        for record, name in RECORD_NAMES.items()
        for path in texts(record)
    }
    assert documented == {(personal.value, field) for field, personal in marks.items() if personal is not None}


def test_a_mark_changes_nothing_about_the_type():
    """What reads shapes sees the type as it would be without its mark."""
    assert leaf_field(Customer, "name").type == str | None
    assert leaf_field(Customer, "device_ids").type == list[str]


@pytest.mark.parametrize(
    ("personal", "value", "pseudonym"),
    [
        (Personal.NAME, "Ana Souza", "Moz Miniv"),
        (Personal.EMAIL, "ana@example.com", "p-c3a0e2639d9bdce9@example.com"),
        (Personal.PHONE, "+5511912345678", "+17922332951"),
        (Personal.ADDRESS, "12 High Street", "39 Damk Fexgho"),
        (Personal.IDENTIFIER, "c1", "p-fd11984dc4ddbe8a"),
        (Personal.TEXT, "Where is my parcel?", "Fih mokevup rivi vir"),
    ],
)
def test_a_pseudonym_stays_the_same(personal, value, pseudonym):
    """For the same salt and value, also in the next version."""
    assert HIDE(personal, value) == pseudonym


@pytest.mark.parametrize("personal", Personal)
@pytest.mark.parametrize("value", [None, ""])
def test_what_is_empty_stays(personal, value):
    """That there is nothing is not hidden."""
    assert HIDE(personal, value) == value


def test_another_salt_gives_other_pseudonyms():
    """So two recordings cannot be laid side by side."""
    other = Pseudonyms(b"pepper").hide
    for personal, value in [(Personal.NAME, "Ana"), (Personal.EMAIL, "a@b.org"), (Personal.PHONE, "+5511912345678")]:
        assert HIDE(personal, value) != other(personal, value)


def test_an_email_address_stays_one_in_any_case_of_letters():
    """It is one that nobody has, in its normal form."""
    found = HIDE(Personal.EMAIL, "Ana.Souza@Example.com")
    assert found == HIDE(Personal.EMAIL, "ana.souza@example.com")
    assert found == HIDE(Personal.CONTACT, "ana.souza@example.com")
    assert normalised(KeyKind.EMAIL, found) == found
    assert found.endswith("@example.com")


def test_a_phone_number_stays_one_that_nobody_has():
    """In E.164, of an area that North America's plan keeps free, however it was written."""
    numbers = {HIDE(Personal.PHONE, f"+4420794{number:05}") for number in range(2_000)}
    assert len(numbers) == 2_000
    for number in numbers:
        assert normalised(KeyKind.PHONE, number) == number
        assert number[3] == "9"
        assert number[2] in "23456789"
        assert not phonenumbers.is_valid_number(phonenumbers.parse(number))
    assert HIDE(Personal.PHONE, "+44 20 7946 0000") == HIDE(Personal.CONTACT, "+442079460000")


@pytest.mark.cases
@pytest.mark.parametrize(
    ("personal", "kind", "written"),
    [
        (Personal.IDENTIFIER, KeyKind.MEMBER_NUMBER, " L-1 "),
        (Personal.IDENTIFIER, KeyKind.CUSTOMER_ID, "c-1\n"),
        (Personal.EMAIL, KeyKind.EMAIL, " Ann@xn--mnchen-3ya.example"),
        (Personal.CONTACT, KeyKind.EMAIL, "ANN@München.example "),
        (Personal.PHONE, KeyKind.PHONE, "030 901820"),
        (Personal.PHONE, KeyKind.PHONE, "0049 (30) 90 18 20"),
        (Personal.CONTACT, KeyKind.PHONE, "+52 1 55 1234 5678"),
        (Personal.PHONE, KeyKind.PHONE, "no number 7"),
    ],
)
def test_a_value_has_the_pseudonym_of_its_key(personal, kind, written):
    """So that what a record holds finds in a replay what it found while recording."""
    hide = Pseudonyms(b"salt", "DE").hide
    customer = Customer(id=written, member_number=written, email=written, phone=written)
    (key,) = keys_of(customer, kind, "DE")
    assert hide(personal, written) == hide(personal, key)


def test_a_contact_of_another_form_is_an_identifier():
    """Such as a name in a messenger."""
    assert HIDE(Personal.CONTACT, "anasouza") == HIDE(Personal.IDENTIFIER, "anasouza")


def test_a_full_name_has_the_pseudonyms_of_its_parts():
    """Word for word, with the letters' case and the length of each word."""
    given, family = HIDE(Personal.NAME, "Ana"), HIDE(Personal.NAME, "Souza")
    assert HIDE(Personal.NAME, "Ana Souza") == f"{given} {family}"
    assert (len(given), len(family)) == (3, 5)
    assert HIDE(Personal.NAME, "ana") == given.lower()
    assert len(HIDE(Personal.NAME, "李娜")) == 2
    assert "李" not in HIDE(Personal.NAME, "李娜")


def test_an_address_keeps_its_form():
    """Letters for letters, digits for digits."""
    found = HIDE(Personal.ADDRESS, "SW1A 2AA")
    assert [(sign.isalpha(), sign.isdigit(), sign.isupper()) for sign in found] == [
        (sign.isalpha(), sign.isdigit(), sign.isupper()) for sign in "SW1A 2AA"
    ]
    assert found != "SW1A 2AA"


def test_a_text_keeps_about_its_length_and_no_word():
    """The lengths of its words are not those of the words that were there."""
    text = "My parcel for ana@example.com arrived damaged, call +5511912345678"
    found = HIDE(Personal.TEXT, text)
    assert abs(len(found) - len(text)) <= 5
    assert not set(text.lower().split()) & set(found.lower().split())
    assert len(HIDE(Personal.TEXT, "No")) == 2


def test_a_link_keeps_its_path_and_loses_what_may_be_about_somebody():
    """Parameters go; steps with digits or an address in them have other letters and digits."""
    assert HIDE(Personal.LINK, "/checkout/payment?email=ana@example.com#top") == "/checkout/payment"
    before, account, hidden_step, after = HIDE(Personal.LINK, "/account/ana7@x.org/orders").split("/")
    assert (before, account, after) == ("", "account", "orders")
    assert hidden_step != "ana7@x.org"
    assert len(hidden_step) == len("ana7@x.org")


def test_free_json_keeps_its_form():
    """Texts in it are hidden at any depth, long numbers are 0, the rest stays."""
    value = {"a": ["Ana", 5, 5511912345678, True, None, 2.5], "b": {"c": "Ana"}}
    found = HIDE(Personal.FREE, value)
    text = HIDE(Personal.TEXT, "Ana")
    assert found == {"a": [text, 5, 0, True, None, 2.5], "b": {"c": text}}
    assert text != "Ana"


def test_a_hidden_customer_is_found_by_the_hidden_keys():
    """Each key that stitching reads from the hidden record is the pseudonym of the key that it reads from the record."""
    raw = msgspec.to_builtins(ANA) | {"memberNumber": "M-1", "externalIds": [{"source": "shop", "id": "77"}]}
    raw |= {"company": {"account": "A-1"}}
    record, shown = (msgspec.convert(one, Customer) for one in (raw, hidden(Customer, raw, HIDE)))
    for kind in KeyKind:
        keys = keys_of(record, kind)
        assert keys_of(shown, kind) == [hidden_key(kind, key, HIDE) for key in keys]
        assert not set(keys_of(shown, kind)) & set(keys)
        assert keys or kind is KeyKind.TEXT or kind in RECORD_KEYS
    assert keys_of(shown, KeyKind.EXTERNAL_ID)[0].startswith("shop:p-")


def test_nothing_of_a_hidden_record_is_left():
    """No word of the customer's name, addresses, numbers or ids stands in it."""
    text = msgspec.json.encode(hidden(Customer, msgspec.to_builtins(ANA), HIDE)).decode()
    for word in ("Ana", "Souza", "ana@", "ana.work", "5511912345678", '"c1"', '"d1"', '"l1"'):
        assert word not in text
    for word in ('"PERSON"', '"google"', "2026-06-01T12:00:00Z"):
        assert word in text


def test_conditions_positions_and_values_are_hidden_with_their_fields():
    """What an ask names of a person is as personal as the record."""
    name = HIDE(Personal.NAME, "Ana")
    ask = Ask(fields=Fields.from_paths("id"), where=(Condition("name", ("Ana",)), Condition("kind", ("PERSON",))))
    assert hidden_ask(Customer, ask, HIDE).where == (Condition("name", (name,)), Condition("kind", ("PERSON",)))
    assert either_way(Customer, ask, HIDE).where[0].values == ("Ana", name)
    after = Ask(fields=Fields.from_paths("id"), after=Position(None, "c1"))
    assert hidden_ask(Customer, after, HIDE).after == Position(None, HIDE(Personal.IDENTIFIER, "c1"))
    assert hidden_ask(Order, after, HIDE).after == Position(None, "c1")
    latest = Measure(op=MeasureOp.LATEST, field="subject")
    assert hidden_value(Ticket, latest, "Ana called", HIDE) == HIDE(Personal.TEXT, "Ana called")
    assert hidden_value(Event, Measure(op=MeasureOp.COUNT, field="page"), 3, HIDE) == 3


def test_plain_hides_nothing():
    """For data that were made up."""
    raw = msgspec.to_builtins(ANA)
    assert hidden(Customer, raw, plain) == raw
    assert hidden_key(KeyKind.EXTERNAL_ID, "shop:77", plain) == "shop:77"
