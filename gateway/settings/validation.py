"""Validate settings and find all their problems, also those that pydantic hides behind others.

A validator of a table does not run while a setting in the table is wrong. So what is wrong is left out, and the rest is
validated again, until nothing new is found.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from connectors.suggestions import nearest
from gateway.settings.messages import explain_error, explain_unknown, split_message
from gateway.settings.paths import Path, known_names, locate, without
from gateway.settings.types import find_mistyped

T = TypeVar("T", bound=BaseModel)

MAX_ROUNDS = 50
"""So often is a document validated, each time with less in it. Tables are not nested so deep."""


class SettingProblem(NamedTuple):
    """What is wrong with a setting, and how to put it right. `message` repeats no text that was set."""

    path: Path
    message: str

    def __str__(self) -> str:
        return f"{dotted(self.path) or 'document'}: {self.message}"


class Validated(NamedTuple):
    """The settings without what is wrong in them (None where too little is left), and all problems."""

    settings: Any
    problems: Sequence[SettingProblem]


def dotted(path: Path) -> str:
    """Write the path of a setting, as every message has it: `sources.shop.records.order.keys.email`."""
    return ".".join(map(str, path))


def validate(
    model: type[BaseModel],
    document: Mapping[str, Any],
    *,
    at: Path = (),
    unset: Collection[Path] = (),
    others: Collection[str] = (),
) -> Validated:
    """Validate a document that stands in the path `at`, but for what is `unset`: its values are not known.

    `others` are settings of its table that belong to somebody else.
    """
    mistyped = [own for own in find_mistyped(model, document) if not _is_below(own.path, unset)]
    problems = [SettingProblem((*at, *path), message) for path, message in mistyped]
    left_out = {*unset, *(own.path for own in mistyped)}
    for _ in range(MAX_ROUNDS):
        try:
            settings = model.model_validate(without(document, left_out))
        except ValidationError as error:
            wrong = list(_problems(model, document, error, left_out, others))
            told = [own for own in wrong if own.message and not _follows(own.path, left_out)]
            further = [SettingProblem((*at, *own.path), own.message) for own in told]
            problems += [problem for problem in dict.fromkeys(further) if problem not in problems]
            causes = {_cause(own, left_out) for own in wrong} - {(), *left_out}
            if not causes:
                break
            left_out |= causes
        else:
            return Validated(settings, problems)
    return Validated(None, problems)


class _Wrong(NamedTuple):
    """A problem of pydantic's. It has no message where another one tells of it."""

    path: Path
    message: str
    is_missing: bool


def _problems(
    model: type[BaseModel],
    document: Mapping[str, Any],
    error: ValidationError,
    left_out: Collection[Path],
    others: Collection[str],
) -> Iterator[_Wrong]:
    """List what pydantic found. A missing setting whose name is misspelt in the same table is told by the misspelling."""
    items = [(locate(document, item["loc"], left_out, item["type"]), item) for item in error.errors()]
    missing = {path for path, item in items if item["type"] == "missing"}
    misspelt: set[Path] = set()
    for path, item in items:
        if item["type"] == "extra_forbidden":
            names = {*known_names(model, path[:-1]), *(others if len(path) == 1 else ())}
            meant = nearest(str(path[-1]), sorted(names))
            misspelt |= {own for own in missing if own[:-1] == path[:-1] and own[-1] == meant}
            yield _Wrong(path, explain_unknown(str(path[-1]), names), is_missing=False)
    for path, item in items:
        if item["type"] == "missing":
            yield _Wrong(path, "" if path in misspelt else explain_error(item), is_missing=True)
        elif item["type"] != "extra_forbidden":
            causes = getattr(item.get("ctx", {}).get("error"), "problems", None)
            for text in causes or (None,):
                words = explain_error(item) if text is None else text
                inner, message = split_message(document, path, words)
                yield _Wrong(inner, message, is_missing=False)


def _follows(path: Path, left_out: Collection[Path]) -> bool:
    """Tell whether a problem may come of what was left out: it is about that, or about a table around it."""
    return any(cut[: len(path)] == path for cut in left_out)


def _is_below(path: Path, cuts: Collection[Path]) -> bool:
    return any(path[: len(cut)] == cut for cut in cuts)


def _cause(wrong: _Wrong, left_out: Collection[Path]) -> Path:
    """Choose what to leave out: the wrong value; the table, where it lacks something that nothing else tells of."""
    path = wrong.path
    if wrong.is_missing and wrong.message:
        path = path[:-1]
    while path and path in left_out:
        path = path[:-1]
    return path
