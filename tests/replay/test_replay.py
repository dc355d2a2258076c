"""What was recorded is answered again without any source."""

import json
import subprocess
from pathlib import Path

import httpx2
import msgspec
import pytest

from connectors import records as r
from connectors.contract import Ask, Condition, KeyKind, Measure, MeasureOp, Page
from connectors.errors import ConfigurationError, SourceRejectedError
from connectors.record_fields import Fields
from connectors.testing import MemoryConnector
from gateway.app import create_app
from gateway.demo.prepare import prepare_shop
from gateway.replay.modes import ReplayModes, begin_recording, substitute
from gateway.replay.pseudonymisation import hidden_key
from gateway.replay.recording_files import path_of, read_manifest
from gateway.settings import load_settings
from resolvers.statistics import NOT_CANCELLED
from tests.lookups.test_source_call import Hostile, giving
from tests.support import shop
from tests.support.gateway_server import PATIENT_MS, Gateway, gateway_on
from tests.support.recordings import recording, replaying, timeless
from tests.support.serve_process import COMMAND, serve_process

CONSOLE = """query Console($by: CustomerKey!) { customer(by: $by) { id name email contactPoints { kind value }
    orders(first: 3) { totalCount pageInfo { hasNextPage } nodes { id status items { name } } }
    tickets { nodes { id subject } } events { nodes { id page } }
    orderStatistics { count total { amount currency } } tags { key value } } }"""
ANA = {"by": {"email": "ana@example.com"}}


async def recorded_shop(folder, *, is_plain=True, query=CONSOLE, variables=ANA):
    """The answer while it is recorded."""
    connectors = recording(folder, list(shop.sources().values()), is_plain=is_plain)
    async with gateway_on(connectors, **shop.PINNED) as gateway:
        return await gateway.data(query, variables)


async def replayed(folder, query=CONSOLE, variables=ANA):
    async with gateway_on(replaying(folder), **shop.PINNED) as gateway:
        return await gateway.ask(query, variables)


async def replayed_customer(folder, selection, by='id: "c1"'):
    answer = await replayed(folder, f"{{ customer(by: {{{by}}}) {{ {selection} }} }}", {})
    assert "errors" not in answer
    return answer["data"]["customer"]


async def test_what_was_asked_has_the_same_answer(tmp_path):
    """Stitched through keys, with figures and tags."""
    live = await recorded_shop(tmp_path)
    assert live["customer"]["orders"]["totalCount"] == 5
    assert await replayed(tmp_path) == {"data": live}


async def test_a_hidden_recording_is_stitched_by_its_pseudonyms(tmp_path):
    """The same records, figures and tags; what is personal has pseudonyms, and nothing of it is in the files."""
    live = (await recorded_shop(tmp_path, is_plain=False))["customer"]
    shown = (await replayed(tmp_path))["data"]["customer"]
    for same in ("orderStatistics", "tags", "orders"):
        assert shown[same] == live[same]
    assert (
        [one["id"] for one in shown["tickets"]["nodes"]]
        == [one["id"] for one in live["tickets"]["nodes"]]
        == ["support:t2", "support:t1"]
    )
    assert [one["id"] for one in shown["events"]["nodes"]] == ["behaviour:e2", "behaviour:e1"]
    for other in ("id", "name", "email"):
        assert shown[other] != live[other]
        assert type(shown[other]) is type(live[other])
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir()).decode()
    for word in ("Ana", "Souza", "ana@", "ana.work", "5511912345678", '"c1"', '"d1"', "Where is it", "Broken"):
        assert word not in written


async def test_a_replay_is_asked_by_the_key_or_by_its_pseudonym(tmp_path):
    """Both find the same customer; the recorded keys that lead on are pseudonyms."""
    await recorded_shop(tmp_path, is_plain=False)
    hide = read_manifest(tmp_path, "--replay").hide("crm")
    by_key = await replayed(tmp_path)
    pseudonym = hidden_key(KeyKind.EMAIL, "ana@example.com", hide)
    assert await replayed(tmp_path, CONSOLE, {"by": {"email": pseudonym}}) == by_key
    assert by_key["data"]["customer"]["email"] == pseudonym


