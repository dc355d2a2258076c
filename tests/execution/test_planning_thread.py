"""Plans of large new operations are made beside the loop, for who still waits for them."""

import asyncio
import threading

from graphql import ExecutionResult

from gateway.admission.caller_row import CallerRow
from gateway.admission.preparation_thread import LARGE_TOKENS, PreparationThread
from gateway.app import create_services
from gateway.context import RequestContext
from gateway.errors import OverloadedError
from gateway.execution.executor import Executor
from gateway.execution.schema_types import core_schema
from gateway.operations import Limits, Operations
from resolvers.schema import schema
from tests.support import shop
from tests.support.clocks import PATIENCE_S
from tests.support.gateway_server import settings_for

LARGE = f'{{ customer(by: {{id: "c1"}}) {{ {"name " * LARGE_TOKENS}}} }}'


async def test_a_plan_that_comes_too_late_is_not_made():
    """Who waits for the thread until his time is over is refused; the next one has his plan."""
    services = create_services(settings_for([shop.crm()]), connectors=[shop.crm()])
    executor, thread, held = Executor(schema, suggestions=False), PreparationThread(lambda: False), threading.Event()
    executor.preparation = thread
    row = CallerRow()

    def run(deadline_ms: int | None) -> asyncio.Task[object]:
        operation = Operations(core_schema(schema), limits=Limits(max_aliases=1_000)).prepare(LARGE, None)
        context = RequestContext(services, "a", services.stitcher(deadline_ms), row=row)
        return asyncio.ensure_future(executor.run(operation, {}, context))  # type: ignore[arg-type]

    holding = asyncio.create_task(thread.run(lambda: held.wait(PATIENCE_S), row))
    await asyncio.sleep(0)
    late, patient = run(1), run(60_000)
    await asyncio.sleep(0.01)
    held.set()
    results = await asyncio.gather(holding, late, patient, return_exceptions=True)
    thread.close()
    assert isinstance(results[1], OverloadedError)
    assert isinstance(results[2], ExecutionResult)
