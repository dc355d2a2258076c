"""An erased customer is removed from recordings, hidden or plain; what is about others stays."""

from pathlib import Path

import pytest

from connectors.contract import KeyKind
from gateway.identity.records import Key, RecordId
from gateway.replay.recording_erasure import erase_recorded
from gateway.replay.recording_files import read_lines
from tests.erasure.erased_people import WHO, people, values_in
from tests.support.gateway_server import gateway_on
from tests.support.recordings import recording

KEYS = [Key(KeyKind.EMAIL, "ana@example.com"), Key(KeyKind.EMAIL, "ana.work@example.org"), Key(KeyKind.PHONE, "+442079460000")]
RECORDS = [RecordId("crm", "7"), RecordId("desk", "u1"), RecordId("shop", "42")]


@pytest.mark.parametrize("plain", [False, True])
async def test_no_line_about_her_stays(tmp_path: Path, plain: bool):
    """Whatever she was asked for by. A second time there is nothing to remove."""
    folder = tmp_path / "recorded"
    async with gateway_on(recording(folder, people(), is_plain=plain)) as gateway:
        for by in ({"email": "ana@example.com"}, {"id": "shop:42"}, {"id": "crm:8"}):
            await gateway.data(WHO, {"by": by})
    before = {name: [*read_lines(folder, name)] for name in ("crm", "shop", "desk")}
    removed = erase_recorded(folder, KEYS, RECORDS, "--recordings")
    after = {name: [*read_lines(folder, name)] for name in before}
    assert removed == sum(map(len, before.values())) - sum(map(len, after.values())) > 5
    assert erase_recorded(folder, KEYS, RECORDS, "--recordings") == 0
    found = [row for lines in after.values() for line in lines for row in line.found]
    assert len({row["id"] for row in found}) == 1  # Li, by his id and his address
    assert any(row.get("name") == "Ana Souza" for line in before["crm"] for row in line.found) is plain
    if plain:
        assert found[0]["name"] == "Li"
        assert values_in("".join(path.read_text() for path in folder.glob("*.jsonl"))) == []