async def test_a_key_that_was_not_recorded_finds_nothing(tmp_path):
    """Nobody knows whether there is something."""
    await recorded_shop(tmp_path)
    assert await replayed(tmp_path, CONSOLE, {"by": {"email": "li@example.com"}}) == {"data": {"customer": None}}


async def test_other_windows_are_answered_from_what_is_known(tmp_path):
    """Filter, order, cursor and count, over the records that any ask brought."""
    query = '{ customer(by: {id: "c1"}) { orders(first: 5) { nodes { id status } } } }'
    await recorded_shop(tmp_path, query=query, variables={})
    oldest = await replayed_customer(
        tmp_path, "orders(first: 2, order: OLDEST_FIRST) { nodes { id } pageInfo { hasNextPage endCursor } }"
    )
    assert [one["id"] for one in oldest["orders"]["nodes"]] == ["orders:oc11", "orders:oc12"]
    assert oldest["orders"]["pageInfo"]["hasNextPage"] is True
    cursor = oldest["orders"]["pageInfo"]["endCursor"]
    rest = await replayed_customer(tmp_path, f'orders(order: OLDEST_FIRST, after: "{cursor}") {{ nodes {{ id }} }}')
    assert [one["id"] for one in rest["orders"]["nodes"]] == ["orders:oc13", "orders:oc14", "orders:oc15"]
    since = 'orders(filter: {since: "2026-06-03T12:00:00Z", status: [DELIVERED]}) { totalCount nodes { id } }'
    found = (await replayed_customer(tmp_path, since))["orders"]
    assert (found["totalCount"], [one["id"] for one in found["nodes"]]) == (3, ["orders:oc15", "orders:oc14", "orders:oc13"])


async def test_fields_of_several_asks_are_known_together(tmp_path):
    """Also of other keys that found the same record."""
    await recorded_shop(tmp_path, query='{ customer(by: {email: "ana@example.com"}) { name } }', variables={})
    await recorded_shop(
        tmp_path,
        query='{ customer(by: {id: "c1"}) { phone orders { nodes { status items { name } } } } }',
        variables={},
    )
    await recorded_shop(
        tmp_path, query='{ customer(by: {id: "c1"}) { orders { nodes { items { category } } } } }', variables={}
    )
    found = await replayed_customer(tmp_path, "name phone", 'email: "ana@example.com"')
    assert found == {"name": "Ana Souza", "phone": "+5511912345678"}
    orders = await replayed_customer(tmp_path, "orders(first: 1) { nodes { status items { name category } } }")
    assert orders == {"orders": {"nodes": [{"status": "DELIVERED", "items": [{"name": "A book", "category": "books"}]}]}}


async def test_a_recorded_total_counts_more_than_the_records_that_are_known(tmp_path):
    """A page of two of five still says five, and that there are more; further pages end where the recording does."""
    page = "orders(first: 2) { totalCount pageInfo { hasNextPage } nodes { id } }"
    await recorded_shop(tmp_path, query=f'{{ customer(by: {{id: "c1"}}) {{ {page} }} }}', variables={})
    found = (await replayed_customer(tmp_path, page))["orders"]
    assert (found["totalCount"], found["pageInfo"]["hasNextPage"], len(found["nodes"])) == (5, True, 2)
    wider = (await replayed_customer(tmp_path, page.replace("2", "4")))["orders"]
    assert (wider["totalCount"], wider["pageInfo"]["hasNextPage"], len(wider["nodes"])) == (5, False, 3)


