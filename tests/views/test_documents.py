"""Documents as views show them: who asked first, what may be asked by, what is said, and the schema that is told."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from graphql import build_client_schema, build_schema, get_introspection_query, parse, print_schema, validate

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import ConfigurationError, SourceUnavailableError
from connectors.records import FieldClass
from connectors.testing import MemoryConnector
from gateway.execution.schema_types import core_schema
from gateway.settings.access_settings import WAYS_IN
from gateway.views.cursor_seal import NOT_SEALED
from gateway.views.schema_command import sdl_of_caller
from gateway.views.views import view_of_caller
from resolvers.schema import schema
from tests.support.caller_keys import SECRET, keys_in
from tests.support.clocks import StoppedClock
from tests.support.filled_people import sources_of_everything
from tests.support.gateway_server import Gateway, gateway_on, settings_for

ALL_KEYS = [*WAYS_IN]
SEES = {"identifying": "shown", "personal": "shown", "commercial": "shown"}
CALLERS: dict[str, Any] = {
    "console": {},
    "half": {"sees": SEES | {"contact": "masked", "free_text": "shown"}},
    "hashing": {"sees": SEES | {"contact": "hashed", "identifying": "hashed"}, "find_by": ALL_KEYS},
    "other": {"sees": SEES | {"contact": "hashed", "identifying": "hashed"}, "find_by": ALL_KEYS, "hash_group": "hashing"},
    "same": {"sees": SEES | {"contact": "hashed", "identifying": "hashed"}, "find_by": ALL_KEYS, "hash_group": "hashing"},
    "least": {"sees": {}, "find_by": ["customer_id"]},
}
EVERYTHING = [own.value for own in FieldClass if own is not FieldClass.TECHNICAL]
ACCESS = {"anonymous": "one", "hash_secret": SECRET}
TEXT = """query Q($key: CustomerKey!) { customer(by: $key) {
    name email address { line city country } contactPoints { kind value } deviceIds
    orders(first: 1) { nodes { number total { amount } } } tickets(first: 1) { nodes { subject } } } }"""
MANY = "query ($by: [CustomerKey!]!) { customers(by: $by) { kind } }"
LIFTED = '{ customer(by: {id: "%s"}) { name email } }'


@asynccontextmanager
async def of_one(name: str, **words: Any) -> AsyncIterator[Gateway]:
    """A gateway all of whose requests are one caller's."""
    access = {"anonymous": name, "hash_secret": SECRET}
    async with gateway_on(
        sources_of_everything(), with_clock=StoppedClock(), access=access, callers=CALLERS, **words
    ) as gateway:
        yield gateway


async def asked(gateway: Gateway, text: str, variables: Mapping[str, Any] | None = None, key: str | None = None) -> Any:
    headers = {"x-request-id": "r"} if key is None else {"x-request-id": "r", "authorization": f"Bearer {key}"}
    return await gateway.ask(text, variables, **headers)


@pytest.mark.parametrize("order", [*permutations(["console", "half", "least"]), ("hashing", "other", "same")])
async def test_who_asked_first_decides_nothing(order: tuple[str, ...], tmp_path: Path):
    """Each gets what he gets alone, however the same texts and outlines were run before, three times over."""
    variables = {"key": {"id": "c1"}}
    alone = {}
    for name in order:
        async with of_one(name) as gateway:
            alone[name] = [await asked(gateway, TEXT, variables), await asked(gateway, LIFTED % "c1")]
    keys, access = await keys_in(tmp_path, CALLERS)
    async with gateway_on(sources_of_everything(), with_clock=StoppedClock(), access=access, callers=CALLERS) as gateway:
        for _ in range(3):
            for name in order:
                await asked(gateway, LIFTED % "nobody", key=keys[name])
                together = [await asked(gateway, text, variables, keys[name]) for text in (TEXT, LIFTED % "c1")]
                assert together == alone[name], name
    assert len({json.dumps(answers) for answers in alone.values()}) == (2 if "same" in order else 3)


