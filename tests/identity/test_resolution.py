"""Which records are one customer: a function of records, links and limits, whatever order they came in."""

import time
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import KeyKind
from gateway.identity.records import IdentityLimits, IdentityRecord, Key, RecordId, stated_id
from gateway.identity.resolution import Component, Link, WithheldReason, links_between, resolve

GENEROUS = IdentityLimits(records_per_source=1_000, keys_per_kind=1_000, records=1_000)
USUAL = IdentityLimits()
EMAIL, PHONE, MEMBER, DEVICE = KeyKind.EMAIL, KeyKind.PHONE, KeyKind.MEMBER_NUMBER, KeyKind.DEVICE_ID

KEYS = st.builds(Key, st.sampled_from([MEMBER, EMAIL, PHONE]), st.sampled_from("pqrst"))
IDS = st.builds(RecordId, st.sampled_from(["crm", "shop", "desk", "pay"]), st.sampled_from("1234"))


@st.composite
def people(draw: st.DrawFn) -> list[IdentityRecord]:
    """Records of four systems; some share keys, some have days of birth."""
    ids = draw(st.lists(IDS, unique=True, max_size=12))
    days = st.sampled_from([None, None, "1980-01-02", "1990-03-04"])
    return [
        IdentityRecord(id=id_, keys=draw(st.frozensets(KEYS, max_size=3)) | {stated_id(id_)}, birth_date=draw(days))
        for id_ in ids
    ]


def record(id_: str, *keys: tuple[KeyKind, str], **words: object) -> IdentityRecord:
    """A record by `source:id`."""
    own = RecordId(*id_.split(":"))
    return IdentityRecord(id=own, keys=frozenset({stated_id(own), *(Key(*key) for key in keys)}), **words)


def resolved(records: list[IdentityRecord], limits: IdentityLimits = USUAL, shared: set[Key] | None = None) -> list[Component]:
    return resolve(records, links_between(records, shared or set()), limits, shared or set())


def sets_of(components: list[Component]) -> list[list[str]]:
    return [[id_.node_id for id_ in component.records] for component in components]


def reasons_of(components: list[Component]) -> set[tuple[KeyKind, WithheldReason]]:
    return {(link.by, link.reason) for component in components for link in component.withheld}


@given(people(), st.integers())
def test_the_order_of_arrival_changes_nothing(records: list[IdentityRecord], seed: int):
    """Records and links in any order give the same components, links and withheld links."""
    links = links_between(records)
    expected = resolve(records, links, USUAL)
    random = Random(seed)
    random.shuffle(records)
    random.shuffle(links)
    assert resolve(records, links, USUAL) == expected


@given(people())
def test_without_limits_components_are_those_of_the_graph(records: list[IdentityRecord]):
    """As a search through the graph of shared keys finds them; nothing is withheld."""
    alike = [
        IdentityRecord(id=record.id, keys=frozenset(key for key in record.keys if key.kind is not MEMBER)) for record in records
    ]
    rest, expected = {record.id: record for record in alike}, []
    while rest:
        own, frontier = set(), [min(rest)]
        while frontier:
            here = rest.pop(frontier.pop(), None)
            if here is not None:
                own.add(here.id)
                frontier += [other.id for other in rest.values() if other.keys & here.keys]
        expected.append(tuple(sorted(own)))
    components = resolved(alike, GENEROUS)
    assert [component.records for component in components] == sorted(expected)
    assert [component.withheld for component in components] == [()] * len(components)


@given(people())
def test_no_component_breaks_a_limit(records: list[IdentityRecord]):
    """One record of a source, one day of birth, and of each kind so many keys; each record is in one component."""
    limits = IdentityLimits(keys_per_kind=2, records=3)
    by_id = {record.id: record for record in records}
    components = resolved(records, limits)
    assert sorted(id_ for component in components for id_ in component.records) == sorted(by_id)
    for component in components:
        own = [by_id[id_] for id_ in component.records]
        assert len({id_.source for id_ in component.records}) == len(own) <= limits.records
        assert len({record.birth_date for record in own} - {None}) <= 1
        if len(own) > 1:
            assert len({key.value for record in own for key in record.keys if key.kind is EMAIL}) <= 2


@given(people())
def test_each_link_is_inside_or_withheld_with_a_reason(records: list[IdentityRecord]):
    """A link inside a component is among its links; one that leads out of it is said on both sides."""
    components = resolved(records)
    links = links_between(records)
    for link in links:
        sides = [component for component in components if set(link.records) & set(component.records)]
        told = [[withheld.records for withheld in side.withheld] for side in sides]
        assert (link in sides[0].links) == (len(sides) == 1)
        assert all((link.records in own) == (len(sides) == 2) for own in told)