async def test_measures_that_were_not_recorded_are_taken_of_what_is_known(tmp_path):
    """One that was recorded is exact, whatever is known of the records."""
    await recorded_shop(tmp_path, query='{ customer(by: {id: "c1"}) { orderStatistics { count } } }', variables={})
    await recorded_shop(
        tmp_path,
        query='{ customer(by: {id: "c1"}) { orders(first: 2) { nodes { total { amount currency } } } } }',
        variables={},
    )
    (orders,) = [one for one in replaying(tmp_path) if one.name == "orders"]
    await orders.open()
    measures = [
        Measure(op=MeasureOp.COUNT, where=(NOT_CANCELLED,)),
        Measure(op=MeasureOp.COUNT, since=shop.at(1)),
        Measure(op=MeasureOp.MAX, field="placed_at", where=(NOT_CANCELLED,)),
    ]
    found = await orders.aggregates()[0].measure(["c1", "nobody"], measures)
    assert found == {"c1": [5, 2, "2026-06-05T12:00:00Z"], "nobody": [0, 0, None]}


async def test_errors_are_replayed_where_nothing_better_is_known(tmp_path):
    """A refused key is refused again, unless it was answered before or after."""
    answer = {"c1": SourceRejectedError("note"), "c2": b'[{"id":"o1","placedAt":"2026-06-01T12:00:00Z"}]'}
    (recorded,) = recording(tmp_path, [Hostile(giving(answer))])
    await recorded.open()
    ask = Ask(fields=Fields.from_paths("id"))
    await recorded.lookups()[0].fetch(["c1", "c2"], ask)
    answer["c2"] = SourceRejectedError("note")
    await recorded.lookups()[0].fetch(["c2"], ask)
    await recorded.aclose()
    (again,) = replaying(tmp_path)
    await again.open()
    found = await again.lookups()[0].fetch(["c1", "c2"], ask)
    assert type(found["c1"]) is SourceRejectedError
    assert found["c1"].note == ""
    assert [one["id"] for one in msgspec.json.decode(found["c2"].records)] == ["o1"]


async def test_conditions_on_hidden_fields_are_met_either_way(tmp_path):
    """Given as it was, or as the pseudonym that a record shows."""
    events = MemoryConnector("behaviour", {(r.Event, KeyKind.DEVICE_ID): shop.EVENTS})
    (recorded,) = recording(tmp_path, [events], is_plain=False)
    await recorded.open()
    fields = Fields.from_paths("id", "session_id", "device_id")
    await recorded.lookups()[0].fetch(["d1"], Ask(fields=fields))
    await recorded.aclose()
    (again,) = replaying(tmp_path)
    await again.open()
    pseudonym = hidden_key(KeyKind.DEVICE_ID, "d1", read_manifest(tmp_path, "").hide("behaviour"))
    for value, number in (("d1", 1), (pseudonym, 1), ("d2", 0)):
        ask = Ask(fields=fields, where=(Condition("device_id", (value,)),), count=True)
        page = (await again.lookups()[0].fetch(["d1"], ask))["d1"]
        assert (page.total, len(msgspec.json.decode(page.records))) == (number, number)


async def test_dropped_records_are_dropped_again(tmp_path):
    """Only how many there were is known of them."""
    spoilt = b'[{"id":"o2","placedAt":"2026-06-02T12:00:00Z"},{"id":[7]}]'
    query = '{ customer(by: {id: "c1"}) { orders { nodes { id } } sources { name droppedRecords } } }'
    async with gateway_on(recording(tmp_path, [shop.crm(), Hostile(giving({"c1": spoilt}))])) as gateway:
        live = await gateway.ask(query)
    assert live["data"]["customer"]["sources"][1] == {"name": "orders", "droppedRecords": 1}
    assert await replayed(tmp_path, query, {}) == live


class Profile(Hostile):
    """A customer by id, beside the orders of another such source."""

    def __init__(self, answer):
        super().__init__(answer)
        self.name = "crm"

    def lookups(self):
        return [msgspec.structs.replace(one, record=r.Customer) for one in super().lookups()]


