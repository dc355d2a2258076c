"""Every field of the schema against five callers: what the table says of it is what its caller gets."""

import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from graphql import is_interface_type, is_object_type

from gateway.app import create_services
from gateway.execution.masks import mask_of
from gateway.execution.schema_types import core_schema
from gateway.settings.access_settings import WAYS_IN, Visibility
from gateway.views.schema_classes import CURSORS
from gateway.views.view import View
from gateway.views.views import Views
from resolvers.schema import schema
from tests.support.clocks import StoppedClock
from tests.support.filled_people import sources_of_everything
from tests.support.gateway_server import gateway_on, settings_for
from tests.support.schema_paths import operation_to, values_of, way_to

SCHEMA = core_schema(schema)
ALL_KEYS = [*WAYS_IN]
SECRET = "a secret of hashes that is long enough"
CALLERS: dict[str, dict[str, Any]] = {
    "console": {},
    "storefront": {
        "sees": {
            "identifying": "shown",
            "contact": "masked",
            "personal": "shown",
            "behavioural": "shown",
            "commercial": "shown",
        },
        "find_by": ALL_KEYS,
    },
    "customer": {
        "sees": {"identifying": "shown", "contact": "shown", "personal": "shown", "free_text": "shown", "commercial": "shown"},
        "find_by": [kind for kind in ALL_KEYS if kind != "text"],
        "customers": ["crm:c1"],  # as a claim of his token says it
    },
    "insights": {
        "sees": {
            "identifying": "hashed",
            "contact": "hashed",
            "personal": "masked",
            "free_text": "masked",
            "behavioural": "shown",
            "commercial": "shown",
        },
        "find_by": ALL_KEYS,
    },
    "shipper": {"sees": {"contact": "shown", "commercial": "masked"}, "find_by": ["email", "order_id"]},
}
TABLE = Path(__file__).parent / "fields_by_caller.md"
REACHED = [name for name, kind in SCHEMA.type_map.items() if is_object_type(kind) and way_to(SCHEMA, name) is not None]
FIELDS = [f"{name}.{field}" for name in REACHED for field in SCHEMA.type_map[name].fields]  # type: ignore[attr-defined]


def words(caller: str = "console") -> dict[str, Any]:
    """Settings of a gateway whose requests are all of one caller."""
    return {"access": {"anonymous": caller, "hash_secret": SECRET}, "callers": CALLERS}


def views() -> dict[str, View | None]:
    sources = sources_of_everything()
    services = create_services(settings_for(sources, **words()), connectors=sources)
    made = Views(SCHEMA, schema.sdl, services.settings, services.tags.pack, services.router)
    return {name: made.view_of(name) for name in CALLERS}


def rows() -> Iterator[str]:
    decided = views()
    yield f"| field | {' | '.join(CALLERS)} |"
    yield "|---|" + "---|" * len(CALLERS)
    for where in sorted(
        [
            *FIELDS,
            *(f"{kind.name}.{name}" for kind in SCHEMA.type_map.values() if is_interface_type(kind) for name in kind.fields),
        ]
    ):
        cells = [
            Visibility.SHOWN if view is None or where not in view.hidden else view.fields[where].visibility
            for view in decided.values()
        ]
        yield f"| {where} | {' | '.join(cells)} |"


def test_the_table_is_that_of_the_schema():
    """Who adds a field sees here who will see it. `python -m tests.views.test_every_field` writes the table anew."""
    assert TABLE.read_text() == "\n".join(rows()) + "\n"


@pytest.mark.parametrize("caller", CALLERS)
async def test_every_field_is_as_the_table_says(caller: str):
    """Each field by the shortest way that its caller has; of what has none, the shortest of all."""
    view = views()[caller]
    hidden = {} if view is None else {where: view.fields[where] for where in view.hidden}
    found = [] if view is None or "Query.node" not in view.fields else view.fields["Query.node"].of.split(",")
    hidden_nodes = {("Query.node", name) for name in found}
    asked = reached = 0
    async with AsyncExitStack() as stack:
        whole = await stack.enter_async_context(gateway_on(sources_of_everything(), with_clock=StoppedClock(), **words()))
        shown = await stack.enter_async_context(gateway_on(sources_of_everything(), with_clock=StoppedClock(), **words(caller)))
        for where in FIELDS:
            type_name, _, name = where.partition(".")
            way = way_to(SCHEMA, type_name, lambda step: step[0] not in hidden and (step[0], step[2]) not in hidden_nodes)
            text = operation_to(SCHEMA, way or way_to(SCHEMA, type_name) or [], type_name, name)
            expected, answer = await whole.ask(text), await shown.ask(text)
            full, given = [*values_of(expected["data"])], [*values_of(answer.get("data"))]
            codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
            asked += 1
            around = way[-1][0].partition(".")[0] if way else ""
            decided = hidden.get(f"{around}/{where}" if where in CURSORS else where)
            if way is None or (decided is not None and decided.visibility is Visibility.WITHHELD):
                assert codes <= {"WITHHELD", "FORBIDDEN"}, (text, answer)
                assert codes or "node(" in text, text  # what is not his is as if it were not there
                assert not any(value is not None for value in given), (text, answer)
                continue
            reached += 1
            if "find(" in text:
                assert not codes, (text, answer)  # whom a caller finds hangs on his rights: tests/find tries them
                continue
            if type_name in ("Viewer", "ViewerPurpose"):
                assert not codes, (text, answer)  # who asks is another one for each: tests/access/test_viewer.py
                continue
            if re.search(r"\b(tags?|facts)\b", text) and view is not None and view.hidden_tags:
                assert codes <= {"WITHHELD"}, (text, answer)
                assert set(map(str, given)) <= {*map(str, full), "None"}, text
                continue
            assert codes == {error["extensions"]["code"] for error in expected.get("errors", ())}, (text, answer)
            if decided is None:
                assert given == full, text
            elif decided.visibility is Visibility.MASKED:
                assert given == [None if value is None else mask_of(decided.of)(value) for value in full], text
                assert given != full or not any(full), text
            else:
                assert view is not None
                assert view.hasher is not None
                assert given == [None if value is None else view.hasher(decided.of)(value) for value in full], text
    assert asked == len(FIELDS)
    assert reached > asked / 4


async def test_every_field_has_a_value_to_be_hidden():
    """Nothing is proved by a null: the sources give each field that some caller does not see."""
    empty = []
    hidden = {where for view in views().values() if view is not None for where in view.hidden}
    async with gateway_on(sources_of_everything(), **words()) as gateway:
        for where in sorted(hidden.intersection(FIELDS)):
            type_name, _, name = where.partition(".")
            answer = await gateway.ask(operation_to(SCHEMA, way_to(SCHEMA, type_name) or [], type_name, name))
            if not any(value is not None for value in values_of(answer["data"])):
                empty.append(where)
    without = {"PastIdentity", "WithheldLink", "Query", "CustomerIdentity"}
    without.add("Segment")  # counts need a store, and a file with segments: tests/tags/test_segments.py
    assert {where.partition(".")[0] for where in empty} <= without
    assert {where for where in empty if where[:5] in ("Query", "Custo")} <= {
        "Query.identityAsOf",
        "CustomerIdentity.reason",
        "CustomerIdentity.withheld",
    }


if __name__ == "__main__":
    TABLE.write_text("\n".join(rows()) + "\n")
