"""Faults hit what they are told to hit, the same each time, and are never on in silence."""

import asyncio
import json

import msgspec
import pytest
from structlog.testing import capture_logs

from connectors import records as r
from connectors.contract import Ask, KeyKind, Measure, MeasureOp
from connectors.errors import ConfigurationError, SourceThrottledError, SourceUnavailableError
from connectors.record_fields import Fields, all_fields
from connectors.testing import ConnectorContract, MemoryConnector
from gateway.replay.fault_injection import FaultInjector
from gateway.replay.fault_settings import Fault, load_faults
from gateway.replay.modes import ReplayModes, ServedSources, substitute
from gateway.settings import parse_settings
from tests.connectors.test_contract import RECORDS
from tests.server.test_cli import run
from tests.support import shop
from tests.support.clocks import HURRIED, LoopClock, WatchedCalls, answer_at_deadline
from tests.support.gateway_server import gateway_on
from tests.support.recordings import recording

ALL = Ask(fields=all_fields(r.Order))
KEYS = [f"c{number}" for number in range(200)]


def faulty(*faults, seed=0, connector=None, **words):
    return FaultInjector(connector or shop.orders(), [Fault(source="orders", **fault) for fault in faults], seed, **words)


def many():
    """Two hundred customers with two orders each."""
    found = {key: [shop.order(1, key, 1), shop.order(2, key, 2)] for key in KEYS}
    return MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): found}, max_batch=200)


async def fetched(connector, *keys, ask=ALL):
    return await connector.lookups()[0].fetch(keys, ask)


def ids_in(page):
    return [one["id"] for one in msgspec.json.decode(page.records)]


class TestFaulty(ConnectorContract):
    """Faults that hit nothing change nothing."""

    samples = {(r.Order, KeyKind.CUSTOMER_ID): ["c1", "c2"], (r.Customer, KeyKind.EMAIL): ["ann@example.com"]}

    @pytest.fixture
    async def connector(self):
        connector = faulty({"share": 0, "hang": True}, connector=MemoryConnector("memory", RECORDS))
        await connector.open()
        yield connector
        await connector.aclose()


async def hit(connector, *batches):
    """The keys whose answer is an error, each batch asked for in a call of its own."""
    found = {}
    for batch in batches:
        found |= await fetched(connector, *batch)
    return {key for key, given in found.items() if isinstance(given, SourceUnavailableError)}


async def test_the_same_keys_are_hit_whatever_keys_are_beside_them():
    """The seed, the key and how often it was asked for decide; another seed hits others."""
    fault = {"error": "SOURCE_UNAVAILABLE", "share": 0.3}
    together = await hit(faulty(fault, connector=many()), KEYS)
    apart = await hit(faulty(fault, connector=many()), KEYS[::2], KEYS[1::2])
    other = await hit(faulty(fault, connector=many(), seed=1), KEYS)
    assert together == apart
    assert 40 < len(together) < 80
    assert together != other
    again = faulty(fault, connector=many())
    assert await hit(again, KEYS) == together
    assert await hit(again, KEYS) not in (together, set())


async def test_an_error_for_all_keys_of_a_call_is_raised():
    """As of a source that is down, which is not asked; for some keys it is theirs alone."""
    source = many()
    connector = faulty({"error": "SOURCE_THROTTLED"}, connector=source)
    with pytest.raises(SourceThrottledError):
        await fetched(connector, "c1", "c2")
    with pytest.raises(SourceThrottledError):
        await connector.aggregates()[0].measure(["c1"], [Measure(op=MeasureOp.COUNT)])
    assert source.calls == []


async def test_a_call_is_delayed_within_the_range():
    """By the longest time that its keys draw; nothing else changes."""
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    fixed = faulty({"delay_ms": 250}, sleep=sleep)
    assert await fetched(fixed, "c1") == await fetched(shop.orders(), "c1")
    assert slept == [0.25]
    slept.clear()
    ranging = faulty({"delay_ms": [50, 200]}, connector=many(), sleep=sleep)
    for key in KEYS:
        await fetched(ranging, key)
    assert len(set(slept)) == 200
    assert 0.05 <= min(slept) < 0.06
    assert 0.19 < max(slept) <= 0.2