@given(people())
def test_a_part_of_the_graph_resolves_as_the_whole(records: list[IdentityRecord]):
    """Records that no chain of keys reaches change nothing, which is why a walk from one key is enough."""
    whole = {component.records: component for component in resolved(records)}
    nameless = [IdentityRecord(id=record.id, keys=record.keys) for record in records]
    for part in resolved(nameless, GENEROUS):
        own = [record for record in records if record.id in part.records]
        assert all(whole[component.records] == component for component in resolved(own))


@given(people(), st.sampled_from(["crm", "shop", "desk", "pay"]), st.sampled_from([EMAIL, PHONE, DEVICE]))
def test_what_is_unknown_joins_nobody_falsely(records: list[IdentityRecord], down: str, weakest: KeyKind):
    """Without a source that cannot be asked, people who share phones, and no addresses, are joined only as with it."""
    finds = [kind for kind in (EMAIL, PHONE, DEVICE) if list(KeyKind).index(kind) <= list(KeyKind).index(weakest)]
    whole = [
        IdentityRecord(
            id=record.id,
            # An address is that of one person, who has the same number everywhere.
            keys=frozenset(
                {Key(EMAIL, record.id.id), *(key for key in record.keys if key.kind is PHONE)}
                if record.id.source != down or PHONE in finds
                else {Key(EMAIL, record.id.id)}
            ),
        )
        for record in records
    ]
    known = [
        IdentityRecord(
            id=record.id, keys=record.keys, open_kinds=frozenset(key.kind for key in record.keys if key.kind in finds)
        )
        for record in whole
        if record.id.source != down
    ]
    pairs = {pair for component in resolved(whole) for pair in combinations(component.records, 2)}
    seen = {pair for component in resolved(known) for pair in combinations(component.records, 2)}
    assert seen - pairs == set()


def test_a_stronger_key_goes_before_a_weaker_one():
    """A number that was given out again does not take the place of the account behind the same address."""
    components = resolved(
        [
            record("crm:1", (EMAIL, "a"), (PHONE, "p")),
            record("shop:1", (PHONE, "p")),
            record("shop:2", (EMAIL, "a")),
        ]
    )
    assert sets_of(components) == [["crm:1", "shop:2"], ["shop:1"]]
    assert reasons_of(components) == {(PHONE, WithheldReason.RECORDS_PER_SOURCE)}
    assert components[0].links == (Link(3, (RecordId("crm", "1"), RecordId("shop", "2"))),)


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ({"birth_date": "1980-01-02"}, {"birth_date": "1990-03-04"}, WithheldReason.BIRTH_DATE),
        ({"member_number": "1"}, {"member_number": "2"}, WithheldReason.MEMBER_NUMBER),
    ],
)
def test_a_contradiction_withholds_a_link(one: dict[str, str], other: dict[str, str], reason: WithheldReason):
    """Two people behind one address are not joined; where only one of them says it, they are."""
    apart = resolved([record("crm:1", (EMAIL, "a"), **one), record("shop:1", (EMAIL, "a"), **other)])
    joined = resolved([record("crm:1", (EMAIL, "a"), **one), record("shop:1", (EMAIL, "a"))])
    assert (sets_of(apart), reasons_of(apart)) == ([["crm:1"], ["shop:1"]], {(EMAIL, reason)})
    assert sets_of(joined) == [["crm:1", "shop:1"]]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (IdentityLimits(records=2), WithheldReason.RECORDS_PER_CUSTOMER),
        (IdentityLimits(keys_per_kind=2), WithheldReason.KEYS_PER_KIND),
    ],
)
def test_a_limit_costs_the_last_link(limits: IdentityLimits, reason: WithheldReason):
    """A chain of three is cut where it would become too much."""
    chain = [
        record("crm:1", (EMAIL, "a"), (EMAIL, "b")),
        record("desk:1", (EMAIL, "b")),
        record("shop:1", (EMAIL, "b"), (EMAIL, "c")),
    ]
    components = resolved(chain, limits)
    assert sets_of(components) == [["crm:1", "desk:1"], ["shop:1"]]
    assert reasons_of(components) == {(EMAIL, reason)}


