"""The settings that say how rows become records."""

from connectors.contract import ConnectorSettings
from connectors.errors import SettingsError
from connectors.toolkit.mapping.jmespath_expressions import Expression
from connectors.toolkit.ratings import RatingScale
from connectors.toolkit.record_settings import NamedSettings


class PartSettings(ConnectorSettings):
    """Map the rows of a nested list to parts of a record. Without `list` it is under its canonical name.

    `outer` are fields that are read from the row around the list, such as the currency of an order for the prices of its items.
    """

    list: Expression | None = None
    fields: dict[str, Expression] = {}
    outer: dict[str, Expression] = {}
    values: dict[str, dict[str, str]] = {}


class MappingSettings(NamedSettings):
    """How rows become records of one type. A field without an expression is under its canonical name."""

    fields: dict[str, Expression] = {}
    values: dict[str, dict[str, str]] = {}
    lists: dict[str, PartSettings] = {}
    rating_scale: RatingScale | None = None


def refuse(problems: list[str]) -> None:
    """Raise `SettingsError` where there are any, with all of them."""
    if problems:
        raise SettingsError(problems)
