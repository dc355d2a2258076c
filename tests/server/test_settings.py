"""Settings: one file, the environment on top, every problem at once."""

from pathlib import Path

import pytest

from connectors.errors import ConfigurationError
from gateway.app import create_services
from gateway.lookups.connector_registry import build_connectors, connector_kinds
from gateway.settings import load_settings

FILE = """
deadline_ms = 1500
[sources.support]
kind = "http"
base_url = "${SUPPORT_URL}"
headers = { Authorization = "Bearer ${SUPPORT_TOKEN}" }
[sources.support.records.ticket.keys.email]
path = "/tickets?emails={keys}"
key = "email"
"""

VARIABLES = {"SUPPORT_URL": "http://127.0.0.1:9", "SUPPORT_TOKEN": "s3cret"}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_variables_fill_placeholders_and_override(tmp_path: Path):
    """`${NAME}` is replaced inside strings; `GATEWAY_*` wins over the file, two underscores step into a table."""
    overrides = {"GATEWAY_DEADLINE_MS": "900", "GATEWAY_MONGODB__URI": "mongodb://127.0.0.1:1", "PATH": "/bin"}
    settings = load_settings(written(tmp_path, FILE), VARIABLES | overrides)
    assert settings.deadline_ms == 900
    assert settings.mongodb is not None
    assert settings.mongodb.database == "profile_gateway"
    assert settings.sources["support"].connector_settings["headers"] == {"Authorization": "Bearer s3cret"}


def test_missing_variables_are_named_all_at_once(tmp_path: Path):
    """Each names the place and the variable."""
    with pytest.raises(ConfigurationError) as caught:
        load_settings(written(tmp_path, FILE), {})
    assert caught.value.problems == (
        "gateway.toml: sources.support.base_url: the variable SUPPORT_URL is not set; set it in the environment",
        "gateway.toml: sources.support.headers.Authorization: the variable SUPPORT_TOKEN is not set; set it in the environment",
    )


def test_unknown_keys_and_bad_values_are_named_all_at_once(tmp_path: Path):
    """Also an unknown variable of ours is an error; values are not repeated, for they may be secrets."""
    text = FILE.replace("deadline_ms = 1500", 'deadline_ms = "soon"\ndeadlines = 3')
    with pytest.raises(ConfigurationError) as caught:
        load_settings(written(tmp_path, text), VARIABLES | {"GATEWAY_MONGO__URI": "mongodb://user:pass@x"})
    problems = "\n".join(caught.value.problems)
    assert "gateway.toml: deadline_ms: " in problems
    assert "gateway.toml: deadlines: " in problems
    assert "GATEWAY_MONGO__URI: is no setting; did you mean 'mongodb'?" in problems
    assert len(caught.value.problems) == 3
    assert "pass" not in problems


def test_problems_of_all_sources_are_found_at_once(tmp_path: Path):
    """An unknown kind and a bad setting of another source come together."""
    text = FILE.replace("base_url", "base_ulr") + '\n[sources.crm]\nkind = "sqll"\n'
    settings = load_settings(written(tmp_path, text), VARIABLES)
    with pytest.raises(ConfigurationError) as caught:
        build_connectors(settings.sources)
    problems = caught.value.problems
    assert problems == (
        "sources.support.base_ulr: is no setting; did you mean 'base_url'?",
        "sources.crm.kind: there is no kind 'sqll'; did you mean 'sql'?",
    )


def test_problems_of_sources_and_tags_are_found_at_once(tmp_path: Path):
    """A bad source does not hide a bad tag file."""
    (tmp_path / "tags.yaml").write_text("facts: {}\ntagz: {}\n", encoding="utf-8")
    text = '[tags]\nfile = "tags.yaml"\n[sources.crm]\nkind = "sqll"\n'
    with pytest.raises(ConfigurationError) as caught:
        create_services(load_settings(written(tmp_path, text), {}))
    assert caught.value.problems[0].startswith("sources.crm.kind: ")
    assert any(problem.startswith("tags.yaml:2: ") for problem in caught.value.problems[1:])


def test_the_kinds_are_the_modules_of_connectors():
    """A kind is found by its file, which has its name; nothing else lists it."""
    kinds = connector_kinds()
    assert {"http", "sql", "hubspot", "stripe", "zendesk"} <= kinds.keys()
    for name, kind in kinds.items():
        assert name in kind.__module__.removeprefix("connectors.").removeprefix("vendors.").split(".")[0]