def test_ids_are_limited_by_system():
    """Ids at eight systems are no reason to doubt; six at one are."""
    ids = [(KeyKind.EXTERNAL_ID, f"s{n}:1") for n in range(8)]
    many = [(KeyKind.EXTERNAL_ID, f"s:{n}") for n in range(6)]
    assert len(resolved([record("crm:1", (EMAIL, "a"), *ids), record("shop:1", (EMAIL, "a"))])) == 1
    assert len(resolved([record("crm:1", (EMAIL, "a"), *many), record("shop:1", (EMAIL, "a"))])) == 2


def test_a_device_links_visits_to_one_person():
    """Never two people; a visit goes to the first of them."""
    visit, ana, li = (
        record("web:v", (DEVICE, "d")),
        record("crm:1", (DEVICE, "d"), (EMAIL, "a")),
        record("shop:2", (DEVICE, "d"), (EMAIL, "b")),
    )
    components = resolved([visit, ana, li])
    assert sets_of(components) == [["crm:1", "web:v"], ["shop:2"]]
    assert reasons_of(components) == {(DEVICE, WithheldReason.TWO_PEOPLE)}


def test_a_shared_key_links_nobody_and_is_told():
    """Each record that has it says so, without its value."""
    shared = {Key(PHONE, "p")}
    components = resolved([record("crm:1", (PHONE, "p")), record("shop:1", (PHONE, "p"))], shared=shared)
    assert sets_of(components) == [["crm:1"], ["shop:1"]]
    assert [[(link.records, link.reason) for link in component.withheld] for component in components] == [
        [((RecordId(source, "1"),), WithheldReason.SHARED_KEY)] for source in ("crm", "shop")
    ]


@pytest.mark.parametrize(
    ("key", "open_kind", "joins"),
    [
        (EMAIL, KeyKind.EXTERNAL_ID, True),
        (EMAIL, EMAIL, True),
        (DEVICE, KeyKind.EXTERNAL_ID, False),
        (PHONE, EMAIL, False),
        (PHONE, PHONE, False),
        (PHONE, DEVICE, True),
    ],
)
def test_a_number_links_when_all_stronger_keys_are_known(key: KeyKind, open_kind: KeyKind, joins: bool):
    """People share numbers: while a key has not been asked everywhere, another record may have the better right."""
    components = resolved([record("crm:1", (key, "a"), open_kinds=frozenset({open_kind})), record("shop:1", (key, "a"))])
    assert (len(components) == 1) == joins
    assert reasons_of(components) == (set() if joins else {(key, WithheldReason.UNCONFIRMED)})


def test_a_doubt_is_handed_on():
    """A side that may yet get another record by its number makes no weaker link either."""
    components = resolved(
        [
            record("crm:1", (PHONE, "p"), (DEVICE, "d")),
            record("desk:1", (PHONE, "p"), open_kinds=frozenset({EMAIL})),
            record("web:1", (DEVICE, "d")),
        ]
    )
    assert sets_of(components) == [["crm:1"], ["desk:1"], ["web:1"]]
    assert reasons_of(components) == {(PHONE, WithheldReason.UNCONFIRMED), (DEVICE, WithheldReason.UNCONFIRMED)}


def test_a_source_that_is_linked_one_way_leaves_numbers_in_doubt():
    """It may state the id of either record; one that has its record already is known."""
    records = [record("crm:1", (PHONE, "p"), (EMAIL, "a")), record("shop:1", (PHONE, "p"))]
    one_way = {"club": [KeyKind.EXTERNAL_ID]}
    assert len(resolve(records, links_between(records), USUAL)) == 1
    assert reasons_of(resolve(records, links_between(records), USUAL, one_way=one_way)) == {(PHONE, WithheldReason.UNCONFIRMED)}
    stated = [
        *records,
        record("club:1", (KeyKind.EXTERNAL_ID, "crm:1")),
        record("club:2", (KeyKind.EXTERNAL_ID, "shop:1")),
    ]
    components = resolve(stated, links_between(stated), USUAL, one_way=one_way)
    assert reasons_of(components) == {(PHONE, WithheldReason.RECORDS_PER_SOURCE)}


def test_the_work_grows_with_the_records_and_not_with_their_square():
    """4,000 records in a chain of addresses and numbers, as linkage meets them: half a second, where the square took twenty."""
    chain = [
        record(f"{('shop', 'crm')[place % 2]}:{place:04}", (EMAIL, str(place // 2)), (PHONE, str((place + 1) // 2)))
        for place in range(4_000)
    ]
    start = time.process_time()
    components = resolved(chain)
    assert time.process_time() - start < 8
    assert [len(own.records) for own in components] == [2] * 2_000
    assert [len(own.withheld) for own in components] == [1, *[2] * 1_998, 1]
