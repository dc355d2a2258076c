"""What holds after the entries of a log."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.identity.decisions import Decisions, LogAction, LogEntry, LogRule, decisions_of, pair_of, pairs_of
from gateway.identity.records import RecordId

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
A, B, C = RecordId("a", "1"), RecordId("b", "1"), RecordId("c", "1")
LINK, CUT, WITHDRAW = LogAction
OPERATOR, PROPOSAL = LogRule
AB = (A, B)


def entries(*told: tuple[LogAction, LogRule]) -> list[LogEntry]:
    """Entries about one pair, an hour apart."""
    return [
        LogEntry(time=NOON + timedelta(hours=hour), action=action, records=AB, rule=rule, who="anna", reason="r", anchor=A)
        for hour, (action, rule) in enumerate(told)
    ]


@pytest.mark.parametrize(
    ("told", "link", "is_cut"),
    [
        ([(LINK, PROPOSAL)], PROPOSAL, False),
        ([(LINK, OPERATOR), (LINK, PROPOSAL)], OPERATOR, False),
        ([(LINK, PROPOSAL), (LINK, OPERATOR)], OPERATOR, False),
        ([(LINK, OPERATOR), (CUT, OPERATOR)], None, True),
        ([(CUT, OPERATOR), (LINK, PROPOSAL)], None, True),
        ([(CUT, OPERATOR), (WITHDRAW, PROPOSAL)], None, True),
        ([(CUT, OPERATOR), (LINK, OPERATOR)], OPERATOR, False),
        ([(LINK, OPERATOR), (WITHDRAW, PROPOSAL)], OPERATOR, False),
        ([(CUT, OPERATOR), (WITHDRAW, OPERATOR), (LINK, PROPOSAL)], PROPOSAL, False),
        ([(LINK, PROPOSAL), (WITHDRAW, PROPOSAL)], None, False),
    ],
)
def test_the_last_entry_of_a_pair_holds(told: list[tuple[LogAction, LogRule]], link: LogRule | None, is_cut: bool):
    """That of a person before those of proposals; only a person takes back what a person said."""
    decisions = decisions_of(entries(*told))
    assert decisions == Decisions({} if link is None else {AB: link}, frozenset([AB] if is_cut else []), (A,))


def test_as_of_a_time_later_entries_do_not_count():
    """Those of exactly that time do."""
    told = entries((LINK, OPERATOR), (CUT, OPERATOR))
    assert decisions_of(told, NOON - timedelta(seconds=1)) == decisions_of([])
    assert decisions_of(told, NOON) == decisions_of(told[:1])
    assert decisions_of(told, NOON + timedelta(hours=1)) == decisions_of(told)


def test_pairs_are_in_order():
    assert pair_of(B, A) == pair_of(A, B) == AB
    assert pairs_of([C, A, B, A]) == [AB, (A, C), (B, C)]
    with pytest.raises(ValueError, match="two records"):
        pair_of(A, A)
