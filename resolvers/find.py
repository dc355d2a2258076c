"""Finding customers by what somebody has typed or heard."""

import strawberry

from gateway.stitching.admitted_customers import AdmittedCustomer
from gateway.stitching.candidate_match import MatchedBy
from gateway.stitching.customer_find import FindMatch as Match
from gateway.stitching.customer_find import FoundCustomers
from resolvers.customer import Customer
from resolvers.fields import apart, computed

DEFAULT_MATCHES = 10

Found = strawberry.Parent[FoundCustomers]

_MEANINGS = {
    MatchedBy.CUSTOMER_ID: "An id.",
    MatchedBy.EXTERNAL_ID: "An id at another system.",
    MatchedBy.MEMBER_NUMBER: "The member number.",
    MatchedBy.EMAIL: "An e-mail address, or the words of one.",
    MatchedBy.PHONE: "A telephone number, or its end.",
    MatchedBy.ACCOUNT: "The account of the company.",
    MatchedBy.ORDER_ID: "The id of an order.",
    MatchedBy.ORDER_NUMBER: "The number of an order.",
    MatchedBy.TICKET_ID: "The id of a ticket.",
    MatchedBy.TICKET_NUMBER: "The number of a ticket.",
    MatchedBy.NAME: "The name.",
    MatchedBy.COMPANY: "The name of the company.",
}
for _value in strawberry.enum(MatchedBy, description="What of a customer is what was typed.").__strawberry_definition__.values:  # type: ignore[attr-defined]
    _value.description = _MEANINGS[MatchedBy[_value.name]]


@strawberry.type(description="A customer who may be meant.")
class FindMatch:
    @computed("The customer.", inside=True, graphql_type=Customer)
    def customer(root: strawberry.Parent[Match]) -> AdmittedCustomer:  # noqa: N805
        return root.customer

    matched_by: MatchedBy = apart("What of the customer is what was typed.")
    exact: bool = apart(
        "Whether it is the key, or the whole name in any order of its words, letter by letter but for case and accents. "
        "Others are only like it."
    )


@strawberry.type(description="A source that was not asked for all that a text may be.")
class NotTried:
    source: str = apart("The source.")
    how: str = apart("What was not tried, and how to have it tried.")


@strawberry.type(
    description="Who may be meant by what was typed. It is nobody only where no source is unavailable or not tried."
)
class FindResult:
    @computed("The customers who may be meant, the likeliest first.", inside=True, graphql_type=list[FindMatch])
    def matches(root: Found) -> list[Match]:  # noqa: N805
        return [*root.matches]

    unavailable: list[str] = apart("Sources that could not be asked.")
    not_tried: list[NotTried] = apart("What was not tried at which source.")
    too_short: bool = apart("Whether the text is too short to look for anybody.")
