"""Links and cuts of people: their order changes nothing, a cut restores what was before, and a time is a replay."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from connectors.contract import KeyKind
from gateway.identity.decisions import Decisions, LogAction, LogEntry, LogRule, Pair, decisions_of, pair_of
from gateway.identity.records import IdentityLimits, IdentityRecord, RecordId
from gateway.identity.resolution import Component, LinkBasis, WithheldReason, links_between, resolve
from tests.identity.test_resolution import GENEROUS, IDS, USUAL, people, record

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
PAIRS = st.tuples(IDS, IDS).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: pair_of(*pair))
ENTRIES = st.lists(st.tuples(PAIRS, st.sampled_from(LogAction), st.sampled_from(LogRule), st.integers(0, 5)), max_size=12)


def entry(pair: Pair, action: LogAction, rule: LogRule = LogRule.OPERATOR, hour: int = 0, anchor: RecordId | None = None):
    time = NOON + timedelta(hours=hour)
    return LogEntry(time=time, action=action, records=pair, rule=rule, who="anna", reason="r", anchor=anchor)


def resolved(records: Sequence[IdentityRecord], decisions: Decisions, limits: IdentityLimits = USUAL) -> list[Component]:
    links = links_between(records, decided=decisions.links)
    return resolve(records, links, limits, cuts=decisions.cuts)


def anchor_of(component: Component, decisions: Decisions) -> RecordId:
    return next((id_ for id_ in decisions.anchors if id_ in component.records), component.records[0])


@given(people(), st.lists(PAIRS, max_size=6), st.lists(PAIRS, max_size=4), st.integers())
def test_the_order_of_links_and_cuts_of_others_changes_nothing(
    records: list[IdentityRecord], linked: list[Pair], cut: list[Pair], seed: int
):
    """Of pairs that are not the same, in any order, the components, their links and the withheld ones are the same."""
    entries = [entry(pair, LogAction.LINK) for pair in linked if pair not in cut]
    entries += [entry(pair, LogAction.CUT) for pair in cut]
    expected = resolved(records, decisions_of(entries))
    random = Random(seed)
    random.shuffle(entries)
    random.shuffle(records)
    assert resolved(records, decisions_of(entries)) == expected


@given(people(), st.lists(PAIRS, max_size=6), st.lists(PAIRS, max_size=6))
def test_what_is_cut_is_never_one_customer(records: list[IdentityRecord], linked: list[Pair], cut: list[Pair]):
    """Whatever keys and links say; without limits a link in whose way no cut stands holds."""
    entries = [entry(pair, LogAction.LINK) for pair in linked] + [entry(pair, LogAction.CUT) for pair in cut]
    components = resolved(records, decisions_of(entries), GENEROUS)
    of = {id_: component for component in components for id_ in component.records}
    assert all(of[one] is not of[other] for one, other in cut if {one, other} <= of.keys())
    for component in components:
        assert all(
            link.reason in (WithheldReason.CUT, WithheldReason.BIRTH_DATE, WithheldReason.MEMBER_NUMBER)
            for link in component.withheld
        )


@given(people(), st.randoms(use_true_random=False))
def test_a_cut_restores_components_and_ids(records: list[IdentityRecord], random: Random):
    """Two customers that are linked and cut again are those of before, under the same ids and by the same records."""
    before = resolved(records, Decisions())
    if len(before) < 2:
        return
    one, other = random.sample(before, 2)
    pair = pair_of(random.choice(one.records), random.choice(other.records))
    link = entry(pair, LogAction.LINK)
    merged = resolved(records, decisions_of([link]))
    whole = next(component for component in merged if pair[0] in component.records)
    link = entry(pair, LogAction.LINK, anchor=anchor_of(whole, Decisions()))
    linked = decisions_of([link])
    touched = {id_ for component in merged if set(pair) & set(component.records) for id_ in component.records}
    assume(touched == {*one.records, *other.records})  # one that costs others a link changes their customers, too
    rest = touched - set(one.records)
    cuts = [
        entry(pair_of(id_, opposite), LogAction.CUT, anchor=anchor_of(whole, linked))
        for id_ in one.records
        for opposite in sorted(rest)
    ]
    decisions = decisions_of([link, *cuts])
    after = resolved(records, decisions)
    assert [component.records for component in after] == [component.records for component in before]
    ids = [anchor_of(component, Decisions()) for component in before]
    assert [anchor_of(component, decisions) for component in after] == ids


@given(ENTRIES)
def test_as_of_a_time_is_a_replay_up_to_it(told: list[tuple[Pair, LogAction, LogRule, int]]):
    """Step by step, by another way: a person's word stands until a person takes it back."""
    entries = [entry(*own) for own in told]
    for hour in range(6):
        said: dict[Pair, dict[LogRule, LogAction]] = {}
        for pair, action, rule, when in told:
            if when <= hour:
                own = said.setdefault(pair, {})
                if rule is LogRule.OPERATOR:
                    own.clear()
                if not (rule is LogRule.PROPOSAL and LogRule.OPERATOR in own):
                    own[rule] = action
                if action is LogAction.WITHDRAW:
                    own.pop(rule, None)
        decisions = decisions_of(entries, NOON + timedelta(hours=hour))
        last = {pair: (rule, action) for pair, own in said.items() for rule, action in own.items()}
        assert decisions.links == {pair: rule for pair, (rule, action) in last.items() if action is LogAction.LINK}
        assert decisions.cuts == {pair for pair, (_, action) in last.items() if action is LogAction.CUT}


def test_a_person_comes_before_keys_and_behind_stated_ids():
    """A limit of one record a source is used up by the stronger reason."""
    crm = record("crm:1", (KeyKind.EMAIL, "a@x"))
    stated, linked, mailed = (record(f"shop:{number}", (KeyKind.EMAIL, "a@x")) for number in "123")
    stated = record("shop:1", (KeyKind.EXTERNAL_ID, "crm:1"))
    decisions = decisions_of([entry(pair_of(crm.id, linked.id), LogAction.LINK)])
    components = resolved([crm, linked, mailed], decisions)
    assert [component.records for component in components] == [(crm.id, linked.id), (mailed.id,)]
    components = resolved([crm, stated, linked, mailed], decisions)
    assert components[0].records == (crm.id, stated.id)
    assert (LinkBasis.OPERATOR, WithheldReason.RECORDS_PER_SOURCE) in {(own.by, own.reason) for own in components[0].withheld}
