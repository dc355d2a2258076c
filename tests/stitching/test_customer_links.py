"""What makes records of several sources one customer, and what keeps them apart."""

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import ConfigurationError
from gateway.settings import parse_settings
from tests.support.known_people import (
    ANA_CRM,
    LI,
    NUMBER,
    ask_both,
    calls_of,
    knowing,
    order,
    person,
)


async def test_a_key_that_leads_to_two_customers_is_ambiguous():
    """Two people behind one address, whom their days of birth tell apart; each is a candidate."""
    crm = knowing("crm", [person("1", email="family@example.com", birth_date="1980-01-02")])
    own = knowing("shop", [person("2", email="family@example.com", birth_date="1990-03-04")])
    answer = await ask_both('{ customer(by: {email: "family@example.com"}) { id } ', crm, own)
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], error["extensions"]["candidates"]) == ("AMBIGUOUS_IDENTITY", ["crm:1", "shop:2"])


async def test_a_withheld_link_is_told_without_its_key():
    """By its kind and its reason, on the customers of both sides."""
    crm = knowing("crm", [person("1", email="family@example.com", birth_date="1980-01-02")])
    own = knowing("shop", [person("2", email="family@example.com", birth_date="1990-03-04")])
    told = "identity { complete links { by records } withheld { by records reason } }"
    query = f'{{ customers(ids: ["crm:1", "shop:2"]) {{ id {told} }} '
    customers = (await ask_both(query, crm, own))["data"]["customers"]
    withheld = [{"by": "EMAIL", "records": ["crm:1", "shop:2"], "reason": "BIRTH_DATE"}]
    assert customers == [
        {"id": id_, "identity": {"complete": True, "links": [], "withheld": withheld}} for id_ in ("crm:1", "shop:2")
    ]


async def test_a_key_that_several_records_of_a_source_have_links_nobody():
    """Nor is it a reason to take the first of them: who asks by it hears of all."""
    crm = knowing("crm", [person("1", phone=NUMBER), person("2", phone=NUMBER)])
    own = knowing("shop", [person("3", phone=NUMBER)])
    query = '{ customer(by: {id: "shop:3"}) { identity { complete records withheld { by records reason } } } '
    assert (await ask_both(query, crm, own))["data"]["customer"]["identity"] == {
        "complete": True,
        "records": ["shop:3"],
        "withheld": [{"by": "PHONE", "records": ["shop:3"], "reason": "SHARED_KEY"}],
    }
    (error,) = (await ask_both(f'{{ customer(by: {{phone: "{NUMBER}"}}) {{ id }} ', crm, own))["errors"]
    assert error["extensions"]["candidates"] == ["crm:1", "crm:2", "shop:3"]


async def test_placeholders_link_nobody():
    """Those of everywhere, and those of the settings; they can still be asked for."""
    people = [
        person("1", email="noreply@shop.example", member_number="000000"),
        person("2", email="desk@clarke.example"),
        person("3", email="info@clarke.example"),
    ]
    sources = [knowing(name, people) for name in ("crm", "shop")]
    identity = {"blocked": {"email": ["Desk@Clarke.example"]}, "block_role_addresses": True}
    query = '{ customers(ids: ["crm:1", "crm:2", "crm:3"]) { identity { records } } '
    answer = await ask_both(query, *sources, identity=identity)
    assert answer["data"]["customers"] == [{"identity": {"records": [f"crm:{n}"]}} for n in (1, 2, 3)]


async def test_a_kind_of_key_that_is_not_trusted_links_nobody():
    """And its source is not asked by it, while others can be."""
    crm, own = knowing("crm", [ANA_CRM]), knowing("shop", [person("42", phone=NUMBER)])
    query = '{ customer(by: {id: "crm:7"}) { identity { records } } '
    linked = await ask_both(query, crm, own)
    assert linked["data"]["customer"]["identity"]["records"] == ["crm:7", "shop:42"]
    own.calls.clear()
    apart = await ask_both(query, crm, own, identity={"trusts": {"shop": ["email", "external_id"]}})
    assert apart["data"]["customer"]["identity"]["records"] == ["crm:7"]
    assert {kind for call in calls_of(own) for kind, _ in call} == {"email", "external_id"}


async def test_ids_that_are_stated_one_way_are_said_to_be():
    """From the record that states the id both are reached; from the other one it is said that there may be more."""
    crm = knowing("crm", [person("7", name="Ana")], [KeyKind.CUSTOMER_ID])
    lead = knowing("leads", [person("l1", ids=["crm:7"])], [KeyKind.CUSTOMER_ID])
    query = '{ customers(ids: ["leads:l1", "crm:7"]) { id identity { complete reason records } } '
    answer = await ask_both(query, crm, lead, identity={"trusts": {"leads": ["external_id"]}})
    assert answer["data"]["customers"] == [
        {"id": "crm:7", "identity": {"complete": True, "reason": None, "records": ["crm:7", "leads:l1"]}},
        {"id": "crm:7", "identity": {"complete": False, "reason": "ONE_WAY_KEYS", "records": ["crm:7"]}},
    ]


