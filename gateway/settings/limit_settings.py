"""Settings of what a request may hold before it is run: for everybody, and for one caller where he differs."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import Field

from gateway.settings.frozen_settings import FrozenSettings

Few: TypeAlias = Annotated[int, Field(ge=1, le=1_000)]
Many: TypeAlias = Annotated[int, Field(ge=1, le=100_000)]
Depth: TypeAlias = Annotated[int, Field(ge=1, le=100)]
DocumentBytes: TypeAlias = Annotated[int, Field(ge=100, le=1 << 20)]
BodyBytes: TypeAlias = Annotated[int, Field(ge=100, le=16 << 20)]
VariableValues: TypeAlias = Annotated[int, Field(ge=1, le=1_000)]

Cost: TypeAlias = Annotated[int, Field(ge=1, le=1_000_000)]

MAX_NODES, MAX_CALLS = 20_000, 2_000
"""What an operation may cost, where the settings do not say otherwise."""


class LimitSettings(FrozenSettings):
    """What a request may hold. Each row stands in docs/operations/limits.md."""

    max_depth: Depth = 15
    max_tokens: Many = 2_000
    max_aliases: Many = 50
    max_root_fields: Few = 20
    max_fields: Many = 1_000
    max_document_bytes: DocumentBytes = 64 << 10
    max_operations: Few = 20
    max_fragments: Few = 50
    max_variables: Few = 100
    max_directives: Few = 4
    max_alias_length: Few = 200
    max_name_length: Few = 200
    max_object_values: Few = 200
    max_body_bytes: BodyBytes = 1 << 20
    max_variable_values: VariableValues = 1_000
    max_nodes: Cost = MAX_NODES
    max_calls: Cost = MAX_CALLS


class CallerLimitSettings(FrozenSettings):
    """What of it is different for one caller."""

    max_depth: Depth | None = None
    max_tokens: Many | None = None
    max_aliases: Many | None = None
    max_root_fields: Few | None = None
    max_fields: Many | None = None
    max_document_bytes: DocumentBytes | None = None
    max_operations: Few | None = None
    max_fragments: Few | None = None
    max_variables: Few | None = None
    max_directives: Few | None = None
    max_alias_length: Few | None = None
    max_name_length: Few | None = None
    max_object_values: Few | None = None
    max_body_bytes: BodyBytes | None = None
    max_variable_values: VariableValues | None = None
    max_nodes: Cost | None = None
    max_calls: Cost | None = None

    def within(self, everybody: LimitSettings) -> LimitSettings:
        """Complete the limits of a caller by those of everybody."""
        return everybody.model_copy(update=self.model_dump(exclude_none=True))


def check_limits(everybody: LimitSettings, callers: Mapping[str, Any]) -> None:
    """Check that no caller may send what is refused before it is known who he is. Raises `ValueError`."""
    for name, caller in callers.items():
        own = caller.limits.max_body_bytes
        if own is not None and own > everybody.max_body_bytes:
            most = everybody.max_body_bytes
            raise ValueError(
                f"callers.{name}.limits.max_body_bytes: is more than {most}, which is refused before it is known who asks;"
                " raise limits.max_body_bytes, or lower this"
            )
