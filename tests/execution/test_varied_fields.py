"""Fields that a plan shows by itself and that take arguments: a plan is made for the values of these."""

import strawberry
from graphql import parse

from gateway.execution.collect_fields import deciding_variables
from gateway.execution.schema_types import core_schema, varied_fields


@strawberry.type
class Word:
    @strawberry.field
    def text(self, language: str | None = None) -> str | None:
        return language

    @strawberry.field
    def length(self) -> int:
        return 1


@strawberry.type
class Query:
    @strawberry.field
    async def word(self, key: str) -> Word | None:
        return Word()


def test_the_variables_of_shown_fields_decide_about_the_plan() -> None:
    """Those of a field that waits for a source are read for each request; conditions decide as ever."""
    shown = varied_fields(core_schema(strawberry.Schema(Query)))
    assert shown == {"text"}
    document = parse(
        "query($key: String!, $in: String, $if: Boolean!) { word(key: $key) { text(language: $in) length @skip(if: $if) } }"
    )
    assert deciding_variables(document, shown) == ("if", "in")
    assert deciding_variables(document) == ("if",)
