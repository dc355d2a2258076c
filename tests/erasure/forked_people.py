"""Ana and Li in sources of gateways with several workers, and what is left of her in MongoDB, in the spool and in the log."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
from pymongo import MongoClient

from tests.erasure.erased_people import ERASE, ERASURE_KEY, OPERATOR, OPERATOR_KEY, WHO
from tests.linkage.test_identity_commands import COMMAND
from tests.support.audit_trails import SECRET
from tests.support.kind_folder import write_kinds
from tests.support.paths import ROOT
from tests.support.serve_process import PATIENCE_S, ServeProcess, serve_process, wait_until
from tests.support.webhook_requests import SECRET as HOOK_SECRET
from tests.support.webhook_requests import of, signed

MADE = "2020-01-01T00:00:00Z"
ANA_CRM = {"id": "crm-ana-7001", "name": "Ana Souza", "email": "ana.souza@example.com", "created_at": MADE}
ANA_SHOP = {"id": "shop-ana-4200", "name": "A. Souza", "email": "Ana.Souza@Example.com", "created_at": MADE}
ANA_LATE = {"id": "late-ana-9900", "name": "A. M. Souza", "email": "ana.souza@example.com", "created_at": MADE}
LI = {"id": "crm-li-8001", "name": "Li Wei", "email": "li@example.com", "created_at": MADE}
VALUES = ("ana-7001", "ana-4200", "ana-9900", "souza")
"""What is hers, in small letters."""

SETTINGS = """
[mongodb]
uri = "{uri}"
database = "{database}"
timeout_ms = 20000

[identity]
secret = "what keys are digested with"
operators = {{ anna = "{operator_key}" }}

[erasure]
key = "{erasure_key}"

