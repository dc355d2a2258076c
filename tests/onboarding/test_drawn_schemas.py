"""Shops in many shapes: nothing wrong runs, and most of what is there is found."""

from pathlib import Path

import pytest

from gateway.onboarding.proposal import Confidence, FieldProposal
from tests.onboarding.test_recognition import recognise
from tests.support.drawn_schema import draw_schema


def running(fields: object) -> dict[str, str]:
    """Name the columns of the fields that run."""
    assert isinstance(fields, list | tuple)
    told: list[FieldProposal] = list(fields)
    return {
        field.field: field.reached.column.name
        for field in told
        if field.confidence is not Confidence.UNSURE and field.reached is not None and field.field != "position"
    }


@pytest.mark.parametrize("seed", range(40))
async def test_no_wrong_field_runs(seed: int, tmp_path: Path) -> None:
    """Each field that runs is the right column, and nine of ten that are there are found."""
    drawn = draw_schema(seed)
    proposal = await recognise(tmp_path, *drawn.script)
    customer, order = proposal.record("customer"), proposal.record("order")
    found = {
        "customer": running(customer.fields) if customer else {},
        "order": running(order.fields) if order else {},
        "items": running(order.lists[0].fields) if order and order.lists else {},
    }
    expected = {"customer": drawn.customer, "order": drawn.order, "items": drawn.items}
    wrong = {
        f"{record}.{field}": column
        for record, fields in found.items()
        for field, column in fields.items()
        if expected[record].get(field) != column
    }
    assert wrong == {}
    missed = {f"{record}.{field}" for record, fields in expected.items() for field in fields if field not in found[record]}
    assert len(missed) <= sum(map(len, expected.values())) // 10, missed