@pytest.mark.cases
@pytest.mark.parametrize("is_plain", [True, False])
async def test_what_could_not_be_read_is_counted_again(tmp_path, is_plain):
    """Values, items and parts of parts, in the records that they were in; that a list is cut short is said again, too."""
    odd = {
        "id": "o1",
        "placedAt": "2026-06-01T12:00:00Z",
        "status": 7,
        "total": {"amount": "much", "currency": "EUR"},
        "deliveredAt": "soon",
        "items": [{"name": "tea", "quantity": "some"}, {"name": "pot", "unitPrice": {"amount": [1], "currency": "EUR"}}],
        "payments": {"method": "CARD"},
    }
    good = {"id": "o2", "placedAt": "2026-06-02T12:00:00Z", "items": [{"name": "cup"}]}
    orders = Page(msgspec.json.encode([good, odd, {"id": "o3"}]), partial=True)
    profile = b'[{"id":"c1","name":["Ann"],"address":{"city":"London","country":"Great Britain"},"deviceIds":["d1",{}]}]'
    sources = [Profile(giving({"c1": profile})), Hostile(giving({"c1": orders}))]
    query = """{ customer(by: {id: "c1"}) { address { country } deviceIds
        orders { partial totalCount nodes { status total { amount } deliveredAt items { name quantity unitPrice { amount } }
            payments { method } } }
        sources { name droppedRecords unreadableValues } } }"""
    async with gateway_on(recording(tmp_path, sources, is_plain=is_plain)) as gateway:
        live = await gateway.ask(query)
    counts = {one["name"]: one["unreadableValues"] for one in live["data"]["customer"]["sources"]}
    assert counts == {"orders": 5, "crm": 2}
    assert live["data"]["customer"]["orders"]["partial"] is True
    again = await replayed(tmp_path, query, {})
    assert again["data"]["customer"]["sources"] == live["data"]["customer"]["sources"]
    assert again["data"]["customer"]["orders"] == live["data"]["customer"]["orders"]
    fewer = '{ customer(by: {id: "c1"}) { orders { nodes { deliveredAt } } sources { name unreadableValues } } }'
    assert (await replayed(tmp_path, fewer, {}))["data"]["customer"]["sources"][1]["unreadableValues"] == 1


# The demo, as its users ask it.


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return prepare_shop(tmp_path_factory.mktemp("demo"), customers=60, seed=1, progress=lambda *_: None)


async def answers(demo, traffic, settings):
    """The answers to the examples of the demo, but for `completeness`."""
    standing = substitute(settings, traffic)
    patient = standing.settings.model_copy(update={"deadline_ms": PATIENT_MS})
    app = create_app(patient, connectors=standing.connectors)
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
            asked = [await Gateway(client).ask(one.query, one.variables) for one in demo.examples]
    for answer in asked:
        answer["data"].get("customer", {}).pop("completeness", None)  # a recording does not know what a source cannot give
    return timeless(asked)


async def record_demo(demo, folder, *, is_plain):
    traffic = ReplayModes(record=folder, is_plain=is_plain)
    settings = load_settings(demo.settings)
    begin_recording(settings, traffic)
    return await answers(demo, traffic, settings)


def without_sources(demo, path):
    """The settings file of the demo as it is where no database is and no variable is set."""
    text = demo.settings.read_text(encoding="utf-8")
    path.write_text(text.replace("sqlite+aiosqlite:///", "${NOT_SET}"), encoding="utf-8")
    return path


async def test_a_plain_recording_of_the_demo_gives_the_same_answers(demo, tmp_path):
    """To all examples, when no database is there any more; recording them changed nothing."""
    live = await answers(demo, ReplayModes(), load_settings(demo.settings))
    assert await record_demo(demo, tmp_path / "recorded", is_plain=True) == live
    assert "errors" not in live[1]
    settings = load_settings(without_sources(demo, tmp_path / "gateway.toml"), {}, connects=False)
    assert await answers(demo, ReplayModes(replay=tmp_path / "recorded"), settings) == live


