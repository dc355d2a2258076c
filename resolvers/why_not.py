"""Define why a tag has none of its other values."""

from typing import Annotated

import strawberry

from gateway.tags import borders, why_not
from gateway.tags.service import TagAnswer
from resolvers.enums import BorderKind
from resolvers.fields import FIGURES_WEIGHT, computed, field
from resolvers.scalars import JSON


@strawberry.type(description="What a condition lacks: how a fact stands, and how it would have to.")
class Border:
    kind: BorderKind = field("How the value must stand to the border.")
    expression: str = field("What is compared: a fact's name, or what is computed of facts.")
    fact: str | None = field("The name of the fact; null where several are compared.")
    value: JSON | None = field("What it is; null when there is nothing.")
    border: JSON | None = field("What it is compared with; of a whole number the nearest one that is enough.")
    distance: float | None = field("How far the value is from the border, for times in days; null where that is no number.")
    condition: str = field("The comparison, as it stands in the rule.")
    words: str = field("All of it in a sentence.")

    @computed("The name of the border, where it has one.")
    def threshold(border: strawberry.Parent[borders.Border]) -> str | None:  # noqa: N805
        return None if border.threshold is None else border.threshold.name


@strawberry.type(description="Why a tag has not another value: the first condition on the way to it that is not met.")
class WhyNot:
    value: str | None = field("The value, or the text in a list, that would be given; null where it is computed of facts.")
    outcome: str | None = field("What would give it, as it stands in the rule; null where no branch does.")
    condition: str | None = field("The condition that goes the other way, as it stands in the rule; null where no branch does.")
    needed: bool = field("Whether the condition would have to be true, or false.")
    borders: list[Border] = field("What it lacks: each is enough, or is the first of what is needed together.")
    words: str = field("What is needed, in a sentence.")


@computed(
    "Why the customer has not another value: for each of them the first condition on its way that is not met.",
    weight=FIGURES_WEIGHT,
)
def why_not_field(
    answer: strawberry.Parent[TagAnswer],
    value: Annotated[str | None, strawberry.argument(description="Only this value.")] = None,
) -> list[WhyNot]:
    return why_not.explain_others(answer.tag, value)  # type: ignore[return-value]
