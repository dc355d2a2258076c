"""`check` names trusted documents that cannot be served, at the line of the setting."""

import json
from pathlib import Path

from tests.support.checked_settings import report_of

NO_FIELD = "Cannot query field 'nam' on type 'Source'. Did you mean 'name'? (line 1, column 13)"
NO_FILE = "cannot be read (No such file or directory); put it there, and let the gateway read it"
TRUSTED = '[documents]\ntrusted = "manifest.json"\n'


async def problems_of(folder: Path, text: str) -> list[str]:
    report = await report_of(folder, text)
    return [str(problem) for problem in report.problems]


async def test_documents_are_validated_against_the_schema(tmp_path: Path):
    """Each with its file and id, relative to the settings file; sound ones are no problem."""
    good, wrong = "{ sources { name } }", "{ sources { nam } }"
    (tmp_path / "manifest.json").write_text(json.dumps({"a": good}))
    assert await problems_of(tmp_path, TRUSTED) == []
    (tmp_path / "manifest.json").write_text(json.dumps({"a": good, "b": wrong}))
    assert await problems_of(tmp_path, TRUSTED) == [
        f"gateway.toml:2:1: documents.trusted: manifest.json: b: {NO_FIELD}; correct the client, or take the document out"
    ]


async def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    """With what to do."""
    assert await problems_of(tmp_path, TRUSTED) == [f"gateway.toml:2:1: documents.trusted: manifest.json: {NO_FILE}"]


async def test_documents_may_have_fields_of_ones_own(tmp_path: Path):
    """They are validated against the schema that is served; one that is badly declared hides nothing else."""
    own = '[fields.customer.tier]\ntype = "string"\ndescription = "Tier."\nclass = "commercial"\n'
    (tmp_path / "manifest.json").write_text(json.dumps({"a": '{ customer(by: {id: "c1"}) { tier } }'}))
    assert await problems_of(tmp_path, TRUSTED + own) == []
    (problem,) = await problems_of(tmp_path, TRUSTED)
    assert "Cannot query field 'tier' on type 'Customer'." in problem


async def test_a_step_of_the_ladder_needs_documents(tmp_path: Path):
    """At the line of the setting that has one."""
    assert await problems_of(tmp_path, '[documents]\nmode = "warn"\n') == [
        'gateway.toml:2:1: documents.mode: is "warn", and no document is trusted; add documents.trusted, or write "off"'
    ]
