"""Read the faults to inject: one TOML file, checked as settings are."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from connectors.contract import Connector, KeyKind, RecordName
from connectors.errors import SOURCE_ERRORS, ConfigurationError
from connectors.records import RECORDS, Record
from connectors.suggestions import did_you_mean
from gateway.settings.toml_files import checked, read_toml
from gateway.settings.validation import SettingProblem, dotted

Lookups = Mapping[str, Sequence[tuple[type[Record], KeyKind]] | None]
"""Of each source, as far as they are known."""

EFFECTS = ("delay_ms", "error", "wrong_data", "hang")


class WrongData(StrEnum):
    """How an answer is spoilt.

    A field of its first record is left out or has a wrong type, the order of its records is changed, or its end is cut off.
    """

    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    SHUFFLED = "shuffled"
    TRUNCATED = "truncated"


def _as_range(value: Any) -> Any:
    return (value, value) if type(value) in (int, float) else value


def _known_code(code: str) -> str:
    if code not in SOURCE_ERRORS:
        raise ValueError(f"'{code}' is no code of a source{did_you_mean(code, SOURCE_ERRORS)}")
    return code


Milliseconds = Annotated[float, Field(ge=0, le=600_000)]
Delay = Annotated[tuple[Milliseconds, Milliseconds], BeforeValidator(_as_range)]


class Fault(BaseModel):
    """Describe one fault, for a share of a source's keys. It may be for one kind of its lookups."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    record: RecordName | None = None
    """Only lookups of this record."""
    by: KeyKind | None = None
    """Only lookups by this kind of key."""
    share: Annotated[float, Field(ge=0, le=1)] = 1.0
    """How many of the keys it hits."""
    delay_ms: Delay | None = None
    """So much longer takes the call, or a time between two."""
    error: Annotated[str, AfterValidator(_known_code)] | None = None
    """The code of the error that is given."""
    wrong_data: WrongData | None = None
    """How the answer is spoilt."""
    hang: bool = False
    """The call never ends."""

    @model_validator(mode="after")
    def _has_one_effect(self) -> Self:
        if sum(bool(getattr(self, name)) for name in EFFECTS) != 1:
            fix = f"give one of {', '.join(EFFECTS)}, and several faults in several tables"
            raise ValueError(f"has no effect, or several; {fix}")
        if self.delay_ms is not None and self.delay_ms[0] > self.delay_ms[1]:
            raise ValueError("delay_ms: goes from the longer time to the shorter one; change their places")
        return self

    def concerns(self, record: str, by: KeyKind) -> bool:
        return self.record in (None, record) and self.by in (None, by)


class FaultSettings(BaseModel):
    """All faults. The same `seed` gives the same ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    faults: Annotated[list[Fault], Field(min_length=1)]

    @property
    def sources(self) -> list[str]:
        """List the sources that are concerned, each once."""
        return list(dict.fromkeys(fault.source for fault in self.faults))


def load_faults(path: Path, connectors: Sequence[Connector[Any]]) -> FaultSettings:
    """Read and check the faults of these connectors.

    Raises `ConfigurationError` with every problem, each naming the setting.
    """
    settings = checked(FaultSettings, read_toml(path, "--faults"), path.name)
    known: Lookups = {connector.name: lookups_of(connector) for connector in connectors}
    aims = [(number, find_aim_problem(fault, known)) for number, fault in enumerate(settings.faults)]
    problems = [f"{path.name}: {dotted(('faults', number, *aim.path))}: {aim.message}" for number, aim in aims if aim]
    if problems:
        raise ConfigurationError(problems)
    return settings


def lookups_of(connector: Connector[Any]) -> Sequence[tuple[type[Record], KeyKind]]:
    """List what a source is asked for."""
    return [(lookup.record, lookup.by) for lookup in connector.lookups()]


def find_aim_problem(fault: Fault, known: Lookups) -> SettingProblem | None:
    """Say why a fault hits nothing. None if it hits a lookup, or one of a source whose lookups are not known."""
    if fault.source not in known:
        return SettingProblem(("source",), f"there is no source '{fault.source}'{did_you_mean(fault.source, known)}")
    lookups = known[fault.source]
    record = RECORDS.get(fault.record) if fault.record else None
    if lookups is None or any(record in (None, own) and fault.by in (None, by) for own, by in lookups):
        return None
    words = f"the source '{fault.source}' has no such lookup; choose one that `profile-gateway check` prints"
    return SettingProblem((), words)
