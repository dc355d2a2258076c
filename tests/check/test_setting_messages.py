"""Problems with any setting of any kind of source are told in words: no regular expression, and nothing of pydantic's."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from gateway.lookups.connector_registry import connector_kinds
from gateway.replay.fault_settings import FaultSettings
from gateway.settings import Settings
from gateway.settings.paths import Path
from gateway.settings.validation import validate

WRONG = [
    *(-1, 5, 10**9, 10**30, 1.5, float("inf"), True, "", "5", "x y/$.", "a\nb", datetime(2026, 1, 1), date(2026, 1, 1)),  # noqa: DTZ001
    *([], [5], ["x y/$."], [1, 2, 3], [{}], {}, {"x y": 5}, {"x": {"y": {"z": "$"}}}),
]
"""Each is wrong for many settings."""
NAMES = ("order", "email", "nothing")
"""What a table of any names is tried with: a record, a kind of key, and neither."""
FOREIGN = re.compile(r"Input|Value error|should|\bvalid\b|validation|[a-z]+_[a-z]+\)|\[A-Z|\\d|\\w|\{\d|\^|\)\?")
MODELS = {"gateway": Settings, "faults": FaultSettings} | {
    kind: connector.settings_type for kind, connector in connector_kinds().items()
}


def paths_of(type_: Any, path: Path = ()) -> Iterator[Path]:
    """Every setting below a type. Of a list it is the first value."""
    origin, arguments = get_origin(type_), get_args(type_)
    if origin is Annotated:
        yield from paths_of(arguments[0], path)
    elif origin in (Union, UnionType):
        for own in arguments:
            yield from paths_of(own, path)
    elif origin is dict:
        for name in NAMES:
            yield (*path, name)
            yield from paths_of(arguments[1], (*path, name))
    elif origin in (list, tuple):
        yield (*path, 0)
        yield from paths_of(arguments[0], (*path, 0))
    elif isinstance(type_, type) and issubclass(type_, BaseModel):
        for name, field in type_.model_fields.items():
            yield (*path, name)
            yield from paths_of(field.annotation, (*path, name))


def document_with(path: Path, value: Any) -> Any:
    for step in reversed(path):
        value = [value] if step == 0 else {step: value}
    return value


@pytest.mark.parametrize("kind", MODELS)
def test_a_wrong_value_is_told_in_words(kind: str) -> None:
    """Whatever the setting is and the value."""
    told = {
        problem.message
        for path in dict.fromkeys(paths_of(MODELS[kind]))
        for value in WRONG
        for problem in validate(MODELS[kind], document_with(path, value)).problems
    }
    assert len(told) > 10
    assert sorted(message for message in told if FOREIGN.search(message)) == []