async def test_what_is_masked_or_withheld_is_so_in_all_places():
    """Texts in lists and parts; what is withheld is told once, with its path where it is the field of one object."""
    async with of_one("half") as gateway:
        answer = await asked(gateway, TEXT, {"key": {"id": "c1"}})
    customer = answer["data"]["customer"]
    assert customer["email"] == "a***@example.com"
    assert customer["address"] == {"line": "***", "city": "***", "country": "DE"}
    assert customer["contactPoints"] == [{"kind": "EMAIL", "value": "a***@example.com"}, {"kind": "PHONE", "value": "***78"}]
    assert customer["tickets"] is None
    (error,) = answer["errors"]
    assert error == {
        "message": "Customer.tickets is withheld from this caller",
        "locations": [{"line": 3, "column": 60}],
        "path": ["customer", "tickets"],
        "extensions": {"code": "WITHHELD", "requestId": "r"},
    }


@pytest.mark.parametrize(
    ("text", "variables", "where"),
    [
        ('{ customer(by: {email: "ana@example.com"}) { kind } }', {}, "CustomerKey.email"),
        ("query ($by: CustomerKey!) { customer(by: $by) { kind } }", {"by": {"email": "a@b.c"}}, "CustomerKey.email"),
        ("query ($e: String!) { customer(by: {email: $e}) { kind } }", {"e": "a@b.c"}, "CustomerKey.email"),
        (
            "query ($by: [CustomerKey!]!) { customers(by: $by) { kind } }",
            {"by": [{"id": "c1"}, {"phone": "1"}]},
            "CustomerKey.phone",
        ),
        ("query ($by: [CustomerKey!]!) { customers(by: $by) { kind } }", {"by": {"phone": "1"}}, "CustomerKey.phone"),
        ('query ($by: CustomerKey! = {phone: "1"}) { customers(by: [$by]) { kind } }', {}, "CustomerKey.phone"),
        ('{ customer(by: {id: "c1"}) { orders(filter: {status: [SHIPPED]}) { totalCount } } }', {}, "OrderFilter.status"),
        (
            '{ customer(by: {id: "c1"}) { orders(filter: {since: "2026-05-04T12:00:00Z"}) { totalCount } } }',
            {},
            "OrderFilter.since",
        ),
        ('{ customer(by: {id: "c1"}) { orders(order: OLDEST_FIRST) { totalCount } } }', {}, "Customer.orders(order)"),
        (
            'query ($f: OrderFilter) { customer(by: {id: "c1"}) { orderStatistics(filter: $f) { __typename } } }',
            {"f": {"until": "2026-05-04T12:00:00Z"}},
            "OrderFilter.until",
        ),
    ],
)
async def test_nobody_asks_by_what_he_does_not_see(text: str, variables: dict[str, Any], where: str):
    """By literals, variables and their defaults; no source is asked. Null is no value, and who sees it may ask."""
    async with of_one("least") as gateway:
        answer = await asked(gateway, text, variables)
        assert [(error["message"], error["extensions"]["code"]) for error in answer["errors"]] == [
            (f"{where}: this caller may not ask by it; leave it out", "FORBIDDEN")
        ]
        assert "data" not in answer
        assert (await asked(gateway, '{ customer(by: {id: "c1"}) { kind } }')) == {"data": {"customer": {"kind": "PERSON"}}}
    async with of_one("console") as gateway:
        codes = {error["extensions"]["code"] for error in (await asked(gateway, text, variables)).get("errors", ())}
        assert codes <= {"INVALID_KEY", "AMBIGUOUS_IDENTITY"}


