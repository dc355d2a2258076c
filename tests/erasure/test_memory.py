"""What is reachable in a worker after an erasure holds no value of the customer."""

import asyncio
import gc
import sys
import types
from collections.abc import Iterable
from typing import Any

import httpx2
import msgspec
import pytest

from connectors.testing import MemoryConnector
from gateway.app import create_app
from gateway.settings import MongoSettings
from tests.erasure.erased_people import SETTINGS as ERASURE
from tests.erasure.erased_people import VALUES, WHO, any_driver, code_of, erase, people
from tests.support.gateway_server import Gateway, settings_for

pytestmark = [pytest.mark.mongodb, any_driver]
CACHED = {"retries": 0, "cache_s": {"customer": 600, "order": 600, "ticket": 600}}
SKIPPED = (MemoryConnector, types.ModuleType, types.FrameType, types.CodeType)


def texts_from(roots: Iterable[Any]) -> dict[str, str]:
    """The texts with values of Ana in what can be reached, each with the types on the way.

    Sources have theirs, and are not looked into.
    """
    found: dict[str, str] = {}
    seen: set[int] = set()
    waiting: list[tuple[Any, tuple[Any, Any]]] = [(root, ()) for root in roots]
    test = asyncio.current_task()
    seen |= {id(test), id(test and test.get_coro())}
    while waiting:
        thing, path = waiting.pop()
        if id(thing) in seen or isinstance(thing, SKIPPED):
            continue
        seen.add(id(thing))
        if isinstance(thing, str | bytes):
            text = thing if isinstance(thing, str) else thing.decode("utf-8", "replace")
            if any(value in text for value in VALUES):
                found.setdefault(text[:500], _way(path))
            continue
        inner = gc.get_referents(thing)
        if isinstance(thing, msgspec.Struct):  # those without garbage collection tell of nothing
            inner += [getattr(thing, name) for name in thing.__struct_fields__]
        if isinstance(thing, types.FunctionType):  # the modules of the gateway are looked into by themselves
            inner = [own for own in inner if own is not thing.__globals__]
        waiting += [(own, (type(thing).__name__, path)) for own in inner]
    return found


def _way(path: Any) -> str:
    names = []
    while path and len(names) < 12:
        names.append(path[0])
        path = path[1]
    return " < ".join(names)


def roots_of(app: Any) -> list[Any]:
    """The application, and what modules of the gateway hold."""
    names = ("gateway", "connectors", "resolvers")
    modules = [own for name, own in sys.modules.items() if name.partition(".")[0] in names and ".testing" not in name]
    return [app, *(own for module in modules for name, own in vars(module).items() if name != "__doc__")]


async def test_no_value_is_reachable_in_a_worker(mongodb_settings: MongoSettings):
    """Answers of sources are cached for long, texts have literals: all of it is there before, and nothing after."""
    connectors = people()
    words = {"mongodb": mongodb_settings.model_dump(), "tags": {"cache_s": 600}, **ERASURE}
    app = create_app(settings_for(connectors, CACHED, **words), connectors=connectors)
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
            gateway, examples = Gateway(client), texts_from(roots_of(app)).keys()
            for by in ({"id": "crm:7"}, {"email": "ana@example.com"}, {"phone": "+442079460000"}):
                await code_of(gateway, by)
                ((kind, value),) = by.items()
                for _ in range(3):
                    literal = WHO.replace("($by: CustomerKey!)", "").replace("$by", f'{{{kind}: "{value}"}}')
                    assert "errors" not in await gateway.ask(literal)
            eraser = app.revision.services.eraser
            assert eraser is not None
            before = texts_from(roots_of(app))
            await erase(gateway)
            await code_of(gateway, {"id": "crm:7"})
            await eraser.worker.refresh()
            del literal, by, value
            gc.collect()
            after = texts_from(roots_of(app))
    assert all(any(value in text for text in before.keys() - examples) for value in ("ana@example.com", "Ana Souza", "crm:7"))
    assert {text: way for text, way in after.items() if text not in examples} == {}
