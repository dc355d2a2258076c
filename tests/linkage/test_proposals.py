"""Which records are proposed to be one person, and why."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable

import pytest

from connectors import records as r
from gateway.identity.blocked_keys import BlockedKeys
from gateway.identity.decisions import Decisions, LogRule, pair_of
from gateway.identity.records import IdentityLimits, Key, RecordId, stated_id
from gateway.identity.resolution import WithheldReason
from gateway.linkage.comparisons import THRESHOLD
from gateway.linkage.components import ListedDecisions, ResolutionRules, write_components
from gateway.linkage.linkage_table import MAX_BLOCK, LinkageTable, ListedRecord
from gateway.linkage.person_row import MEMBER_NUMBER, person_row
from gateway.linkage.proposals import Proposal, Weight, propose
from tests.support.doubled_people import doubled_people
from tests.support.published_data import published_rows

RULES = ResolutionRules(limits=IdentityLimits())


def listed(source: str, record: r.Customer, *keys: Key) -> ListedRecord:
    id_ = RecordId(source, record.id)
    return ListedRecord(id_, person_row(record, BlockedKeys(), None, MEMBER_NUMBER), frozenset([stated_id(id_), *keys]))


def proposals(records: Iterable[ListedRecord], rules: ResolutionRules = RULES, **words: bool) -> list[Proposal]:
    with LinkageTable() as table:
        table.add(records)
        table.seal()
        write_components(table, rules)
        return [*propose(table, rules, **words)]


def pairs_of(found: Iterable[Proposal]) -> set[tuple[str, str]]:
    return {proposal.records for proposal in found}


@pytest.fixture(scope="module")
def people() -> list[ListedRecord]:
    pairs = [*doubled_people(400)]
    return [listed("crm", pair.crm) for pair in pairs] + [listed("shop", pair.shop) for pair in pairs]


@pytest.fixture(scope="module")
def found(people: list[ListedRecord]) -> list[Proposal]:
    return proposals(people)


def test_people_whom_two_systems_know_are_proposed(found: list[Proposal]):
    """Nobody is proposed falsely; of 400 people with slips in one of five, at least 98 of 100 are found."""
    truth = {(f"crm:c{number:05}", f"shop:s{number:05}") for number in range(400)}
    assert pairs_of(found) - truth == set()
    assert len(pairs_of(found)) >= 392


def test_the_weights_add_up_to_the_probability(found: list[Proposal]):
    """The start and the weights are the logarithm of the odds; the likeliest come first."""
    for proposal in found:
        odds = 2 ** (proposal.start + sum(own.weight for own in proposal.weights))
        assert proposal.probability == pytest.approx(odds / (1 + odds), abs=1e-3)
        assert proposal.probability >= THRESHOLD
        assert {"names", "birth_date", "address", "email"} == {own.comparison for own in proposal.weights}
    assert [own.probability for own in found] == sorted((own.probability for own in found), reverse=True)


def test_two_runs_propose_the_same_whatever_the_order_of_arrival(people: list[ListedRecord], found: list[Proposal]):
    """Weights and probabilities are equal to the last digit."""
    assert proposals(reversed(people)) == found


def test_values_are_given_only_where_they_are_asked_for(people: list[ListedRecord], found: list[Proposal]):
    """A proposal names ids and what agrees; with values it has those that were compared."""
    assert all(not proposal.values for proposal in found)
    first = proposals(people, with_values=True)[0]
    assert set(first.values) == {"given_name", "family_name", "birth_date", "street", "postcode", "email"}


def test_people_of_whom_nobody_is_known_twice_are_not_proposed():
    """Where no record has a second one, nothing is learned of how second ones look, and next to nothing is proposed."""
    pairs = [*doubled_people(800)]
    strangers = [listed("crm", pair.crm) for pair in pairs[:400]] + [listed("shop", pair.shop) for pair in pairs[400:]]
    assert pairs_of(proposals(strangers)) == set()


def test_one_customer_by_rules_is_not_proposed(people: list[ListedRecord], found: list[Proposal]):
    """A key in common makes them one already; of two customers one pair is proposed."""
    first = found[0].records
    ids = [RecordId(*node_id.split(":")) for node_id in first]
    linked = [own._replace(linking=own.linking | {stated_id(ids[0])}) if own.id == ids[1] else own for own in people]
    assert first not in pairs_of(proposals(linked))


def test_records_of_one_source_are_proposed_where_a_customer_may_have_several():
    """With one record a source for each customer, two of a source are two people; with more, 95 of 100 are found."""
    pairs = [*doubled_people(300)]
    records = [listed("crm", record) for pair in pairs for record in pair]
    assert proposals(records) == []
    several = ResolutionRules(limits=IdentityLimits(records_per_source=2))
    truth = {(f"crm:c{number:05}", f"crm:s{number:05}") for number in range(300)}
    found = pairs_of(proposals(records, several))
    assert found - truth == set()
    assert len(found) >= 285


def test_what_many_share_is_no_reason_to_compare():
    """Records that have nothing but a name and a day in common with more than a hundred others are never paired."""
    alike = [listed("crm", r.Customer(id=f"{n}", name="Ana Souza", birth_date="1980-05-17")) for n in range(MAX_BLOCK)]
    with LinkageTable() as table:
        table.add([*alike, listed("shop", r.Customer(id="x", name="Ana Souza", birth_date="1980-05-17"))])
        table.seal()
        write_components(table, RULES)
        table.write_people()
        assert table.count_rows("people", "coalesce(block_names, block_birth_date, block_birth_date_names) IS NOT NULL") == 0


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_records_are_no_error(count: int):
    """Nothing can be estimated on them, and nothing is proposed."""
    assert proposals([listed("crm", pair.crm) for pair in doubled_people(count)]) == []


def test_without_the_library_the_extra_is_named():
    """The command says what to install."""
    program = """