@pytest.mark.parametrize(
    ("sees", "text", "where"),
    [
        ({"behavioural": "masked"}, 'tickets(after: "x") { totalCount }', "Customer.tickets(after)"),
        ({"commercial": "hashed"}, 'orders(after: "x") { totalCount }', "Customer.orders(after)"),
        ({"identifying": "hashed"}, 'account { members(after: "x") { totalCount } }', "Account.members(after)"),
        ({"identifying": "hashed"}, 'account { subsidiaries(after: "x") { totalCount } }', "Account.subsidiaries(after)"),
    ],
)
async def test_cursors_are_not_taken_from_who_gets_none(sees: dict[str, str], text: str, where: str):
    """Whoever made his own would find out, step by step, the time or the id of a record. With a secret they are sealed."""
    sees = {own: "masked" if how == "hashed" else how for own, how in (dict.fromkeys(EVERYTHING, "shown") | sees).items()}
    callers = {"one": {"sees": sees, "find_by": ALL_KEYS}}
    query = f'{{ customer(by: {{id: "c1"}}) {{ {text} }} }}'
    async with gateway_on(sources_of_everything(), access={"anonymous": "one"}, callers=callers) as gateway:
        answer = await asked(gateway, query)
    assert [error["message"] for error in answer["errors"]] == [f"{where}: this caller may not ask by it; leave it out"]
    async with gateway_on(sources_of_everything(), access=ACCESS, callers=callers) as gateway:
        answer = await asked(gateway, query)
    assert [error["message"] for error in answer["errors"]] == [NOT_SEALED]


@pytest.mark.parametrize("how", ["masked", "hashed", "withheld"])
async def test_what_tells_by_what_it_finds_is_withheld_where_that_is_not_shown(how: str):
    """A search finds a masked name letter by letter, and the order of the timeline tells times."""
    callers = {"one": {"sees": dict.fromkeys(EVERYTHING, "shown") | {"contact": how, "behavioural": how}, "find_by": ALL_KEYS}}
    sources = sources_of_everything()
    async with gateway_on(sources, access=ACCESS, callers=callers) as gateway:
        answer = await asked(gateway, '{ searchCustomers(text: "ana li") { totalCount } }')
        assert (answer["data"], answer["errors"][0]["extensions"]["code"]) == ({"searchCustomers": None}, "WITHHELD")
        assert [call for source in sources for call in source.calls] == []
        answer = await asked(gateway, '{ customer(by: {id: "c1"}) { timeline { nodes { __typename } } } }')
        assert answer["data"] == {"customer": {"timeline": None}}


async def test_what_is_not_his_is_as_if_it_were_not_there():
    """A record of a class that is withheld, found by its id; none of its type is asked for."""
    callers = {"one": {"sees": dict.fromkeys(EVERYTHING, "shown") | {"behavioural": "withheld"}, "find_by": ALL_KEYS}}
    sources = sources_of_everything()
    async with gateway_on(sources, access=ACCESS, callers=callers) as gateway:
        asking = '{ node(id: "%s") { __typename ... on Order { source } ... on Ticket { subject } } %s }'
        for beside in ("", 'x: __type(name: "Money") { name }'):
            own, nobodys = [await asked(gateway, asking % (id_, beside)) for id_ in ("support:t1", "support:nobody")]
            assert own == nobodys
            assert own["data"]["node"] is None
            order = await asked(gateway, asking % ("orders:oc11", beside))
            assert order["data"]["node"] == {"__typename": "Order", "source": "orders"}
    assert {call[0].__name__ for source in sources for call in source.calls} & {"Ticket", "Event", "Survey"} == set()