async def test_a_hanging_call_ends_when_it_is_cancelled():
    """So the gateway's deadline ends it, and the others of the request are whole."""
    call = asyncio.ensure_future(fetched(faulty({"hang": True}), "c1"))
    done, _ = await asyncio.wait({call}, timeout=0.05)
    assert not done
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    calls = WatchedCalls([shop.crm(), shop.support()])
    crm, support = calls.connectors
    query = '{ customer(by: {id: "c1"}) { name orders { nodes { id } } tickets { nodes { id } } } }'
    async with gateway_on([crm, faulty({"hang": True}), support], with_clock=LoopClock()) as gateway:
        whole = await answer_at_deadline(gateway.ask(query, **HURRIED), "c1", calls)
    assert whole["data"]["customer"]["orders"] is None
    assert len(whole["data"]["customer"]["tickets"]["nodes"]) == 2
    assert whole["errors"][0]["extensions"]["code"] == "SOURCE_TIMEOUT"


async def test_a_fault_is_for_the_lookups_that_it_names():
    """By record and by kind of key."""
    by_email = faulty({"error": "SOURCE_AUTH", "record": "customer", "by": "email"}, connector=shop.crm())
    found = {lookup.by: lookup for lookup in by_email.lookups()}
    fields = Ask(fields=Fields.from_paths("id"))
    assert await found[KeyKind.CUSTOMER_ID].fetch(["c1"], fields)
    with pytest.raises(Exception, match="credentials"):
        await found[KeyKind.EMAIL].fetch(["ana@example.com"], fields)


async def test_wrong_data_is_wrong_in_one_way():
    """A field is gone, or of another type; the order is another; the end is missing."""
    honest = msgspec.json.decode((await fetched(shop.orders(), "c1"))["c1"].records)
    spoilt = {}
    for how in ("missing_field", "wrong_type", "shuffled"):
        page = (await fetched(faulty({"wrong_data": how}), "c1"))["c1"]
        spoilt[how] = msgspec.json.decode(page.records)
    assert [spoilt[how][1:] == honest[1:] for how in spoilt] == [True, True, False]
    assert len(spoilt["missing_field"][0]) == len(honest[0]) - 1
    (wrong,) = [name for name in honest[0] if spoilt["wrong_type"][0][name] != honest[0][name]]
    assert spoilt["wrong_type"][0][wrong] in ([], {})
    assert sorted(spoilt["shuffled"], key=str) == sorted(honest, key=str)
    cut = (await fetched(faulty({"wrong_data": "truncated"}), "c1"))["c1"].records
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(cut)


@pytest.mark.parametrize(
    ("how", "figures"),
    [
        ("shuffled", {"count": 5, "total": [{"amount": "50.00"}], "partial": False}),
        ("wrong_type", {"count": 4, "total": [{"amount": "40.00"}], "partial": True}),
        ("truncated", None),
    ],
)
async def test_wrong_measures_are_measured_over_the_records(how, figures):
    """Which are as wrong, and said to be where that can be seen."""
    connector = faulty({"wrong_data": how})
    measures = [Measure(op=MeasureOp.COUNT), Measure(op=MeasureOp.SUM, field="total")]
    assert (await connector.aggregates()[0].measure(["c1"], measures))["c1"] != [5, [{"amount": "50.00", "currency": "EUR"}]]
    async with gateway_on([shop.crm(), connector], **shop.PINNED) as gateway:
        whole = await gateway.ask('{ customer(by: {id: "c1"}) { orderStatistics { count total { amount } partial } } }')
    assert whole["data"]["customer"]["orderStatistics"] == figures