import sys
sys.modules["splink"] = None
from connectors.errors import ConfigurationError
from gateway.linkage.linkage_table import LinkageTable
try:
    LinkageTable()
except ConfigurationError as error:
    print(*error.problems)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100)
    assert done.stdout == 'identity: Splink is not installed; add the extra "identity"\n', done.stderr


@pytest.mark.published
@pytest.mark.parametrize("sources", [("people", "people"), ("first", "second")])
def test_the_pairs_of_febrl_are_proposed(sources: tuple[str, str]):
    """Febrl 1 has 500 people twice, with slips. With the threshold of the command, precision and recall are 0.99 at least."""
    place = {"org": sources[0], "dup": sources[1]}
    rows = published_rows("febrl", "dataset1.csv")
    records = [listed(place[row["rec_id"].split("-")[2]], _febrl_record(row)) for row in rows]
    truth = {
        frozenset(f"{place[id_.split('-')[2]]}:{id_}" for id_ in row.values())
        for row in published_rows("febrl", "dataset1_truth_pairs.csv")
    }
    rules = ResolutionRules(limits=IdentityLimits(records_per_source=2 if len(set(sources)) == 1 else 1))
    found = {frozenset(proposal.records) for proposal in proposals(records, rules)}
    assert len(truth) == 500
    assert len(found & truth) / len(found) >= 0.99
    assert len(found & truth) / len(truth) >= 0.99


def _febrl_record(row: dict[str, str]) -> r.Customer:
    day = row["date_of_birth"]
    return r.Customer(
        id=row["rec_id"],
        given_name=row["given_name"],
        family_name=row["surname"],
        birth_date=f"{day[:4]}-{day[4:6]}-{day[6:]}",
        member_number=row["soc_sec_id"],
        address=r.Address(line=f"{row['street_number']} {row['address_1']}", postal_code=row["postcode"], city=row["suburb"]),
    )


def test_what_people_decided_is_not_proposed(people: list[ListedRecord], found: list[Proposal]):
    """Neither a pair that is linked already nor one that is cut; all others are."""
    linked, cut = (pair_of(*(RecordId(*node_id.split(":")) for node_id in own.records)) for own in found[:2])
    decisions = ListedDecisions(Decisions(links={linked: LogRule.OPERATOR}, cuts=frozenset({cut})))
    with LinkageTable() as table:
        table.add(people)
        table.seal()
        write_components(table, RULES, decisions)
        assert pairs_of(propose(table, RULES, decisions=decisions)) == pairs_of(found[2:])


def test_a_pair_that_would_be_withheld_says_why(found: list[Proposal]):
    """A slip in the day of birth makes two people by the rules: a person sees that before accepting; others would be joined."""
    reasons = Counter(proposal.withheld for proposal in found)
    slips = {own.records for own in found if any("differ in one sign" in weight.words for weight in own.weights)}
    assert {proposal.records for proposal in found if proposal.withheld} == slips
    assert set(reasons) == {None, WithheldReason.BIRTH_DATE}


def test_words_begin_with_the_largest_weight():
    """What speaks against it stands between; what says next to nothing is left out."""
    weights = (Weight("names", "names alike", 3.14), Weight("phone", "phone numbers differ", -4.2), Weight("email", "e", 0.04))
    proposal = Proposal(records=("crm:1", "shop:2"), probability=0.5, start=0, weights=weights)
    assert proposal.words() == "phone numbers differ -4.2; names alike +3.1"
