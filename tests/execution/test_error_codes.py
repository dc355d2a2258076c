"""Codes of errors as clients see them."""

from connectors.contract import KeyKind
from connectors.errors import SourceError
from connectors.records import Order
from connectors.testing import HostileConnector
from tests.support import shop
from tests.support.gateway_server import served, settings_for

QUERY = '{ customer(by: {id: "c1"}) { name orders { totalCount } sources { name errorCode } } }'


class TillsClosedError(SourceError):
    """Fail with a code that no page explains."""

    code = "TILLS_CLOSED"


async def test_a_code_that_a_connector_makes_up_is_that_of_any_source():
    """In the error and in `sources`, which would be null for what the enum does not have."""
    tills = HostileConnector("tills", {(Order, KeyKind.CUSTOMER_ID): {}})
    tills.raises = TillsClosedError()
    connectors = [shop.crm(), tills]
    async with served(settings_for(connectors), connectors=connectors) as gateway:
        answer = (await gateway.client.post("/graphql", json={"query": QUERY})).json()
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["customer", "orders"], "SOURCE_ERROR")
    assert answer["data"]["customer"] == {
        "name": "Ana Souza",
        "orders": None,
        "sources": [{"name": "crm", "errorCode": None}, {"name": "tills", "errorCode": "SOURCE_ERROR"}],
    }
