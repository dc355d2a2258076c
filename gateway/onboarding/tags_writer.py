"""Write a first `tags.yaml` over the records that were recognised."""

from __future__ import annotations

import re
from datetime import date

from gateway.onboarding.proposal import Confidence, SourceProposal

_HEADER = """\
# A first pack of tags, written by `profile-gateway init`. It is yours: change labels, words and borders.
# docs/tags.md says what facts and tags can be.
"""

_FACTS = {
    "order": """\
  orders_all: {label: Orders ever, record: order, measure: count, except: {status: [CANCELLED, RETURNED]}}
  orders_365d: {label: Orders in a year, record: order, measure: count, window: 365d, except: {status: [CANCELLED, RETURNED]}}
""",
    "ticket": """\
  open_tickets: {label: Tickets that are not solved, record: ticket, measure: count, except: {status: [SOLVED, CLOSED]}}
""",
    "event": """\
  events_30d: {label: Events in the last 30 days, record: event, measure: count, window: 30d}
""",
}
_TAGS = {
    "order": """\
  buyer:
    label: Buyer
    description: Whether and how lately the customer bought.
    owner: crm-team
    category: LIFECYCLE
    ttl: 6h
    version: 1
    words: ACTIVE with an order in the last 365 days, LAPSED with older ones alone.
    expression: "orders_365d >= 1 ? 'ACTIVE' : orders_all >= 1 ? 'LAPSED' : null"
""",
    "ticket": """\
  needs_answer:
    label: Needs an answer
    description: The customer has a ticket that is not solved.
    owner: support-team
    category: SERVICE
    ttl: 5m
    version: 1
    words: YES with a ticket that is not solved.
    expression: "open_tickets >= 1 ? 'YES' : null"
""",
    "event": """\
  engaged:
    label: Engaged
    description: The customer was seen lately.
    owner: crm-team
    category: BEHAVIOUR
    ttl: 1h
    version: 1
    words: YES with an event in the last 30 days.
    expression: "events_30d >= 1 ? 'YES' : null"
""",
}


def write_tags(proposal: SourceProposal, today: date) -> str:
    """Write facts and tags over the records that run, to be looked at again at the end of next year."""
    records = [name for name in _FACTS if proposal.record(name) is not None]
    if not records:
        return f"{_HEADER}facts: {{}}\ntags: {{}}\n"
    facts, tags = "".join(_facts(proposal, name) for name in records), "".join(_TAGS[name] for name in records)
    return f"{_HEADER}defaults: {{review: {today.year + 1}-12-31}}\n\nfacts:\n{facts}\ntags:\n{tags}"


def _facts(proposal: SourceProposal, name: str) -> str:
    """Write the facts of a record, without conditions on a state that it does not have."""
    record = proposal.record(name)
    status = None if record is None else record.field("status")
    has_status = status is not None and status.confidence is not Confidence.UNSURE
    return _FACTS[name] if has_status else re.sub(r", except: \{.*?\}", "", _FACTS[name])
