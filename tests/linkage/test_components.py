"""The customers among all listed records are those that a union-find finds, and that requests find."""

from collections import Counter

import msgspec
import pytest

from connectors.contract import KeyKind
from gateway.identity.decisions import Decisions, LogRule
from gateway.identity.records import RecordId
from gateway.linkage import components
from gateway.linkage.customer_records import CustomerRecords
from gateway.linkage.linkage_table import LinkageTable
from tests.support.known_people import knowing, person
from tests.support.population import TRUSTS, Id, Population
from tests.support.tag_shop import services_on

Found = dict[Id, frozenset[Id]]


def members_of(table: LinkageTable) -> Found:
    """The customer of each record."""
    rows = [*table.rows("SELECT component, source, id FROM members JOIN records USING (number)")]
    sets: dict[int, set[Id]] = {}
    for component, *id_ in rows:
        sets.setdefault(component, set()).add((id_[0], id_[1]))
    return {id_: frozenset(own) for own in sets.values() for id_ in own}


async def listed(population: Population, *, one_way: bool) -> tuple[Found, components.ComponentCounts]:
    async with services_on(population.connectors(), identity={"trusts": TRUSTS}) as services:
        reader = CustomerRecords(services.router.customers, "member_number")
    rules = reader.rules if one_way else msgspec.structs.replace(reader.rules, one_way={})
    with LinkageTable() as table:
        table.add(reader.read(source, entry.record) for (source, _), entry in population.entries.items())
        table.seal()
        counts = components.write_components(table, rules)
        return members_of(table), counts


@pytest.mark.parametrize("seed", range(3))
async def test_customers_of_all_records_are_those_of_the_union_find(seed: int):
    """With all records at hand nothing is in doubt; the sizes add up to the records."""
    population = Population.of(seed, 150)
    found, counts = await listed(population, one_way=False)
    assert found == population.components
    assert counts.sizes == Counter(len(records) for records in set(population.components.values()))


async def test_what_requests_hold_back_is_held_back_here():
    """Numbers link nobody whose ids may be stated where nobody can ask, as in a request; nobody is joined beyond the truth."""
    population = Population.of(1, 150)
    found, counts = await listed(population, one_way=True)
    assert all(records <= population.components[id_] for id_, records in found.items())
    assert counts.withheld["UNCONFIRMED"] > 0


async def test_a_record_that_is_listed_twice_counts_once_as_it_was_listed_last():
    """Pages may shift while they are read."""
    shop = knowing("shop", [], by=[KeyKind.CUSTOMER_ID, KeyKind.EMAIL])
    crm = knowing("crm", [], by=[KeyKind.CUSTOMER_ID, KeyKind.EMAIL])
    async with services_on([crm, shop]) as services:
        reader = CustomerRecords(services.router.customers, "member_number")
    with LinkageTable() as table:
        old, new = person("1", email="old@example.com"), person("1", email="ana@example.com")
        table.add([reader.read("crm", old), reader.read("shop", person("2", email="ana@example.com")), reader.read("crm", new)])
        table.seal()
        counts = components.write_components(table, reader.rules)
        assert members_of(table) == dict.fromkeys([("crm", "1"), ("shop", "2")], frozenset({("crm", "1"), ("shop", "2")}))
        assert (counts.sizes[2], counts.links) == (1, {"email": 1})


async def test_a_key_of_too_many_records_links_nobody(monkeypatch: pytest.MonkeyPatch):
    """Records that are not found by a key may state it any number of times; each two of them are not looked at."""
    monkeypatch.setattr(components, "MAX_HOLDERS", 3)
    crm = knowing("crm", [], by=[KeyKind.CUSTOMER_ID])
    desk = knowing("desk", [], by=[KeyKind.CUSTOMER_ID])
    async with services_on([crm, desk], identity={"trusts": {"desk": ["external_id"]}, "records_per_source": 9}) as services:
        reader = CustomerRecords(services.router.customers, "member_number")
    for count, size in ((2, 3), (3, 1)):  # the record that is stated has the key as well
        with LinkageTable() as table:
            table.add(
                [reader.read("crm", person("7")), *(reader.read("desk", person(f"d{n}", ids=["crm:7"])) for n in range(count))]
            )
            table.seal()
            components.write_components(table, reader.rules)
            assert len(members_of(table)["crm", "7"]) == size


async def test_what_people_decided_links_and_keeps_apart():
    """A link of two records makes one customer, a cut keeps a key from linking them."""
    crm, shop = (knowing(name, [], by=[KeyKind.CUSTOMER_ID, KeyKind.EMAIL]) for name in ("crm", "shop"))
    async with services_on([crm, shop]) as services:
        reader = CustomerRecords(services.router.customers, "member_number")
    ana, bo, ana_shop, bo_shop = (RecordId(*own.split(":")) for own in ("crm:1", "crm:2", "shop:a", "shop:b"))
    decisions = Decisions(links={(ana, ana_shop): LogRule.PROPOSAL}, cuts=frozenset({(bo, bo_shop)}))
    with LinkageTable() as table:
        table.add([reader.read("crm", person("1")), reader.read("crm", person("2", email="bo@example.com"))])
        table.add([reader.read("shop", person("a")), reader.read("shop", person("b", email="bo@example.com"))])
        table.seal()
        counts = components.write_components(table, reader.rules, components.ListedDecisions(decisions))
        assert members_of(table)["crm", "1"] == {("crm", "1"), ("shop", "a")}
        assert members_of(table)["crm", "2"] == {("crm", "2")}
        assert (counts.links, counts.withheld) == ({"proposal": 1}, {"CUT": 1})
