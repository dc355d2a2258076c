"""Whose value a field of a merged customer is, value by value."""

from typing import Any

import pytest

from connectors import records as r
from connectors.record_fields import Fields, all_fields, narrow
from gateway.identity.records import RecordId
from gateway.lookups.outcome import Found
from gateway.settings import parse_settings
from gateway.stitching.merged_record import FieldRules, merge_records
from gateway.stitching.origins import MemberRecord, is_empty, origins_of
from tests.support import shop

RANK = {"crm": 0, "shop": 1, "desk": 2}
POINT = r.ContactPoint(kind=r.ContactKind.EMAIL, value="a@example.com", primary=True)


def member(source: str, **fields: Any) -> MemberRecord:
    record = r.Customer(id=f"{source}-1", **fields)
    outcome = Found(records=[record], source=source, as_of=shop.at(10), latency_ms=1.0)
    return MemberRecord(RecordId(source, record.id), record, outcome)


def merged(*members: MemberRecord, **rules: Any) -> r.Customer:
    return merge_records(FieldRules(RANK, rules).in_order(members), FieldRules(RANK, rules), "own")  # type: ignore[no-any-return]


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_empty_never_wins(empty: str | None):
    """Whatever the rank."""
    assert merged(member("shop", email="b@example.com"), member("crm", email=empty)).email == "b@example.com"


def test_unknown_is_no_value():
    """An enum that says nothing gives way."""
    assert merged(member("crm"), member("shop", kind=r.CustomerKind.PERSON)).kind is r.CustomerKind.PERSON


def test_names_and_addresses_are_taken_whole():
    """Of one record each, also when another one fills a gap."""
    customer = merged(
        member("crm", family_name="Souza", address=r.Address(city="Berlin")),
        member("shop", name="Ana Souza", given_name="Ana", address=r.Address(line="High Street 1", city="London")),
    )
    assert (customer.name, customer.given_name, customer.family_name) == (None, None, "Souza")
    assert customer.address == r.Address(city="Berlin")


def test_an_address_that_says_nothing_gives_way():
    """All its parts are empty."""
    customer = merged(member("crm", address=r.Address(line=" ")), member("shop", address=r.Address(city="London")))
    assert customer.address == r.Address(city="London")


def test_lists_are_those_of_all_records():
    """Each item once; what is to be used is said by the first record that has any."""
    customer = merged(
        member("crm", contact_points=[POINT], device_ids=["d1"]),
        member(
            "shop",
            contact_points=[
                r.ContactPoint(kind=r.ContactKind.EMAIL, value="A@Example.com"),
                r.ContactPoint(kind=r.ContactKind.PHONE, value="+442079460000", primary=True),
            ],
            device_ids=["d1", "d2"],
            external_ids=[r.ExternalId(source="a", id="1")],
        ),
    )
    assert customer.contact_points == [POINT, r.ContactPoint(kind=r.ContactKind.PHONE, value="+442079460000")]
    assert (customer.device_ids, customer.external_ids) == (["d1", "d2"], [r.ExternalId(source="a", id="1")])


def test_texts_of_a_list_of_ones_own_come_once():
    """As devices do, in the order of the records."""
    shape = {"type": "list", "description": "What they like.", "class": "personal"}
    parse_settings({"fields": {"customer": {"liked_teas": shape}}, "sources": {"crm": {"kind": "sql"}}})
    kind = narrow(r.Customer, Fields.from_paths("id", "liked_teas"))
    records = [("shop", kind(id="2", liked_teas=["mint", "sage"])), ("crm", kind(id="1", liked_teas=["sage", "fir"]))]
    members = [
        MemberRecord(RecordId(source, own.id), own, Found(records=[own], source=source, as_of=shop.at(10), latency_ms=1.0))
        for source, own in records
    ]
    assert merged(*members).liked_teas == ["sage", "fir", "mint"]  # type: ignore[attr-defined]


def test_a_list_of_sources_leaves_the_others_out():
    """A field comes from these alone, the first one that has a value; of a name that means all of it."""
    members = [member("crm", email="a@example.com", name="A"), member("shop", name="B"), member("desk", email="c@example.com")]
    customer = merged(*members, email=["shop", "desk"], name=["shop"], phone=["shop"])
    assert (customer.email, customer.name, customer.phone) == ("c@example.com", "B", None)


