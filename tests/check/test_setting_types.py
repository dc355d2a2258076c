"""Values of a type that TOML tells from the right one, and variables, which are texts whatever they set."""

import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import AwareDatetime, BaseModel, Field

from connectors.errors import ConfigurationError
from gateway.app import create_services
from gateway.settings import load_settings
from gateway.settings.types import VariableText, find_mistyped
from gateway.settings.validation import validate


class _Inner(BaseModel):
    count: int = 0
    path: str = ""


class _Model(BaseModel):
    whole: Annotated[int, Field(ge=1)] | None = None
    share: float = 0.0
    on: bool = False
    at: AwareDatetime | None = None
    either: int | str = 0
    range: tuple[int, float] = (0, 0)
    numbers: list[float] = []
    words: list[str] = []
    times: dict[str, Annotated[float, Field(gt=0)]] = {}
    inner: _Inner = _Inner()
    tables: dict[str, _Inner] = {}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"whole": "5"}, "whole: must be a whole number without quotes; write `whole = 5`"),
        ({"whole": " 5.0"}, "whole: must be a whole number without quotes; write `whole = 5`"),
        ({"whole": 5.0}, "whole: must be a whole number; write `whole = 5`"),
        ({"whole": True}, "whole: must be a whole number; write it in digits, without quotes"),
        ({"share": "2.50"}, "share: must be a number without quotes; write `share = 2.5`"),
        ({"share": False}, "share: must be a number; write it in digits, such as 2.5"),
        ({"on": "Yes"}, "on: must be true or false without quotes; write `on = true`"),
        ({"on": 0}, "on: must be true or false; write `on = false`"),
        ({"at": 1_782_820_800}, "at: must be a time; write it as in 2026-01-31T12:00:00Z"),
        ({"range": [1, "2"]}, "range.1: must be a number without quotes; write `2`"),
        ({"numbers": [1, "2"]}, "numbers.1: must be a number without quotes; write `2`"),
        ({"times": {"order": "60"}}, "times.order: must be a number without quotes; write `order = 60`"),
        ({"inner": {"count": "1"}}, "inner.count: must be a whole number without quotes; write `count = 1`"),
        ({"tables": {"a": {"count": "1"}}}, "tables.a.count: must be a whole number without quotes; write `count = 1`"),
        (
            {"tables": {"a": {"b": {"count": "1"}}}},
            "tables.a.b.count: must be a whole number without quotes; write `count = 1`",
        ),
    ],
)
def test_a_value_of_another_type_is_told_with_the_right_one(document: dict[str, Any], expected: str) -> None:
    """In tables, lists and tables of tables. It is the first problem of the setting."""
    (mistyped, *_) = validate(_Model, document).problems
    assert str(mistyped) == expected


@pytest.mark.parametrize(
    "document",
    [
        {"whole": 5, "share": 5, "on": True, "at": datetime(2026, 1, 31, tzinfo=UTC), "either": "5", "words": ["5", "true"]},
        {"inner": {"path": "5"}, "range": [1, 2], "times": {"order": 60}, "unknown": "5"},
        {"whole": VariableText("5"), "share": VariableText("2.5"), "on": VariableText("on"), "numbers": [VariableText("5")]},
    ],
)
def test_values_of_the_right_type_make_no_problem(document: dict[str, Any]) -> None:
    """Nor do variables, unknown settings and texts that look like numbers."""
    assert list(find_mistyped(_Model, document)) == []


def test_a_text_that_is_no_number_is_told_once() -> None:
    """There is no number to write then."""
    (problem,) = validate(_Model, {"whole": "many"}).problems
    assert str(problem) == "whole: must be a whole number; write it in digits, without quotes"


SETTINGS = """
deadline_ms = "${DEADLINE}"
introspection = "${OPEN}"

[sources.crm]
kind = "sql"
url = "sqlite+aiosqlite:///crm.db"
pool_size = POOL
retries = "${RETRIES}"
cache_s = { customer = "${SECONDS}" }

[sources.crm.records.customer]
query = "SELECT 1 AS id"
keys.customer_id = "id"
"""
VARIABLES = {"DEADLINE": "900", "OPEN": "false", "RETRIES": "1", "SECONDS": "2.5", "POOL": "7", "GATEWAY_TAGS__CACHE_S": "3"}


def test_variables_set_numbers(tmp_path: Path) -> None:
    """Those that stand in a text of the file, of the gateway and of a connector, and those on top of the file.

    Workers are handed the settings, and validate those of connectors.
    """
    path = tmp_path / "gateway.toml"
    path.write_text(SETTINGS.replace("POOL", '"${POOL}"'), encoding="utf-8")
    settings = load_settings(path, VARIABLES)
    crm = settings.sources["crm"]
    assert (settings.deadline_ms, settings.introspection, settings.tags.cache_s) == (900, False, 3.0)
    assert (crm.retries, crm.cache_s) == (1, {"customer": 2.5})
    of_worker = pickle.loads(pickle.dumps(settings))
    assert create_services(of_worker).sources.all[0].connector.settings.pool_size == 7


def test_a_text_in_a_source_is_refused_when_it_is_served(tmp_path: Path) -> None:
    """As `check` refuses it."""
    path = tmp_path / "gateway.toml"
    path.write_text(SETTINGS.replace("POOL", '"7"'), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        create_services(load_settings(path, VARIABLES))
    assert list(caught.value.problems) == [
        "sources.crm.pool_size: must be a whole number without quotes; write `pool_size = 7`",
    ]
