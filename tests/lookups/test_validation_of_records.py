"""What enters can be read, compared, added up and written later; what cannot does not enter, and costs itself alone."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from connectors import records as r
from connectors.contract import Measure, MeasureOp, Page
from connectors.errors import SourceProtocolError
from connectors.record_fields import Fields, all_fields, narrow
from connectors.toolkit.evaluation import combine
from gateway.lookups.measure_validation import validate_measures
from gateway.lookups.source_call import Decoded, decode_records
from tests.lookups.test_source_call import TWO, Hostile, ask, giving, orders_in, report_of
from tests.support.gateway_server import gateway_on
from tests.support.shop import crm

MOST = 2**31 - 1
DEEP = {"a": msgspec.json.decode("[" * 100 + "]" * 100)}
SHALLOW = {"a": msgspec.json.decode("[" * 99 + "]" * 99), "b": {"c": 1}}
ORDER = {"id": "o1", "placedAt": "2026-06-01T12:00:00Z"}
EVENT = {"id": "e1", "at": "2026-06-01T12:00:00Z", "type": "x"}
COUNT = Measure(op=MeasureOp.COUNT)
TOTAL = Measure(op=MeasureOp.SUM, field="total")
LAST = Measure(op=MeasureOp.MAX, field="placed_at")


def money(amount: object) -> dict[str, object]:
    return {"amount": amount, "currency": "EUR"}


def read(record: type[r.Record], *raw: dict[str, object], fields: Fields | None = None) -> Decoded:
    return decode_records(msgspec.json.encode(raw), narrow(record, fields or all_fields(record)))


@pytest.mark.parametrize(
    ("record", "raw"),
    [
        (r.Order, ORDER | {"placedAt": "0001-01-01T00:00:00+14:00"}),
        (r.Order, ORDER | {"deliveredAt": "9999-12-31T23:59:59-14:00"}),
        (r.Order, ORDER | {"total": money("NaN")}),
        (r.Order, ORDER | {"total": money("sNaN")}),
        (r.Order, ORDER | {"payments": [{"amount": money("-Infinity")}]}),
        (r.Order, ORDER | {"items": [{}, {"unitPrice": money("1E+41")}]}),
        (r.Order, ORDER | {"items": [{"unitPrice": money("1E-41")}, {}]}),
        (r.Order, ORDER | {"items": [{"unitPrice": money("0E+3000000")}]}),
        (r.Order, ORDER | {"items": [{"quantity": 2**53}]}),
        (r.Order, ORDER | {"payments": [{"installments": -MOST - 2}]}),
        (r.Customer, {"id": "c1", "acquisition": {"at": "0001-01-01T00:00:00+14:00"}}),
        (r.Deal, {"id": "d1", "createdAt": "2026-06-01T12:00:00Z", "closedAt": "0001-01-01T00:00:00+14:00"}),
        (r.Subscription, {"id": "s1", "startedAt": "2026-06-01T12:00:00Z", "amount": money("1E+41")}),
        (r.Survey, {"id": "s1", "at": "2026-06-01T12:00:00Z", "score": 2**53}),
        (r.Ticket, {"id": "t1", "createdAt": "2026-06-01T12:00:00Z", "messages": [{"at": "9999-12-31T23:59:59-14:00"}]}),
        (r.Event, EVENT | {"properties": DEEP}),
    ],
)
def test_an_unsound_value_costs_itself(record: type[r.Record], raw: dict[str, object]):
    """Only its own time costs the record. The ones around it stay, in order; what is not selected costs nothing."""
    good = ORDER | EVENT | dict.fromkeys(("createdAt", "startedAt"), ORDER["placedAt"])
    before, after = good | {"id": "a"}, good | {"id": "b"}
    found, dropped, unreadable = read(record, before, raw, after)
    is_dropped = raw.get("placedAt", ORDER["placedAt"]) != ORDER["placedAt"]
    assert [one.id for one in found] == (["a", "b"] if is_dropped else ["a", raw["id"], "b"])
    assert (dropped, len(unreadable)) == (int(is_dropped), 1)
    found, dropped, unreadable = read(record, before, raw, after, fields=Fields.from_paths("id"))
    assert ([one.id for one in found], dropped, [*unreadable]) == (["a", raw["id"], "b"], 0, [])


@pytest.mark.parametrize(
    ("record", "raw"),
    [
        (r.Order, ORDER | {"items": [{"quantity": 2**53 - 1}, {"quantity": 1 - 2**53}], "payments": [{"installments": MOST}]}),
        (r.Order, ORDER | {"total": money("1E+40"), "items": [{"unitPrice": money("-1E-40")}, {}]}),
        (r.Order, ORDER | {"total": money("1E+2")}),
        (r.Event, EVENT | {"properties": SHALLOW}),
    ],
)
def test_what_is_within_bounds_is_kept(record: type[r.Record], raw: dict[str, object]):
    """To the last digit and level."""
    (found,), dropped, unreadable = read(record, raw)
    assert (dropped, [*unreadable]) == (0, [])
    assert found == msgspec.convert(raw, type(found))


def test_times_are_put_into_utc():
    """At any depth, whatever their offset, to the microsecond."""
    raw = {
        "id": "t1",
        "createdAt": "2026-06-03T14:00:00.000001+02:00",
        "updatedAt": "2026-06-03T00:30:00-05:30",
        "messages": [{}, {"at": "2026-06-03T12:00:00+14:00"}],
    }
    (found,), dropped, _ = read(r.Ticket, raw)
    times = [found.created_at, found.updated_at, found.messages[1].at]
    assert times == [
        datetime(2026, 6, 3, 12, 0, 0, 1, UTC),
        datetime(2026, 6, 3, 6, tzinfo=UTC),
        datetime(2026, 6, 2, 22, tzinfo=UTC),
    ]
    assert [time.tzinfo is UTC for time in times] == [True] * 3
    assert dropped == 0


@pytest.mark.parametrize("total", [-1, MOST + 1, True, False, 1.0, "1"])
async def test_a_total_that_is_none_fails_its_key(total: object):
    """A number of records is a whole number of 32 bits, not below zero."""
    customer, errors = await ask(giving({"c1": Page(TWO, total)}))  # type: ignore[arg-type]
    assert customer["orders"] is None
    assert [error["extensions"]["code"] for error in errors] == ["SOURCE_PROTOCOL"]


async def test_totals_that_come_to_too_much_are_unknown():
    """Each is allowed, their sum is not a number that GraphQL has."""
    told = [(b'[{"id":"o1","placedAt":"2026-06-01T12:00:00Z"}]', MOST), (b'[{"id":"o2","placedAt":"2026-06-02T12:00:00Z"}]', 1)]
    sources = [crm(), *(Hostile(giving({"c1": Page(records, total)})) for records, total in told)]
    sources[2].name = "store"
    async with gateway_on(sources) as gateway:
        data = await gateway.data('{ customer(by: {id: "c1"}) { orders { totalCount nodes { id } } } }')
    assert data["customer"]["orders"] == {"totalCount": None, "nodes": [{"id": "store:o2"}, {"id": "orders:o1"}]}


async def test_a_struct_that_has_no_json_fails_its_key_alone():
    """The other key of the call is answered."""
    odd = r.Order(id=object(), placed_at=datetime(2026, 6, 1, tzinfo=UTC))  # type: ignore[arg-type]
    async with gateway_on([crm(), Hostile(giving({"c1": [odd], "c2": TWO}))]) as gateway:
        answer = await gateway.ask('{ customers(ids: ["c1", "c2"]) { orders { nodes { id } } } }')
    assert answer["data"]["customers"] == [{"orders": None}, {"orders": {"nodes": [{"id": "orders:o2"}, {"id": "orders:o1"}]}}]
    assert [(one["path"], one["extensions"]["code"]) for one in answer["errors"]] == [
        (["customers", 0, "orders"], "SOURCE_PROTOCOL")
    ]


async def test_an_unsound_value_is_reported():
    """With the record that is given without it."""
    customer, errors = await ask(
        giving({"c1": b'[{"id":"o2"},{"id":"o1","total":{"amount":"NaN","currency":"EUR"}}]'}),
        """{ customer(by: {id: "c1"}) { orders { nodes { id total { amount } } }
            sources { name droppedRecords unreadableValues } } }""",
    )
    assert (errors, orders_in(customer)) == ([], ["orders:o2", "orders:o1"])
    assert report_of(customer) == {"name": "orders", "droppedRecords": 0, "unreadableValues": 1}


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        (COUNT, -1),
        (COUNT, MOST + 1),
        (COUNT, True),
        (TOTAL, [money("sNaN")]),
        (TOTAL, [money("5.00"), money("1E+999999")]),
        (LAST, "0001-01-01T00:00:00+14:00"),
        (LAST, datetime.fromisoformat("9999-12-31T23:59:59-14:00")),
        (Measure(op=MeasureOp.SUM, field="items.quantity"), float("inf")),
        (Measure(op=MeasureOp.AVERAGE, field="items.quantity"), "NaN"),
        (Measure(op=MeasureOp.MAX, field="items.quantity"), 2**53),
        (Measure(op=MeasureOp.MIN, field="total.amount"), Decimal("1E+41")),
    ],
)
def test_a_measured_value_that_is_unsound_does_not_fit(measure: Measure, value: object):
    """Though it is of the right type."""
    with pytest.raises(SourceProtocolError):
        validate_measures([value], r.Order, [measure])


@pytest.mark.parametrize(
    ("measure", "value", "fitted"),
    [
        (COUNT, MOST, MOST),
        (TOTAL, [money(5), money("1E+2")], [money("5"), money("100")]),
        (TOTAL, [r.Money(amount=Decimal("0.10"), currency="EUR")], [money("0.10")]),
        (TOTAL, [], []),
        (LAST, "2026-06-03T14:00:00+02:00", datetime(2026, 6, 3, 12, tzinfo=UTC)),
        (LAST, "2026-06-03T12:00:00", datetime(2026, 6, 3, 12, tzinfo=UTC)),
        (LAST, None, None),
        (Measure(op=MeasureOp.AVERAGE, field="items.quantity"), 0.1, Decimal("0.1")),
        (Measure(op=MeasureOp.TOP, field="status"), "delivered", "DELIVERED"),
    ],
)
def test_measured_values_are_as_their_measures_have_them(measure: Measure, value: object, fitted: object):
    """In whichever of the allowed ways they came."""
    assert validate_measures([value], r.Order, [measure]) == (fitted,)


def test_counts_do_not_add_up_to_more_than_a_count():
    """Two sources that count as much as can be counted."""
    assert combine(COUNT, [MOST, 1, None]) == MOST