@pytest.mark.parametrize(
    ("days", "chosen", "rule"),
    [((1, 5), "shop", "NEWEST"), ((5, 1), "crm", "NEWEST"), ((None, 1), "shop", "NEWEST"), ((None, None), "crm", "PRIORITY")],
)
def test_the_newest_record_counts(days: tuple[int | None, int | None], chosen: str, rule: str):
    """A record that does not say when it changed comes last; where none says it, rank decides, and that is said."""
    members = [
        member(source, email=f"{source}@example.com", updated_at=None if day is None else shop.at(day))
        for source, day in zip(("crm", "shop"), days, strict=True)
    ]
    rules = FieldRules(RANK, {"email": "newest"})
    (origin,) = origins_of(r.Customer, members, Fields.from_paths("email"), rules.choose)
    assert merge_records(members, rules, "own").email == f"{chosen}@example.com"
    assert (origin.source, origin.rule.value) == (chosen, rule)


def test_origins_are_of_selected_fields_with_what_others_say():
    """In JSON, under the names of the schema; the id has none, and neither has what was read for other reasons."""
    address = r.Address(city="London", postal_code="N1")
    members = [member("crm", name="A", phone="1"), member("shop", name="A", address=address, created_at=shop.at(1))]
    origins = origins_of(
        r.Customer, members, Fields.from_paths("id", "name", "address.city", "locale"), FieldRules(RANK, {}).choose
    )
    assert [(own.name, own.source, [(other.source, other.value) for other in own.others]) for own in origins] == [
        ("name", "crm", [("shop", "A")]),
        ("locale", None, []),
        ("address", "shop", []),
    ]
    assert origins[0].as_of == shop.at(10)
    twice = [members[1], member("desk", address=address)]
    (other,) = origins_of(r.Customer, twice, Fields.from_paths("address.postal_code"), FieldRules(RANK, {}).choose)[0].others
    assert other.value == {"postalCode": "N1"}
    pairs = [r.ContactPoint(kind="EMAIL", value="a@example.com"), r.ContactPoint(kind="PHONE", value="1")]
    lists = [member("crm", name="A", contact_points=pairs), member("shop", contact_points=pairs[:1])]
    (listed,) = origins_of(r.Customer, lists, Fields.from_paths("contact_points.kind"), FieldRules(RANK, {}).choose)
    assert (listed.source, [other.value for other in listed.others]) == ("crm", [[{"kind": "EMAIL"}]])


def test_a_record_of_which_only_the_id_is_known_says_nothing():
    """The others do."""
    unknown = MemberRecord(RecordId("crm", "1"), None, member("crm").outcome)
    (origin,) = origins_of(
        r.Customer, [unknown, member("shop", name="B")], Fields.from_paths("name"), FieldRules(RANK, {}).choose
    )
    assert (origin.source, unknown.as_of) == ("shop", None)


def test_narrowed_records_merge_to_a_record_of_their_type():
    """Under the id that is asked for."""
    kind = narrow(r.Customer, Fields.from_paths("id", "email"))
    members = [
        MemberRecord(RecordId(source, "1"), kind(id="1", email=email), member(source).outcome)
        for source, email in (("crm", None), ("shop", "b@example.com"))
    ]
    assert merge_records(members, FieldRules(RANK, {}), "7") == kind(id="7", email="b@example.com")
    assert merge_records(members[:1], FieldRules(RANK, {}), "7") == kind(id="7", email=None)


FULL: dict[str, Any] = {
    "kind": r.CustomerKind.PERSON,
    "name": "Ana Souza",
    "given_name": "Ana",
    "family_name": "Souza",
    "email": "a@example.com",
    "phone": "+442079460000",
    "member_number": "M-1",
    "birth_date": "1985-03-12",
    "locale": "pt-BR",
    "gender": r.Gender.FEMALE,
    "occupation": "Engineer",
    "job_title": "Head of Works",
    "industry": "Steel",
    "education": "MSc",
    "household_size": 4,
    "income_band": "50-75k",
    "life_stage": "young family",
    "preferred_channel": r.Channel.SMS,
    "created_at": shop.at(1),
    "updated_at": shop.at(2),
    "address": r.Address(city="London"),
    "company": r.Company(name="Archer & Co"),
    "acquisition": r.Acquisition(source="google"),
    "contact_points": [POINT],
    "device_ids": ["d1"],
    "external_ids": [r.ExternalId(source="a", id="1")],
    "consents": [r.Consent(channel=r.Channel.EMAIL, state=r.ConsentState.GRANTED)],
    "social_accounts": [r.SocialAccount(platform="instagram", handle="ana")],
    "touches": [r.Touch(channel="paid_search")],
}


def test_every_field_of_a_record_can_be_merged():
    """Where one record has nothing, all is the other one's."""
    assert {"id", *FULL} == {name for name, _ in all_fields(r.Customer)}
    assert merged(member("crm"), member("shop", **FULL)) == r.Customer(id="own", **FULL)
    assert not any(map(is_empty, FULL.values()))