@pytest.mark.parametrize("how", ["withheld", "hashed"])
async def test_what_is_withheld_is_not_asked_for(how: str):
    """Nor in parts of which something else is shown, or nothing; what is hashed is.

    Where several sources know customers, a part is merged as a whole, and asked for so.
    """
    callers = {"one": {"sees": dict.fromkeys(EVERYTHING, "shown") | {"contact": how, "free_text": how}, "find_by": ALL_KEYS}}
    sources = [source for source in sources_of_everything() if source.name != "club"]
    texts = ("address { line }", "address { __typename }", "address { city country }", "name email", "contactPoints { value }",
        "tickets { nodes { messages { body } } }", "tickets { nodes { subject messages { __typename } } }")  # fmt: skip
    async with gateway_on(sources, access=ACCESS, callers=callers) as gateway:
        for text in texts:
            await asked(gateway, f'{{ customer(by: {{memberNumber: "m"}}) {{ {text} }} }}')
    fetched = repr([call[3] for source in sources for call in source.calls])
    hidden = [name for name in ("line", "city", "postal_code", "subject", "body") if f"'{name}'" in fetched]
    assert hidden == ([] if how == "withheld" else ["line", "city", "subject", "body"])


async def test_a_text_has_other_hashes_in_other_fields():
    """Else who asks for a number as an id, while a source is down, would get its hash. Ids of records are alike everywhere."""
    callers = {"one": {"sees": dict.fromkeys(EVERYTHING, "hashed"), "find_by": ALL_KEYS}}
    async with gateway_on(sources_of_everything(), access=ACCESS, callers=callers) as gateway:
        answer = await asked(gateway, '{ customer(by: {id: "c1"}) { id currentId memberNumber email identity { records } } }')
        node = await asked(gateway, '{ node(id: "crm:c1") { id } }')
    sources = sources_of_everything()
    for source in sources:
        source.failure = SourceUnavailableError()
    customer = answer["data"]["customer"]
    assert {customer["id"], customer["currentId"], node["data"]["node"]["id"]} == {customer["identity"]["records"][0]}
    async with gateway_on(sources, access=ACCESS, callers=callers) as gateway:
        for text, name in (("ana@example.com", "email"), ("m", "memberNumber")):
            oracle = await asked(gateway, f'{{ customer(by: {{id: "crm:{text}"}}) {{ id sourceId }} }}')
            assert customer[name] not in json.dumps(oracle), name


def test_a_name_is_no_group():
    """A caller who has the name of a group does not share its hashes."""
    callers = {"a": {"sees": {"contact": "hashed"}}, "b": {"sees": {"contact": "hashed"}, "hash_group": "a"}}
    settings = settings_for(sources_of_everything(), access=ACCESS | {"anonymous": "a"}, callers=callers)
    views = [view_of_caller(core_schema(schema), settings, name) for name in callers]
    hashes = {view.hasher("Customer.email")("x") for view in views if view.hasher}
    assert len(hashes) == 2


async def test_where_null_may_not_stand_the_object_is_withheld():
    """As far up as it goes; where it does not, the request is refused and says which field it is."""
    async with of_one("least") as gateway:
        answer = await asked(gateway, '{ customer(by: {id: "c1"}) { kind contactPoints { kind value } id } }')
        assert answer["data"] == {"customer": None}
        answer = await asked(gateway, '{ customer(by: {id: "c1"}) { kind contactPoints { kind value } } }')
        assert answer["data"] == {"customer": {"kind": "PERSON", "contactPoints": None}}
        answer = await asked(gateway, '{ customers(by: [{id: "c1"}]) { id } }')
        assert (
            answer["errors"][0]["message"] == "Customer.id: it is withheld from this caller, and may not be null; leave it out"
        )


async def test_tags_are_given_where_their_facts_are_shown():
    """Those that are left out are named; one that is asked for by its key is an error of its field."""
    async with of_one("half") as gateway:
        answer = await asked(
            gateway,
            """{ customer(by: {id: "c1"}) {
                tags { key } one: tag(key: "satisfaction") { key } two: tag(key: "value_tier") { key } } }""",
        )
    customer = answer["data"]["customer"]
    assert (customer["one"], customer["two"]) == (None, {"key": "value_tier"})
    assert "satisfaction" not in [tag["key"] for tag in customer["tags"]]
    messages = [error["message"] for error in answer["errors"]]
    assert messages[0] == "Customer.tag: `satisfaction` is withheld from this caller"
    assert messages[1].startswith("Customer.tags: withheld from this caller are ")
    assert "satisfaction" in messages[1]


