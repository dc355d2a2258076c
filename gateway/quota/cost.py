"""Say what an operation costs."""

import msgspec

from gateway.settings.limit_settings import MAX_CALLS, MAX_NODES


class Cost(msgspec.Struct, frozen=True):
    """The price of an operation: nodes of its answer, calls to sources. `customers` are those that it gives."""

    nodes: int = 0
    calls: int = 0
    customers: int = 0


class CostLimits(msgspec.Struct, frozen=True):
    """What one operation may cost at most."""

    max_nodes: int = MAX_NODES
    max_calls: int = MAX_CALLS


DEFAULT_COST_LIMITS = CostLimits()