@pytest.mark.parametrize(
    ("turns", "reached", "complete"), [(0, 1, False), (1, 2, False), (2, 3, False), (3, 4, False), (4, 4, True)]
)
async def test_a_chain_is_followed_for_so_many_turns(turns: int, reached: int, complete: bool):
    """What was reached by then is the customer, and it is said that there may be more."""
    names = "abcd"
    sources = [
        knowing(name, [person("1", email=f"{n}@example.com", emails=[f"{n + 1}@example.com"])])
        for n, name in enumerate(names, 1)
    ]
    query = '{ customer(by: {id: "a:1"}) { identity { complete reason records } } '
    answer = await ask_both(query, *sources, identity={"max_turns": turns})
    assert answer["data"]["customer"]["identity"] == {
        "complete": complete,
        "reason": None if complete else "OUT_OF_TURNS",
        "records": [f"{name}:1" for name in names[:reached]],
    }


async def test_settings_that_name_no_source_are_refused():
    """In the order of priority, in the rule of a field, in what links, and whose ids a source uses."""
    for words in (
        {"customer": {"priority": ["crn"]}},
        {"customer": {"fields": {"name": ["crn"]}}},
        {"identity": {"trusts": {"crn": ["email"]}}},
        {"sources": {"crm": {"kind": "memory", "customer_ids_of": "crn"}}},
    ):
        with pytest.raises(ConfigurationError, match="there is no source crn"):
            parse_settings({"sources": {"crm": {"kind": "memory"}}} | words)
    for fields in ({"id": ["crm"]}, {"nmae": "newest"}, {"name": "oldest"}, {"name": []}):
        with pytest.raises(ConfigurationError, match=r"customer\.fields"):
            parse_settings({"sources": {"crm": {"kind": "memory"}}, "customer": {"fields": fields}})


async def test_an_id_that_nobody_has_is_null_although_others_state_it():
    """It was deleted at its source."""
    crm, own = knowing("crm", [LI]), knowing("shop", [person("42", ids=["crm:7"])])
    query = '{ customer(by: {id: "crm:7"}) { id } customers(ids: ["shop:42"]) { id identity { complete records } } '
    assert (await ask_both(query, crm, own))["data"] == {
        "customer": None,
        "customers": [{"id": "shop:42", "identity": {"complete": True, "records": ["shop:42"]}}],
    }


async def test_a_record_with_too_many_keys_links_nobody():
    """Nor are others asked for by them, which it says."""
    emails = [f"ana{n}@example.com" for n in range(6)]
    crm, own = knowing("crm", [person("7", emails=emails)]), knowing("shop", [person("42", email=emails[0])])
    query = '{ customers(ids: ["crm:7", "shop:42"]) { id identity { complete withheld { reason records } } } '
    customers = (await ask_both(query, crm, own))["data"]["customers"]
    withheld = [{"reason": "KEYS_PER_KIND", "records": ["crm:7", "shop:42"]}]
    assert customers == [
        {"id": "crm:7", "identity": {"complete": True, "withheld": [{"reason": "KEYS_PER_KIND", "records": ["crm:7"]}]}},
        {"id": "shop:42", "identity": {"complete": True, "withheld": withheld}},
    ]
    own.calls.clear()
    await ask_both('{ customer(by: {id: "crm:7"}) { identity { complete } } ', crm, own)
    assert {kind for call in calls_of(own) for kind, _ in call} == {"external_id"}


async def test_two_records_of_a_source_are_one_customer_by_choice():
    """With the orders by both ids, each once."""
    twice = [person("1", email="ana@example.com", name="Ana"), person("2", email="ana@example.com")]
    orders = {"1": [order("a"), order("b")], "2": [order("b"), order("c")]}
    crm = knowing("crm", twice, also={(r.Order, KeyKind.CUSTOMER_ID): orders})
    own = knowing("shop", [person("42", email="ana@example.com", locale="pt-BR")])
    query = """{ customer(by: {id: "crm:2"}) { id name locale identity { complete records } orders { nodes { id } }
        orderStatistics { count } } """
    answer = await ask_both(query, crm, own, identity={"records_per_source": 2, "max_sharers": 2})
    assert answer["data"]["customer"] == {
        "id": "crm:1",
        "name": "Ana",
        "locale": "pt-BR",
        "identity": {"complete": True, "records": ["crm:1", "crm:2", "shop:42"]},
        "orders": {"nodes": [{"id": "crm:o-c"}, {"id": "crm:o-b"}, {"id": "crm:o-a"}]},
        "orderStatistics": {"count": 3},
    }


async def test_an_id_in_another_spelling_finds_the_customer():
    """A source that takes several spellings for one id has found the record, under its own id."""
    crm = knowing("crm", [person("c1", name="Ann", email="a@example.com")])
    own = knowing("shop", [person("s1", email="a@example.com")])
    by_id = crm.records[r.Customer, KeyKind.CUSTOMER_ID]
    by_id["C1"] = by_id["c1"]
    answer = await ask_both('{ customer(by: {id: "crm:C1"}) { id name records { source } } ', crm, own)
    assert answer["data"]["customer"] == {"id": "crm:c1", "name": "Ann", "records": [{"source": "crm"}, {"source": "shop"}]}


@pytest.mark.parametrize("asked", ["crm:1", "shop:2"])
async def test_a_record_has_the_member_number_that_it_states(asked: str):
    """Whatever spelling of it a source finds the record by: by each id the answer is the same."""
    crm, own = knowing("crm", [person("1", member_number="AB1")]), knowing("shop", [person("2", member_number="ab1")])
    by_number = own.records[r.Customer, KeyKind.MEMBER_NUMBER]
    by_number["AB1"] = by_number["ab1"]
    answer = await ask_both(f'{{ customer(by: {{id: "{asked}"}}) {{ identity {{ complete records }} }} ', crm, own)
    assert answer["data"]["customer"]["identity"] == {"complete": True, "records": [asked]}
