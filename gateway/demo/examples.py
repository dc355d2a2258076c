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


PROFILE = """
query Profile($by: CustomerKey!) {
  customer(by: $by) {
    id
    name
    birthDate
    gender
    jobTitle
    industry
    preferredChannel
    loyaltyTier
    consents { channel purpose state source at }
    socialAccounts { platform handle followers }
    touches { channel source medium campaign at }
    account {
      name
      size
      parent { name subsidiaries(first: 5) { nodes { name } } }
      members(first: 5) { nodes { role roleName customer { name } } }
      orders(first: 3, members: true) { nodes { id placedAt } }
    }
    subscriptions(first: 5) { nodes { id plan status amount { amount currency } interval startedAt renewsAt cancelledAt } }
    surveys(first: 5) { nodes { id kind score scale comment at } }
    completeness(records: [ORDER, TICKET, SUBSCRIPTION, SURVEY]) { share missing parts { name state } }
  }
}
"""


def profile_example(by: dict[str, Any]) -> Example:
    """The example for a shop whose sources fill profiles, with a field of its own."""
    return Example("all that fills a profile, and what is missing", "Data steward", PROFILE, {"by": by})


def examples(by: dict[str, Any], ids: list[str]) -> list[Example]:
    """The three examples for a customer's key and some customers' ids."""
    return [
        Example("exactly the fields of a card", "Front-end developer", FRONT_END, {"by": by}),
        Example("the whole history in one round trip, also while a source is down", "Support agent", SUPPORT, {"by": by}),
        Example("many customers through one endpoint", "Partner", PARTNER, {"ids": ids}),
    ]
