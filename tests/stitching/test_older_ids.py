"""Ids that a source no longer has: a record that states one is found by it, as one that took another's place."""

import pytest

from connectors.contract import KeyKind
from connectors.errors import SourceError, SourceRejectedError, SourceUnavailableError
from connectors.testing import MemoryConnector
from connectors.testing.memory import Call
from tests.stitching.test_known_customers import keeping, whole
from tests.support.gateway_server import gateway_on
from tests.support.known_people import ENDS, calls_of, knowing, person


def merged_contacts() -> tuple[MemoryConnector, MemoryConnector]:
    """Contact 5 of the CRM went into contact 7, and the shop still states 5. Both 8 and 9 say that they were 6."""
    crm = knowing("crm", [person("7", name="Ana", ids=["crm:5"]), person("8", ids=["crm:6"]), person("9", ids=["crm:6"])])
    return crm, knowing("shop", [person("42", name="A. Souza", ids=["crm:5"])])


@ENDS
async def test_a_customer_is_found_by_an_id_that_a_record_states(end: str):
    """With all records or one source's fields alone, one by one or together, and from the other source, too."""
    ana = {"id": "crm:7", "name": "Ana"}
    records = {"id": "crm:7", "identity": {"complete": True, "records": ["crm:7", "shop:42"]}}
    query = """{ alone: customer(by: {id: "crm:5"}) { id name } every: customer(by: {id: "crm:5"}) { WHO }
        node(id: "crm:5") { id ... on Customer { currentId } } shop: customer(by: {id: "shop:42"}) { WHO }
        many: customers(by: [{id: "crm:0"}, {id: "crm:5"}, {id: "crm:7"}]) { id name }
        two: customer(by: {id: "crm:6"}) { id } """
    async with gateway_on(merged_contacts(), identity={"max_turns": 3}) as gateway:
        data = await gateway.data(query.replace("WHO", "id identity { complete records }") + end)
    data.pop("__schema", None)
    assert data == {
        "alone": ana,
        "every": records,
        "node": {"id": "crm:5", "currentId": "crm:7"},
        "shop": records,
        "many": [None, ana, ana],
        "two": None,
    }


async def test_only_an_id_that_nobody_has_is_asked_for_as_one_that_is_stated():
    """A turn and a call more, at the source whose id it is."""
    crm, shop = merged_contacts()
    async with gateway_on([crm, shop]) as gateway:
        for id_ in ("crm:7", "crm:0"):
            await gateway.data(f'{{ customer(by: {{id: "{id_}"}}) {{ id }} }}')
    assert calls_of(crm, shop) == [
        [("customer_id", ("7",)), ("customer_id", ("0",)), ("customer_id", ("0",)), ("external_id", ("crm:0",))],
        [("external_id", ("crm:0",))],
    ]


class Unstating(MemoryConnector):
    """A source that fails where it is asked for ids that records state."""

    error: SourceError = SourceUnavailableError()

    async def _receive(self, call: Call) -> None:
        await super()._receive(call)
        if call[1] is KeyKind.EXTERNAL_ID:
            raise self.error


@ENDS
@pytest.mark.parametrize(
    ("error", "max_turns", "reason"),
    [
        (SourceUnavailableError(), 3, "SOURCE_UNAVAILABLE"),
        (SourceRejectedError(), 3, "KEY_REFUSED"),
        (None, 0, "OUT_OF_TURNS"),
    ],
)
async def test_an_id_is_nobodys_only_where_it_could_be_asked_who_states_it(
    error: SourceError | None, max_turns: int, reason: str, end: str
):
    """A customer keeps it, as while the whole source is down, and it is said that there may be more."""
    crm = knowing("crm", [person("7", name="Ana", ids=["crm:5"])], kind=MemoryConnector if error is None else Unstating)
    if isinstance(crm, Unstating) and error is not None:
        crm.error = error
    shop = knowing("shop", [person("42", name="A. Souza", ids=["crm:5"])])
    query = """{ alone: customer(by: {id: "crm:5"}) { id } node(id: "crm:5") { id }
        every: customer(by: {id: "crm:5"}) { id name identity { reason records } } """
    async with gateway_on([crm, shop], identity={"max_turns": max_turns}) as gateway:
        data = await gateway.data(query + end)
    assert (data["alone"], data["node"]) == ({"id": "crm:5"}, {"id": "crm:5"})
    identity = {"reason": reason, "records": ["crm:5", "shop:42"]}
    assert data["every"] == {"id": "crm:5", "name": "A. Souza", "identity": identity}


@pytest.mark.mongodb
async def test_what_is_stored_finds_it_as_well(mongodb_uri: str, mongodb_database: str):
    """Under the id that is stored beside its records, as from nothing."""
    async with keeping(merged_contacts(), mongodb_uri, mongodb_database) as services:
        for id_ in ("crm:5", "crm:5", "crm:7", "crm:5", "shop:42"):
            assert await whole(services, id_) == ["crm:7", "shop:42"]