ORDERS = "[[faults]]\nsource = 'orders'"
PROBLEMS = [
    ("seeds = 1\n{}\nhang = true", "seeds: is no setting; did you mean 'seed'?"),
    ("seed = 1", "faults: is missing; add it"),
    ("{}\nhang = true\ndelay = 5", "faults.0.delay: is no setting; did you mean 'delay_ms'?"),
    ("{}", "faults.0: has no effect, or several; give one of delay_ms, error, wrong_data, hang"),
    ("{}\nhang = true\nerror = 'SOURCE_AUTH'", "faults.0: has no effect, or several; give one of"),
    ("{}\ndelay_ms = [9, 1]", "faults.0.delay_ms: goes from the longer time to the shorter one; change"),
    ("{}\nhang = true\nshare = 2", "faults.0.share: is too great; give 1 or less"),
    ("{}\nerror = 'GONE'", "faults.0.error: 'GONE' is no code of a source; known: SOURCE_ERROR,"),
    ("{}\nwrong_data = 'x'", "faults.0.wrong_data: must be one of missing_field, wrong_type, shuffled, truncated; choose one"),
    ("[[faults]]\nsource = 'order'\nhang = true", "faults.0.source: there is no source 'order'; did you mean 'orders'?"),
    ("{}\nhang = true\nrecord = 'ticket'", "faults.0: the source 'orders' has no such lookup;"),
    ("{}\nhang = true\nrecord = 'ordr'", "faults.0.record: 'ordr' is no record; did you mean 'order'?"),
    ("[[faults]", "is not TOML: "),
]


@pytest.mark.parametrize(("text", "problem"), PROBLEMS)
def test_each_mistake_in_the_file_is_named_with_its_fix(tmp_path, text, problem):
    """As in the settings."""
    path = tmp_path / "faults.toml"
    path.write_text(text.replace("{}", ORDERS), encoding="utf-8")
    with pytest.raises(ConfigurationError) as raised:
        load_faults(path, [shop.orders(), shop.crm()])
    (said,) = raised.value.problems
    assert said.startswith(f"faults.toml: {problem}")


FAULTS = """
seed = 7

[[faults]]
source = "orders"
error = "SOURCE_UNAVAILABLE"

[[faults]]
source = "orders"
delay_ms = 0.5
"""


async def test_faults_work_on_a_replay_and_are_said(tmp_path):
    """In the log and in what `/readyz` says; only the sources that they name are touched."""
    path, folder = tmp_path / "faults.toml", tmp_path / "recorded"
    path.write_text(FAULTS, encoding="utf-8")
    query = '{ customer(by: {id: "c1"}) { name orders { nodes { id } } } }'
    connectors = [shop.crm(), shop.orders()]
    async with gateway_on(recording(folder, connectors)) as gateway:
        assert (await gateway.data(query))["customer"]["orders"]
    settings = parse_settings({"sources": {one.name: {"kind": "memory"} for one in connectors}})
    standing = substitute(settings, ReplayModes(replay=folder, faults=path))
    with capture_logs() as logs:
        standing.announce()
    assert [(one["event"], one["log_level"]) for one in logs] == [("replay_active", "info"), ("faults_active", "warning")]
    assert logs[1]["sources"] == standing.notes["faults"]["sources"] == ["orders"]
    async with gateway_on(standing.connectors) as gateway:
        whole = await gateway.ask(query)
    assert whole["data"]["customer"] == {"name": "Ana Souza", "orders": None}
    assert whole["errors"][0]["extensions"]["code"] == "SOURCE_UNAVAILABLE"


def test_without_options_nothing_stands_between():
    """The configured connectors are built by the gateway itself."""
    settings = parse_settings({"sources": {"orders": {"kind": "sql"}}})
    standing = substitute(settings, ReplayModes())
    assert standing == ServedSources(settings=settings)
    with capture_logs() as logs:
        standing.announce()
    assert logs == []


def test_check_says_that_faults_would_be_active(tmp_path):
    """And what is wrong with them."""
    config, faults = tmp_path / "gateway.toml", tmp_path / "faults.toml"
    config.write_text(
        f'[sources.orders]\nkind = "sql"\nurl = "sqlite+aiosqlite:///{tmp_path}/x.db"\n[sources.orders.records.order]\n'
        "query = \"SELECT 1 AS id, 2 AS customer_id, '2026-06-01' AS placed_at\"\n"
        'keys = { customer_id = { column = "customer_id", type = "integer" } }\n',
        encoding="utf-8",
    )
    (tmp_path / "x.db").touch()
    faults.write_text(FAULTS, encoding="utf-8")
    done = run("check", "--config", str(config), "--faults", str(faults))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Faults are active: 2 fault(s) on orders where serve has --faults {faults}\n" in done.stdout
    faults.write_text(json.dumps({}), encoding="utf-8")
    assert run("check", "--config", str(config), "--faults", str(faults)).returncode == 2
