"""Two workers of a gateway: an outage, and a rule that is edited and edited back, tell nobody. Who buys is told of."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.actions.test_action_kills import CHANGES, TAGS, ActingGateway, receiving_beside
from tests.support.acting_source import refuses
from tests.support.serve_process import ServeProcess, serve_process, wait_until

pytestmark = [pytest.mark.mongodb, pytest.mark.timeout(180)]

ROUNDS = 5
"""How often the tags expire while the orders are away."""

ANY = TAGS.replace("{tag: tier, from: LOW, to: HIGH}", "{tag: tier}")
EDITED = ANY.replace("version: 1", "version: 2").replace("orders > 0", "orders < 1")


def edit(acting: ActingGateway, gateway: ServeProcess, tags: str, value: str, reloads: int) -> None:
    """Write another file of tags, have it read, and ask for all until they have another value."""
    (acting.folder / "tags.yaml").write_text(tags, "utf-8")
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for("settings_loaded", reloads)
    wait_until(lambda: acting.ask_all(gateway) or acting.values() == {value: CHANGES}, f"all are {value}")


def test_neither_an_outage_nor_an_edited_rule_tells_anybody(tmp_path: Path, mongodb_uri: str, mongodb_database: str):
    """Any change of the tag would be told. All that is told is that those bought who consent, once each."""
    with receiving_beside() as receiver:
        acting = ActingGateway(tmp_path, mongodb_uri, mongodb_database, receiver.url)
        (tmp_path / "tags.yaml").write_text(ANY, "utf-8")
        with serve_process(acting.config, workers=2, path=tmp_path / "kinds") as gateway:
            gateway.wait_ready(2)
            wait_until(lambda: acting.ask_all(gateway) or acting.values() == {"LOW": CHANGES}, "all are LOW")
            (tmp_path / "away").touch()
            for _ in range(ROUNDS):
                acting.expire()
                acting.ask_all(gateway)
            (tmp_path / "away").unlink()
            wait_until(lambda: acting.ask_all(gateway) or acting.values() == {"LOW": CHANGES}, "all are LOW")
            edit(acting, gateway, EDITED, "HIGH", 2)
            edit(acting, gateway, ANY.replace("version: 1", "version: 3"), "LOW", 3)
            (tmp_path / "away").touch()
            acting.expire()
            acting.ask_all(gateway)
            (tmp_path / "away").unlink()
            wait_until(lambda: not acting.waiting(), "all that changed has left")
            assert receiver.taken == []
            (tmp_path / "bought").touch()
            acting.expire()
            wait_until(lambda: acting.ask_all(gateway) or acting.values() == {"HIGH": CHANGES}, "all are HIGH")
            wait_until(lambda: not acting.waiting(), "all is sent")
            causes = Counter(own["cause"] for document in acting.tags() for own in document["history"]["tier"])
    told = [(body["data"]["customer"]["id"], body["data"]["why"]["cause"]) for _, body in receiver.taken]
    assert sorted(told) == sorted((f"crm:{own}", "FACTS") for own in acting.ids if not refuses(own))
    assert causes == {"FIRST": CHANGES, "RULE": 2 * CHANGES, "FACTS": CHANGES}