async def test_origins_do_not_tell_what_is_masked():
    """Only the fields that are shown as they are have one."""
    async with of_one("half") as gateway:
        answer = await asked(gateway, '{ customer(by: {id: "c1"}) { name email origins { field others { value } } } }')
    assert [origin["field"] for origin in answer["data"]["customer"]["origins"]] == ["name"]


@pytest.mark.parametrize("name", ["half", "hashing", "least"])
async def test_a_caller_is_told_the_schema_that_he_sees(name: str):
    """By introspection, with all else that he asks beside it, and on the command line. Nobody else is told it."""
    async with of_one(name) as gateway:
        told = await asked(gateway, get_introspection_query(specified_by_url=True, one_of=True))
        types = await asked(
            gateway,
            """{ __type(name: "Customer") { fields { name } }
                __schema { types { possibleTypes { name fields { name } } } } }""",
        )
    settings = settings_for(sources_of_everything(), access={"anonymous": name, "hash_secret": SECRET}, callers=CALLERS)
    sdl = sdl_of_caller(name, settings, core_schema(schema), schema.sdl)
    built = build_schema(sdl)
    assert print_schema(build_client_schema(told["data"])) == print_schema(built)
    customer: Any = built.type_map["Customer"]
    fields = [field["name"] for field in types["data"]["__type"]["fields"]]
    assert fields == [*customer.fields]
    for kind in types["data"]["__schema"]["types"]:
        for one in kind["possibleTypes"] or ():
            shown: Any = built.type_map[one["name"]]
            assert [field["name"] for field in one["fields"]] == [*shown.fields]
    assert ("email" in fields) is (name != "least")
    if name == "half":
        assert "  email: String @masked" in sdl
    assert validate(built, parse("{ sources { name } }")) == []


def test_the_schema_of_nobody_is_refused():
    """The message says what to add, or names the callers that there are."""
    settings = settings_for(sources_of_everything(), access={"anonymous": "half", "hash_secret": SECRET}, callers=CALLERS)
    for caller, given, problem in (
        ("half", None, "--caller: is one of the settings; add --config"),
        ("haf", settings, "--caller: no caller has the name 'haf'; did you mean 'half'?"),
    ):
        with pytest.raises(ConfigurationError) as refused:
            sdl_of_caller(caller, given, core_schema(schema), schema.sdl)
        assert [*refused.value.problems] == [problem]


async def test_a_report_shows_everything_and_tells_what_would_not_be_shown():
    """So a view can be tried on the callers that there are."""
    text = '{ customer(by: {email: "ana@example.com"}) { email kind tags { key } tickets { totalCount } } }'
    access = {"anonymous": "half", "hash_secret": SECRET}
    callers = CALLERS | {"half": CALLERS["half"] | {"find_by": ["member_number"]}}
    words: dict[str, Any] = {"with_clock": StoppedClock(), "callers": callers}
    async with gateway_on(sources_of_everything(), access=access | {"mode": "report"}, **words) as gateway:
        told = await asked(gateway, text)
        quiet = await asked(gateway, '{ customer(by: {memberNumber: "m"}) { kind } }')
    async with of_one("console") as gateway:
        whole = await asked(gateway, text)
    hidden = [own["tag"] for own in told["extensions"]["access"] if "tag" in own]
    assert told["data"] == whole["data"]
    assert told["extensions"]["access"] == [
        {"field": "Customer.email", "is": "masked"},
        {"field": "Customer.tickets", "is": "withheld"},
        {"field": "CustomerKey.email", "is": "refused"},
        *({"tag": key, "is": "withheld"} for key in hidden),
    ]
    assert "satisfaction" in hidden
    assert quiet == {"data": {"customer": {"kind": "PERSON"}}}