[audit]
key = "{audit_key}"
spool = "{folder}/spool"
"""
SOURCE = """
[sources.{name}]
kind = "people"
folder = "{folder}/{name}"
cache_s = {{ customer = 600 }}
retries = 0
breaker = {{ enabled = false }}
webhook = {{ secret = "{hook_secret}", key = "customer.id" }}
"""


class ForkedPeople:
    """A settings file with the sources `crm`, `shop` and `late`, and the database that its gateways use."""

    def __init__(self, folder: Path, uri: str, database: str) -> None:
        self.folder = folder
        self.spool = folder / "spool"
        self.config = folder / "gateway.toml"
        self.logs: list[ServeProcess] = []
        self._uri = uri
        self._database = database
        self.spool.mkdir()
        write_kinds(folder / "kinds", people="tests.support.people_source:PeopleSource")
        for name, people in {"crm": [ANA_CRM, LI], "shop": [ANA_SHOP], "late": []}.items():
            (folder / name).mkdir()
            (folder / name / "people.json").write_text(json.dumps(people), "utf-8")
        self.write_settings(uri)

    def write_settings(self, uri: str) -> None:
        words = {"uri": uri, "database": self._database, "folder": self.folder, "operator_key": OPERATOR_KEY}
        text = SETTINGS.format(**words, erasure_key=ERASURE_KEY, audit_key=SECRET)
        text += "".join(
            SOURCE.format(name=name, folder=self.folder, hook_secret=HOOK_SECRET) for name in ("crm", "shop", "late")
        )
        self.config.write_text(text, "utf-8")

    def take_late_away(self) -> None:
        """Have a source be down, and know her when it is back."""
        (self.folder / "late" / "people.json").write_text(json.dumps([ANA_LATE]), "utf-8")
        (self.folder / "late" / "down").touch()

    @contextmanager
    def serving(self) -> Iterator[ServeProcess]:
        """A gateway with two workers that have read the tombstones."""
        with serve_process(self.config, workers=2, path=self.folder / "kinds") as gateway:
            self.logs.append(gateway)
            gateway.wait_ready(2)
            wait_until(lambda: "ERASURES_UNKNOWN" not in codes_of(self.ask_by_all(gateway)), "the tombstones are read")
            yield gateway

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command on the settings."""
        imports = os.pathsep.join((str(ROOT), str(self.folder / "kinds")))
        return subprocess.run(
            [*COMMAND[:-1], *words, "--config", str(self.config)],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            env=os.environ | {"PYTHONPATH": imports},
        )

    def ask_by_all(self, gateway: ServeProcess, by: dict[str, str] | None = None) -> list[dict[str, Any]]:
        """The answers about a customer, until both workers have asked the source. Without a key they are about nobody."""
        called, answers = self.folder / "crm" / "called", list[dict[str, Any]]()
        called.unlink(missing_ok=True)

        def is_asked_by_both() -> bool:
            answers.append(ask(gateway, WHO, {"by": by or {"id": f"crm:{uuid4().hex}"}}))
            return called.exists() and set(called.read_text().split()) >= {*map(str, gateway.ready_pids())}

        wait_until(is_asked_by_both, "both workers ask the source")
        return answers

    def documents(self) -> dict[str, list[dict[str, Any]]]:
        """Every document of the database, by collection."""
        with MongoClient[dict[str, Any]](self._uri, timeoutMS=20_000) as client:
            database = client[self._database]
            return {name: [*database[name].find()] for name in database.list_collection_names()}

    def put_back(self, dump: dict[str, list[dict[str, Any]]], *, whole: bool) -> None:
        """Put documents in the place of their collections, or of the `whole` database."""
        with MongoClient[dict[str, Any]](self._uri, timeoutMS=20_000) as client:
            database = client[self._database]
            if whole:
                client.drop_database(self._database)
            for name, own in dump.items():
                database[name].drop()
                if own:
                    database[name].insert_many(own)

    def let_pass(self, time: timedelta) -> None:
        """Have what workers noted with a time be that much older."""
        with MongoClient[dict[str, Any]](self._uri, timeoutMS=20_000) as client:
            database = client[self._database]
            for collection, field in (("erasure_workers", "at"), ("leases", "until")):
                for own in database[collection].find():
                    database[collection].update_one({"_id": own["_id"]}, {"$set": {field: own[field] - time}})

    def wait_complete(self) -> dict[str, Any]:
        """The document of the one receipt when it is complete."""

        def receipt() -> dict[str, Any] | None:
            (own,) = self.documents()["erasures"]
            return own if own["state"] == "COMPLETE" else None

        found: dict[str, Any] = wait_until(receipt, "the erasure is complete")
        return found

    def values_left(self) -> dict[str, list[str]]:
        """The values of hers by where they are: a collection, a file of the spool, the log of a gateway."""
        places = {name: str(own) for name, own in self.documents().items()}
        places |= {path.name: path.read_text("utf-8") for path in self.spool.iterdir()}
        places |= {f"log {number}": "".join(own._written) for number, own in enumerate(self.logs)}
        found = {name: [value for value in VALUES if value in text.lower()] for name, text in places.items()}
        return {name: values for name, values in found.items() if values}


def ask(gateway: ServeProcess, query: str, variables: dict[str, Any], **headers: str) -> dict[str, Any]:
    """An answer on a connection of its own."""
    body = {"query": query, "variables": variables}
    answer: dict[str, Any] = httpx2.post(f"{gateway.url}/graphql", json=body, headers=headers, timeout=PATIENCE_S).json()
    return answer


def erase(gateway: ServeProcess, id_: str = f"crm:{ANA_CRM['id']}") -> dict[str, Any]:
    """Erase a customer, and give the receipt."""
    answer = ask(gateway, ERASE, {"id": id_}, **OPERATOR)
    assert "errors" not in answer, answer
    receipt: dict[str, Any] = answer["data"]["eraseCustomer"]
    return receipt


def tell_change(gateway: ServeProcess, source: str, id_: str) -> int:
    """Send the webhook of a customer. Gives the status of the answer."""
    body = json.dumps(of(id_)).encode()
    headers = {"x-signature": signed(body)}
    return httpx2.post(f"{gateway.url}/webhooks/{source}", content=body, headers=headers, timeout=PATIENCE_S).status_code


def codes_of(answers: list[dict[str, Any]]) -> set[str | None]:
    """The codes of the errors of answers; None for one without."""
    return {error["extensions"]["code"] for answer in answers for error in answer.get("errors", ())} | {
        None for answer in answers if "errors" not in answer
    }
