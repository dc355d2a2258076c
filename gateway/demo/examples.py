"""The queries that GraphiQL opens with, one for each kind of user."""

from typing import Any

from gateway.graphiql import Example

FRONT_END = """
query CustomerCard($by: CustomerKey!) {
  customer(by: $by) {
    id
    name
    kind
    tags(keys: ["lifecycle_stage", "activity", "value_tier"]) { key value }
    orders(first: 3) {
      totalCount
      nodes { id status placedAt total { amount currency } items { name quantity } }
    }
  }
}
"""

SUPPORT = """
query Console($by: CustomerKey!) {
  customer(by: $by) {
    id
    source
    sourceId
    name
    contactPoints { kind value primary }
    acquisition { source campaign leadId at }
    deals { nodes { id stage segment closedAt } }
    orderStatistics { count total { amount currency } refunded { amount } net { amount } firstAt lastAt partial }
    orders(first: 20) {
      nodes {
        id
        sourceId
        number
        channel
        status
        placedAt
        total { amount currency }
        items { sku name category quantity unitPrice { amount } }
        payments { method amount { amount } }
      }
    }
    tickets(first: 10) {
      nodes { id subject status priority channel satisfaction createdAt messages { author body at } }
    }
    timeline(first: 10) {
      unavailable
      nodes {
        __typename
        ... on Order { id placedAt orderStatus: status }
        ... on Ticket { id createdAt subject }
        ... on Event { id at type page }
      }
    }
    tags {
      key
      value
      freshness
      partial
      rule { version words }
      evidence { label value window { since until } sources asOf missing }
    }
    sources { name state asOf errorCode latencyMs }
  }
}
"""

PARTNER = """
query Segment($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    kind
    address { country }
    orderStatistics { count total { amount currency } }
    tag(key: "category_preference") { value computedAt expiresAt rule { words } }
  }
  tagDefinitions { key label owner words }
}
"""


def examples(by: dict[str, Any], ids: list[str]) -> list[Example]:
    """The three examples for a customer's key and some customers' ids."""
    return [
        Example("exactly the fields of a card", "Front-end developer", FRONT_END, {"by": by}),
        Example("the whole history in one round trip, also while a source is down", "Support agent", SUPPORT, {"by": by}),
        Example("many customers through one endpoint", "Partner", PARTNER, {"ids": ids}),
    ]
