"""The plan and graphql-core give the same answer to the same operation: data, errors and their paths."""

import asyncio
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from random import Random
from typing import Any

import msgspec
import pytest
from graphql import DocumentNode, FieldNode, FragmentSpreadNode, GraphQLError, OperationDefinitionNode

from connectors import records as r
from connectors.contract import KeyKind
from connectors.own_fields import declare_fields
from connectors.testing import MemoryConnector
from connectors.testing.memory import Served
from connectors.toolkit.evaluation import encode_json
from gateway.app import create_services, opened
from gateway.context import RequestContext
from gateway.documents.error_behavior import ErrorBehavior
from gateway.documents.profiles import Profile
from gateway.errors import CallerError, ForbiddenError, SourceFailure
from gateway.execution.collect_fields import fragments_of
from gateway.execution.executor import Executor
from gateway.execution.plan import Plan
from gateway.operations import Limits, OperationError, Operations
from gateway.quota.cost import CostLimits
from gateway.views.document_variants import DocumentRewriter
from resolvers.schema import schema_with
from tests.support import shop
from tests.support.clocks import StoppedClock
from tests.support.gateway_server import gateway_on, settings_for
from tests.support.known_people import knowing, person
from tests.support.lying_connectors import FAILURES, Lying
from tests.support.operations import Operations as Drawn
from tests.support.page_links import add_links
from tests.support.random_own_fields import draw_own_fields, with_own_fields
from tests.support.random_views import draw_view

UNLIMITED = Profile(cost=CostLimits(10**12, 10**12), suggests=True)
OPERATIONS = int(os.environ.get("EQUALITY_OPERATIONS", "500"))
SHARDS = 10
TAGS = {"tag", "tags"}
BEHAVIORS = (None, ErrorBehavior.PROPAGATE, ErrorBehavior.NULL)
GENEROUS = Limits(
    max_depth=40,
    max_tokens=100_000,
    max_aliases=10_000,
    max_root_fields=10_000,
    max_fields=100_000,
    max_document_bytes=10**7,
    max_fragments=10_000,
    max_variables=10_000,
    max_object_values=10_000,
)


def compared(answer: Any, document: DocumentNode, beside: Collection[DocumentNode] = (), *, lying: bool) -> Any:
    """What is compared of an answer, without what chance decides. `beside` ran at the same time."""
    # Which errors of siblings are kept when the whole answer is null depends on who was first, in either executor.
    # So it is within an object that a required field has made null: of its errors the place of that object is compared.
    kept = [error for error in answer.errors or [] if answer.data is not None or error.path is None]
    data = msgspec.json.decode(encode_json(answer.data))
    whole = [error for error in kept if null_above(data, error.path) is None]
    lost = {str(null_above(data, error.path)) for error in kept} - {"None"}
    errors = [*sorted(map(shown, whole), key=str), *sorted(lost)]
    said = msgspec.json.decode(encode_json({"errors": errors, "failed": bool(answer.errors), "said": answer.extensions}))
    plain = {"data": data, **said}
    # A tag that is asked twice at once, by those beside too, is computed once, for whoever was first: the other's sources were
    # not asked. And a customer that stands in nodes and in edges is one: what one place asked by then, the other reports.
    tags, of_others = occurrences(document, TAGS), sum(occurrences(other, TAGS) for other in beside)
    several_tags = tags > 0 and tags + of_others > 1
    hidden = {"CustomerSource"} if several_tags or occurrences(document, {"edges"}) else set()
    hidden.add("SourceActivity")  # it counts the calls of the run before
    # Which tags are computed together is chance, too, and their facts make one question, of which the lies depend.
    return without(plain, hidden | {"Tag"} if several_tags and lying else hidden)


def null_above(data: Any, path: Sequence[str | int] | None) -> list[str | int] | None:
    """Find the null that stands above the place of an error, None where there is none."""
    for place, step in enumerate(path or ()):
        if data is None:
            return list(path or ())[:place]
        data = data[step]
    return None


def occurrences(document: DocumentNode, names: Collection[str]) -> int:
    """How often fields of these names stand in an operation, with its fragments put in place."""
    fragments = fragments_of(document)

    def count(node: Any) -> int:
        if isinstance(node, FragmentSpreadNode):
            return count(fragments[node.name.value])
        inner = sum(map(count, node.selection_set.selections)) if node.selection_set else 0
        return inner + (isinstance(node, FieldNode) and node.name.value in names)

    return sum(count(node) for node in document.definitions if isinstance(node, OperationDefinitionNode))


