"""Trusted documents are read anew by a reload, by all workers or by none."""

import json

import httpx2

from tests.serving.conftest import ProbeConfig
from tests.serving.test_reload import reload
from tests.support.serve_process import ServeProcess, serve_process, wait_until

QUERY = '{ customer(by: {id: "c1"}) { name } }'


def codes(gateway: ServeProcess, name: str) -> set[str]:
    """What becomes of a document's id, on connections to any worker."""
    found = set()
    for _ in range(20):
        with httpx2.Client(base_url=gateway.url, timeout=60) as client:
            answer = client.post("/graphql", json={"documentId": name}).json()
        found.add(answer["errors"][0]["extensions"]["code"] if "errors" in answer else "OK")
    return found


def test_documents_are_read_anew(probes: ProbeConfig):
    """A new one is served after a reload and a removed one is not; a bad one stops the reload, and is named."""
    trusted, more = probes.folder / "trusted", '[documents]\ntrusted = "trusted"\nmode = "require"'
    trusted.mkdir()
    (trusted / "web.json").write_text(json.dumps({"a": QUERY}))
    probes.write(crm="", more=more)
    with serve_process(probes.file, path=probes.kinds, workers=2) as gateway:
        gateway.wait_ready(2)
        assert (codes(gateway, "a"), codes(gateway, "b")) == ({"OK"}, {"DOCUMENT_NOT_FOUND"})
        (trusted / "web.json").write_text(json.dumps({"b": QUERY}))
        code, output, _ = reload(gateway)
        assert (code, output.splitlines()[1:]) == (0, ["documents"])
        wait_until(lambda: {worker["revision"] for worker in gateway.readiness()["workers"]} == {2}, "the new documents")
        assert (codes(gateway, "a"), codes(gateway, "b")) == ({"DOCUMENT_NOT_FOUND"}, {"OK"})
        (trusted / "app.json").write_text(json.dumps({"c": "{ gone }"}))
        code, _, problems = reload(gateway)
        assert code != 0
        assert "documents.trusted: app.json: c: Cannot query field 'gone' on type 'Query'." in " ".join(problems.split())
        assert codes(gateway, "b") == {"OK"}
        assert reload(gateway)[0] != 0
        (trusted / "app.json").unlink()
        assert "have not changed" in reload(gateway)[1] or reload(gateway)[0] == 0


def test_documents_that_are_wrong_stop_the_start(probes: ProbeConfig):
    """With exit code 2, and their problems."""
    (probes.folder / "web.json").write_text("{")
    probes.write(crm="", more='[documents]\ntrusted = "web.json"')
    with serve_process(probes.file, path=probes.kinds) as gateway:
        assert gateway.process.wait(100) == 2
        wait_until(lambda: "is not JSON" in "".join(gateway._written), "the problem")
