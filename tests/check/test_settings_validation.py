"""Problems that pydantic hides behind others."""

from typing import Annotated, Self

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors.errors import SettingsError
from gateway.settings.validation import validate


class _Key(BaseModel):
    model_config = ConfigDict(extra="forbid")

    path: str
    size: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _begins_with_slash(self) -> Self:
        if not self.path.startswith("/"):
            raise ValueError("path: must start with /; put it there")
        return self


class _Source(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: str
    ratio: float | None = None
    code: Annotated[str, Field(pattern="^[a-z]$")] = "a"
    keys: Annotated[dict[str, _Key], Field(min_length=1)] = {}
    parts: list[_Key] = []

    @model_validator(mode="after")
    def _two_at_once(self) -> Self:
        if self.url == "bad":
            raise SettingsError(["keys.a: has a problem; mend it", "url: has another; mend that"])
        return self


def problems_of(document, **words):
    return [str(problem) for problem in validate(_Source, document, **words).problems]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"url": "x"}, []),
        ({}, ["url: is missing; add it"]),
        ({"ulr": "x"}, ["ulr: is no setting; did you mean 'url'?"]),
        ({"url": "x", "zzz": 1}, ["zzz: is no setting; remove it, or correct its name"]),
        ({"url": 1}, ["url: must be text; put it in quotes"]),
        ({"url": "x", "ratio": "a"}, ["ratio: must be a number; write it in digits, such as 2.5"]),
        ({"url": "x", "code": "AB"}, ["code: has characters or a length that it may not have; it must fit ^[a-z]$"]),
        ({"url": "x", "keys": 1}, ["keys: must be a table; give it settings of its own"]),
        ({"url": "x", "parts": {}}, ["parts: must be a list; put its values in [ and ]"]),
        ({"url": "bad", "keys": {"a": {"path": "/"}}}, ["keys.a: has a problem; mend it", "url: has another; mend that"]),
    ],
)
def test_a_problem_is_told_in_our_words(document, expected):
    """By its path, with the fix. One misspelt name is one problem."""
    assert problems_of(document) == expected


def test_what_a_table_lacks_does_not_hide_what_its_settings_say():
    """Nor does a value of a wrong type, an unknown name, or an item of a list before."""
    document = {
        "url": "x",
        "keys": {"a": {"path": "a", "size": 0}, "b": {"path": "b", "sise": 3}, "c": {}},
        "parts": [{}, {"path": "d"}, {"path": "/", "size": "x"}, {"path": "e"}],
    }
    assert sorted(problems_of(document)) == [
        "keys.a.path: must start with /; put it there",
        "keys.a.size: is too small; give 1 or more",
        "keys.b.path: must start with /; put it there",
        "keys.b.sise: is no setting; did you mean 'size'?",
        "keys.c.path: is missing; add it",
        "parts.0.path: is missing; add it",
        "parts.1.path: must start with /; put it there",
        "parts.2.size: must be a whole number; write it in digits, without quotes",
        "parts.3.path: must start with /; put it there",
    ]


def test_what_is_not_known_makes_no_problem():
    """Neither by itself nor in the tables around it; others do."""
    assert problems_of({"keys": {"a": {"path": "a"}}}, unset=[("url",)]) == ["keys.a.path: must start with /; put it there"]
    assert problems_of({"url": "x", "keys": {"a": {}}}, unset=[("keys", "a", "path")]) == []


def test_settings_of_others_are_suggested():
    """Their names are known in the table, and they are no settings of the model."""
    assert problems_of({"url": "x", "retires": 3}, others=["retries"]) == ["retires: is no setting; did you mean 'retries'?"]


def test_the_path_of_the_whole_is_told():
    """Of a document that is a part of another one. The sound rest is given."""
    settings, problems = validate(_Source, {"url": "x", "ratio": "a"}, at=("sources", "crm"))
    assert [problem.path for problem in problems] == [("sources", "crm", "ratio")]
    assert settings == _Source(url="x")