async def test_a_hidden_recording_of_the_demo_differs_in_what_is_personal_alone(demo, tmp_path):
    """The same shape, tags, figures, orders and tickets; other names, addresses, texts and ids of customers."""
    live = await record_demo(demo, tmp_path / "recorded", is_plain=False)
    settings = load_settings(demo.settings, {}, connects=False)
    shown = await answers(demo, ReplayModes(replay=tmp_path / "recorded"), settings)
    differences = {path for pair in zip(live, shown, strict=True) for path in different(*pair)}
    assert differences == {
        "data.customer.id",
        "data.customer.sourceId",
        "data.customer.name",
        "data.customer.contactPoints.value",
        "data.customer.acquisition.leadId",
        "data.customer.tickets.nodes.subject",
        "data.customer.tickets.nodes.messages.body",
        "data.customer.timeline.nodes.page",
        "data.customer.birthDate",
        "data.customer.jobTitle",
        "data.customer.account.name",
        "data.customer.account.parent.name",
        "data.customer.account.parent.subsidiaries.nodes.name",
        "data.customer.account.members.nodes.customer.name",
        "data.customers.id",
    }


def different(one, other, path=""):
    """The paths of texts that differ; anything else that differs is an error."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for name in one:
            yield from different(one[name], other[name], f"{path}.{name}".lstrip("."))
    elif isinstance(one, list):
        assert len(one) == len(other), path
        for pair in zip(one, other, strict=True):
            yield from different(*pair, path)
    elif one != other:
        assert isinstance(one, str), path
        assert isinstance(other, str), path
        yield path


def test_a_source_that_was_not_recorded_is_a_problem_at_start(demo, tmp_path):
    """It is named, with the fix; so is a folder without a recording."""
    settings = load_settings(demo.settings)
    with pytest.raises(ConfigurationError, match="make one with serve --record"):
        substitute(settings, ReplayModes(replay=tmp_path))
    begin_recording(settings, ReplayModes(record=tmp_path / "recorded"))
    manifest = tmp_path / "recorded" / "manifest.json"
    written = json.loads(manifest.read_bytes())
    del written["sources"]["support"]
    manifest.write_text(json.dumps(written))
    with pytest.raises(ConfigurationError, match=r"^sources\.support: it is not in the recording"):
        substitute(settings, ReplayModes(replay=tmp_path / "recorded"))


def served_once(config, demo, workers, *words):
    """The answer to the first example, what `/readyz` of the admin port says, and the lines of the log."""
    with serve_process(config, *map(str, words), workers=workers) as gateway:
        ready = gateway.wait_ready(workers)
        example = demo.examples[0]
        answer = httpx2.post(
            f"{gateway.url}/graphql", json={"query": example.query, "variables": example.variables}, timeout=60
        )
        assert gateway.end() == 0
    return answer.json(), ready, gateway.lines


def test_serve_records_and_replays(demo, tmp_path):
    """Two workers record; one serves it without the variables of the settings. Log and admin port say so."""
    folder = tmp_path / "recorded"
    live, ready, logs = served_once(demo.settings, demo, 2, "--record-plain", folder)
    assert (ready["status"], ready["recording"]) == ("ready", {"plain": True})
    assert [line["plain"] for line in logs if line["event"] == "recording_active"] == [True, True]
    assert path_of(folder, "orders").stat().st_size > 0
    config = without_sources(demo, tmp_path / "gateway.toml")
    again, ready, logs = served_once(config, demo, 1, "--replay", folder)
    assert timeless(again) == timeless(live)
    assert live["data"]["customer"]["name"] == "Emma Clarke"
    assert ready["replay"]["reference"] == "2026-06-30T12:00:00+00:00"
    own = {"settings_loaded", "worker_started", "worker_ready", "worker_exited"}
    assert [(line["event"], line["level"]) for line in logs if line["event"] not in own] == [("replay_active", "info")]


def test_recording_and_replaying_exclude_each_other(demo, tmp_path):
    """So do the two ways to record; the options are named."""
    for words in (("--record", tmp_path, "--replay", tmp_path), ("--record", tmp_path, "--record-plain", tmp_path)):
        given = [*COMMAND, "serve", "--config", str(demo.settings), *map(str, words)]
        done = subprocess.run(given, capture_output=True, text=True, timeout=60, cwd=Path.cwd())
        assert done.returncode == 2
        assert done.stderr == f"{words[0]} and {words[2]} exclude each other; give one of them\n"