def without(value: Any, names: Collection[str]) -> Any:
    """A part of an answer without the objects of these types; each object says its type."""
    if isinstance(value, dict):
        return {key: without(inner, names) for key, inner in value.items() if not _is_one_of(inner, names)}
    if isinstance(value, list):
        return [without(one, names) for one in value if not _is_one_of(one, names)]
    return value


def _is_one_of(value: Any, names: Collection[str]) -> bool:
    return isinstance(value, dict) and value.get("__typename") in names


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Where two answers differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            yield from differences(one.get(key, "nothing"), other.get(key, "nothing"), f"{path}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, (inner, its) in enumerate(zip(one, other, strict=True)):
            yield from differences(inner, its, f"{path}[{place}]")
    elif one != other:
        yield f"{path}: {one!r} is not {other!r}"


def shown(error: GraphQLError) -> dict[str, Any]:
    cause = error.original_error
    return {**error.formatted, "cause": type(cause).__name__, "code": getattr(cause, "code", None)}


def sources(shard: int) -> list[Lying]:
    """The shop's sources: doing all that can be asked, or nothing of it and a key at a time, or with more of them.

    Then two have orders, and in every second such shard two have customers, some of whom are the same. In the others, as
    `order_settings` has it, the two know the same orders.
    """
    words: dict[str, Any] = {"pushdown": (), "measures": False, "max_batch": 1} if shard % 3 == 1 else {}
    honest = [*shop.sources_by_own_keys().values(), shop.sales()]
    found = [Lying(connector.name, connector.records, **words) for connector in honest]
    if shard % 3 == 2:
        found.append(Lying("store", shop.orders().records if shard % 6 == 2 else stating("orders", shop.ORDERS)))
    if shard % 6 == 2:
        found.append(Lying("club", club().records))
    return found


def stating(source: str, orders: Mapping[str, Sequence[r.Order]]) -> Served:
    """Write orders as another source has them: some of them with ids of its own, which state those of the source."""
    return {
        (r.Order, KeyKind.CUSTOMER_ID): {
            customer: [
                msgspec.structs.replace(
                    order, id=f"s{number}", channel="store", external_ids=[r.ExternalOrderId(source=source, id=order.id)]
                )
                if number % 2
                else order
                for number, order in enumerate(own)
            ]
            for customer, own in orders.items()
        }
    }


def order_settings(shard: int) -> dict[str, Any]:
    return {"order": {"priority": ["orders", "store"]}} if shard % 6 == 5 else {}


def club() -> MemoryConnector:
    """A second source of customers: two are known to the CRM by their addresses, one has an id that another has there."""
    ana = person("m1", name="Ana S.", email="ana@example.com", member_number="m", locale="pt-BR", ids=["a:b"])
    li = person("m2", email="li@example.com", address=r.Address(city="Berlin"), updated_at=shop.at(3))
    eva = person("c2", name="Eva", email="eva@example.com", phone="+4915550000001")
    orders = {(r.Order, KeyKind.CUSTOMER_ID): {"m1": [shop.order(7, "m1", 4)], "c2": [shop.order(8, "c2", 2)]}}
    return knowing("club", [ana, li, eva], also={**orders, (r.Customer, KeyKind.TEXT): {"ana li": [ana, eva]}})


def put_in_a_mood(connector: Lying, random: Random) -> tuple[str, str, int | None]:
    """Honest, failing or lying for one operation. Gives what would do the same again."""
    mood = random.choice(["honest", "honest", "failing", "lying", "lying"])
    connector.failure = random.choice(FAILURES) if mood == "failing" else None
    connector.seed = random.randrange(2**32) if mood == "lying" else None
    connector.calls.clear()
    return connector.name, repr(connector.failure), connector.seed


def is_ours(error: GraphQLError) -> bool:
    """Whether an error is neither of a source nor of the caller, but a mistake of ours that both executors make."""
    return not isinstance(error.original_error, SourceFailure | CallerError | GraphQLError | None)


@pytest.mark.parametrize("shard", range(3))
async def test_sources_tell_the_truth_until_they_lie(shard: int):
    """There would be nothing to compare in answers of sources that always fail."""
    async with gateway_on(sources(shard)) as gateway:
        data = await gateway.data(
            """{ customer(by: {email: "ana@example.com"}) { name orders { nodes { id } unavailable } tickets { unavailable }
            deals { nodes { id } } events { unavailable } sources { state } } }"""
        )
    customer = data["customer"]
    assert customer["name"] == "Ana Souza"
    assert {report["state"] for report in customer["sources"]} == {"FRESH"}
    assert [customer[name].get("unavailable", []) for name in ("orders", "tickets", "events")] == [[], [], []]
    assert customer["orders"]["nodes"]
    assert customer["deals"]["nodes"]


def runnable(operations: Operations, text: str, variables: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    return operations.prepare(text, None), variables


@pytest.mark.equality
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("shard", range(SHARDS))
async def test_both_executors_give_the_same_answers(shard: int):
    """Random operations on sources of which some fail and some lie: not one difference, and every operation has a plan.

    Most are run as a random view shows them.

    In every second shard records have random fields of one's own.
    """
    random = Random(shard)
    own = draw_own_fields(random, f"own_{shard}") if shard % 2 else ()
    declare_fields(own)
    typed = schema_with(own)
    drawn = Drawn(typed._schema, shard)
    operations = Operations(typed._schema, limits=GENEROUS)
    connectors = sources(shard)
    add_links(connectors[:: 1 + shard % 2])  # all of them, or every second one
    for connector in connectors if own else ():
        connector.records = with_own_fields(connector.records, own, random)
    services = create_services(
        settings_for(connectors, deadline_ms=60_000, **order_settings(shard), **shop.PINNED),
        connectors=connectors,
        clock=StoppedClock(),
    )
    executor = Executor(typed, suggestions=True, links=services.sources.links)
    rewriter = DocumentRewriter(typed._schema, typed.sdl)
    views = [None, *(draw_view(typed._schema, random) for _ in range(4))]
    ran = nulls = forbidden = 0
    async with opened(services):
        for _ in range(OPERATIONS // SHARDS):
            text, variables = drawn.draw()
            moods = [put_in_a_mood(connector, random) for connector in connectors]
            # Half of the operations share their calls with others of other selections, which are not compared.
            companions = [runnable(operations, *drawn.draw()) for _ in range(2)] if random.random() < 0.5 else []
            try:
                operation = operations.prepare(text, None)
            except OperationError as error:
                pytest.fail(f"the operation drawn is not valid: {error}\n{text}")
            view = random.choice(views)
            if view is not None:
                try:
                    operation, variables = rewriter.admit(operation, variables, view)
                except ForbiddenError:
                    forbidden += 1
                    continue
            hidden_tags = frozenset() if view is None else view.hidden_tags
            own_words = {"hidden_tags": hidden_tags, "profile": UNLIMITED, "error_behavior": random.choice(BEHAVIORS)}
            planned, *_ = await asyncio.gather(
                executor.run(
                    operation,
                    variables,
                    RequestContext(services, "a", services.stitcher(), **own_words),
                ),
                *(
                    executor.run(*beside, RequestContext(services, "c", services.stitcher(), profile=UNLIMITED))
                    for beside in companions
                ),
            )
            while any(source.batching.is_busy for source in services.sources.all):
                await asyncio.sleep(0)
            context = RequestContext(services, "b", services.stitcher(), **own_words)
            walked = await executor.run_unplanned(operation, variables, context)
            # An answer may come before a call that it turned out not to need: the next operation would share its lie.
            while any(source.batching.is_busy for source in services.sources.all):
                await asyncio.sleep(0)
            lying = any(connector.seed is not None for connector in connectors)
            others = [beside.document for beside, _ in companions]
            one, other = (compared(answer, operation.document, others, lying=lying) for answer in (planned, walked))
            found = list(differences(one, other))
            assert found == [], f"{text}\n{variables}\n{moods}"
            coerced = executor.coerced(operation, variables)
            assert isinstance(coerced, list) or isinstance(executor.plan(operation, coerced), Plan)
            assert [error.message for error in planned.errors or [] if is_ours(error)] == [], f"{text}\n{variables}\n{moods}"
            nulls += planned.data is None
            ran += 1
    assert ran + forbidden == OPERATIONS // SHARDS
    assert ran > forbidden / 2
    assert nulls < ran / 2
