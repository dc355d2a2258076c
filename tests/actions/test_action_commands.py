"""The commands about actions: counts, the dead, replay, drop and the report. They name no customer."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.actions.action_outcome import ActionOutcome, OutcomeKind
from gateway.cli import app
from gateway.settings import MongoSettings
from tests.support.acting_shop import ACTION, NO, YES, SendingClock, acting_words, change, deliver, people, tags_file
from tests.support.tag_shop import services_on
from tests.support.webhook_receiver import receiving

pytestmark = pytest.mark.mongodb

SETTINGS = """\
[mongodb]
uri = "{uri}"
database = "{database}"
timeout_ms = 20000

[sources.crm]
kind = "files"
folder = "."
"""


@pytest.fixture
def config(tmp_path: Path, mongodb_uri: str, mongodb_database: str) -> Path:
    path = tmp_path / "gateway.toml"
    path.write_text(SETTINGS.format(uri=mongodb_uri, database=mongodb_database), "utf-8")
    return path


def run(config: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["actions", *words, "--config", str(config)])
    return done.exit_code, done.output


async def fill(folder: Path, mongodb: dict[str, Any]) -> None:
    """Have 80 customers told of or held out, one who said no, and a webhook that is dead; some converted."""
    clock = SendingClock()
    names = [f"c{number}" for number in range(80)]
    async with receiving() as receiver:
        receiver.answers = lambda _: 410 if len(receiver.taken) == 1 else 200
        words = acting_words(receiver.url, tags_file(folder, ACTION + "    holdout: 0.5\n"), mongodb)
        async with services_on(people(**dict.fromkeys(names, YES), no=NO), clock=clock, **words) as services:
            assert services.store is not None
            await change(services, clock, *names, "no")
            await deliver(services)
            clock.advance(timedelta(days=1))
            for name in names[:40]:
                own = ActionOutcome(rule="welcome", records=[name], kind=OutcomeKind.CONVERTED, at=clock.now(), caller="c")
                await services.store.outcomes.add(own, clock.now())


def test_deliveries_are_counted_replayed_and_compared(tmp_path: Path, config: Path, mongodb_uri: str, mongodb_database: str):
    """As the store has them."""
    mongodb = MongoSettings(uri=mongodb_uri, database=mongodb_database, timeout_ms=20_000).model_dump()
    asyncio.run(fill(tmp_path, mongodb))
    code, text = run(config, "list", "--json")
    counts = {(own["state"], own["reason"]): own["count"] for own in json.loads(text)}
    assert (code, counts["DEAD", None], counts["LEFT_OUT", "consent"]) == (0, 1, 1)
    held = counts["LEFT_OUT", "holdout"]
    assert counts["SENT", None] == 79 - held
    assert "welcome: left_out (consent) 1\n" in run(config, "list")[1]
    dead = run(config, "list", "--dead")[1]
    assert ": http_410, 1 attempt, " in dead
    code, text = run(config, "report", "welcome", "--json")
    report = json.loads(text)
    assert (report["treated"]["customers"], report["holdout"]["customers"]) == (80 - held, held)
    assert report["treated"]["converted"] + report["holdout"]["converted"] == 40
    low, high = report["interval"]
    assert low < report["difference"] < high
    assert "difference: " in run(config, "report", "welcome")[1]
    assert run(config, "replay")[0] == 2
    assert run(config, "replay", "--id", dead.split()[0]) == (0, "1 deliveries are sent again.\n")
    assert run(config, "list", "--dead")[1] == ""
    assert run(config, "drop", "--rule", "welcome") == (0, "1 deliveries are deleted.\n")
    assert "too few customers" in run(config, "report", "other")[1]
