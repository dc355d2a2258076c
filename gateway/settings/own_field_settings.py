"""Settings of fields of one's own: what a company knows of its customers beside what the records have."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from connectors.errors import SettingsError
from connectors.own_fields import OWNERS, OwnField, OwnType, declare_fields
from connectors.records import FieldClass
from connectors.toolkit.text_forms import fits

MAX_FIELDS = 200
"""Of one record."""

FieldName = Annotated[
    str,
    fits(
        r"[a-z][a-z0-9]*(_[a-z0-9]+)*",
        "is no name of a field; write small letters and digits with _ between words, such as loyalty_tier",
    ),
    Field(max_length=64),
]
EnumValue = Annotated[
    str, fits(r"[A-Z][A-Z0-9_]{0,63}", "is no value of an enum; write capital letters, digits and _, such as GOLD")
]


class OwnFieldSettings(BaseModel):
    """What a field of one's own is. `class` says what it tells of a person."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: OwnType
    description: Annotated[str, Field(min_length=1, max_length=500)]
    field_class: Annotated[FieldClass, Field(alias="class")]
    values: Annotated[list[EnumValue], Field(max_length=100)] = []
    """Of an enum."""

    @model_validator(mode="after")
    def _has_values(self) -> Self:
        if self.type is OwnType.ENUM and not self.values:
            raise ValueError("values: an enum needs its values; list them")
        if self.type is not OwnType.ENUM and self.values:
            raise ValueError("values: these belong to an enum; remove them, or set type to enum")
        if len(set(self.values)) < len(self.values):
            raise ValueError("values: a value is listed twice; list each once")
        return self


FieldsByName = Annotated[dict[FieldName, OwnFieldSettings], Field(max_length=MAX_FIELDS)]


_ByOwner = create_model(
    "_ByOwner",
    __config__=ConfigDict(frozen=True, extra="forbid"),
    **{owner: (FieldsByName, {}) for owner in OWNERS},  # type: ignore[call-overload]
)


class OwnFieldsSettings(_ByOwner):
    """The fields of one's own, by record. Whoever reads the settings has them declared."""

    def declared(self) -> Iterator[OwnField]:
        """List the fields, record by record."""
        for owner in OWNERS:
            for name, own in getattr(self, owner).items():
                yield OwnField(
                    owner=owner,
                    name=name,
                    type=own.type,
                    description=own.description,
                    field_class=own.field_class,
                    values=tuple(own.values),
                )

    @model_validator(mode="after")
    def _declare(self) -> Self:
        """Declare them before settings that name them are read. Raises `SettingsError` with all that cannot be."""
        problems = []
        for field in self.declared():
            try:
                declare_fields([field])
            except ValueError as error:
                problems.append(f"{field.owner}.{field.name}: {error}")
        if problems:
            raise SettingsError(problems)
        return self
