"""Check the names in the settings of records, whatever else is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ErrorType

from connectors.contract import ConnectorSettings, KeyKind
from connectors.errors import SettingsError
from connectors.records import RECORDS, Record
from connectors.toolkit.record_links import Link, link_problems

KEYS = "keys"
"""The setting of a record that has its lookups. Nothing else depends on it."""


class NamedSettings(ConnectorSettings):
    """The settings of a record, which name its fields. `link` leads to its page at the source."""

    link: Link | None = None

    def problems(self, record: type[Record]) -> Iterator[str]:
        """List names that the record does not have. They begin with the path below the record's settings."""
        raise NotImplementedError


def check_searches(searches: Mapping[KeyKind, bool], place: str) -> None:
    """Check that text, and no other kind of key, has several places to search in; `place` is the setting of a single one.

    Raises `SettingsError`.
    """
    missing, surplus = f"has no {place}s; give those to search in", f"{place}s is for text; give a {place}"
    problems = [
        f"{kind.value}: {missing if kind is KeyKind.TEXT else surplus}"
        for kind, is_search in searches.items()
        if is_search != (kind is KeyKind.TEXT)
    ]
    if problems:
        raise SettingsError(problems)


def check_names(model: type[NamedSettings]) -> WrapValidator:
    """Check the settings of several records against their types.

    Those whose types are wrong are checked as far as they go: else a key of one record would hide the fields of all.
    """

    def check(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
        try:
            records = validate(value)
        except ValidationError as error:
            problems = [problem for name, rules in _sound_parts(model, value) for problem in _problems(name, rules)]
            raise _with_problems(error, value, problems) from None
        problems = [problem for name, rules in records.items() for problem in _problems(name, rules)]
        if problems:
            raise SettingsError(problems)
        return records

    return WrapValidator(check)


def _problems(name: str, rules: NamedSettings) -> list[str]:
    record = RECORDS[name]
    of_link = (f"link: {problem}" for problem in link_problems(record, rules.link))
    return [f"{name}.{problem}" for problem in (*rules.problems(record), *of_link)]


def list_links(records: Mapping[str, NamedSettings]) -> dict[str, str]:
    """List the links that settings of records have, by record."""
    return {name: rules.link for name, rules in records.items() if rules.link is not None}


def _sound_parts(model: type[NamedSettings], value: Any) -> Iterator[tuple[str, NamedSettings]]:
    """Make the settings of each record from the parts that are sound by themselves."""
    for name, table in value.items() if isinstance(value, Mapping) else ():
        if name not in RECORDS or not isinstance(table, Mapping):
            continue
        parts: dict[str, Any] = {KEYS: {}}
        for part, adapter in _adapters(model).items():
            try:
                parts[part] = adapter.validate_python(table[part])
            except (KeyError, ValidationError):
                continue
        if all(part in parts for part, field in model.model_fields.items() if field.is_required()):
            yield name, model.model_construct(**parts)


@cache
def _adapters(model: type[BaseModel]) -> dict[str, TypeAdapter[Any]]:
    annotated: dict[str, Any] = {name: Annotated[field.annotation, field] for name, field in model.model_fields.items()}
    return {name: TypeAdapter(own) for name, own in annotated.items()}


def _with_problems(error: ValidationError, value: Any, problems: list[str]) -> ValidationError:
    errors = [
        InitErrorDetails(type=_error_type(item), loc=item["loc"], input=item["input"], ctx=item.get("ctx", {}))
        for item in error.errors()
    ]
    if problems:
        errors.append(InitErrorDetails(type="value_error", loc=(), input=value, ctx={"error": SettingsError(problems)}))
    return ValidationError.from_exception_data(error.title, errors, hide_input=True)


def _error_type(item: ErrorDetails) -> str | PydanticCustomError:
    """Name the type of an error: that of a validator's own is not known to pydantic, and has its words."""
    is_known = item["type"] in get_args(ErrorType)
    return item["type"] if is_known else PydanticCustomError(item["type"], item["msg"])