async def test_keys_find_where_their_class_is_shown():
    """Unless the settings say by which a caller may find: else a masked address is guessed, a hundred at a time."""
    callers = {"one": {"sees": {"identifying": "shown", "contact": "masked"}}}
    async with gateway_on(sources_of_everything(), access=ACCESS, callers=callers) as gateway:
        for by, is_found in (
            ('{id: "c1"}', True),
            ('{memberNumber: "m"}', True),
            ('{email: "ana@example.com"}', False),
            ('{orderId: "orders:oc11"}', False),
        ):
            answer = await asked(gateway, f"{{ customer(by: {by}) {{ kind }} }}")
            assert ("data" in answer) is is_found, by


@pytest.mark.parametrize("beside", ["", 'x: __type(name: "Money") { name }'])
async def test_a_part_is_not_told_by_what_is_withheld_of_it(beside: str):
    """An address that has a street alone is none for who sees regions alone."""
    callers = {"one": {"sees": {"personal": "shown"}, "find_by": ["customer_id"]}}
    found = {}
    for name, address in (("street", r.Address(line="1 Main Street")), ("region", r.Address(region="Bavaria"))):
        customers = {"c1": [r.Customer(id="c1", address=address)]}
        sources = [MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): customers})]
        async with gateway_on(sources, access=ACCESS, callers=callers) as gateway:
            for text in ("region", "__typename", "city"):
                answer = await asked(gateway, f'{{ customer(by: {{id: "c1"}}) {{ address {{ {text} }} }} {beside} }}')
                found[name, text] = answer["data"]["customer"]["address"]
    assert [found["street", text] for text in ("region", "__typename", "city")] == [None] * 3
    assert found["region", "region"] == {"region": "Bavaria"}
    assert found["region", "__typename"] == {"__typename": "Address"}
    assert found["region", "city"] == {"city": None}


async def test_what_withholds_an_object_is_named():
    """The path is that of the object, the message says which field may not be null."""
    async with of_one("least") as gateway:
        answer = await asked(gateway, '{ customer(by: {id: "c1"}) { kind id } }')
    (error,) = answer["errors"]
    assert error["message"] == "Query.customer is withheld from this caller, as Customer.id is, which may not be null"


async def test_no_argument_is_none():
    """Null and a variable that is not given ask by nothing; one that has a default asks by that."""
    text = 'query ($a: String%s) { customer(by: {id: "c1"}) { kind tickets(after: $a) { totalCount } } }'
    callers = {"one": {"sees": dict.fromkeys(EVERYTHING, "shown") | {"behavioural": "masked"}, "find_by": ALL_KEYS}}
    async with gateway_on(sources_of_everything(), access=ACCESS, callers=callers) as gateway:
        for given in ({}, {"a": None}):
            assert (await asked(gateway, text % "", given))["data"]["customer"]["tickets"] == {"totalCount": 3}
        for default, given in ((' = "x"', {}), ("", {"a": "x"})):
            answer = await asked(gateway, text % default, given)
            assert [error["extensions"]["code"] for error in answer["errors"]] == ["INVALID_ARGUMENT"]


async def test_who_belongs_to_an_account_is_not_told_by_its_lists():
    """With `members` they would have more."""
    callers = {"one": {"sees": dict.fromkeys(EVERYTHING, "shown") | {"identifying": "withheld"}, "find_by": ALL_KEYS}}
    async with gateway_on(sources_of_everything(), access=ACCESS, callers=callers) as gateway:
        answer = await asked(gateway, '{ account(id: "crm:a1") { orders(members: true) { totalCount } } }')
        assert answer["errors"][0]["message"].startswith("Account.orders(members): ")
        answer = await asked(gateway, '{ account(id: "crm:a1") { orders { totalCount } } }')
        assert answer == {"data": {"account": {"orders": {"totalCount": 3}}}}
